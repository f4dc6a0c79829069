"""Virtual sensor arrays against the drivers whose map is data: Modbus, CAN by DBC, MQTT with JSON."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
from collections.abc import AsyncIterator, Mapping
from typing import Any

import numpy as np
import pytest

from cellwarden.core.sample_block import FloatArray
from cellwarden.drivers.device import Driver
from cellwarden.drivers.errors import NoAnswerError
from cellwarden.drivers.reading import DeviceReading
from cellwarden.drivers.registry import driver_named
from cellwarden.drivers.session import Session
from cellwarden.drivers.transport.can_bus import CanBus
from cellwarden.drivers.transport.messages import MessageTransport
from cellwarden.drivers.transport.mqtt import MqttFeed
from cellwarden.drivers.transport.serial_line import SerialLine
from cellwarden.drivers.transport.tcp import TcpLine
from cellwarden.simulator.fault import Fault
from cellwarden.simulator.virtual.protocols.can_array import VirtualCanArray, array_dbc
from cellwarden.simulator.virtual.protocols.modbus_array import VirtualModbusArray
from cellwarden.simulator.virtual.protocols.mqtt_json import VirtualMqttJson
from cellwarden.simulator.virtual.running_pack import RunningPack
from cellwarden.simulator.virtual.service import Place, serving
from cellwarden.simulator.virtual.spoiled_wire import SpoiledWire
from cellwarden.simulator.virtual.wire_faults import WireFaults
from tests.simulator.virtual.virtual_setup import near, read_all, run, standing_pack

pytestmark = pytest.mark.enable_socket
CELLS, SENSORS = 18, 5
LOST = (Fault(kind="sensor_dropout", cell=4), Fault(kind="sensor_dropout", sensor="t2"))
Points = list[Mapping[str, Any]]


def wrong(read: DeviceReading, pack: RunningPack) -> list[str]:
    """Quantities that are not the pack's."""
    true = pack.reading()
    pairs: dict[str, tuple[FloatArray | float | None, FloatArray | float, float]] = {
        "cell_voltage_volt": (read.cell_voltage_volt, true.cell_voltage_volt, 0.0001),
        "temperature_celsius": (read.temperature_celsius, true.temperature_celsius, 0.01),
        "current_ampere": (read.current_ampere, true.current_ampere, 0.001),
        "pack_voltage_volt": (read.pack_voltage_volt, true.pack_voltage_volt, 0.001),
        "ambient": (read.ambient_temperature_celsius, true.ambient_temperature_celsius, 0.1),
    }
    return [name for name, (got, expected, step) in pairs.items() if not near(got, expected, step)]


MODBUS_POINTS: Points = [
    {"value": "cell_voltage_volt", "address": 100, "type": "u16", "count": CELLS, "scale": 0.0001},
    {"value": "temperature_celsius", "address": 600, "type": "s16", "count": SENSORS, "scale": 0.01},
    {"value": "current_ampere", "address": 2, "type": "s32", "scale": 0.001},
    {"value": "pack_voltage_volt", "address": 4, "type": "u32", "scale": 0.001},
    {"value": "ambient_temperature_celsius", "address": 6, "type": "s16", "scale": 0.1},
]


@pytest.mark.parametrize("kind", ["pty", "tcp"])
def test_modbus_registers(kind: str) -> None:
    framing = "tcp" if kind == "tcp" else "rtu"
    driver = driver_named("modbus_array").configured({"points": MODBUS_POINTS, "framing_name": framing})
    pack = standing_pack(*LOST, cells=CELLS)

    async def test() -> None:
        place = Place(kind="tcp" if kind == "tcp" else "pty")
        async with serving(VirtualModbusArray(), SpoiledWire(pack), place) as where:
            assert driver.serial is not None
            line = TcpLine("127.0.0.1", int(where.split(":")[1])) if ":" in where else SerialLine(where, driver.serial)
            async with line:
                assert wrong((await read_all(driver, line))[0], pack) == []

    run(test())


CAN_POINTS: Points = [
    {"value": "cell_voltage_volt", "signal": "CellV{n}", "count": CELLS},
    {"value": "temperature_celsius", "signal": "Temp{n}", "count": SENSORS},
    {"value": "current_ampere", "signal": "Current"},
    {"value": "pack_voltage_volt", "signal": "PackV"},
    {"value": "ambient_temperature_celsius", "signal": "Ambient"},
]


