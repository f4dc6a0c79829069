"""Which finding matters most."""

from __future__ import annotations

import math

from cellwarden.core.finding import Finding, Severity
from cellwarden.core.results import AnalysisResult

__all__ = ["by_urgency", "is_named", "open_findings", "telling_findings", "urgency"]

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
EMPTIER_SHARE = 0.1  # of the capacity, by which an emptier cell ends a backup sooner than what grows from week to week


def urgency(finding: Finding, nominal_capacity_ah: float = math.inf) -> tuple[float, ...]:
    """A key that sorts what fails a backup first to the front, causes before consequences.

    Without the capacity an emptier cell has the place of its kind, however much it misses.
    """
    order = _KIND_ORDER.index(finding.kind) if finding.kind in _KIND_ORDER else len(_KIND_ORDER)
    if finding.kind == "soc_imbalance" and finding.magnitude < -EMPTIER_SHARE * nominal_capacity_ah:
        order = -1
    # Of two equal findings the larger one matters more: compared within a kind, hence within one unit. A leak that
    # calls for action though its size is not known has gone too far to tell it.
    size = abs(finding.magnitude) if finding.has_size else math.inf
    return (finding.caused_by is not None, -finding.severity.rank, order, -size)


def open_findings(result: AnalysisResult) -> list[Finding]:
    """Findings that stand at the end of the log, causes before consequences, the most urgent first."""
    return [f for f in by_urgency(result) if f.cleared_unix_time_second is None]


def telling_findings(result: AnalysisResult) -> list[Finding]:
    """Open findings without the one that says that the log's rows are dense enough, nearly: it asks for nothing."""
    return [f for f in open_findings(result) if (f.kind, f.severity) != ("undersampled", Severity.INFO)]


def is_named(finding: Finding) -> bool:
    """Whether the verdict names a finding: a cause, or what calls for action now though something explains it."""
    return finding.caused_by is None or finding.severity is Severity.CRITICAL


def by_urgency(result: AnalysisResult) -> list[Finding]:
    """All findings, causes before consequences, the most urgent first."""
    return sorted(result.findings, key=lambda f: urgency(f, result.pack.nominal_capacity_ah))
