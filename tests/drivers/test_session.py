"""A session with one device: garbage, floods and messages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from cellwarden.drivers.device import DeviceProfile, Driver, Frame, Request
from cellwarden.drivers.errors import FrameTypeError
from cellwarden.drivers.reading import DeviceReading
from cellwarden.drivers.session import Session
from tests.drivers.bad_frames import prepared_session, replies_of

JBD = replies_of("jbd")


def test_garbage_without_end_is_bounded_and_the_next_frame_is_found() -> None:
    session = prepared_session("jbd")
    session.begin(session.driver.request("basic", session.profile))
    for _ in range(100):
        assert session.feed(b"\xdd" * 1000) == []
    assert len(session._buffer) <= 4 * session.driver.longest_frame
    assert [frame.kind for frame in session.feed(JBD["basic"])] == ["basic"]


def test_frames_that_nobody_takes_are_bounded() -> None:
    session = prepared_session("jbd")
    for _ in range(1000):
        session.feed(JBD["basic"])
    assert session.counters["frames"] == 1000
    assert len(session.take()) == 256


def test_frames_of_two_requests_in_one_piece_are_both_seen_and_one_is_taken() -> None:
    session = prepared_session("jbd")
    session.begin(session.driver.request("cells", session.profile))
    frames = session.feed(JBD["basic"] + JBD["cells"])
    assert [frame.kind for frame in frames] == ["cells"]
    assert session.counters["type"] == 1


def test_a_new_request_forgets_half_a_frame() -> None:
    session = prepared_session("jbd")
    session.begin(session.driver.request("cells", session.profile))
    session.feed(JBD["cells"][:10])
    session.begin(session.driver.request("basic", session.profile))
    session.feed(JBD["cells"][10:])
    assert not session.complete
    session.feed(JBD["basic"])
    assert session.complete


def test_without_a_request_nothing_is_complete() -> None:
    session = prepared_session("jbd")
    assert [frame.kind for frame in session.feed(JBD["basic"])] == ["basic"]
    assert not session.complete


def test_a_driver_of_bytes_takes_no_messages() -> None:
    session = prepared_session("jbd")
    assert session.feed_message("355", b"\x00") == []
    assert session.counters["type"] == 1


def test_the_first_address_is_the_default() -> None:
    driver = prepared_session("jk_pb").driver
    assert Session(driver).profile == DeviceProfile(address=1)


@dataclass(frozen=True)
class Endless(Driver):
    """Frames that start with a mark and never end."""

    name = "endless"
    title = "endless"
    transports = ("serial",)
    head = b"~"
    longest_frame = 100

    def requests(self, profile: DeviceProfile) -> tuple[Request, ...]:  # noqa: ARG002
        """None."""
        return ()

    def decode(self, frames: Sequence[Frame], profile: DeviceProfile) -> DeviceReading:  # noqa: ARG002
        """Nothing."""
        return DeviceReading()


def test_a_frame_that_never_ends_is_bounded() -> None:
    session = Session(Endless())
    for _ in range(100):
        session.feed(b"~" + b"a" * 30)
    assert len(session._buffer) <= 400
    assert session.counters["skipped_bytes"] >= 2700


def test_an_unknown_request_is_an_error_of_the_program() -> None:
    with pytest.raises(KeyError, match="has no request 'nothing'"):
        Endless().request("nothing", DeviceProfile())


def test_a_driver_can_nothing_before_it_says_what() -> None:
    assert Endless().capabilities == frozenset()


def test_a_driver_of_messages_takes_no_bytes() -> None:
    with pytest.raises(FrameTypeError):
        Endless().open(b"~a", None, DeviceProfile())


def test_a_driver_without_a_head_may_begin_anywhere() -> None:
    class Headless(Endless):
        head = b""

    assert Headless().start(b"abc") == 0
    assert Endless().start(b"abc") == 3


def test_half_a_head_at_the_end_is_kept() -> None:
    assert prepared_session("jk_pb").driver.start(b"abc\x55\xaa\xeb") == 3
