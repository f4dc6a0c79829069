"""Quantiles of latencies in constant memory: counts in buckets a twentieth apart."""

from __future__ import annotations

import math
from collections.abc import Sequence

__all__ = ["LatencyCounter", "RecentLatency"]

_SMALLEST_SECOND = 1e-5
_RATIO = 1.05
_BUCKETS = 400  # up to about an hour


class LatencyCounter:
    """Counts of latencies; a quantile is right to 5 %."""

    def __init__(self) -> None:
        self._counts = [0] * _BUCKETS
        self.count = 0
        self.largest_second = 0.0

    def add(self, latency_second: float, times: int = 1) -> None:
        """Count one latency, or one that several samples have."""
        place = int(math.log(max(latency_second, _SMALLEST_SECOND) / _SMALLEST_SECOND) / math.log(_RATIO))
        self._counts[min(place, _BUCKETS - 1)] += times
        self.count += times
        self.largest_second = max(self.largest_second, latency_second)

    def quantile(self, share: float) -> float:
        """The latency that `share` of all stay below; NaN where nothing was counted."""
        return _quantile(self._counts, share * self.count, self.largest_second)

    def quantile_with(self, other: LatencyCounter, share: float) -> float:
        """The same over what both have counted."""
        counts = [own + its for own, its in zip(self._counts, other._counts, strict=True)]
        most = max(self.largest_second, other.largest_second)
        return _quantile(counts, share * (self.count + other.count), most)


def _quantile(counts: Sequence[int], wanted: float, most: float) -> float:
    if wanted == 0.0:
        return math.nan
    seen = 0
    for place, count in enumerate(counts):
        seen += count
        if seen >= wanted:
            return min(_SMALLEST_SECOND * _RATIO ** (place + 1), most)
    return most


class RecentLatency:
    """Latencies of the present and the last round of telemetry, so that new trouble shows and old trouble goes."""

    def __init__(self) -> None:
        self.all = LatencyCounter()
        self._now = LatencyCounter()
        self._before = LatencyCounter()

    def add(self, latency_second: float, times: int = 1) -> None:
        """Count one latency, or one that several samples have."""
        self.all.add(latency_second, times)
        self._now.add(latency_second, times)

    def turn(self) -> None:
        """A round is over."""
        self._before, self._now = self._now, LatencyCounter()

    @property
    def count(self) -> int:
        """How many are recent."""
        return self._now.count + self._before.count

    def quantile(self, share: float) -> float:
        """The latency that `share` of the recent ones stay below; NaN where there is none."""
        return self._now.quantile_with(self._before, share)
