"""Serial line on pseudo-terminals: pieces, silence, late answers, two devices on one bus, a port that goes away."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from typing import Any

import pytest

from cellwarden.drivers.device import DeviceProfile, Request, SerialSettings
from cellwarden.drivers.errors import LinkDownError, NoAnswerError
from cellwarden.drivers.session import Session
from cellwarden.drivers.transport.link import DeviceLink
from cellwarden.drivers.transport.serial_line import SerialLine
from cellwarden.drivers.transport.stream import Until
from tests.drivers.bad_frames import replies_of
from tests.drivers.golden_samples import assert_reading, golden
from tests.drivers.test_jk_pb import with_ack
from tests.drivers.transport.pty_device import PtyDevice

pytestmark = pytest.mark.enable_socket  # the event loop wakes itself through a pair of sockets

SETTINGS = SerialSettings(baud=115200)
JBD = replies_of("jbd")
REGISTERS = {0x03: "basic", 0x04: "cells", 0x05: "name"}


def run(test: Coroutine[None, None, None]) -> None:
    asyncio.run(asyncio.wait_for(test, 10.0))


def at_once(data: bytes) -> Sequence[tuple[float, bytes]]:
    return [(0.0, data)]


def as_jbd(request: bytes) -> Sequence[tuple[float, bytes]]:
    """The golden replies, each in two pieces."""
    reply = JBD[REGISTERS[request[2]]]
    return [(0.0, reply[:5]), (0.01, reply[5:])]


def test_a_device_is_read_in_pieces() -> None:
    async def test() -> None:
        sample = golden("jbd")
        async with PtyDevice(as_jbd) as device, SerialLine(device.port, SETTINGS) as line:
            link = DeviceLink(line, sample.session())
            frames = [frame for name, _ in sample.replies for frame in await link.ask(request_of(link, name))]
            assert_reading(link.session.decode(frames, 0.0), sample.expected)
            assert line.counters["exchanges"] == 3

    run(test())


def request_of(link: DeviceLink, name: str, **changes: Any) -> Request:
    return replace(link.session.driver.request(name, link.session.profile), **changes)


@pytest.mark.parametrize(("until", "answer"), [(4, b"abcd"), (b"\r", b"ab\r"), (lambda piece: b"!" in piece, b"ab!c")])
def test_an_answer_ends_by_length_mark_or_choice(until: Until, answer: bytes) -> None:
    async def test() -> None:
        async with PtyDevice(lambda _: at_once(answer)) as device, SerialLine(device.port, SETTINGS) as line:
            assert await line.exchange(b"?", until, 1.0) == answer

    run(test())


def test_a_late_answer_is_not_taken_for_the_next_one() -> None:
    """Register A must never be read as B, whenever A's answer comes."""

    async def test(delay: float) -> None:
        def slow(request: bytes) -> Sequence[tuple[float, bytes]]:
            return [(delay if request[2] == 0x03 else 0.0, JBD[REGISTERS[request[2]]])]

        async with PtyDevice(slow) as device, SerialLine(device.port, SETTINGS, gap_second=0.03) as line:
            link = DeviceLink(line, Session(golden("jbd").driver))
            with pytest.raises(NoAnswerError):
                await link.ask(request_of(link, "basic", timeout_second=0.05))
            for _ in range(3):
                assert [frame.kind for frame in await link.ask(request_of(link, "cells"))] == ["cells"]

    for delay in (0.06, 0.075, 0.09, 0.15):
        run(test(delay))


def test_what_lies_in_the_input_is_thrown_away_before_a_request() -> None:
    async def test() -> None:
        async with PtyDevice(lambda _: at_once(b"new!")) as device, SerialLine(device.port, SETTINGS) as line:
            assert await line.exchange(b"?", 4, 1.0) == b"new!"
            device.say(b"unasked")
            await asyncio.sleep(0.03)
            assert await line.exchange(b"?", 4, 1.0) == b"new!"
            assert line.counters["drained_bytes"] == 7

    run(test())


def test_two_devices_share_a_bus() -> None:
    async def test() -> None:
        blocks = {name: raw[:300] for name, raw in golden("jk_pb").replies}
        names = {0x161C: "about", 0x161E: "settings", 0x1620: "status"}

        def bus(request: bytes) -> Sequence[tuple[float, bytes]]:
            register = int.from_bytes(request[2:4], "big")
            return [(0.005, with_ack(blocks[names[register]], register, request[0]))]

        async with PtyDevice(bus) as device, SerialLine(device.port, SETTINGS) as line:
            driver = golden("jk_pb").driver
            links = [DeviceLink(line, Session(driver, DeviceProfile(address=address))) for address in (2, 3)]
            for name in ("about", "status"):
                requests = [request_of(link, name, gap_second=0.0) for link in links]
                answers = await asyncio.gather(*[link.ask(item) for link, item in zip(links, requests, strict=True)])
                assert [len(frames) for frames in answers] == [1, 1]
            assert [request[0] for request in device.requests] == [2, 3, 2, 3]
            assert all(not link.session.counters["address"] for link in links)

    run(test())


