"""Chances of rare events under the Poisson law, by the regularised incomplete gamma function.

P(a, x) is summed after NIST Digital Library of Mathematical Functions, 8.11.4, where x < a + 1, and taken from the
continued fraction 8.9.2 elsewhere (evaluated after W. J. Lentz, Applied Optics 15 (1976) 668).
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import ArrayLike

from cellwarden.core.sample_block import FloatArray

__all__ = ["poisson_interval", "poisson_tail"]

_TERMS = 10_000
_PRECISION = 1e-15
_TINY = 1e-300
_HALVINGS = 200


def poisson_tail(count: ArrayLike, expected: ArrayLike) -> FloatArray:
    """Chance of at least `count` > 0 events where `expected` > 0 are expected; shape of both together."""
    counts, means = np.broadcast_arrays(np.asarray(count, dtype=np.float64), np.asarray(expected, dtype=np.float64))
    return _gamma_shares(counts.ravel(), means.ravel()).reshape(counts.shape)


def poisson_interval(count: float) -> tuple[float, float]:
    """Two-sided 95 % interval of the expectation behind `count` ≥ 1 events (Garwood)."""
    return _expectation(float(count), 0.025), _expectation(count + 1.0, 0.975)


def _expectation(count: float, tail: float) -> float:
    """The expectation for which at least `count` events have that chance, by halving."""
    low, high = 0.0, count + 10.0 * math.sqrt(count) + 20.0
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        if middle in (low, high):
            break
        low, high = (middle, high) if _gamma_share(count, middle) < tail else (low, middle)
    return 0.5 * (low + high)


@njit(cache=True)
def _gamma_share(a: float, x: float) -> float:
    """P(a, x) for a > 0 and x > 0."""
    front = math.exp(a * math.log(x) - x - math.lgamma(a))
    if x < a + 1.0:
        term = total = 1.0 / a
        for count in range(1, _TERMS):
            term *= x / (a + count)
            total += term
            if term < _PRECISION * total:
                break
        return min(front * total, 1.0)
    below = x + 1.0 - a
    numerator, denominator = 1.0 / _TINY, 1.0 / below
    fraction = denominator
    for count in range(1, _TERMS):
        weight = -count * (count - a)
        below += 2.0
        denominator = weight * denominator + below
        denominator = 1.0 / (denominator if abs(denominator) > _TINY else _TINY)
        numerator = below + weight / numerator
        numerator = numerator if abs(numerator) > _TINY else _TINY
        change = numerator * denominator
        fraction *= change
        if abs(change - 1.0) < _PRECISION:
            break
    return max(1.0 - front * fraction, 0.0)


@njit(cache=True)
def _gamma_shares(a: FloatArray, x: FloatArray) -> FloatArray:
    """(N,) P of each pair."""
    share = np.empty_like(a)
    for place in range(len(a)):
        share[place] = _gamma_share(a[place], x[place])
    return share
