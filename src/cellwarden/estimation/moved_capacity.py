"""A curve that was learnt at the wrong places, by a capacity that has moved far since.

Where on its curve the pack stood was the charge over the capacity. What the modes learnt there they learnt for another
place; the filter's straight lines do not take it back, and it holds the capacity where it was.
"""

from __future__ import annotations

from cellwarden.core.minute_block import IntArray
from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation import central_cell as cc
from cellwarden.estimation.bare_kernel import bare_kernel
from cellwarden.estimation.capacity_prior import doubt_capacity
from cellwarden.estimation.charge_arrays import ChargeArrays

__all__ = ["learn_again"]

# of ln Q: from where on a place at full depth is off by as much as a mode is wide, how sure the new capacity must be,
# and how unsure it is without what the curve told
FAR, SURE, LEFT = 0.06, 0.03, 0.03


@bare_kernel
def learn_again(state: ChargeArrays, mode_count: IntArray) -> None:
    """Learn anew every curve that was learnt by a capacity that is no longer believed.

    How well it has explained the log stays: that was so, and weighs it against the others.
    """
    for k in range(state.x.shape[0]):
        x, p, memory = state.x[k], state.p[k], state.memory[k]
        if mode_count[k] == 0 or memory[cc.GIVEN_UP] > 0.0 or p[cc.LN_CAPACITY, cc.LN_CAPACITY] > SURE**2:
            continue
        if abs(x[cc.LN_CAPACITY] - memory[cc.LEARNT_AT]) >= FAR:
            _start_curve_again(x, p, state.prior[k], cc.STATES + mode_count[k])
            doubt_capacity(x, p, cc.LN_CAPACITY, LEFT**2, memory[cc.SITE :])
            memory[cc.LEARNT_AT] = x[cc.LN_CAPACITY]
            memory[cc.CURVE_SQUARES], memory[cc.CURVE_WEIGHT] = 0.0, 0.0


@bare_kernel
def _start_curve_again(x: FloatArray, p: FloatArray, prior: FloatArray, states: int) -> None:
    """Put a curve's error, width and modes back to their `prior` (2, S), mean and sigma; the charge stays, in place."""
    for a in range(cc.BETA, states):
        x[a] = prior[0, a]
        for b in range(states):
            p[a, b] = 0.0
            p[b, a] = 0.0
        p[a, a] = prior[1, a] ** 2
