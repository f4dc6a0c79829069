"""Heat made in a cell, and one thermal node's answer to it.

Imports numpy and core only. Positive current charges.
"""

from __future__ import annotations

import numpy as np

from cellwarden.core.sample_block import FloatArray

__all__ = ["cell_heat", "step_temperature"]

ZERO_CELSIUS_KELVIN = 273.15


def cell_heat(
    current_ampere: FloatArray,
    cell_voltage_volt: FloatArray,
    ocv_volt: FloatArray,
    temperature_celsius: FloatArray,
    entropy_volt_per_kelvin: FloatArray,
) -> FloatArray:
    """Heat q = i·(v − OCV) + i·T·dU/dT, irreversible and reversible part [W].

    Bernardi, Pawlikowski and Newman, J. Electrochem. Soc. 132 (1985) 5, with charging positive; the arrays broadcast.
    """
    kelvin = temperature_celsius + ZERO_CELSIUS_KELVIN
    return current_ampere * (cell_voltage_volt - ocv_volt + kelvin * entropy_volt_per_kelvin)


def step_temperature(
    temperature_celsius: FloatArray,
    ambient_celsius: FloatArray,
    heat_watt: FloatArray,
    heat_capacity_joule_per_kelvin: FloatArray,
    thermal_resistance_kelvin_per_watt: FloatArray,
    step_second: float,
) -> FloatArray:
    """Temperature after a step of C·dT/dt = q − (T − Ta)/R with q and Ta constant over it [°C]; exact, broadcasts."""
    time_constant_second = heat_capacity_joule_per_kelvin * thermal_resistance_kelvin_per_watt
    steady_celsius = ambient_celsius + heat_watt * thermal_resistance_kelvin_per_watt
    return steady_celsius + (temperature_celsius - steady_celsius) * np.exp(-step_second / time_constant_second)
