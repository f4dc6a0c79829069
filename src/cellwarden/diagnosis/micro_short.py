"""Short dips of one cell's voltage that no current explains: a metal whisker that forms and burns away.

The minute reduction counts dips against the mean of the other cells. Noise that dips on every cell is not a short, so
the count of a cell is held against what the others lead to expect: the chance of at least that many dips under the
Poisson law at the others' rate (Jeffreys' half dip added). A weak cell that runs empty under load falls off its curve's
foot and comes back when the inverter lets go: no dip is counted there. The interval of the count is Garwood's exact one
(F. Garwood, Biometrika 28 (1936) 437, doi:10.1093/biomet/28.3-4.437).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numba import njit
from numpy.typing import NDArray

from cellwarden.core.board import Board
from cellwarden.core.finding import Evidence
from cellwarden.core.minute_block import IntArray, MinuteBlock
from cellwarden.core.sample_block import FloatArray
from cellwarden.diagnosis.cadence import LEVELS, rows_to_tell
from cellwarden.diagnosis.plugin import DetectorPlugin
from cellwarden.diagnosis.poisson_chance import poisson_interval, poisson_tail
from cellwarden.diagnosis.wording import duration_text
from cellwarden.estimation.plugin import PackContext

__all__ = ["DETECTOR", "MicroShortState"]

KIND = "micro_short"
FORGET_SECOND = 5.0 * 86400.0
QUIET_SECOND = 5.0 * 86400.0  # a series of dips is over when none has come for so long
INFO_DIPS, WARNING_DIPS = 2, 3
INFO_CHANCE, WARNING_CHANCE = 1e-2, 1e-4
HARD_DIPS, HARD_CHANCE = 30, 1e-9  # dips by the dozen: the next one may not burn away
SEEN_SECOND = 2.0  # between samples up to which dips of a few seconds are all seen
SEEN_SHARE = 0.5  # of dips that last for any part of the time between two samples, evenly, as many as one may hit
FOOT_FRACTION = 0.05  # of charge: below its voltage a cell under load is running empty
LOADED_PER_HOUR = 0.02  # of the capacity
LEAD_OHM, LEAD_DROP_VOLT = 0.05, 0.01  # of a sense lead that carries the balancer's current

# rows of a cell's state
RECENT, COUNT, FIRST, LAST = range(4)
SLOTS = 4


@dataclass(frozen=True, slots=True)
class MicroShortState:
    """`cell` : (4, n_cells) fading dips, dips of the present series, its first and last; `level` : last said.

    `empty` : (n_cells,) whether the cell ran empty in the last row.
    """

    cell: FloatArray
    level: IntArray
    empty: NDArray[np.bool_]


def _initial(context: PackContext) -> MicroShortState:
    return MicroShortState(
        np.zeros((SLOTS, context.cell_count)),
        np.zeros(context.cell_count, dtype=np.int64),
        np.zeros(context.cell_count, dtype=np.bool_),
    )


def _step(
    state: MicroShortState, minutes: MinuteBlock, board: Board, context: PackContext
) -> tuple[MicroShortState, list[Evidence]]:
    del board
    rows, cells = len(minutes), context.cell_count
    if rows == 0 or cells < 2:
        return state, []
    empty = _empty(minutes, context)
    passing = empty | np.vstack((state.empty, empty[:-1]))  # a dip may end in the row after
    dips = np.where(passing, 0.0, _without_balancing(minutes, context))
    if not dips.any() and not state.cell[COUNT].any():
        return replace(state, empty=empty[-1].copy()), []
    cell = state.cell.copy()
    history = np.zeros((rows, SLOTS, cells))
    _follow(cell, minutes.unix_time_second, minutes.elapsed_second, dips, history)
    stamp = minutes.unix_time_second
    level = np.zeros((rows, cells), dtype=np.int64)
    chance = np.ones((rows, cells))
    told = history[:, COUNT] >= INFO_DIPS
    if told.any():
        recent = history[:, RECENT]
        expected = (recent.sum(axis=1, keepdims=True) - recent + 0.5) / (cells - 1)
        chance[told] = poisson_tail(np.maximum(recent[told], 1e-6), expected[told])
        level[told & (chance < INFO_CHANCE)] = 1
        level[(history[:, COUNT] >= WARNING_DIPS) & (chance < WARNING_CHANCE)] = 2
        level[(history[:, COUNT] >= HARD_DIPS) & (chance < HARD_CHANCE)] = 3
    found = [
        _evidence(
            float(stamp[row]), j, int(level[row, j]), history[row, :, j], float(chance[row, j]), _unseen(minutes, row)
        )
        for row, j in rows_to_tell(stamp, level, state.level)
    ]
    return MicroShortState(cell, level[-1].copy(), empty[-1].copy()), found


def _empty(minutes: MinuteBlock, context: PackContext) -> NDArray[np.bool_]:
    """(M, n_cells) whether a load takes a cell below the foot of its curve."""
    model = context.model
    foot = min(float(np.interp(FOOT_FRACTION, model.soc_fraction, curve.discharge_volt)) for curve in model.ocv_curves)
    loaded = minutes.current_minimum_ampere < -LOADED_PER_HOUR * context.pack.nominal_capacity_ah
    return np.asarray((minutes.voltage_volt < foot) & loaded[:, None], dtype=np.bool_)


def _without_balancing(minutes: MinuteBlock, context: PackContext) -> FloatArray:
    """(M, n_cells) the dips, but none of a minute in which a strong balancer switched: the lead drops its current."""
    pack = context.pack
    if pack.balancer == "none" or pack.balancing_current_ampere * LEAD_OHM < LEAD_DROP_VOLT:
        return minutes.dip_count
    passive = (minutes.bleed_fraction > 0.0) & (minutes.bleed_fraction < 1.0)
    switched = passive | ((minutes.bleed_ah != 0.0) & (pack.balancer == "active"))
    return np.where(switched, 0.0, minutes.dip_count)


@njit(cache=True)
def _follow(cell: FloatArray, stamp: FloatArray, elapsed: FloatArray, dips: FloatArray, history: FloatArray) -> None:
    """Count each cell's series of dips row by row."""
    for row in range(stamp.shape[0]):
        fade = np.exp(-elapsed[row] / FORGET_SECOND)
        for j in range(dips.shape[1]):
            cell[RECENT, j] = fade * cell[RECENT, j] + dips[row, j]
            if cell[COUNT, j] > 0.0 and stamp[row] - cell[LAST, j] > QUIET_SECOND:
                cell[COUNT, j] = 0.0
                cell[RECENT, j] = 0.0
            if dips[row, j] > 0.0:
                if cell[COUNT, j] == 0.0:
                    cell[FIRST, j] = stamp[row]
                cell[COUNT, j] += dips[row, j]
                cell[LAST, j] = stamp[row]
            history[row, :, j] = cell[:, j]


