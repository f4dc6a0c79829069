"""Charge with hindsight: counted back from a later moment at which it was known better.

Where the forward estimate was surest (a full charge, a steep part of the curve), charge is carried back with the
capacity and the current's zero that the whole log taught; each row keeps the surer of the two. Their errors are not
independent (the anchors are the same), so they are not averaged. Findings never see this: they stay causal.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from cellwarden.core.sample_block import FloatArray

__all__ = ["CellKnowledge", "smoothed_charge"]

LONGEST_GAP_SECOND = 3660.0
FLOOR_SIGMA = 1e-3  # of charge: what no anchor beats
WIDTH_TO_SIGMA = 3.92
HALF_WIDTH = 1.96


@dataclass(frozen=True, slots=True, kw_only=True)
class CellKnowledge:
    """What the end of the log says: (n_cells,) capacity [Ah], its relative sigma; sigma of the current's zero [A]."""

    capacity_ah: FloatArray
    capacity_sigma_fraction: FloatArray
    offset_sigma_ampere: float


def smoothed_charge(
    unix_time_second: FloatArray,
    moved_ah: FloatArray,
    soc: tuple[FloatArray, FloatArray, FloatArray],
    known: CellKnowledge,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The surer of the forward estimate and the one counted back.

    Parameters
    ----------
    unix_time_second : (M,) stamps [s]
    moved_ah : (M, n_cells) charge into each cell in the row, offset, bleed and leak taken out [Ah]
    soc : (M, n_cells) each: forward estimate and the bounds of its 95 % interval
    known : of the cells, with hindsight

    Returns
    -------
    (M, n_cells) each: charge, lower and upper bound
    """
    value, low, high = (np.array(part) for part in soc)
    for cell in range(value.shape[1]):
        _back(
            unix_time_second,
            moved_ah[:, cell],
            value[:, cell],
            low[:, cell],
            high[:, cell],
            known.capacity_ah[cell],
            known.capacity_sigma_fraction[cell],
            known.offset_sigma_ampere,
        )
    return value, low, high


@njit(cache=True)
def _back(
    stamp: FloatArray,
    moved_ah: FloatArray,
    value: FloatArray,
    low: FloatArray,
    high: FloatArray,
    capacity_ah: float,
    capacity_sigma: float,
    offset_sigma: float,
) -> None:
    """One cell, from the last row to the first, in place."""
    carried, sigma, since, passed = np.nan, np.inf, 0.0, 0.0  # at the anchor: charge, sigma, stamp; charge since [z]
    for k in range(stamp.shape[0] - 1, -1, -1):
        if k + 1 < stamp.shape[0]:
            if stamp[k + 1] - stamp[k] > LONGEST_GAP_SECOND:
                sigma = np.inf
            passed += moved_ah[k + 1] / capacity_ah
        hours = (since - stamp[k]) / 3600.0
        now = np.sqrt(sigma**2 + (passed * capacity_sigma) ** 2 + (offset_sigma * hours / capacity_ah) ** 2)
        own = max((high[k] - low[k]) / WIDTH_TO_SIGMA, FLOOR_SIGMA)
        if now < own or (own != own and now < np.inf):
            value[k] = min(max(carried - passed, 0.0), 1.0)
            low[k], high[k] = max(value[k] - HALF_WIDTH * now, 0.0), min(value[k] + HALF_WIDTH * now, 1.0)
        elif own == own:
            carried, sigma, since, passed = value[k], own, stamp[k], 0.0
