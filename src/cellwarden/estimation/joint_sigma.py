"""Standard deviations of errors that have nothing to do with one another."""

from __future__ import annotations

import numpy as np

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.bare_kernel import bare_kernel

__all__ = ["joint_sigma"]


def joint_sigma(one: FloatArray, other: FloatArray) -> FloatArray:
    """Root of the sum of squares, shapes as they broadcast.

    `np.hypot` also guards against squares that overflow, which no error of a cell's does, and takes many times as long.
    In one go no square has to be stored: tracks are larger than the cache.
    """
    first, second = np.broadcast_arrays(one, other)
    joint = np.empty(first.shape)
    _join(first.ravel(), second.ravel(), joint.reshape(-1))
    return joint


@bare_kernel
def _join(one: FloatArray, other: FloatArray, joint: FloatArray) -> None:
    """Write what `joint_sigma` says into `joint`, all (N,)."""
    for k in range(joint.shape[0]):
        joint[k] = np.sqrt(one[k] * one[k] + other[k] * other[k])
