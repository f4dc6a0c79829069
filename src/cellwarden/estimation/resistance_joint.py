"""Whether what changed is a joint's or the cell's, in Numba."""

from __future__ import annotations

import numpy as np

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation import resistance_kernel as kernel
from cellwarden.estimation.bare_kernel import bare_kernel

__all__ = ["NAMING_EDGES", "NAMING_SHARE", "name_joints"]

NAMING_SHARE = 0.65  # of either against both: to name it in the other's place
NAMING_EDGES = 8.0  # within ten steps of a change one of the two is to be told, and to see it takes some of them


@bare_kernel
def name_joints(
    log_weight: FloatArray, edge_count: FloatArray, edges_since_change: FloatArray, taken_for_joint: FloatArray
) -> None:
    """Take for a joint's what is likelier one; later only what is clearly so: chances near a bound would flap.

    Parameters
    ----------
    log_weight : (n_cells, HYPOTHESES) logarithms of the hypotheses' weights
    edge_count, edges_since_change : (n_cells,) see `ResistanceState`
    taken_for_joint : (n_cells,) 1 where it is taken for a joint's, else 0; changed in place
    """
    for j in range(log_weight.shape[0]):
        share = 1.0 / (1.0 + np.exp(kernel.aged_log_odds(log_weight[j])))
        bound = 0.5
        if min(edge_count[j], edges_since_change[j]) > NAMING_EDGES:
            bound = 1.0 - NAMING_SHARE if taken_for_joint[j] > 0.0 else NAMING_SHARE
        taken_for_joint[j] = 1.0 if share > bound else 0.0
