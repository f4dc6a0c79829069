"""When a cell's leak counts as tested: its interval is narrow enough to show one that calls for action at once."""

from __future__ import annotations

from typing import overload

import numpy as np
from numpy.typing import NDArray

from cellwarden.core.sample_block import FloatArray

__all__ = ["PRESSING_PER_HOUR", "is_leak_told"]

PRESSING_PER_HOUR = 3e-4  # of the capacity: a leak that calls for action at once, 30 mA at 100 Ah


@overload
def is_leak_told(low_ampere: float, high_ampere: float, nominal_capacity_ah: float) -> bool: ...


@overload
def is_leak_told(low_ampere: FloatArray, high_ampere: FloatArray, nominal_capacity_ah: float) -> NDArray[np.bool_]: ...


def is_leak_told(
    low_ampere: float | FloatArray, high_ampere: float | FloatArray, nominal_capacity_ah: float
) -> bool | NDArray[np.bool_]:
    """Whether 95 % intervals [A], one or an array, reach less than a pressing leak to either side of their middle."""
    return 0.5 * (high_ampere - low_ampere) < PRESSING_PER_HOUR * nominal_capacity_ah
