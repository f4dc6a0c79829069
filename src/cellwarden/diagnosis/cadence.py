"""When a detector speaks: at every change of level, and once an hour for as long as a cause is there."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cellwarden.core.finding import Severity
from cellwarden.core.minute_block import IntArray
from cellwarden.core.sample_block import FloatArray

__all__ = ["HOUR_SECOND", "LEVELS", "is_full_hour", "rows_to_tell"]

HOUR_SECOND = 3600.0
LEVELS: tuple[Severity | None, ...] = (None, Severity.INFO, Severity.WARNING, Severity.CRITICAL)


def is_full_hour(unix_time_second: FloatArray) -> NDArray[np.bool_]:
    """(M,) whether the row's stamp is a multiple of 3600 s."""
    return np.equal(np.mod(unix_time_second, HOUR_SECOND), 0.0)


def rows_to_tell(
    unix_time_second: FloatArray, level: IntArray, level_before: IntArray, fresh: NDArray[np.bool_] | None = None
) -> list[tuple[int, int]]:
    """Pairs (row, channel), by time, of what is to be said.

    Parameters
    ----------
    unix_time_second : (M,) stamps of the rows [s]
    level : (M, channels) 0 absent, 1 info, 2 warning, 3 critical
    level_before : (channels,) level of the row before the first
    fresh : (M, channels) where a cause is so young that every row says something new; none if not given
    """
    if level.shape[0] == 0 or (not level.any() and not level_before.any()):
        return []
    before = np.concatenate([level_before[None, :], level[:-1]])
    again = is_full_hour(unix_time_second)[:, None]
    told = (level != before) | ((level > 0) & (again if fresh is None else again | fresh))
    return [(int(row), int(channel)) for row, channel in np.argwhere(told)]
