"""Feeding a session what it must refuse."""

from __future__ import annotations

from collections.abc import Callable

from cellwarden.core.sample_block import FloatArray
from cellwarden.drivers.errors import FrameError
from cellwarden.drivers.reading import DeviceReading
from cellwarden.drivers.session import Session
from tests.drivers.golden_samples import exchange, golden

REFUSALS = ("length", "checksum", "address", "type", "implausible")


def replies_of(name: str) -> dict[str, bytes]:
    """Golden replies by request."""
    return dict(golden(name).replies)


def prepared_session(name: str, *requests: str) -> Session:
    """A session that has had these golden replies, its counters at zero."""
    sample = golden(name)
    session = sample.session()
    for request, reply in sample.replies:
        if request in requests:
            exchange(session, request, reply)
    session.take()
    session.counters.clear()
    return session


def refusals_of(session: Session, request: str, raw: bytes) -> dict[str, int]:
    """What is counted when that comes as the answer; nothing may be taken of it, or its reading must be refused."""
    frames = exchange(session, request, raw)
    assert session.take() == tuple(frames)
    if frames:
        try:
            session.decode(frames, 0.0)
        except FrameError:
            pass
        else:
            raise AssertionError("the frame was believed")
    return {name: session.counters[name] for name in REFUSALS if session.counters[name]}


def edited(raw: bytes, position: int, value: bytes, repair: Callable[[bytearray], None]) -> bytes:
    """The frame with other bytes at that position and its checksum made right again."""
    frame = bytearray(raw)
    frame[position : position + len(value)] = value
    repair(frame)
    return bytes(frame)


def reading_of(session: Session, *answers: tuple[str, bytes]) -> DeviceReading:
    """The reading of these answers."""
    for request, raw in answers:
        assert exchange(session, request, raw), request
    return session.decode(session.take(), 0.0)


def there(values: FloatArray | None) -> FloatArray:
    """The array, which the reading must hold."""
    assert values is not None
    return values
