"""A current sensor whose zero is off: counted charge runs away.

A zero that moves on to another value is another event, with its own time: the finding is closed and opened anew.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from cellwarden.core.board import Board
from cellwarden.core.finding import Evidence, Severity
from cellwarden.core.minute_block import IntArray, MinuteBlock
from cellwarden.diagnosis.deviation_watch import Deviation, WatchState, initial_watch, watch_deviation
from cellwarden.diagnosis.plugin import DetectorPlugin
from cellwarden.estimation.charge_tracks import CurrentOffsetTrack
from cellwarden.estimation.plugin import PackContext

__all__ = ["DETECTOR"]

KIND = "current_sensor_offset"
LIMIT_AMPERE = 0.04
LIMIT_C_RATE = 0.001  # of a small pack, which so much empties by 2.4 % a day
RESOLUTION_SHARE = 0.5
VISIBLE_FRACTION = 0.005  # of the capacity: what must have been miscounted before the sensor is named
MOVED_LIMITS, MOVED_SHARE = 1.5, 0.75  # limits, and share of what was told, by which a zero is another one: judged
SETTLING_SECOND = 86400.0  # in which a zero that was just told may still be learnt better


@dataclass(frozen=True, slots=True)
class ZeroWatch:
    """Level held; the zero told last [A], NaN before one is, when it was first told, and when it moved last [s]."""

    watch: WatchState
    told_ampere: float = np.nan
    told_at: float = -np.inf
    moved_at: float = -np.inf


def _initial(context: PackContext) -> ZeroWatch:
    del context
    return ZeroWatch(initial_watch(1))


def _step(
    state: ZeroWatch, minutes: MinuteBlock, board: Board, context: PackContext
) -> tuple[ZeroWatch, list[Evidence]]:
    if not context.has_current:
        return state, []
    track = board.get(CurrentOffsetTrack)
    limit = _limit_ampere(context)

    def of_rows(rows: IntArray) -> Deviation:
        offset = track.current_offset_ampere[rows, None]
        low, high = track.current_offset_low_ampere[rows, None], track.current_offset_high_ampere[rows, None]
        return Deviation(
            value=offset,
            sigma=np.where(offset > 0.0, offset - low, high - offset) / 1.96,  # of the side towards no offset
            limit=limit,
            pressing=np.inf,
            hours_needed=VISIBLE_FRACTION * context.pack.nominal_capacity_ah / np.maximum(np.abs(offset), 1e-9),
            known=np.isfinite(track.informed_unix_time_second[rows, None]),
        )

    def say(row: int, channel: int, severity: Severity | None, since: float, chance: float) -> Evidence:
        del channel
        return _evidence(track, minutes, row, severity, since, chance, context.pack.nominal_capacity_ah)

    watch, held = watch_deviation(state.watch, minutes, of_rows, say)
    return _anew_where_moved(replace(state, watch=watch), held, limit)


def _limit_ampere(context: PackContext) -> float:
    """What a zero may be off by: less on a small pack, no less than half a step of the reading [A]."""
    usual = min(LIMIT_AMPERE, LIMIT_C_RATE * context.pack.nominal_capacity_ah)
    return max(usual, RESOLUTION_SHARE * context.pack.sensors.current_resolution_ampere)


def _anew_where_moved(state: ZeroWatch, held: list[Evidence], limit: float) -> tuple[ZeroWatch, list[Evidence]]:
    """The state, and the evidence, marked as another event where the zero has moved to another value."""
    told_ampere, told_at, moved_at = state.told_ampere, state.told_at, state.moved_at
    found = []
    for item in held:
        at, moved = item.at_unix_time_second, False
        if item.severity is not None:  # what is gone may come back with another value
            if np.isnan(told_ampere):
                told_ampere, told_at = item.magnitude, at
            elif at < told_at + SETTLING_SECOND:
                told_ampere = item.magnitude
            elif _has_moved(item, told_ampere, limit):
                told_ampere, told_at, moved_at, moved = item.magnitude, at, at, True
        first_seen = max(item.first_seen_unix_time_second, moved_at)
        found.append(replace(item, is_another=moved, first_seen_unix_time_second=first_seen))
    return replace(state, told_ampere=told_ampere, told_at=told_at, moved_at=moved_at), found


def _has_moved(item: Evidence, told_ampere: float, limit: float) -> bool:
    """Whether a zero is another one than was told."""
    outside = told_ampere < item.magnitude_low or told_ampere > item.magnitude_high
    return outside and abs(item.magnitude - told_ampere) > max(MOVED_LIMITS * limit, MOVED_SHARE * abs(told_ampere))


def _evidence(
    track: CurrentOffsetTrack,
    minutes: MinuteBlock,
    row: int,
    severity: Severity | None,
    since: float,
    chance: float,
    capacity_ah: float,
) -> Evidence:
    offset = float(track.current_offset_ampere[row])
    low, high = float(track.current_offset_low_ampere[row]), float(track.current_offset_high_ampere[row])
    daily = 100.0 * 24.0 * abs(offset) / capacity_ah
    word = "charge" if offset > 0 else "discharge"
    return Evidence(
        at_unix_time_second=float(minutes.unix_time_second[row]),
        kind=KIND,
        cell=None,
        sensor=None,
        severity=severity,
        magnitude=offset,
        magnitude_low=low,
        magnitude_high=high,
        unit="ampere",
        confidence=chance,
        first_seen_unix_time_second=since,
        explanation=(
            f"The current sensor reads {1e3 * abs(offset):.0f} mA of {word} when none flows "
            f"({1e3 * low:+.0f} to {1e3 * high:+.0f} mA): a charge counter that trusts it drifts "
            f"by {daily:.1f} % a day." + _bleed_words(float(track.unseen_ampere[row]) if offset > 0.0 else 0.0)
        ),
        advice="Zero the current sensor with the pack disconnected. The estimates here are corrected for it.",
    )


def _bleed_words(unseen_ampere: float) -> str:
    """What of an offset may be none, where no log tells what the balancer takes."""
    if unseen_ampere == 0.0:
        return ""
    return f" Up to {1e3 * unseen_ampere:.0f} mA of it may be what the balancer takes, which the log does not hold."


DETECTOR = DetectorPlugin(kinds=(KIND,), needs=(CurrentOffsetTrack,), initial=_initial, step=_step)
