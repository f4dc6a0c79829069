"""What the cells' differences are worth once they are taken for another make than that by whose curve they were placed.

On the knee a difference of voltages is a difference of charge over the curve's slope, and knees of different makes
differ by a factor in slope. A cell that was placed by the one curve is misplaced by what lies between the two, and what
it seemed to lose while the balancer bled its neighbours was mostly that.
"""

from __future__ import annotations

from cellwarden.estimation import cell_difference as cd
from cellwarden.estimation import cell_fall as cf
from cellwarden.estimation.bare_kernel import bare_kernel
from cellwarden.estimation.charge_arrays import ChargeArrays
from cellwarden.estimation.scalar_update import doubt_rate

__all__ = ["begin_rests_again", "doubt_places"]

# of the capacity: by how much one make's knee misplaces another make's cells; at 3.40 V the curves of the five LFP
# cells at hand are 0.4 % apart
PLACE_SHARE = 0.005
LEAK_SHARE = 1.0  # of what each cell seems to lose: a knee of half the slope makes nothing or twice as much of it


@bare_kernel
def begin_rests_again(state: ChargeArrays, rest_second: float) -> None:
    """Compare what the cells read from here on with what they read here: by the curve before they read otherwise."""
    for j in range(state.memory_y.shape[0]):
        state.memory_y[j, cd.REST + cf.REST_BEFORE] = max(rest_second, state.memory_y[j, cd.REST + cf.REST_BEFORE])


@bare_kernel
def doubt_places(state: ChargeArrays, capacity_ah: float) -> None:
    """Doubt where the cells stand, what they seem to lose, and what that made of the differences since."""
    for j in range(state.y.shape[0]):
        y, q = state.y[j], state.q[j]
        hours = max(q[cd.DIFFERENCE, cd.LEAK] / q[cd.LEAK, cd.LEAK], 0.0)
        doubt_rate(q, cd.DIFFERENCE, cd.LEAK, hours, (LEAK_SHARE * y[cd.LEAK]) ** 2)
        q[cd.DIFFERENCE, cd.DIFFERENCE] += (PLACE_SHARE * capacity_ah) ** 2
