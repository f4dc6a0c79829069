"""Ports of virtual devices: who may use them, links, clients that come and go."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from cellwarden.core.errors import ConfigurationError
from cellwarden.drivers.registry import driver_named
from cellwarden.drivers.transport.tcp import TcpLine
from cellwarden.simulator.virtual.protocols.can_array import VirtualCanArray
from cellwarden.simulator.virtual.protocols.jk_pb import VirtualJkPb
from cellwarden.simulator.virtual.registry import virtual_device_named
from cellwarden.simulator.virtual.service import Place, serving
from cellwarden.simulator.virtual.spoiled_wire import SpoiledWire
from cellwarden.simulator.virtual.wire_faults import WireFaults
from tests.simulator.virtual.virtual_setup import read_all, run, standing_pack

pytestmark = pytest.mark.enable_socket
JK = driver_named("jk_pb")


async def opened(device: VirtualJkPb | VirtualCanArray, place: Place, cells: int = 16) -> None:
    async with serving(device, SpoiledWire(standing_pack(cells=cells)), place):
        pass


@pytest.mark.parametrize(
    ("device", "place", "cells", "says"),
    [
        (VirtualJkPb(), Place(kind="can"), 16, "reached by pty or tcp, not by can"),
        (VirtualJkPb(), Place(kind="pty"), 33, "room for 32 cells; the pack has 33"),
        (VirtualCanArray(), Place(kind="can", interface="nothing"), 16, "no CAN bus nothing"),
    ],
)
def test_what_cannot_be_reached_is_said(
    device: VirtualJkPb | VirtualCanArray, place: Place, cells: int, says: str
) -> None:
    with pytest.raises(ConfigurationError, match=says):
        run(opened(device, place, cells))


def test_an_unknown_device_names_the_nearest() -> None:
    assert virtual_device_named("JK_PB").name == "jk-pb"
    with pytest.raises(ConfigurationError, match="did you mean 'pylontech'"):
        virtual_device_named("pylon-tech")


def test_a_link_replaces_an_old_link_but_never_a_file(tmp_path: Path) -> None:
    link = tmp_path / "folder" / "jk"
    link.parent.mkdir()
    link.symlink_to(tmp_path / "gone")

    async def test() -> None:
        async with serving(VirtualJkPb(), SpoiledWire(standing_pack()), Place(kind="pty", link=link)) as port:
            assert str(link.readlink()) == port

    run(test())
    assert not link.is_symlink()
    link.write_text("mine", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="is no link"):
        run(test())
    assert link.read_text(encoding="utf-8") == "mine"


def test_clients_on_tcp_have_a_conversation_each() -> None:
    async def test() -> None:
        async with serving(VirtualJkPb(), SpoiledWire(standing_pack()), Place(kind="tcp")) as where:
            port = int(where.split(":")[1])
            _reader, half = await asyncio.open_connection("127.0.0.1", port)
            half.write(b"\x01\x10\x16")  # begins a request, and then another client asks
            await half.drain()
            async with TcpLine("127.0.0.1", port) as line:
                assert (await read_all(JK, line))[0].cell_voltage_volt is not None
            half.close()
            await half.wait_closed()

    run(test())


def test_a_client_that_does_not_read_a_flood_is_dropped() -> None:
    faults = WireFaults()
    faults.switch_on("flood", times=10_000)  # 3 MB an answer

    async def test() -> None:
        async with serving(VirtualJkPb(), SpoiledWire(standing_pack(), faults), Place(kind="tcp")) as where:
            _reader, writer = await asyncio.open_connection("127.0.0.1", int(where.split(":")[1]), limit=1024)
            for _ in range(4):
                writer.write(bytes.fromhex("01 10 16 20 00 01 02 00 00 D6 F1"))
                await asyncio.sleep(0.05)
            writer.transport.abort()
            faults.switch_off("flood")
            async with TcpLine("127.0.0.1", int(where.split(":")[1])) as line:
                assert (await read_all(JK, line))[0].cell_voltage_volt is not None

    run(test())
