"""Compilation of kernels that run for every sample.

Numba counts references to arrays at every assignment, also where nothing is ever freed; in short loops that costs more
than the work. A bare kernel counts none: it takes arrays and allocates none. Division by zero gives inf, as in NumPy.
What a bare kernel calls is compiled bare too; a counted kernel may allocate wherever it is called, and gives no array
back to a bare one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from numba import njit

__all__ = ["bare_kernel", "bare_sum_kernel", "counted_kernel"]

F = TypeVar("F", bound=Callable[..., Any])

_BARE: dict[str, Any] = {"cache": True, "error_model": "numpy", "_nrt": False}
_COUNTED: dict[str, Any] = {"cache": True, "_nrt": True}


def bare_kernel(function: F) -> F:
    """Compile a function that takes arrays and allocates none."""
    compiled: F = njit(**_BARE)(function)
    return compiled


def bare_sum_kernel(function: F) -> F:
    """The same, and sums over cells may be taken in any order, the same order at every call."""
    compiled: F = njit(**_BARE, fastmath={"reassoc", "nsz"})(function)
    return compiled


def counted_kernel(function: F) -> F:
    """Compile a function that allocates, also where a bare kernel calls it."""
    compiled: F = njit(**_COUNTED)(function)
    return compiled
