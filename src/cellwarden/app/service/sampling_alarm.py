"""Whether samples come as the sampling needs them: in time, all of a round within it, and soon on the disk."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["SiteTiming", "SourceTiming", "TimingTrouble", "site_timing_trouble", "source_timing_trouble"]

_JITTER_SECOND, _JITTER_PERIODS = 0.2, 0.25
_ROUND_PERIODS = 0.9
_GAP_SHARE, _FEWEST_ROUNDS, _MOST_REFUSED = 0.1, 20, 5
_DECISION_SECOND = 0.2
_STORED_SECOND = 2.0


@dataclass(frozen=True, slots=True)
class TimingTrouble:
    """What is amiss: its kind, which stays while the figures in its words change."""

    kind: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceTiming:
    """How one source was sampled of late; NaN where nothing was measured.

    Attributes
    ----------
    period_second : as the site wants it
    jitter_second, exchange_second : how late a round began and how long it took; one in twenty exceeds it
    rounds, gaps : rounds, and those of them without a sample
    frames, refused : whole frames, and those that were refused
    dropped : messages for which there was no room
    """

    period_second: float
    jitter_second: float
    exchange_second: float
    rounds: int
    gaps: int
    frames: int = 0
    refused: int = 0
    dropped: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteTiming:
    """Of all packs of late: from reception to the decision and to the disk [s]; one sample in twenty exceeds them."""

    decision_second: float
    stored_second: float
    batch_second: float


def source_timing_trouble(timing: SourceTiming) -> Iterator[TimingTrouble]:
    """What is amiss with the sampling of a source."""
    allowed = max(_JITTER_SECOND, _JITTER_PERIODS * timing.period_second)
    if _above(timing.jitter_second, allowed):
        words = f"samples are up to {timing.jitter_second:.2f} s late, {allowed:.2f} s is allowed"
        yield TimingTrouble("late", f"{words}: the line or the box is too busy")
    longest = _ROUND_PERIODS * timing.period_second
    if _above(timing.exchange_second, longest):
        words = f"a round takes up to {timing.exchange_second:.2f} s of its {timing.period_second:g} s"
        yield TimingTrouble("slow", f"{words}: give it a longer period_second")
    if timing.rounds >= _FEWEST_ROUNDS and timing.gaps > _GAP_SHARE * timing.rounds:
        yield TimingTrouble("gaps", f"{timing.gaps} of {timing.rounds} rounds gave no sample")
    if timing.refused >= _MOST_REFUSED and timing.refused > _GAP_SHARE * timing.frames:
        words = f"{timing.refused} frames were refused, {timing.frames} were good"
        yield TimingTrouble("refused", f"{words}: look at wiring and termination")
    if timing.dropped:
        yield TimingTrouble("flood", f"{timing.dropped} messages were dropped: something floods the line")


def site_timing_trouble(timing: SiteTiming) -> Iterator[TimingTrouble]:
    """What is amiss behind the sources."""
    if _above(timing.decision_second, _DECISION_SECOND):
        words = f"decisions come up to {timing.decision_second:.2f} s after their samples"
        yield TimingTrouble("decisions", f"{words}: the box is too busy")
    if _above(timing.stored_second, timing.batch_second + _STORED_SECOND):
        words = f"samples are on the disk only after up to {timing.stored_second:.1f} s"
        yield TimingTrouble("disk", f"{words}: the disk is slow")


def _above(value: float, limit: float) -> bool:
    return math.isfinite(value) and value > limit
