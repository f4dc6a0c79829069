"""What a passive balancer without a log may hide of the cells' leaks.

Where the balancer holds the cells level, each leaks and is bled the same together: what is seen of a leak is what it is
above the pack's median, less what the median cell was bled above it. That is between nothing and the whole bleed for as
long as the cells stand on the knee, and no time averages it out. Cells that are read above the others are bled more
than these, all others may be bled less. One far below the others has lost more than the balancer could hold.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.float_leak import FloatLeakTrack
from cellwarden.estimation.knee_leak import READ_HIGH_VOLT
from cellwarden.estimation.knee_stand import UNLOGGED_SHARE

__all__ = ["lasting_share", "unseen_bleed"]

MEMORY_SECOND = 10 * 86400.0  # a leak that was seen on float is told for as long afterwards


@njit(cache=True)
def lasting_share(start: FloatArray, share: FloatArray, elapsed_second: FloatArray) -> FloatArray:
    """(M,) share of the time for which bleeds may be on, the highest so far, each fading; `start` (1,) is changed.

    A pack that is never at rest on its knee is bled while it is charged.
    """
    result = np.empty_like(share)
    for m in range(share.shape[0]):
        start[0] = max(start[0] * np.exp(-elapsed_second[m] / MEMORY_SECOND), share[m], UNLOGGED_SHARE)
        result[m] = start[0]
    return result


def unseen_bleed(
    bleed_ampere: float, share: FloatArray, drifted: FloatLeakTrack, far_below: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """How much less and how much more each cell may leak than is seen, (M, n_cells) [A]; bounds, not sigmas.

    Parameters
    ----------
    bleed_ampere : a cell's bleed while it is on
    share : (M,) of the time for which it may be on
    far_below : (M, n_cells) 0 near the others to 1
    """
    most = bleed_ampere * share[:, None]
    ahead = drifted.away_volt >= READ_HIGH_VOLT
    return np.where(ahead, most, 0.0), np.where(ahead, 0.0, most * (1.0 + far_below))
