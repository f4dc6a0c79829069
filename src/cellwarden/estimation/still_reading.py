"""A channel that gives the same number again while the load moves all others: it tells nothing of its cell."""

from __future__ import annotations

import numpy as np

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.bare_kernel import bare_kernel

__all__ = ["STILL_SLOTS", "is_still", "still_stands"]

VALUE, LOWEST, HIGHEST = range(3)
STILL_SLOTS = 3
SAME_VOLT = 1e-7  # means of equal samples differ by their rounding
MOVED_VOLT = 0.02  # of the median under load, while the channel did not move at all


@bare_kernel
def still_stands(still: FloatArray, reading: float) -> bool:
    """Whether a reading is the one that stood still when it was last looked at by `is_still`."""
    return bool(still[HIGHEST] - still[LOWEST] > MOVED_VOLT and abs(reading - still[VALUE]) <= SAME_VOLT)


@bare_kernel
def is_still(still: FloatArray, reading: float, median: float, rest_second: float) -> bool:
    """Whether a cell's reading stands still while the others' median moves; `still` (STILL_SLOTS,) is renewed.

    Only what a load moves counts (`rest_second` 0): at rest a cell below the knee may stand while those on it sink.
    """
    if abs(reading - still[VALUE]) > SAME_VOLT:
        still[VALUE] = reading
        still[LOWEST], still[HIGHEST] = np.inf, -np.inf
    if rest_second == 0.0:
        still[LOWEST], still[HIGHEST] = min(still[LOWEST], median), max(still[HIGHEST], median)
    return bool(still[HIGHEST] - still[LOWEST] > MOVED_VOLT)
