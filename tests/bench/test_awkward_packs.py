"""Packs that begin in ways that mislead: analysed whole, as the command line does it, against their truth."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from bench.healthy_cases import healthy_case
from bench.leak_cases import RUNGS, cycled_case
from bench.simulated_pack import alarms, analysed
from cellwarden.app.analysis import analyze
from cellwarden.core.sample_block import FloatArray
from cellwarden.simulator.fault import Fault
from cellwarden.simulator.generated_pack import generate, write_generated_pack
from cellwarden.simulator.scenario import Scenario

DAY_SECOND = 86400.0


def charge_errors(scenario: Scenario, seed: int, folder: Path, from_day: float) -> FloatArray:
    """(n_cells, M) estimate minus truth of the charge from that day on."""
    write_generated_pack(generate(scenario, seed), folder)
    estimates = analyze(folder / "log.parquet", folder / "pack.toml").estimates
    truth = pq.read_table(folder / "truth.parquet")
    minute, stamp = estimates["unix_time_second"].to_numpy(), truth["unix_time_second"].to_numpy()
    late = minute > stamp[0] + from_day * DAY_SECOND
    names = [f"cell_soc_c{cell + 1}_fraction" for cell in range(scenario.pack.cells_in_series)]
    return np.array(
        [estimates[name].to_numpy()[late] - np.interp(minute[late], stamp, truth[name].to_numpy()) for name in names]
    )


def test_a_pack_that_one_full_cell_keeps_from_filling_is_followed(tmp_path: Path) -> None:
    """Its charger stops at that cell: no charge ties the others to full, and they rest below where they are guessed."""
    usual = healthy_case(50010)
    scenario = replace(
        usual,
        pack=replace(usual.pack, cell=replace(usual.pack.cell, capacity_over_nominal=0.9)),
        duty=replace(usual.duty, days=4.0),
        faults=(Fault(kind="soc_imbalance", cell=4, magnitude=5.7),),
    )
    errors = charge_errors(scenario, 50010, tmp_path, from_day=2.5)
    assert np.sqrt(np.mean(errors**2, axis=1)).max() < 0.06


def test_cells_that_the_wrong_knee_had_placed_are_not_told_as_leaking() -> None:
    """Of another make than is thought at first; what the balancer levels at the first full charge looks like a leak."""
    usual = healthy_case(170)
    pack = analysed(replace(usual, duty=replace(usual.duty, days=7.0)), 10170)
    assert not [finding for finding in alarms(pack.result.findings) if finding.kind == "self_discharge"]


def test_a_short_that_begins_in_a_cycled_pack_is_told_by_its_size_and_its_cell_is_followed(tmp_path: Path) -> None:
    """More than the balancer bleeds: the cell comes back emptier each day and leaves the knee, its best yardstick."""
    scenario = next(case for case in cycled_case(RUNGS[0], 2.0, 8.0) if case.pack.id == "280Ah-15C")
    errors = charge_errors(scenario, 201, tmp_path, from_day=2.0)
    fault = scenario.faults[0]
    assert fault.cell is not None
    assert np.sqrt(np.mean(errors[fault.cell - 1] ** 2)) < 0.025
    findings = analysed(scenario, 201).result.findings
    (told,) = (one for one in findings if one.kind == "self_discharge" and one.cell == fault.cell)
    truth = RUNGS[0].ampere * scenario.pack.nominal_capacity_ah / 100.0
    assert told.magnitude == pytest.approx(truth, rel=0.5)
    assert told.magnitude_low < truth < told.magnitude_high


def test_an_aged_pack_is_not_held_for_a_new_one_by_what_its_curve_was_bent_to(tmp_path: Path) -> None:
    """Shallow days bend the curve to the capacity of new cells; then one deep discharge tells another."""
    usual = healthy_case(60011)
    scenario = replace(usual, pack=replace(usual.pack, cell=replace(usual.pack.cell, capacity_over_nominal=0.871)))
    errors = charge_errors(scenario, 60011, tmp_path, from_day=8.0)
    assert np.sqrt(np.mean(errors**2, axis=1)).max() < 0.025
