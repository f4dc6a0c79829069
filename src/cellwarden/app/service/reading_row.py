"""One device reading as a row of a pack: cells, sensors and columns as the pack has them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from cellwarden.core.sample_block import FloatArray, SampleBlock
from cellwarden.drivers.device import Driver
from cellwarden.drivers.errors import ImplausibleError
from cellwarden.drivers.reading import DeviceReading

__all__ = ["RowShape", "reading_row", "require_past", "row_shape"]

_AHEAD_SECOND = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RowShape:
    """Cells, sensors and optional columns of a pack's rows, fixed for as long as the service runs."""

    cells: int
    sensors: int
    has_current: bool
    has_ambient: bool
    has_balancing: bool
    has_switches: bool
    has_limits: bool
    has_soc: bool
    has_impedance: bool


def row_shape(cells: int, sensors: int, drivers: Iterable[Driver], *, has_ambient: bool) -> RowShape:
    """The shape that a pack with these devices has."""
    can = frozenset().union(*(driver.capabilities for driver in drivers))
    return RowShape(
        cells=cells,
        sensors=sensors,
        has_current="current" in can,
        has_ambient=has_ambient,
        has_balancing="balancing" in can,
        has_switches="switches" in can,
        has_limits="limits" in can,
        has_soc="soc" in can,
        has_impedance="cell_impedance" in can,
    )


def require_past(device_unix_time_second: float | None, now_unix_time_second: float) -> None:
    """Require that a device does not say that it measured later than now; its age is never taken from what it says.

    Parameters
    ----------
    device_unix_time_second : as the device tells it; None or NaN where it does not
    now_unix_time_second : of the record, at the reception

    Raises
    ------
    ImplausibleError
        It says so, by more than two seconds: one of the two clocks is wrong.
    """
    ahead = -np.inf if device_unix_time_second is None else device_unix_time_second - now_unix_time_second
    if ahead > _AHEAD_SECOND:
        raise ImplausibleError(f"the device's clock is {ahead:.0f} s ahead of this box's: set both by one time server")


def reading_row(
    reading: DeviceReading, unix_time_second: float, shape: RowShape, ambient_sensor: int | None = None
) -> SampleBlock:
    """The reading as a block of one row.

    Parameters
    ----------
    reading : of one device
    unix_time_second : of the record
    shape : of the pack
    ambient_sensor : number, from 1, of the device's sensor that hangs in the air

    Raises
    ------
    ImplausibleError
        The device has another number of cells than the pack.
    """
    cells = reading.cell_voltage_volt
    if cells is not None and cells.size != shape.cells:
        raise ImplausibleError(f"the device reports {cells.size} cells, the pack has {shape.cells}")
    warm, air = _temperatures(reading, shape, ambient_sensor)
    optional = {
        "balancing_fraction": _many(reading.balancing_fraction, shape.cells) if shape.has_balancing else None,
        "impedance_ohm": _many(reading.cell_impedance_ohm, shape.cells) if shape.has_impedance else None,
        "bms_soc_fraction": _one(reading.bms_soc_fraction) if shape.has_soc else None,
        "charge_switch_fraction": _one(reading.charge_switch_fraction) if shape.has_switches else None,
        "discharge_switch_fraction": _one(reading.discharge_switch_fraction) if shape.has_switches else None,
        "charge_voltage_limit_volt": _one(reading.charge_voltage_limit_volt) if shape.has_limits else None,
        "charge_current_limit_ampere": _one(reading.charge_current_limit_ampere) if shape.has_limits else None,
        "discharge_current_limit_ampere": _one(reading.discharge_current_limit_ampere) if shape.has_limits else None,
    }
    return SampleBlock(
        unix_time_second=np.array([unix_time_second]),
        current_ampere=_one(reading.current_ampere),
        pack_voltage_volt=_one(reading.pack_voltage_volt),
        cell_voltage_volt=_many(cells, shape.cells),
        temperature_celsius=_many(warm, shape.sensors),
        ambient_temperature_celsius=_one(air),
        **optional,
    )


def _temperatures(
    reading: DeviceReading, shape: RowShape, ambient_sensor: int | None
) -> tuple[FloatArray | None, float | None]:
    """The pack's sensors, and the air's temperature."""
    values = reading.temperature_celsius
    if values is None or ambient_sensor is None:
        return (None if values is None else values[: shape.sensors]), reading.ambient_temperature_celsius
    air = float(values[ambient_sensor - 1]) if ambient_sensor <= values.size else None
    return np.delete(values, ambient_sensor - 1)[: shape.sensors] if air is not None else values, air


def _one(value: float | None) -> FloatArray:
    return np.array([np.nan if value is None else value])


def _many(values: FloatArray | None, count: int) -> FloatArray:
    """(1, count), NaN where the device has fewer."""
    row = np.full((1, count), np.nan)
    if values is not None:
        row[0, : min(values.size, count)] = values[:count]
    return row
