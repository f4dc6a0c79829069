"""Readings or whole rows that fail to come.

One channel without a value while rows come is named by cell or sensor; when most cells are missing at once, or the
rows themselves, the finding is the log's (cell and sensor null), sensors that went with the cells included. What counts
as a gap is learnt from the log, for one that is written on change or by hand has gaps by nature.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cellwarden.core.board import Board
from cellwarden.core.finding import Evidence
from cellwarden.core.minute_block import IntArray, MinuteBlock
from cellwarden.core.sample_block import FloatArray
from cellwarden.diagnosis.cadence import HOUR_SECOND, LEVELS, rows_to_tell
from cellwarden.diagnosis.plugin import DetectorPlugin
from cellwarden.diagnosis.wording import duration_text
from cellwarden.estimation.bare_kernel import bare_kernel, counted_kernel
from cellwarden.estimation.plugin import PackContext

__all__ = ["DETECTOR", "DropoutState"]

KIND = "sensor_dropout"
FORGET_SECOND = 7.0 * 86400.0
KEPT_SECOND = 86400.0  # a short dropout is spoken of for a day: many of them make one finding
SHORTEST_SECOND, HARMFUL_SECOND, DEAD_SECOND = 60.0, 600.0, 3600.0
TIMES_USUAL, TIMES_INTERVAL = 5.0, 10.0
HARMFUL_SHARE = 0.01
LOAD_FRACTION_OF_C = 0.02
MOVED_VOLT = 0.01  # over a gap: something went on unseen

# rows of a channel's state; the last channel is the log itself
RUN, LAST, FIRST, LOST, SEEN, LONGEST, HARM = range(7)
SLOTS = 7
# the log's intervals: the usual one, the long ones (99 %), how many were seen
INTERVAL, LONG_INTERVAL, GAPS, LAST_CURRENT, LAST_VOLT, GONE_CELLS, GONE_SENSORS = range(7)
LOG_SLOTS = 7


@dataclass(frozen=True, slots=True)
class DropoutState:
    """Channels are the cells, the temperature sensors, then the log.

    `channel` : (7, channels) present gap, end of the last one (0: none), begin of the first of the present series,
    time lost and time seen (both fade over a week), longest gap of the series, end of the last harmful one;
    `log` : (7,) usual interval, long interval, gaps seen, current and mean cell voltage before, how many cells and
    sensors were missing in the log's last gap (0: the rows themselves);
    `level` : (channels,) last said.
    """

    channel: FloatArray
    log: FloatArray
    level: IntArray


def _initial(context: PackContext) -> DropoutState:
    channels = context.cell_count + len(context.sensors) + 1
    return DropoutState(np.zeros((SLOTS, channels)), np.zeros(LOG_SLOTS), np.zeros(channels, dtype=np.int64))


def _step(
    state: DropoutState, minutes: MinuteBlock, board: Board, context: PackContext
) -> tuple[DropoutState, list[Evidence]]:
    del board
    if len(minutes) == 0:
        return state, []
    channel, log = state.channel.copy(), state.log.copy()
    level = np.zeros((len(minutes), channel.shape[1]), dtype=np.int64)
    detail = np.zeros((len(minutes), channel.shape[1], 6))
    stamp = minutes.unix_time_second
    load_ampere = LOAD_FRACTION_OF_C * context.pack.nominal_capacity_ah
    missing = np.concatenate([minutes.voltage_missing_second, minutes.temperature_missing_second], axis=1)
    _follow(
        channel,
        log,
        stamp,
        minutes.elapsed_second,
        minutes.sample_count,
        minutes.longest_gap_second,
        minutes.current_ampere,
        minutes.voltage_volt,
        missing,
        context.cell_count,
        load_ampere,
        level,
        detail,
    )
    run = detail[:, :, 3]
    fresh = (run >= SHORTEST_SECOND) & (run < HOUR_SECOND)
    found = [
        _evidence(float(stamp[row]), number, int(level[row, number]), detail[row, number], context)
        for row, number in rows_to_tell(stamp, level, state.level, fresh)
    ]
    return DropoutState(channel, log, level[-1].copy()), found


@bare_kernel
def _follow(
    channel: FloatArray,
    log: FloatArray,
    stamp: FloatArray,
    elapsed: FloatArray,
    samples: FloatArray,
    longest_gap: FloatArray,
    current: FloatArray,
    voltage: FloatArray,
    missing: FloatArray,
    cells: int,
    load_ampere: float,
    level: IntArray,
    detail: FloatArray,
) -> None:
    """Follow every channel through the rows.

    `detail` (rows, channels, 6) gets longest gap, its series' begin, share lost, present gap, and of the log how many
    cells and sensors were missing.
    """
    channels = channel.shape[1]
    for row in range(stamp.shape[0]):
        gap = _log_gap(log, samples[row], elapsed[row], longest_gap[row])
        volt = _known_mean(voltage[row])
        loaded = _largest(log[LAST_CURRENT], current[row]) >= load_ampere
        harmful = HARMFUL_SECOND if loaded else DEAD_SECOND
        gone = 0
        for j in range(cells):
            gone += missing[row, j] > 0.0
        whole = gone * 2 > cells
        gone_second = _middle_gone(missing[row, :cells], gone) if whole else 0.0
        for j in range(channels - 1):
            run = 0.0 if whole and (j < cells or missing[row, j] <= gone_second) else missing[row, j]
            level[row, j] = _follow_gap(channel, j, stamp[row], elapsed[row], run, log[INTERVAL], harmful)
            _detail(channel, j, detail[row, j])
        run = gone_second if whole else gap
        if run > 0.0:
            log[GONE_CELLS] = float(gone) if whole else 0.0
            log[GONE_SENSORS] = _gone_sensors(missing[row, cells:], gone_second) if whole else 0.0
        if not whole and not loaded and not abs(volt - log[LAST_VOLT]) > MOVED_VOLT:
            harmful = np.inf  # switched off or idle: nothing went on unseen
        last = channels - 1
        level[row, last] = _follow_gap(channel, last, stamp[row], elapsed[row], run, log[INTERVAL], harmful)
        _detail(channel, last, detail[row, last])
        detail[row, last, 4] = log[GONE_CELLS]
        detail[row, last, 5] = log[GONE_SENSORS]
        if volt == volt:
            log[LAST_VOLT] = volt
        if current[row] == current[row]:
            log[LAST_CURRENT] = current[row]


@bare_kernel
def _known_mean(values: FloatArray) -> float:
    """Mean of what is not NaN of values (N,), NaN where nothing is."""
    total, count = 0.0, 0.0
    for value in values:
        if value == value:
            total += value
            count += 1.0
    return total / count if count > 0.0 else np.nan


@counted_kernel
def _middle_gone(seconds: FloatArray, gone: int) -> float:
    """The middle of those values (N,) that are not 0, `gone` of them: a cell long dead says nothing of the others."""
    longest_last = np.sort(seconds)
    return float(longest_last[seconds.shape[0] - gone + (gone - 1) // 2])


@bare_kernel
def _gone_sensors(seconds: FloatArray, cells_second: float) -> float:
    """How many sensors, missing for such times (N,), went no earlier than the cells, missing for so long."""
    gone = 0.0
    for second in seconds:
        if 0.0 < second <= cells_second:
            gone += 1.0
    return gone


@bare_kernel
def _largest(before: float, after: float) -> float:
    """The larger amount of two currents of which either may be NaN."""
    largest = abs(before) if before == before else 0.0
    return max(largest, abs(after)) if after == after else largest


@bare_kernel
def _log_gap(log: FloatArray, samples: float, elapsed: float, longest: float) -> float:
    """The row's longest interval where it is far from usual, else 0; learns what is usual [s]."""
    if samples == 0.0 or longest <= 0.0:
        return 0.0
    if log[GAPS] == 0.0:
        log[INTERVAL] = longest
        log[LONG_INTERVAL] = longest
    log[GAPS] += 1.0
    share = max(1.0 / log[GAPS], 0.01)
    typical = max((elapsed - longest) / (samples - 1.0), 1e-3) if samples > 1.0 else longest
    log[INTERVAL] *= np.exp(share * np.sign(typical - log[INTERVAL]) * 0.5)
    limit = max(SHORTEST_SECOND, TIMES_INTERVAL * log[INTERVAL], TIMES_USUAL * log[LONG_INTERVAL])
    gap = longest if longest >= limit else 0.0
    # the logarithm of a 99 % quantile, by steps of 99 up for one down
    log[LONG_INTERVAL] *= np.exp(0.2 if longest > log[LONG_INTERVAL] else -0.2 / 99.0)
    return gap


