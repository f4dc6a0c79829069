"""A session with one device: garbage, floods and messages."""

from __future__ import annotations

from cellwarden.drivers.device import DeviceProfile
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
