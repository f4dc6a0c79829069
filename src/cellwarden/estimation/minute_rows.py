"""Closing of a minute row, in Numba: the open minute's sums become means, and a new one opens."""

from __future__ import annotations

import numpy as np

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation import minute_slots as at
from cellwarden.estimation.bare_kernel import bare_kernel
from cellwarden.estimation.minute_slots import Carried, Output

__all__ = ["close_row", "open_minute"]


@bare_kernel
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
    for group in range(state.cell.shape[0]):
        _close_cells(state.cell[group], out.row_cell[:, k], group * at.LANES)
    _close_sensors(state.sensor, out, k)


@bare_kernel
def _mean(total: float, count: float) -> float:
    return total / count if count > 0.0 else np.nan


@bare_kernel
def _close_cells(cell: FloatArray, row: FloatArray, first: int) -> None:
    """Write the cells of one group, the first of which has that number, into a row (slots, n_cells)."""
    lanes = at.LANES
    for k in range(min(lanes, row.shape[1] - first)):
        j = first + k
        known = cell[at.V_COUNT * lanes + k] > 0.0
        row[0, j] = _mean(cell[at.V_SUM * lanes + k], cell[at.V_COUNT * lanes + k])
        row[1, j] = cell[at.V_MIN * lanes + k] if known else np.nan
        row[2, j] = cell[at.V_MAX * lanes + k] if known else np.nan
        row[3, j] = cell[at.V_LAST * lanes + k] if known else np.nan
        row[4, j] = cell[at.ENERGY * lanes + k]
        row[5, j] = cell[at.BLEED * lanes + k]
        row[6, j] = _mean(cell[at.DUTY_SUM * lanes + k], cell[at.DUTY_TIME * lanes + k])
        row[7, j] = _mean(cell[at.IMPEDANCE_SUM * lanes + k], cell[at.IMPEDANCE_COUNT * lanes + k])
        row[8, j] = cell[at.DIPS * lanes + k]
        row[9, j] = cell[at.UNCHANGED * lanes + k]
        row[10, j] = cell[at.MISSING * lanes + k]
    open_minute(cell)


@bare_kernel
def open_minute(cell: FloatArray) -> None:
    """Empty the open minute of one group of cells."""
    lanes = at.LANES
    cell[at.V_SUM * lanes : (at.DIPS + 1) * lanes] = 0.0
    cell[at.V_MIN * lanes : (at.V_MIN + 1) * lanes] = np.inf
    cell[at.V_MAX * lanes : (at.V_MAX + 1) * lanes] = -np.inf


@bare_kernel
def _close_sensors(sensor: FloatArray, out: Output, k: int) -> None:
    row = out.row_sensor
    for j in range(sensor.shape[1]):
        row[0, k, j] = _mean(sensor[at.T_SUM, j], sensor[at.T_COUNT, j])
        row[1, k, j] = sensor[at.T_UNCHANGED, j]
        row[2, k, j] = sensor[at.T_MISSING, j]
    sensor[at.T_SUM : at.T_COUNT + 1] = 0.0
