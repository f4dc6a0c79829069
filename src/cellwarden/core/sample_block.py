"""Samples of one pack as arrays: what every source delivers and every consumer takes."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

__all__ = ["FloatArray", "SampleBlock"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleBlock:
    """T ≥ 1 samples of one pack, sorted by time; a value that was not measured is NaN.

    Arrays are float64 and C-contiguous. Positive current charges.

    Attributes
    ----------
    unix_time_second : (T,) strictly increasing [s, UTC]
    current_ampere : (T,) [A], positive charges
    pack_voltage_volt : (T,) [V]
    cell_voltage_volt : (T, n_cells) [V], in string order from the negative end
    temperature_celsius : (T, n_sensors) [°C]
    ambient_temperature_celsius : (T,) [°C]
    balancing_fraction : (T, n_cells) share of the interval that ends with the row for which the bleed was on
    balancing_current_ampere : (T, n_cells) [A] active balancer's current into the cell
    impedance_ohm : (T, n_cells) [ohm]
    bms_soc_fraction : (T,) what the BMS reports
    discharge_switch_fraction : (T,) 1 = closed
    charge_switch_fraction : (T,) 1 = closed
    charge_voltage_limit_volt : (T,) [V] of the pack, what the BMS allows
    charge_current_limit_ampere, discharge_current_limit_ampere : (T,) [A], ≥ 0, what the BMS allows

    What has a default is None where the log has no such column.
    """

    unix_time_second: FloatArray
    current_ampere: FloatArray
    pack_voltage_volt: FloatArray
    cell_voltage_volt: FloatArray
    temperature_celsius: FloatArray
    ambient_temperature_celsius: FloatArray
    balancing_fraction: FloatArray | None = None
    balancing_current_ampere: FloatArray | None = None
    impedance_ohm: FloatArray | None = None
    bms_soc_fraction: FloatArray | None = None
    charge_switch_fraction: FloatArray | None = None
    discharge_switch_fraction: FloatArray | None = None
    charge_voltage_limit_volt: FloatArray | None = None
    charge_current_limit_ampere: FloatArray | None = None
    discharge_current_limit_ampere: FloatArray | None = None

    def __post_init__(self) -> None:
        rows = self.unix_time_second.shape[0]
        for field in fields(self):
            value = getattr(self, field.name)
            if value is not None and value.shape[0] != rows:
                raise ValueError(f"{field.name} has {value.shape[0]} rows, unix_time_second has {rows}")

    def __len__(self) -> int:
        return int(self.unix_time_second.shape[0])

    @property
    def cell_count(self) -> int:
        """Number of cells in series."""
        return int(self.cell_voltage_volt.shape[1])

    @property
    def temperature_sensor_count(self) -> int:
        """Number of temperature sensors (ambient not counted)."""
        return int(self.temperature_celsius.shape[1])

    def rows(self, begin: int, end: int) -> SampleBlock:
        """Samples begin … end−1 as a block of views."""
        cut = {
            field.name: value[begin:end] for field in fields(self) if (value := getattr(self, field.name)) is not None
        }
        return replace(self, **cut)
