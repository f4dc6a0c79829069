"""Full and empty point of cells from their equilibrium voltage: at once for all, where a measured charge takes seconds.

Full is 3.65 V less the overvoltage at C/50, on the charge branch of the hysteresis; empty is 2.50 V plus that of C/20,
on the discharge branch. Both branches are steep there, so that the overvoltages, taken as a resistance, matter little:
a test compares with the points that the cells' own kernels measure.
"""

from __future__ import annotations

import numpy as np

from cellwarden.core.sample_block import FloatArray
from cellwarden.simulator.cell_arrays import CellArrays, Curves
from cellwarden.simulator.electrode import GRID_POINTS

__all__ = ["equilibrium_points"]

_FULL_VOLT, _EMPTY_VOLT = 3.65, 2.50
_FULL_C_RATE, _EMPTY_C_RATE = 1 / 50, 1 / 20
_OVERVOLTAGE_OHM_AH = 0.14  # polarisation over C-rate of these cells at small rates [V·h]
_HALVINGS = 50


def equilibrium_points(cells: CellArrays, curves: Curves) -> tuple[FloatArray, FloatArray]:
    """Lithium in graphite when full and when empty, (n_cells,) [Ah], at 25 °C."""
    full = _lithium_at(cells, curves, _FULL_VOLT - _FULL_C_RATE * _OVERVOLTAGE_OHM_AH, 1.0)
    empty = _lithium_at(cells, curves, _EMPTY_VOLT + _EMPTY_C_RATE * _OVERVOLTAGE_OHM_AH, -1.0)
    return full, empty


def _lithium_at(cells: CellArrays, curves: Curves, volt: float, branch: float) -> FloatArray:
    """Charge at which the equilibrium voltage is `volt`, by halving."""
    low, high = np.zeros_like(cells.total_lithium_ah), np.minimum(cells.total_lithium_ah, cells.negative_capacity_ah)
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        above = _equilibrium_volt(cells, curves, middle, branch) > volt
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    return 0.5 * (low + high)


def _equilibrium_volt(cells: CellArrays, curves: Curves, lithium_ah: FloatArray, branch: float) -> FloatArray:
    """Open-circuit voltage of each cell on one branch of the hysteresis (1: charge, −1: discharge)."""
    x = lithium_ah / cells.negative_capacity_ah
    y = (cells.total_lithium_ah - lithium_ah) / cells.positive_capacity_ah
    inside = np.clip(y, 1e-5, 1.0 - 1e-5)
    plateau, tilt, charged_volt, charged_end, lithiated_volt, lithiated_end = curves.lfp
    positive = (
        plateau
        - tilt * (inside - 0.5)
        + charged_volt * np.log1p(charged_end / inside)
        - lithiated_volt * np.log1p(lithiated_end / (1.0 - inside))
    )
    negative = np.interp(x, np.linspace(0.0, 1.0, GRID_POINTS), curves.graphite_volt)
    fade = np.minimum(1.0, np.maximum(y, 0.0) / 0.012) * np.minimum(1.0, np.maximum(1.0 - y, 0.0) / 0.03)
    volt: FloatArray = positive - negative + branch * cells.hysteresis_volt * fade
    return volt
