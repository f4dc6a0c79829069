"""Levels of a quantity that is too high in some cells, held so that noise at the limit does not make it flap."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from cellwarden.core.finding import Evidence, Severity
from cellwarden.core.minute_block import IntArray, MinuteBlock
from cellwarden.core.sample_block import FloatArray
from cellwarden.diagnosis.cadence import LEVELS, is_full_hour

__all__ = ["HELD", "Excess", "ExcessState", "excess_evidence", "initial_excess"]

RAISE_PROBABILITY, INFO_PROBABILITY, HOLD_PROBABILITY = 0.975, 0.9, 0.5
FEWEST_EDGES = 3.0
HELD = 0.6  # probability with which a warning stays, and none is raised


@dataclass(frozen=True, slots=True)
class ExcessState:
    """`level` last said and `since_unix_time_second` at which half of the limit was passed, (n_cells,)."""

    level: IntArray
    since_unix_time_second: FloatArray
    edge_count: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Excess:
    """What one row says of every cell, (n_cells,): excess, whether half of the limit is passed, and how sure it is.

    `above_probability` that the limit is passed; `own_probability` that no other finding explains it;
    `far_probability` that it is so large that one must act now.
    """

    half_passed: FloatArray
    above_probability: FloatArray
    own_probability: FloatArray
    far_probability: FloatArray
    changed_unix_time_second: FloatArray
    edge_count: FloatArray


def initial_excess(cells: int) -> ExcessState:
    """Nothing said yet."""
    return ExcessState(np.zeros(cells, dtype=np.int64), np.full(cells, np.nan), np.zeros(cells))


def excess_evidence(
    state: ExcessState,
    minutes: MinuteBlock,
    edge_count: FloatArray,
    of_row: Callable[[int], Excess],
    say: Callable[[int, int, Severity, float], Evidence],
    nothing: Callable[[float, int], Evidence],
) -> tuple[ExcessState, list[Evidence]]:
    """Go through the rows at which something may change.

    Parameters
    ----------
    state : left by the block before
    minutes : M rows
    edge_count : (M, n_cells) edges so far
    of_row : what a row says
    say : evidence of a row, cell (from 0), severity and the time at which it began
    nothing : evidence that the cause has gone, of a stamp and cell
    """
    level, since, found = state.level.copy(), state.since_unix_time_second.copy(), []
    for row in _rows(state, minutes, edge_count):
        at = float(minutes.unix_time_second[row])
        full_hour = bool(is_full_hour(minutes.unix_time_second[row : row + 1])[0])
        excess = of_row(row)
        passed = excess.half_passed > 0.0
        since = np.where(passed, np.where(np.isnan(since), at, since), np.nan)
        begin = np.fmax(since, excess.changed_unix_time_second)
        new = _levels(level, excess)
        for cell in np.flatnonzero((new != level) | ((new > 0) & full_hour)).tolist():
            severity = LEVELS[int(new[cell])]
            if severity is None:
                found.append(nothing(at, cell))
            else:
                found.append(say(row, cell, severity, float(begin[cell]) if passed[cell] else at))
        level = new
    last = edge_count[-1].copy() if len(minutes) else state.edge_count
    return ExcessState(level, since, last), found


def _rows(state: ExcessState, minutes: MinuteBlock, edge_count: FloatArray) -> Iterator[int]:
    """Rows with a new edge, and full hours once there was one."""
    if len(minutes) == 0:
        return
    before = np.concatenate([state.edge_count[None, :], edge_count[:-1]])
    fresh = (edge_count != before).any(axis=1)
    hour = is_full_hour(minutes.unix_time_second) & (edge_count > 0.0).any(axis=1)
    yield from np.flatnonzero(fresh | hour).tolist()


def _levels(level: IntArray, excess: Excess) -> IntArray:
    """(n_cells,) 0 nothing, 1 info, 2 warning, 3 critical."""
    above, own = excess.above_probability, excess.own_probability
    raised = (above >= RAISE_PROBABILITY) & (own >= RAISE_PROBABILITY)
    held = (level >= 2) & (above >= HOLD_PROBABILITY) & (own >= HOLD_PROBABILITY)
    noted = (above >= INFO_PROBABILITY) | ((level >= 1) & (above >= HOLD_PROBABILITY))
    new = np.where(raised | held, 2, np.where(noted, 1, 0))
    new = np.where((new == 2) & (excess.far_probability >= RAISE_PROBABILITY), 3, new)
    return np.where(excess.edge_count >= FEWEST_EDGES, new, 0).astype(np.int64)
