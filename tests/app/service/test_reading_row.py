"""A device's reading as a row of the pack: what fits, what is refused, which sensor hangs in the air."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cellwarden.app.service.known_devices import read_known_devices, write_known_devices
from cellwarden.app.service.reading_row import reading_row, require_past, row_shape
from cellwarden.drivers.errors import ImplausibleError
from cellwarden.drivers.reading import DeviceIdentity, DeviceReading
from cellwarden.drivers.registry import driver_named

SHAPE = row_shape(2, 3, [driver_named("jk_pb")], has_ambient=True)


def reading(**values: object) -> DeviceReading:
    given: dict[str, object] = {"cell_voltage_volt": np.array([3.3, 3.4])}
    return DeviceReading(**(given | values))  # type: ignore[arg-type]


def test_another_number_of_cells_is_refused() -> None:
    with pytest.raises(ImplausibleError, match="reports 3 cells, the pack has 2"):
        reading_row(reading(cell_voltage_volt=np.full(3, 3.3)), 0.0, SHAPE)


def test_the_sensor_in_the_air_is_no_sensor_of_the_pack() -> None:
    row = reading_row(reading(temperature_celsius=np.array([20.0, 21.0, 15.0, 22.0])), 0.0, SHAPE, ambient_sensor=3)
    np.testing.assert_array_equal(row.temperature_celsius, [[20.0, 21.0, 22.0]])
    np.testing.assert_array_equal(row.ambient_temperature_celsius, [15.0])


def test_what_the_device_lacks_is_not_a_number() -> None:
    row = reading_row(reading(temperature_celsius=np.array([20.0])), 7.0, SHAPE, ambient_sensor=4)
    np.testing.assert_array_equal(row.temperature_celsius, [[20.0, np.nan, np.nan]])
    assert np.isnan(row.ambient_temperature_celsius).all()
    assert np.isnan(row.current_ampere).all()
    assert row.unix_time_second[0] == 7.0


def test_devices_are_remembered(tmp_path: Path) -> None:
    file = tmp_path / "devices.json"
    assert read_known_devices(file) == {}
    devices = {("p", "bms"): DeviceIdentity(model="m", serial_number="s")}
    write_known_devices(file, devices)
    assert read_known_devices(file) == devices
    file.write_text('[{"pack": 3}]')
    assert read_known_devices(file) == {}


@pytest.mark.parametrize("device", [None, float("nan"), 0.0, 1.7e9 - 3600.0, 1.7e9 + 1.9])
def test_a_time_that_is_past_or_not_told_is_no_matter(device: float | None) -> None:
    require_past(device, 1.7e9)


@pytest.mark.parametrize("ahead", [2.1, 3600.0, 10 * 365 * 86400.0, float("inf")])
def test_a_device_that_measured_in_the_future_is_refused(ahead: float) -> None:
    with pytest.raises(ImplausibleError, match="ahead of this box"):
        require_past(1.7e9 + ahead, 1.7e9)
