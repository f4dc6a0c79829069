"""Packs: the list with the worst first, and everything about one of them now."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel

from cellwarden.store.reader import PackRecord, StoreReader
from cellwarden.web.errors import ApiError
from cellwarden.web.finding_view import FindingView, finding_of, finding_view
from cellwarden.web.guard import Asking, guarded
from cellwarden.web.limit_view import DecisionView, decision_view
from cellwarden.web.parts import WebParts, parts_of
from cellwarden.web.role import Role
from cellwarden.web.sample_view import SampleView, sample_view
from cellwarden.web.summaries import PackSummary

__all__ = ["COMES_LAST", "ROUTER", "PackId", "record_named"]

COMES_LAST = True
"""A pack's id may hold slashes: this address takes whatever follows, so the more particular ones are tried first."""

ROUTER = APIRouter(tags=["packs"])
PackId = Annotated[str, Path(min_length=1, max_length=200, description="The pack's id as in its pack.toml.")]


class PackPage(BaseModel):
    """A part of the list; `total` counts all."""

    items: list[PackSummary]
    total: int


class PackView(BaseModel):
    """One pack now.

    `cells`, `temperature_sensors`, `current_offset` and `usage` are those of `cells.json`; `description` is the pack's
    `pack.toml`.
    """

    summary: PackSummary
    findings: list[FindingView]
    sample: SampleView | None
    sensors: list[str]
    estimates_unix_time_second: float | None
    document: dict[str, Any] | None
    description: dict[str, Any]
    decision: DecisionView | None


def record_named(reader: StoreReader, pack: str) -> PackRecord:
    """The pack of that id.

    Raises
    ------
    ApiError
        404 where there is none.
    """
    found = next((record for record in reader.packs() if record.pack_id == pack), None)
    if found is None:
        raise ApiError(404, "unknown_pack", "No pack has this id.", where="pack")
    return found


@guarded(ROUTER, "GET", "/api/v1/packs", Role.READER)
def packs(
    request: Request,
    _asking: Asking,
    limit: Annotated[int, Query(ge=1, le=500)] = 200,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> PackPage:
    """All packs, the worst first."""
    parts = parts_of(request)
    with parts.readers.reader() as reader:
        lines = parts.summaries.all(reader)
    return PackPage(items=lines[offset : offset + limit], total=len(lines))


@guarded(ROUTER, "GET", "/api/v1/packs/{pack:path}", Role.READER)
def pack(request: Request, _asking: Asking, pack: PackId) -> PackView:
    """One pack now: what stands out, its cells, its limits."""
    parts = parts_of(request)
    with parts.readers.reader() as reader:
        return _pack_view(parts, reader, record_named(reader, pack))


def _pack_view(parts: WebParts, reader: StoreReader, record: PackRecord) -> PackView:
    state = reader.state(record.pack_id)
    entries = reader.findings(record.pack_id, open_only=True)
    ordered = sorted(entries, key=lambda entry: parts.words.urgency(finding_of(entry)))
    decision = reader.decision(record.pack_id)
    return PackView(
        summary=parts.summaries.one(record, state, entries),
        findings=[finding_view(entry, parts.words) for entry in ordered],
        sample=None if state.sample is None else sample_view(state.sample),
        sensors=list(record.layout.sensors),
        estimates_unix_time_second=state.document_unix_time_second,
        document=state.document,
        description=parts.summaries.description(record),
        decision=None if decision is None else decision_view(decision),
    )
