"""A leak that began within the log: the filter that found none is too sure of that to follow.

What readings can move an estimate by is bounded by what they tell: the variance that they took away (the innovation of
a Kalman filter is white; Mehra, IEEE Trans. Automatic Control 15 (1970) 175). A leak that moves up by more was another
one before, and so was what the cell lost since.
"""

from __future__ import annotations

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation import cell_difference as cd
from cellwarden.estimation.bare_kernel import bare_kernel
from cellwarden.estimation.scalar_update import doubt_rate

__all__ = ["follow_leak"]

MOVED_SIGMAS = 3.0
OPENED_SHARE = 5.0  # of the move: one that has just begun shows a small part of itself
LEAST_MOVE = 1e-6  # of the capacity in ampere
RENEWED_SHARE = 0.75  # of the variance; once so much is gone, what is believed is what is compared with
LONGEST_HOURS = 24.0  # since which it may have begun


@bare_kernel
def follow_leak(y: FloatArray, p: FloatArray, memory: FloatArray, capacity: float, elapsed_second: float) -> None:
    """Doubt one cell's leak, and what it lost by it, if it has moved up by more than what was read could move it.

    Parameters
    ----------
    y, p, memory : state, covariance and memory of `cell_difference`, changed in place
    capacity : of the pack [Ah]
    elapsed_second : since the cells were last read
    """
    if memory[cd.LEAK_THEN + 1] > 0.0:
        memory[cd.LEAK_THEN + 1] += (cd.LEAK_WALK_PER_DAY * capacity) ** 2 * elapsed_second / 86400.0
    then = memory[cd.LEAK_THEN :]  # leak, its variance, hours since
    then[2] += elapsed_second / 3600.0
    told, moved = then[1] - p[cd.LEAK, cd.LEAK], y[cd.LEAK] - then[0]
    least = (LEAST_MOVE * capacity) ** 2
    began = told > 0.0 and moved > 0.0 and moved * moved > MOVED_SIGMAS**2 * told + least
    if began:
        doubt_rate(p, cd.DIFFERENCE, cd.LEAK, min(then[2], LONGEST_HOURS), (OPENED_SHARE * moved) ** 2)
    if began or told <= 0.0 or told > RENEWED_SHARE * then[1]:
        then[0], then[1], then[2] = y[cd.LEAK], p[cd.LEAK, cd.LEAK], 0.0
