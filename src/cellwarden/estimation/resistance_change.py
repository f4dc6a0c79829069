"""A step of a cell's resistance: when it began to show, and how large it is by the edges since then.

A two-sided CUSUM of the log-likelihood ratio for a sought step (Page, Biometrika 41 (1954) 100) on the innovations of a
cell's ratio. While a side's sum is above 0 the edges that lifted it are summed up by least squares, once for each part
of the resistance that may have changed; when the sum passes its limit they tell the size of the step.
"""

from __future__ import annotations

import numpy as np

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.bare_kernel import bare_kernel

__all__ = [
    "CHANGE_SIDES",
    "CHANGE_SLOTS",
    "CHANGING_PARTS",
    "change_weight",
    "follow_change",
    "no_change",
    "size_of_change",
]

RISE, FALL = range(2)
CHANGE_SIDES = 2
# slots of a side: the sum, then the normal equations' right side and information of the step as each part
SUM, FIRST_PART = range(2)
CHANGING_PARTS = 3  # film, charge transfer, joint
CHANGE_SLOTS = FIRST_PART + 2 * CHANGING_PARTS

SOUGHT_CHANGE, LARGEST_WEIGHT, CUSUM_LIMIT, CUSUM_GATE = 0.15, 1.5, 7.5, 4.0
PRIOR_SIGMA = 0.4  # of a step
EVIDENCE_SHARE = 0.5  # of those edges that counts: the begin was chosen so that they look large


@bare_kernel
def change_weight(relative_noise: float) -> float:
    """Sought step over an edge's noise."""
    return float(min(SOUGHT_CHANGE / relative_noise, LARGEST_WEIGHT))


@bare_kernel
def follow_change(
    sides: FloatArray, seen: float, weight: float, h: FloatArray, first: int, innovation: float, variance: float
) -> int:
    """Take one edge into both sides; the side that passed its limit, −1 for none.

    Parameters
    ----------
    sides : (CHANGE_SIDES, CHANGE_SLOTS) changed
    seen : innovation over its sigma
    weight : by which the edge counts, see `change_weight`
    h, first : from h[first] on, what a step of one unit adds to the innovation, as each of the parts
    innovation, variance : measured minus expected and its variance, in units of ρ
    """
    told = min(max(seen, -CUSUM_GATE), CUSUM_GATE)
    for k in range(CHANGE_SIDES):
        own = sides[k]
        sign = 1.0 if k == RISE else -1.0
        own[SUM] += weight * (sign * told - 0.5 * weight)
        if own[SUM] <= 0.0:
            own[:] = 0.0
            continue
        for part in range(CHANGING_PARTS):
            own[FIRST_PART + 2 * part] += h[first + part] * innovation / variance
            own[FIRST_PART + 2 * part + 1] += h[first + part] ** 2 / variance
    if max(sides[RISE, SUM], sides[FALL, SUM]) <= CUSUM_LIMIT:
        return -1
    return RISE if sides[RISE, SUM] >= sides[FALL, SUM] else FALL


@bare_kernel
def size_of_change(side: FloatArray, part: int) -> tuple[float, float]:
    """Mean and variance of a step of that part, counted from 0, by a side's normal equations and the prior."""
    total, information = side[FIRST_PART + 2 * part], side[FIRST_PART + 2 * part + 1]
    variance = 1.0 / (1.0 / PRIOR_SIGMA**2 + EVIDENCE_SHARE * information)
    return variance * EVIDENCE_SHARE * total, variance


def no_change(cells: int) -> FloatArray:
    """(n_cells, CHANGE_SIDES, CHANGE_SLOTS) before the first edge."""
    return np.zeros((cells, CHANGE_SIDES, CHANGE_SLOTS))
