"""The ledger: makes findings of evidence, by the rules of the output format.

At most one finding is open for a kind, cell and sensor. A worse severity clears it and opens the next with the same
`first_seen`; a milder one does so only when it has lasted as long as detection took. A finding clears when its cause
has been absent for that long, at least an hour; if the cause comes back before, it stays open. Evidence of another
event at the same place clears it at once and opens the next; so does, without a next, what was surely another
finding's. What an open finding of warning or worse explains
(`consequences`) is entered as info and names its cause.

Findings are kept in the order of their detection and never removed, so the list of a log that is cut at a time is the
beginning of the whole log's list.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass

from cellwarden.core.finding import Evidence, Finding, Severity
from cellwarden.diagnosis.consequences import RULES, PackScale, explained_severity, explains, pack_scale
from cellwarden.estimation.plugin import PackContext

__all__ = ["FOLLOWS_ADVICE", "LedgerState", "OpenEntry", "advance_ledger", "findings", "initial_ledger"]

SHORTEST_HOLD_SECOND = 3600.0
FOLLOWS_ADVICE = "Act on the finding that this one follows from; by itself it asks for nothing."

Key = tuple[str, int, str]


@dataclass(frozen=True, slots=True)
class OpenEntry:
    """An open finding: its place in the list, since when its cause is absent, since when it has been milder."""

    index: int
    absent_since: float | None = None
    milder_since: float | None = None


@dataclass(frozen=True, slots=True)
class LedgerState:
    """All findings so far in the order of detection, and what is open, in that order too."""

    scale: PackScale
    entries: tuple[Finding, ...] = ()
    open: tuple[OpenEntry, ...] = ()


def initial_ledger(context: PackContext) -> LedgerState:
    """The empty ledger of a pack."""
    return LedgerState(pack_scale(context))


def findings(state: LedgerState) -> tuple[Finding, ...]:
    """All findings, oldest detection first; `caused_by` is the index in this tuple."""
    return state.entries


def advance_ledger(state: LedgerState, evidence: Iterable[Evidence], until_unix_time_second: float) -> LedgerState:
    """Enter the evidence of a minute block.

    Parameters
    ----------
    state : left by the block before
    evidence : of all detectors, in any order, none later than `until_unix_time_second`
    until_unix_time_second : stamp of the block's last row [s]
    """
    book = _Book(state)
    for item in sorted(evidence, key=_order):
        book.clear_due(item.at_unix_time_second)
        book.enter(item)
    book.clear_due(until_unix_time_second)
    return book.state()


_RULES_OF = {kind: tuple(rule for rule in RULES if rule.consequence == kind) for kind in {r.consequence for r in RULES}}
_CAUSE_RANK = {rule.cause: rank for rank, rule in reversed(list(enumerate(RULES)))}


def _order(item: Evidence) -> tuple[float, int, str, int, str]:
    """By time; of one time causes before what they explain; then by place, so that the order is always the same."""
    rank = _CAUSE_RANK.get(item.kind, len(RULES))
    return item.at_unix_time_second, rank, item.kind, item.cell or 0, item.sensor or ""


def _key(item: Evidence | Finding) -> Key:
    return item.kind, item.cell or 0, item.sensor or ""


def _hold_second(finding: Finding) -> float:
    """How long it took to detect, at least an hour [s]."""
    return max(finding.detected_unix_time_second - finding.first_seen_unix_time_second, SHORTEST_HOLD_SECOND)


class _Book:
    """A working copy of the ledger."""

    def __init__(self, state: LedgerState) -> None:
        self._scale = state.scale
        self._entries = list(state.entries)
        self._open: dict[Key, OpenEntry] = {_key(state.entries[entry.index]): entry for entry in state.open}

    def state(self) -> LedgerState:
        opened = sorted(self._open.values(), key=lambda entry: entry.index)
        return LedgerState(self._scale, tuple(self._entries), tuple(opened))

    def clear_due(self, now: float) -> None:
        """Clear what has been absent for long enough."""
        for key, entry in list(self._open.items()):
            if entry.absent_since is None:
                continue
            due = entry.absent_since + _hold_second(self._entries[entry.index])
            if due <= now:
                self._clear(key, due)

    def enter(self, item: Evidence) -> None:
        """Enter one piece of evidence; the ledger is up to its time."""
        key = _key(item)
        entry = self._open.get(key)
        if item.severity is None:
            if entry is not None and item.is_another:
                self._clear(key, item.at_unix_time_second)
            elif entry is not None and entry.absent_since is None:
                self._open[key] = dataclasses.replace(entry, absent_since=item.at_unix_time_second)
            return
        severity, cause = self._explained(item, item.severity)
        if entry is not None and item.is_another:
            self._clear(key, item.at_unix_time_second)
            entry = None
        if entry is None:
            self._raise(item, severity, cause, min(item.first_seen_unix_time_second, item.at_unix_time_second))
        else:
            self._follow(key, entry, item, severity, cause)

    def _follow(self, key: Key, entry: OpenEntry, item: Evidence, severity: Severity, cause: int | None) -> None:
        """New evidence of what is open: worse, milder or as before."""
        old = self._entries[entry.index]
        now = item.at_unix_time_second
        milder_since = None
        if severity.rank < old.severity.rank:
            milder_since = now if entry.milder_since is None else entry.milder_since
        explained = cause is not None and item.severity is old.severity
        waited = milder_since is not None and (explained or now - milder_since >= _hold_second(old))
        if severity.rank > old.severity.rank or waited:
            self._clear(key, now)
            self._raise(item, severity, cause, old.first_seen_unix_time_second)
        else:
            self._entries[entry.index] = _with_latest(old, item)
            self._open[key] = OpenEntry(entry.index, None, milder_since)

    def _raise(self, item: Evidence, severity: Severity, cause: int | None, first_seen: float) -> None:
        """Open a finding and demote what it explains."""
        finding = _finding(item, severity, cause, first_seen)
        self._entries.append(finding)
        self._open[_key(item)] = OpenEntry(len(self._entries) - 1)
        if severity is not Severity.INFO:
            self._demote(len(self._entries) - 1, item.at_unix_time_second)

    def _demote(self, cause: int, now: float) -> None:
        """Clear the open warnings that a new finding explains and enter them as info."""
        for key, entry in list(self._open.items()):
            old = self._entries[entry.index]
            if entry.index == cause or old.severity is not Severity.WARNING or entry.absent_since is not None:
                continue
            shown = _evidence(old, now)
            rules = (rule for rule in RULES if explains(rule, self._entries[cause], shown, self._scale))
            milder = min((explained_severity(rule, old.severity) for rule in rules), key=lambda s: s.rank, default=None)
            if milder is Severity.INFO:
                self._clear(key, now)
                self._raise(shown, milder, cause, old.first_seen_unix_time_second)

    def _explained(self, item: Evidence, severity: Severity) -> tuple[Severity, int | None]:
        """Severity that is left when the open findings have been asked, and which of them is the cause."""
        for rule in _RULES_OF.get(item.kind, ()):
            for (kind, _, _), entry in self._open.items():
                if kind == rule.cause and explains(rule, self._entries[entry.index], item, self._scale):
                    return explained_severity(rule, severity), entry.index
        return severity, None

    def _clear(self, key: Key, at: float) -> None:
        index = self._open.pop(key).index
        self._entries[index] = dataclasses.replace(self._entries[index], cleared_unix_time_second=at)


def _finding(item: Evidence, severity: Severity, cause: int | None, first_seen: float) -> Finding:
    return Finding(
        kind=item.kind,
        cell=item.cell,
        sensor=item.sensor,
        first_seen_unix_time_second=first_seen,
        detected_unix_time_second=item.at_unix_time_second,
        cleared_unix_time_second=None,
        severity=severity,
        magnitude=item.magnitude,
        magnitude_low=item.magnitude_low,
        magnitude_high=item.magnitude_high,
        magnitude_at_detection=item.magnitude,
        unit=item.unit,
        confidence=item.confidence,
        explanation=item.explanation,
        advice=_advice(item, severity, cause),
        caused_by=cause,
    )


def _advice(item: Evidence, severity: Severity, cause: int | None) -> str:
    """What to do; what only follows from another finding is not to be acted on by itself."""
    return item.advice if cause is None or severity is not Severity.INFO else FOLLOWS_ADVICE


def _with_latest(finding: Finding, item: Evidence) -> Finding:
    return dataclasses.replace(
        finding,
        magnitude=item.magnitude,
        magnitude_low=item.magnitude_low,
        magnitude_high=item.magnitude_high,
        confidence=item.confidence,
        explanation=item.explanation,
        advice=_advice(item, finding.severity, finding.caused_by),
    )


def _evidence(finding: Finding, at: float) -> Evidence:
    """The evidence that an open finding stands for now."""
    return Evidence(
        at_unix_time_second=at,
        kind=finding.kind,
        cell=finding.cell,
        sensor=finding.sensor,
        severity=finding.severity,
        magnitude=finding.magnitude,
        magnitude_low=finding.magnitude_low,
        magnitude_high=finding.magnitude_high,
        unit=finding.unit,
        confidence=finding.confidence,
        first_seen_unix_time_second=finding.first_seen_unix_time_second,
        explanation=finding.explanation,
        advice=finding.advice,
    )
