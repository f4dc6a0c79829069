"""How much later one source shows the same moment than another: from load edges that both have seen.

A device that averages, or is asked through a slow bridge, stamps a step later than it was. Clock offset and latency
cannot be told apart from outside, and need not be: their sum is what aligns the two.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from cellwarden.runtime.source_watch import SourceWatch

__all__ = ["SourceLag", "advance_lag"]

_SAME_EDGE_SECOND = 20.0
_MOST_EDGES = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceLag:
    """Differences of the last edges [s], and the edge that was counted last."""

    differences_second: tuple[float, ...] = ()
    counted_unix_time_second: float = -np.inf

    @property
    def lag_second(self) -> float:
        """By how much the second source is later than the first: the median; 0 while no edge was seen."""
        return float(np.median(self.differences_second)) if self.differences_second else 0.0

    @property
    def uncertainty_second(self) -> float:
        """Half of the 95 % interval of the lag, from the edges' own scatter; infinite below three edges."""
        if len(self.differences_second) < 3:
            return float("inf")
        spread = 1.4826 * float(np.median(np.abs(np.array(self.differences_second) - self.lag_second)))
        return 1.96 * 1.2533 * spread / float(np.sqrt(len(self.differences_second)))


def advance_lag(lag: SourceLag, first: SourceWatch, second: SourceWatch) -> SourceLag:
    """Count an edge once both sources have shown it: the same sign, about the same size, within 20 s."""
    difference = second.edge_unix_time_second - first.edge_unix_time_second
    newest = max(first.edge_unix_time_second, second.edge_unix_time_second)
    if not np.isfinite(difference) or min(first.edge_unix_time_second, second.edge_unix_time_second) <= (
        lag.counted_unix_time_second
    ):
        return lag
    ratio = second.edge_volt / first.edge_volt
    if abs(difference) > _SAME_EDGE_SECOND or not 0.5 < ratio < 2.0:
        return lag
    kept = (*lag.differences_second, difference)[-_MOST_EDGES:]
    return replace(lag, differences_second=kept, counted_unix_time_second=newest)
