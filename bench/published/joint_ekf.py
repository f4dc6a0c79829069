"""Joint extended Kalman filter of every cell.

Plett, "Extended Kalman filtering for battery management systems of LiPB-based HEV battery packs, part 3", J. Power
Sources 134 (2004) 277: table 1 (filter), § 4 (state and parameters together), with the cell of `circuit`.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from bench.published.circuit import (
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
    voltage_of,
    warm_factor,
)
from bench.published.full_charge import FULL_SOC
from bench.published.joint_state import (
    JointTrack,
    Tuning,
    advance,
    begun,
    kept_in_range,
    process_noise,
    reading_variance,
    restart,
    take_reading,
)
from bench.published.peer_log import CellSteps, PeerLog
from cellwarden.core.sample_block import FloatArray

__all__ = ["joint_course", "joint_ekf"]


def joint_ekf(
    log: PeerLog, circuit: Circuit, tuning: Tuning, start: tuple[FloatArray, FloatArray], full: NDArray[np.bool_]
) -> JointTrack:
    """Filter a log from its first step to its last.

    Parameters
    ----------
    start : (8,) state and (8,) one sigma before the log
    full : (S, n) steps at which a cell counts as full
    """
    steps, cells = log.voltage_volt.shape
    soc, soc_sigma = np.empty((2, steps, cells))
    state, state_sigma = np.empty((2, cells, COUNT))
    fit = np.zeros(steps)
    for cell in range(cells):
        course, soc_sigma[:, cell], state_sigma[cell], own_fit = joint_course(
            log.of_cell(cell), circuit, tuning, start, full[:, cell]
        )
        soc[:, cell], state[cell] = course[:, CHARGE], course[-1]
        fit += own_fit
    return JointTrack(soc_fraction=soc, soc_sigma=soc_sigma, state=state, state_sigma=state_sigma, fit=fit)


def joint_course(
    log: CellSteps, circuit: Circuit, tuning: Tuning, start: tuple[FloatArray, FloatArray], full: NDArray[np.bool_]
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """(S, 8) states of one cell, (S,) sigma of its charge, (8,) sigmas at the end, (S,) fit; `full` (S,)."""
    return _filtered(circuit, tuning, begun(start[0], log, circuit), start[1], *log, np.ascontiguousarray(full))


@njit(cache=True)
def _filtered(
    circuit: Circuit,
    tuning: Tuning,
    start: FloatArray,
    start_sigma: FloatArray,
    second: FloatArray,
    mean_ampere: FloatArray,
    ampere: FloatArray,
    volt: FloatArray,
    celsius: FloatArray,
    full: NDArray[np.bool_],
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """One cell: (S, 8) states, (S,) sigma of the charge, (8,) sigmas at the end, (S,) the readings' ln likelihood."""
    x, p = start.copy(), np.diag(start_sigma**2)
    f, work, noise, h = np.eye(COUNT), np.empty((COUNT, COUNT)), np.empty(COUNT), np.zeros(COUNT)
    course, sigma, anchored = np.empty((len(second), COUNT)), np.empty(len(second)), False
    fit, likelihood = np.empty(len(second)), 0.0
    for s in range(len(second)):
        _linearise(circuit, x, mean_ampere[s], celsius[s], second[s], f)
        advance(circuit, x, mean_ampere[s], celsius[s], second[s])
        process_noise(circuit, tuning, mean_ampere[s], celsius[s], second[s], noise)
        _spread(f, p, work, noise)
        if not math.isnan(volt[s]):
            expected, slope, width, ohm = voltage_of(circuit, x, ampere[s], celsius[s])
            h[CHARGE], h[FAST], h[SLOW], h[HYSTERESIS], h[VOLTAGE] = slope, 1.0, 1.0, width, 1.0
            h[LN_RESISTANCE], h[CURRENT] = ohm * (ampere[s] - x[CURRENT]), -ohm
            likelihood += take_reading(x, p, h, volt[s] - expected, reading_variance(tuning, slope))
        if full[s] and not anchored:
            restart(x, p, start, start_sigma)
            anchored, likelihood = True, 0.0
        elif full[s] and tuning.full_sigma > 0.0:
            h[:] = 0.0
            h[CHARGE] = 1.0
            take_reading(x, p, h, FULL_SOC - x[CHARGE], tuning.full_sigma**2)
        kept_in_range(x)
        course[s], sigma[s], fit[s] = x, math.sqrt(p[CHARGE, CHARGE]), likelihood
    return course, sigma, np.sqrt(np.diag(p)), fit


@njit(cache=True)
def _linearise(circuit: Circuit, x: FloatArray, ampere: float, celsius: float, second: float, f: FloatArray) -> None:
    """Fill (8, 8): slopes of `advance` at a state."""
    per_ampere = second / (3600.0 * circuit.capacity_ah * math.exp(x[LN_CAPACITY]))
    step = (ampere - x[CURRENT]) * per_ampere
    keep = math.exp(-circuit.hysteresis_rate * abs(step))
    turning = circuit.hysteresis_rate * keep * (1.0 - np.sign(step) * x[HYSTERESIS])  # of the hysteresis per charge
    f[CHARGE, LN_CAPACITY], f[CHARGE, CURRENT] = -step, -per_ampere
    for k in range(2):
        decay = math.exp(-second / circuit.time_constant_second[k])
        f[FAST + k, FAST + k] = decay
        f[FAST + k, CURRENT] = -(1.0 - decay) * circuit.slow_resistance_ohm[k] * warm_factor(circuit, celsius)
    f[HYSTERESIS, HYSTERESIS] = keep
    f[HYSTERESIS, LN_CAPACITY], f[HYSTERESIS, CURRENT] = -turning * step, -turning * per_ampere


@njit(cache=True)
def _spread(f: FloatArray, p: FloatArray, work: FloatArray, noise: FloatArray) -> None:
    """P ← F P Fᵀ + diag(noise), in place; only the first four rows of F are not those of the identity."""
    for i in range(COUNT):
        for j in range(COUNT):
            if i <= HYSTERESIS:
                total = 0.0
                for k in range(COUNT):
                    total += f[i, k] * p[k, j]
                work[i, j] = total
            else:
                work[i, j] = p[i, j]
    for i in range(COUNT):
        for j in range(COUNT):
            if j <= HYSTERESIS:
                total = 0.0
                for k in range(COUNT):
                    total += work[i, k] * f[j, k]
                p[i, j] = total
            else:
                p[i, j] = work[i, j]
        p[i, i] += noise[i]
