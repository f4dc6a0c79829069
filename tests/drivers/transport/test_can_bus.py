"""CAN on python-can's virtual bus."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine

import can
import pytest

from cellwarden.drivers.errors import NoAnswerError
from cellwarden.drivers.transport.can_bus import CanBus, can_channel
from cellwarden.drivers.transport.messages import MessageTransport

pytestmark = pytest.mark.enable_socket


def run(test: Coroutine[None, None, None]) -> None:
    asyncio.run(asyncio.wait_for(test, 10.0))


async def until_listening(line: MessageTransport, sender: can.BusABC, identifier: int) -> None:
    """Send until the first message gets through."""
    while True:
        sender.send(can.Message(arbitration_id=identifier, data=b"\x00", is_extended_id=False))
        try:
            await line.receive(0.05)
        except NoAnswerError:
            continue
        return


def test_channels_are_written_as_hexadecimal_digits() -> None:
    assert can_channel(0x355, extended=False) == "355"
    assert can_channel(0x18904001, extended=True) == "18904001"


def test_messages_come_with_their_identifier() -> None:
    async def test() -> None:
        with can.Bus(interface="virtual", channel="messages") as sender:
            async with CanBus("virtual", "messages") as line:
                await until_listening(line, sender, 0x100)
                sender.send(can.Message(arbitration_id=0x355, data=b"\x64\x00", is_extended_id=False))
                sender.send(can.Message(arbitration_id=0x18904001, data=b"\x01", is_extended_id=True))
                got = [await line.receive(1.0) for _ in range(2)]
                assert {message.channel: message.payload for message in got} == {
                    "355": b"\x64\x00",
                    "18904001": b"\x01",
                }
                with pytest.raises(NoAnswerError, match="no message"):
                    await line.receive(0.02)

    run(test())


def test_only_the_channels_of_the_driver_are_taken() -> None:
    async def test() -> None:
        with can.Bus(interface="virtual", channel="filters") as sender:
            async with CanBus("virtual", "filters", listen_to=["355"]) as line:
                await until_listening(line, sender, 0x355)
                sender.send(can.Message(arbitration_id=0x356, data=b"\x01", is_extended_id=False))
                sender.send(can.Message(arbitration_id=0x355, data=b"\x02", is_extended_id=False))
                assert (await line.receive(1.0)).payload == b"\x02"

    run(test())


def test_a_flood_on_one_identifier_does_not_hide_the_others() -> None:
    async def test() -> None:
        with can.Bus(interface="virtual", channel="flood") as sender:
            async with CanBus("virtual", "flood") as line:
                await until_listening(line, sender, 0x100)
                sender.send(can.Message(arbitration_id=0x355, data=b"\x07", is_extended_id=False))
                for count in range(3000):
                    sender.send(can.Message(arbitration_id=0x100, data=bytes((count & 0xFF,)), is_extended_id=False))
                await asyncio.sleep(0.3)
                got = {(await line.receive(1.0)).channel for _ in range(2)}
                assert got == {"100", "355"}
                assert line.dropped_messages > 2900

    run(test())


def test_error_frames_are_counted_and_not_delivered() -> None:
    async def test() -> None:
        with can.Bus(interface="virtual", channel="errors") as sender:
            async with CanBus("virtual", "errors") as line:
                await until_listening(line, sender, 0x100)
                sender.send(can.Message(is_error_frame=True))
                sender.send(can.Message(arbitration_id=0x355, data=b"\x01", is_extended_id=False))
                assert (await line.receive(1.0)).channel == "355"
                assert line.counters["error_frames"] == 1

    run(test())


def test_an_interface_that_does_not_open_is_counted_and_tried_again() -> None:
    async def test() -> None:
        async with CanBus("socketcan", "no-such-can") as line:
            with pytest.raises(NoAnswerError):
                await line.receive(0.2)
            assert line.counters["failures"] == 1

    run(test())
