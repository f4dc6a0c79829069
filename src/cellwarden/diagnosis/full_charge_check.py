"""What is held against the full charges: how far a loss was taken back since, and what was seen at the last one.

A loss that shrinks by more than it was said to be sure of is not as sure as it says: its sigma is taken as many times
larger as it shrank in sigmas (the normalised innovation, Bar-Shalom, Li and Kirubarajan, Estimation with Applications
to Tracking and Navigation, 2001, ch. 5.4), until it has stood through another swing. A loss that grows does so from the
prior, which holds none, to what the swings tell.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from cellwarden.core.sample_block import FloatArray

__all__ = ["FullChargeCheck", "follow_rises", "held_since_full", "initial_check"]

SEEN_HOURS = 24.0  # after a full charge, in which the readings on the knee tell how far the cells are apart


@dataclass(frozen=True, slots=True)
class FullChargeCheck:
    """Of the last full charge, (n_cells,): the figure, its sigma, and by how many sigmas it had risen before.

    `full_count` and `hours` since then are (1,).
    """

    figure: FloatArray
    sigma: FloatArray
    risen: FloatArray
    full_count: FloatArray
    hours: FloatArray


def initial_check(cells: int) -> FullChargeCheck:
    """Before anything was read."""
    return FullChargeCheck(np.full(cells, np.nan), np.ones(cells), np.zeros(cells), np.zeros(1), np.full(1, np.inf))


def _copied(state: FullChargeCheck) -> FullChargeCheck:
    return FullChargeCheck(
        state.figure.copy(), state.sigma.copy(), state.risen.copy(), state.full_count.copy(), state.hours.copy()
    )


def follow_rises(
    state: FullChargeCheck, figure: FloatArray, sigma: FloatArray, full_count: FloatArray
) -> tuple[FullChargeCheck, FloatArray]:
    """State after rows of a figure and its sigma (M, n_cells), and the factor ≥ 1 of the sigma along them.

    The figure is what is left: its rise is a loss that shrinks. Where it is NaN the factor is; `full_count` (M,) counts
    the full charges.
    """
    new, factor = _copied(state), np.empty(figure.shape)
    _rises(new.figure, new.sigma, new.risen, new.full_count, figure, sigma, full_count, factor)
    return new, factor


def held_since_full(
    state: FullChargeCheck, difference: FloatArray, full_count: FloatArray, elapsed_hours: FloatArray
) -> tuple[FullChargeCheck, FloatArray]:
    """State after rows of a difference (M, n_cells), and as much of it as was there at the last full charge.

    Between full charges only a leak or a bleed moves one cell against another; what a filter makes of the voltages of a
    long float is not seen anew by any of them.
    """
    new, held = _copied(state), np.empty(difference.shape)
    _holds(new.figure, new.full_count, new.hours, difference, full_count, elapsed_hours, held)
    return new, held


@njit(cache=True)
def _rises(
    before: FloatArray,
    before_sigma: FloatArray,
    risen: FloatArray,
    count: FloatArray,
    figure: FloatArray,
    sigma: FloatArray,
    full_count: FloatArray,
    factor: FloatArray,
) -> None:
    """Go through the rows; the state's arrays are moved on."""
    for m in range(figure.shape[0]):
        full = full_count[m] > count[0]
        count[0] = full_count[m]
        for j in range(figure.shape[1]):
            if np.isnan(figure[m, j]):
                factor[m, j] = np.nan
                continue
            if np.isnan(before[j]):
                before[j], before_sigma[j] = figure[m, j], sigma[m, j]
            now = (figure[m, j] - before[j]) / max(before_sigma[j], 1e-9)
            factor[m, j] = max(1.0, now, 0.0 if full else risen[j])
            if full:
                risen[j] = now
                before[j], before_sigma[j] = figure[m, j], sigma[m, j]


@njit(cache=True)
def _holds(
    seen: FloatArray,
    count: FloatArray,
    hours: FloatArray,
    difference: FloatArray,
    full_count: FloatArray,
    elapsed_hours: FloatArray,
    held: FloatArray,
) -> None:
    """Go through the rows; the state's arrays are moved on."""
    for m in range(difference.shape[0]):
        hours[0] = 0.0 if full_count[m] > count[0] else hours[0] + elapsed_hours[m]
        count[0] = full_count[m]
        for j in range(difference.shape[1]):
            now = difference[m, j]
            if hours[0] <= SEEN_HOURS and now == now:
                seen[j] = now
            held[m, j] = now
            if seen[j] == seen[j]:
                held[m, j] = min(max(now, min(seen[j], 0.0)), max(seen[j], 0.0))