@bare_kernel
def _detail(channel: FloatArray, j: int, detail: FloatArray) -> None:
    detail[0] = channel[LONGEST, j]
    detail[1] = channel[FIRST, j]
    detail[2] = channel[LOST, j] / channel[SEEN, j] if channel[SEEN, j] > 0.0 else 0.0
    detail[3] = channel[RUN, j]


@bare_kernel
def _follow_gap(
    channel: FloatArray, j: int, stamp: float, elapsed: float, run: float, interval: float, harmful: float
) -> int:
    """Advance one channel by a row in which its gap lasted `run`; 0 nothing, 1 info, 2 warning."""
    fade = np.exp(-elapsed / FORGET_SECOND)
    begun = channel[RUN, j] if run > channel[RUN, j] else 0.0
    channel[LOST, j] = fade * channel[LOST, j] + (run - begun if run < DEAD_SECOND else 0.0)
    channel[SEEN, j] = fade * channel[SEEN, j] + max(elapsed, run)
    channel[RUN, j] = run
    if run >= max(SHORTEST_SECOND, TIMES_INTERVAL * interval):
        if channel[LAST, j] == 0.0:
            channel[FIRST, j] = stamp - run
            channel[LONGEST, j] = 0.0
        channel[LAST, j] = stamp
        channel[LONGEST, j] = max(channel[LONGEST, j], run)
        much = channel[LOST, j] > HARMFUL_SHARE * channel[SEEN, j] and channel[SEEN, j] > KEPT_SECOND
        if run >= harmful or much:
            channel[HARM, j] = stamp
    if channel[LAST, j] > 0.0 and stamp - channel[LAST, j] > KEPT_SECOND:
        channel[LAST, j] = 0.0
        channel[HARM, j] = 0.0
        channel[LOST, j] = 0.0
    if channel[LAST, j] == 0.0:
        return 0
    return 2 if channel[HARM, j] > 0.0 else 1


