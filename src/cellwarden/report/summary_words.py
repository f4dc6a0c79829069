"""The verdict in plain words, for the page, the terminal and the exit message alike."""

from __future__ import annotations

import math
from statistics import median

import numpy as np

from cellwarden.core.capacity_told import is_capacity_assumed
from cellwarden.core.finding import Finding, Severity
from cellwarden.core.results import AnalysisResult, Readiness
from cellwarden.report.mistrust import is_trusted, leading_findings, mistrusted, unit_doubt
from cellwarden.report.numbers import HumanUnit, day_text, duration_text, interval_text, list_text, number_text
from cellwarden.report.standing_apart import ApartCell, apart_advice, apart_clause, cells_apart
from cellwarden.report.states import HEALTHY, UNTESTED, is_any_tested, successor, untold
from cellwarden.report.urgency import is_named, open_findings, telling_findings
from cellwarden.report.words import CellState, cells_text, finding_sentence, severity_words, sureness

__all__ = [
    "apart_sentence",
    "by_now",
    "ending_words",
    "headline",
    "is_from_beginning",
    "is_readiness_told",
    "leading_apart",
    "leading_finding",
    "mistrust_sentence",
    "readiness_sentence",
    "since_text",
    "sureness_words",
    "told_sentence",
    "untold_sentence",
    "verdict_badge",
    "verdict_sentence",
    "verdict_state",
]

_FULL_FRACTION = 0.9
_AS_MUCH = 0.15  # of an imbalance, within which two figures of it say the same
_OF_THE_LOG = ("sensor_stuck", "sensor_dropout", "undersampled")  # where they name no cell
_JUDGED_SECOND = 3 * 3600.0  # in which what was there from the first row on is first judged
_RESTED_SECOND = 14 * 3600.0  # the same of a cell low on float, which is looked at after half a day of rest


def is_from_beginning(result: AnalysisResult, finding: Finding) -> bool:
    """Whether a finding was first seen so early in the log that its cause may be older than the log."""
    lead = finding.first_seen_unix_time_second - result.from_unix_time_second
    soon = max(0.02 * _length(result), min(_JUDGED_SECOND, 0.15 * _length(result)))
    if finding.kind == "self_discharge" and not finding.has_size:
        soon = max(soon, _RESTED_SECOND)
    return finding.kind != "undersampled" and lead <= soon


def since_text(result: AnalysisResult, finding: Finding) -> str:
    """`, since 3 March 2025`, or that the log does not reach back to the beginning; nothing of the log itself."""
    if finding.kind == "undersampled":
        return ""
    if is_from_beginning(result, finding):
        return f", at least since the log began on {day_text(result.from_unix_time_second)}"
    return f", since {day_text(finding.first_seen_unix_time_second)}"


def by_now(result: AnalysisResult, finding: Finding) -> str:
    """What an imbalance has become, ` (as found; 24.7 Ah emptier at the end of the log)`; empty if it is as much still.

    The finding tells what the last full charge showed and what was levelled since; the count goes on.
    """
    if finding.kind != "soc_imbalance" or finding.cell is None or finding.cleared_unix_time_second is not None:
        return ""
    counted = result.history.deficit_difference_ah[:, finding.cell - 1]
    known = counted[np.isfinite(counted)]
    now = -float(known[-1]) if known.size else math.nan
    grown = abs(now - finding.magnitude) - _AS_MUCH * abs(finding.magnitude)
    if not (now * finding.magnitude > 0.0 and grown > 0.0):
        return ""
    side = "fuller" if now > 0.0 else "emptier"
    return f" (as found; {HumanUnit('Ah').attach(number_text(abs(now), 1))} {side} at the end of the log)"


def sureness_words(result: AnalysisResult, finding: Finding) -> str:
    """How sure a finding is, `very likely (97 %)`, or that it rests on readings of another unit."""
    doubt = unit_doubt(result.quality)
    if doubt is not None and not is_trusted(result.quality, finding):
        return f"not to be trusted, as the {doubt.what} {doubt.wrong}"
    return sureness(finding.confidence)


def told_sentence(result: AnalysisResult, finding: Finding) -> str:
    """What a finding says, with what has become of it and since when; no full stop."""
    return f"{finding_sentence(finding)}{by_now(result, finding)}{since_text(result, finding)}"


