"""What findings and severities are called in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cellwarden.core.finding import Finding, Severity
from cellwarden.report.numbers import HumanUnit, duration_text, human_unit, number_list_text, number_text, range_text

__all__ = [
    "CellState",
    "cells_text",
    "deadline",
    "finding_noun",
    "finding_sentence",
    "magnitude_text",
    "place_text",
    "severity_words",
    "sureness",
]


@dataclass(frozen=True, slots=True)
class CellState:
    """A state's word, its key (class name and symbol) and its sign in plain text."""

    key: str
    word: str
    sign: str


_SEVERITY_WORDS = {
    Severity.CRITICAL: CellState("critical", "act now", "■"),
    Severity.WARNING: CellState("warning", "act within weeks", "▲"),
    Severity.INFO: CellState("info", "worth knowing", "◆"),
}
_DEADLINES = {
    Severity.CRITICAL: "now",
    Severity.WARNING: "within weeks",
    Severity.INFO: "no hurry",
}


def severity_words(severity: Severity) -> CellState:
    """Key, words and sign of a severity."""
    return _SEVERITY_WORDS[severity]


def deadline(severity: Severity) -> str:
    """By when to act."""
    return _DEADLINES[severity]


def sureness(confidence: float) -> str:
    """Confidence as word and number, never 100 %."""
    if not 0.0 < confidence <= 1.0:
        return "not stated"
    bounds = ((0.99, "almost certain"), (0.95, "very likely"), (0.8, "likely"), (0.0, "possible"))
    word = next(name for bound, name in bounds if confidence >= bound)
    percent = f"{number_text(100.0 * confidence)}\u00a0%" if confidence < 0.995 else "more than 99\u00a0%"
    return f"{word} ({percent})"


def cells_text(cells: Sequence[int], total: int) -> str:
    """`cell 6`, `cells 3 and 7`, `all 16 cells`."""
    distinct = sorted(set(cells))
    if total == 1:
        return "the cell"
    if len(distinct) == total:
        return f"all {total}\u00a0cells"
    if len(distinct) > 12:
        return f"{len(distinct)} of {total}\u00a0cells"
    return f"cell{'s' if len(distinct) > 1 else ''}\u00a0{number_list_text(distinct)}"


def place_text(finding: Finding) -> str:
    """Where a finding sits: `cell 3`, `sensor t2`, `pack`."""
    if finding.cell is not None:
        return f"cell\u00a0{finding.cell}"
    return f"sensor\u00a0{finding.sensor}" if finding.sensor is not None else "pack"


# Numbers without a unit: what they count is said here, whatever the finding calls it.
_COUNTED = {"micro_short": "dips", "thermal_path_degraded": "times", "sense_wires_swapped": ""}


def magnitude_text(finding: Finding) -> str:
    """Size with its 95 % interval in human units."""
    if not finding.has_size:
        return "not known"
    largest = max(abs(finding.magnitude), abs(finding.magnitude_low), abs(finding.magnitude_high))
    if finding.unit == "second" and finding.magnitude_high <= finding.magnitude_low:
        return duration_text(finding.magnitude)
    counted = _COUNTED.get(finding.kind)
    unit = human_unit(finding.unit, largest) if counted is None else HumanUnit(counted)
    size = range_text(finding.magnitude, finding.magnitude_low, finding.magnitude_high, unit)
    return f"with cell\u00a0{size}" if finding.kind == "sense_wires_swapped" else size


def _unsigned(finding: Finding) -> str:
    """Size without its sign, for sentences that say `too low` or `emptier`."""
    low, high = finding.magnitude_low, finding.magnitude_high
    if finding.magnitude < 0.0:
        low, high = -high, -low
    unit = human_unit(finding.unit, max(abs(low), abs(high)))
    return range_text(abs(finding.magnitude), low, high, unit)


def _signed(finding: Finding, positive: str, negative: str) -> str:
    return f"{_unsigned(finding)} {positive if finding.magnitude >= 0.0 else negative}"


def _times(finding: Finding) -> str:
    return range_text(finding.magnitude, finding.magnitude_low, finding.magnitude_high, HumanUnit("")) + " times"


def _counted_times(finding: Finding) -> str:
    """What was counted, without the interval of the rate behind it."""
    return f"{number_text(finding.magnitude)}\u00a0time{'' if finding.magnitude == 1.0 else 's'}"


_WHOLE_LOG = "The log"


def _reading(finding: Finding) -> str:
    """Whose reading a finding speaks of; without a place it is the log's, or of what the explanation names."""
    if finding.cell is not None or finding.sensor is not None:
        return f"the reading of {place_text(finding)}"
    who, _, told = finding.explanation.partition(" gave no readings for")
    most = bool(told) and who != _WHOLE_LOG
    return f"the reading of {who[:1].lower()}{who[1:]}" if most else "every reading"


