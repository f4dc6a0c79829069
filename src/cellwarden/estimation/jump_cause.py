"""Whether a reading that jumped has done so alone, or its cell with it, as the pack's own voltage tells.

A sensor's error parts the readings' sum from the pack's voltage, which another sensor measures; what a cell does moves
both. Where the pack's voltage is not measured, or is only the readings' sum, it tells nothing.
"""

from __future__ import annotations

import numpy as np

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.bare_kernel import bare_kernel
from cellwarden.estimation.capacity_prior import doubt_capacity

__all__ = [
    "OF_CELL",
    "OF_SENSOR",
    "SIDE",
    "UNTOLD",
    "add_excess",
    "close_excess",
    "doubt_cell",
    "forget_excess",
    "open_excess",
    "whose",
]

OF_CELL, OF_SENSOR, UNTOLD = range(3)

SIDE = 5  # means on either side of the one that jumped
EXCESS_MEANS = 2 * SIDE + 1
# slots: sum [V] and number of the open mean's readings, level before the means with what it counts as and how the means
# scatter about it [V²], and the means
EXCESS_SUM, EXCESS_COUNT, LEVEL, LEVEL_COUNT, SCATTER, FIRST_EXCESS = range(6)
LEVEL_MEANS = 30.0  # over which the level is taken at most
# what tells a sensor of the pack from a sum of the readings: variance over theirs, at least, and either distance or
# scatter, for sums that are rounded to 10 mV are off by half as much, and their means scatter less
INDEPENDENT, ROUNDED_VOLT, ROUNDED_SIGMA_VOLT = 3.0, 0.0055, 0.0025
CHANGED_SIGMA = 0.1  # of ln capacity, once a cell has stepped: damage, as `weak_cell` judges weak ones


@bare_kernel
def open_excess(slots: FloatArray) -> None:
    """Begin a mean."""
    slots[EXCESS_SUM], slots[EXCESS_COUNT] = 0.0, 0.0


@bare_kernel
def add_excess(slots: FloatArray, voltage: FloatArray, pack_volt: float) -> None:
    """Add by how much the readings' sum is above the pack's voltage; nothing where one of them is missing."""
    excess = voltage.sum() - pack_volt
    if np.isfinite(excess):
        slots[EXCESS_SUM] += excess
        slots[EXCESS_COUNT] += 1.0


@bare_kernel
def close_excess(slots: FloatArray, closed: float) -> None:
    """Put the open mean behind the others, of which so many are there, and the oldest one into the level."""
    oldest = slots[FIRST_EXCESS]
    if closed >= EXCESS_MEANS and np.isfinite(oldest):
        slots[LEVEL_COUNT] = min(slots[LEVEL_COUNT] + 1.0, LEVEL_MEANS)
        share, apart = 1.0 / slots[LEVEL_COUNT], oldest - slots[LEVEL]
        slots[SCATTER] = (1.0 - share) * (slots[SCATTER] + share * apart * apart)  # 0 at the first
        slots[LEVEL] += share * apart
    for k in range(EXCESS_MEANS - 1):
        slots[FIRST_EXCESS + k] = slots[FIRST_EXCESS + k + 1]
    mean = slots[EXCESS_SUM] / slots[EXCESS_COUNT] if slots[EXCESS_COUNT] > 0.0 else np.nan
    slots[FIRST_EXCESS + EXCESS_MEANS - 1] = mean


@bare_kernel
def forget_excess(slots: FloatArray) -> None:
    """Begin anew where the pack's voltage has moved, by which two sensors' gains part, or a sensor has jumped."""
    slots[LEVEL_COUNT] = 0.0


@bare_kernel
def whose(slots: FloatArray, jump: float, readings_variance: float) -> int:
    """`OF_CELL` where the pack's voltage went along with a jump in the middle mean, else `OF_SENSOR` or `UNTOLD`.

    `readings_variance` is the variance of a mean of all readings' sum [V²].
    """
    before, after, squares, farthest = 0.0, 0.0, 0.0, 0.0
    means = slots[FIRST_EXCESS : FIRST_EXCESS + EXCESS_MEANS]
    for k in range(SIDE):
        before += means[k] / SIDE
        after += means[SIDE + 1 + k] / SIDE
    for k in range(SIDE):
        squares += (means[k] - before) ** 2 + (means[SIDE + 1 + k] - after) ** 2
        farthest = max(farthest, abs(means[k]), abs(means[SIDE + 1 + k]))
    variance = (squares + slots[LEVEL_COUNT] * slots[SCATTER]) / (2.0 * SIDE - 2.0 + slots[LEVEL_COUNT])
    is_rounded = farthest < ROUNDED_VOLT and variance < ROUNDED_SIGMA_VOLT**2
    if is_rounded or not variance > INDEPENDENT * readings_variance:  # also where a mean is missing
        return UNTOLD
    before = (SIDE * before + slots[LEVEL_COUNT] * slots[LEVEL]) / (SIDE + slots[LEVEL_COUNT])
    return OF_CELL if abs(after - before) < abs(after - before - jump) else OF_SENSOR


@bare_kernel
def doubt_cell(y: FloatArray, p: FloatArray, error: int, ratio: int, jump: float, site: FloatArray) -> None:
    """Let a cell have become another one, whose curve lies beside the one it had by the jump [V] here; in place."""
    y[error] += jump
    p[error, error] += jump * jump
    doubt_capacity(y, p, ratio, CHANGED_SIGMA**2, site)
