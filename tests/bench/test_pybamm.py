"""Packs of PyBaMM's cells; skipped where PyBaMM is not installed (`make pybamm` does it)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

pytest.importorskip("pybamm")

from bench.electrochemical.cell import PyBammCell, along, charged_and_cycled
from bench.electrochemical.pack import StringSensors, string_pack
from bench.pybamm_voltages import current_of, voltages
from cellwarden.simulator.generated_pack import write_generated_pack

STEPS = ["Charge at C/4 until 3.45 V", "Hold at 3.45 V until C/20", "Rest for 1 hours", "Discharge at C/2 for 1 hours"]


def test_our_cell_gives_the_voltage_of_pybamms() -> None:
    theirs, ours = voltages(current_of(((0.0, 0.2), (-50.0, 0.6), (0.0, 1.0), (25.0, 0.5))))
    assert np.ptp(theirs) > 0.1
    assert np.sqrt(np.mean((ours - theirs) ** 2)) < 0.0015


def test_charge_counts_to_the_same_in_current_and_truth(tmp_path: Path) -> None:
    cells = [PyBammCell(), PyBammCell(area=0.92), PyBammCell(behind_ah=3.0), PyBammCell(leak_ampere=0.5)]
    current = charged_and_cycled(PyBammCell(), STEPS, 0.9, 10)
    courses = [along(cell, current, 10, 0.9) for cell in cells]
    moved = np.sum(0.5 * (current[1:] + current[:-1])) * 10.0 / 3600.0
    lost = np.array([0.0, 0.0, 0.0, 0.5 * (len(current) - 1) * 10.0 / 3600.0])
    for course, leak in zip(courses, lost, strict=True):
        counted = (course.soc_fraction[-1] - course.soc_fraction[0]) * course.capacity_ah
        assert counted == pytest.approx(moved - leak, abs=0.02)
    behind = (courses[0].soc_fraction[0] - courses[2].soc_fraction[0]) * courses[0].capacity_ah
    assert behind == pytest.approx(3.0, abs=0.02)
    assert courses[1].capacity_ah == pytest.approx(0.92 * courses[0].capacity_ah, rel=2e-3)
    write_generated_pack(string_pack("p", cells, courses, current, 10, StringSensors()), tmp_path)
    truth = json.loads((tmp_path / "truth.json").read_text(encoding="utf-8"))
    assert [(fault["kind"], fault["cell"]) for fault in truth["faults"]] == [
        ("capacity_low", 2),
        ("soc_imbalance", 3),
        ("self_discharge", 4),
    ]
    read = 1e-3 * pq.read_table(tmp_path / "log.parquet")["cell_voltage_c1_millivolt"].to_numpy()
    offset = truth["cells"][0]["voltage_offset_volt"]
    assert np.mean(read - courses[0].volt) == pytest.approx(offset, abs=1e-4)
