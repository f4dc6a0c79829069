"""A log that begins after a cell fell off the knee: where it stands, what it loses and what is said of it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "leaky-pack"
FALLEN = 12
PLANTED = json.loads((EXAMPLE / "planted.json").read_text(encoding="utf-8"))
TRUE_LEAK_AMPERE = next(fault["magnitude"] for fault in PLANTED if fault["cell"] == FALLEN)
TRUE_SOC = 0.74  # at the end, by the truth of the simulated pack of which the example was cut


def analysed(folder: Path, hours: float) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The fallen cell and the findings, of the example's last hours."""
    log = pq.read_table(EXAMPLE / "log.parquet")
    clock = log["unix_time_millisecond"]
    late = pc.greater_equal(clock, pc.max(clock).as_py() - round(3.6e6 * hours))
    pq.write_table(log.filter(late), folder / "log.parquet")
    program = "from cellwarden.app.cli import main; main()"
    given = (folder / "log.parquet", "--pack", EXAMPLE / "pack.toml", "--out", folder / "out")
    subprocess.run([sys.executable, "-c", program, "analyze", *map(str, given)], check=True, capture_output=True)
    cells = json.loads((folder / "out" / "cells.json").read_text(encoding="utf-8"))["cells"]
    return cells[FALLEN - 1], json.loads((folder / "out" / "findings.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("hours", [24.0, 240.0])
def test_a_cell_that_had_fallen_is_not_called_full(tmp_path: Path, hours: float) -> None:
    cell, findings = analysed(tmp_path, hours)
    assert cell["soc_low_fraction"] < TRUE_SOC < cell["soc_high_fraction"]
    assert cell["soc_fraction"] < 0.86
    assert "soc_imbalance" in {
        item["kind"] for item in findings if item["cell"] == FALLEN and item["severity"] != "info"
    }
    assert cell["self_discharge_low_ampere"] < TRUE_LEAK_AMPERE < cell["self_discharge_high_ampere"]
    if hours == 240.0:
        assert cell["self_discharge_ampere"] > 0.5 * TRUE_LEAK_AMPERE, "it did not come up, though all others were bled"
