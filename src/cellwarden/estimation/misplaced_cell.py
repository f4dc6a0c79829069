"""Cells that their count has left on the plateau while they stand with the others on the knee.

The difference of two charges is corrected by the slope of the curve where a cell is thought to be. On the plateau there
is next to none: a cell that is wrongly counted down from the knee would stay there, whatever its voltage says.
"""

from __future__ import annotations

import numpy as np

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation import cell_difference as cd
from cellwarden.estimation import central_cell as cc
from cellwarden.estimation.bare_kernel import bare_kernel
from cellwarden.estimation.charge_arrays import ChargeArrays
from cellwarden.estimation.ocv_lookup import branch_voltage

__all__ = ["find_misplaced", "is_misplaced"]

RESTED_SECOND = 3600.0
APART_VOLT = 0.015  # by which the plateau must lie below the others; less is what a knee's shape is off by
SEEN_SHARE = 0.25  # of that distance, above which a cell is on its way down and no error of a count


@bare_kernel
def find_misplaced(state: ChargeArrays, best: int, beside: float, voltage: FloatArray, median: float) -> None:
    """Let cells be located anew at the next reading that are misplaced in a string at rest.

    `voltage` (n_cells,) are the readings and `median` is theirs [V]; the curve is read `beside` of z further from full.
    """
    x, memory = state.x[best], state.memory[best]
    if memory[cc.REST_SECOND] < RESTED_SECOND or state.parameters[cc.P_HAS_KNEE] == 0.0:
        return
    capacity = np.exp(x[cc.LN_CAPACITY])
    reference, slope = branch_voltage(
        state.learnt[0], state.learnt[1], memory[cc.HYSTERESIS], 1.0 - x[cc.DEFICIT] / capacity - beside
    )
    if slope < cd.STEEP_VOLT:
        return
    for j in range(state.y.shape[0]):
        y, own = state.y[j], state.memory_y[j]
        soc = 1.0 - (x[cc.DEFICIT] + y[cd.DIFFERENCE]) / (capacity * np.exp(y[cd.LN_RATIO])) - beside
        volt, steep = branch_voltage(state.learnt[0], state.learnt[1], own[cd.HYSTERESIS], soc)
        if steep < cd.STEEP_VOLT and is_misplaced(volt - reference, voltage[j] - median - y[cd.READING_OFFSET]):
            own[cd.LOCATED] = 0.0


@bare_kernel
def is_misplaced(expected_volt: float, seen_volt: float) -> bool:
    """Whether a cell that is expected below the others stands with them; both against their median [V]."""
    return bool(expected_volt < -APART_VOLT and abs(seen_volt) < -SEEN_SHARE * expected_volt)
