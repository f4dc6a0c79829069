"""A Unix socket for the processes beside the controller: one JSON object a line, one answer a line; no network port.

Requests: `{"do": "status"}`, `{"do": "acknowledge", "key": …, "note": …, "who": …}` and
`{"do": "accept_device", "pack": …, "source": …, "who": …}`. None of them can loosen a limit or reach a device.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from cellwarden.app.service.status import site_status
from cellwarden.app.service.store_queue import Acknowledgement
from cellwarden.core.json_value import finite_document

if TYPE_CHECKING:
    from cellwarden.app.service.controller import Controller

__all__ = ["OperatorSocket"]

_LOG = logging.getLogger(__name__)
_LONGEST_LINE = 1 << 16
_MOST_CLIENTS = 16


class OperatorSocket:
    """Serves while it is entered; the socket is the owner's alone (0600)."""

    def __init__(self, path: Path, controller: Controller) -> None:
        self._path = path
        self._controller = controller
        self._clients = 0
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._path.unlink(missing_ok=True)
        before = os.umask(0o177)
        try:
            self._server = await asyncio.start_unix_server(self._serve, self._path, limit=_LONGEST_LINE)
        finally:
            os.umask(before)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()
            with contextlib.suppress(OSError):
                self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._clients += 1
        try:
            while self._clients <= _MOST_CLIENTS and (line := await reader.readline()):
                writer.write(json.dumps(self._answer(line)).encode() + b"\n")
                await writer.drain()
        except (OSError, ValueError) as error:  # gone, or a line without end
            _LOG.debug("operator socket: %s", error)
        finally:
            self._clients -= 1
            writer.close()

    def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            request = json.loads(line)
        except ValueError:
            return {"error": "that is not JSON"}
        if not isinstance(request, dict):
            return {"error": "a request is an object"}
        handle = {"status": self._status, "acknowledge": self._acknowledge, "accept_device": self._accept_device}
        chosen = handle.get(str(request.get("do")))
        return chosen(request) if chosen else {"error": f"'do' must be one of {', '.join(handle)}"}

    def _status(self, _: dict[str, Any]) -> dict[str, Any]:
        return {"status": finite_document(site_status(self._controller).document)}

    def _acknowledge(self, request: dict[str, Any]) -> dict[str, Any]:
        values = [request.get(name) for name in ("key", "note", "who")]
        if not all(isinstance(value, str) and len(value) <= 2000 for value in values) or not values[0]:
            return {"error": "acknowledge needs key, note and who as text of at most 2000 characters"}
        key, note, who = map(str, values)
        now = self._controller.clock.now()
        self._controller.queue.put(Acknowledgement(key=key, note=note, who=who, unix_time_second=now))
        return {"accepted": True}

    def _accept_device(self, request: dict[str, Any]) -> dict[str, Any]:
        runner = self._controller.packs.get(str(request.get("pack")))
        if runner is None or not runner.accept_device(str(request.get("source")), str(request.get("who", "operator"))):
            return {"error": "no such pack or source"}
        return {"accepted": True}
