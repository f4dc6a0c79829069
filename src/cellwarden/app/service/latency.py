"""Quantiles of latencies in constant memory: counts in buckets a twentieth apart."""

from __future__ import annotations

import math

__all__ = ["LatencyCounter"]

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
        if self.count == 0:
            return math.nan
        wanted, seen = share * self.count, 0
        for place, count in enumerate(self._counts):
            seen += count
            if seen >= wanted:
                return min(_SMALLEST_SECOND * _RATIO ** (place + 1), self.largest_second)
        return self.largest_second
