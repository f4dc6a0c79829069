"""Slow quantities against a limit: judged once an hour by how likely the limit is passed, with hysteresis.

A channel is raised when its value is beyond the limit with 97.5 % probability, or as much as is asked, at two full
hours in a row, and is let go when it is within 60 % of the limit. `first_seen` is the hour in which the value last
passed half the limit for good.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cellwarden.core.finding import Evidence, Severity
from cellwarden.core.minute_block import MinuteBlock
from cellwarden.core.sample_block import FloatArray
from cellwarden.diagnosis.cadence import is_full_hour
from cellwarden.diagnosis.normal_chance import normal_share

__all__ = ["Deviation", "WatchState", "chance_beyond", "initial_watch", "watch_deviation"]

RAISED_PROBABILITY = 0.975
RAISED_HOURS = 2
LET_GO_SHARE = 0.6


@dataclass(frozen=True, slots=True)
class WatchState:
    """Per channel: hours beyond the limit in a row, level held (0 none … 3 critical), hour half of it was passed."""

    hours: FloatArray
    level: FloatArray
    begin: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """One row's values, all (channels,) or scalars that fit.

    `value` may be negative; its size counts. `limit` raises a warning, `pressing` a critical finding. Channels with
    `known` False are left as they are. `hours_needed` is for how long half the limit must have been passed,
    `pressing_hours` for how long before it may be critical; `probability` raises a channel.
    """

    value: FloatArray
    sigma: FloatArray
    limit: FloatArray | float
    pressing: FloatArray | float
    known: NDArray[np.bool_]
    mild: NDArray[np.bool_] | None = None
    hours_needed: FloatArray | float = 0.0
    pressing_hours: float = 0.0
    probability: float = RAISED_PROBABILITY


def initial_watch(channels: int) -> WatchState:
    """Nothing seen yet."""
    return WatchState(np.zeros(channels), np.zeros(channels), np.full(channels, np.nan))


def chance_beyond(value: FloatArray, sigma: FloatArray, limit: FloatArray | float) -> FloatArray:
    """Probability that the size of a value of known sigma is beyond the limit; same shape as `value`."""
    return normal_share((np.abs(value) - limit) / np.maximum(sigma, 1e-12))


def watch_deviation(
    state: WatchState,
    minutes: MinuteBlock,
    of_row: Callable[[int], Deviation],
    say: Callable[[int, int, Severity | None, float, float], Evidence],
) -> tuple[WatchState, list[Evidence]]:
    """Judge every full hour of a block.

    Parameters
    ----------
    of_row : the values at a row
    say : makes the evidence of (row, channel, severity or None, first seen, probability that it is to be held)
    """
    held: list[Evidence] = []
    hours, level, begin = state.hours.copy(), state.level.copy(), state.begin.copy()
    for row in np.flatnonzero(is_full_hour(minutes.unix_time_second)):
        now = of_row(int(row))
        stamp = float(minutes.unix_time_second[row])
        size = np.where(np.isfinite(now.value), np.abs(now.value), 0.0)
        passed = size > 0.5 * np.asarray(now.limit)
        if not (level.any() or passed.any()):  # the usual case: nowhere near a limit, and nothing held
            begin, hours = np.where(now.known, np.nan, begin), np.where(now.known, 0.0, hours)
            continue
        chance = np.where(now.known, chance_beyond(now.value, now.sigma, now.limit), 0.0)
        begin = np.where(
            passed & now.known, np.where(np.isnan(begin), stamp, begin), np.where(now.known, np.nan, begin)
        )
        hours = np.where(now.known, np.where(chance > now.probability, hours + 1, 0), hours)
        lasted = (stamp - np.where(np.isnan(begin), stamp, begin)) / 3600.0
        raised = (hours >= RAISED_HOURS) & ((lasted >= np.asarray(now.hours_needed)) | (level > 0))
        gone = now.known & (size < LET_GO_SHARE * np.asarray(now.limit))
        told = _levels(raised, gone, level, now, lasted >= now.pressing_hours)
        named = np.flatnonzero((told > 0) | (level > 0))
        if named.size:
            held_chance = np.nan_to_num(chance_beyond(now.value, now.sigma, LET_GO_SHARE * np.asarray(now.limit)))
        for channel in named:
            severity = (None, Severity.INFO, Severity.WARNING, Severity.CRITICAL)[int(told[channel])]
            since = float(begin[channel]) if np.isfinite(begin[channel]) else stamp
            held.append(say(int(row), int(channel), severity, since, float(held_chance[channel])))
        level = told
    return WatchState(hours, level, begin), held


def _levels(
    raised: NDArray[np.bool_], gone: NDArray[np.bool_], level: FloatArray, now: Deviation, may_press: NDArray[np.bool_]
) -> FloatArray:
    """Level of every channel after this hour."""
    kept = np.where(gone, 0.0, level)
    if not (raised & now.known).any():
        return kept
    pressing = may_press & (chance_beyond(now.value, now.sigma, now.pressing) > RAISED_PROBABILITY)
    worst = np.where(pressing, 3.0, 2.0)
    if now.mild is not None:
        worst = np.where(now.mild, 1.0, worst)
    result: FloatArray = np.where(raised & now.known, np.maximum(worst, np.where(level == 3.0, 3.0, 0.0)), kept)
    return result
