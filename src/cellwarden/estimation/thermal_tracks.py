"""Tracks of the temperature estimators: one row a minute, sensors in the order of the log's columns."""

from __future__ import annotations

from dataclasses import dataclass

from cellwarden.core.sample_block import FloatArray

__all__ = ["TemperatureForecastTrack", "TemperatureOffsetTrack", "ThermalPathTrack"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ThermalPathTrack:
    """Heat path of the cells under each temperature sensor. All (M, n_sensors) but the last three.

    The first six are NaN where the log has no current or no ambient or where the sensor touches no known cell, the path
    and its sigma not where three sensors and more stand for the ambient.

    Attributes
    ----------
    thermal_resistance_kelvin_per_watt : from one cell to ambient, with 95 % interval (low, high)
    thermal_time_constant_second : of one cell
    informed_unix_time_second : last minute whose heat informed the resistance (NaN: never)
    path_log : logarithm of the time constant over its prior: follows the path, for the heat capacity stays [-]; over
        the pack's middle path where there is no ambient
    path_log_sigma : its standard deviation
    path_informed_second : time for which temperatures away from ambient have informed it
    warmth_celsius : the cells' temperature in the frame of the ambient sensor; of the reading where there is none
    offset_difference_kelvin : the reading's offset against that frame, NaN where there is no ambient and where fewer
        than three sensors stand for one
    offset_difference_sigma_kelvin : its standard deviation
    ambient_celsius : ambient in that frame, an equivalent one where the log has none
    heat_watt : heat of one cell
    model_time_constant_second, heat_capacity_joule_per_kelvin : what the filter reckons with, prior or not
    heat_correction_volt : (M, n_sensors, 9) loss voltage, then the potential at the knots, that the log adds to the
        parameter set's heat
    slow_polarisation_volt : (M, 2) of the mean cell; resistance_factor : (M,) of its temperature
    """

    thermal_resistance_kelvin_per_watt: FloatArray
    thermal_resistance_low_kelvin_per_watt: FloatArray
    thermal_resistance_high_kelvin_per_watt: FloatArray
    thermal_time_constant_second: FloatArray
    informed_unix_time_second: FloatArray
    path_log: FloatArray
    path_log_sigma: FloatArray
    path_informed_second: FloatArray
    warmth_celsius: FloatArray
    offset_difference_kelvin: FloatArray
    offset_difference_sigma_kelvin: FloatArray
    ambient_celsius: FloatArray
    heat_watt: FloatArray
    model_time_constant_second: FloatArray
    heat_capacity_joule_per_kelvin: FloatArray
    heat_correction_volt: FloatArray
    slow_polarisation_volt: FloatArray
    resistance_factor: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class TemperatureOffsetTrack:
    """Offset of each temperature sensor, reading minus truth, 95 % interval [K]. All (M, n_sensors).

    `frame_offset_kelvin` is what to take from `ThermalPathTrack.warmth_celsius` to have the true temperature.
    """

    offset_kelvin: FloatArray
    offset_low_kelvin: FloatArray
    offset_high_kelvin: FloatArray
    informed_unix_time_second: FloatArray
    frame_offset_kelvin: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class TemperatureForecastTrack:
    """Highest temperature within the next 20 minutes if the present load goes on [°C]. All (M, n_sensors) but one.

    Without the sensors' offsets. `forecast_sigma_kelvin` is its standard deviation; `temperature_celsius` the present
    temperature; `excess_second` the time until the manufacturer's upper limit is exceeded (0: already, infinite: not
    within 20 minutes); `limit_celsius` (M,) that limit for the sign of the current.
    """

    forecast_celsius: FloatArray
    forecast_sigma_kelvin: FloatArray
    temperature_celsius: FloatArray
    excess_second: FloatArray
    limit_celsius: FloatArray
