"""The cells will exceed the manufacturer's upper temperature within 20 minutes if the present load goes on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from cellwarden.core.board import Board
from cellwarden.core.finding import Evidence
from cellwarden.core.minute_block import IntArray, MinuteBlock
from cellwarden.core.sample_block import FloatArray
from cellwarden.diagnosis.cadence import LEVELS, rows_to_tell
from cellwarden.diagnosis.normal_chance import chance_above
from cellwarden.diagnosis.plugin import DetectorPlugin
from cellwarden.diagnosis.wording import duration_text
from cellwarden.estimation.plugin import PackContext
from cellwarden.estimation.thermal_tracks import TemperatureForecastTrack

__all__ = ["DETECTOR", "RiseState"]

KIND = "temperature_rise_forecast"
SIGMAS = 1.28  # nine in ten
SOON_SECOND = 300.0
ROWS_TO_ENTER = 3.0
SECOND_TO_LEAVE = 900.0

# slots of a sensor
ROWS, SINCE, BELOW_SECOND, LEVEL = range(4)
SLOTS = 4


@dataclass(frozen=True, slots=True)
class RiseState:
    """`watch` (4, S): rows above in a row, their begin, time below since, level said last."""

    watch: FloatArray


def _initial(context: PackContext) -> RiseState:
    return RiseState(np.zeros((SLOTS, len(context.sensors))))


def _step(
    state: RiseState, minutes: MinuteBlock, board: Board, context: PackContext
) -> tuple[RiseState, list[Evidence]]:
    track = board.get(TemperatureForecastTrack)
    if len(minutes) == 0:
        return state, []
    over = track.forecast_celsius - SIGMAS * track.forecast_sigma_kelvin > track.limit_celsius[:, None]
    if not over.any() and not state.watch.any():
        return state, []
    soon = over & (track.excess_second <= SOON_SECOND)
    watch = state.watch.copy()
    before = watch[LEVEL].astype(np.int64)
    level = np.zeros(over.shape, dtype=np.int64)
    since = np.zeros(over.shape)
    want = np.where(soon, 3, np.where(over, 2, 0)).astype(np.int64)
    follow_rise(watch, minutes.unix_time_second, minutes.elapsed_second, want, level, since)
    found = [
        _evidence(float(minutes.unix_time_second[row]), track, float(since[row, g]), level, (row, g), context)
        for row, g in rows_to_tell(minutes.unix_time_second, level, before)
    ]
    return RiseState(watch), found


@njit(cache=True)
def follow_rise(
    watch: FloatArray, stamp: FloatArray, elapsed: FloatArray, want: IntArray, level: IntArray, since: FloatArray
) -> None:
    """Level of each sensor, row by row: three rows to enter, a quarter of an hour to leave; upwards at once."""
    for k in range(stamp.shape[0]):
        for g in range(want.shape[1]):
            own = watch[:, g]
            if want[k, g] > 0:
                if own[ROWS] == 0.0:
                    own[SINCE] = stamp[k]
                own[ROWS] += 1.0
                own[BELOW_SECOND] = 0.0
                if own[ROWS] >= ROWS_TO_ENTER:
                    own[LEVEL] = max(own[LEVEL], float(want[k, g]))
            elif own[ROWS] > 0.0:
                own[BELOW_SECOND] += elapsed[k]
                if own[LEVEL] == 0.0 or own[BELOW_SECOND] >= SECOND_TO_LEAVE:
                    own[:] = 0.0
            level[k, g] = int(own[LEVEL])
            since[k, g] = own[SINCE]


def _evidence(
    stamp: float,
    track: TemperatureForecastTrack,
    since: float,
    level: IntArray,
    at: tuple[int, int],
    context: PackContext,
) -> Evidence:
    """What is held of one sensor at one row."""
    severity = LEVELS[level[at]]
    name = context.sensors[at[1]]
    if severity is None:
        return Evidence(at_unix_time_second=stamp, kind=KIND, cell=None, sensor=name, severity=None)
    celsius, sigma = float(track.forecast_celsius[at]), float(track.forecast_sigma_kelvin[at])
    limit, now = float(track.limit_celsius[at[0]]), float(track.temperature_celsius[at])
    when = float(track.excess_second[at])
    time_text = "has been exceeded" if when <= 0.0 else f"will be exceeded in {duration_text(when)}"
    return Evidence(
        at_unix_time_second=stamp,
        kind=KIND,
        cell=None,
        sensor=name,
        severity=severity,
        magnitude=celsius,
        magnitude_low=celsius - 1.96 * sigma,
        magnitude_high=celsius + 1.96 * sigma,
        unit="celsius",
        confidence=chance_above(celsius, sigma, limit),
        first_seen_unix_time_second=since,
        explanation=(
            f"Cells under sensor {name} stand at {now:.1f} °C and go to {celsius:.1f} °C within 20 minutes if the "
            f"present load goes on; the manufacturer's limit of {limit:.0f} °C {time_text if np.isfinite(when) else ''}"
        ).rstrip()
        + ".",
        advice="Lower the current or cool the pack now; if it recurs, look at ventilation and cell resistance.",
    )


DETECTOR = DetectorPlugin(kinds=(KIND,), needs=(TemperatureForecastTrack,), initial=_initial, step=_step)
