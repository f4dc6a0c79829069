"""A reading that stays bit-identical while the others move: a frozen converter, a loose wire, stale telemetry.

How long a healthy reading repeats depends on noise and resolution, so it is learnt from the pack's own channels: the
longest repeat of each, forgotten over a week, and of these the median over the other channels. A channel is called
stuck when it repeats ten times as long while the others moved by several resolutions, or forty times as long anyway.
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
from cellwarden.estimation.bare_kernel import bare_kernel
from cellwarden.estimation.middle_value import finite_middle
from cellwarden.estimation.plugin import PackContext

__all__ = ["DETECTOR", "StuckState"]

KIND = "sensor_stuck"
FORGET_SECOND = 7.0 * 86400.0
TIMES_USUAL, TIMES_USUAL_ALONE = 10.0, 40.0
SHORTEST_SECOND, SHORTEST_ALONE_SECOND, SURE_SECOND = 60.0, 1800.0, 600.0
MOVED_STEPS = 5.0
MOVED_KELVIN = 2.0
FROZEN_CHANCE, FROZEN_SAMPLES = 1e-9, 10.0

# rows of the channels' state
LONGEST, RUN, BEGIN, LOW, HIGH, DONE = range(6)
SLOTS = 6


@dataclass(frozen=True, slots=True)
class StuckState:
    """Channels are the cells, then the temperature sensors, then the pack.

    `cell`, `sensor` : (6, channels) longest repeat that fades, present repeat, its begin, range of the others since
    then, longest finished repeat that fades; `level` : (channels,) last said; `frozen` : (3,) of the whole pack:
    longest repeat that fades, samples seen, of these repeats.
    """

    cell: FloatArray
    sensor: FloatArray
    level: IntArray
    frozen: FloatArray


def _initial(context: PackContext) -> StuckState:
    cells, sensors = context.cell_count, len(context.sensors)
    return StuckState(
        cell=_empty_channels(cells),
        sensor=_empty_channels(sensors),
        level=np.zeros(cells + sensors + 1, dtype=np.int64),
        frozen=np.zeros(3),
    )


def _empty_channels(channels: int) -> FloatArray:
    state = np.zeros((SLOTS, channels))
    state[LOW] = np.inf
    state[HIGH] = -np.inf
    return state


def _step(
    state: StuckState, minutes: MinuteBlock, board: Board, context: PackContext
) -> tuple[StuckState, list[Evidence]]:
    del board
    rows, cells, sensors = len(minutes), context.cell_count, len(context.sensors)
    if rows == 0:
        return state, []
    cell, sensor, frozen = state.cell.copy(), state.sensor.copy(), state.frozen.copy()
    level = np.zeros((rows, cells + sensors + 1), dtype=np.int64)
    detail = np.zeros((rows, cells + sensors + 1, 3))
    stamp, elapsed = minutes.unix_time_second, minutes.elapsed_second
    interval = elapsed / np.maximum(minutes.sample_count, 1.0)
    follow = (stamp, elapsed, interval)
    step_volt = context.pack.sensors.voltage_resolution_volt
    unchanged, volt, none = minutes.voltage_unchanged_second, minutes.voltage_volt, np.full(rows, np.nan)
    _follow(
        cell,
        *follow,
        unchanged,
        volt,
        none,
        MOVED_STEPS * step_volt,
        level[:, :cells],
        detail[:, :cells],
        np.empty(cells),
    )
    unchanged, celsius = minutes.temperature_unchanged_second, minutes.temperature_celsius
    ambient = minutes.ambient_temperature_celsius
    part = slice(cells, cells + sensors)
    _follow(
        sensor, *follow, unchanged, celsius, ambient, MOVED_KELVIN, level[:, part], detail[:, part], np.empty(sensors)
    )
    together = minutes.voltage_unchanged_second.min(axis=1)
    _follow_pack(frozen, *follow, minutes.frozen_second, minutes.repeat_count, together, level[:, -1], detail[:, -1])
    found = [
        _evidence(float(stamp[row]), channel, int(level[row, channel]), detail[row, channel], context)
        for row, channel in rows_to_tell(stamp, level, state.level, detail[:, :, 0] < HOUR_SECOND)
    ]
    return StuckState(cell, sensor, level[-1].copy(), frozen), found


@bare_kernel
def _follow(
    state: FloatArray,
    stamp: FloatArray,
    elapsed: FloatArray,
    interval: FloatArray,
    unchanged: FloatArray,
    value: FloatArray,
    ambient: FloatArray,
    moved: float,
    level: IntArray,
    detail: FloatArray,
    kept: FloatArray,
) -> None:
    """Follow every channel's repeat through the rows; `detail` gets the repeat, its begin and the usual one.

    `kept` (channels,) is scratch.
    """
    channels = unchanged.shape[1]
    for row in range(stamp.shape[0] if channels > 0 else 0):
        middle = finite_middle(value[row], kept) if channels > 1 else ambient[row]
        fade = np.exp(-elapsed[row] / FORGET_SECOND)
        for j in range(channels):
            run = unchanged[row, j]
            state[DONE, j] *= fade
            if run <= 0.0 or run < state[RUN, j]:
                state[DONE, j] = max(state[DONE, j], state[RUN, j])
                state[BEGIN, j] = stamp[row] - run
                state[LOW, j] = np.inf
                state[HIGH, j] = -np.inf
            if run > 0.0 and middle == middle:
                state[LOW, j] = min(state[LOW, j], middle)
                state[HIGH, j] = max(state[HIGH, j], middle)
            state[RUN, j] = run
            state[LONGEST, j] = max(fade * state[LONGEST, j], run)
        usual = max(_usual(state, kept), 3.0 * interval[row])
        for j in range(channels):
            run = state[RUN, j]
            spread = state[HIGH, j] - state[LOW, j]
            beside = run >= max(TIMES_USUAL * usual, SHORTEST_SECOND) and spread >= moved
            alone = channels > 2 and run >= max(TIMES_USUAL_ALONE * usual, SHORTEST_ALONE_SECOND)
            if beside or alone:
                level[row, j] = 2 if run >= SURE_SECOND else 1
            detail[row, j, 0] = run
            detail[row, j, 1] = state[BEGIN, j]
            detail[row, j, 2] = usual


@bare_kernel
def _usual(state: FloatArray, kept: FloatArray) -> float:
    """How long a healthy channel repeats: of the others where there are any, else its own finished repeats [s]."""
    channels = state.shape[1]
    if channels > 2:
        return float(finite_middle(state[LONGEST], kept))
    if channels == 2:
        return float(max(min(state[LONGEST, 0], state[LONGEST, 1]), min(state[DONE, 0], state[DONE, 1])))
    done = float(state[DONE, 0])
    return done if done > 0.0 else np.inf


@bare_kernel
def _follow_pack(
    state: FloatArray,
    stamp: FloatArray,
    elapsed: FloatArray,
    interval: FloatArray,
    frozen: FloatArray,
    repeats: FloatArray,
    moved_second: FloatArray,
    level: IntArray,
    detail: FloatArray,
) -> None:
    """Find times in which no cell's reading changed although that hardly ever happens in this log."""
    for row in range(stamp.shape[0]):
        if not interval[row] > 0.0:
            continue
        samples = np.round(elapsed[row] / interval[row])
        run = frozen[row] / interval[row]
        inside = min(run, repeats[row])
        state[1] += samples - inside
        state[2] += repeats[row] - inside
        chance = ((state[2] + 1.0) / (state[1] + 2.0)) ** run
        usual = max(np.exp(-elapsed[row] / FORGET_SECOND) * state[0], interval[row])
        if run >= FROZEN_SAMPLES and chance < FROZEN_CHANCE and frozen[row] >= TIMES_USUAL * usual:
            level[row] = 2 if moved_second[row] >= SHORTEST_SECOND else 1
        else:
            state[1] += inside
            state[2] += inside
            usual = max(usual, frozen[row])
        state[0] = usual
        detail[row, 0] = frozen[row]
        detail[row, 1] = stamp[row] - frozen[row]
        detail[row, 2] = usual


