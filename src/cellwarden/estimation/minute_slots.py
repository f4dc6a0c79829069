"""Names of the rows in the minute reduction's state and outputs, and the tuples in which its kernels pass them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cellwarden.core.sample_block import FloatArray

# slots of the pack's state; those from SAMPLES to PEAKS_SHORT are of the open minute
LAST_TIME, LAST_CURRENT, LAST_CURRENT_TIME, OPEN_STAMP, STARTED = range(5)
SAMPLES, ELAPSED, LONGEST_GAP, CURRENT_SUM, CURRENT_COUNT, CURRENT_MIN, CURRENT_MAX = range(5, 12)
CHARGE, CHARGE_IN, CHARGE_OUT, ENERGY_IN, ENERGY_OUT = range(12, 17)
PACK_SUM, PACK_COUNT, AMBIENT_SUM, AMBIENT_COUNT, SWITCH_SUM, SWITCH_COUNT = range(17, 23)
FROZEN_LONGEST, REPEATS, SQUARE, THIN_CHARGE_2, THIN_CHARGE_4, THIN_HEAT_2, THIN_HEAT_4 = range(23, 30)
PEAKS, PEAKS_SHORT = range(30, 32)
SEGMENT_CURRENT, SEGMENT_COUNT, SEGMENT_BEGIN = range(32, 35)
EDGE_PHASE, EDGE_EARLY, EDGE_LATE, EDGE_BEFORE, EDGE_AFTER_SUM, EDGE_COUNT, EDGE_STEADY, EDGE_ELAPSED = range(35, 43)
EDGE_SPREAD, EDGE_LAST_TIME, PENDING = range(43, 46)
FROZEN_RUN, CALM_LEVEL, CALM_COUNT, EARLIER_CURRENT = range(46, 50)
GROUP_COUNT, GROUP_INTERVAL, GROUP_CURRENT = 50, 51, 52  # four currents from GROUP_CURRENT on
CALM_MEAN, EDGE_AWAITED, EDGE_WINDOW = 56, 57, 58
PACK_SLOTS = 59

# Cells go in groups of LANES. A group's state is one flat array of CELL_SLOTS × LANES: what lies at a known distance in
# one array needs no proof that it does not overlap, so the compiler takes the cells of a group in step (SIMD).
LANES = 16

# slots of a group's state (slot × LANES + place of the cell); those from V_SUM to DIPS are of the open minute
V_SUM, V_COUNT, V_MIN, V_MAX, ENERGY, BLEED, DUTY_SUM, DUTY_TIME, IMPEDANCE_SUM, IMPEDANCE_COUNT, DIPS = range(11)
V_NOW, DUTY_NOW, V_LAST, UNCHANGED, MISSING, STEADY_V, EDGE_V_BEFORE, EDGE_V_SUM = range(11, 19)
DIP_BASE, DIP_VARIANCE, DIP_SLOW, DIP_SECOND, DIP_MEAN, DIP_DEPTH = range(19, 25)
CELL_SLOTS = 25

# slots of a temperature sensor's state
T_LAST, T_SUM, T_COUNT, T_UNCHANGED, T_MISSING = range(5)
SENSOR_SLOTS = 5

# rows of the outputs
ROW_SLOTS, ROW_CELL_SLOTS, ROW_SENSOR_SLOTS = 25, 11, 3
E_TIME, E_ROW, E_ELAPSED, E_TOLERANCE, E_BEFORE, E_AFTER, E_STEADY = range(7)
EDGE_SLOTS = 7
PENDING_EDGES = 8

# parameters
MIN_STEP, STEADY_BAND, BLEED_AMPERE, BRIDGED, DIP_THRESHOLD = range(5)
PARAMETERS = 5

# columns of the plan (PLAN_ROWS, PLAN_SLOTS), by which the pack's pass tells the cells' pass: counted time since the
# sample before [s], that time where readings should have moved, charge since then [Ah], mean cell voltage [V],
# n/(n − 1) of the cells that gave one, weights in the steady voltage and in the dips' level, place and readings of an
# edge to store; two for the pack's pass itself: cells that gave a reading, cells in which it changed; mean cell voltage
# before the current stepped [V]
INTERVAL, MOVED, CHARGE_STEP, MEAN, SCALE, SHARE, DIP_SHARE, STORE_AT, STORE_COUNT, FINITE, CHANGED = range(11)
MEAN_BEFORE = 11
PLAN_SLOTS = 12
PLAN_ROWS = 256  # samples that are planned at a time, at most a minute of them

# what a sample asks of every cell, as bits beside the plan
FOLLOW_STEADY, RESTART_STEADY, ADD_TO_EDGE, OPEN_EDGE, OPEN_INSIDE, STORE_EDGE, RESTART_DIPS, TRUST_DIPS, ANSWERED = (
    1 << bit for bit in range(9)
)


class Samples(NamedTuple):
    """A sample block's arrays, empty where the log has none; `level` is the current, else the median cell [A or V]."""

    time: FloatArray
    current: FloatArray
    level: FloatArray
    pack_voltage: FloatArray
    voltage: FloatArray
    temperature: FloatArray
    ambient: FloatArray
    duty: FloatArray
    active: FloatArray
    impedance: FloatArray
    switch: FloatArray


class Carried(NamedTuple):
    """State that goes from block to block: (slots,), (groups, slots × LANES), (n_cells,), (slots, n_sensors), edges."""

    pack: FloatArray
    cell: FloatArray
    scanned: FloatArray
    sensor: FloatArray
    pending: FloatArray
    pending_before: FloatArray
    pending_after: FloatArray
    parameters: FloatArray


class Output(NamedTuple):
    """Rows and edges as they are closed: (slots, rows), (slots, rows, n_cells), (slots, rows, n_sensors), edges."""

    row: FloatArray
    row_cell: NDArray[np.float64]
    row_sensor: NDArray[np.float64]
    edge: FloatArray
    edge_before: FloatArray
    edge_after: FloatArray
