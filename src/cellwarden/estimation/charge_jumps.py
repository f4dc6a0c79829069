"""Jumps of one cell's reading in the charge cascade: the offset follows those of a sensor, a cell's own are doubted."""

from __future__ import annotations

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation import cell_difference as cd
from cellwarden.estimation import cell_fall as cf
from cellwarden.estimation import central_cell as cc
from cellwarden.estimation.bare_kernel import bare_kernel
from cellwarden.estimation.charge_anchor import BEST
from cellwarden.estimation.charge_arrays import ChargeArrays, MinuteArrays
from cellwarden.estimation.jump_cause import doubt_cell
from cellwarden.estimation.reading_jump import follow_jumps, forget_means, leave_jump, stepped_itself, take_jump
from cellwarden.estimation.still_reading import still_stands

__all__ = ["follow_reading_jumps"]

BLEEDING_VOLT = 0.05  # below the knee's upper part, from where on balancers bleed


@bare_kernel
def follow_reading_jumps(state: ChargeArrays, work: FloatArray, minutes: MinuteArrays, m: int, median: float) -> None:
    """Let the offset of a cell follow where its reading jumps, unless the cell itself did."""
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
    if stepped_itself(state.jumps, state.y.shape[0], cell):
        _take_step(state, cell)
    else:
        take_jump(state.jumps, cell, state.y, state.q, cd.READING_OFFSET, cd.BETA)


@bare_kernel
def _take_step(state: ChargeArrays, cell: int) -> None:
    """Take a cell for another one from here on: nothing leaks at once, so its rest begins anew."""
    memory = state.memory_y[cell]
    jump = leave_jump(state.jumps, state.y.shape[0], cell)
    doubt_cell(state.y[cell], state.q[cell], cd.BETA, cd.LN_RATIO, jump, memory[cd.SITE :])
    rest_second = state.memory[int(state.scalars[BEST]), cc.REST_SECOND]
    memory[cd.REST + cf.REST_BEFORE] = max(rest_second, memory[cd.REST + cf.REST_BEFORE])
