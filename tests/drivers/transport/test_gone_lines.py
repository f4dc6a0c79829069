"""Lines that are closed, that fail while they are listened to, or that were never open."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Coroutine

import can
import pytest

from cellwarden.drivers.device import SerialSettings
from cellwarden.drivers.errors import LinkDownError, NoAnswerError
from cellwarden.drivers.transport.can_bus import CanBus
from cellwarden.drivers.transport.messages import MessageTransport
from cellwarden.drivers.transport.serial_line import SerialLine
from cellwarden.drivers.transport.stream import StreamTransport
from cellwarden.drivers.transport.tcp import TcpLine
from tests.drivers.transport.pty_device import PtyDevice

pytestmark = pytest.mark.enable_socket


def run(test: Coroutine[None, None, None]) -> None:
    asyncio.run(asyncio.wait_for(test, 10.0))


def echo() -> PtyDevice:
    return PtyDevice(lambda request: [(0.0, request)])


def lines() -> list[StreamTransport]:
    return [SerialLine("/dev/none", SerialSettings(baud=9600)), TcpLine("127.0.0.1", 1)]


@pytest.mark.parametrize("index", [0, 1])
def test_a_line_that_is_closed_takes_no_bytes_and_closes_again(index: int) -> None:
    async def test() -> None:
        line = lines()[index]
        await line._close()
        with pytest.raises(OSError, match="closed"):
            await line._write(b"x")

    run(test())


def test_a_port_without_bytes_or_with_a_full_buffer_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.write
    refusals = iter([BlockingIOError(), None])

    def write(descriptor: int, data: bytes) -> int:
        refusal = next(refusals, None)
        if refusal is not None:
            raise refusal
        return real(descriptor, data)

    async def test() -> None:
        async with echo() as device, SerialLine(device.port, SerialSettings(baud=9600)) as line:
            assert await line.exchange(b"one", 3, 1.0) == b"one"
            near, far = os.pipe()
            os.set_blocking(near, False)
            line._take(near)  # woken with nothing there
            os.close(near)
            os.close(far)
            monkeypatch.setattr(os, "write", write)
            assert await line.exchange(b"two", 3, 1.0) == b"two"

    run(test())


@pytest.mark.parametrize(("unplugged", "told"), [(False, "closed at the other end"), (True, "Bad file descriptor")])
def test_a_port_that_ends_is_down(*, unplugged: bool, told: str) -> None:
    async def test() -> None:
        async with echo() as device, SerialLine(device.port, SerialSettings(baud=9600)) as line:
            assert await line.exchange(b"one", 3, 1.0) == b"one"
            near, far = os.pipe()
            os.close(far)
            if unplugged:
                os.close(near)
            line._take(near)  # the end of the file, or no file any more
            if not unplugged:
                os.close(near)
            device.answer = lambda _: []
            with pytest.raises(LinkDownError, match=told):
                await line.exchange(b"two", 3, 1.0)

    run(test())


class Listening(StreamTransport):
    """A device that talks by itself, on a line that fails once the talk is over."""

    async def _open(self) -> None:
        self.pieces = [b"un", b"asked"]

    async def _close(self) -> None:
        pass

    async def _write(self, data: bytes) -> None:
        raise AssertionError(f"nothing is asked, not {data!r}")

    async def _read(self) -> bytes:
        if not self.pieces:
            raise OSError("gone")
        return self.pieces.pop(0)

    def _discard(self) -> int:
        return 0


def test_a_device_that_talks_by_itself_is_not_asked() -> None:
    async def test() -> None:
        line = Listening("listening", gap_second=0.0)
        assert await line.exchange(b"", 7, 1.0) == b"unasked"

    run(test())


def test_a_line_that_fails_while_it_settles_is_down() -> None:
    async def test() -> None:
        line = Listening("listening", gap_second=0.01)
        await line.exchange(b"", 7, 1.0)
        line._is_unsettled = True  # as after an exchange that was cancelled
        with pytest.raises(LinkDownError, match="gone"):
            await line.exchange(b"", 7, 1.0)

    run(test())


class Faulty(MessageTransport):
    """A line whose program has an error."""

    async def _listen(self) -> None:
        raise ValueError("a mistake of ours")


async def first_of(line: MessageTransport) -> None:
    async with line:
        await line.receive(1.0)


def test_an_error_of_the_program_is_not_taken_for_silence() -> None:
    async def test() -> None:
        line = Faulty("faulty")
        await line.__aexit__(None, None, None)  # never entered: nothing to end
        with pytest.raises(ValueError, match="a mistake of ours"):
            await first_of(line)

    run(test())


def test_an_interface_that_python_can_does_not_know_is_counted() -> None:
    async def test() -> None:
        async with CanBus("no_such_interface", "x") as line:
            with pytest.raises(NoAnswerError):
                await line.receive(0.2)
            assert line.counters["failures"] == 1

    run(test())


class Broken:
    """A bus that fails when it is read."""

    def __init__(self, **settings: object):
        pass

    def recv(self, timeout: float) -> can.Message:
        """Fails."""
        raise can.CanOperationError(f"bus off within {timeout} s")

    def shutdown(self) -> None:
        """Nothing to do."""


def test_a_bus_that_fails_while_it_is_read_is_opened_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(can, "Bus", Broken)

    async def test() -> None:
        async with CanBus("virtual", "broken") as line:
            with pytest.raises(NoAnswerError):
                await line.receive(0.2)
            assert line.counters["failures"] == 1

    run(test())


def test_a_bus_that_fails_after_the_program_has_ended_does_no_harm() -> None:
    loop = asyncio.new_event_loop()
    ended = loop.create_future()
    loop.close()
    CanBus("virtual", "late")._read(Broken(), loop, ended, threading.Event())  # type: ignore[arg-type]  # in place of a bus
    assert not ended.done()
