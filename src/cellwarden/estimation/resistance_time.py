"""What the resistances may have wandered by since they were last told, and what a late reading adds, in Numba.

Of a log with a row a minute a step is read a minute and a half after it, on average: by then the slow part of the
polarisation has joined that of ten seconds, some 8 % by every doubling of the time. How much it is differs from make to
make and is the same at every edge of a log, so no number of edges makes it surer.
"""

from __future__ import annotations

import numpy as np

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation import resistance_kernel as kernel
from cellwarden.estimation.bare_kernel import bare_kernel
from cellwarden.estimation.resistance_law import LOG_SCALE

__all__ = ["LATE_SIGMA", "late_factor", "let_time_pass", "remember_delay"]

SECONDS_PER_DAY = 86400.0
TIMELY_SECOND = 15.0  # up to here the law's own allowance for the time after a step covers it
# by which the logarithm of the resistance grows with every doubling of the time beyond, and its sigma between makes
LATE_SHARE, LATE_SIGMA = 0.08, 0.045
LATE_MEMORY_EDGES = 40.0


@bare_kernel
def let_time_pass(
    law_covariance: FloatArray, bank_covariance: FloatArray, last_told: FloatArray, unix_time_second: float
) -> float:
    """Add the process noise up to that time, in place; the days since the time before, 0 for the first.

    Parameters
    ----------
    law_covariance, bank_covariance, last_told : of `ResistanceState`; `last_told` (1,) becomes the time [s]
    """
    last = last_told[0]
    last_told[0] = unix_time_second
    if not np.isfinite(last):
        return 0.0
    days = max(unix_time_second - last, 0.0) / SECONDS_PER_DAY
    law_covariance[LOG_SCALE, LOG_SCALE] += kernel.COMMON_WALK_PER_DAY * days
    for cell in range(bank_covariance.shape[0]):
        for hypothesis in range(bank_covariance.shape[1]):
            for k in range(kernel.PARTS):
                bank_covariance[cell, hypothesis, k, k] += kernel.CELL_WALK_PER_DAY * days
    return float(days)


@bare_kernel
def _doublings(elapsed_second: float) -> float:
    """How often the time after a step has doubled since what a reading in time has."""
    return float(np.log2(max(elapsed_second, TIMELY_SECOND) / TIMELY_SECOND))


@bare_kernel
def late_factor(elapsed_second: float) -> float:
    """Resistance so long after a step over that of ten seconds."""
    return float(np.exp(LATE_SHARE * _doublings(elapsed_second)))


@bare_kernel
def remember_delay(late_doublings: FloatArray, elapsed_second: float) -> None:
    """Take an edge into the mean delay in doublings and the number of edges behind it (2,)."""
    late_doublings[1] = min(late_doublings[1] + 1.0, LATE_MEMORY_EDGES)
    late_doublings[0] += (_doublings(elapsed_second) - late_doublings[0]) / late_doublings[1]
