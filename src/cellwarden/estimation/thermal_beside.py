"""Paths of the groups beside one another, in a pack whose log has no ambient.

Each group tells an ambient that would explain its readings at the usual time constant. The middle one of them stands
for the air that all share, and against it a second filter of each group learns the path and the sensor's offset: a
worse path warms with the group's heat and lags the day, an offset is there without either. What all groups have in
common is lost to the middle, so paths are told over the middle path, and three groups at least are needed.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation import thermal_kernel as kernel
from cellwarden.estimation.plugin import PackContext
from cellwarden.estimation.thermal_filters import ThermalFilters, ThermalInputs, run_filters
from cellwarden.estimation.thermal_node import HAS_AMBIENT

__all__ = ["follow_beside", "over_the_middle", "stands_beside"]

LEAST_GROUPS = 3


def stands_beside(context: PackContext) -> bool:
    """Whether a pack without an ambient has groups enough to tell one from the others."""
    named = sum(bool(cells) for cells in context.sensor_cells)
    return not context.has_ambient and context.has_current and named >= LEAST_GROUPS


def follow_beside(
    filters: ThermalFilters, given: ThermalInputs, prior_p: FloatArray, told: FloatArray, context: PackContext
) -> FloatArray:
    """Advance the second filters, in place; returns the kernel's outputs (M, S, OUTPUTS).

    Parameters
    ----------
    filters : of each group, their paths free
    given : what the first filters ran on
    prior_p : (n, n) the second filters' prior
    told : (M, S, OUTPUTS) of the first filters
    context : which sensors touch known cells
    """
    parameters = given.parameters.copy()
    parameters[HAS_AMBIENT] = 1.0
    named = np.array([bool(cells) for cells in context.sensor_cells], dtype=bool)
    seen = np.isfinite(given.reading) & named
    ambient = _middle(np.where(seen, told[:, :, kernel.OUT_AMBIENT], np.nan))
    return run_filters(filters, replace(given, parameters=parameters, prior_p=prior_p), ambient)


def over_the_middle(path_log: FloatArray, named: FloatArray) -> FloatArray:
    """(M, S) logarithm of each path over the middle one, of two the lower; `named` (S,) is NaN where no path is."""
    known = np.sort(path_log + named, axis=1)
    count = int(np.isfinite(named).sum())
    middle: FloatArray = path_log - known[:, [(count - 1) // 2]]
    return middle


def _middle(ambient: FloatArray) -> FloatArray:
    """(M,) middle one of each row's finite values, NaN where fewer than three are: two cannot outvote the third."""
    known = np.sort(ambient, axis=1)
    count = np.isfinite(known).sum(axis=1)
    last = np.maximum(count - 1, 0)
    rows = np.arange(len(known))
    middle: FloatArray = 0.5 * (known[rows, last // 2] + known[rows, (last + 1) // 2])
    return np.where(count >= LEAST_GROUPS, middle, np.nan)
