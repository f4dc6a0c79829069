"""Which finding matters most."""

from __future__ import annotations

from cellwarden.core.finding import Finding
from cellwarden.core.results import AnalysisResult

__all__ = ["open_findings", "urgency"]

# What fails a backup first stands first, where severities are equal.
_KIND_ORDER = (
    "temperature_rise_forecast",
    "self_discharge",
    "micro_short",
    "capacity_low",
    "resistance_high",
    "connection_resistance_high",
    "thermal_path_degraded",
    "cold_charge",
    "voltage_deviation",
    "soc_imbalance",
    "sense_wires_swapped",
    "sensor_stuck",
    "voltage_sensor_offset",
    "current_sign_reversed",
    "current_sensor_offset",
    "temperature_sensor_offset",
    "sensor_dropout",
    "undersampled",
)


def urgency(finding: Finding) -> tuple[float, ...]:
    """A key that sorts what fails a backup first to the front, causes before consequences."""
    order = _KIND_ORDER.index(finding.kind) if finding.kind in _KIND_ORDER else len(_KIND_ORDER)
    # Of two equal findings the larger one matters more: compared within a kind, hence within one unit.
    return (finding.caused_by is not None, -finding.severity.rank, order, -abs(finding.magnitude))


def open_findings(result: AnalysisResult) -> list[Finding]:
    """Findings that stand at the end of the log, causes before consequences, the most urgent first."""
    return sorted((f for f in result.findings if f.cleared_unix_time_second is None), key=urgency)