def test_a_device_that_answers_for_another_is_refused() -> None:
    async def test() -> None:
        about = golden("jk_pb").replies[0][1]
        async with PtyDevice(lambda _: at_once(about)) as device, SerialLine(device.port, SETTINGS) as line:
            link = DeviceLink(line, Session(golden("jk_pb").driver, DeviceProfile(address=5)))
            with pytest.raises(NoAnswerError):
                await link.ask(request_of(link, "about", timeout_second=0.05))
            assert link.session.counters["address"] == 1

    run(test())


def test_a_silent_device_is_left_alone_after_the_second_time() -> None:
    async def test() -> None:
        async with PtyDevice(lambda _: []) as device, SerialLine(device.port, SETTINGS) as line:
            link = DeviceLink(line, Session(golden("jbd").driver))
            for _ in range(2):
                with pytest.raises(NoAnswerError):
                    await link.ask(request_of(link, "basic", timeout_second=0.02))
            with pytest.raises(LinkDownError, match="next try in 4 s"):
                await link.ask(request_of(link, "basic"))
            assert len(device.requests) == 2

    run(test())


def test_a_request_that_is_never_answered_costs_the_others_nothing() -> None:
    async def test() -> None:
        def all_but_the_name(request: bytes) -> Sequence[tuple[float, bytes]]:
            return [] if request[2] == 0x05 else as_jbd(request)

        async with PtyDevice(all_but_the_name) as device, SerialLine(device.port, SETTINGS) as line:
            link = DeviceLink(line, Session(golden("jbd").driver))
            for _ in range(2):
                with pytest.raises(NoAnswerError):
                    await link.ask(request_of(link, "name", timeout_second=0.02))
                assert await link.ask(request_of(link, "basic"))
            with pytest.raises(LinkDownError, match="no answer to 'name'"):
                await link.ask(request_of(link, "name"))
            assert await link.ask(request_of(link, "basic"))

    run(test())


def test_a_port_that_goes_away_is_told_and_not_tried_at_once() -> None:
    async def test() -> None:
        async with PtyDevice(lambda _: []) as device, SerialLine(device.port, SETTINGS) as line:
            asyncio.get_running_loop().call_later(0.02, device.unplug)
            with pytest.raises(LinkDownError, match="next try in 2 s"):
                await line.exchange(b"?", 4, 5.0)
            with pytest.raises(LinkDownError, match=r"(?<!is down); next try in"):
                await line.exchange(b"?", 4, 5.0)
            assert not line.is_open

    run(test())


def test_a_port_that_does_not_exist_is_a_link_that_is_down() -> None:
    async def test() -> None:
        async with SerialLine("no-such-port", SETTINGS) as line:
            with pytest.raises(LinkDownError, match="no-such-port"):
                await line.exchange(b"?", 4, 1.0)

    run(test())


def test_a_port_in_use_is_not_opened_twice() -> None:
    async def test() -> None:
        async with (
            PtyDevice(lambda _: at_once(b"x")) as device,
            SerialLine(device.port, SETTINGS) as line,
            SerialLine(device.port, SETTINGS) as other,
        ):
            await line.exchange(b"?", 1, 1.0)
            with pytest.raises(LinkDownError):
                await other.exchange(b"?", 1, 1.0)

    run(test())


def test_a_cancelled_exchange_leaves_a_clean_line() -> None:
    async def test() -> None:
        answers = iter([[(0.05, b"old!")], [(0.0, b"new!")]])
        async with (
            PtyDevice(lambda _: next(answers)) as device,
            SerialLine(device.port, SETTINGS, gap_second=0.1) as line,
        ):
            asked = asyncio.create_task(line.exchange(b"?", 4, 1.0))
            await asyncio.sleep(0.03)
            asked.cancel()
            await asyncio.gather(asked, return_exceptions=True)
            assert await line.exchange(b"?", 4, 1.0) == b"new!"

    run(test())


def test_a_device_that_never_stops_talking_does_not_hold_the_line() -> None:
    async def test() -> None:
        async with PtyDevice(lambda _: []) as device, SerialLine(device.port, SETTINGS) as line:

            async def babble() -> None:
                while True:
                    device.say(b"\xdd" * 50)
                    await asyncio.sleep(0.005)

            task = asyncio.create_task(babble())
            link = DeviceLink(line, Session(golden("jbd").driver))
            with pytest.raises(NoAnswerError):
                await link.ask(request_of(link, "basic", timeout_second=0.05))
            task.cancel()

    run(test())