def ending_words(result: AnalysisResult, finding: Finding) -> str:
    """How a finding ended: `Cleared since`, or `Then “act now”` where one of another severity took its place."""
    after = successor(result, finding)
    if after is None:
        return "Cleared since"
    same = after.severity is finding.severity
    return "Told anew since" if same else f"Then “{severity_words(after.severity).word}”"


def _is_of_the_log(finding: Finding) -> bool:
    """Whether it only says what the log is worth."""
    names_none = finding.cell is None and finding.sensor is None
    return names_none and finding.severity is Severity.INFO and finding.kind in _OF_THE_LOG


def leading_apart(result: AnalysisResult) -> list[ApartCell]:
    """Cells that stand far from the others, where nothing graver was found than what the log is worth."""
    return cells_apart(result) if all(_is_of_the_log(finding) for finding in open_findings(result)) else []


def leading_finding(result: AnalysisResult) -> Finding | None:
    """The worst open finding; None where there is none that leads, or where a unit speaks against all."""
    found = leading_findings(result)
    return found[0] if found and not leading_apart(result) else None


def verdict_state(result: AnalysisResult) -> CellState:
    """The state that the whole analysis ends in."""
    worst = leading_finding(result)
    if worst is not None:
        return severity_words(worst.severity)
    if leading_apart(result):
        return severity_words(Severity.INFO)
    return HEALTHY if is_any_tested(result) and not unit_doubt(result.quality) else UNTESTED


def verdict_badge(state: CellState) -> str:
    """The state in the few words that stand above the verdict."""
    words = {HEALTHY.key: "No fault found", UNTESTED.key: "Not enough to judge"}
    return words.get(state.key, state.word.capitalize())


def verdict_sentence(result: AnalysisResult) -> str:
    """The page's first sentence: the worst that was found, or that nothing was."""
    found = telling_findings(result)
    total = len(result.cells)
    doubt = unit_doubt(result.quality)
    if doubt:
        return f"The {doubt.what} {doubt.wrong}: {doubt.why}."
    if found and found[0].severity is not Severity.INFO:
        return f"{told_sentence(result, found[0])}."
    apart = leading_apart(result)
    if apart:
        known = "No fault found, but " if is_any_tested(result) else ""
        why = f"why, this log of {duration_text(_length(result))} does not tell"
        return _capital(f"{known}{apart_clause(apart)}; {why}.")
    if not is_any_tested(result):
        who = "the cell is" if total == 1 else f"the {total} cells are"
        untold = f"this log of {duration_text(_length(result))} cannot tell how healthy {who}."
        if found and _is_of_the_log(found[0]):
            return f"{_capital(untold)} Worth knowing: {_lower(finding_sentence(found[0]))}."
        if found:
            return f"{finding_sentence(found[0])}. Beyond that, {untold}"
        return f"No fault found, but {untold}"
    if found:
        return f"No fault that needs action. Worth knowing: {_lower(finding_sentence(found[0]))}."
    who = "the cell" if total == 1 else f"the {total} cells"
    return f"No fault found in {who}."


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


def apart_sentence(result: AnalysisResult) -> str:
    """Which cells stand far from the others beside what leads, `Cell 12 reads …`; empty where none does."""
    apart = cells_apart(result)
    if not apart or leading_apart(result):
        return ""
    return f"{_capital(apart_clause(apart))}; {_held_words(result, apart[0])}"


def _held_words(result: AnalysisResult, apart: ApartCell) -> str:
    """What a cell that stands apart is estimated to hold, where that is clearly less; else that nothing says why."""
    own = next(one.capacity_ah for one in result.cells if one.cell == apart.cell)
    others = [one.capacity_ah.value for one in result.cells if one.capacity_ah is not None]
    if own is None or own.informed_unix_time_second is None or not own.high < median(others):
        return "no finding says why"
    ah = HumanUnit("Ah")
    held = ah.attach(number_text(own.value, 1))
    return f"by estimate it holds {held}, the middle cell {ah.attach(number_text(median(others), 1))}"


def _length(result: AnalysisResult) -> float:
    return result.until_unix_time_second - result.from_unix_time_second


def untold_sentence(result: AnalysisResult) -> str:
    """Say what the log could not tell, `… the capacity of cell 6.`, or an empty string where it told everything."""
    by_cells: dict[tuple[int, ...], list[str]] = {}
    for noun, cells in untold(result):
        by_cells.setdefault(tuple(cells), []).append(noun)
    total = len(result.cells)
    parts = [f"the {list_text(nouns)} of {cells_text(cells, total)}" for cells, nouns in by_cells.items()]
    return f"This log could not tell {'; '.join(parts)}." if parts else ""


