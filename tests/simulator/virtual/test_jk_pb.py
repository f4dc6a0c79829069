"""The virtual JK PB against its driver, over a pseudo-terminal and TCP."""

from __future__ import annotations

import pytest

from cellwarden.drivers.errors import NoAnswerError
from cellwarden.drivers.registry import driver_named
from cellwarden.drivers.transport.serial_line import SerialLine
from cellwarden.drivers.transport.tcp import TcpLine
from cellwarden.simulator.fault import Fault
from cellwarden.simulator.virtual.protocols.jk_pb import VirtualJkPb
from cellwarden.simulator.virtual.service import Place, serving
from cellwarden.simulator.virtual.spoiled_wire import SpoiledWire
from tests.simulator.virtual.virtual_setup import at_address, near, read_all, run, standing_pack

pytestmark = pytest.mark.enable_socket
DRIVER = driver_named("jk_pb")


def test_the_driver_reads_what_the_pack_has_over_a_pseudo_terminal() -> None:
    pack = standing_pack()

    async def test() -> None:
        async with serving(VirtualJkPb(address=3), SpoiledWire(pack), Place(kind="pty")) as port:
            assert DRIVER.serial is not None
            async with SerialLine(port, DRIVER.serial) as line:
                read, session = await read_all(DRIVER, line, at_address(DRIVER, 3))
        true = pack.reading()
        assert true.current_ampere < -20.0
        assert near(read.cell_voltage_volt, true.cell_voltage_volt, 0.001)
        assert near(read.temperature_celsius, true.temperature_celsius, 0.1)
        assert near(read.current_ampere, true.current_ampere, 0.001)
        assert near(read.pack_voltage_volt, true.pack_voltage_volt, 0.001)
        assert near(read.mos_temperature_celsius, true.mos_temperature_celsius, 0.1)
        assert near(read.bms_soc_fraction, true.soc_fraction, 0.01)
        assert near(read.remaining_capacity_ah, true.remaining_ah, 0.001)
        assert near(read.full_capacity_ah, true.full_ah, 0.001)
        assert near(read.nominal_capacity_ah, true.nominal_ah, 0.001)
        assert near(read.charge_current_limit_ampere, true.charge_current_limit_ampere, 0.001)
        assert near(read.discharge_current_limit_ampere, true.discharge_current_limit_ampere, 0.001)
        assert read.charge_switch_fraction == read.discharge_switch_fraction == 1.0
        assert read.alarms == ()
        assert read.refused == ()
        assert session.counters["skipped_bytes"] == 0

    run(test())


def test_over_tcp_with_a_missing_cell_and_sensor() -> None:
    lost = (Fault(kind="sensor_dropout", cell=4), Fault(kind="sensor_dropout", sensor="t2"))
    pack = standing_pack(*lost, cells=14)

    async def test() -> None:
        async with (
            serving(VirtualJkPb(), SpoiledWire(pack), Place(kind="tcp")) as where,
            TcpLine("127.0.0.1", int(where.split(":")[1])) as line,
        ):
            read, _ = await read_all(DRIVER, line)
        true = pack.reading()
        assert near(read.cell_voltage_volt, true.cell_voltage_volt, 0.001)
        assert near(read.temperature_celsius, true.temperature_celsius, 0.1)

    run(test())


def test_another_address_is_not_answered() -> None:
    async def test() -> None:
        async with serving(VirtualJkPb(address=2), SpoiledWire(standing_pack()), Place(kind="pty")) as port:
            assert DRIVER.serial is not None
            async with SerialLine(port, DRIVER.serial) as line:
                with pytest.raises(NoAnswerError):
                    await read_all(DRIVER, line)

    run(test())


def test_the_acknowledgement_is_that_of_the_protocol_page() -> None:
    reply = VirtualJkPb().answer(bytes.fromhex("01101620000102 0000D6F1"), standing_pack().reading())
    assert len(reply) == 310
    assert reply[300:] == bytes.fromhex("00 01 10 16 20 00 01 04 4B 00")


def test_a_write_is_not_understood() -> None:
    assert VirtualJkPb().answer(bytes.fromhex("01101078000204000000 01F92D"), standing_pack().reading()) == b""


def test_noise_before_a_request_is_stepped_over() -> None:
    device, request = VirtualJkPb(), bytes.fromhex("0110162000010200 00D6F1")
    buffer, found = b"\x00\xff\x01\x10" + request, None
    while buffer and found is None:
        taken = device.take(buffer)
        found, buffer = taken.request, buffer[taken.byte_count :]
    assert found == request
