"""Standard deviations of errors that have nothing to do with one another."""

from __future__ import annotations

import numpy as np

from cellwarden.core.sample_block import FloatArray

__all__ = ["joint_sigma"]


def joint_sigma(one: FloatArray, other: FloatArray) -> FloatArray:
    """Root of the sum of squares, shapes as they broadcast.

    `np.hypot` also guards against squares that overflow, which no error of a cell's does, and takes many times as long.
    """
    return np.asarray(np.sqrt(one * one + other * other))