def _rows_wanted(finding: Finding) -> str:
    """Which rows would do; where the log's own interval is the upper bound and would do, what it loses is little."""
    if finding.magnitude >= finding.magnitude_high:
        interval = human_unit(finding.unit, finding.magnitude)
        seldom = interval.attach(number_text(finding.magnitude * interval.scale))
        return f"the log’s rows, one every {seldom}, miss a little of what the load does"
    return f"the load changes faster than the log’s rows: under load a row is needed every {magnitude_text(finding)}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


_Phrase = Callable[[Finding], str]

_KINDS: dict[str, tuple[str, _Phrase]] = {
    "self_discharge": (
        "self-discharge",
        lambda f: f"{place_text(f)} loses {magnitude_text(f)} more than its neighbours",
    ),
    "capacity_low": ("low capacity", lambda f: f"{place_text(f)} holds {magnitude_text(f)} less than its neighbours"),
    "resistance_high": (
        "high resistance",
        lambda f: f"{place_text(f)} has {magnitude_text(f)} more resistance than its neighbours",
    ),
    "connection_resistance_high": (
        "bad joint or lead",
        lambda f: f"a joint or lead at {place_text(f)} adds {magnitude_text(f)}",
    ),
    "soc_imbalance": (
        "out of balance",
        lambda f: f"{place_text(f)} stands {_signed(f, 'fuller', 'emptier')} than its neighbours",
    ),
    "voltage_deviation": (
        "stands apart",
        lambda f: f"{place_text(f)} stands {_signed(f, 'above', 'below')} its neighbours in voltage",
    ),
    "voltage_sensor_offset": (
        "voltage reading off",
        lambda f: f"the voltage reading of {place_text(f)} is {_signed(f, 'too high', 'too low')}",
    ),
    "current_sensor_offset": (
        "current reading off",
        lambda f: f"the current reading is {_signed(f, 'too high', 'too low')}",
    ),
    "current_sign_reversed": (
        "current sign reversed",
        lambda _: (
            "the current has the wrong sign: the voltage falls where the log says charge, or climbs where it does not"
        ),
    ),
    "temperature_sensor_offset": (
        "temperature reading off",
        lambda f: f"temperature {place_text(f)} reads {_signed(f, 'too high', 'too low')}",
    ),
    "thermal_path_degraded": (
        "cooling got worse",
        lambda f: (
            f"{f'the cells at {place_text(f)} give off their' if f.cell is None else f'{place_text(f)} gives off its'} "
            f"heat {_times(f)} worse than at first"
        ),
    ),
    "temperature_rise_forecast": (
        "getting too hot",
        lambda f: f"{place_text(f)} heads past its temperature limit: {magnitude_text(f)} within 20\u00a0minutes",
    ),
    "micro_short": (
        "voltage dips",
        lambda f: f"{place_text(f)} dipped {_counted_times(f)} in voltage with no load to explain it",
    ),
    "cold_charge": (
        "charged too cold",
        lambda f: (
            f"{place_text(f) if f.cell is not None else 'the whole string'} "
            f"was charged by {magnitude_text(f)} while too cold"
        ),
    ),
    "sensor_stuck": ("reading stuck", lambda f: f"{_reading(f)} stood still for {magnitude_text(f)}"),
    "sensor_dropout": ("reading missing", lambda f: f"{_reading(f)} was missing for {magnitude_text(f)}"),
    "sense_wires_swapped": (
        "sense wires swapped",
        lambda f: f"the sense wires of {place_text(f)} and cell\u00a0{number_text(f.magnitude)} are swapped",
    ),
    "undersampled": (
        "row spacing",
        _rows_wanted,
    ),
}


def finding_noun(kind: str) -> str:
    """A kind's name in words; unknown kinds lose their underscores."""
    return _KINDS[kind][0] if kind in _KINDS else kind.replace("_", " ")


def finding_sentence(finding: Finding) -> str:
    """What a finding says, as a clause that begins with a capital letter and has no full stop.

    Where no size is told, it is what was seen, in the explanation's first sentence.
    """
    if not finding.has_size:
        seen = finding.explanation.partition(". ")[0].rstrip(".")
        return seen or _capital(f"{finding_noun(finding.kind)} at {place_text(finding)}")
    if finding.kind in _KINDS:
        return _capital(_KINDS[finding.kind][1](finding))
    return _capital(f"{finding_noun(finding.kind)} at {place_text(finding)}: {magnitude_text(finding)}")
