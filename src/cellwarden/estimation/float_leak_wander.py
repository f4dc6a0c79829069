"""What a cell's distance from the median gains at rest besides its leak and the bleeds, in Numba."""

from __future__ import annotations

import numpy as np

from cellwarden.estimation.bare_kernel import bare_kernel

__all__ = ["mean_median", "wander_variance"]

WANDER_VOLT = 0.00004  # in an hour
STEADY_VOLT = 0.001  # a median that moves less stands still
LEVEL_HOURS = 12.0  # over which a median that climbs slowly is told from one that stands still
LEVELLING_SHARE = 0.2  # of how far it is from its mean over these hours: slopes change with it, and distances with them
RELAXING_VOLT, RELAXING_HOURS = 0.004, 4.0
CYCLE_VOLT, LONGEST_HOURS = 0.002, 0.75  # a discharge and recharge leave the distances as they were but for so much


@bare_kernel
def mean_median(mean_volt: float, median_volt: float, hours: float) -> float:
    """Mean of the medians over the last hours of rest [V], begun anew (NaN: for the first time) after a cycle.

    Parameters
    ----------
    mean_volt : before this slot
    median_volt : of this slot
    hours : since the slot before
    """
    if not (hours < LONGEST_HOURS and mean_volt == mean_volt):
        return median_volt
    return float(mean_volt + (1.0 - np.exp(-hours / LEVEL_HOURS)) * (median_volt - mean_volt))


@bare_kernel
def wander_variance(hours: float, rest_hours: float, moved_volt: float, climbed_volt: float) -> float:
    """Variance that a distance gains: slow errors, relaxation, a cycle in between, a median that moved [V²].

    Parameters
    ----------
    hours : since the slot before
    rest_hours : since a current flowed
    moved_volt : the median since the slot before
    climbed_volt : the median since the last hours of rest; while a string that was bled is filled up, each distance
        changes with the slope on which the median stands (one that sinks may do so by the leak itself)
    """
    relaxing = RELAXING_VOLT * np.exp(-rest_hours / RELAXING_HOURS)
    between = CYCLE_VOLT if hours > LONGEST_HOURS else 0.0
    jump = max(abs(moved_volt) - STEADY_VOLT, 0.0)
    levelling = LEVELLING_SHARE * max(climbed_volt - STEADY_VOLT, 0.0)
    return float(WANDER_VOLT**2 * hours + relaxing**2 * min(hours, 1.0) + between**2 + (0.5 * jump) ** 2 + levelling**2)
