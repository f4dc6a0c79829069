"""TCP: answers in pieces, closed after a time-out, tried again with pauses."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine

import pytest

from cellwarden.drivers.errors import LinkDownError, NoAnswerError
from cellwarden.drivers.transport.tcp import TcpLine
from tests.drivers.transport.tcp_server import deaf_port, serving

pytestmark = pytest.mark.enable_socket


def run(test: Coroutine[None, None, None]) -> None:
    asyncio.run(asyncio.wait_for(test, 10.0))


def test_an_answer_in_pieces_is_put_together() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while request := await reader.read(100):
            for byte in request:
                writer.write(bytes((byte,)))
                await writer.drain()

    async def test() -> None:
        async with serving(serve) as port, TcpLine("127.0.0.1", port) as line:
            assert await line.exchange(b"hello", 5, 1.0) == b"hello"
            assert await line.exchange(b"again", 5, 1.0) == b"again"

    run(test())


def test_after_a_timeout_the_connection_is_closed_so_that_no_late_answer_comes() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while request := await reader.read(100):
            await asyncio.sleep(0.1 if request == b"slow" else 0.0)
            writer.write(request)

    async def test() -> None:
        async with serving(serve) as port, TcpLine("127.0.0.1", port) as line:
            with pytest.raises(NoAnswerError):
                await line.exchange(b"slow", 4, 0.05)
            assert not line.is_open
            assert await line.exchange(b"fast", 4, 1.0) == b"fast"

    run(test())


def test_a_connection_that_ends_is_tried_again_after_a_pause() -> None:
    async def serve(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read(100)

    async def test() -> None:
        async with serving(serve) as port, TcpLine("127.0.0.1", port) as line:
            with pytest.raises(LinkDownError, match="next try in 2 s"):
                await line.exchange(b"?", 4, 1.0)
            with pytest.raises(LinkDownError, match=r"(?<!is down); next try in"):
                await line.exchange(b"?", 4, 1.0)

    run(test())


def test_nobody_listening_is_a_link_that_is_down() -> None:
    async def test() -> None:
        async with TcpLine("127.0.0.1", await deaf_port()) as line:
            with pytest.raises(LinkDownError):
                await line.exchange(b"?", 4, 1.0)

    run(test())