def _whole(gone_cells: int, gone_sensors: int, context: PackContext) -> str:
    """What of the log gave no readings, from how many cells and sensors were missing; no cells: the rows themselves."""
    if not gone_cells:
        return "The log"
    kinds = ((gone_cells, context.cell_count, "cells"), (gone_sensors, len(context.sensors), "temperature sensors"))
    said = [f"all {name}" if gone == total else f"{gone} of {total} {name}" for gone, total, name in kinds if gone]
    words = " and ".join(said)
    return words[:1].upper() + words[1:]


def _evidence(at: float, number: int, level: int, detail: FloatArray, context: PackContext) -> Evidence:
    cells = context.cell_count
    cell = number + 1 if number < cells else None
    sensor = context.sensors[number - cells] if cells <= number < cells + len(context.sensors) else None
    if LEVELS[level] is None:
        return Evidence(at_unix_time_second=at, kind=KIND, cell=cell, sensor=sensor, severity=None)
    longest, first, share, _, gone_cells, gone_sensors = (float(value) for value in detail)
    log = _whole(int(gone_cells), int(gone_sensors), context)
    subject = f"Cell {cell}" if cell is not None else f"Temperature sensor {sensor}" if sensor else log
    return Evidence(
        at_unix_time_second=at,
        kind=KIND,
        cell=cell,
        sensor=sensor,
        severity=LEVELS[level],
        magnitude=longest,
        magnitude_low=longest,
        magnitude_high=longest,
        unit="second",
        confidence=1.0,
        first_seen_unix_time_second=first,
        explanation=(
            f"{subject} gave no readings for up to {duration_text(longest)} at a time; "
            f"gaps shorter than an hour took {100.0 * share:.1f} % of the last days."
        ),
        advice=_advice(cell, sensor),
    )


def _advice(cell: int | None, sensor: str | None) -> str:
    if cell is not None:
        return f"Check the sense wire of cell {cell} and its measuring channel: without a reading nobody watches it."
    if sensor is not None:
        return f"Check cable and plug of sensor {sensor}."
    return "Check logger, link and power supply: what happened meanwhile is unknown, charge has to be counted anew."


DETECTOR = DetectorPlugin(kinds=(KIND,), needs=(), initial=_initial, step=_step)
