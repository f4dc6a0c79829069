"""What was bled from the central cell: of the cells in the middle by voltage, of which some are bled at a time."""

from __future__ import annotations

import numpy as np

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.bare_kernel import bare_kernel, counted_kernel
from cellwarden.estimation.middle_value import finite_middle

__all__ = ["bleeds", "central_bleed"]


@counted_kernel
def central_bleed(bleed_ah: FloatArray, voltage: FloatArray) -> float:
    """Charge bled from the central cell: mean of the middle half by voltage [Ah].

    Bleeds come and go within minutes, cell by cell: the median of a minute is nearly always all or nothing.
    """
    order = np.argsort(voltage)  # what is not known comes last
    known = order[: np.isfinite(voltage).sum()]
    if known.shape[0] == 0:
        return finite_middle(bleed_ah, np.empty(bleed_ah.shape[0]))
    aside = known.shape[0] // 4
    return float(np.mean(bleed_ah[known[aside : known.shape[0] - aside]]))


@bare_kernel
def bleeds(bleed_ah: FloatArray) -> bool:
    """Whether any cell was bled, or may have been."""
    bled = 0
    for value in bleed_ah:
        bled += value != 0.0
    return bled > 0
