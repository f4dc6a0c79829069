"""What is new, as server-sent events: the fleet's lines whenever one of them changed, a heartbeat otherwise."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from cellwarden.web.errors import ApiError
from cellwarden.web.guard import Asking, guarded
from cellwarden.web.parts import WebParts, parts_of
from cellwarden.web.role import Role
from cellwarden.web.summaries import PackSummary

__all__ = ["ROUTER"]

ROUTER = APIRouter(tags=["live"])
_PERIOD_SECOND = 1.0
_HEARTBEAT_PERIODS = 15


@guarded(ROUTER, "GET", "/api/v1/live", Role.READER, response_class=StreamingResponse)
async def live(request: Request, _asking: Asking) -> StreamingResponse:
    """Events `packs` with the lines of `/api/v1/packs`, at most one a second."""
    viewers = request.app.state.viewers
    parts = parts_of(request)
    if viewers.count >= parts.settings.most_viewers:
        raise ApiError(503, "too_many_viewers", "Too many pages are open; close one.", retry_after_second=10.0)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(_events(request, parts), media_type="text/event-stream", headers=headers)


async def _events(request: Request, parts: WebParts) -> AsyncIterator[str]:
    viewers = request.app.state.viewers
    viewers.count += 1
    try:
        before, silent = "", 0
        while not await request.is_disconnected():
            lines = await run_in_threadpool(_lines, parts)
            text = json.dumps({"unix_time_second": parts.now(), "items": [line.model_dump() for line in lines]})
            told = json.dumps([line.model_dump(exclude={"age_second"}) for line in lines])
            if told != before or silent >= _HEARTBEAT_PERIODS:
                before, silent = told, 0
                yield f"event: packs\ndata: {text}\n\n"
            else:
                silent += 1
            await asyncio.sleep(_PERIOD_SECOND)
    finally:
        viewers.count -= 1


def _lines(parts: WebParts) -> list[PackSummary]:
    with parts.readers.reader() as reader:
        return parts.summaries.all(reader)
