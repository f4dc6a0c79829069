"""What the middle cell may lose: no cell gains charge by itself, so none leaks less than it by more than that.

Data sheets of LFP cells promise a loss of at most 3 % a month at 25 °C, 4.1 mA at 100 Ah; the most that
`docs/parameter-sets.md` holds of sound cells, 1.3 mA, is as much at 45 °C (5600 K). A pack in which most cells leak
says so itself: there a cell that loses what a sound one does is told to stand below the middle one by more.
"""

from __future__ import annotations

import numpy as np

from cellwarden.core.sample_block import FloatArray

__all__ = ["within_middle_loss"]

MOST_PER_AH = 0.03 / 730.5
FEWEST_CELLS = 3  # of two, one that leaks is half of the middle


def within_middle_loss(leak: FloatArray, low: FloatArray, high: FloatArray, capacity_ah: float) -> FloatArray:
    """Lower bounds of leaks against the middle cell, no lower than it can lose nor above the leak, (M, n_cells) [A].

    Parameters
    ----------
    leak, low, high : (M, n_cells) leak against the middle cell with its interval [A]
    capacity_ah : nominal, of a cell [Ah]
    """
    least = -MOST_PER_AH * capacity_ah
    if leak.shape[1] < FEWEST_CELLS:
        return low
    most_leak = (high < least).any(axis=1, keepdims=True)
    return np.where(most_leak, low, np.minimum(leak, np.maximum(low, least)))
