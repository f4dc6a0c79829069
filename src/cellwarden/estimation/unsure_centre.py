"""Whether the central cell's charge is known well enough to say where on the curve the pack stands."""

from __future__ import annotations

import numpy as np

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation import cell_difference as cd
from cellwarden.estimation import central_cell as cc
from cellwarden.estimation.bare_kernel import bare_kernel
from cellwarden.estimation.charge_arrays import ChargeArrays

__all__ = ["any_located", "unsure_soc"]

SURE_SIGMA = 0.012  # of the central charge, up to which the slope there is the slope where the pack stands


@bare_kernel
def any_located(state: ChargeArrays) -> bool:
    """Whether any cell's charge was found on a knee, where the curve has one."""
    found = 0.0
    for j in range(state.memory_y.shape[0]):
        found += state.memory_y[j, cd.LOCATED]
    return bool(state.parameters[cc.P_HAS_KNEE] > 0.0 and found > 0.0)


@bare_kernel
def unsure_soc(x: FloatArray, p: FloatArray, capacity: float) -> float:
    """One sigma of the central z where that is too much to say where on the curve the pack stands, else 0."""
    if p[cc.DEFICIT, cc.DEFICIT] < (SURE_SIGMA * capacity) ** 2:
        return 0.0
    depth = x[cc.DEFICIT] / capacity
    variance = p[cc.DEFICIT, cc.DEFICIT] / capacity**2 - 2.0 * depth * p[cc.DEFICIT, cc.LN_CAPACITY] / capacity
    return float(np.sqrt(max(variance + depth**2 * p[cc.LN_CAPACITY, cc.LN_CAPACITY], SURE_SIGMA**2)))
