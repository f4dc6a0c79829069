"""Our client against pymodbus, over a real connection: a SunSpec battery, and a sensor array by a map."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import pytest
from pymodbus.framer import FramerType
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from cellwarden.drivers.device import DeviceProfile
from cellwarden.drivers.modbus_array import DRIVER as ARRAY
from cellwarden.drivers.session import Session
from cellwarden.drivers.sunspec import DRIVER as SUNSPEC
from cellwarden.drivers.transport.link import DeviceLink
from cellwarden.drivers.transport.tcp import TcpLine
from tests.drivers.bad_frames import there
from tests.drivers.sunspec_image import MILLIVOLT, rack

pytestmark = pytest.mark.enable_socket


@asynccontextmanager
async def serving(registers: dict[int, int], framer: FramerType) -> AsyncIterator[int]:
    """The port of a server that holds these registers."""
    first = min(registers)
    values = [registers[address] for address in range(first, max(registers) + 1)]
    data = SimData(first, values=values, datatype=DataType.REGISTERS)
    server: Any = ModbusTcpServer(SimDevice(1, simdata=data), framer=framer, address=("127.0.0.1", 0))
    await server.listen()
    try:
        yield server.transport.sockets[0].getsockname()[1]
    finally:
        await server.shutdown()


@pytest.mark.parametrize(("framing", "framer"), [("tcp", FramerType.SOCKET), ("rtu", FramerType.RTU)])
@pytest.mark.parametrize("base", [40000, 50000])
def test_a_sunspec_battery_is_found_and_read(framing: str, framer: FramerType, base: int) -> None:
    async def test() -> None:
        session = Session(SUNSPEC.configured({"framing_name": framing}), DeviceProfile(address=1))
        async with serving(rack(base), framer) as port, TcpLine("127.0.0.1", port) as line:
            link = DeviceLink(line, session)
            await link.discover()
            frames = [
                frame
                for poll in session.driver.polls(session.profile)
                for frame in await link.ask(session.driver.request(poll.request, session.profile))
            ]
        reading = session.decode(frames, 0.0)
        np.testing.assert_allclose(there(reading.cell_voltage_volt), np.array(MILLIVOLT) / 1000)
        assert reading.current_ampere == pytest.approx(-12.34)
        assert reading.identity is not None
        assert reading.identity.serial_number == "A0000042"

    asyncio.run(asyncio.wait_for(test(), 20.0))


def test_a_sensor_array_is_read() -> None:
    points = [{"value": "cell_voltage_volt", "address": 100, "count": 16, "scale": 0.001}]

    async def test() -> None:
        session = Session(ARRAY.configured({"points": points, "framing_name": "tcp"}), DeviceProfile(address=1))
        registers = {100 + place: 3300 + place for place in range(16)}
        async with serving(registers, FramerType.SOCKET) as port, TcpLine("127.0.0.1", port) as line:
            frames = await DeviceLink(line, session).ask(session.requests()[0])
        cells = there(session.decode(frames, 0.0).cell_voltage_volt)
        np.testing.assert_allclose(cells, 3.3 + 0.001 * np.arange(16))

    asyncio.run(asyncio.wait_for(test(), 20.0))
