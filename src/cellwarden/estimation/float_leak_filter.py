"""One cell's filters of distance and leak, as interacting multiple models (Blom and Bar-Shalom, 1988), in Numba."""

from __future__ import annotations

import numpy as np

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.bare_kernel import bare_kernel

__all__ = [
    "COVARIANCE",
    "DRIFT",
    "LEAK",
    "RATES",
    "VARIANCE_DRIFT",
    "VARIANCE_LEAK",
    "allow_jump",
    "correct_drift",
    "mix_rates",
]

DRIFT, LEAK = range(2)
VARIANCE_DRIFT, COVARIANCE, VARIANCE_LEAK = range(3)
RATES = 3
SWITCH = np.array([[0.9997, 0.0002, 0.0001], [0.03, 0.969, 0.001], [0.05, 0.05, 0.90]])  # from, to, each slot
LIKELIHOOD_CAP = 9.0
JUMP_LEAK = 0.2  # how likely a jump is a leak


@bare_kernel
def mix_rates(
    x: FloatArray, p: FloatArray, mode: FloatArray, new_x: FloatArray, new_p: FloatArray, new_mode: FloatArray
) -> None:
    """Write states, variances and plausibilities of the rates after one slot's chance to switch."""
    new_x[:], new_p[:], new_mode[:] = 0.0, 0.0, 0.0
    for to in range(RATES):
        for rate in range(RATES):
            new_mode[to] += SWITCH[rate, to] * mode[rate]
        for rate in range(RATES):
            share = SWITCH[rate, to] * mode[rate] / new_mode[to]
            new_x[to, DRIFT] += share * x[rate, DRIFT]
            new_x[to, LEAK] += share * x[rate, LEAK]
        for rate in range(RATES):
            share = SWITCH[rate, to] * mode[rate] / new_mode[to]
            drift, leak = x[rate, DRIFT] - new_x[to, DRIFT], x[rate, LEAK] - new_x[to, LEAK]
            new_p[to, VARIANCE_DRIFT] += share * (p[rate, VARIANCE_DRIFT] + drift * drift)
            new_p[to, COVARIANCE] += share * (p[rate, COVARIANCE] + drift * leak)
            new_p[to, VARIANCE_LEAK] += share * (p[rate, VARIANCE_LEAK] + leak * leak)


@bare_kernel
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


@bare_kernel
def allow_jump(p: FloatArray, mode: FloatArray, error: float, away: float) -> None:
    """Let a jump be the sensor's for the slower rates and a new leak for the fastest: what comes next decides."""
    slow = 0.0
    for rate in range(RATES):
        p[rate, VARIANCE_DRIFT] += error * error
        slow += mode[rate] if rate < RATES - 1 else 0.0
    if away > 0.0:
        p[RATES - 1, VARIANCE_LEAK] += (error / away) ** 2
        p[RATES - 1, COVARIANCE] -= error * error / away
    fast = max(mode[RATES - 1], JUMP_LEAK)
    for rate in range(RATES - 1):
        mode[rate] *= (1.0 - fast) / slow
    mode[RATES - 1] = fast
