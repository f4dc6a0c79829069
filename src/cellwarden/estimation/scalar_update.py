"""One scalar measurement into a Gaussian state, in Numba."""

from __future__ import annotations

import numpy as np
from numba import njit

from cellwarden.core.sample_block import FloatArray

__all__ = ["considered_update", "scalar_update"]


@njit(cache=True)
def _gated_variance(
    p: FloatArray, h: FloatArray, innovation: float, variance: float, gate: float, ph: FloatArray
) -> tuple[float, float]:
    """Innovation over its sigma, and its variance after the gate; P hᵀ is added to `ph` (n,)."""
    s = variance
    for a in range(p.shape[0]):
        for b in range(p.shape[0]):
            ph[a] += p[a, b] * h[b]
        s += h[a] * ph[a]
    normalised = innovation / np.sqrt(s)
    if abs(normalised) > gate:
        s = (innovation / gate) ** 2
    return normalised, s


@njit(cache=True)
def scalar_update(
    x: FloatArray, p: FloatArray, h: FloatArray, innovation: float, variance: float, gate: float
) -> tuple[float, float]:
    """Kalman update by one measurement, in place, in the Joseph form written out for a scalar.

    P⁺ = (I − K h) P (I − K h)ᵀ + K r Kᵀ = P − K (P hᵀ)ᵀ − (P hᵀ) Kᵀ + s K Kᵀ with s = h P hᵀ + r, which stays
    symmetric and positive for any gain (Bar-Shalom, Li and Kirubarajan, Estimation with Applications to Tracking and
    Navigation, 2001, eq. 5.2.3-18).

    Parameters
    ----------
    x : (n,) state, changed
    p : (n, n) covariance, changed
    h : (n,) gradient of the measurement
    innovation : measured minus predicted
    variance : of the measurement's noise, above 0
    gate : innovations beyond this many sigma are taken with so much noise that they count as this many

    Returns
    -------
    innovation over its sigma before the gate, and the logarithm of its likelihood after it
    """
    n = x.shape[0]
    ph = np.zeros(n)
    normalised, s = _gated_variance(p, h, innovation, variance, gate, ph)
    for a in range(n):
        x[a] += ph[a] / s * innovation
    for a in range(n):
        for b in range(n):
            p[a, b] -= ph[a] * ph[b] / s
    likelihood = -0.5 * (innovation * innovation / s + np.log(s))
    return normalised, likelihood


@njit(cache=True)
def considered_update(
    x: FloatArray, p: FloatArray, h: FloatArray, innovation: float, variance: float, gate: float, held: int
) -> None:
    """Kalman update that leaves state `held` alone but counts its variance (Schmidt 1966); else as `scalar_update`."""
    n = x.shape[0]
    ph = np.zeros(n)
    _, s = _gated_variance(p, h, innovation, variance, gate, ph)
    gain = ph / s
    gain[held] = 0.0
    x += gain * innovation
    for a in range(n):
        for b in range(n):
            p[a, b] += s * gain[a] * gain[b] - gain[a] * ph[b] - ph[a] * gain[b]
