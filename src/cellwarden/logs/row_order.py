"""Whether the rows of a file were moved about after they were logged, so that its own times say where they belong.

A clock that is set back logs times that other rows hold too: in order of time, its rows lie between those others, many
to one jump in the file. Rows that were shuffled, or blocks of them that were joined in the wrong order, fall into holes
that fit them: in order of time there are as few jumps as in the file, each as long as any interval.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cellwarden.core.sample_block import FloatArray
from cellwarden.logs.repair import WINDOW_ROWS
from cellwarden.logs.tables import Table

__all__ = ["RowOrder", "moved_rows"]

_LOOKED_AT_ROWS = 1 << 20  # of longer files every second row is looked at, or every third …
_FEWEST_ROWS = 64
_ISLAND_SECOND = 30 * 86400.0  # rows so far from all others hold stamps of a clock that was not set yet
_JUMPS_RATIO = 1.5
_FITTING = 0.9
_HOLE_INTERVALS, _HOLE_SECOND = 5.0, 60.0
_FULL_INTERVAL = 0.75  # rows between others halve the intervals


class RowOrder(NamedTuple):
    """How many rows stand after a later one, and stamps that part the rows into pieces of a size (K,), as in the file.

    `edges` are in the time column's own unit, rising.
    """

    late_rows: int
    edges: FloatArray


def moved_rows(table: Table, time_column: str, second: float, piece_rows: int) -> RowOrder | None:
    """What is needed to put a file in order by its times; None where its rows stand as they were logged.

    Parameters
    ----------
    table, time_column : the file, and its column of stamps
    second : how many of the column's units a second has
    piece_rows : size of the pieces that the edges part
    """
    late = _late_rows(table, time_column)
    if not late.beyond_window:
        return None
    every = 1 + late.rows // _LOOKED_AT_ROWS
    stamps = _stamps(table, time_column, every)
    if not _is_moved(stamps / second, max(1, min(WINDOW_ROWS // every, len(stamps) // 8))):
        return None
    stamps.sort()
    places = np.arange(piece_rows // every, len(stamps), max(1, piece_rows // every))
    return RowOrder(late.late_rows, np.unique(stamps[places]))


class _Late(NamedTuple):
    """Rows with a stamp, those after a later one, and whether any comes later than reading by the window can mend."""

    rows: int
    late_rows: int
    beyond_window: bool


def _late_rows(table: Table, time_column: str) -> _Late:
    """Look through the stamps piece by piece."""
    rows, late, highest, beyond = 0, 0, -np.inf, False
    window = min(WINDOW_ROWS, max(1, table.row_count_estimate() // 8))
    earlier = np.empty(0)  # the highest stamp so far after each of the last rows, as many as the window has
    for batch in table.batches([time_column]):
        stamps = _finite(batch)
        rows += len(stamps)
        if not len(stamps):
            continue
        if stamps[0] >= highest and not np.any(stamps[1:] < stamps[:-1]):
            highest = float(stamps[-1])
            earlier = np.concatenate((earlier, stamps[-window:]))[-window:]
            continue
        after = np.maximum.accumulate(np.concatenate(([highest], stamps)))
        late += int((stamps < after[:-1]).sum())
        before = np.concatenate((earlier, after[1:]))
        reach = len(before) - window
        if reach > 0:
            beyond |= bool(np.any(stamps[-reach:] < before[:reach]))
        highest, earlier = float(after[-1]), before[-window:]
    return _Late(rows, late, beyond)


def _finite(batch: pa.RecordBatch) -> FloatArray:
    """The stamps of a piece that are there (T,); none where they are no numbers."""
    values = batch.column(0).drop_null()
    if not (pa.types.is_integer(values.type) or pa.types.is_floating(values.type)):
        return np.empty(0)
    stamps: FloatArray = values.to_numpy(zero_copy_only=False).astype(np.float64, copy=False)
    finite: NDArray[np.bool_] = np.isfinite(stamps)
    return stamps if finite.all() else stamps[finite]


def _stamps(table: Table, time_column: str, every: int) -> FloatArray:
    """One of so many stamps, in the order of the file (T,)."""
    kept, passed = [np.empty(0)], 0
    for batch in table.batches([time_column]):
        stamps = _finite(batch)
        kept.append(stamps[-passed % every :: every].copy())
        passed += len(stamps)
    return np.concatenate(kept)


def _is_moved(stamps: FloatArray, far_rows: int) -> bool:
    """Whether stamps (T,) in the order of the file [s] belong in the order of their times; jumps are so far or more."""
    if len(stamps) < _FEWEST_ROWS:
        return False
    body = _largest_island(stamps)
    order = np.argsort(body, kind="stable")
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    jumps_in_file = int((np.abs(np.diff(rank)) > far_rows).sum())
    jumps = np.abs(np.diff(order)) > far_rows
    count = int(jumps.sum())
    if not count or count > _JUMPS_RATIO * jumps_in_file:
        return False
    intervals = np.diff(body[order])
    usual = float(np.median(intervals))
    fits = intervals[jumps] <= max(_HOLE_SECOND, _HOLE_INTERVALS * usual)
    return bool(fits.mean() >= _FITTING and np.median(intervals[jumps]) >= _FULL_INTERVAL * usual)


def _largest_island(stamps: FloatArray) -> FloatArray:
    """The stamps (T,) [s] without those that a month or more parts from the most, in the order of the file."""
    rising = np.sort(stamps)
    begins = np.concatenate(([0], 1 + np.flatnonzero(np.diff(rising) > _ISLAND_SECOND), [len(rising)]))
    widest = int(np.argmax(np.diff(begins)))
    low, high = rising[begins[widest]], rising[begins[widest + 1] - 1]
    island: FloatArray = stamps[(stamps >= low) & (stamps <= high)]
    return island
