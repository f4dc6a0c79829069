"""The cell that the published filters have in mind: curve with hysteresis, resistance, two slow resistor-capacitors.

Enhanced self-correcting model of Plett, J. Power Sources 134 (2004) 262, eq. 14 to 18, with numbers of cellwarden's
own parameter set, so that both know the same of a cell beforehand:

    V = U(z) + M(z) h + v1 + v2 + R0 i + (T − 25 °C) dU/dT + o
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from cellwarden.core.pack_spec import PackSpec
from cellwarden.core.sample_block import FloatArray
from cellwarden.models.cell_model import CellModel

__all__ = ["CHARGE", "COUNT", "CURRENT", "FAST", "HYSTERESIS", "LN_CAPACITY", "LN_RESISTANCE", "SLOW", "VOLTAGE"]
__all__ += ["Circuit", "charge_of_voltage", "circuit_of", "knot_value", "voltage_of", "warm_factor"]

# places of the joint state: charge, two polarisations [V], hysteresis −1 … 1, ln of resistance and capacity against
# what is expected, offsets of current [A] and voltage [V]
CHARGE, FAST, SLOW, HYSTERESIS, LN_RESISTANCE, LN_CAPACITY, CURRENT, VOLTAGE = range(8)
COUNT = 8
BEYOND = 0.05  # of charge: curves go on straight


class Circuit(NamedTuple):
    """Numbers of one kind of cell. Tables (G,) stand on a uniform grid of charge from 0 to 1.

    Attributes
    ----------
    middle_volt, half_width_volt, entropy_volt_per_kelvin, resistance_factor : (G,) tables
    capacity_ah, resistance_ohm : as expected before the log
    slow_resistance_ohm, time_constant_second : of the two resistor-capacitors
    activation_kelvin : Arrhenius temperature of the resistances
    hysteresis_rate : γ, per unit of charge
    """

    middle_volt: FloatArray
    half_width_volt: FloatArray
    entropy_volt_per_kelvin: FloatArray
    resistance_factor: FloatArray
    capacity_ah: float
    resistance_ohm: float
    slow_resistance_ohm: tuple[float, float]
    time_constant_second: tuple[float, float]
    activation_kelvin: float
    hysteresis_rate: float


def circuit_of(model: CellModel, spec: PackSpec, curve: int) -> Circuit:
    """The circuit of a parameter set with one of its curves."""
    ocv = model.ocv_curves[curve]
    nominal = spec.nominal_capacity_ah
    return Circuit(
        middle_volt=0.5 * (ocv.charge_volt + ocv.discharge_volt),
        half_width_volt=0.5 * (ocv.charge_volt - ocv.discharge_volt),
        entropy_volt_per_kelvin=ocv.entropy_volt_per_kelvin,
        resistance_factor=model.resistance_soc_factor,
        capacity_ah=nominal * (1.0 + model.capacity_bias_fraction),
        resistance_ohm=model.resistance_ohm_ah / nominal,
        slow_resistance_ohm=(model.slow_resistance_ohm_ah[0] / nominal, model.slow_resistance_ohm_ah[1] / nominal),
        time_constant_second=model.slow_time_constant_second,
        activation_kelvin=model.activation_kelvin,
        hysteresis_rate=model.hysteresis_rate,
    )


@njit(cache=True, inline="always")
def knot_value(table: FloatArray, z: float) -> tuple[float, float]:
    """Value and slope of a table at a charge; beyond its ends it goes on straight."""
    last = len(table) - 1
    place = min(max(int(z * last), 0), last - 1)
    slope = (table[place + 1] - table[place]) * last
    return table[place] + slope * (min(max(z, -BEYOND), 1.0 + BEYOND) - place / last), slope


@njit(cache=True, inline="always")
def warm_factor(circuit: Circuit, celsius: float) -> float:
    """By how much resistances differ from those at 25 °C."""
    return math.exp(circuit.activation_kelvin * (1.0 / (celsius + 273.15) - 1.0 / 298.15))


@njit(cache=True)
def voltage_of(circuit: Circuit, x: FloatArray, ampere: float, celsius: float) -> tuple[float, float, float, float]:
    """Expected reading of the voltage sensor; its slopes with charge and hysteresis; the resistance.

    Parameters
    ----------
    x : (8,) joint state
    ampere : what the current sensor reads, bleed taken off [A]
    celsius : of the cell
    """
    inside = min(max(x[CHARGE], 0.0), 1.0)
    middle, slope = knot_value(circuit.middle_volt, x[CHARGE])
    width, width_slope = knot_value(circuit.half_width_volt, inside)
    warm = (celsius - 25.0) * knot_value(circuit.entropy_volt_per_kelvin, inside)[0]
    factor, factor_slope = knot_value(circuit.resistance_factor, inside)
    scale = circuit.resistance_ohm * warm_factor(circuit, celsius) * math.exp(x[LN_RESISTANCE])
    true_ampere = ampere - x[CURRENT]
    volt = middle + width * x[HYSTERESIS] + x[FAST] + x[SLOW] + scale * factor * true_ampere + warm + x[VOLTAGE]
    return volt, slope + width_slope * x[HYSTERESIS] + scale * factor_slope * true_ampere, width, scale * factor


def charge_of_voltage(circuit: Circuit, volt: FloatArray, hysteresis: float) -> FloatArray:
    """Charge at which the curve has that voltage; same shape as `volt`; 0 or 1 beyond its ends."""
    curve = circuit.middle_volt + hysteresis * circuit.half_width_volt
    return np.asarray(np.interp(volt, curve, np.linspace(0.0, 1.0, len(curve))))
