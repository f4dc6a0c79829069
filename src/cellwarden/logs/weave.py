"""Columns of whole numbers into rows of base units, in Numba: each possible value is divided once, then looked up."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from cellwarden.core.sample_block import FloatArray

__all__ = ["woven"]

_WIDEST_RANGE = 16384  # values in the table: it stays in the cache
_FEWEST_COLUMNS = 2
_APART = 16  # numbers between columns whose length is a power of two, which else would share one place of the cache


def woven(
    columns: list[NDArray[Any]], divisor: float, lowest: float = np.nan, highest: float = np.nan
) -> FloatArray | None:
    """Columns of equal length as rows (T, n), divided; None where a table does not pay.

    Parameters
    ----------
    columns : n ≥ 1 columns (T ≥ 1,) of any number type
    divisor : what makes them base units
    lowest, highest : what no number lies beyond, where that is known
    """
    if len(columns) < _FEWEST_COLUMNS or any(column.dtype.kind not in "iu" for column in columns):
        return None
    if not (math.isfinite(lowest) and math.isfinite(highest)):
        lowest, highest = min(float(column.min()) for column in columns), max(float(column.max()) for column in columns)
    low, high = int(lowest), int(highest)
    if high - low >= min(_WIDEST_RANGE, len(columns) * len(columns[0])) or max(abs(low), abs(high)) >= 2**31:
        return None
    table = np.arange(low, high + 1, dtype=np.float64) / divisor
    length = len(columns[0])
    rows = np.empty((length, len(columns)))
    stacked = np.empty((len(columns), length + _APART), dtype=_stored_as(columns))
    for place, column in zip(stacked, columns, strict=True):
        place[:length] = column
    _look_up(stacked, low, table, rows)
    return rows


def _stored_as(columns: list[NDArray[Any]]) -> type[np.signedinteger[Any]]:
    """The narrow type that all columns have, as percents and millivolts are logged, or one that holds any of them."""
    for narrow in (np.int8, np.int16):
        if all(column.dtype == narrow for column in columns):
            return narrow
    return np.int32


@njit(cache=True)
def _look_up(columns: NDArray[np.int8 | np.int16 | np.int32], low: int, table: FloatArray, rows: FloatArray) -> None:
    """Fill rows (T, n) from columns (n, ≥ T) of numbers from `low` on: places without a sign need no look at it."""
    for t in range(rows.shape[0]):
        for k in range(rows.shape[1]):
            rows[t, k] = table[np.uint64(columns[k, t] - low)]
