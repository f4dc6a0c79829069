"""Capacity by approximate weighted total least squares with a fading memory.

Plett, "Recursive approximate weighted total least squares estimation of battery cell total capacity", J. Power Sources
196 (2011) 2319, § 5: with x the change of charge between two moments and y what was counted between them, both in
error, the least of

    J(Q) = Σ (y − Q x)² / (1 + Q²)² · (Q²/σx² + 1/σy²)

is the best root of a polynomial of fourth order in Q whose coefficients are six running sums. The axes are scaled so
that both errors are alike (§ 5.3). The charges are those of a filter, taken where the pack turns between charging and
discharging, as the paper takes them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from bench.published.circuit import CURRENT
from bench.published.joint_state import JointTrack
from bench.published.peer_log import PeerLog
from cellwarden.core.sample_block import FloatArray

__all__ = ["SquaresTuning", "capacity_sums", "least_capacity", "total_least_squares", "turning_points"]

TWO_SIDED = 2.0  # a curvature of J is twice an information


@dataclass(frozen=True, slots=True, kw_only=True)
class SquaresTuning:
    """What its user chooses: least swing between two turns, least errors of charge and current (one sigma), fading."""

    least_swing: float = 0.3
    charge_sigma: float = 0.05
    current_sigma_ampere: float = 0.005
    fading: float = 1.0


def total_least_squares(
    log: PeerLog,
    track: JointTrack,
    prior_ah: float,
    prior_sigma: float,
    tuning: SquaresTuning,
    begin: NDArray[np.int64],
) -> tuple[FloatArray, FloatArray]:
    """(n,) capacities at the end of the log [Ah] and (n,) one sigma.

    Parameters
    ----------
    track : charges of a filter and its offset of the current
    prior_ah, prior_sigma : expected capacity before the log [Ah] and its relative error
    begin : (n,) step from which each cell's charges count
    """
    ampere = log.mean_ampere[:, None] - log.bled_ampere - track.state[:, CURRENT]
    ah = np.cumsum(ampere * log.step_second[:, None] / 3600.0, axis=0)
    found = []
    for cell in range(ah.shape[1]):
        at = turning_points(ah[:, cell], tuning.least_swing * prior_ah, int(begin[cell]))
        hours = np.diff(log.unix_time_second[at]) / 3600.0
        sigma = np.maximum(track.soc_sigma[at, cell], tuning.charge_sigma)
        x_sigma = np.hypot(sigma[1:], sigma[:-1])
        y_sigma = np.maximum(tuning.current_sigma_ampere * hours, 1e-3)
        x, y = np.diff(track.soc_fraction[at, cell]), np.diff(ah[at, cell])
        sums, scale = capacity_sums(x, y, x_sigma, y_sigma, prior_ah, prior_sigma, tuning.fading)
        found.append(least_capacity(sums, scale))
    values = np.array(found)
    return values[:, 0], values[:, 1]


@njit(cache=True)
def turning_points(ah: FloatArray, swing: float, begin: int) -> NDArray[np.int64]:
    """(k,) steps from `begin` on at which a count turns after a swing, the last extreme among them."""
    found = [begin]
    extreme, rising = begin, 0
    for s in range(begin, len(ah)):
        if rising == 0:
            if abs(ah[s] - ah[begin]) >= swing:
                rising, extreme = (1 if ah[s] > ah[begin] else -1), s
        elif rising * (ah[s] - ah[extreme]) > 0.0:
            extreme = s
        elif rising * (ah[extreme] - ah[s]) >= swing:
            found.append(extreme)
            rising, extreme = -rising, s
    if rising != 0:
        found.append(extreme)
    return np.array(found)


def capacity_sums(
    x: FloatArray,
    y: FloatArray,
    x_sigma: FloatArray,
    y_sigma: FloatArray,
    prior_ah: float,
    prior_sigma: float,
    fading: float,
) -> tuple[FloatArray, float]:
    """(6,) running sums after all pairs, the prior as a first one, and the scale of y.

    Parameters
    ----------
    x, y : (k,) changes of charge and counted charges [Ah]
    x_sigma, y_sigma : (k,) their errors, one sigma
    prior_ah, prior_sigma : expected capacity [Ah] and its relative error
    fading : weight of a pair one pair later
    """
    scale = float(np.median(x_sigma) / np.median(y_sigma)) if len(x) else 1.0 / prior_ah
    sums = np.zeros(6)
    for one in range(-1, len(x)):
        if one < 0:
            dx, dy, sx, sy = 1.0, scale * prior_ah, prior_sigma, scale * prior_ah * prior_sigma
        else:
            dx, dy, sx, sy = x[one], scale * y[one], x_sigma[one], scale * y_sigma[one]
        terms = np.array([dx * dx, dx * dy, dy * dy])
        sums = fading * sums + np.concatenate([terms / sy**2, terms / sx**2])
    return sums, scale


def least_capacity(sums: FloatArray, scale: float) -> tuple[float, float]:
    """Capacity where J is least, and one sigma by its curvature there [Ah]; NaN where there is none."""
    c1, c2, c3, c4, c5, c6 = sums
    roots = np.roots([c5, 2.0 * c4 - c1 - c6, 3.0 * (c2 - c5), c1 + c6 - 2.0 * c3, -c2])
    real = roots.real[(np.abs(roots.imag) < 1e-9 * np.abs(roots).max()) & (roots.real > 0.0)]
    if not len(real):
        return np.nan, np.nan
    best = min(real, key=lambda q: _cost(sums, q))
    step = 1e-4 * best
    bend = (_cost(sums, best + step) - 2.0 * _cost(sums, best) + _cost(sums, best - step)) / step**2
    return float(best) / scale, float(np.sqrt(TWO_SIDED / bend)) / scale if bend > 0.0 else np.nan


def _cost(sums: FloatArray, q: float) -> float:
    """J of a scaled capacity."""
    c1, c2, c3, c4, c5, c6 = sums
    return float((c4 * q**4 - 2.0 * c5 * q**3 + (c1 + c6) * q**2 - 2.0 * c2 * q + c3) / (q**2 + 1.0) ** 2)
