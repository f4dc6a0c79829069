"""Tracks of the temperature estimators: one row a minute, sensors in the order of the log's columns."""

from __future__ import annotations

from dataclasses import dataclass

from cellwarden.core.sample_block import FloatArray

__all__ = ["TemperatureForecastTrack", "TemperatureOffsetTrack", "ThermalPathTrack"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ThermalPathTrack:
    """Heat path of the cells under each temperature sensor. All (M, n_sensors); NaN where nothing tells it.

    `thermal_resistance_kelvin_per_watt` from one cell to ambient with 95 % interval, `informed_unix_time_second` the
    last minute whose heat informed it (NaN: never). `path_log` is the natural logarithm of the time constant over its
    prior, which follows the path alone (the heat capacity cancels), with its sigma; `path_informed_second` the time
    for which a temperature away from ambient has informed it. `warmth_kelvin` is the cells' temperature in the frame
    of the ambient sensor, `offset_difference_kelvin` the sensor's offset against that frame with its sigma,
    `ambient_kelvin` the ambient (or its equivalent where the log has none) in that frame, `heat_watt` the heat of one
    cell, `time_constant_second` and `heat_capacity_joule_per_kelvin` of one cell.
    """

    thermal_resistance_kelvin_per_watt: FloatArray
    thermal_resistance_low_kelvin_per_watt: FloatArray
    thermal_resistance_high_kelvin_per_watt: FloatArray
    informed_unix_time_second: FloatArray
    path_log: FloatArray
    path_log_sigma: FloatArray
    path_informed_second: FloatArray
    warmth_celsius: FloatArray
    offset_difference_kelvin: FloatArray
    offset_difference_sigma_kelvin: FloatArray
    ambient_celsius: FloatArray
    heat_watt: FloatArray
    time_constant_second: FloatArray
    heat_capacity_joule_per_kelvin: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class TemperatureOffsetTrack:
    """Offset of each temperature sensor, reading minus truth, 95 % interval [K]. All (M, n_sensors).

    `ambient_offset_kelvin` (M,) is the ambient sensor's own (0 without one).
    """

    offset_kelvin: FloatArray
    offset_low_kelvin: FloatArray
    offset_high_kelvin: FloatArray
    informed_unix_time_second: FloatArray
    ambient_offset_kelvin: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class TemperatureForecastTrack:
    """Highest temperature within the next 20 minutes if the present load goes on [°C]. All (M, n_sensors).

    Without the sensors' offsets. `forecast_sigma_kelvin` is its standard deviation; `temperature_celsius` the present
    temperature, `excess_second` the time until the manufacturer's upper limit is exceeded (0: already, infinite: not
    within 20 minutes), `limit_celsius` (M,) that limit for the sign of the current.
    """

    forecast_celsius: FloatArray
    forecast_sigma_kelvin: FloatArray
    temperature_celsius: FloatArray
    excess_second: FloatArray
    limit_celsius: FloatArray
