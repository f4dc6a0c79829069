"""Open logs that others measured, analysed as a user would; skipped where they are not at hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from cellwarden.app.analysis import analyze
from cellwarden.core.finding import Finding, Severity

WEAK_CELL, HIGHEST_ALARM, DAY_SECOND = 82, 3, 86400.0
STEADY = (
    "baticm_ev_car1",
    "jk_b1a20s15p",
    "jk_b2a16s_voltage_only",
    "jk_b2a16s_voltage_only_25s",
    "jk_b5a24s_voltage_only",
    "jk_bd6a17s6p",
    "jk_bd6a24s10p_nearly_empty",
    "jk_pb2a16s15p_relaxation",
    "jk_pb2a16s20p_cold",
    "tbsi_lfp_25c_constant_current",
    "tbsi_lfp_25c_flat_zone",
)


def warnings_about_cells(folder: Path) -> list[Finding]:
    """Warnings and worse that name a cell."""
    result = analyze(folder / "pack_log.parquet", folder / "pack.toml").result
    return [one for one in result.findings if one.severity is not Severity.INFO and one.cell is not None]


def test_the_cars_weak_cell_is_named_weeks_before_its_alarm_and_no_other_ever(shared: Path) -> None:
    folder = shared / "data" / "real" / "baticm_ev_car2"
    named = warnings_about_cells(folder)
    alarms = pq.read_table(folder / "truth.parquet", columns=["unix_time_second", "bms_alarm_level"])
    level, time = (alarms[name].to_numpy() for name in ("bms_alarm_level", "unix_time_second"))
    first_alarm = time[np.flatnonzero(level >= HIGHEST_ALARM)[0]]
    assert {finding.cell for finding in named} == {WEAK_CELL}
    assert min(finding.detected_unix_time_second for finding in named) < first_alarm - 14.0 * DAY_SECOND


@pytest.mark.parametrize("name", STEADY)
def test_no_cell_of_a_log_without_a_known_fault_is_named(shared: Path, name: str) -> None:
    assert warnings_about_cells(shared / "data" / "real" / name) == []
