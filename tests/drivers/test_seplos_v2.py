"""Seplos V2: events by name, open sense wires, and what must be refused."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from cellwarden.drivers.device import DeviceProfile
from cellwarden.drivers.seplos_v2 import DRIVER
from tests.drivers.ascii_frames import ascii_frame, info_of, with_info
from tests.drivers.bad_frames import prepared_session, reading_of, refusals_of, replies_of

REPLIES = replies_of("seplos_v2")
ANALOG, ALARMS = REPLIES["analog"], REPLIES["alarms"]


@pytest.mark.parametrize(
    ("name", "request_name", "raw", "refused"),
    [
        ("half a frame", "analog", ANALOG[:60], set()),
        ("wrong length check", "analog", ANALOG[:9] + b"F" + ANALOG[10:], {"length"}),
        ("damaged", "analog", ANALOG[:20] + b"0" + ANALOG[21:], {"checksum"}),
        ("another pack", "analog", ascii_frame(0x20, 1, 0, info_of(ANALOG)), {"address"}),
        ("late answer to alarms", "analog", ALARMS, {"type"}),
        ("late answer to analog", "alarms", ANALOG, {"type"}),
        ("no right to ask", "analog", ascii_frame(0x20, 0, 0xE4, b""), {"type"}),
        ("pack against cells", "analog", with_info(ANALOG, 50, struct.pack(">H", 6000)), {"implausible"}),
        ("cells all at 9 V", "analog", with_info(ANALOG, 3, struct.pack(">H", 9000) * 16), {"implausible"}),
    ],
)
def test_bad_frames_are_refused(name: str, request_name: str, raw: bytes, refused: set[str]) -> None:
    assert name
    assert set(refusals_of(prepared_session("seplos_v2"), request_name, raw)) == refused


def test_requests_are_those_of_the_protocol_description() -> None:
    payloads = [item.payload for item in DRIVER.requests(DeviceProfile(address=15))]
    assert payloads == [b"~200F4642E0020FFD0B\r", b"~200F4644E0020FFD09\r"]


def test_counts_are_learnt_and_set_the_length() -> None:
    profile = prepared_session("seplos_v2", "analog", "alarms").profile
    assert (profile.cell_count, profile.temperature_count) == (16, 4)
    assert DRIVER.request("analog", profile).reply_length == len(ANALOG)
    assert DRIVER.request("alarms", profile).reply_length == len(ALARMS)


def test_every_event_has_its_own_words() -> None:
    told: set[str] = set()
    for byte in (*range(29, 35), 39, 40, 42):
        for bit in range(5 if byte == 42 else 8):
            quiet = with_info(with_info(ALARMS, 6, b"\x00"), 29, bytes(6) + info_of(ALARMS)[35:39] + bytes(4))
            raw = with_info(quiet, byte, bytes((1 << bit,)))
            alarms = reading_of(prepared_session("seplos_v2"), ("alarms", raw)).alarms
            assert alarms is not None
            assert len(alarms) == 1
            told.update(alarms)
    assert len(told) == 8 * 8 + 5
    assert {"sense wire of cell 9 open", "cell over-voltage", "charge over-current"} <= told


def test_balancing_is_told_cell_by_cell() -> None:
    raw = with_info(ALARMS, 36, b"\x01\x01")
    values = reading_of(prepared_session("seplos_v2"), ("alarms", raw)).balancing_fraction
    assert values is not None
    assert list(np.nonzero(values)[0]) == [0, 8]
    off = reading_of(prepared_session("seplos_v2"), ("alarms", with_info(ALARMS, 35, b"\x02")))
    assert (off.charge_switch_fraction, off.discharge_switch_fraction) == (1.0, 0.0)


def test_an_older_reply_without_the_reserve_is_read() -> None:
    reading = reading_of(prepared_session("seplos_v2"), ("analog", ascii_frame(0x20, 0, 0, info_of(ANALOG)[:-10])))
    assert reading.bms_soh_fraction == pytest.approx(0.995)