def _unseen(minutes: MinuteBlock, row: int) -> str:
    """What the samples of the row may have missed, in words; nothing where they are close, or a gap hides how close."""
    elapsed, count = float(minutes.elapsed_second[row]), max(float(minutes.sample_count[row]), 1.0)
    if elapsed <= SEEN_SECOND * count or minutes.longest_gap_second[row] * count > 2.0 * elapsed:
        return ""
    every = duration_text(elapsed / count)
    return f" The log holds a reading every {every}: dips shorter than that may have come and gone unseen."


def _evidence(at: float, j: int, level: int, history: FloatArray, chance: float, unseen: str) -> Evidence:
    if LEVELS[level] is None:
        return Evidence(at_unix_time_second=at, kind=KIND, cell=j + 1, sensor=None, severity=None)
    count, first = float(history[COUNT]), float(history[FIRST])
    low, high = poisson_interval(count)
    high /= SEEN_SHARE if unseen else 1.0
    return Evidence(
        at_unix_time_second=at,
        kind=KIND,
        cell=j + 1,
        sensor=None,
        severity=LEVELS[level],
        magnitude=count,
        magnitude_low=low,
        magnitude_high=high,
        unit="dips",
        confidence=1.0 - chance,
        first_seen_unix_time_second=first,
        explanation=(
            f"The voltage of cell {j + 1} dipped {count:.0f} times within {duration_text(max(at - first, 60.0))} "
            f"and came back each time, without a change of current and without the other cells.{unseen}"
        ),
        advice=(
            f"Check the sense wire of cell {j + 1} first, as a loose one looks alike; if it is sound, take the cell "
            "out of service: such dips come before an internal short."
        ),
    )


DETECTOR = DetectorPlugin(kinds=(KIND,), needs=(), initial=_initial, step=_step)
