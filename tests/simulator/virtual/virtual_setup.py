"""Virtual devices for tests: a pack whose clock a test moves, and a driver that asks a device over a real transport."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import replace

import numpy as np

from cellwarden.core.sample_block import FloatArray
from cellwarden.drivers.device import DeviceProfile, Driver
from cellwarden.drivers.reading import DeviceReading
from cellwarden.drivers.session import Session
from cellwarden.drivers.transport.stream import StreamTransport
from cellwarden.simulator.fault import Fault
from cellwarden.simulator.live.live_duty import LiveDuty
from cellwarden.simulator.live.live_pack import LivePack
from cellwarden.simulator.pack_design import PackDesign
from cellwarden.simulator.virtual.running_pack import RunningPack

DISCHARGING = LiveDuty(kind="float", load_watt=1400.0, outage_first_hour=0.0, outage_length_hour=1.0)
CHARGING = LiveDuty(kind="float", outage_first_hour=100.0, outage_every_hour=200.0)


class HandClock:
    """A clock that stands until a test moves it."""

    def __init__(self) -> None:
        self.now_second = 0.0

    def __call__(self) -> float:
        """The time [s]."""
        return self.now_second


def small_pack(*faults: Fault, cells: int = 16, soc: float = 0.7, duty: LiveDuty = DISCHARGING) -> LivePack:
    """Cells of 100 Ah with sensors of usual errors."""
    design = PackDesign(id="virtual", cells_in_series=cells, initial_soc_fraction=soc)
    duty = replace(duty, load_watt=duty.load_watt * cells / 16)
    return LivePack(design=design, duty=duty, faults=faults, start_unix_time_second=1.7e9, seed=5)


def standing_pack(
    *faults: Fault, cells: int = 16, soc: float = 0.7, duty: LiveDuty = DISCHARGING, second: float = 40.0
) -> RunningPack:
    """A pack that has run for so long and whose clock then stands: each reading of it is the same."""
    clock = HandClock()
    running = RunningPack(small_pack(*faults, cells=cells, soc=soc, duty=duty), clock=clock)
    clock.now_second = second
    return running


def run(test: Coroutine[None, None, None], timeout_second: float = 20.0) -> None:
    """Run a test's coroutine, not for ever."""
    asyncio.run(asyncio.wait_for(test, timeout_second))


async def ask(session: Session, line: StreamTransport, name: str, timeout_second: float = 1.0) -> None:
    """Ask one thing and wait for its whole answer."""
    request = session.driver.request(name, session.profile)
    session.begin(request)

    def complete(piece: bytes) -> bool:
        session.feed(piece)
        return session.complete

    await line.exchange(request.payload, complete, timeout_second)


async def discover(session: Session, line: StreamTransport) -> None:
    """Let a driver find its way about the device, where it has to."""
    while request := session.driver.discovery(session.profile):
        await ask(session, line, request.name)


async def read_all(
    driver: Driver, line: StreamTransport, profile: DeviceProfile | None = None
) -> tuple[DeviceReading, Session]:
    """What a driver makes of a device that it asks for everything in its plan."""
    session = Session(driver, profile)
    await discover(session, line)
    session.take()
    for poll in driver.polls(session.profile):
        await ask(session, line, poll.request)
    return session.decode(session.take(), 0.0), session


def near(read: FloatArray | float | None, true: FloatArray | float, step: float) -> bool:
    """Whether a reading is the truth rounded to the protocol's step; NaN goes with NaN."""
    if read is None or np.shape(read) != np.shape(true):
        return False
    return bool(np.allclose(read, true, rtol=0.0, atol=0.5001 * step + 1e-9, equal_nan=True))


def at_address(driver: Driver, address: int) -> DeviceProfile:
    """A profile of a device at that address."""
    return replace(DeviceProfile(address=driver.addresses[0]), address=address)
