"""The Modbus TCP server: one unit a pack, holding registers from 40000 on. No point can be written.

The models have points for commands (connect, reset alarms, reserve). They are readable, as their access rights say,
and a write to any point is refused: this program may not act on a pack through this door.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from cellwarden.publish.snapshot import PackSnapshot
from cellwarden.publish.sunspec.battery_image import BASE_ADDRESS, battery_image

__all__ = ["SunspecServer"]

_MOST_UNITS = 247
_HEARTBEATS = 65_535
_FRESH_SECOND = 1.0


class SunspecServer:
    """Serves packs as SunSpec batteries.

    Parameters
    ----------
    snapshots : packs as they are now, always in the same order; the first is unit 1
    version : of the program
    host, port : where to listen
    """

    def __init__(
        self, snapshots: Callable[[], Sequence[PackSnapshot]], version: str, host: str = "127.0.0.1", port: int = 502
    ) -> None:
        self._snapshots, self._version = snapshots, version
        self._address = (host, port)
        self._heartbeat = 0
        self._images: list[list[int]] = []
        self._made_second = -1.0
        self._lock = asyncio.Lock()
        self._server: ModbusTcpServer | None = None

    @property
    def port(self) -> int:
        """The port that was asked for."""
        return self._address[1]

    async def serve(self) -> None:
        """Serve until cancelled."""
        await self._renew()
        devices = [self._device(unit, len(image)) for unit, image in enumerate(self._images[:_MOST_UNITS], start=1)]
        if not devices:
            return
        server = ModbusTcpServer(devices, address=self._address)
        self._server = server
        try:
            await server.serve_forever()
        finally:
            await server.shutdown()  # type: ignore[no-untyped-call]  # pymodbus gives it no types

    def _device(self, unit: int, length: int) -> SimDevice:
        async def access(
            _function: int,
            start: int,
            address: int,
            count: int,
            registers: list[int],
            values: list[int] | list[bool] | None,
        ) -> ExcCodes | None:
            if values is not None:
                return ExcCodes.ILLEGAL_FUNCTION
            await self._renew()
            image = self._images[unit - 1]
            if len(image) != length or address < BASE_ADDRESS or address + count > BASE_ADDRESS + length:
                return ExcCodes.ILLEGAL_ADDRESS
            for position in range(address, address + count):
                registers[position - start] = image[position - BASE_ADDRESS]
            return None

        registers = [SimData(BASE_ADDRESS, values=[0] * length, datatype=DataType.REGISTERS)]
        return SimDevice(id=unit, simdata=registers, action=access)

    async def _renew(self) -> None:
        """New images, once a second at most: a client reads a battery in several requests."""
        now = asyncio.get_running_loop().time()
        async with self._lock:
            if self._images and now - self._made_second < _FRESH_SECOND:
                return
            snapshots = await asyncio.to_thread(self._snapshots)
            self._heartbeat = (self._heartbeat + 1) % _HEARTBEATS
            self._images = [battery_image(snapshot, self._version, self._heartbeat) for snapshot in snapshots]
            self._made_second = now
