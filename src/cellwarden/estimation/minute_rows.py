"""Closing of a minute row, in Numba: the open minute's sums become means, and a new one opens."""

from __future__ import annotations

import numpy as np
from numba import njit

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation import minute_slots as at
from cellwarden.estimation.minute_slots import Carried, Output

__all__ = ["close_row"]


@njit(cache=True)
def close_row(state: Carried, out: Output, stamp: float, k: int) -> None:
    """Write the open minute into row k of the outputs and open an empty one."""
    pack, row = state.pack, out.row
    row[0, k] = stamp
    row[1, k] = pack[at.ELAPSED]
    row[2, k] = pack[at.SAMPLES]
    row[3, k] = pack[at.LONGEST_GAP]
    known = pack[at.CURRENT_COUNT] > 0.0
    row[4, k] = _mean(pack[at.CURRENT_SUM], pack[at.CURRENT_COUNT])
    row[5, k] = pack[at.CURRENT_MIN] if known else np.nan
    row[6, k] = pack[at.CURRENT_MAX] if known else np.nan
    row[7, k] = pack[at.LAST_CURRENT]
    for slot in range(5):
        row[8 + slot, k] = pack[at.CHARGE + slot]
    row[13, k] = _mean(pack[at.PACK_SUM], pack[at.PACK_COUNT])
    row[14, k] = _mean(pack[at.AMBIENT_SUM], pack[at.AMBIENT_COUNT])
    row[15, k] = _mean(pack[at.SWITCH_SUM], pack[at.SWITCH_COUNT])
    for slot in range(at.FROZEN_LONGEST, at.PEAKS_SHORT + 1):
        row[16 + slot - at.FROZEN_LONGEST, k] = pack[slot]
    pack[at.SAMPLES : at.PEAKS_SHORT + 1] = 0.0
    _close_cells(state.cell, out, k)
    _close_sensors(state.sensor, out, k)


@njit(cache=True)
def _mean(total: float, count: float) -> float:
    return total / count if count > 0.0 else np.nan


@njit(cache=True)
def _close_cells(cell: FloatArray, out: Output, k: int) -> None:
    row = out.row_cell
    for j in range(cell.shape[1]):
        known = cell[at.V_COUNT, j] > 0.0
        row[0, k, j] = _mean(cell[at.V_SUM, j], cell[at.V_COUNT, j])
        row[1, k, j] = cell[at.V_MIN, j] if known else np.nan
        row[2, k, j] = cell[at.V_MAX, j] if known else np.nan
        row[3, k, j] = cell[at.V_LAST, j] if known else np.nan
        row[4, k, j] = cell[at.ENERGY, j]
        row[5, k, j] = cell[at.BLEED, j]
        row[6, k, j] = _mean(cell[at.DUTY_SUM, j], cell[at.DUTY_TIME, j])
        row[7, k, j] = _mean(cell[at.IMPEDANCE_SUM, j], cell[at.IMPEDANCE_COUNT, j])
        row[8, k, j] = cell[at.DIPS, j]
        row[9, k, j] = cell[at.UNCHANGED, j]
        row[10, k, j] = cell[at.MISSING, j]
    cell[at.V_SUM : at.DIPS + 1] = 0.0


@njit(cache=True)
def _close_sensors(sensor: FloatArray, out: Output, k: int) -> None:
    row = out.row_sensor
    for j in range(sensor.shape[1]):
        row[0, k, j] = _mean(sensor[at.T_SUM, j], sensor[at.T_COUNT, j])
        row[1, k, j] = sensor[at.T_UNCHANGED, j]
        row[2, k, j] = sensor[at.T_MISSING, j]
    sensor[at.T_SUM : at.T_COUNT + 1] = 0.0
