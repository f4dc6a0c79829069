"""One cell's filters of distance and leak, as interacting multiple models (Blom and Bar-Shalom, 1988), in Numba."""

from __future__ import annotations

import numpy as np
from numba import njit

from cellwarden.core.sample_block import FloatArray

__all__ = [
    "COVARIANCE",
    "DRIFT",
    "LEAK",
    "RATES",
    "VARIANCE_DRIFT",
    "VARIANCE_LEAK",
    "correct_drift",
    "mixed_rates",
]

DRIFT, LEAK = range(2)
VARIANCE_DRIFT, COVARIANCE, VARIANCE_LEAK = range(3)
RATES = 3
SWITCH = np.array([[0.9997, 0.0002, 0.0001], [0.03, 0.969, 0.001], [0.05, 0.05, 0.90]])  # from, to, each slot
LIKELIHOOD_CAP = 9.0


@njit(cache=True)
def mixed_rates(x: FloatArray, p: FloatArray, mode: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """States, variances and plausibilities of the rates after one slot's chance to switch."""
    new_x, new_p, new_mode = np.zeros_like(x), np.zeros_like(p), np.zeros_like(mode)
    for to in range(RATES):
        for rate in range(RATES):
            new_mode[to] += SWITCH[rate, to] * mode[rate]
        for rate in range(RATES):
            new_x[to] += SWITCH[rate, to] * mode[rate] / new_mode[to] * x[rate]
        for rate in range(RATES):
            share = SWITCH[rate, to] * mode[rate] / new_mode[to]
            drift, leak = x[rate, DRIFT] - new_x[to, DRIFT], x[rate, LEAK] - new_x[to, LEAK]
            new_p[to, VARIANCE_DRIFT] += share * (p[rate, VARIANCE_DRIFT] + drift * drift)
            new_p[to, COVARIANCE] += share * (p[rate, COVARIANCE] + drift * leak)
            new_p[to, VARIANCE_LEAK] += share * (p[rate, VARIANCE_LEAK] + leak * leak)
    return new_x, new_p, new_mode


@njit(cache=True)
def correct_drift(x: FloatArray, p: FloatArray, reading: float, noise: float) -> float:
    """Kalman update of one filter by one reading, in place; its log-likelihood, capped."""
    error = reading - x[DRIFT]
    variance = p[VARIANCE_DRIFT] + noise
    gain_drift, gain_leak = p[VARIANCE_DRIFT] / variance, p[COVARIANCE] / variance
    x[DRIFT] += gain_drift * error
    x[LEAK] += gain_leak * error
    p[VARIANCE_LEAK] -= gain_leak * p[COVARIANCE]
    p[COVARIANCE] *= 1.0 - gain_drift
    p[VARIANCE_DRIFT] *= 1.0 - gain_drift
    return float(-0.5 * (min(error * error / variance, LIKELIHOOD_CAP) + np.log(variance)))
