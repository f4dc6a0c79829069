"""Compilation of kernels that run for every sample.

Numba counts references to arrays at every assignment, also where nothing is ever freed; in short loops that costs more
than the work. A bare kernel counts none: it takes arrays and allocates none. Division by zero gives inf, as in NumPy.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from numba import njit

__all__ = ["bare_kernel", "bare_sum_kernel"]

F = TypeVar("F", bound=Callable[..., Any])

_BARE: dict[str, Any] = {"cache": True, "error_model": "numpy", "_nrt": False}


def bare_kernel(function: F) -> F:
    """Compile a function that takes arrays and allocates none."""
    compiled: F = njit(**_BARE)(function)
    return compiled


def bare_sum_kernel(function: F) -> F:
    """The same, and sums over cells may be taken in any order, the same order at every call."""
    compiled: F = njit(**_BARE, fastmath={"reassoc", "nsz"})(function)
    return compiled
