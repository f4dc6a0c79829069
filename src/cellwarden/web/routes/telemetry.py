"""How the sources of a pack fare: rates, latency, jitter, gaps, refused frames, load of the bus."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel

from cellwarden.web.guard import Asking, guarded
from cellwarden.web.parts import parts_of
from cellwarden.web.role import Role
from cellwarden.web.routes.packs import PackId, record_named

__all__ = ["ROUTER"]

ROUTER = APIRouter(tags=["telemetry"])


class TelemetryView(BaseModel):
    """The latest of each source."""

    sources: list[dict[str, Any]]


@guarded(ROUTER, "GET", "/api/v1/packs/{pack:path}/telemetry", Role.READER)
def telemetry(request: Request, _asking: Asking, pack: PackId) -> TelemetryView:
    """The latest of each source of a pack."""
    with parts_of(request).readers.reader() as reader:
        record_named(reader, pack)
        return TelemetryView(sources=list(reader.telemetry(pack)))
