"""Reaching a device once, only by questions: who it is and what it reads."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from cellwarden.app.service.message_listener import MessageListener
from cellwarden.app.service.source_poller import SourcePoller
from cellwarden.core.errors import CellwardenError
from cellwarden.drivers.device import DeviceProfile, Driver
from cellwarden.drivers.reading import DeviceIdentity, DeviceReading
from cellwarden.drivers.session import Session
from cellwarden.drivers.transport.ble import BleDevice
from cellwarden.drivers.transport.link import DeviceLink
from cellwarden.drivers.transport.messages import MessageTransport
from cellwarden.drivers.transport.stream import StreamTransport

__all__ = ["Reached", "reach", "reach_bluetooth"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """What became of a device: its reading, or why there is none; `exchange_second` is the time of one round [s].

    `is_line_down` says that the line itself could not be opened or was lost, so that no device was asked.
    """

    reading: DeviceReading | None
    identity: DeviceIdentity | None
    exchange_second: float
    refused: dict[str, int]
    trouble: str = ""
    is_line_down: bool = False


async def reach(
    driver: Driver,
    profile: DeviceProfile,
    line: StreamTransport | MessageTransport,
    period_second: float,
    timeout_second: float,
) -> Reached:
    """Ask a device until it gives one reading, for a while at most."""
    got: asyncio.Future[DeviceReading] = asyncio.get_running_loop().create_future()

    def take(reading: DeviceReading, _: float) -> None:
        if not got.done():
            got.set_result(reading)

    session = Session(driver, profile)
    poller: SourcePoller | MessageListener
    if isinstance(line, StreamTransport):
        poller = SourcePoller(driver.name, DeviceLink(line, session), period_second, take)
    else:
        poller = MessageListener(driver.name, line, session, period_second, take)
    task = asyncio.create_task(poller.run())
    try:
        reading: DeviceReading | None = await asyncio.wait_for(got, timeout_second)
    except TimeoutError:
        reading = None
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    counted = {
        name: count for name, count in session.counters.items() if name not in {"frames", "skipped_bytes"} and count
    }
    return Reached(
        reading=reading,
        identity=session.profile.identity if reading is None else reading.identity or session.profile.identity,
        exchange_second=poller.exchange.all.largest_second,
        refused=counted,
        trouble="" if reading is not None else _trouble(poller, session, timeout_second),
        is_line_down=reading is None and isinstance(poller, SourcePoller) and not poller.link.line.is_open,
    )


async def reach_bluetooth(device: BleDevice) -> Reached:
    """Ask a device in the air once."""
    begin = asyncio.get_running_loop().time()
    reading, identity, trouble = None, None, ""
    async with device:
        try:
            identity = await device.identity()
            reading = await device.read()
        except CellwardenError as error:
            trouble = str(error)
    took = asyncio.get_running_loop().time() - begin
    return Reached(reading=reading, identity=identity, exchange_second=took, refused={}, trouble=trouble)


def _trouble(poller: SourcePoller | MessageListener, session: Session, timeout_second: float) -> str:
    """Why nothing came, as far as the frames tell."""
    counters = session.counters
    if counters["checksum"] or counters["length"]:
        return "answers are damaged: check baud rate, parity, termination"
    if counters["address"]:
        return "another address answers"
    if counters["type"] or counters["implausible"]:
        return "it answers, but not as this driver expects: check the driver and its settings"
    if counters["frames"]:
        return "it answers, but gave no whole reading in time"
    if counters["skipped_bytes"]:
        return "bytes come, but none of this protocol: check driver and baud rate"
    if isinstance(poller, SourcePoller) and not poller.link.line.is_open and poller.trouble:
        return poller.trouble.split("; next try")[0]
    tried = f"no answer within {timeout_second:g} s"
    return f"{tried}: check wiring, address and baud rate; `cellwarden probe` says what answers"
