"""A line in memory behind which a device with registers answers."""

from __future__ import annotations

import asyncio

from cellwarden.drivers.transport.stream import StreamTransport
from tests.drivers.register_device import answer

__all__ = ["Registers"]


class Registers(StreamTransport):
    """A line in memory behind which a device with registers answers."""

    def __init__(self, registers: dict[int, int]):
        super().__init__("memory", gap_second=0.0)
        self.registers = registers
        self.asked = 0
        self._answers: asyncio.Queue[bytes] = asyncio.Queue()

    async def _open(self) -> None:
        pass

    async def _close(self) -> None:
        pass

    async def _write(self, data: bytes) -> None:
        self.asked += 1
        self._answers.put_nowait(answer(self.registers, data))

    async def _read(self) -> bytes:
        return await self._answers.get()

    def _discard(self) -> int:
        return 0
