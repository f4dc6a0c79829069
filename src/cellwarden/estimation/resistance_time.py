"""What the resistances may have wandered by since they were last told."""

from __future__ import annotations

import numpy as np

from cellwarden.estimation import resistance_kernel as kernel
from cellwarden.estimation.resistance_law import LOG_SCALE
from cellwarden.estimation.resistance_state import ResistanceState

__all__ = ["let_time_pass"]

SECONDS_PER_DAY = 86400.0


def let_time_pass(state: ResistanceState, unix_time_second: float) -> float:
    """Add the process noise up to that time; the days since the time before, 0 for the first."""
    last = float(state.last_told_unix_time_second[0])
    state.last_told_unix_time_second[0] = unix_time_second
    if not np.isfinite(last):
        return 0.0
    days = max(unix_time_second - last, 0.0) / SECONDS_PER_DAY
    state.law_covariance[LOG_SCALE, LOG_SCALE] += kernel.COMMON_WALK_PER_DAY * days
    for k in range(kernel.PARTS):
        state.bank_covariance[:, :, k, k] += kernel.CELL_WALK_PER_DAY * days
    return days
