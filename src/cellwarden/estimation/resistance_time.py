"""What the resistances may have wandered by since they were last told, in Numba."""

from __future__ import annotations

import numpy as np

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation import resistance_kernel as kernel
from cellwarden.estimation.bare_kernel import bare_kernel
from cellwarden.estimation.resistance_law import LOG_SCALE

__all__ = ["let_time_pass"]

SECONDS_PER_DAY = 86400.0


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
