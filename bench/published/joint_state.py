"""What the joint filters share: how the state of a cell moves, its noise, its start, and how a reading is taken.

The parameters ride along as states that wander slowly: joint estimation of Plett, J. Power Sources 134 (2004) 277, § 4.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numba import njit

from bench.published.circuit import (
    BEYOND,
    CHARGE,
    COUNT,
    CURRENT,
    FAST,
    HYSTERESIS,
    LN_CAPACITY,
    LN_RESISTANCE,
    SLOW,
    VOLTAGE,
    Circuit,
    charge_of_voltage,
    warm_factor,
)
from bench.published.full_charge import FULL_SOC
from bench.published.peer_log import CellSteps
from cellwarden.core.pack_spec import PackSpec
from cellwarden.core.sample_block import FloatArray
from cellwarden.models.cell_model import CellModel

__all__ = [
    "DAY_SECOND",
    "MOST_LN_CAPACITY",
    "JointTrack",
    "Tuning",
    "advance",
    "begun",
    "kept_in_range",
    "process_noise",
    "reading_variance",
    "restart",
    "start_of",
    "take_reading",
]

DAY_SECOND = 86400.0
POLARISATION_SHARE = 0.1  # of what a resistor-capacitor adds in a step, that it may be wrong by
MOST_LN_CAPACITY = 0.4
START_SIGMA = 0.1  # of the charge by a first voltage
RESTART_SIGMA = 0.008  # of the charge at a full charge
HYSTERESIS_SHARE = 0.1  # of a whole turn


class Tuning(NamedTuple):
    """What whoever uses such a filter chooses.

    Attributes
    ----------
    voltage_sigma_volt : of a reading against the model, one sigma
    curve_sigma : charge by which the curve may be shifted where a reading is taken, one sigma; it counts by the slope
    current_sigma_c_rate : white noise of the current, times capacity
    resistance_walk, capacity_walk : what the parameters may wander by in a day, relative
    current_offset, voltage_offset : 1 with the offset of that sensor among the states, 0 without
    full_sigma : of a full charge taken as a reading of 0.99, one sigma; 0: not taken
    """

    voltage_sigma_volt: float
    curve_sigma: float
    current_sigma_c_rate: float
    resistance_walk: float
    capacity_walk: float
    current_offset: float
    voltage_offset: float
    full_sigma: float


@dataclass(frozen=True, slots=True, kw_only=True)
class JointTrack:
    """What a joint filter gave: (S, n) charge and its sigma; (n, 8) states at the end and their sigmas.

    `fit` (S,): ln of the likelihood of all readings since the cells' first full charge, where it was kept.
    """

    soc_fraction: FloatArray
    soc_sigma: FloatArray
    state: FloatArray
    state_sigma: FloatArray
    fit: FloatArray | None = None


def start_of(model: CellModel, spec: PackSpec, tuning: Tuning) -> tuple[FloatArray, FloatArray]:
    """(8,) state and (8,) one sigma before the log: tolerances of the description and the set's spreads.

    The charge is NaN: it is what the first voltage says, as far as that goes.
    """
    x, sigma = np.zeros(COUNT), np.zeros(COUNT)
    x[CHARGE], sigma[CHARGE] = np.nan, START_SIGMA
    sigma[[FAST, SLOW]] = 0.005
    sigma[HYSTERESIS] = 1.0
    sigma[LN_RESISTANCE] = model.resistance_log_sigma
    sigma[LN_CAPACITY] = model.capacity_sigma_fraction
    sigma[CURRENT] = 0.5 * tuning.current_offset * spec.sensors.current_offset_tolerance_ampere
    sigma[VOLTAGE] = 0.5 * tuning.voltage_offset * spec.sensors.voltage_offset_tolerance_volt
    return x, sigma


def begun(start: FloatArray, steps: CellSteps, circuit: Circuit) -> FloatArray:
    """(8,) the start with the charge of a cell's first voltage where it names none, half where none was read."""
    x = start.copy()
    if np.isnan(x[CHARGE]):
        read = np.flatnonzero(np.isfinite(steps.volt))[:1]
        bare = steps.volt[read] - circuit.resistance_ohm * steps.ampere[read]
        direction = float(np.sign(steps.ampere[read]).sum())
        x[CHARGE] = charge_of_voltage(circuit, bare, direction).sum() if len(read) else 0.5
    return x


