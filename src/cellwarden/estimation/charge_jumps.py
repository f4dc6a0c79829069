"""Jumps of readings in the charge cascade: whose they are, and what becomes of the cells' filters."""

from __future__ import annotations

import numpy as np

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation import cell_difference as cd
from cellwarden.estimation import cell_fall as cf
from cellwarden.estimation import central_cell as cc
from cellwarden.estimation import jump_cause as jc
from cellwarden.estimation.bare_kernel import bare_kernel
from cellwarden.estimation.charge_anchor import ANCHORED, BEST
from cellwarden.estimation.charge_arrays import ChargeArrays, MinuteArrays
from cellwarden.estimation.jump_doubt import begin_doubt, is_loss, lost_ratio, take_loss
from cellwarden.estimation.reading_jump import (
    follow_jumps,
    forget_means,
    jump_of,
    leave_jump,
    take_back,
    take_jump,
    whose_jump,
)
from cellwarden.estimation.still_reading import still_stands

__all__ = ["follow_readings", "settle_doubt"]

BLEEDING_VOLT = 0.05  # below the knee's upper part, from where on balancers bleed


@bare_kernel
def follow_readings(state: ChargeArrays, work: FloatArray, minutes: MinuteArrays, m: int, median: float) -> None:
    """Let the offset of a cell follow where its reading jumps, or its capacity where that is what has gone."""
    may_bleed = median > state.parameters[cc.P_FULL_VOLT] - BLEEDING_VOLT
    unlogged = state.parameters[cc.P_UNLOGGED_BLEED] > 0.0
    unlogged_volt = state.parameters[cc.P_BLEED_VOLT] if may_bleed and unlogged else 0.0
    for j in range(state.y.shape[0]):
        if still_stands(state.memory_y[j, cd.STILL :], minutes.voltage[m, j]):
            forget_means(state.jumps, j)
    cell = follow_jumps(
        state.jumps,
        minutes.voltage[m],
        median,
        minutes.pack_voltage[m],
        minutes.bleed[m],
        state.parameters[cc.P_BLEED_VOLT],
        unlogged_volt,
        max(-minutes.current_min[m], minutes.current_max[m]),
        minutes.sample_count[m],
        minutes.elapsed[m],
        state.parameters[cc.P_CAPACITY],
        state.y[:, cd.READING_OFFSET],
        state.y[:, cd.BETA],
        work[1],
    )
    if cell < 0:
        return
    whose = whose_jump(state.jumps, state.y.shape[0], cell)
    if whose == jc.OF_CELL:
        _take_step(state, cell)
        return
    offset, beta, jump, common = jump_of(state.jumps, state.y.shape[0], cell)
    take_jump(state.jumps, cell, state.y, state.q, cd.READING_OFFSET, cd.BETA)
    _shift_doubted(state, cell, common)
    state.memory_y[cell, cd.JUMP + cd.J_VOLT] = 0.0
    if whose != jc.OF_SENSOR:
        _doubt_jump(state, cell, offset, beta, jump, common)
        settle_doubt(state, cell)


@bare_kernel
def _take_step(state: ChargeArrays, cell: int) -> None:
    """Take a cell for another one from here on: nothing leaks at once, so its rest begins anew."""
    memory = state.memory_y[cell]
    memory[cd.JUMP + cd.J_VOLT] = 0.0
    jump = leave_jump(state.jumps, state.y.shape[0], cell)
    jc.doubt_cell(state.y[cell], state.q[cell], cd.BETA, cd.LN_RATIO, jump, memory[cd.SITE :])
    rest_second = state.memory[int(state.scalars[BEST]), cc.REST_SECOND]
    memory[cd.REST + cf.REST_BEFORE] = max(rest_second, memory[cd.REST + cf.REST_BEFORE])


@bare_kernel
def _doubt_jump(state: ChargeArrays, cell: int, offset: float, beta: float, jump: float, common: float) -> None:
    """Keep what was known of the cell where the jump may be its own: before, it had that offset and curve's error."""
    y, memory = state.y[cell], state.memory_y[cell]
    best = int(state.scalars[BEST])
    own = np.exp(state.x[best, cc.LN_CAPACITY] + y[cd.LN_RATIO])
    missing = state.x[best, cc.DEFICIT] + y[cd.DIFFERENCE]
    if jump >= 0.0 or state.scalars[ANCHORED] == 0.0 or missing < cc.TELLING_DEPTH * own:
        return
    hysteresis = state.memory[best, cc.HYSTERESIS]
    ratio, sigma = lost_ratio(state.learnt[0], state.learnt[1], hysteresis, missing, own, jump - common)
    if ratio < 0.0:
        jumped_offset, jumped_beta = y[cd.READING_OFFSET], y[cd.BETA]
        y[cd.READING_OFFSET], y[cd.BETA] = offset, beta
        begin_doubt(y, state.q[cell], memory, jump, common, ratio, sigma)
        y[cd.READING_OFFSET], y[cd.BETA] = jumped_offset, jumped_beta


@bare_kernel
def settle_doubt(state: ChargeArrays, cell: int) -> None:
    """Take back a jump that turns out to be the cell's loss of capacity."""
    memory = state.memory_y[cell]
    if not is_loss(memory):
        return
    doubt = memory[cd.JUMP :]
    take_back(state.jumps, cell, state.y, cd.READING_OFFSET, doubt[cd.J_VOLT], doubt[cd.J_COMMON])
    _shift_doubted(state, cell, -doubt[cd.J_COMMON])
    take_loss(state.y[cell], state.q[cell], memory)


@bare_kernel
def _shift_doubted(state: ChargeArrays, cell: int, common: float) -> None:
    """Move the offsets that are kept of other cells in doubt by what the median's move made all cells step [V]."""
    for j in range(state.y.shape[0]):
        if j != cell:
            state.memory_y[j, cd.JUMP + cd.J_STATE + cd.READING_OFFSET] += common
