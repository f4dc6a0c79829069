"""Pylontech: small and large packs, limits, alarms, and what must be refused."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from cellwarden.drivers.device import DeviceProfile, Frame
from cellwarden.drivers.pylontech import DRIVER
from tests.drivers.ascii_frames import ascii_frame, info_of, with_info
from tests.drivers.bad_frames import prepared_session, reading_of, refusals_of, replies_of

REPLIES = replies_of("pylontech")
ANALOG, ALARMS, MANAGEMENT = REPLIES["analog"], REPLIES["alarms"], REPLIES["management"]
SENSORS_AT, REST_AT = 3 + 2 * 15, 3 + 2 * 15 + 1 + 2 * 5


@pytest.mark.parametrize(
    ("name", "request_name", "raw", "refused"),
    [
        ("half a frame", "analog", ANALOG[:60], set()),
        ("wrong length check", "analog", ANALOG[:9] + b"0" + ANALOG[10:], {"length"}),
        ("damaged", "analog", ANALOG[:20] + b"0" + ANALOG[21:], {"checksum"}),
        ("another module", "analog", ascii_frame(0x20, 3, 0, info_of(ANALOG)), {"address"}),
        ("a module that answers for another", "analog", with_info(ANALOG, 1, b"\x03"), {"address"}),
        ("late answer to alarms", "analog", ALARMS, {"type"}),
        ("late answer to management", "analog", MANAGEMENT, {"type"}),
        ("late answer to analog", "alarms", ANALOG, {"type"}),
        ("late answer to serial", "management", REPLIES["serial"], {"type"}),
        ("late answer to management, serial asked", "serial", MANAGEMENT, {"type"}),
        ("refusal by the device", "analog", ascii_frame(0x20, 2, 0x04, b""), {"type"}),
        ("our own request, echoed", "analog", DRIVER.requests(DeviceProfile(address=2))[1].payload, {"type"}),
        ("17 cells", "analog", with_info(ANALOG, 2, b"\x11"), {"type"}),
        ("impossible current", "analog", with_info(ANALOG, REST_AT, b"\x30\x00"), {"implausible"}),
        ("pack against cells", "analog", with_info(ANALOG, REST_AT + 2, struct.pack(">H", 60000)), {"implausible"}),
        ("cells all at 9 V", "analog", with_info(ANALOG, 3, struct.pack(">H", 9000) * 15), {"implausible"}),
    ],
)
def test_bad_frames_are_refused(name: str, request_name: str, raw: bytes, refused: set[str]) -> None:
    assert name
    assert set(refusals_of(prepared_session("pylontech"), request_name, raw)) == refused


def test_counts_and_identity_are_learnt() -> None:
    profile = prepared_session("pylontech", "serial", "analog").profile
    assert (profile.cell_count, profile.temperature_count) == (15, 4)
    assert profile.identity is not None
    assert profile.identity.serial_number == "PPTAP02402B18006"


def test_capacities_of_a_small_pack_are_in_two_bytes() -> None:
    info = bytearray(info_of(ANALOG)[:-6])
    info[REST_AT + 4 : REST_AT + 9] = struct.pack(">HBH", 37000, 2, 50000)
    reading = reading_of(prepared_session("pylontech"), ("analog", ascii_frame(0x20, 2, 0, bytes(info))))
    assert (reading.remaining_capacity_ah, reading.full_capacity_ah) == pytest.approx((37.0, 50.0))


@pytest.mark.parametrize(
    "code", [b"\x00\x00", b"\xff\xff", b"\x09\x1b", b"\x0f\x8d"]
)  # absent, full scale, open, short
def test_sensors_without_a_value_are_nan(code: bytes) -> None:
    reading = reading_of(prepared_session("pylontech"), ("analog", with_info(ANALOG, SENSORS_AT + 3, code)))
    assert reading.temperature_celsius is not None
    assert list(np.isnan(reading.temperature_celsius)) == [True, False, False, False]


def test_a_module_without_sensors_has_no_board_temperature() -> None:
    info = info_of(ANALOG)
    bare = info[:SENSORS_AT] + b"\x00" + info[REST_AT:]
    reading = reading_of(prepared_session("pylontech"), ("analog", ascii_frame(0x20, 2, 0, bare)))
    assert reading.temperature_celsius is None
    assert reading.mos_temperature_celsius is None


@pytest.mark.parametrize(
    ("status", "charge", "discharge"), [(0xC0, 37.0, 74.0), (0x40, 0.0, 74.0), (0x80, 37.0, 0.0), (0x00, 0.0, 0.0)]
)
def test_a_limit_that_is_not_enabled_is_zero(status: int, charge: float, discharge: float) -> None:
    session = prepared_session("pylontech")
    reading = reading_of(session, ("management", with_info(MANAGEMENT, 9, bytes((status,)))))
    assert reading.charge_current_limit_ampere == pytest.approx(charge)
    assert reading.discharge_current_limit_ampere == pytest.approx(discharge)


def test_the_size_of_the_discharge_limit_counts() -> None:
    raw = with_info(MANAGEMENT, 7, struct.pack(">h", 250))
    reading = reading_of(prepared_session("pylontech"), ("management", raw))
    assert reading.discharge_current_limit_ampere == pytest.approx(25.0)


def test_a_limit_without_a_value_is_nan_and_no_zero() -> None:
    raw = with_info(MANAGEMENT, 5, b"\x7f\xff\x7f\xff")
    reading = reading_of(prepared_session("pylontech"), ("management", raw))
    assert np.isnan(reading.charge_current_limit_ampere or 0.0)
    assert np.isnan(reading.discharge_current_limit_ampere or 0.0)


def test_switches_protections_and_cell_errors_are_told() -> None:
    rest = 3 + 15 + 1 + 5
    raw = with_info(ALARMS, rest, bytes((2, 1, 0, 0x02, 0x04, 0, 0x01, 0x40)))
    reading = reading_of(prepared_session("pylontech"), ("alarms", raw))
    assert (reading.charge_switch_fraction, reading.discharge_switch_fraction) == (0.0, 1.0)
    assert reading.alarms is not None
    assert reading.alarms[2:] == (
        "charge current high",
        "pack voltage low",
        "alarm bit 1",
        "cell 1 error",
        "cell 15 error",
    )


def test_an_alarm_of_the_board_is_not_one_of_a_sensor() -> None:
    raw = with_info(ALARMS, 3 + 15 + 1, b"\x02")
    alarms = reading_of(prepared_session("pylontech"), ("alarms", raw)).alarms
    assert alarms is not None
    assert "board temperature high" in alarms


def test_the_number_of_bytes_follows_from_the_counts() -> None:
    known = DRIVER.request("analog", DeviceProfile(address=2, cell_count=15, temperature_count=4))
    assert known.reply_length == len(ANALOG)
    assert DRIVER.request("analog", DeviceProfile(address=2)).reply_length > len(ANALOG)


def test_alarms_leave_the_profile_as_it_is() -> None:
    profile = DeviceProfile(address=2)
    assert DRIVER.learn(Frame(kind="alarms", payload=info_of(ALARMS)), profile) == profile