@njit(cache=True)
def advance(circuit: Circuit, x: FloatArray, ampere: float, celsius: float, second: float) -> None:
    """Move a state by a step of constant current, in place; exact for charge, polarisation and hysteresis."""
    true_ampere = ampere - x[CURRENT]
    step = true_ampere * second / (3600.0 * circuit.capacity_ah * math.exp(x[LN_CAPACITY]))
    keep = math.exp(-circuit.hysteresis_rate * abs(step))
    warm = warm_factor(circuit, celsius)
    x[CHARGE] += step
    for k in range(2):
        decay = math.exp(-second / circuit.time_constant_second[k])
        x[FAST + k] = decay * x[FAST + k] + (1.0 - decay) * circuit.slow_resistance_ohm[k] * warm * true_ampere
    x[HYSTERESIS] = keep * x[HYSTERESIS] + (1.0 - keep) * np.sign(step)


@njit(cache=True)
def process_noise(
    circuit: Circuit, tuning: Tuning, ampere: float, celsius: float, second: float, variance: FloatArray
) -> None:
    """Fill (8,) variances that a step adds."""
    step = abs(ampere) * second / (3600.0 * circuit.capacity_ah)
    days = second / DAY_SECOND
    warm = warm_factor(circuit, celsius)
    variance[CHARGE] = (tuning.current_sigma_c_rate * second / 3600.0) ** 2
    for k in range(2):
        decay = math.exp(-second / circuit.time_constant_second[k])
        added = POLARISATION_SHARE * circuit.slow_resistance_ohm[k] * warm * ampere
        variance[FAST + k] = (1.0 - decay**2) * (added**2 + 1e-8)
    variance[HYSTERESIS] = min(2.0 * circuit.hysteresis_rate * step, 1.0) * HYSTERESIS_SHARE**2
    variance[LN_RESISTANCE] = days * tuning.resistance_walk**2
    variance[LN_CAPACITY] = days * tuning.capacity_walk**2
    variance[CURRENT] = tuning.current_offset * days * 0.002**2
    variance[VOLTAGE] = tuning.voltage_offset * days * 0.0001**2


@njit(cache=True)
def restart(x: FloatArray, p: FloatArray, start: FloatArray, start_sigma: FloatArray) -> None:
    """Begin anew at the first full charge, in place: the charge is known there, nothing else was learnt well before."""
    p[:] = 0.0
    for k in range(COUNT):
        x[k] = start[k]
        p[k, k] = start_sigma[k] ** 2
    x[CHARGE], p[CHARGE, CHARGE] = FULL_SOC, RESTART_SIGMA**2


@njit(cache=True, inline="always")
def reading_variance(tuning: Tuning, slope: float) -> float:
    """Variance of a reading where the curve has that slope [V²]."""
    return tuning.voltage_sigma_volt**2 + (slope * tuning.curve_sigma) ** 2


@njit(cache=True, inline="always")
def kept_in_range(x: FloatArray) -> None:
    """Charge and hysteresis stay where the circuit knows them, parameters where cells can be, in place."""
    x[CHARGE] = min(max(x[CHARGE], -BEYOND), 1.0 + BEYOND)
    x[HYSTERESIS] = min(max(x[HYSTERESIS], -1.0), 1.0)
    x[LN_CAPACITY] = min(max(x[LN_CAPACITY], -MOST_LN_CAPACITY), MOST_LN_CAPACITY)


@njit(cache=True)
def take_reading(x: FloatArray, p: FloatArray, h: FloatArray, innovation: float, variance: float) -> float:
    """Take a reading of one number, `h` (S,) its slopes, in place; ln of its likelihood but for a constant."""
    count = len(x)
    ph, total = np.zeros(count), variance
    for i in range(count):
        for j in range(count):
            ph[i] += p[i, j] * h[j]
    for i in range(count):
        total += h[i] * ph[i]
    for i in range(count):
        x[i] += ph[i] * innovation / total
        for j in range(count):
            p[i, j] -= ph[i] * ph[j] / total
    return -0.5 * (innovation**2 / total + math.log(total))
