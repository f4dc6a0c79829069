"""Heat leaves the cells under a sensor less well than it did: blocked air, lost contact, a failed fan.

The path's logarithm is compared with its baseline: learnt while informed, then slowly moving, and held while the path
is above it. A path that was bad when the log began is told by the other sensors' baselines: the cells of a pack are
cooled alike but for a few tens of percent.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numba import njit

from cellwarden.core.board import Board
from cellwarden.core.finding import Evidence
from cellwarden.core.minute_block import IntArray, MinuteBlock
from cellwarden.core.sample_block import FloatArray
from cellwarden.diagnosis.cadence import HOUR_SECOND, LEVELS, rows_to_tell
from cellwarden.diagnosis.normal_chance import chance_above
from cellwarden.diagnosis.plugin import DetectorPlugin
from cellwarden.estimation.plugin import PackContext
from cellwarden.estimation.thermal_tracks import ThermalPathTrack

__all__ = ["DETECTOR", "ThermalPathFinderState", "follow_baseline"]

KIND = "thermal_path_degraded"
WARN_RATIO = 1.3
CERTAIN_RATIO = 1.15
LEAVE_RATIO = 1.2
HOLD_RATIO = 1.12
SETTLED_SIGMA = 0.1
BASELINE_SECOND = 86400.0  # of informed time before the path is judged
SLOWEST_SECOND = 60.0 * 86400.0
BASELINE_SIGMA = 0.04
BESIDE_RATIO = 1.4  # of a baseline over the others', beyond which it is no reference for what is sound
BESIDE_SIGMA = 0.1  # by which the paths of sound cells differ in one pack, from place to place
PERSIST_SECOND = 7200.0

# slots of a sensor
BASELINE, LEARNT_SECOND, INFORMED_BEFORE, ABOVE_SECOND, SINCE, LEVEL, USUAL = range(7)
SLOTS = 7
# of a row: the logarithm's rise with its sigma, since when, and whether it is over the other sensors' paths
RISE, RISE_SIGMA, BEGIN, BESIDE = range(4)
DETAILS = 4


@dataclass(frozen=True, slots=True)
class ThermalPathFinderState:
    """`watch` (SLOTS, S) of each sensor.

    Baseline, informed time in it and at the last row, time above, its begin, level said last, and what baseline is
    usual in the pack, renewed at full hours.
    """

    watch: FloatArray


def _initial(context: PackContext) -> ThermalPathFinderState:
    watch = np.zeros((SLOTS, len(context.sensors)))
    watch[USUAL] = np.inf
    return ThermalPathFinderState(watch)


def _step(
    state: ThermalPathFinderState, minutes: MinuteBlock, board: Board, context: PackContext
) -> tuple[ThermalPathFinderState, list[Evidence]]:
    track = board.get(ThermalPathTrack)
    if len(minutes) == 0:
        return state, []
    watch = state.watch.copy()
    before = watch[LEVEL].astype(np.int64)
    level = np.zeros(track.path_log.shape, dtype=np.int64)
    detail = np.zeros((*track.path_log.shape, DETAILS))
    follow_baseline(
        watch,
        minutes.unix_time_second,
        minutes.elapsed_second,
        track.path_log,
        track.path_log_sigma,
        track.path_informed_second,
        level,
        detail,
    )
    found = [
        _evidence(float(minutes.unix_time_second[row]), track, detail[row, g], int(level[row, g]), (row, g), context)
        for row, g in rows_to_tell(minutes.unix_time_second, level, before)
    ]
    return ThermalPathFinderState(watch), found


@njit(cache=True)
def follow_baseline(
    watch: FloatArray,
    stamp: FloatArray,
    elapsed: FloatArray,
    path_log: FloatArray,
    sigma: FloatArray,
    informed_second: FloatArray,
    level: IntArray,
    detail: FloatArray,
) -> None:
    """Baseline and level of each sensor, row by row; `detail` (M, S, DETAILS) gets what the level rests on."""
    for k in range(stamp.shape[0]):
        if stamp[k] % HOUR_SECOND == 0.0:
            watch[USUAL] = _usual_baseline(watch)
        for g in range(path_log.shape[1]):
            own = watch[:, g]
            fresh = informed_second[k, g] - own[INFORMED_BEFORE]
            own[INFORMED_BEFORE] = informed_second[k, g]
            if path_log[k, g] != path_log[k, g]:
                continue
            rise = path_log[k, g] - own[BASELINE]
            learning = own[LEARNT_SECOND] < BASELINE_SECOND
            if sigma[k, g] < SETTLED_SIGMA and fresh > 0.0 and (learning or rise < math.log(HOLD_RATIO)):
                own[LEARNT_SECOND] = min(own[LEARNT_SECOND] + fresh, SLOWEST_SECOND)
                own[BASELINE] += fresh / own[LEARNT_SECOND] * rise
            judged = own[LEARNT_SECOND] >= BASELINE_SECOND
            beside = judged and own[BASELINE] - own[USUAL] > math.log(BESIDE_RATIO)
            if beside:
                rise = path_log[k, g] - own[USUAL]
            of_rise = math.sqrt(sigma[k, g] ** 2 + (BESIDE_SIGMA if beside else BASELINE_SIGMA) ** 2)
            _judge(own, rise, of_rise, judged, stamp[k], elapsed[k])
            level[k, g] = int(own[LEVEL])
            detail[k, g, RISE] = rise
            detail[k, g, RISE_SIGMA] = of_rise
            detail[k, g, BEGIN] = own[SINCE]
            detail[k, g, BESIDE] = 1.0 if beside else 0.0


@njit(cache=True)
def _usual_baseline(watch: FloatArray) -> float:
    """The middle one of the learnt baselines, of two the lower; infinite below two."""
    known = np.sort(watch[BASELINE][watch[LEARNT_SECOND] >= BASELINE_SECOND])
    return known[(known.shape[0] - 1) // 2] if known.shape[0] > 1 else np.inf


@njit(cache=True)
def _judge(own: FloatArray, rise: float, sigma: float, judged: int, stamp: float, elapsed: float) -> None:
    """Warn once the rise has been large and certain for two hours, until it has gone."""
    enter = judged and rise > math.log(WARN_RATIO) and rise - 1.96 * sigma > math.log(CERTAIN_RATIO)
    stay = own[LEVEL] > 0.0 and rise > math.log(LEAVE_RATIO)
    if not enter and not stay:
        own[ABOVE_SECOND] = 0.0
        own[LEVEL] = 0.0
        return
    if own[ABOVE_SECOND] == 0.0:
        own[SINCE] = stamp
    own[ABOVE_SECOND] += max(elapsed, 1.0)
    if own[ABOVE_SECOND] >= PERSIST_SECOND:
        own[LEVEL] = 2.0


def _evidence(
    stamp: float, track: ThermalPathTrack, detail: FloatArray, level: int, at: tuple[int, int], context: PackContext
) -> Evidence:
    """What is held of one sensor's cells at one row."""
    severity = LEVELS[level]
    name = context.sensors[at[1]]
    if severity is None:
        return Evidence(at_unix_time_second=stamp, kind=KIND, cell=None, sensor=name, severity=None)
    rise, sigma = float(detail[RISE]), float(detail[RISE_SIGMA])
    ratio = math.exp(rise)
    cells = ", ".join(str(cell + 1) for cell in context.sensor_cells[at[1]])
    now = float(track.thermal_resistance_kelvin_per_watt[at])
    told = f"; {now:.1f} K per watt of a cell now." if math.isfinite(now) else ", told against the other sensors."
    return Evidence(
        at_unix_time_second=stamp,
        kind=KIND,
        cell=None,
        sensor=name,
        severity=severity,
        magnitude=ratio,
        magnitude_low=math.exp(rise - 1.96 * sigma),
        magnitude_high=math.exp(rise + 1.96 * sigma),
        unit="ratio",
        confidence=chance_above(rise, sigma, math.log(CERTAIN_RATIO)),
        first_seen_unix_time_second=float(detail[BEGIN]),
        explanation=(
            f"The cells under sensor {name} ({cells}) give off their heat {ratio:.1f} times worse than "
            + ("those under the other sensors" if detail[BESIDE] > 0.0 else "at first")
            + f": they follow the ambient more slowly and warm more under load{told}"
        ),
        advice=(
            f"Look for blocked air, dust, a failed fan or a lost thermal contact at cells {cells}; until then expect "
            "them to run hotter under load than their neighbours and to age faster."
        ),
    )


DETECTOR = DetectorPlugin(kinds=(KIND,), needs=(ThermalPathTrack,), initial=_initial, step=_step)
