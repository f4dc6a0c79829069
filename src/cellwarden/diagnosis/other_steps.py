"""What else makes two neighbouring readings step against each other, and how it is told from an exchange, in Numba.

A bleed goes on or off, two cells pass a step of the curve one after the other, a string leaves its knee and all its
readings change places.
"""

from __future__ import annotations

import numpy as np

from cellwarden.core.minute_block import IntArray
from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.bare_kernel import counted_kernel

__all__ = [
    "BLEED_STEP",
    "LEAST_BANDS",
    "NEAR_ROWS",
    "SHORT_SIDE",
    "by_bleed",
    "is_steady",
    "left_of_course",
    "others_moved",
    "stands_out",
]

SHORT_SIDE = 10  # rows on either side of the moment of exchange, of the shorter window
NEAR_ROWS = 3  # on either side, whose levels are held against each other
LEAST_BANDS = 0.1  # of rest, that a current must span to be told from its mean
MOMENT_SIGMAS = 3.0  # of what the others step by at that moment; a step of two readings is the root of two as wide
MOVE_SHARE = 0.05  # of what a string moves, by which its cells do so unlike at least
BLEED_STEP = 0.3  # of a minute, by which a duty changes where a bleed goes on or off


@counted_kernel
def by_bleed(duties: FloatArray, rows: IntArray, jump: float) -> bool:
    """Whether a bleed of the pair's higher reading went on, or of the lower one off, in this window or about then."""
    near = np.abs(rows) <= SHORT_SIDE
    for bleed in (_mean_step(duties, rows), _mean_step(duties[near], rows[near])):
        if abs(bleed) > BLEED_STEP and bleed * jump < 0.0:
            return True
    return False


@counted_kernel
def _mean_step(series: FloatArray, rows: IntArray) -> float:
    """By how much the mean of a series (rows,) changed."""
    before, after = series[rows < 0], series[rows > 0]
    return after.mean() - before.mean() if len(before) > 0 and len(after) > 0 else 0.0


@counted_kernel
def is_steady(current: FloatArray, rows: IntArray, place: IntArray, band: float) -> bool:
    """Whether all rows next to the middle are known, and with one and the same current."""
    near = np.abs(rows) <= NEAR_ROWS
    if np.sum(near) < 2 * NEAR_ROWS:
        return False
    flowing = current[place[near]]
    return bool(flowing.max() - flowing.min() < LEAST_BANDS * band)


@counted_kernel
def left_of_course(apart: FloatArray, rows: IntArray) -> float:
    """By how much the pair's difference (rows,) stepped between the rows next to the middle, less their own course [V].

    Two cells that pass a step of the curve one after the other drift past each other within minutes.
    """
    early, late = apart[(rows < 0) & (rows >= -NEAR_ROWS)], apart[(rows > 0) & (rows <= NEAR_ROWS)]
    drift = (early[-1] - early[0] + late[-1] - late[0]) / (2.0 * (NEAR_ROWS - 1))
    return float(late.mean() - early.mean() - (NEAR_ROWS + 1) * drift)


@counted_kernel
def others_moved(seen: FloatArray, weight: FloatArray, j: int) -> float:
    """How far the steps of the other readings scatter, as the root of their mean square [V]."""
    moved = np.zeros(seen.shape[1])
    for k in range(seen.shape[1]):
        moved[k] = (seen[:, k] * weight).sum()
    others = np.concatenate((moved[:j], moved[j + 2 :]))
    return others.std() if len(others) > 1 else 0.0


@counted_kernel
def stands_out(seen: FloatArray, rows: IntArray, j: int, near: float) -> bool:
    """Whether a pair's near step [V] is more than the moment does to the other readings (rows, n_cells), cell by cell.

    At the moment in which a string leaves its knee all readings change places, each by itself; of many neighbours some
    are mirrored then. Of few cells the others may do so alike by chance.
    """
    begin = np.sum(rows < 0)
    steps = np.empty(seen.shape[1])
    for k in range(seen.shape[1]):
        steps[k] = seen[begin : begin + NEAR_ROWS, k].mean() - seen[begin - NEAR_ROWS : begin, k].mean()
    others = np.concatenate((steps[:j], steps[j + 2 :]))
    usual = max(others.std() if len(others) > 1 else 0.0, MOVE_SHARE * abs(steps.mean()))
    return bool(near * near > 2.0 * (MOMENT_SIGMAS * usual) ** 2)
