"""Bar-delta filtering: one filter for the pack's mean cell, small ones for how every cell differs from it.

Plett, "Efficient battery pack state estimation using bar-delta filtering", EVS24, Stavanger (2009): the bar filter is
the joint extended Kalman filter of `joint_ekf` on the mean voltage; a delta filter reads the cell's voltage less the
mean, in which errors of the curve and of the current cancel:

    V − V̄ = U(z̄ + Δz) − U(z̄) + R̄ (e^Δr − 1) i + Δo

Its states, here in one filter, are the differences of charge, of ln of resistance and capacity, and of the sensor.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from bench.published.circuit import (
    BEYOND,
    CHARGE,
    COUNT,
    LN_CAPACITY,
    LN_RESISTANCE,
    VOLTAGE,
    Circuit,
    voltage_of,
)
from bench.published.joint_ekf import joint_course
from bench.published.joint_state import DAY_SECOND, MOST_LN_CAPACITY, JointTrack, Tuning, take_reading
from bench.published.peer_log import PeerLog
from cellwarden.core.sample_block import FloatArray

__all__ = ["DeltaTuning", "bar_delta"]

DELTAS = 4
D_CHARGE, D_RESISTANCE, D_CAPACITY, D_VOLTAGE = range(DELTAS)
MAJORITY = 0.5  # of the cells that are full


class DeltaTuning(NamedTuple):
    """What its user chooses for the differences; meanings as in `Tuning`, `spread` (4,) one sigma at the start."""

    bar: Tuning
    voltage_sigma_volt: float
    curve_sigma: float
    current_sigma_c_rate: float
    resistance_walk: float
    charge_spread: float
    resistance_spread: float
    capacity_spread: float
    voltage_spread: float


def bar_delta(
    log: PeerLog,
    circuit: Circuit,
    tuning: DeltaTuning,
    start: tuple[FloatArray, FloatArray],
    full: NDArray[np.bool_],
) -> JointTrack:
    """Filter a log from its first step to its last; parameters as of `joint_ekf`."""
    mean = log.mean_cell()
    mean_full = full.mean(axis=1) > MAJORITY
    course, bar_sigma, bar_state_sigma, _ = joint_course(mean.of_cell(0), circuit, tuning.bar, start, mean_full)
    steps, cells = log.voltage_volt.shape
    soc, sigma = np.empty((2, steps, cells))
    state, state_sigma = np.tile(course[-1], (cells, 1)), np.empty((cells, COUNT))
    away = log.voltage_volt - mean.voltage_volt
    beyond = log.bled_ampere - mean.bled_ampere
    for cell in range(cells):
        delta, own_sigma, last_sigma = _differences(
            circuit,
            tuning,
            course,
            log.step_second,
            log.mean_ampere,
            log.current_ampere,
            np.ascontiguousarray(beyond[:, cell]),
            np.ascontiguousarray(away[:, cell]),
            np.ascontiguousarray(log.temperature_celsius[:, cell]),
        )
        soc[:, cell] = course[:, CHARGE] + delta[:, D_CHARGE]
        sigma[:, cell] = np.hypot(bar_sigma, own_sigma)
        state_sigma[cell] = bar_state_sigma
        for place, other in ((LN_RESISTANCE, D_RESISTANCE), (LN_CAPACITY, D_CAPACITY), (VOLTAGE, D_VOLTAGE)):
            state[cell, place] += delta[-1, other]
            state_sigma[cell, place] = np.hypot(bar_state_sigma[place], last_sigma[other])
    return JointTrack(soc_fraction=soc, soc_sigma=sigma, state=state, state_sigma=state_sigma)


@njit(cache=True)
def _differences(
    circuit: Circuit,
    tuning: DeltaTuning,
    course: FloatArray,
    second: FloatArray,
    mean_ampere: FloatArray,
    ampere: FloatArray,
    bled_beyond: FloatArray,
    volt_away: FloatArray,
    celsius: FloatArray,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """One cell: (S, 4) differences from the mean cell, (S,) sigma of that of charge, (4,) sigmas at the end."""
    d, p, h = np.zeros(DELTAS), np.zeros((DELTAS, DELTAS)), np.zeros(DELTAS)
    for place in range(DELTAS):
        p[place, place] = (
            tuning.charge_spread,
            tuning.resistance_spread,
            tuning.capacity_spread,
            tuning.voltage_spread,
        )[place] ** 2
    other = np.zeros(COUNT)
    found, sigma = np.empty((len(second), DELTAS)), np.empty(len(second))
    for s in range(len(second)):
        bar = course[s]
        ah = circuit.capacity_ah * math.exp(bar[LN_CAPACITY])
        step = mean_ampere[s] * second[s] / (3600.0 * ah)
        shrunk = math.exp(-d[D_CAPACITY])
        d[D_CHARGE] += step * (shrunk - 1.0) - bled_beyond[s] * second[s] / (3600.0 * ah)
        _move(p, -step * shrunk)
        p[D_CHARGE, D_CHARGE] += (tuning.current_sigma_c_rate * second[s] / 3600.0) ** 2
        p[D_RESISTANCE, D_RESISTANCE] += tuning.resistance_walk**2 * second[s] / DAY_SECOND
        if not math.isnan(volt_away[s]):
            other[:] = bar
            other[CHARGE] += d[D_CHARGE]
            other[LN_RESISTANCE] += d[D_RESISTANCE]
            there, slope, _, ohm = voltage_of(circuit, other, ampere[s], celsius[s])
            here = voltage_of(circuit, bar, ampere[s], celsius[s])[0]
            h[D_CHARGE], h[D_RESISTANCE], h[D_CAPACITY], h[D_VOLTAGE] = slope, ohm * ampere[s], 0.0, 1.0
            variance = tuning.voltage_sigma_volt**2 + (slope * tuning.curve_sigma) ** 2
            take_reading(d, p, h, volt_away[s] - (there - here + d[D_VOLTAGE]), variance)
        d[D_CHARGE] = min(max(d[D_CHARGE], -BEYOND - bar[CHARGE]), 1.0 + BEYOND - bar[CHARGE])
        d[D_CAPACITY] = min(max(d[D_CAPACITY], -MOST_LN_CAPACITY), MOST_LN_CAPACITY)
        found[s], sigma[s] = d, math.sqrt(p[D_CHARGE, D_CHARGE])
    return found, sigma, np.sqrt(np.diag(p))


@njit(cache=True)
def _move(p: FloatArray, per_capacity: float) -> None:
    """P ← F P Fᵀ where charge grows by so much per ln of capacity, in place."""
    for j in range(DELTAS):
        p[D_CHARGE, j] += per_capacity * p[D_CAPACITY, j]
    for i in range(DELTAS):
        p[i, D_CHARGE] += per_capacity * p[i, D_CAPACITY]
