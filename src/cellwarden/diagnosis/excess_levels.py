"""Levels of a quantity that is too high in some cells, held so that noise at the limit does not make it flap."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

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
    """What R rows say of every cell, (R, n_cells): whether half of the limit is passed, and how sure that is.

    `above_probability` that the limit is passed; `own_probability` that no other finding explains it;
    `far_probability` that it is so large that one must act now; `is_others` where it is surely another finding's.
    """

    half_passed: NDArray[np.bool_]
    above_probability: FloatArray
    own_probability: FloatArray
    far_probability: FloatArray
    is_others: NDArray[np.bool_]
    changed_unix_time_second: FloatArray
    edge_count: FloatArray


def initial_excess(cells: int) -> ExcessState:
    """Nothing said yet."""
    return ExcessState(np.zeros(cells, dtype=np.int64), np.full(cells, np.nan), np.zeros(cells))


def excess_evidence(
    state: ExcessState,
    minutes: MinuteBlock,
    edge_count: FloatArray,
    of_rows: Callable[[IntArray], Excess],
    say: Callable[[int, int, Severity, float], Evidence],
    nothing: Callable[[float, int, bool], Evidence],
) -> tuple[ExcessState, list[Evidence]]:
    """Go through the rows at which something may change.

    Parameters
    ----------
    state : left by the block before
    minutes : M rows
    edge_count : (M, n_cells) edges so far
    of_rows : what R ≥ 1 rows say
    say : evidence of a row, cell (from 0), severity and the time at which it began
    nothing : evidence that the cause has gone, of a stamp, cell, and whether it is surely another finding's
    """
    if len(minutes) == 0:
        return state, []
    level, since = state.level.copy(), state.since_unix_time_second.copy()
    rows = _rows(state, minutes, edge_count)
    found: list[Evidence] = []
    if rows.size:
        at, excess = minutes.unix_time_second[rows], of_rows(rows)
        told, began = _follow(at, excess, level, since)
        before = np.concatenate([state.level[None], told[:-1]])
        said = (told != before) | (((told > 0) | excess.is_others) & is_full_hour(at)[:, None])
        for r, cell in np.argwhere(said).tolist():
            severity = LEVELS[int(told[r, cell])]
            if severity is None:
                found.append(nothing(float(at[r]), cell, bool(excess.is_others[r, cell])))
            else:
                found.append(say(int(rows[r]), cell, severity, float(began[r, cell])))
    return ExcessState(level, since, edge_count[-1].copy()), found


def _rows(state: ExcessState, minutes: MinuteBlock, edge_count: FloatArray) -> IntArray:
    """Rows with a new edge, and full hours once there was one."""
    before = np.concatenate([state.edge_count[None, :], edge_count[:-1]])
    fresh = (edge_count != before).any(axis=1)
    hour = is_full_hour(minutes.unix_time_second) & (edge_count > 0.0).any(axis=1)
    return np.flatnonzero(fresh | hour)


def _follow(at: FloatArray, excess: Excess, level: IntArray, since: FloatArray) -> tuple[IntArray, FloatArray]:
    """Levels (R, n_cells) after each row and the times at which they began; `level` and `since` are moved on."""
    told = np.empty(excess.half_passed.shape, dtype=np.int64)
    began = np.empty(told.shape)
    _judge(
        at,
        excess.half_passed,
        excess.above_probability,
        excess.own_probability,
        excess.far_probability,
        excess.changed_unix_time_second,
        excess.edge_count,
        level,
        since,
        told,
        began,
    )
    return told, began


@njit(cache=True)
def _judge(
    at: FloatArray,
    half_passed: NDArray[np.bool_],
    above: FloatArray,
    own: FloatArray,
    far: FloatArray,
    changed: FloatArray,
    edge_count: FloatArray,
    level: IntArray,
    since: FloatArray,
    told: IntArray,
    began: FloatArray,
) -> None:
    """Follow level (0 nothing, 1 info, 2 warning, 3 critical) and beginning row by row."""
    for r in range(at.shape[0]):
        for j in range(level.shape[0]):
            if not half_passed[r, j]:
                since[j] = np.nan
            elif np.isnan(since[j]):
                since[j] = at[r]
            began[r, j] = at[r]
            if half_passed[r, j]:
                began[r, j] = max(since[j], changed[r, j]) if changed[r, j] == changed[r, j] else since[j]
            raised = above[r, j] >= RAISE_PROBABILITY and own[r, j] >= RAISE_PROBABILITY
            held = level[j] >= 2 and above[r, j] >= HOLD_PROBABILITY and own[r, j] >= HOLD_PROBABILITY
            noted = above[r, j] >= INFO_PROBABILITY or (level[j] >= 1 and above[r, j] >= HOLD_PROBABILITY)
            new = 2 if raised or held else (1 if noted else 0)
            if new == 2 and far[r, j] >= RAISE_PROBABILITY:
                new = 3
            level[j] = new if edge_count[r, j] >= FEWEST_EDGES else 0
            told[r, j] = level[j]
