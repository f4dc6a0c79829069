"""How far healthy cells of a pack lie apart, whatever a few odd ones do."""

from __future__ import annotations

import numpy as np
from numba import njit

from cellwarden.core.sample_block import FloatArray

__all__ = ["robust_sigma", "robust_sigmas"]

SIGMA_PER_DEVIATION = 1.4826  # of a normal distribution (Hampel 1974, J. Am. Stat. Assoc. 69, 383)


@njit(cache=True)
def robust_sigma(values: FloatArray) -> float:
    """Sigma from the median absolute deviation of what is finite; 0 below three values."""
    kept = values[np.isfinite(values)]
    if kept.size < 3:
        return 0.0
    return float(SIGMA_PER_DEVIATION * np.median(np.abs(kept - np.median(kept))))


@njit(cache=True)
def robust_sigmas(values: FloatArray) -> FloatArray:
    """`robust_sigma` of each row (R,) of values (R, n)."""
    sigmas = np.empty(values.shape[0])
    for row in range(values.shape[0]):
        sigmas[row] = robust_sigma(values[row])
    return sigmas
