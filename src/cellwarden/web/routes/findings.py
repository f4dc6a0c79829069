"""Findings: what, which cell, since when, how sure, what to do; and that an operator has seen them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from cellwarden.web.controller import ControllerSilentError
from cellwarden.web.errors import ApiError
from cellwarden.web.finding_view import FindingView, finding_of, finding_view
from cellwarden.web.guard import Asking, guarded
from cellwarden.web.parts import parts_of
from cellwarden.web.role import Role

__all__ = ["ROUTER"]

ROUTER = APIRouter(tags=["findings"])


class FindingPage(BaseModel):
    """A part of the list; `total` counts all that fit the question."""

    items: list[FindingView]
    total: int


class AcknowledgementRequest(BaseModel):
    """What an operator notes beside a finding; may be empty."""

    model_config = ConfigDict(extra="forbid")
    note: Annotated[str, Field(max_length=2000)] = ""


@guarded(ROUTER, "GET", "/api/v1/findings", Role.READER)
def findings(
    request: Request,
    _asking: Asking,
    pack: Annotated[str | None, Query(max_length=200)] = None,
    open_only: Annotated[bool, Query()] = False,  # noqa: FBT002  # a query's flag
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> FindingPage:
    """Findings of one pack or of all: open ones first, the most urgent first, then the newest."""
    parts = parts_of(request)
    with parts.readers.reader() as reader:
        entries = reader.findings(pack, open_only=open_only)

    def order(entry: dict[str, object]) -> tuple[object, ...]:
        finding = finding_of(entry)
        is_closed = finding.cleared_unix_time_second is not None or not entry["is_current"]
        if is_closed:
            return (1, -finding.detected_unix_time_second)
        return (0, *parts.words.urgency(finding))

    ordered = sorted(entries, key=order)
    return FindingPage(
        items=[finding_view(entry, parts.words) for entry in ordered[offset : offset + limit]], total=len(ordered)
    )


@guarded(ROUTER, "POST", "/api/v1/findings/{key:path}/acknowledgements", Role.OPERATOR, status_code=201)
def acknowledge(
    request: Request,
    asking: Asking,
    key: Annotated[str, Path(min_length=1, max_length=300)],
    body: AcknowledgementRequest,
) -> FindingView:
    """Record that the operator has seen a finding, with a note; the controller writes it."""
    parts = parts_of(request)
    with parts.readers.reader() as reader:
        if all(entry["key"] != key for entry in reader.findings()):
            raise ApiError(404, "unknown_finding", "No finding has this key.", where="key")
    try:
        parts.controller.acknowledge(key, body.note, asking.name or "operator")
    except ControllerSilentError as cause:
        raise ApiError(503, "controller_silent", str(cause)) from cause
    with parts.readers.reader() as reader:
        entry = next(entry for entry in reader.findings() if entry["key"] == key)
    return finding_view(entry, parts.words)
