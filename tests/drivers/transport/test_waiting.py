"""Pauses after failures, and messages that wait."""

from __future__ import annotations

import pytest

from cellwarden.drivers.transport.backoff import Backoff
from cellwarden.drivers.transport.messages import Mailbox, Message


def test_pauses_grow_by_two_seconds_to_five_minutes() -> None:
    backoff = Backoff()
    assert [backoff.failed(0.0) for _ in range(3)] == pytest.approx([2.0, 4.0, 6.0])
    assert [backoff.failed(0.0) for _ in range(200)][-1] == pytest.approx(300.0)
    assert backoff.remaining_second(100.0) == pytest.approx(200.0)
    assert backoff.remaining_second(301.0) == pytest.approx(0.0)
    backoff.succeeded()
    assert backoff.remaining_second(0.0) == pytest.approx(0.0)
    assert backoff.failed(0.0) == pytest.approx(2.0)


def message(channel: str, payload: bytes = b"") -> Message:
    return Message(channel=channel, payload=payload, at_second=0.0)


def test_channels_take_turns_and_each_keeps_its_order() -> None:
    box = Mailbox()
    for channel, payload in (("a", b"1"), ("a", b"2"), ("b", b"3")):
        box.put(message(channel, payload))
    got = [box.get() for _ in range(4)]
    assert [(item.channel, item.payload) if item else None for item in got] == [
        ("a", b"1"),
        ("b", b"3"),
        ("a", b"2"),
        None,
    ]


def test_the_box_is_bounded_and_says_what_it_dropped() -> None:
    box = Mailbox(per_channel=2, channels=2)
    for payload in (b"1", b"2", b"3"):
        box.put(message("a", payload))
    box.put(message("b"))
    box.put(message("c"))
    assert box.dropped == 2
    first = box.get()
    assert first is not None
    assert first.payload == b"2"
