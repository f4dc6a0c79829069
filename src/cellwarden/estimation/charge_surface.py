"""Where the surface of the electrodes stands under load: at another charge than the cell as a whole.

What a load adds slowly to the voltage, and what goes slowly after it, is mostly diffusion: on discharge the surface of
the particles is emptier than their mean, on charge fuller, and the open-circuit voltage is that of the surface
(single-particle model; Plett, Battery Management Systems I, 2015, ch. 4). So two cells differ as the curve does where
their surfaces stand. In a knee, where the curve bends, that is another slope than the one at their charge: after a deep
discharge twice it, while the next charge begins half of it.
"""

from __future__ import annotations

import numpy as np

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation import central_cell as cc
from cellwarden.estimation.bare_kernel import bare_kernel
from cellwarden.estimation.charge_arrays import ChargeArrays
from cellwarden.estimation.ocv_lookup import branch_voltage

__all__ = ["charge_beside", "surface_beside"]

FARTHEST = 0.06  # of z, and in what steps it is looked for
STEP = 0.0025
# slope at which a curve that is off by 5 mV misplaces the surface by 2 %, as far as it usually stands apart
PLATEAU_VOLT = 0.25


@bare_kernel
def surface_beside(state: ChargeArrays, best: int, median: float, charge_ah: float) -> float:
    """By how much of z the surface of the central cell is further from full than its mean; `median` is its voltage.

    Near full, where balancers bleed and the knee's shape is known less, the cells are left where they are.
    """
    x, memory = state.x[best], state.memory[best]
    soc = 1.0 - (x[cc.DEFICIT] + 0.5 * charge_ah) / np.exp(x[cc.LN_CAPACITY])  # in the middle of the row
    if 1.0 - soc < cc.TELLING_DEPTH:
        return 0.0
    prompt = memory[cc.POLARISATION] - memory[cc.SLOW]
    ocv, _ = branch_voltage(state.learnt[0], state.learnt[1], memory[cc.HYSTERESIS], soc)
    return charge_beside(state.learnt, memory[cc.HYSTERESIS], soc, median - prompt - x[cc.BETA] - ocv)


@bare_kernel
def charge_beside(branches: FloatArray, hysteresis: float, soc: float, moved_volt: float) -> float:
    """By how much of z the place is further from full at which the curve has `moved_volt` more than at `soc`.

    Of that as much as the curve's slope lets one tell: on the plateau a voltage tells next to nothing of a place.
    `branches` (2, G) are its discharge and charge branch [V].
    """
    ocv, _ = branch_voltage(branches[0], branches[1], hysteresis, soc)
    sign = 1.0 if moved_volt > 0.0 else -1.0
    there, reach = 0.0, 0.0
    while reach < FARTHEST and there < abs(moved_volt):
        before = there
        reach += STEP
        volt, _ = branch_voltage(branches[0], branches[1], hysteresis, soc + sign * reach)
        there = abs(volt - ocv)
        if there >= abs(moved_volt):
            reach -= STEP * (there - abs(moved_volt)) / (there - before)
    if reach == 0.0:
        return 0.0
    steep = min(there, abs(moved_volt)) / reach
    return float(-sign * reach * steep**2 / (steep**2 + PLATEAU_VOLT**2))
