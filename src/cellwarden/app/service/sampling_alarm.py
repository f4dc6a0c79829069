"""Whether samples come as the sampling needs them: in time, all of a round within it, and soon on the disk."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["SiteTiming", "SourceTiming", "site_timing_trouble", "source_timing_trouble"]

_JITTER_SECOND, _JITTER_PERIODS = 0.2, 0.25
_ROUND_PERIODS = 0.9
_GAP_SHARE, _FEWEST_ROUNDS = 0.1, 20
_DECISION_SECOND = 0.2
_STORED_SECOND = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceTiming:
    """How one source was sampled of late; NaN where nothing was measured.

    Attributes
    ----------
    period_second : as the site wants it
    jitter_second, exchange_second : how late a round began and how long it took; one in twenty exceeds it
    rounds, gaps : rounds, and those of them without a sample
    """

    period_second: float
    jitter_second: float
    exchange_second: float
    rounds: int
    gaps: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteTiming:
    """Of all packs of late: from reception to the decision and to the disk [s]; one sample in twenty exceeds them."""

    decision_second: float
    stored_second: float
    batch_second: float


def source_timing_trouble(timing: SourceTiming) -> Iterator[str]:
    """What is amiss with the sampling of a source, one sentence each."""
    allowed = max(_JITTER_SECOND, _JITTER_PERIODS * timing.period_second)
    if _above(timing.jitter_second, allowed):
        yield (
            f"samples are up to {timing.jitter_second:.2f} s late, {allowed:.2f} s is allowed: the line or the box is "
            "too busy"
        )
    longest = _ROUND_PERIODS * timing.period_second
    if _above(timing.exchange_second, longest):
        yield (
            f"a round takes up to {timing.exchange_second:.2f} s of its {timing.period_second:g} s: give it a longer "
            "period_second"
        )
    if timing.rounds >= _FEWEST_ROUNDS and timing.gaps > _GAP_SHARE * timing.rounds:
        yield f"{timing.gaps} of {timing.rounds} rounds gave no sample"


def site_timing_trouble(timing: SiteTiming) -> Iterator[str]:
    """What is amiss behind the sources, one sentence each."""
    if _above(timing.decision_second, _DECISION_SECOND):
        yield f"decisions come up to {timing.decision_second:.2f} s after their samples: the box is too busy"
    if _above(timing.stored_second, timing.batch_second + _STORED_SECOND):
        yield f"samples are on the disk only after up to {timing.stored_second:.1f} s: the disk is slow"


def _above(value: float, limit: float) -> bool:
    return math.isfinite(value) and value > limit
