"""Cells that stand on the knee while their count has left them on the plateau, and the other way round.

The difference of two charges is corrected by the slope of the curve where a cell is thought to be. On the plateau there
is next to none: a cell that is wrongly counted down from the knee would stay there, whatever its voltage says. A cell
that is thought to be on the knee while it has leaked to the plateau would be held there by the slope of the knee,
although all that its voltage tells is that it is anywhere below.
"""

from __future__ import annotations

import numpy as np

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation import cell_difference as cd
from cellwarden.estimation import central_cell as cc
from cellwarden.estimation.bare_kernel import bare_kernel
from cellwarden.estimation.cell_place import PLATEAU_SOC, RESTED_SECOND, STEEP_VOLT
from cellwarden.estimation.charge_arrays import ChargeArrays
from cellwarden.estimation.ocv_lookup import branch_voltage
from cellwarden.estimation.still_reading import still_stands

__all__ = ["find_misplaced", "is_misplaced"]

APART_VOLT = 0.015  # by which the plateau must lie below the others; less is what a knee's shape is off by
SEEN_SHARE = 0.25  # of that distance, above which a cell is on its way down and no error of a count
FALLEN_VOLT = 0.02  # that a reading on the plateau lies below what is expected; less is a matter of the branch
HELD_SLOPE_VOLT = 0.5  # of a place on the knee: on the plateau no slope holds a cell
FALLEN_SIGMA = 0.06  # of the capacity: such a cell is put one sigma below the plateau's upper end, and as surely


@bare_kernel
def find_misplaced(state: ChargeArrays, best: int, beside: float, voltage: FloatArray, median: float) -> None:
    """Let cells be located anew that are misplaced in a string that rests on its upper knee.

    At the next reading where they stand on the knee, at once where they have leaked to the plateau. `voltage` are the
    (n_cells,) readings and `median` is theirs [V]; the curve is read `beside` of z further from full.
    """
    x, memory = state.x[best], state.memory[best]
    if memory[cc.REST_SECOND] < RESTED_SECOND or state.parameters[cc.P_HAS_KNEE] == 0.0:
        return
    capacity = np.exp(x[cc.LN_CAPACITY])
    reference, slope = branch_voltage(
        state.learnt[0], state.learnt[1], memory[cc.HYSTERESIS], 1.0 - x[cc.DEFICIT] / capacity - beside
    )
    if slope < STEEP_VOLT or x[cc.DEFICIT] > (1.0 - PLATEAU_SOC) * capacity:
        return
    plateau = state.learnt[1, int(PLATEAU_SOC * (state.learnt.shape[1] - 1))]
    for j in range(state.y.shape[0]):
        y, own = state.y[j], state.memory_y[j]
        soc = 1.0 - (x[cc.DEFICIT] + y[cd.DIFFERENCE]) / (capacity * np.exp(y[cd.LN_RATIO])) - beside
        volt, steep = branch_voltage(state.learnt[0], state.learnt[1], own[cd.HYSTERESIS], soc)
        seen = voltage[j] - median - y[cd.READING_OFFSET]
        if own[cd.LOCATED] == 0.0 or still_stands(own[cd.STILL :], voltage[j]):
            continue
        if steep < STEEP_VOLT and is_misplaced(volt - reference, seen):
            own[cd.LOCATED] = 0.0
        elif steep > HELD_SLOPE_VOLT and median + seen < plateau and volt - reference - seen > FALLEN_VOLT:
            _put_on_plateau(y, state.q[j], own, x[cc.DEFICIT], capacity)


@bare_kernel
def is_misplaced(expected_volt: float, seen_volt: float) -> bool:
    """Whether a cell that is expected below the others stands with them; both against their median [V]."""
    return bool(expected_volt < -APART_VOLT and abs(seen_volt) < -SEEN_SHARE * expected_volt)


@bare_kernel
def _put_on_plateau(y: FloatArray, p: FloatArray, memory: FloatArray, deficit: float, capacity: float) -> None:
    """Take a cell for one that has leaked to the plateau, no one knows how far and how fast."""
    place = (1.0 - PLATEAU_SOC + FALLEN_SIGMA) * capacity * np.exp(y[cd.LN_RATIO])
    y[cd.DIFFERENCE] = place - deficit
    y[cd.BETA] = 0.0
    for state in (cd.DIFFERENCE, cd.BETA):
        p[state, :] = 0.0
        p[:, state] = 0.0
    p[cd.DIFFERENCE, cd.DIFFERENCE] = (FALLEN_SIGMA * capacity) ** 2
    p[cd.LEAK, cd.LEAK] = max(p[cd.LEAK, cd.LEAK], (cd.LEAK_REOPENED * capacity) ** 2)
    memory[cd.HYSTERESIS], memory[cd.JUMP + cd.J_VOLT] = -1.0, 0.0
