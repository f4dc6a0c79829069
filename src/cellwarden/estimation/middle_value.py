"""The median of the cells, for the many short arrays of a pack."""

from __future__ import annotations

import numpy as np
from numba import njit

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.bare_kernel import bare_kernel

__all__ = ["finite_middle", "known_middle_value", "known_middle_values", "middle_value", "middle_values"]


def middle_value(values: FloatArray) -> float:
    """Median of a one-dimensional array (N,), N ≥ 1; NaN where a value is.

    Gives what `np.median` gives, whose preparations cost more than sorting some dozens of cells.
    """
    ordered = np.sort(values)
    last = float(ordered[-1])
    if last != last:  # NaN is sorted to the end
        return last
    half = ordered.shape[0] // 2
    upper = float(ordered[half])
    return upper if ordered.shape[0] % 2 else 0.5 * (float(ordered[half - 1]) + upper)


def middle_values(values: FloatArray) -> FloatArray:
    """`middle_value` of each row (R,) of values (R, N), N ≥ 1."""
    ordered = np.sort(values, axis=1)
    half = ordered.shape[1] // 2
    upper = ordered[:, half]
    middle = upper if ordered.shape[1] % 2 else 0.5 * (ordered[:, half - 1] + upper)
    return np.where(np.isnan(ordered[:, -1]), np.nan, middle)


@njit(cache=True)
def known_middle_values(values: FloatArray) -> FloatArray:
    """Median of what is known of each row (R,) of values (R, N), NaN where nothing is."""
    middle, kept = np.empty(values.shape[0]), np.empty(values.shape[1])
    for row in range(values.shape[0]):
        middle[row] = finite_middle(values[row], kept)
    return middle


def known_middle_value(values: FloatArray) -> float:
    """Median of what is known of values (N,), NaN where nothing is."""
    return float(known_middle_values(values[None])[0])


@bare_kernel
def finite_middle(values: FloatArray, kept: FloatArray) -> float:
    """Median of what is finite of values (N,), NaN where nothing is; `kept` (≥ N,) is scratch."""
    count, most = 0, values.shape[0] // 2 + 1
    for value in values:  # insertion sort of the lower half, without branches that noise would make guesses
        if not np.isfinite(value):
            continue
        higher = value
        for place in range(min(count, most)):
            lower = kept[place]
            kept[place], higher = min(lower, higher), max(lower, higher)
        if count < most:
            kept[count] = higher
        count += 1
    return 0.5 * (kept[(count - 1) // 2] + kept[count // 2]) if count > 0 else np.nan
