"""Probabilities of normal distributions, for confidences."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import ArrayLike

from cellwarden.core.sample_block import FloatArray

__all__ = ["chance_above", "normal_share"]


def chance_above(value: float, sigma: float, threshold: float) -> float:
    """Probability that a normal variable of that mean and standard deviation lies above the threshold."""
    if sigma <= 0.0:
        return float(value > threshold)
    return 0.5 * math.erfc((threshold - value) / (sigma * math.sqrt(2.0)))


def normal_share(standard: ArrayLike) -> FloatArray:
    """Share of a standard normal distribution below each value; same shape, NaN where the value is."""
    values = np.asarray(standard, dtype=np.float64)
    return _share(values.ravel()).reshape(values.shape)


@njit(cache=True)
def _share(standard: FloatArray) -> FloatArray:
    """(N,) by the complementary error function, which keeps small shares exact."""
    share = np.empty_like(standard)
    for place in range(len(standard)):
        share[place] = 0.5 * math.erfc(-standard[place] / math.sqrt(2.0))
    return share
