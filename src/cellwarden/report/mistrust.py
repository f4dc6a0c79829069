"""Why numbers of an analysis mean nothing, where they do not: all rest on current, some on temperature."""

from __future__ import annotations

from typing import NamedTuple

from cellwarden.core.finding import Finding, Severity
from cellwarden.core.results import AnalysisResult, DataQuality
from cellwarden.report.urgency import open_findings, telling_findings

__all__ = ["IMPLAUSIBLE_SHARE", "Mistrust", "is_trusted", "leading_findings", "mistrusted", "unit_doubt"]

IMPLAUSIBLE_SHARE = 0.01  # of the rows that left readings out; below it a sensor is at fault, not the unit
_HOT_SHARE = 0.5
_CURRENT = "current_ampere"
_WITHOUT_UNIT = ("sensor_stuck", "sensor_dropout")
_ON_TEMPERATURE = ("cold_charge", "temperature_rise_forecast", "temperature_sensor_offset", "thermal_path_degraded")


class Mistrust(NamedTuple):
    """What of a log is wrong, and how: words for sentences, such as `current`, `has the wrong sign`.

    `mended` is what of the log has to be; `why` and `advice` are there where nothing else says it. `kinds` are those of
    the findings that rest on it; none: all that rest on any unit.
    """

    what: str
    wrong: str
    mended: str
    why: str = ""
    advice: str = ""
    kinds: tuple[str, ...] = ()


_WRONG_SIGN = Mistrust("current", "has the wrong sign", "sign")
_WRONG_CURRENT = Mistrust(
    "current",
    "is hardly in amperes",
    "unit",
    advice="Name the log's column by its unit, such as current_milliampere, and analyse it again: nothing that rests "
    "on the current means anything until then.",
)
_WRONG_TEMPERATURE = Mistrust(
    "temperatures",
    "are hardly in degrees Celsius",
    "unit",
    why="every sensor reads in most rows what no pack rests at, or the pack really is that hot",
    advice="Name the log's columns by their unit, such as temperature_t1_fahrenheit, and analyse it again: nothing "
    "that rests on temperature means anything until then. If the pack really is that hot, cool it.",
    kinds=_ON_TEMPERATURE,
)


def unit_doubt(quality: DataQuality) -> Mistrust | None:
    """The current, many of whose readings no such pack can have, or temperatures that are hot throughout, if any."""
    count = quality.values_implausible_by_column.get(_CURRENT, 0)
    if count > IMPLAUSIBLE_SHARE * quality.rows_read:
        share = f"{count:,} of {quality.rows_read:,}".replace(",", "\u202f")
        return _WRONG_CURRENT._replace(why=f"{share} readings of the current are more than this pack can carry")
    hot = quality.hot_fraction_by_column.values()
    return _WRONG_TEMPERATURE if hot and min(hot) > _HOT_SHARE else None


def is_trusted(quality: DataQuality, finding: Finding) -> bool:
    """Whether a finding means anything: none does that rests on readings of another unit."""
    doubt = unit_doubt(quality)
    if doubt is None:
        return True
    return finding.kind not in doubt.kinds if doubt.kinds else finding.kind in _WITHOUT_UNIT


def leading_findings(result: AnalysisResult) -> list[Finding]:
    """Open findings of which the first may lead; with a unit in doubt those that need action and do not rest on it.

    Where the current's unit is in doubt that is none: what is left says only what the log is worth.
    """
    doubt, found = unit_doubt(result.quality), telling_findings(result)
    if doubt is None:
        return found
    return [one for one in found if doubt.kinds and one.kind not in doubt.kinds and one.severity is not Severity.INFO]


def mistrusted(result: AnalysisResult) -> Mistrust | None:
    """What is wrong with the current or the temperatures, if anything."""
    if any(finding.kind == "current_sign_reversed" for finding in open_findings(result)):
        return _WRONG_SIGN
    return unit_doubt(result.quality)
