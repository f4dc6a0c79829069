"""One scalar measurement, or one doubt, into a Gaussian state, in Numba."""

from __future__ import annotations

import numpy as np

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.bare_kernel import bare_kernel, counted_kernel

__all__ = ["cautious_update", "considered_update", "doubt_rate", "doubt_surprising", "scalar_update", "update_by"]


@bare_kernel
def _gated_variance(
    p: FloatArray, h: FloatArray, innovation: float, variance: float, gate: float, ph: FloatArray
) -> tuple[float, float]:
    """Innovation over its sigma, and its variance after the gate; P hᵀ is written to `ph` (n,)."""
    s = variance
    ph[:] = 0.0
    for b in range(h.shape[0]):  # by rows, for P is symmetric: what stands side by side is summed at once
        weight = h[b]
        for a in range(h.shape[0]):
            ph[a] += p[b, a] * weight
    for a in range(h.shape[0]):
        s += h[a] * ph[a]
    normalised = innovation / np.sqrt(s)
    if abs(normalised) > gate:
        s = (innovation / gate) ** 2
    return normalised, s


@counted_kernel
def scalar_update(
    x: FloatArray, p: FloatArray, h: FloatArray, innovation: float, variance: float, gate: float
) -> tuple[float, float]:
    """`update_by` with scratch of its own."""
    return update_by(x, p, h, np.empty(x.shape[0]), innovation, variance, gate)


@bare_kernel
def update_by(
    x: FloatArray, p: FloatArray, h: FloatArray, ph: FloatArray, innovation: float, variance: float, gate: float
) -> tuple[float, float]:
    """Kalman update by one measurement, in place, in the Joseph form written out for a scalar.

    P⁺ = (I − K h) P (I − K h)ᵀ + K r Kᵀ = P − K (P hᵀ)ᵀ − (P hᵀ) Kᵀ + s K Kᵀ with s = h P hᵀ + r, which stays
    symmetric and positive for any gain (Bar-Shalom, Li and Kirubarajan, Estimation with Applications to Tracking and
    Navigation, 2001, eq. 5.2.3-18).

    Parameters
    ----------
    x : (n,) state, changed
    p : (n, n) covariance, changed; of a larger array the first n rows and columns
    h : (n,) gradient of the measurement
    ph : (n,) scratch
    innovation : measured minus predicted
    variance : of the measurement's noise, above 0
    gate : innovations beyond this many sigma are taken with so much noise that they count as this many

    Returns
    -------
    innovation over its sigma before the gate, and the logarithm of its likelihood after it
    """
    n = x.shape[0]
    normalised, s = _gated_variance(p, h, innovation, variance, gate, ph)
    root = 1.0 / np.sqrt(s)
    for a in range(n):
        ph[a] *= root
        x[a] += ph[a] * root * innovation
    for a in range(n):
        share = ph[a]
        for b in range(n):
            p[a, b] -= share * ph[b]
    return normalised, -0.5 * (innovation * innovation / s + np.log(s))


@bare_kernel
def considered_update(
    x: FloatArray,
    p: FloatArray,
    h: FloatArray,
    ph: FloatArray,
    innovation: float,
    variance: float,
    gate: float,
    held: int,
    second: int,
) -> None:
    """Kalman update that leaves two states alone but counts their variance (Schmidt 1966); else as `update_by`."""
    own, other = x[held], x[second]
    own_variance, other_variance, between = p[held, held], p[second, second], p[held, second]
    update_by(x, p, h, ph, innovation, variance, gate)
    x[held], x[second] = own, other
    p[held, held], p[second, second] = own_variance, other_variance
    p[held, second], p[second, held] = between, between


@bare_kernel
def cautious_update(
    x: FloatArray,
    p: FloatArray,
    h: FloatArray,
    ph: FloatArray,
    innovation: float,
    variance: float,
    gate: float,
    slow: int,
    share: float,
) -> None:
    """Kalman update in which one state moves by a share of its gain only; P in Joseph's form for that gain.

    With K_s = share · K the other rows keep P − K (P hᵀ)ᵀ, and P_ss falls by 2·share − share² of what it would; 0 is
    Schmidt's considered state.
    """
    own, own_variance = x[slow], p[slow, slow]
    update_by(x, p, h, ph, innovation, variance, gate)
    x[slow] = own + share * (x[slow] - own)
    p[slow, slow] = own_variance + (2.0 - share) * share * (p[slow, slow] - own_variance)


@bare_kernel
def doubt_rate(p: FloatArray, level: int, rate: int, hours: float, variance: float) -> None:
    """Let the state `rate` have been off by `variance` for so many hours, and `level` by what that moved it; in place.

    P (n, n) stays symmetric and positive: the term is of rank one.
    """
    p[rate, rate] += variance
    p[level, rate] += hours * variance
    p[rate, level] += hours * variance
    p[level, level] += hours * hours * variance


@bare_kernel
def doubt_surprising(p: FloatArray, h: FloatArray, at: int, innovation: float, variance: float, sigmas: float) -> None:
    """Let the state `at`, whose entry of h is 1, have changed where an innovation is beyond so many sigmas."""
    total = variance
    for a in range(h.shape[0]):
        for b in range(h.shape[0]):
            total += h[a] * p[a, b] * h[b]
    p[at, at] += max((innovation / sigmas) ** 2 - total, 0.0)
