"""PACE: the sign of the current, balancing, alarms, and what must be refused."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from cellwarden.core.errors import ConfigurationError
from cellwarden.drivers.device import DeviceProfile
from cellwarden.drivers.errors import FrameError
from cellwarden.drivers.pace import DRIVER
from cellwarden.drivers.session import Session
from tests.drivers.ascii_frames import ascii_frame, info_of, with_info
from tests.drivers.bad_frames import prepared_session, reading_of, refusals_of, replies_of

REPLIES = replies_of("pace")
ANALOG, ALARMS = REPLIES["analog"], REPLIES["alarms"]
REST_AT, SYSTEM_AT = 3 + 32 + 1 + 12, 3 + 16 + 1 + 6 + 5


@pytest.mark.parametrize(
    ("name", "request_name", "raw", "refused"),
    [
        ("half a frame", "analog", ANALOG[:60], set()),
        ("wrong length check", "analog", ANALOG[:9] + b"0" + ANALOG[10:], {"length"}),
        ("damaged", "analog", ANALOG[:20] + b"0" + ANALOG[21:], {"checksum"}),
        ("another pack", "analog", ascii_frame(0x25, 2, 0, info_of(ANALOG)), {"address"}),
        ("a pack that answers for another", "alarms", with_info(ALARMS, 1, b"\x02"), {"address"}),
        ("late answer to alarms", "analog", ALARMS, {"type"}),
        ("late answer to serial", "analog", REPLIES["serial"], {"type"}),
        ("late answer to analog", "alarms", ANALOG, {"type"}),
        ("late answer to analog, serial asked", "serial", ANALOG, {"type"}),
        ("refusal by the device", "analog", ascii_frame(0x25, 1, 0x04, b""), {"type"}),
        ("pack against cells", "analog", with_info(ANALOG, REST_AT + 2, struct.pack(">H", 60000)), {"implausible"}),
        ("cells all at 9 V", "analog", with_info(ANALOG, 3, struct.pack(">H", 9000) * 16), {"implausible"}),
    ],
)
def test_bad_frames_are_refused(name: str, request_name: str, raw: bytes, refused: set[str]) -> None:
    assert name
    assert set(refusals_of(prepared_session("pace"), request_name, raw)) == refused


def test_full_scale_current_is_absent() -> None:
    reading = reading_of(prepared_session("pace"), ("analog", with_info(ANALOG, REST_AT, b"\x7f\xff")))
    assert np.isnan(reading.current_or_nan)


@pytest.mark.parametrize(("setting", "ampere"), [("charging", -2.25), ("discharging", 2.25)])
def test_a_site_may_turn_the_sign(setting: str, ampere: float) -> None:
    session = Session(DRIVER.configured({"raw_current_rises_when": setting}), DeviceProfile(address=1))
    assert reading_of(session, ("analog", ANALOG)).current_ampere == pytest.approx(ampere)


@pytest.mark.parametrize(("setting", "system"), [("charging", 0x26), ("discharging", 0x0E)])
def test_a_sign_that_contradicts_the_state_is_refused(setting: str, system: int) -> None:
    session = Session(DRIVER.configured({"raw_current_rises_when": setting}), DeviceProfile(address=1))
    with pytest.raises(FrameError, match="raw_current_rises_when"):
        reading_of(session, ("analog", ANALOG), ("alarms", with_info(ALARMS, SYSTEM_AT, bytes((system,)))))


def test_an_unknown_way_of_counting_is_a_configuration_error() -> None:
    with pytest.raises(ConfigurationError, match="must be"):
        DRIVER.configured({"raw_current_rises_when": "sometimes"})


def test_counts_and_identity_are_learnt() -> None:
    profile = prepared_session("pace", "serial", "analog").profile
    assert (profile.cell_count, profile.temperature_count) == (16, 4)
    assert profile.identity is not None
    assert profile.identity.serial_number == "1812101380309D"


def test_full_is_no_alarm_but_protections_and_faults_are() -> None:
    raw = with_info(ALARMS, SYSTEM_AT - 2, bytes((0x40, 0x90, 0x04, 0, 0x04)))
    reading = reading_of(prepared_session("pace"), ("alarms", raw))
    assert reading.alarms == ("cell 16 high", "short circuit", "switches too hot", "temperature sensor fails")
    assert (reading.charge_switch_fraction, reading.discharge_switch_fraction) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("sensors", "at_cells", "has_switches", "has_box"), [(2, 2, False, False), (5, 4, True, False)]
)
def test_packs_with_fewer_sensors(sensors: int, at_cells: int, *, has_switches: bool, has_box: bool) -> None:
    info = info_of(ANALOG)
    fewer = info[:35] + bytes((sensors,)) + info[36 : 36 + 2 * sensors] + info[REST_AT:]
    reading = reading_of(prepared_session("pace"), ("analog", ascii_frame(0x25, 1, 0, fewer)))
    assert reading.temperature_celsius is not None
    assert reading.temperature_celsius.size == at_cells
    assert (reading.mos_temperature_celsius is not None) == has_switches
    assert (reading.ambient_temperature_celsius is not None) == has_box
