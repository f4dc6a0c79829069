"""Sigma-point (central-difference) Kalman filter of every cell, the same states as the extended one.

Plett, "Sigma-point Kalman filtering for battery management systems of LiPB-based HEV battery packs", part 1, J. Power
Sources 161 (2006) 1356, table 2 (weights of the central-difference filter, h = √3) and table 3 (steps), and part 2,
ibid. 1369, § 4 (state and parameters together). Noise adds to state and reading, so the points need no states for it.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from bench.published.circuit import CHARGE, COUNT, Circuit, voltage_of
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
)
from bench.published.peer_log import PeerLog
from cellwarden.core.sample_block import FloatArray

__all__ = ["sigma_point_filter"]

POINTS = 2 * COUNT + 1
REACH = math.sqrt(3.0)
SIDE_WEIGHT = 1.0 / 6.0
CENTRE_WEIGHT = (3.0 - COUNT) / 3.0


def sigma_point_filter(
    log: PeerLog, circuit: Circuit, tuning: Tuning, start: tuple[FloatArray, FloatArray], full: NDArray[np.bool_]
) -> JointTrack:
    """Filter a log from its first step to its last; parameters as of `joint_ekf`."""
    steps, cells = log.voltage_volt.shape
    soc, soc_sigma = np.empty((2, steps, cells))
    state, state_sigma = np.empty((2, cells, COUNT))
    for cell in range(cells):
        soc[:, cell], soc_sigma[:, cell], state[cell], state_sigma[cell] = _filtered(
            circuit,
            tuning,
            begun(start[0], log.of_cell(cell), circuit),
            start[1],
            *log.of_cell(cell),
            np.ascontiguousarray(full[:, cell]),
        )
    return JointTrack(soc_fraction=soc, soc_sigma=soc_sigma, state=state, state_sigma=state_sigma)


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
    """One cell: (S,) charge, (S,) its sigma, (8,) state and (8,) sigma at the end."""
    x, p = start.copy(), np.diag(start_sigma**2)
    points, expected, noise = np.empty((POINTS, COUNT)), np.empty(POINTS), np.empty(COUNT)
    root = np.zeros((COUNT, COUNT))
    soc, sigma, anchored = np.empty(len(second)), np.empty(len(second)), False
    for s in range(len(second)):
        _place_points(x, p, root, points)
        for point in range(POINTS):
            advance(circuit, points[point], mean_ampere[s], celsius[s], second[s])
        process_noise(circuit, tuning, mean_ampere[s], celsius[s], second[s], noise)
        _gather(points, noise, x, p)
        if not math.isnan(volt[s]):
            _place_points(x, p, root, points)
            for point in range(POINTS):
                expected[point] = voltage_of(circuit, points[point], ampere[s], celsius[s])[0]
            slope = voltage_of(circuit, x, ampere[s], celsius[s])[1]
            _read(x, p, points, expected, volt[s], reading_variance(tuning, slope))
        if full[s] and not anchored:
            restart(x, p, start, start_sigma)
            anchored = True
        elif full[s] and tuning.full_sigma > 0.0:
            _place_points(x, p, root, points)
            _read(x, p, points, points[:, CHARGE].copy(), FULL_SOC, tuning.full_sigma**2)
        kept_in_range(x)
        soc[s], sigma[s] = x[CHARGE], math.sqrt(p[CHARGE, CHARGE])
    return soc, sigma, x, np.sqrt(np.diag(p))


@njit(cache=True)
def _place_points(x: FloatArray, p: FloatArray, root: FloatArray, points: FloatArray) -> None:
    """Fill (17, 8): the state, and the state ± √3 times each column of the lower root of P."""
    for j in range(COUNT):
        for i in range(j, COUNT):
            total = p[i, j]
            for k in range(j):
                total -= root[i, k] * root[j, k]
            if i == j:
                root[j, j] = math.sqrt(total) if total > 0.0 else 0.0
            else:
                root[i, j] = total / root[j, j] if root[j, j] > 0.0 else 0.0
    for i in range(COUNT):
        points[0, i] = x[i]
        for j in range(COUNT):
            reach = REACH * root[i, j]
            points[1 + j, i] = x[i] + reach
            points[1 + COUNT + j, i] = x[i] - reach


@njit(cache=True)
def _weight(point: int) -> float:
    return CENTRE_WEIGHT if point == 0 else SIDE_WEIGHT


@njit(cache=True)
def _gather(points: FloatArray, noise: FloatArray, x: FloatArray, p: FloatArray) -> None:
    """Mean and covariance of the points, noise added, in place."""
    x[:] = 0.0
    for point in range(POINTS):
        for i in range(COUNT):
            x[i] += _weight(point) * points[point, i]
    p[:] = 0.0
    for point in range(POINTS):
        for i in range(COUNT):
            away = _weight(point) * (points[point, i] - x[i])
            for j in range(COUNT):
                p[i, j] += away * (points[point, j] - x[j])
    for i in range(COUNT):
        p[i, i] = max(p[i, i], 0.0) + noise[i]


@njit(cache=True)
def _read(
    x: FloatArray, p: FloatArray, points: FloatArray, expected: FloatArray, reading: float, variance: float
) -> None:
    """Take a reading of one number that the points expect, in place."""
    mean, total = 0.0, variance
    for point in range(POINTS):
        mean += _weight(point) * expected[point]
    cross = np.zeros(COUNT)
    for point in range(POINTS):
        away = _weight(point) * (expected[point] - mean)
        total += away * (expected[point] - mean)
        for i in range(COUNT):
            cross[i] += away * (points[point, i] - x[i])
    total = max(total, variance)
    for i in range(COUNT):
        x[i] += cross[i] * (reading - mean) / total
    for i in range(COUNT):
        for j in range(COUNT):
            p[i, j] -= cross[i] * cross[j] / total
        p[i, i] = max(p[i, i], 0.0)
