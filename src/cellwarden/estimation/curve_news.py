"""How much a reading tells of the curve: readings at one place share its error there."""

from __future__ import annotations

import numpy as np

from cellwarden.estimation import central_cell as cc
from cellwarden.estimation.bare_kernel import bare_kernel
from cellwarden.estimation.charge_anchor import BEST, LAST_NEWS
from cellwarden.estimation.charge_arrays import ChargeArrays

__all__ = ["news_of_place"]

NEWS_STEP = 0.01  # of the capacity; less than that is the same place on the curve
NEWS_SHARE_OF_CAPACITY = 0.06  # charge moved that makes a full reading for the choice of the curve


@bare_kernel
def news_of_place(state: ChargeArrays) -> float:
    """How far the charge has gone since a reading last told of the curve, as a share of what makes a full one.

    The filter's, not the count: on float that runs with the current's zero, where the pack stands still.
    """
    x = state.x[int(state.scalars[BEST])]
    soc = 1.0 - x[cc.DEFICIT] / np.exp(x[cc.LN_CAPACITY])
    travelled = abs(soc - state.scalars[LAST_NEWS])
    if travelled < NEWS_STEP:
        return 0.0
    state.scalars[LAST_NEWS] = soc
    return float(min(travelled / NEWS_SHARE_OF_CAPACITY, 1.0))