def is_readiness_told(result: AnalysisResult) -> bool:
    """Whether a runtime means anything: none does that rests on readings of the wrong sign or unit."""
    return mistrusted(result) is None


def mistrust_sentence(result: AnalysisResult) -> str:
    """Why the estimates mean nothing, or an empty string: all rest on readings whose sign or unit is wrong."""
    doubt = mistrusted(result)
    if doubt is None:
        return ""
    return f"The {doubt.what} {doubt.wrong}: do not trust these numbers until the {doubt.mended} in the log is mended."


def readiness_sentence(result: AnalysisResult) -> str:
    """Whether the pack carries its load, with bounds, or why that is not known."""
    doubt = mistrusted(result)
    if doubt is not None:
        return f"This log does not tell: its {doubt.what} {doubt.wrong}."
    if result.readiness is None:
        asked = result.pack.backup is not None
        return "This log does not tell." if asked else "Not asked: the pack’s description names no backup load."
    ready = result.readiness
    load = HumanUnit("W").attach(number_text(ready.load_watt))
    runtime = interval_text(ready.runtime_hour, _runtime_unit(ready))
    return f"{_duty_words(result, ready)}{load} for {runtime}.{_limiting(ready)}{_charge_words(result)}"


def _runtime_unit(ready: Readiness) -> HumanUnit:
    return HumanUnit("min", 60.0) if ready.runtime_hour.high < 1.0 else HumanUnit("h")


def _charge_words(result: AnalysisResult) -> str:
    """From which charge the runtime counts, where the log does not end with a full pack."""
    charges = [c.soc_fraction.value for c in result.cells if c.soc_fraction is not None]
    middle = median(charges) if charges else math.nan
    if not middle < _FULL_FRACTION:
        return ""
    percent = HumanUnit("%").attach(number_text(100.0 * middle, 0))
    return f" That is from the {percent} of charge at the end of the log."


def _duty_words(result: AnalysisResult, ready: Readiness) -> str:
    if result.pack.backup is None:
        return "It carries "
    needed = result.pack.backup.duration_hour
    hours = HumanUnit("h").attach(number_text(needed, 0 if needed == round(needed) else 1))
    if ready.runtime_hour.low >= needed:
        assumed = ", if the cells hold their nominal capacity, which this log does not tell" * _is_assumed(result)
        return f"Yes, the {hours} that are asked for{assumed}: it carries "
    if ready.runtime_hour.high < needed:
        return f"No, not the {hours} that are asked for: it carries only "
    return f"Not for sure: {hours} are asked for, and it carries "


def _is_assumed(result: AnalysisResult) -> bool:
    """Whether the log told the capacity of fewer than half of the cells."""
    capacities = [cell.capacity_ah for cell in result.cells]
    told = [one for one in capacities if one is not None and one.informed_unix_time_second is not None]
    return is_capacity_assumed(len(told), len(capacities))


def _limiting(ready: Readiness) -> str:
    if ready.limiting_cell is None or f"ell {ready.limiting_cell} " in ready.reason:
        return ""
    return f" Cell\u00a0{ready.limiting_cell} is the first to give out."


def headline(result: AnalysisResult) -> str:
    """Verdict of an analysis in one or two plain sentences.

    Parameters
    ----------
    result : the finished analysis.

    Returns
    -------
    str
        Plain text without mark-up: the worst finding with its interval, since when and what to do, or that nothing was
        found and what could not be told.
    """
    found = leading_findings(result)
    sentence = verdict_sentence(result)
    doubt = unit_doubt(result.quality)
    if doubt is not None:
        sentence = f"{sentence} {doubt.advice}"
        if not found:
            return sentence
        sentence = f"{sentence} {told_sentence(result, found[0])}."
    if found and found[0].severity is not Severity.INFO:
        more = sum(one.severity is not Severity.INFO and is_named(one) for one in found[1:])
        others = f" {more} more {'finding needs' if more == 1 else 'findings need'} action." if more else ""
        return f"{sentence} {found[0].advice}{others}".strip()
    apart = leading_apart(result)
    advice = f" {apart_advice(apart[0])}" if apart else ""
    return f"{sentence}{advice} {untold_sentence(result)}".strip()
