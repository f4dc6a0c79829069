"""A step of a cell's resistance: when it began to show, and how large it is by the edges since then.

A two-sided CUSUM of the log-likelihood ratio for a sought step (Page, Biometrika 41 (1954) 100) on the innovations of a
cell's ratio. While a side's sum is above 0 the edges that lifted it are summed up by least squares, once as a film that
follows the cell's temperature and once as a joint; when the sum passes its limit they tell the size of the step.
"""

from __future__ import annotations

import numpy as np

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.bare_kernel import bare_kernel

__all__ = ["CHANGE_SIDES", "CHANGE_SLOTS", "change_weight", "follow_change", "no_change", "size_of_change"]

RISE, FALL = range(2)
CHANGE_SIDES = 2
# slots of a side: the sum, then normal equations of the step as a film and as a joint
SUM, FILM_SUM, FILM_INFORMATION, JOINT_SUM, JOINT_INFORMATION = range(5)
CHANGE_SLOTS = 5

SOUGHT_CHANGE, LARGEST_WEIGHT, CUSUM_LIMIT, CUSUM_GATE = 0.15, 1.5, 7.5, 4.0
PRIOR_SIGMA = 0.4  # of a step
EVIDENCE_SHARE = 0.5  # of those edges that counts: the begin was chosen so that they look large


@bare_kernel
def change_weight(relative_noise: float) -> float:
    """Sought step over an edge's noise."""
    return float(min(SOUGHT_CHANGE / relative_noise, LARGEST_WEIGHT))


@bare_kernel
def follow_change(
    sides: FloatArray, seen: float, weight: float, film: float, joint: float, innovation: float, variance: float
) -> int:
    """Take one edge into both sides; the side that passed its limit, −1 for none.

    Parameters
    ----------
    sides : (CHANGE_SIDES, CHANGE_SLOTS) changed
    seen : innovation over its sigma
    weight : by which the edge counts, see `change_weight`
    film, joint : what a step of one unit adds to the innovation, as a film and as a joint
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
        own[FILM_SUM] += film * innovation / variance
        own[FILM_INFORMATION] += film * film / variance
        own[JOINT_SUM] += joint * innovation / variance
        own[JOINT_INFORMATION] += joint * joint / variance
    if max(sides[RISE, SUM], sides[FALL, SUM]) <= CUSUM_LIMIT:
        return -1
    return RISE if sides[RISE, SUM] >= sides[FALL, SUM] else FALL


@bare_kernel
def size_of_change(total: float, information: float) -> tuple[float, float]:
    """Mean and variance of a step by its normal equations and the prior."""
    variance = 1.0 / (1.0 / PRIOR_SIGMA**2 + EVIDENCE_SHARE * information)
    return variance * EVIDENCE_SHARE * total, variance


def no_change(cells: int) -> FloatArray:
    """(n_cells, CHANGE_SIDES, CHANGE_SLOTS) before the first edge."""
    return np.zeros((cells, CHANGE_SIDES, CHANGE_SLOTS))
