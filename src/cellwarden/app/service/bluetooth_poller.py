"""Reads a Bluetooth device period by period; fields as in `SourcePoller`."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import final

from cellwarden.app.service.latency import RecentLatency
from cellwarden.core.errors import CellwardenError
from cellwarden.drivers.reading import DeviceIdentity, DeviceReading
from cellwarden.drivers.transport.ble import BleDevice

__all__ = ["BluetoothPoller"]

_LOG = logging.getLogger(__name__)
_ANSWER_SECOND = 30.0


@final
class BluetoothPoller:
    """One device in the air.

    Parameters
    ----------
    name : for messages
    device : connects when it is first read, and again after failures
    period_second : between two readings [s]
    on_reading : takes each reading and the monotonic moment of its reception [s]
    """

    def __init__(
        self, name: str, device: BleDevice, period_second: float, on_reading: Callable[[DeviceReading, float], None]
    ) -> None:
        self.name = name
        self.device = device
        self.period_second = period_second
        self.rounds = 0
        self.gaps = 0
        self.jitter = RecentLatency()
        self.exchange = RecentLatency()
        self.trouble = ""
        self.counters: Mapping[str, int] = {}
        self._on_reading = on_reading
        self._identity: DeviceIdentity | None = None

    async def run(self) -> None:
        """Read until cancelled."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            begin = loop.time()
            self.jitter.add(max(0.0, begin - due))
            self.rounds += 1
            try:
                await self._round()
            except CellwardenError as error:
                self._failed(error)
            else:
                self.trouble = ""
                self.exchange.add(loop.time() - begin)
            due = max(due + self.period_second, loop.time())
            await asyncio.sleep(max(0.0, due - loop.time()))

    async def _round(self) -> None:
        if self._identity is None:  # asked anew after every failure: another one may answer then
            self._identity = await self.device.identity(_ANSWER_SECOND)
        reading = await self.device.read(_ANSWER_SECOND)
        self._on_reading(replace(reading, identity=self._identity), asyncio.get_running_loop().time())

    def _failed(self, error: CellwardenError) -> None:
        self.gaps += 1
        self._identity = None
        if not self.trouble:
            _LOG.warning("%s: %s", self.name, error)
        self.trouble = self.trouble or str(error)
