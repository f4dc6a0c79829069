"""MQTT against a broker that speaks just enough of MQTT 3.1.1 to hand out messages."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine, Sequence

import pytest

from cellwarden.drivers.errors import NoAnswerError
from cellwarden.drivers.transport.mqtt import MqttFeed
from tests.drivers.transport.tcp_server import deaf_port, serving

pytestmark = pytest.mark.enable_socket


def run(test: Coroutine[None, None, None]) -> None:
    asyncio.run(asyncio.wait_for(test, 10.0))


def length_of(count: int) -> bytes:
    """MQTT's variable length (3.1.1, §2.2.3)."""
    out = bytearray()
    while True:
        count, digit = divmod(count, 128)
        out.append(digit | (0x80 if count else 0))
        if not count:
            return bytes(out)


def publish(topic: str, payload: bytes, *, retained: bool = False) -> bytes:
    body = len(topic).to_bytes(2, "big") + topic.encode() + payload
    return bytes((0x30 | retained,)) + length_of(len(body)) + body


class Broker:
    """Accepts everyone, notes the topics and publishes what it was given."""

    def __init__(self, messages: Sequence[bytes]):
        self.topics: list[str] = []
        self._messages = messages

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until it ends."""
        with contextlib.suppress(asyncio.IncompleteReadError):
            while True:
                kind, body = await self._packet(reader)
                if kind == 0x10:
                    writer.write(b"\x20\x02\x00\x00")
                elif kind == 0x80:
                    self.topics.append(body[4 : 4 + int.from_bytes(body[2:4], "big")].decode())
                    writer.write(b"\x90\x03" + body[:2] + b"\x00" + b"".join(self._messages))

    async def _packet(self, reader: asyncio.StreamReader) -> tuple[int, bytes]:
        kind = (await reader.readexactly(1))[0] & 0xF0
        count = shift = 0
        while True:
            digit = (await reader.readexactly(1))[0]
            count |= (digit & 0x7F) << shift
            shift += 7
            if not digit & 0x80:
                return kind, await reader.readexactly(count)


def test_messages_come_with_their_topic_retained_ones_are_marked_and_huge_ones_dropped() -> None:
    async def test() -> None:
        broker = Broker(
            [
                publish("rack/1", b"old", retained=True),
                publish("rack/1", b"x" * 70_000),
                publish("rack/1", b'{"c1": 3.3}'),
            ]
        )
        async with serving(broker.serve) as port, MqttFeed("127.0.0.1", ["rack/#"], port) as feed:
            kept, fresh = await feed.receive(5.0), await feed.receive(5.0)
            assert (kept.channel, kept.payload, kept.retained) == ("rack/1", b"old", True)
            assert (fresh.channel, fresh.payload, fresh.retained) == ("rack/1", b'{"c1": 3.3}', False)
            assert broker.topics == ["rack/#"]
            assert (feed.counters["retained"], feed.counters["unusable"], feed.counters["messages"]) == (1, 1, 2)

    run(test())


def test_a_broker_that_is_not_there_is_counted_and_tried_again() -> None:
    async def test() -> None:
        async with MqttFeed("127.0.0.1", ["rack/#"], await deaf_port()) as feed:
            with pytest.raises(NoAnswerError):
                await feed.receive(0.5)
            assert feed.counters["failures"] == 1

    run(test())