async def heard(driver: Driver, feed: MessageTransport, messages: int) -> Session:
    """A session with so many of the driver's messages."""
    session = Session(driver)
    while session.counters["frames"] < messages:
        message = await feed.receive(5.0)
        session.feed_message(message.channel, message.payload)
    return session


def test_can_by_a_dbc_file_on_a_virtual_bus() -> None:
    driver = driver_named("can_dbc").configured({"points": CAN_POINTS, "dbc": array_dbc(CELLS, SENSORS)})
    pack = standing_pack(*LOST, cells=CELLS)
    place = Place(kind="can", interface="virtual", channel="array")

    async def test() -> None:
        session = Session(driver)
        async with (
            CanBus("virtual", "array", listen_to=driver.channels(session.profile)) as feed,
            serving(VirtualCanArray(period_second=0.2), SpoiledWire(pack), place),
        ):
            session = await heard(driver, feed, 2 * len(driver.channels(session.profile)))
        assert wrong(session.decode(session.take(), 0.0), pack) == []

    run(test())


MQTT_POINTS: Points = [
    {"value": "cell_voltage_volt", "topic": "rack/cells", "pointer": "/cell_voltage_volt/{i}", "count": CELLS},
    {"value": "temperature_celsius", "topic": "rack/cells", "pointer": "/temperature_celsius/{i}", "count": SENSORS},
    {"value": "current_ampere", "topic": "rack/pack", "pointer": "/current_ampere"},
    {"value": "pack_voltage_volt", "topic": "rack/pack", "pointer": "/voltage_volt"},
    {"value": "ambient_temperature_celsius", "topic": "rack/pack", "pointer": "/ambient_temperature_celsius"},
]


@contextlib.asynccontextmanager
async def broker() -> AsyncIterator[int]:
    """The port of a mosquitto that serves this machine only."""
    program = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
    if program is None:
        pytest.skip("mosquitto is not installed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        program, "-p", str(port), stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        for _ in range(100):
            with contextlib.suppress(OSError):
                _reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                await writer.wait_closed()
                break
            await asyncio.sleep(0.05)
        yield port
    finally:
        process.terminate()
        await process.wait()


def test_json_over_mqtt_by_way_of_mosquitto() -> None:
    driver = driver_named("mqtt_json").configured({"points": MQTT_POINTS, "time_pointer": "/unix_time_second"})
    pack, faults = standing_pack(*LOST, cells=CELLS), WireFaults()
    device = VirtualMqttJson(topic="rack", period_second=0.05)

    async def test() -> None:
        async with (
            broker() as port,
            MqttFeed("127.0.0.1", ["#"], port=port) as feed,
            serving(device, SpoiledWire(pack, faults), Place(kind="mqtt", port=port)),
        ):
            session = await heard(driver, feed, 4)
            reading = session.decode(session.take(), 0.0)
            assert wrong(reading, pack) == []
            faults.switch_on("garbage")
            while not session.counters["type"]:
                message = await feed.receive(5.0)
                session.feed_message(message.channel, message.payload)
            faults.switch_off("garbage")
            faults.switch_on("other_address")
            await asyncio.sleep(0.2)
            while not (message := await feed.receive(5.0)).channel.startswith("other/rack"):
                pass
            assert session.feed_message(message.channel, message.payload) == []

    run(test())


def test_late_messages_come_all_the_same_and_silence_is_heard() -> None:
    faults, loop_times = WireFaults(), []
    place = Place(kind="can", interface="virtual", channel="late")

    async def test() -> None:
        async with CanBus("virtual", "late") as feed:
            await asyncio.sleep(0.05)  # the bus is opened in a thread
            faults.switch_on("late", delay_second=0.3)
            device = VirtualCanArray(period_second=10.0)
            begin = asyncio.get_running_loop().time()
            async with serving(device, SpoiledWire(standing_pack(cells=4), faults), place):
                for _ in range(4):
                    message = await feed.receive(5.0)
                    loop_times.append(message.at_second - begin)
                with pytest.raises(NoAnswerError):
                    await feed.receive(0.1)
        assert min(loop_times) >= 0.25

    run(test())


def test_a_flood_and_a_silence_of_messages() -> None:
    faults = WireFaults()
    wire = SpoiledWire(standing_pack(cells=4), faults)
    faults.switch_on("flood", times=3)
    sent = wire.round(VirtualCanArray())
    assert len(sent) == 3 * 4  # totals, air, one of cells, one of sensors
    faults.switch_on("silence")
    assert wire.round(VirtualCanArray()) == []
    assert np.isfinite([delay for delay, _ in sent]).all()
