"""Whether the truth's own numbers bear a finding out, although nothing was planted there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bench.simulated_pack import AnalysedPack
from cellwarden.core.finding import Finding

__all__ = ["borne_out"]


def _cell(finding: Finding, truth: dict[str, Any]) -> dict[str, Any]:
    return truth["cells"][(finding.cell or 1) - 1]  # type: ignore[no-any-return]  # the truth is JSON


def _median(truth: dict[str, Any], key: str) -> float:
    return float(np.median([cell[key] for cell in truth["cells"]]))


def _sensor_offset(finding: Finding, truth: dict[str, Any]) -> float:
    offsets = {sensor["sensor"]: float(sensor["offset_kelvin"]) for sensor in truth["temperature_sensors"]}
    return abs(offsets.get(finding.sensor or "", 0.0))


_TESTS: dict[str, Callable[[Finding, dict[str, Any]], bool]] = {
    "self_discharge": lambda f, t: _cell(f, t)["self_discharge_ampere"] > 0.5e-3,
    "capacity_low": lambda f, t: _cell(f, t)["capacity_ah"] < 0.95 * _median(t, "capacity_ah"),
    "resistance_high": lambda f, t: _cell(f, t)["resistance_ohm"] > 1.1 * _median(t, "resistance_ohm"),
    "voltage_sensor_offset": lambda f, t: abs(_cell(f, t)["voltage_offset_volt"]) > 0.002,
    "current_sensor_offset": lambda f, t: f.magnitude * t["current_offset_ampere"] > 0.5 * f.magnitude**2,
    "temperature_sensor_offset": lambda f, t: _sensor_offset(f, t) > 0.8,
    "cold_charge": lambda _, t: any(cell["cold_charge_ah"] > 0.01 for cell in t["cells"]),
    "undersampled": lambda _, t: t["sample_second"] >= 10,
}


def _imbalance_ah(pack: AnalysedPack, cell: int) -> float:
    """Largest charge by which a cell was fuller or emptier than the median [Ah]."""
    capacity = np.array([row["capacity_ah"] for row in pack.truth["cells"]])
    missing = (1.0 - pack.pack.cell_soc_fraction) * capacity
    return float(np.abs(missing[:, cell - 1] - np.median(missing, axis=1)).max())


def _hottest_celsius(pack: AnalysedPack, finding: Finding) -> float:
    """Highest true temperature of any cell within a day of the finding [°C]."""
    first = max(0, round(60.0 * pack.hours_since(finding.detected_unix_time_second)))
    return float(pack.pack.cell_temperature_celsius[first : first + 1440].max())


def borne_out(pack: AnalysedPack, finding: Finding) -> bool:
    """Whether the finding is true by the truth's numbers, with the limits of the scoring program."""
    if finding.kind == "soc_imbalance" and finding.cell is not None:
        return _imbalance_ah(pack, finding.cell) > 0.5
    if finding.kind == "temperature_rise_forecast":
        return _hottest_celsius(pack, finding) >= finding.magnitude - 2.0
    test = _TESTS.get(finding.kind)
    return test is not None and test(finding, pack.truth)
