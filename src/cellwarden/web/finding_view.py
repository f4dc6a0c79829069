"""A finding as the page shows it: the entry of `findings.json` with its words and acknowledgements."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from pydantic import BaseModel

from cellwarden.core.finding import Finding, Severity
from cellwarden.web.words import Words

__all__ = ["Acknowledgement", "FindingView", "finding_of", "finding_view"]


class Acknowledgement(BaseModel):
    """Who has seen a finding, when, and what was noted."""

    note: str
    who: str
    unix_time_second: float


class FindingView(BaseModel):
    """One finding. Times in seconds since 1970, magnitude in `unit`, null where none is known.

    `key` is for acknowledging it.
    """

    key: str
    pack: str
    kind: str
    noun: str
    cell: int | None
    sensor: str | None
    severity: Severity
    sentence: str
    explanation: str
    advice: str
    sureness: str
    confidence: float
    magnitude: float | None
    magnitude_low: float | None
    magnitude_high: float | None
    unit: str
    magnitude_text: str
    first_seen_unix_time_second: float
    detected_unix_time_second: float
    cleared_unix_time_second: float | None
    is_open: bool
    is_consequence: bool
    acknowledgements: list[Acknowledgement]


_FINDING_FIELDS = frozenset(field.name for field in fields(Finding))


def finding_of(entry: Mapping[str, Any]) -> Finding:
    """The finding in one entry of the store, where no size is null."""
    values = {name: value for name, value in entry.items() if name in _FINDING_FIELDS}
    values.setdefault("magnitude_at_detection", values.get("magnitude"))
    values |= {name: 0.0 for name, value in values.items() if name.startswith("magnitude") and value is None}
    return Finding(**(values | {"severity": Severity(values["severity"])}))


def finding_view(entry: Mapping[str, Any], words: Words) -> FindingView:
    """One entry of the store with its words."""
    finding = finding_of(entry)
    is_open = finding.cleared_unix_time_second is None and bool(entry["is_current"])
    return FindingView(
        key=entry["key"],
        pack=entry["pack"],
        noun=words.noun(finding.kind),
        sentence=words.sentence(finding),
        sureness=words.sureness(finding.confidence),
        magnitude_text=words.magnitude(finding),
        is_open=is_open,
        is_consequence=finding.caused_by is not None,
        acknowledgements=[Acknowledgement(**item) for item in entry["acknowledgements"]],
        **{name: _shown(finding, name) for name in FindingView.model_fields if name in _FINDING_FIELDS},
    )


def _shown(finding: Finding, name: str) -> Any:
    """A field of it, None for the size where none is known."""
    return None if finding.is_unknown(name) else getattr(finding, name)
