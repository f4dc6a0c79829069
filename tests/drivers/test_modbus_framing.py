"""Modbus RTU and TCP: requests of the descriptions, and answers that are not those of the question."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellwarden.drivers.device import DeviceProfile
from cellwarden.drivers.errors import (
    FrameAddressError,
    FrameChecksumError,
    FrameError,
    FrameLengthError,
    FrameTypeError,
)
from cellwarden.drivers.modbus_read import Framing, ModbusRead
from cellwarden.drivers.modbus_rtu import RTU
from cellwarden.drivers.modbus_tcp import TCP
from cellwarden.drivers.seplos_v3 import DRIVER
from tests.drivers.modbus_frames import mbap_answer, rtu_answer, rtu_refusal

READ = ModbusRead(unit=1, function=4, start=0x1000, count=2)
COILS = ModbusRead(unit=1, function=1, start=0x1200, count=0x90)
GOOD = rtu_answer(1, 4, b"\x12\x34\x56\x78")
GOOD_TCP = mbap_answer(0x1000, 1, 4, b"\x12\x34\x56\x78")
framings = pytest.mark.parametrize("framing", [RTU, TCP], ids=lambda framing: framing.name)


@pytest.mark.parametrize(
    ("read", "text"),
    [
        ((1, 4, 0x1000, 0x11), "01 04 10 00 00 11 34 C6"),
        ((1, 4, 0x1100, 0x1A), "01 04 11 00 00 1A 74 FD"),
        ((1, 1, 0x1200, 0x90), "01 01 12 00 00 90 39 1E"),
        ((1, 4, 0x1300, 0x6A), "01 04 13 00 00 6A 74 A1"),
        ((1, 4, 0x1700, 0x0A), "01 04 17 00 00 0A 75 B9"),
        ((1, 3, 0x0000, 0x27), "01 03 00 00 00 27 05 D0"),
        ((1, 3, 0x0069, 0x17), "01 03 00 69 00 17 D5 D8"),
    ],
)
def test_requests_are_those_of_the_protocol_description(read: tuple[int, int, int, int], text: str) -> None:
    assert RTU.payload(ModbusRead(*read)).hex(" ").upper() == text


def test_a_request_over_tcp_has_the_address_as_its_transaction() -> None:
    assert TCP.payload(READ).hex() == "1000" + "0000" + "0006" + "01" + "04" + "1000" + "0002"


@pytest.mark.parametrize(("framing", "raw"), [(RTU, GOOD), (TCP, GOOD_TCP)])
def test_the_answer_is_read(framing: Framing, raw: bytes) -> None:
    assert framing.length(raw) == len(raw) == framing.reply_length(READ)
    assert framing.data(raw, READ) == b"\x12\x34\x56\x78"
    # the byte count is the last thing that the length waits for
    assert framing.length(raw[: 2 if framing is RTU else 8]) is None
    assert framing.length(b"") is None


def test_coils_come_in_bytes() -> None:
    raw = rtu_answer(1, 1, bytes(18))
    assert len(raw) == RTU.reply_length(COILS)
    assert RTU.data(raw, COILS) == bytes(18)


@pytest.mark.parametrize(
    ("name", "raw", "error"),
    [
        ("too short", GOOD[:4], FrameLengthError),
        ("damaged", GOOD[:4] + b"\x00" + GOOD[5:], FrameChecksumError),
        ("another unit", rtu_answer(2, 4, b"\x12\x34\x56\x78"), FrameAddressError),
        ("late answer of another length", rtu_answer(1, 4, bytes(6)), FrameTypeError),
        ("late answer of another function", rtu_answer(1, 3, bytes(4)), FrameTypeError),
        ("refusal", rtu_refusal(1, 4, 2), FrameTypeError),
        ("late refusal of another function", rtu_refusal(1, 3, 2), FrameTypeError),
        ("own question, echoed", RTU.payload(READ), FrameLengthError),
    ],
)
def test_bad_rtu_answers_are_refused(name: str, raw: bytes, error: type[FrameError]) -> None:
    assert name
    with pytest.raises(error):
        RTU.data(raw, READ)


@pytest.mark.parametrize(
    ("name", "raw", "error"),
    [
        ("too short", GOOD_TCP[:8], FrameLengthError),
        ("late answer to another question", mbap_answer(0x1002, 1, 4, bytes(4)), FrameTypeError),
        ("another unit", mbap_answer(0x1000, 2, 4, bytes(4)), FrameAddressError),
        ("another length", mbap_answer(0x1000, 1, 4, bytes(6)), FrameTypeError),
        ("byte count against length", GOOD_TCP[:8] + b"\x02" + GOOD_TCP[9:], FrameLengthError),
        ("refusal", GOOD_TCP[:4] + b"\x00\x03\x01\x84\x02", FrameTypeError),
    ],
)
def test_bad_tcp_answers_are_refused(name: str, raw: bytes, error: type[FrameError]) -> None:
    assert name
    with pytest.raises(error):
        TCP.data(raw, READ)


@pytest.mark.parametrize(
    ("framing", "raw"),
    [
        (RTU, b"\x01\x10\x04"),
        (TCP, b"\x00\x00\x00\x01\x00\x07\x01\x04\x04"),
        (TCP, bytes(9)),
        (TCP, b"\x00\x00\x00\x00\x00\x09\x01\x04\x04"),
    ],
)
def test_what_cannot_begin_an_answer_is_told_at_once(framing: Framing, raw: bytes) -> None:
    with pytest.raises(FrameLengthError):
        framing.length(raw)


@framings
@given(raw=st.binary(max_size=40))
def test_any_bytes_are_a_frame_error_or_wait(framing: Framing, raw: bytes) -> None:
    for action in (lambda: framing.length(raw), lambda: framing.data(raw, READ)):
        try:
            action()
        except FrameError:
            continue


def test_the_words_of_a_refusal() -> None:
    with pytest.raises(FrameTypeError, match="illegal address"):
        RTU.data(rtu_refusal(1, 4, 2), READ)
    with pytest.raises(FrameTypeError, match="code 99"):
        RTU.data(rtu_refusal(1, 4, 99), READ)


def test_an_answer_to_nothing_is_refused() -> None:
    with pytest.raises(FrameTypeError, match="nothing was asked"):
        DRIVER.open(GOOD, None, DeviceProfile(address=1))
