"""Columns over time for a picture: lowest, mean and highest of every bucket."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cellwarden.core.sample_block import FloatArray
from cellwarden.store.rollups import HOUR, MINUTE, Rollup
from cellwarden.store.row_layout import MICROSECONDS, IntegerRows, RowLayout

__all__ = ["Series", "SeriesColumn", "SeriesSums", "finest_span"]

_ROWS_BELOW = 15 * MICROSECONDS  # coarser pictures come from roll-ups: what a page waits for is files and rows read
_MINUTES_BELOW = 11 * MINUTE


@dataclass(frozen=True, slots=True)
class SeriesColumn:
    """One column in P buckets, in base units; NaN where nothing was measured."""

    minimum: FloatArray
    mean: FloatArray
    maximum: FloatArray


@dataclass(frozen=True, slots=True)
class Series:
    """P buckets that hold something, each of `bucket_second`, by their starts [s]; columns by their base names."""

    bucket_second: float
    unix_time_second: FloatArray
    columns: Mapping[str, SeriesColumn]


def finest_span(begin: int, end: int, points: int) -> tuple[int, int]:
    """The bucket [µs] that cuts a range into at most `points`, and the span of what it is made from: 0 for rows."""
    wanted = max(-(-(end - begin) // max(points, 1)), 1)
    span = HOUR if wanted > _MINUTES_BELOW else MINUTE if wanted >= _ROWS_BELOW else 0
    return (-(-wanted // span) * span, span) if span else (wanted, 0)


class SeriesSums:
    """What a series needs of each bucket, gathered from rows and roll-ups in any order."""

    def __init__(self, columns: Sequence[str], begin: int, end: int, bucket: int) -> None:
        self.names = tuple(columns)
        self._bucket = bucket
        self._first = begin // bucket
        shape = (len(self.names), max(-(-end // bucket) - self._first, 0))
        self._count = np.zeros(shape)
        self._total = np.zeros(shape)
        self._lowest = np.full(shape, np.inf)
        self._highest = np.full(shape, -np.inf)

    def _add(
        self,
        column: int,
        times: NDArray[np.int64],
        count: FloatArray,
        low: FloatArray,
        high: FloatArray,
        total: FloatArray,
    ) -> None:
        place = times // self._bucket - self._first
        np.add.at(self._count[column], place, count)
        np.add.at(self._total[column], place, total)
        np.minimum.at(self._lowest[column], place, low)
        np.maximum.at(self._highest[column], place, high)

    def add_rows(self, rows: IntegerRows) -> None:
        """Add rows as they are stored."""
        for field in rows.layout.fields:
            for label, name in enumerate(field.base_names):
                if name in self.names:
                    values = field.values(rows.column(field)[:, label])
                    there = np.isfinite(values)
                    values, times = values[there], rows.unix_time_microsecond[there]
                    self._add(self.names.index(name), times, np.ones(len(times)), values, values, values)

    def add_rollup(self, layout: RowLayout, rollup: Rollup) -> None:
        """Add roll-ups of a layout."""
        divisors = [field.divisor for field in layout.fields for _ in field.labels]
        for place, (name, divisor) in enumerate(zip(layout.base_names, divisors, strict=True)):
            if name in self.names:
                there = rollup.count[:, place] > 0
                times = rollup.unix_time_microsecond[there]
                count = rollup.count[there, place].astype(np.float64)
                low, high, total = (
                    array[there, place] / divisor for array in (rollup.lowest, rollup.highest, rollup.total)
                )
                self._add(self.names.index(name), times, count, low, high, total)

    def series(self) -> Series:
        """The buckets that hold something."""
        there = self._count.any(axis=0)
        count, total, lowest, highest = (
            array[:, there] for array in (self._count, self._total, self._lowest, self._highest)
        )
        known = count > 0
        mean = np.divide(total, count, out=np.full(count.shape, np.nan), where=known)
        low, high = np.where(known, lowest, np.nan), np.where(known, highest, np.nan)
        starts = (np.flatnonzero(there) + self._first) * self._bucket / MICROSECONDS
        columns = {name: SeriesColumn(low[k], mean[k], high[k]) for k, name in enumerate(self.names)}
        return Series(self._bucket / MICROSECONDS, starts, columns)