def _evidence(at: float, channel: int, level: int, detail: FloatArray, context: PackContext) -> Evidence:
    cells, sensors = context.cell_count, len(context.sensors)
    cell = channel + 1 if channel < cells else None
    sensor = context.sensors[channel - cells] if cells <= channel < cells + sensors else None
    if LEVELS[level] is None:
        return Evidence(at_unix_time_second=at, kind=KIND, cell=cell, sensor=sensor, severity=None)
    run, begin, usual = (float(value) for value in detail)
    return Evidence(
        at_unix_time_second=at,
        kind=KIND,
        cell=cell,
        sensor=sensor,
        severity=LEVELS[level],
        magnitude=run,
        magnitude_low=run,
        magnitude_high=at - begin,
        unit="second",
        confidence=1.0 - min(1.0, usual / run) ** 2,  # holds also where long repeats are as frequent as 1/length²
        first_seen_unix_time_second=begin,
        explanation=_explanation(cell, sensor, run, usual),
        advice=_advice(cell, sensor),
    )


def _explanation(cell: int | None, sensor: str | None, run: float, usual: float) -> str:
    if cell is None and sensor is None:
        return (
            f"No cell's reading changed for {duration_text(run)}, although readings of this pack seldom stand still "
            f"for more than {duration_text(usual)}: the log repeated old values."
        )
    name = f"The voltage of cell {cell}" if cell is not None else f"Temperature sensor {sensor}"
    return (
        f"{name} has shown exactly the same value through {duration_text(run)} in which the others moved; they repeat "
        f"a value for {duration_text(usual)} at most."
    )


def _advice(cell: int | None, sensor: str | None) -> str:
    if cell is None and sensor is None:
        return "Check the link between BMS and logger: a protection that sees old values cannot protect."
    if cell is not None:
        return f"Check sense wire and measuring channel of cell {cell}; until then nobody watches this cell."
    return f"Check plug and place of sensor {sensor}; until then the cells that it touches are unwatched."


DETECTOR = DetectorPlugin(kinds=(KIND,), needs=(), initial=_initial, step=_step)
