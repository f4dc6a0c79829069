"""EG4-LL: the units in which sources differ, the captured reply, and what must be refused."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest

from cellwarden.core.errors import ConfigurationError
from cellwarden.drivers.device import DeviceProfile
from cellwarden.drivers.eg4_ll import DRIVER
from cellwarden.drivers.session import Session
from tests.drivers.bad_frames import prepared_session, reading_of, refusals_of, replies_of, there
from tests.drivers.modbus_frames import rtu_answer, rtu_refusal, with_data

REPLIES = replies_of("eg4_ll")
STATUS = REPLIES["status"]


@pytest.mark.parametrize(
    ("name", "raw", "refused"),
    [
        ("half a frame", STATUS[:40], set()),
        ("damaged", STATUS[:10] + b"\xff" + STATUS[11:], {"checksum", "length"}),
        ("another pack", rtu_answer(2, 3, STATUS[3:-2]), {"address"}),
        ("late answer to hardware", REPLIES["hardware"], {"type"}),
        ("refusal by the device", rtu_refusal(1, 3, 4), {"type"}),
        ("no cells", with_data(STATUS, 72, b"\x00\x00"), {"type"}),
        ("17 cells", with_data(STATUS, 72, b"\x00\x11"), {"type"}),
        ("says that it charges", with_data(STATUS, 51, b"\x01"), {"implausible"}),
        ("pack against cells", with_data(STATUS, 0, struct.pack(">H", 5200)), {"implausible"}),
        ("cells all at 9 V", with_data(STATUS, 4, struct.pack(">H", 9000) * 4), {"implausible"}),
    ],
)
def test_bad_frames_are_refused(name: str, raw: bytes, refused: set[str]) -> None:
    assert name
    assert set(refusals_of(prepared_session("eg4_ll"), "status", raw)) == refused


@pytest.mark.parametrize(
    ("settings", "ampere", "ah"),
    [({}, -6.2, 192.0), ({"current_unit_ampere": 0.01}, -0.62, 192.0), ({"remaining_unit_ah": 1.0}, -6.2, None)],
)
def test_a_site_may_change_the_units(settings: dict[str, float], ampere: float, ah: float | None) -> None:
    session = Session(DRIVER.configured(settings), DeviceProfile(address=1))
    reading = reading_of(session, ("status", STATUS))
    assert reading.current_ampere == pytest.approx(ampere)
    assert reading.remaining_capacity_ah == pytest.approx(float("nan") if ah is None else ah, nan_ok=True)


@pytest.mark.parametrize("settings", [{"current_unit_ampere": 1.0}, {"remaining_unit_ah": 0.5}])
def test_other_units_are_a_configuration_error(settings: dict[str, float]) -> None:
    with pytest.raises(ConfigurationError, match="must be"):
        DRIVER.configured(settings)


def test_a_sensor_at_zero_is_believed_only_where_there_is_always_one() -> None:
    reading = reading_of(prepared_session("eg4_ll"), ("status", with_data(STATUS, 66, bytes(4))))
    np.testing.assert_allclose(there(reading.temperature_celsius), [0.0, 0.0, np.nan, np.nan])


def test_balancing_of_an_unknown_cell_is_nan_and_never_the_wrong_cell() -> None:
    for code, value in ((0, 0.0), (1, np.nan), (2, 0.0)):
        reading = reading_of(prepared_session("eg4_ll"), ("status", with_data(STATUS, 76, struct.pack(">H", code))))
        np.testing.assert_allclose(there(reading.balancing_fraction), [value] * 4)


def test_counts_and_identity_are_learnt() -> None:
    profile = prepared_session("eg4_ll", "hardware", "status").profile
    assert (profile.cell_count, profile.temperature_count) == (4, 4)
    assert profile.identity is not None
    assert profile.identity.serial_number == "S123456789ABCDE"
    session = prepared_session("eg4_ll")
    session.begin(DRIVER.request("status", session.profile))
    session.feed(with_data(STATUS, 72, b"\x00\x63"))
    assert session.profile.cell_count == 0


def test_warnings_protections_and_errors_are_told_by_number() -> None:
    raw = with_data(STATUS, 52, struct.pack(">HHH", 1, 0x8000, 2))
    assert reading_of(prepared_session("eg4_ll"), ("status", raw)).alarms == ("warning 0", "protection 15", "error 1")


def test_captured_replies_give_their_known_values(shared: Path) -> None:
    captured = json.loads((shared / "data/real/aiobmsble_frames/frames.json").read_text(encoding="utf-8"))["eg4_bms"]
    expected = captured["expected"]["_RESULT_DEFS"]
    session = Session(DRIVER, DeviceProfile(address=1))
    reading = reading_of(session, ("status", bytes.fromhex(captured["frames"]["_RESP"]["CMD_STATUS"])))
    assert reading.cell_voltage_volt is not None
    assert list(reading.cell_voltage_volt) == pytest.approx(expected["cell_voltages"])
    assert reading.pack_voltage_volt == pytest.approx(expected["voltage"])
    assert reading.current_ampere == pytest.approx(expected["current"])
    assert reading.bms_soc_fraction == pytest.approx(expected["battery_level"] / 100)
    assert reading.bms_soh_fraction == pytest.approx(expected["battery_health"] / 100)
    assert reading.cycle_count == pytest.approx(expected["cycles"])
    assert reading.mos_temperature_celsius == pytest.approx(expected["temperature"])
    np.testing.assert_allclose(there(reading.temperature_celsius), [17.0, np.nan, np.nan, np.nan])
    problems = [bytes.fromhex(text) for text in captured["other_frames"]]
    assert [reading_of(session, ("status", raw)).alarms for raw in problems] == [("warning 15",), ("error 0",)]
