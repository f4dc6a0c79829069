"""A temperature sensor that reads too high or too low by more than its maker allows."""

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
from cellwarden.estimation.plugin import PackContext
from cellwarden.estimation.thermal_tracks import TemperatureOffsetTrack

__all__ = ["DETECTOR", "TemperatureOffsetFinderState"]

KIND = "temperature_sensor_offset"
LEAST_KELVIN = 1.0
TOLERANCES = 1.0
UNNAMED_FACTOR = 2.0  # a sensor at a place not told may differ in earnest
CERTAIN_SHARE = 0.6  # of the threshold that the interval must exclude
LEAVE_SHARE = 0.75
PERSIST_SECOND = 3600.0

# slots of a sensor
ABOVE_SECOND, SINCE, LEVEL = range(3)
SLOTS = 3


@dataclass(frozen=True, slots=True)
class TemperatureOffsetFinderState:
    """`watch` (3, S): time above the threshold, its begin, level said last; `threshold_kelvin` (S,)."""

    watch: FloatArray
    threshold_kelvin: FloatArray


def _initial(context: PackContext) -> TemperatureOffsetFinderState:
    least = max(LEAST_KELVIN, TOLERANCES * context.pack.sensors.temperature_tolerance_kelvin)
    threshold = np.array([least if cells else UNNAMED_FACTOR * least for cells in context.sensor_cells])
    return TemperatureOffsetFinderState(np.zeros((SLOTS, len(context.sensors))), threshold)


def _step(
    state: TemperatureOffsetFinderState, minutes: MinuteBlock, board: Board, context: PackContext
) -> tuple[TemperatureOffsetFinderState, list[Evidence]]:
    track = board.get(TemperatureOffsetTrack)
    if len(minutes) == 0:
        return state, []
    watch = state.watch.copy()
    before = watch[LEVEL].astype(np.int64)
    level = np.zeros(track.offset_kelvin.shape, dtype=np.int64)
    since = np.zeros(track.offset_kelvin.shape)
    sigma = (track.offset_high_kelvin - track.offset_low_kelvin) / 3.92
    follow_offsets(
        watch,
        state.threshold_kelvin,
        minutes.unix_time_second,
        minutes.elapsed_second,
        np.where(np.isfinite(track.informed_unix_time_second), track.offset_kelvin, np.nan),
        sigma,
        level,
        since,
    )
    found = [
        _evidence(minutes.unix_time_second, track, sigma, since, level, (row, g), state.threshold_kelvin[g], context)
        for row, g in rows_to_tell(minutes.unix_time_second, level, before)
    ]
    return TemperatureOffsetFinderState(watch, state.threshold_kelvin), found


@njit(cache=True)
def follow_offsets(
    watch: FloatArray,
    threshold: FloatArray,
    stamp: FloatArray,
    elapsed: FloatArray,
    offset: FloatArray,
    sigma: FloatArray,
    level: IntArray,
    since: FloatArray,
) -> None:
    """Level of each sensor, row by row: above the threshold for an hour, and certainly above most of it."""
    for k in range(stamp.shape[0]):
        for g in range(offset.shape[1]):
            size = abs(offset[k, g])
            enter = size > threshold[g] and size - 1.96 * sigma[k, g] > CERTAIN_SHARE * threshold[g]
            stay = watch[LEVEL, g] > 0.0 and not size < LEAVE_SHARE * threshold[g]
            if not enter and not stay:
                watch[ABOVE_SECOND, g] = 0.0
                watch[LEVEL, g] = 0.0
            else:
                if watch[ABOVE_SECOND, g] == 0.0:
                    watch[SINCE, g] = stamp[k]
                watch[ABOVE_SECOND, g] += max(elapsed[k], 1.0)
                if watch[ABOVE_SECOND, g] >= PERSIST_SECOND:
                    watch[LEVEL, g] = 2.0
            level[k, g] = int(watch[LEVEL, g])
            since[k, g] = watch[SINCE, g]


def _evidence(
    stamp: FloatArray,
    track: TemperatureOffsetTrack,
    sigma: FloatArray,
    since: FloatArray,
    level: IntArray,
    at: tuple[int, int],
    threshold: float,
    context: PackContext,
) -> Evidence:
    """What is held of one sensor at one row."""
    row, g = at
    severity = LEVELS[level[at]]
    name = context.sensors[g]
    if severity is None:
        return Evidence(at_unix_time_second=float(stamp[row]), kind=KIND, cell=None, sensor=name, severity=None)
    kelvin = float(track.offset_kelvin[at])
    way = "high" if kelvin > 0.0 else "low"
    other = "ambient and the other sensors" if context.has_ambient else "the other sensors"
    return Evidence(
        at_unix_time_second=float(stamp[row]),
        kind=KIND,
        cell=None,
        sensor=name,
        severity=severity,
        magnitude=kelvin,
        magnitude_low=float(track.offset_low_kelvin[at]),
        magnitude_high=float(track.offset_high_kelvin[at]),
        unit="kelvin",
        confidence=chance_above(abs(kelvin), float(sigma[at]), CERTAIN_SHARE * threshold),
        first_seen_unix_time_second=float(since[at]),
        explanation=(
            f"Sensor {name} reads {abs(kelvin):.1f} K too {way}, judged against {other}; "
            "the heat of the load does not explain it."
        ),
        advice=(
            f"Check seat, cable and connector of sensor {name} and replace it if it stays off; until then limits that "
            "rest on its reading are wrong by that much."
        ),
    )


DETECTOR = DetectorPlugin(kinds=(KIND,), needs=(TemperatureOffsetTrack,), initial=_initial, step=_step)
