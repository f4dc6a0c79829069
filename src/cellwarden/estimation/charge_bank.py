"""The filters of the charge cascade's bank: every curve of the family, and those that learn once more for aged cells.

A curve that is learnt from a log bends to the capacity by which it is read: what is learnt at the wrong places fits
them. So new cells and aged ones are two hypotheses, each with its own filter, and the log weighs them (multiple-model
estimation; Magill, IEEE Trans. Automatic Control 10 (1965) 434).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cellwarden.core.sample_block import FloatArray
from cellwarden.models.cell_model import CellModel, OcvCurve

__all__ = ["BankFilter", "bank_filters", "curve_indices"]

# of the share of aged packs, on top of what the filters of new cells hold, whose prior has both: from the coverage over
# 156 simulated packs, half of them of aged cells, and from what it costs the intervals of packs of new ones
OWN_SHARE = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class BankFilter:
    """One filter: its curve and that curve's index in the family, its cells, their share, and its sibling's index.

    `sibling` is the filter of the same curve and other cells, -1 where there is none.
    """

    curve: OcvCurve
    index: int
    aged: bool
    share: float
    sibling: int

    def capacity_prior(self, model: CellModel) -> tuple[float, float]:
        """Bias of the capacity against the nominal one, as a fraction, and its sigma."""
        if self.aged:
            return model.aged_capacity_bias_fraction, model.aged_capacity_sigma_fraction
        return model.capacity_bias_fraction, model.capacity_sigma_fraction


def bank_filters(model: CellModel) -> tuple[BankFilter, ...]:
    """All filters; the first ones are those of the family in its order."""
    aged, family = OWN_SHARE * model.aged_share_fraction, model.ocv_curves
    twice = [k for k, curve in enumerate(family) if len(curve.modes_volt) > 0 and aged > 0.0]
    first = tuple(
        BankFilter(
            curve=curve,
            index=k,
            aged=False,
            share=1.0 - aged if twice else 1.0,
            sibling=len(family) + twice.index(k) if k in twice else -1,
        )
        for k, curve in enumerate(family)
    )
    return first + tuple(BankFilter(curve=family[k], index=k, aged=True, share=aged, sibling=k) for k in twice)


def curve_indices(bank: tuple[BankFilter, ...], filters: FloatArray) -> FloatArray:
    """Index in the family of the curve of each of the filters (M,), both as floats."""
    indices: FloatArray = np.array([one.index for one in bank], dtype=np.float64)[filters.astype(np.intp)]
    return indices
