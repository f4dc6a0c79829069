"""Every virtual device that is asked, against the driver for it, over a pseudo-terminal and over TCP.

Encoders and drivers share no code: what agrees here was understood twice.
"""

from __future__ import annotations

import asyncio

import pytest

from cellwarden.drivers.device import Driver
from cellwarden.drivers.errors import LinkDownError, NoAnswerError
from cellwarden.drivers.reading import DeviceReading
from cellwarden.drivers.session import Session
from cellwarden.drivers.transport.serial_line import SerialLine
from cellwarden.drivers.transport.stream import StreamTransport
from cellwarden.drivers.transport.tcp import TcpLine
from cellwarden.simulator.fault import Fault
from cellwarden.simulator.live.live_duty import LiveDuty
from cellwarden.simulator.virtual.device import PortKind
from cellwarden.simulator.virtual.running_pack import RunningPack
from cellwarden.simulator.virtual.service import Place, serving
from cellwarden.simulator.virtual.spoiled_wire import SpoiledWire
from cellwarden.simulator.virtual.wire_faults import WireFaultKind, WireFaults
from tests.simulator.virtual.device_cases import CASES, DeviceCase
from tests.simulator.virtual.virtual_setup import (
    CHARGING,
    DISCHARGING,
    ask,
    at_address,
    discover,
    read_all,
    run,
    standing_pack,
)

pytestmark = pytest.mark.enable_socket
each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)


def line_to(driver: Driver, where: str) -> StreamTransport:
    """The driver's own transport to that place."""
    if ":" in where:
        host, port = where.split(":")
        return TcpLine(host, int(port))
    assert driver.serial is not None
    return SerialLine(where, driver.serial)


def read_device(case: DeviceCase, pack: RunningPack, kind: PortKind) -> DeviceReading:
    """What the driver makes of the device in front of that pack."""
    got: list[DeviceReading] = []
    driver = case.driver_at(kind)

    async def test() -> None:
        async with serving(case.device, SpoiledWire(pack), Place(kind=kind)) as where, line_to(driver, where) as line:
            read, session = await read_all(driver, line, at_address(driver, case.address))
            assert session.counters["skipped_bytes"] == 0
            got.append(read)

    run(test())
    return got[0]


@each_case
@pytest.mark.parametrize("duty", [DISCHARGING, CHARGING], ids=["discharging", "charging"])
@pytest.mark.parametrize("kind", ["pty", "tcp"])
def test_the_driver_reads_what_the_pack_has(case: DeviceCase, duty: LiveDuty, kind: PortKind) -> None:
    pack = standing_pack(duty=duty, cells=case.cells)
    read, true = read_device(case, pack, kind), pack.reading()
    assert abs(true.current_ampere) > 20.0
    assert case.wrong(read, true) == []
    assert read.alarms in {(), None}
    assert read.refused == ()


@each_case
def test_missing_sensors_are_told_as_the_protocol_can(case: DeviceCase) -> None:
    """Cell 4 and sensor t2 give nothing; no protocol may invent them."""
    lost = (Fault(kind="sensor_dropout", cell=4), Fault(kind="sensor_dropout", sensor="t2"))
    pack = standing_pack(*lost, cells=case.cells)
    assert case.wrong(read_device(case, pack, "pty"), pack.reading()) == []


@each_case
def test_bleeds_that_are_on_are_told_by_cell_where_the_protocol_can(case: DeviceCase) -> None:
    high = (Fault(kind="soc_imbalance", cell=2, magnitude=2.0), Fault(kind="soc_imbalance", cell=7, magnitude=2.0))
    pack = standing_pack(*high, soc=0.985, duty=CHARGING, second=3000.0, cells=case.cells)
    read, true = read_device(case, pack, "pty"), pack.reading()
    assert true.balancing.any()
    assert not true.balancing.all()
    if case.balancing:
        assert read.balancing_fraction is not None
        assert read.balancing_fraction.tolist() == true.balancing.astype(float).tolist()


@each_case
def test_open_switches_are_told(case: DeviceCase) -> None:
    pack = standing_pack(soc=0.03, second=900.0, cells=case.cells)
    read, true = read_device(case, pack, "pty"), pack.reading()
    assert (true.charge_closed, true.discharge_closed) == (True, False)
    if case.switches:
        assert (read.charge_switch_fraction, read.discharge_switch_fraction) == (1.0, 0.0)


@each_case
@pytest.mark.parametrize("kind", ["silence", "garbage", "bad_checksum", "other_address", "late"])
def test_no_value_comes_of_a_wire_that_fails_and_good_ones_after_it(case: DeviceCase, kind: WireFaultKind) -> None:
    if kind == "other_address" and case.device.address is None:
        pytest.skip("the protocol has no address")
    if kind == "bad_checksum" and not case.has_checksum:
        pytest.skip("the protocol has no checksum")
    port = case.device.ports[0]
    driver, faults, pack = case.driver_at(port), WireFaults(), standing_pack(cells=case.cells)
    session = Session(driver, at_address(driver, case.address))

    async def test() -> None:
        place = Place(kind=port)
        async with serving(case.device, SpoiledWire(pack, faults), place) as where, line_to(driver, where) as line:
            await discover(session, line)
            for name in case.opening(driver):
                await ask(session, line, name)
            session.take()
            faults.switch_on(kind, delay_second=0.15)
            with pytest.raises((NoAnswerError, LinkDownError)):
                await ask(session, line, case.main_request, timeout_second=0.08)
            assert session.take() == ()
            faults.switch_off(kind)
            await asyncio.sleep(0.2 if kind == "late" else 0.0)
            await ask(session, line, case.main_request)
            assert session.take() != ()

    run(test())
