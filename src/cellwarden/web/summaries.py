"""One line for each pack of a fleet: what stands out, whether it carries its load, and how fresh that is."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel

from cellwarden.core.finding import Severity
from cellwarden.core.leak_told import is_leak_told
from cellwarden.store.reader import PackRecord, PackState, StoreReader
from cellwarden.web.finding_view import finding_of
from cellwarden.web.readiness_view import ReadinessView, readiness_view
from cellwarden.web.sample_view import sample_view
from cellwarden.web.words import Words

__all__ = ["PackSummary", "StateKey", "Summaries", "state_key"]

StateKey = Literal["critical", "warning", "silent", "info", "healthy", "untested"]
_ORDER: tuple[StateKey, ...] = ("critical", "warning", "silent", "info", "untested", "healthy")
SILENT_SECOND = 60.0
_TESTED = ("capacity_informed_unix_time_second", "resistance_informed_unix_time_second")
_LEAK = ("self_discharge_ampere", "self_discharge_high_ampere")


class PackSummary(BaseModel):
    """A pack among others. `silent` means that no sample came for a minute; `age_second` says for how long.

    Both are of the wall's time, also where a demonstration's clock runs faster.
    """

    pack: str
    state: StateKey
    sentence: str
    worst_cell: int | None
    open_warnings: int
    open_findings: int
    readiness: ReadinessView
    age_second: float | None
    voltage_volt: float | None
    current_ampere: float | None
    soc_median_fraction: float | None
    soc_minimum_fraction: float | None
    cells_in_series: int


def state_key(
    severities: Sequence[Severity],
    document: Mapping[str, Any] | None,
    age_second: float | None,
    nominal_capacity_ah: float,
) -> StateKey:
    """A pack's state in one word: its gravest open finding, its silence, or whether anything was tested."""
    if Severity.CRITICAL in severities:
        return "critical"
    if Severity.WARNING in severities:
        return "warning"
    if age_second is None or age_second > SILENT_SECOND:
        return "silent"
    if severities:
        return "info"
    cells = (document or {}).get("cells", ())
    return "healthy" if any(_is_tested(cell, nominal_capacity_ah) for cell in cells) else "untested"


def _is_tested(cell: Mapping[str, Any], nominal_capacity_ah: float) -> bool:
    """Whether capacity or resistance of a cell of `cells.json` was measured, or its leak closely enough."""
    if any(cell.get(name) is not None for name in _TESTED):
        return True
    leak, high = (cell.get(name) for name in _LEAK)
    return leak is not None and high is not None and is_leak_told(leak, high, nominal_capacity_ah)


class Summaries:
    """Makes the lines; a pack whose state document and findings are the same as before is not worked out again.

    Parameters
    ----------
    words : sentences about findings
    now : the record's clock
    clock_speed : how many of its seconds go by in one of the wall's
    """

    def __init__(self, words: Words, now: Callable[[], float], clock_speed: float = 1.0) -> None:
        self._words, self._now, self._clock_speed = words, now, clock_speed
        self._descriptions: dict[str, tuple[str, dict[str, Any]]] = {}

    def description(self, record: PackRecord) -> dict[str, Any]:
        """The mapping of a pack's `pack.toml`."""
        held = self._descriptions.get(record.pack_id)
        if held is None or held[0] != record.pack_toml_text:
            held = (record.pack_toml_text, tomllib.loads(record.pack_toml_text))
            self._descriptions[record.pack_id] = held
        return held[1]

    def all(self, reader: StoreReader) -> list[PackSummary]:
        """All packs, the worst first."""
        by_pack: dict[str, list[Mapping[str, Any]]] = {}
        for entry in reader.findings(open_only=True):
            by_pack.setdefault(entry["pack"], []).append(entry)
        lines = [
            self.one(record, reader.state(record.pack_id), by_pack.get(record.pack_id, [])) for record in reader.packs()
        ]
        return sorted(lines, key=lambda line: (_ORDER.index(line.state), -line.open_warnings, line.pack))

    def one(self, record: PackRecord, state: PackState, entries: Sequence[Mapping[str, Any]]) -> PackSummary:
        """One pack's line."""
        found = sorted((finding_of(entry) for entry in entries), key=self._words.urgency)
        roots = [finding for finding in found if finding.caused_by is None]
        recorded = state.age_second(self._now())
        age = None if recorded is None else recorded / self._clock_speed
        description = self.description(record)
        sample = None if state.sample is None else sample_view(state.sample)
        charges = sorted(
            cell["soc_fraction"]
            for cell in (state.document or {}).get("cells", ())
            if cell.get("soc_fraction") is not None
        )
        capacity_ah = float(description["pack"]["nominal_capacity_ah"])
        key = state_key([finding.severity for finding in roots], state.document, age, capacity_ah)
        return PackSummary(
            pack=record.pack_id,
            state=key,
            sentence=f"{self._words.sentence(roots[0])}." if roots else _quiet_sentence(key),
            worst_cell=roots[0].cell if roots else None,
            open_warnings=sum(finding.severity is not Severity.INFO for finding in roots),
            open_findings=len(roots),
            readiness=readiness_view(state.document, description),
            age_second=age,
            voltage_volt=sample.voltage_volt if sample else None,
            current_ampere=sample.current_ampere if sample else None,
            soc_median_fraction=charges[len(charges) // 2] if charges else None,
            soc_minimum_fraction=charges[0] if charges else None,
            cells_in_series=record.layout.cells_in_series,
        )


def _quiet_sentence(key: StateKey) -> str:
    sentences: dict[StateKey, str] = {
        "silent": "No data is coming in.",
        "untested": "No fault found so far, but nothing has tested the cells yet.",
    }
    return sentences.get(key, "No fault found.")
