"""Counts of what a log held and what was mended, gathered while its rows go by."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cellwarden.core.results import DataQuality
from cellwarden.core.sample_block import FloatArray
from cellwarden.logs.repair import RepairCounts
from cellwarden.logs.rows import Rows, intervals_after

__all__ = ["IntervalCounter"]

_FINE_SECOND = 120.0
_GAP_SECOND = 60.0
_UPTIME_STEP_SECOND = 5.0


@dataclass(slots=True)
class IntervalCounter:
    """Intervals between the rows given out: their median to a millisecond, gaps, and what the BMS's uptime says.

    Where the stamps leap ahead by more than 5 s against the uptime, the clock was put forward: a step, not a gap.
    """

    last: float = np.nan
    last_uptime: float = np.nan
    gaps: int = 0
    gap_seconds: float = 0.0
    forward_steps: list[float] = field(default_factory=list)
    _fine: NDArray[np.int64] = field(default_factory=lambda: np.zeros(int(_FINE_SECOND * 1000) + 1, dtype=np.int64))
    _coarse: Counter[float] = field(default_factory=Counter)

    def add(self, rows: Rows) -> None:
        """Take the next rows, in order of time."""
        times = rows.times
        intervals = intervals_after(self.last, times)
        first = 1 if np.isnan(self.last) else 0
        self.last = float(times[-1])
        steps = self._steps(rows.uptime_second, intervals)
        highest = self._count(intervals[first:])
        if not highest > _GAP_SECOND:
            return
        far = (intervals > _GAP_SECOND) & ~steps
        self.gaps += int(far.sum())
        self.gap_seconds += float(intervals[far].sum())

    def _steps(self, uptime: FloatArray | None, intervals: FloatArray) -> NDArray[np.bool_]:
        """Intervals (T,) in which the clock was put forward [s]."""
        if uptime is None:
            return np.zeros(len(intervals), dtype=bool)
        run = np.diff(uptime, prepend=self.last_uptime)
        self.last_uptime = float(uptime[-1])
        steps: NDArray[np.bool_] = (run >= 0.0) & (intervals - run > _UPTIME_STEP_SECOND)
        self.forward_steps.extend(float(size) for size in (intervals - run)[steps])
        return steps

    def _count(self, intervals: FloatArray) -> float:
        """Count intervals (T,) by their length; the longest of them [s]."""
        if not len(intervals):
            return 0.0
        low, high = float(intervals.min()), float(intervals.max())
        longest = high
        if high > _FINE_SECOND:
            self._coarse.update(float(value) for value in np.round(intervals[intervals > _FINE_SECOND]))
            intervals = intervals[intervals <= _FINE_SECOND]
            if not len(intervals):
                return longest
            high = float(intervals.max())
        if round(low * 1000) == round(high * 1000):
            self._fine[round(low * 1000)] += len(intervals)
            return longest
        counted = np.bincount(np.rint(intervals * 1000).astype(np.int64))
        self._fine[: len(counted)] += counted
        return longest

    def median(self) -> float:
        """The median interval [s], NaN of fewer than two rows."""
        total = int(self._fine.sum()) + self._coarse.total()
        if not total:
            return float("nan")
        before = np.cumsum(self._fine)
        half = (total + 1) // 2
        if before[-1] >= half:
            return float(np.searchsorted(before, half)) / 1000.0
        seen = int(before[-1])
        for value in sorted(self._coarse):
            seen += self._coarse[value]
            if seen >= half:
                break
        return value

    def quality(
        self,
        counts: RepairCounts,
        back_steps: list[float],
        implausible: Counter[str],
        missing: Counter[str],
        columns: tuple[str, ...],
        ignored: tuple[str, ...],
        hot: dict[str, float],
    ) -> DataQuality:
        """Everything together, as the results have it."""
        steps = (*back_steps, *self.forward_steps)
        return DataQuality(
            rows_read=counts.read,
            rows_used=counts.used,
            rows_repeated=counts.repeated,
            rows_out_of_order=counts.out_of_order,
            rows_without_time=counts.without_time,
            clock_steps=len(steps),
            clock_step_seconds=steps,
            gaps_over_a_minute=self.gaps,
            gap_seconds_total=self.gap_seconds,
            values_implausible=implausible.total(),
            values_missing=dict(sorted(missing.items())),
            median_interval_second=self.median(),
            columns=columns,
            columns_ignored=ignored,
            values_implausible_by_column=dict(sorted(implausible.items())),
            hot_fraction_by_column=hot,
        )
