"""Limits in the course of time: each change with the cell and the reason that bound it."""

from __future__ import annotations

from fastapi import APIRouter, Request
from pydantic import BaseModel

from cellwarden.web.guard import Asking, guarded
from cellwarden.web.limit_view import DecisionView, decision_view
from cellwarden.web.parts import parts_of
from cellwarden.web.role import Role
from cellwarden.web.routes.packs import PackId, record_named
from cellwarden.web.routes.time_span import Span

__all__ = ["ROUTER"]

ROUTER = APIRouter(tags=["limits"])
_MOST = 500


class DecisionPage(BaseModel):
    """The newest changes of the span, newest first; `total` counts all."""

    items: list[DecisionView]
    total: int


@guarded(ROUTER, "GET", "/api/v1/packs/{pack:path}/decisions", Role.READER)
def decisions(request: Request, _asking: Asking, pack: PackId, span: Span) -> DecisionPage:
    """Changes of the limits or of what binds them."""
    with parts_of(request).readers.reader() as reader:
        record_named(reader, pack)
        found = reader.decisions(pack, *span)
    return DecisionPage(items=[decision_view(item) for item in reversed(found[-_MOST:])], total=len(found))
