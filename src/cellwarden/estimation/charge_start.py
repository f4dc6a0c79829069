"""Where the pack stands before its first anchor: hypotheses of the charge at the log's start, weighed by voltage.

On the plateau a voltage fits many charges; a Gaussian would pick one and be sure of it. So 121 starting points are
carried along by counting and weighed by what the median voltage says of each, until they agree.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.bare_kernel import counted_kernel
from cellwarden.estimation.ocv_lookup import branch_voltage

HYPOTHESES = 121
CURVE_SIGMA_VOLT = 0.008
SOC_SIGMA = 0.006
POLARISATION_SHARE = 0.15
POLARISATION_SCALES = np.array([0.6, 1.0, 1.7])  # the resistance is not known yet either


@njit(cache=True)
def weigh_starts(
    weight: FloatArray,
    counted_ah: float,
    capacity: float,
    discharge: FloatArray,
    charge: FloatArray,
    spread: FloatArray,
    hysteresis: float,
    hysteresis_sigma: float,
    voltage: float,
    polarisation: float,
    doubt_volt: float,
    share: float,
) -> None:
    """Weigh every starting charge by one voltage, in place.

    Parameters
    ----------
    weight : (3, H) logarithms of the weights of a start at z = 0 … 1 in equal steps, for three sizes of polarisation
    counted_ah : charge counted since the start [Ah]
    spread : (G,) one sigma of what the curve may yet be learnt to be [V]
    doubt_volt : further uncertainty of the voltage [V]
    share : how much of an independent reading this one is, 0 to 1
    """
    width, _ = branch_voltage(charge - discharge, charge - discharge, 0.0, 0.5)
    for k in range(weight.shape[1]):
        soc = k / (weight.shape[1] - 1.0) + counted_ah / capacity
        ocv, slope = branch_voltage(discharge, charge, hysteresis, soc)
        variance = (
            CURVE_SIGMA_VOLT**2
            + spread[min(max(int(soc * (spread.shape[0] - 1)), 0), spread.shape[0] - 1)] ** 2
            + (SOC_SIGMA * slope) ** 2
            + (POLARISATION_SHARE * polarisation) ** 2
            + doubt_volt**2
            + (0.5 * hysteresis_sigma * width) ** 2
        )
        outside = 20.0 if soc > 1.02 or soc < -0.02 else 0.0
        for scale in range(weight.shape[0]):
            error = voltage - ocv - POLARISATION_SCALES[scale] * polarisation
            weight[scale, k] -= share * (0.5 * min(error * error / variance, 60.0) + 0.5 * np.log(variance) + outside)


@counted_kernel
def loosen_starts(weights: FloatArray, sigma: float, floor: float) -> None:
    """What is left of the weights (curves, scales, H) after charge of unknown size came or went, in place.

    Each start spreads by `sigma` of z, as a Gaussian; any other has at least `floor` times the odds of the likeliest.
    """
    count = weights.shape[2]
    reach = min(int(np.ceil(3.0 * sigma * (count - 1.0))), count - 1)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / ((count - 1.0) * max(sigma, 1e-6))) ** 2)
    kernel /= kernel.sum()
    for a in range(weights.shape[0]):
        for b in range(weights.shape[1]):
            before = np.exp(weights[a, b])
            after = np.zeros(count)
            for k in range(count):
                for step in range(-reach, reach + 1):
                    if 0 <= k + step < count:
                        after[k] += kernel[step + reach] * before[k + step]
            weights[a, b] = np.log(after + floor * before.max() + 1e-300)


@counted_kernel
def summarise_starts(weights: FloatArray, curve_odds: float, start_odds: float) -> tuple[float, float, float, float]:
    """Mean, sigma and 95 % interval of z at the start; `weights` (curves, scales, H) with its largest at 0.

    Readings share the error of a curve that is not the cells' own, which the weights take for independent: of the
    logarithm of the odds between curves counts the share `curve_odds`, of that between starts the share `start_odds`.
    """
    probability = np.zeros(weights.shape[2])
    for a in range(weights.shape[0]):
        own = np.zeros(weights.shape[2])
        most = weights[a].max()
        evidence = 0.0
        for b in range(weights.shape[1]):
            own += np.exp(start_odds * (weights[a, b] - most))
            evidence += np.exp(weights[a, b] - most).sum()
        probability += np.exp(curve_odds * (most + np.log(evidence))) * own / own.sum()
    probability /= probability.sum()
    grid = np.arange(weights.shape[2]) / (weights.shape[2] - 1.0)
    mean = (probability * grid).sum()
    sigma = np.sqrt((probability * (grid - mean) ** 2).sum() + (0.5 / weights.shape[2]) ** 2)
    total = np.cumsum(probability)
    low = grid[min(np.searchsorted(total, 0.025), weights.shape[2] - 1)]
    high = grid[min(np.searchsorted(total, 0.975), weights.shape[2] - 1)]
    return mean, sigma, low, high
