"""Whether what changed is a joint's or the cell's, in Numba."""

from __future__ import annotations

import numpy as np

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation import resistance_kernel as kernel
from cellwarden.estimation.bare_kernel import bare_kernel

__all__ = ["name_joints"]

LIKELY_SHARE, HOLDING_SHARE = 0.7, 0.5  # of joint against joint or aged cell: to name it, and to go on naming it


@bare_kernel
def name_joints(log_weight: FloatArray, taken_for_joint: FloatArray) -> None:
    """Take for a joint's what is clearly likelier one, until the cell is: chances near a bound would flap.

    Parameters
    ----------
    log_weight : (n_cells, HYPOTHESES) logarithms of the hypotheses' weights
    taken_for_joint : (n_cells,) 1 where it is taken for a joint's, else 0; changed in place
    """
    for j in range(log_weight.shape[0]):
        share = 1.0 / (1.0 + np.exp(log_weight[j, kernel.AGED_CELL] - log_weight[j, kernel.BAD_JOINT]))
        named = share > (HOLDING_SHARE if taken_for_joint[j] > 0.0 else LIKELY_SHARE)
        taken_for_joint[j] = 1.0 if named else 0.0
