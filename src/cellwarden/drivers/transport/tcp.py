"""TCP: a device of its own, or a serial server in front of a bus."""

from __future__ import annotations

import asyncio
import contextlib

from cellwarden.drivers.transport.stream import StreamTransport

__all__ = ["TcpLine"]

_CHUNK = 4096


class TcpLine(StreamTransport):
    """One connection; closed after a time-out, for then no late answer can come.

    Parameters
    ----------
    host, port : where
    connect_timeout_second : for the connection alone
    gap_second : silence between exchanges, for the bus behind a serial server
    """

    def __init__(self, host: str, port: int, connect_timeout_second: float = 5.0, gap_second: float = 0.0):
        super().__init__(f"{host}:{port}", gap_second)
        self._where = (host, port)
        self._connect_timeout_second = connect_timeout_second
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def _open(self) -> None:
        async with asyncio.timeout(self._connect_timeout_second):  # TimeoutError is an OSError
            self._reader, self._writer = await asyncio.open_connection(*self._where)

    async def _close(self) -> None:
        writer, self._reader, self._writer = self._writer, None, None
        if writer is not None:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _write(self, data: bytes) -> None:
        if self._writer is None:
            raise OSError("the connection is closed")
        self._writer.write(data)
        await self._writer.drain()

    async def _read(self) -> bytes:
        data = await self._reader.read(_CHUNK) if self._reader is not None else b""
        if not data:
            raise ConnectionResetError("the connection was closed at the other end")
        return data

    def _discard(self) -> int:
        return 0  # nothing can be left over: an exchange ends with all it read, or with the connection

    async def _settle(self) -> None:
        await self.close()
