"""What tells cells apart on the top knee: how far each reading stands from the middle one, stay by stay.

Cells of one pack come full at slightly different moments, by which their readings stand apart there by millivolts to
tens of them. Balancing narrows this slowly and in all cells alike. Two neighbours that have changed places from one
stay to the next, while all others kept theirs, have exchanged their wires.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numba import njit
from numpy.typing import NDArray

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.bare_kernel import bare_kernel
from cellwarden.estimation.middle_value import finite_middle

__all__ = ["Prints", "exchanged_by_print", "follow_prints", "no_prints", "prints_since"]

STAY_HOURS, LEAST_HOURS = 6.0, 0.15  # a longer stay is cut, a shorter one is none
KEPT = 5  # stays
LEAST_APART_VOLT, LEAST_SIGMA_VOLT, CLEAR_SIGMAS = 0.008, 0.001, 4.0
SIGMA_PER_DEVIATION = 1.4826
MIRRORED, STILL = 0.35, 0.35  # of what the pair stood apart: by how much it may fail to mirror, and others may move
NARROWED = (0.3, 2.0)  # all cells together, from one stay to the next
FEWEST_OTHERS = 2


@dataclass(frozen=True, slots=True)
class Prints:
    """The last stays and the open one.

    Attributes
    ----------
    kept : (≤ KEPT, n_cells) mean difference of each reading to the middle one [V]
    begin : (≤ KEPT,) first row of each [s]
    sums : (n_cells,) Σ difference · hours of the open stay; `hours` of it; `open_begin` its first row [s]
    """

    kept: FloatArray
    begin: FloatArray
    sums: FloatArray
    hours: float
    open_begin: float


def no_prints(cells: int) -> Prints:
    """Before anything was read."""
    return Prints(np.zeros((0, cells)), np.zeros(0), np.zeros(cells), 0.0, np.nan)


def prints_since(prints: Prints, second: float) -> Prints:
    """Without the stays that began before that time."""
    after = prints.begin >= second
    return replace(prints, kept=prints.kept[after], begin=prints.begin[after])


def follow_prints(
    state: Prints,
    stamp: FloatArray,
    hours: FloatArray,
    voltage: FloatArray,
    on_knee: NDArray[np.bool_],
) -> tuple[Prints, list[tuple[int, Prints]]]:
    """State after the rows, and (row, state) wherever a stay was closed.

    Parameters
    ----------
    stamp, hours : (M,) time [s] and length [h] of the rows
    voltage : (M, n_cells) [V]; `on_knee` (M,) whether the row counts
    """
    kept, begin = state.kept, state.begin
    sums, open_hours, open_begin = state.sums.copy(), state.hours, state.open_begin
    closed: list[tuple[int, Prints]] = []
    row = 0
    while row < len(stamp):
        ended, open_hours, open_begin = _stay(
            sums, open_hours, open_begin, stamp, hours, voltage, on_knee, row, np.empty_like(sums)
        )
        if ended < 0:
            break
        if open_hours >= LEAST_HOURS:
            kept = np.vstack([kept, sums / open_hours])[-KEPT:]
            begin = np.append(begin, open_begin)[-KEPT:]
            closed.append((ended, Prints(kept, begin, np.zeros_like(sums), 0.0, np.nan)))
        sums[:], open_hours, open_begin = 0.0, 0.0, np.nan
        row = ended + 1
    return Prints(kept, begin, sums, open_hours, open_begin), closed


@bare_kernel
def _all_known(voltage: FloatArray) -> bool:
    """Whether every cell (n_cells,) gave a reading."""
    known = 0
    for value in voltage:
        known += 1 if np.isfinite(value) else 0
    return known == len(voltage)


@bare_kernel
def _stay(
    sums: FloatArray,
    open_hours: float,
    open_begin: float,
    stamp: FloatArray,
    hours: FloatArray,
    voltage: FloatArray,
    on_knee: NDArray[np.bool_],
    begin: int,
    kept: FloatArray,
) -> tuple[int, float, float]:
    """Add rows from `begin` on; the row at which the stay ended (−1: none), its hours and its first stamp.

    `kept` (n_cells,) is scratch.
    """
    for row in range(begin, voltage.shape[0]):
        if on_knee[row] and _all_known(voltage[row]):
            if open_hours == 0.0:
                open_begin = stamp[row]
            open_hours += hours[row]
            middle = finite_middle(voltage[row], kept)
            for j in range(sums.shape[0]):
                sums[j] += hours[row] * (voltage[row, j] - middle)
        if open_hours > 0.0 and (not on_knee[row] or open_hours >= STAY_HOURS):
            return row, open_hours, open_begin
    return -1, open_hours, open_begin


def exchanged_by_print(prints: Prints) -> FloatArray:
    """(pairs,) by how much two neighbours stood apart that changed places before the last stay [V], else 0.

    The last stay is held against that of the earlier ones that is the most like it in all other cells; where more than
    one pair would fit, none is named.
    """
    kept = prints.kept
    found = np.zeros(max(kept.shape[1] - 1, 0))
    if kept.shape[1] < 2 + FEWEST_OTHERS or len(kept) < 2:
        return found
    _hold_against(kept[:-1], kept[-1], found)
    return found if np.count_nonzero(found) == 1 else np.zeros_like(found)


@njit(cache=True)
def _hold_against(early: FloatArray, after: FloatArray, found: FloatArray) -> None:
    """Write into `found` (pairs,) what `exchanged_by_print` tells, of earlier prints (K, n_cells) and the last."""
    for pair in range(found.shape[0]):
        least = np.inf
        for print_ in early:
            scatter, exchanged = _fit(print_, after, pair)
            if scatter < least:
                least = scatter
                found[pair] = print_[pair] - print_[pair + 1] if exchanged else 0.0


@njit(cache=True)
def _fit(early: FloatArray, after: FloatArray, pair: int) -> tuple[float, bool]:
    """Hold a later print against an early one with the pair exchanged, all differences narrowed alike.

    How far the other cells of the two scatter, over their size, and whether the pair has changed places.
    """
    wide = abs(early[pair] - early[pair + 1])
    if abs(after[pair] - after[pair + 1]) > NARROWED[1] * wide:
        return np.inf, False
    # the knee is not straight: a cell far out would set the scale alone
    swapped = np.minimum(np.maximum(early, -wide), wide)
    swapped[pair], swapped[pair + 1] = swapped[pair + 1], swapped[pair]
    seen = np.minimum(np.maximum(after, -wide), wide)
    scale = (swapped * swapped).sum()
    narrowed = (seen * swapped).sum() / scale if scale > 0.0 else 0.0
    if not NARROWED[0] <= narrowed <= NARROWED[1]:
        return np.inf, False
    miss = np.abs(seen - narrowed * swapped)
    others = np.concatenate((miss[:pair], miss[pair + 2 :]))
    apart = narrowed * abs(swapped[pair] - swapped[pair + 1])
    sigma = max(SIGMA_PER_DEVIATION * np.median(others), LEAST_SIGMA_VOLT)
    exchanged = (
        apart >= max(LEAST_APART_VOLT, CLEAR_SIGMAS * sigma)
        and max(miss[pair], miss[pair + 1]) <= MIRRORED * apart
        and others.max() <= STILL * max(apart, np.abs(swapped).max())
    )
    return sigma / narrowed, exchanged
