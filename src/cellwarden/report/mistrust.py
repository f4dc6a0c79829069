"""Why the numbers of an analysis mean nothing, where they do not: all rest on the current."""

from __future__ import annotations

from cellwarden.core.finding import Finding
from cellwarden.core.results import AnalysisResult, DataQuality
from cellwarden.report.urgency import open_findings

__all__ = ["IMPLAUSIBLE_SHARE", "WRONG_SIGN", "WRONG_UNIT", "is_trusted", "mistrusted", "unit_doubt"]

IMPLAUSIBLE_SHARE = 0.01  # of the rows that left readings out; below it a sensor is at fault, not the unit
WRONG_SIGN, WRONG_UNIT = "has the wrong sign", "is hardly in amperes"
_CURRENT = "current_ampere"
_WITHOUT_CURRENT = ("sensor_stuck", "sensor_dropout")


def unit_doubt(quality: DataQuality) -> str:
    """How many readings of the current no such pack can have, a sentence; empty where they are few."""
    count = quality.values_implausible_by_column.get(_CURRENT, 0)
    if count <= IMPLAUSIBLE_SHARE * quality.rows_read:
        return ""
    return f"{count:,} of {quality.rows_read:,} readings of the current are more than this pack can carry".replace(
        ",", "\u202f"
    )


def is_trusted(quality: DataQuality, finding: Finding) -> bool:
    """Whether a finding means anything: none does that rests on a current of another unit."""
    return finding.kind in _WITHOUT_CURRENT or not unit_doubt(quality)


def mistrusted(result: AnalysisResult) -> str:
    """What is wrong with the current, `WRONG_SIGN` or `WRONG_UNIT`, or an empty string."""
    if any(finding.kind == "current_sign_reversed" for finding in open_findings(result)):
        return WRONG_SIGN
    return WRONG_UNIT if unit_doubt(result.quality) else ""
