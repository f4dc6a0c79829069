"""Reference measurements on single simulated cells: full and empty point, capacity, 10 s resistance.

Each cell is taken alone at 25 °C, without leak, bleed or short: what a laboratory would call its truth.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from cellwarden.core.sample_block import FloatArray
from cellwarden.simulator.cell_arrays import CellArrays, CellState, Curves, new_cell_state
from cellwarden.simulator.cell_kernel import SCRATCH_COLUMNS, advance_cell, cell_voltage, prepare_cells

__all__ = ["CellPoints", "find_points", "measure_resistance_ohm"]

_FULL_VOLT, _EMPTY_VOLT = 3.65, 2.50
_CHARGE_C_RATE, _FULL_C_RATE, _EMPTY_C_RATE, _PULSE_C_RATE = 0.3, 1 / 50, 1 / 20, 0.5
_REST_SECOND, _PULSE_SECOND = 7200, 10


class CellPoints(NamedTuple):
    """Lithium in graphite [Ah] of every cell, (n_cells,), at its full and its empty point."""

    full_ah: FloatArray
    empty_ah: FloatArray

    @property
    def capacity_ah(self) -> FloatArray:
        """Ah from full to empty, (n_cells,)."""
        return self.full_ah - self.empty_ah


@njit(cache=True)
def _hold(
    cells: CellArrays, curves: Curves, state: CellState, scratch: FloatArray, k: int, seconds: int, ampere: float
) -> float:
    """Voltage after that time at a constant current."""
    volt = 0.0
    for _ in range(seconds):
        prepare_cells(cells, curves, state, k, k + 1, 1.0, scratch)
        volt = cell_voltage(curves.graphite_volt, curves.lfp, scratch, k, ampere)[0]
        advance_cell(cells, curves, state, k, 1.0, ampere)
    return volt


@njit(cache=True)
def _charge_fully(
    cells: CellArrays, curves: Curves, state: CellState, scratch: FloatArray, k: int, nominal_ah: float
) -> None:
    """Constant current to 3.65 V, then that voltage until the current has fallen to C/50."""
    limit, ampere = _CHARGE_C_RATE * nominal_ah, _CHARGE_C_RATE * nominal_ah
    for _ in range(40_000):
        prepare_cells(cells, curves, state, k, k + 1, 1.0, scratch)
        low, high = 0.0, limit
        if cell_voltage(curves.graphite_volt, curves.lfp, scratch, k, limit)[0] <= _FULL_VOLT:
            low = limit
        ampere = min(ampere, limit)
        while high - low > 1e-6 * nominal_ah:
            volt, slope = cell_voltage(curves.graphite_volt, curves.lfp, scratch, k, ampere)
            if volt > _FULL_VOLT:
                high = ampere
            else:
                low = ampere
            following = ampere - (volt - _FULL_VOLT) / slope
            if abs(following - ampere) < 1e-6 * nominal_ah:
                break
            ampere = following if low < following < high else 0.5 * (low + high)
        if low >= limit:
            ampere = limit
        advance_cell(cells, curves, state, k, 1.0, ampere)
        if ampere <= _FULL_C_RATE * nominal_ah:
            return


@njit(cache=True)
def _measure_points(
    cells: CellArrays, curves: Curves, state: CellState, nominal_ah: float, full_ah: FloatArray, empty_ah: FloatArray
) -> None:
    """Fill both points for every cell; `state` starts most of the way up."""
    scratch = np.zeros((full_ah.shape[0], SCRATCH_COLUMNS))
    ampere = -_EMPTY_C_RATE * nominal_ah
    for k in range(full_ah.shape[0]):
        _charge_fully(cells, curves, state, scratch, k, nominal_ah)
        full_ah[k] = state.negative_lithium_ah[k]
        for _ in range(200_000):
            prepare_cells(cells, curves, state, k, k + 1, 1.0, scratch)
            if cell_voltage(curves.graphite_volt, curves.lfp, scratch, k, ampere)[0] < _EMPTY_VOLT:
                break
            advance_cell(cells, curves, state, k, 1.0, ampere)
        empty_ah[k] = state.negative_lithium_ah[k]


@njit(cache=True)
def _measure_resistance(
    cells: CellArrays, curves: Curves, state: CellState, nominal_ah: float, capacity_ah: FloatArray, out: FloatArray
) -> None:
    """Fill the 10 s resistance of every cell; `state` is full."""
    scratch = np.zeros((out.shape[0], SCRATCH_COLUMNS))
    draw = -0.2 * nominal_ah
    for k in range(out.shape[0]):
        _hold(cells, curves, state, scratch, k, round(0.5 * capacity_ah[k] / 0.2 / nominal_ah * 3600), draw)
        before = _hold(cells, curves, state, scratch, k, _REST_SECOND, 0.0)
        after = _hold(cells, curves, state, scratch, k, _PULSE_SECOND, -_PULSE_C_RATE * nominal_ah)
        out[k] = (before - after) / (_PULSE_C_RATE * nominal_ah) + cells.joint_ohm[k]


def find_points(cells: CellArrays, curves: Curves, nominal_ah: float) -> CellPoints:
    """Full (3.65 V held to C/50) and empty point (2.50 V at C/20) of every cell at 25 °C."""
    count = cells.total_lithium_ah.shape[0]
    state = new_cell_state(cells, curves, 0.9 * cells.total_lithium_ah, 25.0)
    full, empty = np.zeros(count), np.zeros(count)
    _measure_points(cells, curves, state, nominal_ah, full, empty)
    return CellPoints(full, empty)


def measure_resistance_ohm(cells: CellArrays, curves: Curves, nominal_ah: float, points: CellPoints) -> FloatArray:
    """Drop of a 0.5C discharge after 10 s over its current, (n_cells,) [ohm].

    At 25 °C with half of the capacity drawn from full at 0.2C and 2 h of rest; the healthy joint is in it, an extra
    joint resistance is not.
    """
    state = new_cell_state(cells, curves, points.full_ah, 25.0)
    out = np.zeros(points.full_ah.shape[0])
    _measure_resistance(cells, curves, state, nominal_ah, points.capacity_ah, out)
    return out
