"""Samples of aiobmsble as readings: its keys, sensors by place, several packs, and what must be refused."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from cellwarden.drivers.ble_sample import _SCALARS, identity_of_ble_info, reading_of_ble_sample
from cellwarden.drivers.errors import FrameError, ImplausibleError
from tests.drivers.bad_frames import there


class Place(IntEnum):
    """Names as in aiobmsble."""

    GENERIC = 0
    CELL = 1
    CELL_MAX = 2
    MOSFET = 4
    HEATER = 6
    AMBIENT = 8


class Sensor(NamedTuple):
    """As in its older releases."""

    value: float
    type: Place


@dataclass(frozen=True)
class NewSensor:
    """As in its newer releases."""

    value: float
    type: Place = Place.GENERIC


SAMPLE: dict[str, Any] = {
    "voltage": 13.2,
    "current": -12.5,
    "battery_level": 64,
    "battery_health": 98.7,
    "cycle_charge": 64.0,
    "design_capacity": 100,
    "cycles": 214,
    "cell_count": 4,
    "cell_voltages": [3.301, 3.302, 3.303, 3.304],
    "temp_values": [21.4, -3.5],
    "balancer": False,
    "balance_current": 0.0,
    "chrg_mosfet": True,
    "dischrg_mosfet": False,
    "problem": False,
    "problem_code": 0,
    "runtime": 18432,
}


def test_a_sample_becomes_a_reading() -> None:
    reading = reading_of_ble_sample(SAMPLE)
    assert list(there(reading.cell_voltage_volt)) == pytest.approx([3.301, 3.302, 3.303, 3.304])
    assert list(there(reading.temperature_celsius)) == pytest.approx([21.4, -3.5])
    assert (reading.current_ampere, reading.pack_voltage_volt) == pytest.approx((-12.5, 13.2))
    assert (reading.bms_soc_fraction, reading.bms_soh_fraction) == pytest.approx((0.64, 0.987))
    assert (reading.remaining_capacity_ah, reading.nominal_capacity_ah) == pytest.approx((64.0, 100.0))
    assert (reading.charge_switch_fraction, reading.discharge_switch_fraction) == (1.0, 0.0)
    assert there(reading.balancing_fraction).tolist() == [0.0] * 4
    assert (reading.cycle_count, reading.alarms, reading.refused) == (214.0, (), ())


def test_an_empty_sample_is_an_empty_reading() -> None:
    reading = reading_of_ble_sample({})
    assert reading.cell_voltage_volt is None
    assert reading.current_ampere is None
    assert reading.alarms is None
    assert reading_of_ble_sample({"cell_voltages": [], "balancer": True}).balancing_fraction is None


@pytest.mark.parametrize("kind", [Sensor, NewSensor])
def test_sensors_are_told_by_where_they_are(kind: Any) -> None:
    sensors = [
        kind(21.0, Place.CELL),
        kind(99.0, Place.CELL_MAX),
        kind(22.0, Place.GENERIC),
        kind(35.0, Place.MOSFET),
        kind(19.0, Place.AMBIENT),
        kind(60.0, Place.HEATER),
    ]
    reading = reading_of_ble_sample({"temp_values": sensors})
    assert list(there(reading.temperature_celsius)) == pytest.approx([21.0, 22.0])
    assert reading.mos_temperature_celsius == pytest.approx(35.0)
    assert reading.ambient_temperature_celsius == pytest.approx(19.0)


def test_the_one_temperature_of_small_devices_is_a_sensor() -> None:
    assert list(there(reading_of_ble_sample({"temperature": 21.5}).temperature_celsius)) == pytest.approx([21.5])


def test_balancing_of_an_unknown_cell_is_nan() -> None:
    reading = reading_of_ble_sample({**SAMPLE, "balancer": 4})
    assert np.isnan(there(reading.balancing_fraction)).all()


def test_impossible_values_are_refused() -> None:
    reading = reading_of_ble_sample(
        {**SAMPLE, "cell_voltages": [3.3, 9.0], "temp_values": [-40.0], "battery_level": 300}
    )
    assert reading.refused == ("bms_soc_fraction 3", "cell_voltage_volt 2 9", "temperature_celsius 1 -40")
    assert np.isnan(there(reading.cell_voltage_volt)).tolist() == [False, True]
    with pytest.raises(ImplausibleError):
        reading_of_ble_sample({"current": float("inf")})


@pytest.mark.parametrize("sample", [{"current": "12"}, {"cell_voltages": [None]}, {"temp_values": ["hot"]}])
def test_what_is_no_number_is_refused(sample: dict[str, Any]) -> None:
    with pytest.raises(FrameError, match="no number"):
        reading_of_ble_sample(sample)


def test_several_packs_are_told_one_by_one() -> None:
    packs = [{"voltage": 52.3, "cell_voltages": [3.27] * 16}, {"voltage": 52.4, "cell_voltages": [3.28] * 16}]
    sample = {"voltage": 52.3, "current": -6.7, "pack_count": 2, "packs": packs, "chrg_mosfet": True}
    reading = reading_of_ble_sample(sample, pack=2)
    assert reading.pack_voltage_volt == pytest.approx(52.4)
    assert reading.current_ampere is None  # that of the whole device is not this pack's
    assert reading.charge_switch_fraction == 1.0
    for pack in (0, 3):
        with pytest.raises(FrameError, match="say which"):
            reading_of_ble_sample(sample, pack)
    with pytest.raises(FrameError, match="0 packs by themselves"):
        reading_of_ble_sample({"pack_count": 2}, pack=1)


@pytest.mark.parametrize(
    ("sample", "alarms"),
    [
        ({"problem_code": 0x1A, "problem": True}, ("problem code 1A",)),
        ({"problem": True}, ("problem",)),
        ({"problem_code": 0}, ()),
    ],
)
def test_problems_are_alarms(sample: dict[str, Any], alarms: tuple[str, ...]) -> None:
    assert reading_of_ble_sample(sample).alarms == alarms


def test_identity() -> None:
    identity = identity_of_ble_info(
        {"manufacturer": "Jikong", "model": "BMS", "serial_number": "7", "sw_version": "14.2", "hw_version": "14.XA"}
    )
    assert (identity.model, identity.firmware) == ("Jikong BMS", "14.2")
    assert identity_of_ble_info({"model": "X", "fw_version": "1"}).firmware == "1"


def test_values_that_the_package_gives_for_captured_frames(shared: Path) -> None:
    captured = json.loads((shared / "data/real/aiobmsble_frames/frames.json").read_text(encoding="utf-8"))
    read = 0
    for device in captured.values():
        for sample in _samples_in(device["expected"]):
            known = {key: value for key, value in sample.items() if value is not None and key != "temp_values"}
            if known.get("pack_count", 1) > 1:
                continue
            reading = reading_of_ble_sample(known)
            assert reading.refused == ()
            if "cell_voltages" in known:
                assert list(there(reading.cell_voltage_volt)) == pytest.approx(known["cell_voltages"])
            if "current" in known:
                assert reading.current_ampere == pytest.approx(known["current"])
            read += 1
    assert read > 20


def _samples_in(expected: Any) -> list[dict[str, Any]]:
    if not isinstance(expected, dict):
        return []
    if "voltage" in expected or "cell_voltages" in expected:
        return [expected]
    return [sample for value in expected.values() for sample in _samples_in(value)]


def test_the_keys_are_those_of_the_package() -> None:
    package = pytest.importorskip("aiobmsble", reason="needs Python 3.12")
    keys = package.BMSSample.__annotations__.keys()
    assert _SCALARS.keys() | {"cell_voltages", "temp_values", "temperature", "balancer", "packs", "pack_count"} <= keys
    assert {place.name for place in package.TempSensor.T} >= {"GENERIC", "CELL", "MOSFET", "PCB", "AMBIENT"}
