"""ASCII frames: the requests of the descriptions, both checks, and what is no frame."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellwarden.drivers.ascii_frame import ascii_length, ascii_reply_length, ascii_request, opened_info, warned
from cellwarden.drivers.device import DeviceProfile
from cellwarden.drivers.errors import FrameChecksumError, FrameError, FrameLengthError, FrameTypeError
from cellwarden.drivers.pylontech import DRIVER
from tests.drivers.ascii_frames import ascii_frame


@pytest.mark.parametrize(
    ("version", "address", "command", "info", "text"),
    [
        (0x20, 2, 0x42, b"\x02", "~20024642E00202FD33"),
        (0x20, 2, 0x44, b"\x02", "~20024644E00202FD31"),
        (0x20, 2, 0x92, b"\x02", "~20024692E00202FD2E"),
        (0x20, 2, 0x93, b"\x02", "~20024693E00202FD2D"),
        (0x20, 2, 0x51, b"", "~200246510000FDAC"),
        (0x25, 1, 0x42, b"\x01", "~25014642E00201FD30"),
        (0x25, 1, 0x44, b"\x01", "~25014644E00201FD2E"),
        (0x20, 0, 0x42, b"\x00", "~20004642E00200FD37"),
        (0x20, 0, 0x44, b"\x00", "~20004644E00200FD35"),
    ],
)
def test_requests_are_those_of_the_protocol_description(
    version: int, address: int, command: int, info: bytes, text: str
) -> None:
    assert ascii_request(version, address, command, info) == text.encode("ascii") + b"\r"


def test_length_check_is_masked_where_the_sum_is_a_multiple_of_16() -> None:
    raw = ascii_frame(0x25, 1, 0, bytes(0x4C // 2))  # as in a captured PACE reply
    assert raw[9:13] == b"004C"
    assert ascii_length(raw) == len(raw) == ascii_reply_length(0x4C // 2)
    assert opened_info(raw, 1) == bytes(0x4C // 2)


@given(info=st.binary(max_size=200), address=st.integers(0, 255))
def test_what_is_sent_is_what_is_read(info: bytes, address: int) -> None:
    raw = ascii_request(0x20, address, 0x00, info)
    assert ascii_length(raw) == len(raw)
    assert opened_info(raw, address) == info


@given(raw=st.binary(max_size=60))
def test_any_bytes_are_a_frame_error_or_wait(raw: bytes) -> None:
    try:
        ascii_length(b"~" + raw)
        opened_info(b"~" + raw + b"\r", 1)
    except FrameError:
        pass


GOOD = ascii_frame(0x20, 2, 0, bytes(10))


@pytest.mark.parametrize(
    ("name", "raw", "error"),
    [
        ("too short", GOOD[:17], FrameLengthError),
        ("no end", GOOD[:-1] + b"0", FrameLengthError),
        ("odd number of characters", GOOD[:-1] + b"0\r", FrameLengthError),
        ("a blank between the digits", GOOD[:14] + b" " + GOOD[15:], FrameLengthError),
        ("wrong sum", GOOD[:14] + b"1" + GOOD[15:], FrameChecksumError),
        ("another kind of device", ascii_frame(0x20, 2, 0, bytes(10), device=0x4F), FrameTypeError),
        ("refusal", ascii_frame(0x20, 2, 0x90, b""), FrameTypeError),
    ],
)
def test_bad_frames_are_refused(name: str, raw: bytes, error: type[FrameError]) -> None:
    assert name
    with pytest.raises(error):
        opened_info(raw, 2)


def test_a_wrong_length_check_is_seen_before_the_frame_is_there() -> None:
    with pytest.raises(FrameLengthError, match="contradicts"):
        ascii_length(b"~20024600F002")
    assert ascii_length(b"~20024600F0") is None


def test_a_reply_to_nothing_is_refused() -> None:
    with pytest.raises(FrameTypeError, match="nothing was asked"):
        DRIVER.open(GOOD, None, DeviceProfile(address=2))


def test_the_words_of_states() -> None:
    assert warned((("cell 1", 0), ("cell 2", 1), ("cell 3", 2), ("cell 4", 0xF0))) == (
        "cell 2 low",
        "cell 3 high",
        "cell 4 alarm F0",
    )
