"""Sources of a site: a device whose map must be found and whose parts must hold together; one that talks by itself."""

from __future__ import annotations

import asyncio
import struct
import time
from collections.abc import Callable

import numpy as np
import pytest

from cellwarden.app.service import source_poller
from cellwarden.app.service.message_listener import MessageListener
from cellwarden.app.service.source_poller import SourcePoller
from cellwarden.drivers.device import DeviceProfile
from cellwarden.drivers.reading import DeviceReading
from cellwarden.drivers.session import Session
from cellwarden.drivers.sunspec import DRIVER
from cellwarden.drivers.transport.link import DeviceLink
from cellwarden.drivers.transport.messages import MessageTransport
from tests.drivers.bad_frames import there
from tests.drivers.golden_samples import golden
from tests.drivers.register_line import Registers
from tests.drivers.sunspec_image import BATTERY, MILLIVOLT, bank, image, module, rack, string

pytestmark = pytest.mark.enable_socket  # the event loop wakes itself through a pair of sockets


def readings_of(
    make: Callable[[Callable[[DeviceReading, float], None]], SourcePoller], count: int
) -> list[DeviceReading]:
    """The first readings of a poller."""
    readings: list[DeviceReading] = []

    async def test() -> None:
        worker = make(lambda reading, _: readings.append(reading))
        task = asyncio.create_task(worker.run())
        while len(readings) < count:
            await asyncio.sleep(0.01)
        task.cancel()

    asyncio.run(asyncio.wait_for(test(), 10.0))
    return readings


def poller(registers: dict[int, int]) -> Callable[[Callable[[DeviceReading, float], None]], SourcePoller]:
    def make(take: Callable[[DeviceReading, float], None]) -> SourcePoller:
        link = DeviceLink(Registers(registers), Session(DRIVER, DeviceProfile(address=1)))
        return SourcePoller("rack bms", link, 0.02, take)

    return make


def test_modules_of_a_battery_whose_map_was_found_make_one_reading() -> None:
    for reading in readings_of(poller(rack(50000)), 3):
        np.testing.assert_allclose(there(reading.cell_voltage_volt), np.array(MILLIVOLT) / 1000)
        assert reading.pack_voltage_volt == pytest.approx(52.98)
        assert reading.identity is not None


def test_a_device_that_was_replaced_by_one_with_another_map_is_found_again() -> None:
    taken: list[DeviceReading] = []

    async def test() -> None:
        line = Registers(rack(40000))
        link = DeviceLink(line, Session(DRIVER, DeviceProfile(address=1)))
        task = asyncio.create_task(SourcePoller("rack bms", link, 0.02, lambda reading, _: taken.append(reading)).run())
        while not taken:
            await asyncio.sleep(0.01)
        line.registers = image((802, {**BATTERY, "V": 2650}), string(1, 1, centivolt=2650), module(1, 1, range(8)))
        while there(taken[-1].cell_voltage_volt).size != 8:
            await asyncio.sleep(0.01)
        task.cancel()

    asyncio.run(asyncio.wait_for(test(), 30.0))


def test_parts_that_do_not_hold_together_are_no_reading() -> None:
    registers = image((802, BATTERY), bank(1), string(1, 1, centivolt=4000), module(1, 1, range(16)))
    taken: list[DeviceReading] = []

    async def test() -> None:
        worker = poller(registers)(lambda reading, _: taken.append(reading))
        task = asyncio.create_task(worker.run())
        while worker.link.session.counters["implausible"] < 3:
            await asyncio.sleep(0.01)
        task.cancel()
        assert worker.gaps >= 2

    asyncio.run(asyncio.wait_for(test(), 10.0))
    assert taken == []


class Sleeping(Registers):
    """A line on which the whole process stands still once, as under SIGSTOP."""

    def __init__(self, registers: dict[int, int]) -> None:
        super().__init__(registers)
        self.sleep_second = 0.0

    async def _read(self) -> bytes:
        slept, self.sleep_second = self.sleep_second, 0.0
        time.sleep(slept)  # the event loop sleeps too
        return await super()._read()


def test_answers_that_were_slept_through_are_not_taken_for_new(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_poller, "_OLD_SECOND", 0.2)
    taken: list[float] = []

    async def test() -> None:
        line = Sleeping(rack(50000))
        link = DeviceLink(line, Session(DRIVER, DeviceProfile(address=1)))
        worker = SourcePoller("rack bms", link, 0.02, lambda _, at: taken.append(at))
        task = asyncio.create_task(worker.run())
        while len(taken) < 2:
            await asyncio.sleep(0.01)
        gaps, line.sleep_second = worker.gaps, 0.5
        while not worker.trouble and worker.gaps == gaps:
            await asyncio.sleep(0.0)
        assert "too old" in worker.trouble
        count = len(taken)
        while len(taken) < count + 2:
            await asyncio.sleep(0.01)
        task.cancel()

    asyncio.run(asyncio.wait_for(test(), 20.0))


class Talking(MessageTransport):
    """Cells every time, the rest only at first."""

    def __init__(self, first: tuple[tuple[str, bytes], ...]):
        super().__init__("talking")
        self._first = first

    async def _listen(self) -> None:
        for channel, payload in self._first:
            self._deliver(channel, payload)
        while True:
            await asyncio.sleep(0.005)
            self._deliver("100", struct.pack("<4H", 3301, 3302, 3303, 3304))


def test_messages_of_different_pace_make_one_reading() -> None:
    sample = golden("can_dbc")

    async def test() -> list[DeviceReading]:
        readings: list[DeviceReading] = []
        async with Talking(sample.replies) as line:
            listener = MessageListener(
                "array", line, sample.session(), 0.05, lambda reading, _: readings.append(reading)
            )
            task = asyncio.create_task(listener.run())
            while len(readings) < 4:
                await asyncio.sleep(0.01)
            task.cancel()
        return readings

    for reading in asyncio.run(asyncio.wait_for(test(), 10.0))[1:]:
        assert list(there(reading.cell_voltage_volt)) == pytest.approx([3.301, 3.302, 3.303, 3.304])
        assert reading.current_ampere == pytest.approx(-12.5)  # said once, and still fresh
