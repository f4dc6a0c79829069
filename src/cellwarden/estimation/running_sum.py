"""A sum from row to row that is the same to the last digit wherever the blocks end."""

from __future__ import annotations

import numpy as np

from cellwarden.core.sample_block import FloatArray

__all__ = ["running_sum"]


def running_sum(before: FloatArray | float, rows: FloatArray) -> FloatArray:
    """Sum of `before` (…) and all rows up to each one, (M, …)."""
    return np.cumsum(np.concatenate([np.broadcast_to(before, rows.shape[1:])[None], rows]), axis=0)[1:]
