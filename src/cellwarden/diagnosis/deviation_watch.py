"""Slow quantities against a limit: judged once an hour by how likely the limit is passed, with hysteresis.

A channel is raised when its value is beyond the limit with 97.5 % probability, or as much as is asked, at two full
hours in a row, and is let go when it is within 60 % of the limit. `first_seen` is the hour in which the value last
passed half the limit for good.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from cellwarden.core.finding import Evidence, Severity
from cellwarden.core.minute_block import IntArray, MinuteBlock
from cellwarden.core.sample_block import FloatArray
from cellwarden.diagnosis.cadence import LEVELS, is_full_hour
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
    """Values at R rows, all (R, channels) or what broadcasts to it.

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
    of_rows: Callable[[IntArray], Deviation],
    say: Callable[[int, int, Severity | None, float, float], Evidence],
) -> tuple[WatchState, list[Evidence]]:
    """Judge every full hour of a block.

    Parameters
    ----------
    of_rows : the values at R ≥ 1 rows
    say : makes the evidence of (row, channel, severity or None, first seen, probability that it is to be held)
    """
    rows = np.flatnonzero(is_full_hour(minutes.unix_time_second))
    if not rows.size:
        return state, []
    now = of_rows(rows)
    shape = (rows.size, state.level.size)
    size = np.where(np.isfinite(now.value), np.abs(now.value), 0.0)
    if not (state.level.any() or (size > 0.5 * np.asarray(now.limit)).any()):
        quiet = np.broadcast_to(now.known, shape).any(axis=0)  # the usual case: nowhere near a limit, and nothing held
        return WatchState(np.where(quiet, 0.0, state.hours), state.level, np.where(quiet, np.nan, state.begin)), []
    hours, level, begin = state.hours.copy(), state.level.copy(), state.begin.copy()
    told, since, before = np.empty(shape), np.empty(shape), level.copy()
    _judge(
        minutes.unix_time_second[rows],
        _full(size, shape),
        _full(now.limit, shape),
        _full(now.hours_needed, shape),
        _full(chance_beyond(now.value, now.sigma, now.limit), shape),
        _full(chance_beyond(now.value, now.sigma, now.pressing), shape),
        _full(now.known, shape),
        _full(False if now.mild is None else now.mild, shape),
        now.pressing_hours,
        now.probability,
        hours,
        level,
        begin,
        told,
        since,
    )
    held: list[Evidence] = []
    named = np.argwhere((told > 0) | (np.concatenate([before[None], told[:-1]]) > 0))
    if named.size:
        to_hold = _full(np.nan_to_num(chance_beyond(now.value, now.sigma, LET_GO_SHARE * np.asarray(now.limit))), shape)
        for hour, channel in named.tolist():
            severity = LEVELS[int(told[hour, channel])]
            first_seen, chance = float(since[hour, channel]), float(to_hold[hour, channel])
            held.append(say(int(rows[hour]), channel, severity, first_seen, chance))
    return WatchState(hours, level, begin), held


def _full(values: ArrayLike, shape: tuple[int, int]) -> FloatArray:
    """Values of one type for the kernel, whatever was given; 1 for what is so."""
    return np.ascontiguousarray(np.broadcast_to(np.asarray(values, dtype=np.float64), shape))


@njit(cache=True)
def _judge(
    stamp: FloatArray,
    size: FloatArray,
    limit: FloatArray,
    hours_needed: FloatArray,
    chance: FloatArray,
    pressing_chance: FloatArray,
    known: FloatArray,
    mild: FloatArray,
    pressing_hours: float,
    probability: float,
    hours: FloatArray,
    level: FloatArray,
    begin: FloatArray,
    told: FloatArray,
    since: FloatArray,
) -> None:
    """Follow the state (`hours`, `level`, `begin`) hour by hour; `told` and `since` (H, channels) are what it was."""
    for h in range(size.shape[0]):
        for k in range(size.shape[1]):
            if known[h, k] > 0.0:
                if not size[h, k] > 0.5 * limit[h, k]:
                    begin[k] = np.nan
                elif np.isnan(begin[k]):
                    begin[k] = stamp[h]
                hours[k] = hours[k] + 1.0 if chance[h, k] > probability else 0.0
            since[h, k] = stamp[h] if np.isnan(begin[k]) else begin[k]
            lasted = (stamp[h] - since[h, k]) / 3600.0
            if known[h, k] > 0.0 and hours[k] >= RAISED_HOURS and (lasted >= hours_needed[h, k] or level[k] > 0.0):
                pressing = lasted >= pressing_hours and pressing_chance[h, k] > RAISED_PROBABILITY
                worst = 1.0 if mild[h, k] > 0.0 else (3.0 if pressing else 2.0)
                level[k] = max(worst, 3.0 if level[k] == 3.0 else 0.0)
            elif known[h, k] > 0.0 and size[h, k] < LET_GO_SHARE * limit[h, k]:
                level[k] = 0.0
            told[h, k] = level[k]
