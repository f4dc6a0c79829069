"""The pass over samples, in Numba: sums of the open minute, current edges, dips and frozen readings.

State rows (slots) are named by the constants below; a sample with a time, current or voltage of NaN adds nothing to
the sums that it lacks.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from cellwarden.core.sample_block import FloatArray

# slots of the pack's state
LAST_TIME, LAST_CURRENT, LAST_CURRENT_TIME, OPEN_STAMP, SAMPLES, ELAPSED, LONGEST_GAP = range(7)
CURRENT_SUM, CURRENT_COUNT, CURRENT_MIN, CURRENT_MAX, CHARGE, CHARGE_IN, CHARGE_OUT, ENERGY_IN, ENERGY_OUT = range(
    7, 16
)
PACK_SUM, PACK_COUNT, AMBIENT_SUM, AMBIENT_COUNT, SWITCH_SUM, SWITCH_COUNT, STARTED = range(16, 23)
SEGMENT_CURRENT, SEGMENT_COUNT, SEGMENT_BEGIN = range(23, 26)
EDGE_PHASE, EDGE_EARLY, EDGE_LATE, EDGE_BEFORE, EDGE_AFTER_SUM, EDGE_COUNT, EDGE_STEADY, EDGE_ELAPSED = range(26, 34)
EDGE_SPREAD, PENDING, CALM_SECOND = range(34, 37)
FROZEN_RUN, FROZEN_LONGEST, REPEATS, SQUARE = range(37, 41)
THIN_CHARGE_2, THIN_CHARGE_4, THIN_HEAT_2, THIN_HEAT_4, PEAKS, PEAKS_SHORT = range(41, 47)
GROUP_COUNT, GROUP_INTERVAL, GROUP_CURRENT = 47, 48, 49  # four currents from GROUP_CURRENT on
EARLIER_CURRENT = 53
PACK_SLOTS = 54

# slots of a cell's state
V_SUM, V_COUNT, V_MIN, V_MAX, V_LAST, ENERGY, BLEED, DUTY_SUM, DUTY_TIME, IMPEDANCE_SUM, IMPEDANCE_COUNT = range(11)
DIPS, UNCHANGED, MISSING, STEADY_V, EDGE_V_BEFORE, EDGE_V_SUM, DIP_BASE, DIP_BASE_COUNT, DIP_SECOND = range(11, 20)
MIDDLE_V = 20
CELL_SLOTS = 21

# slots of a temperature sensor's state
T_LAST, T_SUM, T_COUNT, T_UNCHANGED, T_MISSING = range(5)
SENSOR_SLOTS = 5

# rows of the outputs
ROW_SLOTS, ROW_CELL_SLOTS, ROW_SENSOR_SLOTS = 25, 11, 3
E_TIME, E_ROW, E_ELAPSED, E_TOLERANCE, E_BEFORE, E_AFTER, E_STEADY = range(7)
EDGE_SLOTS = 7
PENDING_EDGES = 8

# parameters
MIN_STEP, STEADY_BAND, BLEED_AMPERE, BRIDGED = range(4)
BLEED_VOLT = 3.4  # the voltage at which descriptions state the bleed current
DIP_VOLT = 0.015
DIP_LONGEST_SECOND = 90.0
EDGE_SECOND = 10.0
LONGEST_EDGE_INTERVAL_SECOND = 20.0


@njit(cache=True)
def close_row(
    pack: FloatArray,
    cell: FloatArray,
    sensor: FloatArray,
    stamp: float,
    row: FloatArray,
    row_cell: FloatArray,
    row_sensor: FloatArray,
    k: int,
) -> None:
    """Write the open minute into row k of the outputs and open an empty one."""
    row[0, k] = stamp
    row[1, k] = pack[ELAPSED]
    row[2, k] = pack[SAMPLES]
    row[3, k] = pack[LONGEST_GAP]
    known = pack[CURRENT_COUNT] > 0
    row[4, k] = pack[CURRENT_SUM] / pack[CURRENT_COUNT] if known else np.nan
    row[5, k] = pack[CURRENT_MIN] if known else np.nan
    row[6, k] = pack[CURRENT_MAX] if known else np.nan
    row[7, k] = pack[LAST_CURRENT]
    for slot in range(5):
        row[8 + slot, k] = pack[CHARGE + slot]
    row[13, k] = pack[PACK_SUM] / pack[PACK_COUNT] if pack[PACK_COUNT] > 0 else np.nan
    row[14, k] = pack[AMBIENT_SUM] / pack[AMBIENT_COUNT] if pack[AMBIENT_COUNT] > 0 else np.nan
    row[15, k] = pack[SWITCH_SUM] / pack[SWITCH_COUNT] if pack[SWITCH_COUNT] > 0 else np.nan
    for slot in range(FROZEN_LONGEST, PEAKS_SHORT + 1):
        row[16 + slot - FROZEN_LONGEST, k] = pack[slot]
        pack[slot] = 0.0
    for j in range(cell.shape[1]):
        count = cell[V_COUNT, j]
        row_cell[0, k, j] = cell[V_SUM, j] / count if count > 0 else np.nan
        row_cell[1, k, j] = cell[V_MIN, j] if count > 0 else np.nan
        row_cell[2, k, j] = cell[V_MAX, j] if count > 0 else np.nan
        row_cell[3, k, j] = cell[V_LAST, j] if count > 0 else np.nan
        row_cell[4, k, j] = cell[ENERGY, j]
        row_cell[5, k, j] = cell[BLEED, j]
        row_cell[6, k, j] = cell[DUTY_SUM, j] / cell[DUTY_TIME, j] if cell[DUTY_TIME, j] > 0 else np.nan
        row_cell[7, k, j] = (
            cell[IMPEDANCE_SUM, j] / cell[IMPEDANCE_COUNT, j] if cell[IMPEDANCE_COUNT, j] > 0 else np.nan
        )
        row_cell[8, k, j] = cell[DIPS, j]
        row_cell[9, k, j] = cell[UNCHANGED, j]
        row_cell[10, k, j] = cell[MISSING, j]
        for slot in range(V_SUM, V_MAX + 1):
            cell[slot, j] = 0.0
        for slot in range(ENERGY, DIPS + 1):
            cell[slot, j] = 0.0
    for j in range(sensor.shape[1]):
        row_sensor[0, k, j] = sensor[T_SUM, j] / sensor[T_COUNT, j] if sensor[T_COUNT, j] > 0 else np.nan
        row_sensor[1, k, j] = sensor[T_UNCHANGED, j]
        row_sensor[2, k, j] = sensor[T_MISSING, j]
        sensor[T_SUM, j] = 0.0
        sensor[T_COUNT, j] = 0.0
    for slot in range(SAMPLES, SWITCH_COUNT + 1):
        pack[slot] = 0.0


@njit(cache=True)
def flush_edges(
    pack: FloatArray,
    pending: FloatArray,
    pending_before: FloatArray,
    pending_after: FloatArray,
    edge: FloatArray,
    edge_before: FloatArray,
    edge_after: FloatArray,
    edges: int,
    row: int,
) -> int:
    """Hand out the edges that were completed in the row just closed; the new number of edges."""
    for p in range(int(pack[PENDING])):
        edge[:, edges] = pending[p]
        edge[E_ROW, edges] = row
        edge_before[edges] = pending_before[p]
        edge_after[edges] = pending_after[p]
        edges += 1
    pack[PENDING] = 0.0
    return edges


@njit(cache=True)
def _watch_current(pack: FloatArray, current: float, interval: float, band: float) -> None:
    """Gather what a log of every second, every fourth sample would miss, over groups of four equal intervals."""
    count = int(pack[GROUP_COUNT])
    low, middle = abs(pack[EARLIER_CURRENT]), abs(pack[LAST_CURRENT])
    if middle - low > 2.0 * band:
        pack[PEAKS] += 1.0
        pack[PEAKS_SHORT] += middle - abs(current) >= 0.5 * (middle - low)
    pack[EARLIER_CURRENT] = pack[LAST_CURRENT]
    if count > 1 and abs(interval - pack[GROUP_INTERVAL]) > 0.25 * pack[GROUP_INTERVAL]:
        count = 0
    if count == 1:
        pack[GROUP_INTERVAL] = interval
    if count < 4:
        pack[GROUP_CURRENT + count] = current
        pack[GROUP_COUNT] = count + 1.0
        return
    a, b, c, d = pack[GROUP_CURRENT], pack[GROUP_CURRENT + 1], pack[GROUP_CURRENT + 2], pack[GROUP_CURRENT + 3]
    if max(a, b, c, d, current) - min(a, b, c, d, current) > 2.0 * band:
        half = 0.5 * pack[GROUP_INTERVAL]
        pack[THIN_CHARGE_2] += half**2 * ((2.0 * b - a - c) ** 2 + (2.0 * d - c - current) ** 2)
        pack[THIN_CHARGE_4] += (2.0 * half * (2.0 * c - a - current)) ** 2
        a, b, c, d, e = a * a, b * b, c * c, d * d, current * current
        pack[THIN_HEAT_2] += half**2 * ((2.0 * b - a - c) ** 2 + (2.0 * d - c - e) ** 2)
        pack[THIN_HEAT_4] += (2.0 * half * (2.0 * c - a - e)) ** 2
    pack[GROUP_CURRENT] = current
    pack[GROUP_COUNT] = 1.0


@njit(cache=True)
def _add_cells(
    pack: FloatArray,
    cell: FloatArray,
    voltage: FloatArray,
    current: float,
    interval: float,
    duty: FloatArray,
    active: FloatArray,
    impedance: FloatArray,
    bleed_ampere: float,
    moved_current: bool,
) -> float:
    """Add one sample of every cell to the open minute; the mean voltage of the cells that gave one."""
    cells = voltage.shape[0]
    changed = 0
    finite = 0
    total = 0.0
    for j in range(cells):
        v = voltage[j]
        if v == v:
            finite += 1
            total += v
            changed += v != cell[V_LAST, j]
    moved = moved_current or changed * 2 > finite
    if changed == 0 and finite > 0:
        pack[FROZEN_RUN] += interval
        pack[FROZEN_LONGEST] = max(pack[FROZEN_LONGEST], pack[FROZEN_RUN])
        pack[REPEATS] += 1.0
    else:
        pack[FROZEN_RUN] = 0.0
    hours = interval / 3600.0
    for j in range(cells):
        v = voltage[j]
        if v != v:
            cell[MISSING, j] += interval
            continue
        cell[MISSING, j] = 0.0
        last = cell[V_LAST, j]
        if v != last:
            cell[UNCHANGED, j] = 0.0
        elif moved:
            cell[UNCHANGED, j] += interval
        if cell[V_COUNT, j] == 0.0:
            cell[V_MIN, j] = v
            cell[V_MAX, j] = v
        elif v < cell[V_MIN, j]:
            cell[V_MIN, j] = v
        elif v > cell[V_MAX, j]:
            cell[V_MAX, j] = v
        cell[V_SUM, j] += v
        cell[V_COUNT, j] += 1.0
        middle = 0.5 * (v + last) if last == last else v
        cell[ENERGY, j] += current * middle * hours
        cell[V_LAST, j] = v
        if duty.shape[0] > 0 and duty[j] == duty[j]:
            cell[BLEED, j] += duty[j] * bleed_ampere * v / BLEED_VOLT * hours
            cell[DUTY_SUM, j] += duty[j] * interval
            cell[DUTY_TIME, j] += interval
        if active.shape[0] > 0 and active[j] == active[j]:
            cell[BLEED, j] -= active[j] * hours
        if impedance.shape[0] > 0 and impedance[j] == impedance[j]:
            cell[IMPEDANCE_SUM, j] += impedance[j]
            cell[IMPEDANCE_COUNT, j] += 1.0
    return total / finite if finite > 0 else np.nan


@njit(cache=True)
def _watch_dips(cell: FloatArray, voltage: FloatArray, mean: float, interval: float, calm: bool) -> None:
    """Count transient drops of one cell against the mean of all that come and go while the current rests."""
    if voltage.shape[0] < 2:
        return
    for j in range(voltage.shape[0]):
        v = voltage[j]
        if v != v:
            continue
        deviation = v - mean
        below = cell[DIP_BASE, j] - deviation
        if not calm:
            cell[DIP_BASE, j] = deviation
            cell[DIP_BASE_COUNT, j] = 1.0
            cell[DIP_SECOND, j] = 0.0
        elif below > DIP_VOLT and cell[DIP_BASE_COUNT, j] >= 5.0:
            cell[DIP_SECOND, j] += max(interval, 1e-3)
            if cell[DIP_SECOND, j] > DIP_LONGEST_SECOND:  # a new level, not a dip
                cell[DIP_BASE, j] = deviation
                cell[DIP_SECOND, j] = 0.0
        else:
            if cell[DIP_SECOND, j] > 0.0 and below < 0.5 * DIP_VOLT:
                cell[DIPS, j] += 1.0
                cell[DIP_SECOND, j] = 0.0
            if cell[DIP_SECOND, j] == 0.0:
                cell[DIP_BASE_COUNT, j] += 1.0
                cell[DIP_BASE, j] += (deviation - cell[DIP_BASE, j]) / min(cell[DIP_BASE_COUNT, j], 20.0)


@njit(cache=True)
def _watch_edge(
    pack: FloatArray,
    cell: FloatArray,
    voltage: FloatArray,
    t: float,
    current: float,
    parameters: FloatArray,
    pending: FloatArray,
    pending_before: FloatArray,
    pending_after: FloatArray,
) -> None:
    """Follow the current: steady, stepped, ten seconds later; a complete edge joins the pending ones."""
    interval = t - pack[LAST_CURRENT_TIME]
    step = current - pack[LAST_CURRENT]
    cells = voltage.shape[0]
    window = max(2.5, 0.6 * interval)
    if pack[EDGE_PHASE] > 0.0:
        after = pack[EDGE_AFTER_SUM] / pack[EDGE_COUNT] if pack[EDGE_COUNT] > 0 else pack[LAST_CURRENT]
        moved = abs(current - after) > max(parameters[STEADY_BAND], 0.05 * abs(after - pack[EDGE_BEFORE]))
        elapsed = t - 0.5 * (pack[EDGE_EARLY] + pack[EDGE_LATE])
        if moved or elapsed > EDGE_SECOND + window or interval > LONGEST_EDGE_INTERVAL_SECOND:
            if pack[EDGE_SPREAD] > 0.0 and abs(pack[EDGE_ELAPSED] / pack[EDGE_SPREAD] - EDGE_SECOND) <= window:
                _store_edge(pack, cell, pending, pending_before, pending_after, after, cells)
            pack[EDGE_PHASE] = 0.0
        else:
            pack[EDGE_AFTER_SUM] += current
            pack[EDGE_COUNT] += 1.0
            if elapsed >= EDGE_SECOND - window:
                pack[EDGE_ELAPSED] += elapsed
                pack[EDGE_SPREAD] += 1.0
                pack[CALM_SECOND] = t
                for j in range(cells):
                    cell[EDGE_V_SUM, j] += voltage[j]
    if abs(step) >= parameters[MIN_STEP] and pack[SEGMENT_COUNT] >= 3.0 and interval <= LONGEST_EDGE_INTERVAL_SECOND:
        _open_edge(pack, cell, voltage, t, current, window)
    if abs(current - pack[SEGMENT_CURRENT]) > parameters[STEADY_BAND] or pack[SEGMENT_COUNT] == 0.0:
        pack[SEGMENT_CURRENT] = current
        pack[SEGMENT_COUNT] = 0.0
        pack[SEGMENT_BEGIN] = t
    pack[SEGMENT_COUNT] += 1.0
    share = 1.0 / min(pack[SEGMENT_COUNT], 4.0)
    pack[SEGMENT_CURRENT] += (current - pack[SEGMENT_CURRENT]) / min(pack[SEGMENT_COUNT], 20.0)
    for j in range(cells):
        if pack[SEGMENT_COUNT] == 1.0:
            cell[STEADY_V, j] = voltage[j]
        else:
            cell[STEADY_V, j] += share * (voltage[j] - cell[STEADY_V, j])


@njit(cache=True)
def _open_edge(
    pack: FloatArray, cell: FloatArray, voltage: FloatArray, t: float, current: float, window: float
) -> None:
    """A step after a steady time: remember both and start to look at what follows."""
    pack[EDGE_PHASE] = 1.0
    pack[EDGE_EARLY] = pack[LAST_CURRENT_TIME]
    pack[EDGE_LATE] = t
    pack[EDGE_BEFORE] = pack[SEGMENT_CURRENT]
    pack[EDGE_AFTER_SUM] = current
    pack[EDGE_COUNT] = 1.0
    pack[EDGE_STEADY] = pack[LAST_CURRENT_TIME] - pack[SEGMENT_BEGIN]
    elapsed = 0.5 * (t - pack[LAST_CURRENT_TIME])
    inside = elapsed >= EDGE_SECOND - window
    pack[EDGE_ELAPSED] = elapsed if inside else 0.0
    pack[EDGE_SPREAD] = 1.0 if inside else 0.0
    for j in range(voltage.shape[0]):
        cell[EDGE_V_BEFORE, j] = cell[STEADY_V, j]
        cell[EDGE_V_SUM, j] = voltage[j] if inside else 0.0


@njit(cache=True)
def _store_edge(
    pack: FloatArray,
    cell: FloatArray,
    pending: FloatArray,
    pending_before: FloatArray,
    pending_after: FloatArray,
    after: float,
    cells: int,
) -> None:
    """The edge that has run its ten seconds joins those that wait for their minute to close."""
    p = int(pack[PENDING])
    if p >= PENDING_EDGES:
        return
    pending[p, E_TIME] = pack[CALM_SECOND]
    pending[p, E_ELAPSED] = pack[EDGE_ELAPSED] / pack[EDGE_SPREAD]
    pending[p, E_TOLERANCE] = 0.5 * (pack[EDGE_LATE] - pack[EDGE_EARLY])
    pending[p, E_BEFORE] = pack[EDGE_BEFORE]
    pending[p, E_AFTER] = after
    pending[p, E_STEADY] = pack[EDGE_STEADY]
    for j in range(cells):
        pending_before[p, j] = cell[EDGE_V_BEFORE, j]
        pending_after[p, j] = cell[EDGE_V_SUM, j] / pack[EDGE_SPREAD]
    pack[PENDING] = p + 1.0


@njit(cache=True)
def _add_pack(pack: FloatArray, current: float, pack_voltage: float, ambient: float, switch: float) -> None:
    """Add one sample of the pack's own quantities to the open minute."""
    pack[SAMPLES] += 1.0
    if current == current:
        first = pack[CURRENT_COUNT] == 0.0
        pack[CURRENT_MIN] = current if first else min(pack[CURRENT_MIN], current)
        pack[CURRENT_MAX] = current if first else max(pack[CURRENT_MAX], current)
        pack[CURRENT_SUM] += current
        pack[CURRENT_COUNT] += 1.0
    if pack_voltage == pack_voltage:
        pack[PACK_SUM] += pack_voltage
        pack[PACK_COUNT] += 1.0
    if ambient == ambient:
        pack[AMBIENT_SUM] += ambient
        pack[AMBIENT_COUNT] += 1.0
    if switch == switch:
        pack[SWITCH_SUM] += switch
        pack[SWITCH_COUNT] += 1.0


@njit(cache=True)
def _add_charge(pack: FloatArray, middle: float, interval: float, cell_sum_volt: float) -> None:
    """Add the charge and energy of one interval at its mean current."""
    charge = middle * interval / 3600.0
    energy = charge * cell_sum_volt if cell_sum_volt == cell_sum_volt else 0.0
    pack[CHARGE] += charge
    if charge >= 0.0:
        pack[CHARGE_IN] += charge
        pack[ENERGY_IN] += energy
    else:
        pack[CHARGE_OUT] -= charge
        pack[ENERGY_OUT] -= energy


@njit(cache=True)
def _add_temperatures(sensor: FloatArray, temperature: FloatArray, interval: float) -> None:
    """Add one sample of every temperature sensor to the open minute."""
    for j in range(temperature.shape[0]):
        value = temperature[j]
        if value != value:
            sensor[T_MISSING, j] += interval
            continue
        sensor[T_MISSING, j] = 0.0
        sensor[T_UNCHANGED, j] = sensor[T_UNCHANGED, j] + interval if value == sensor[T_LAST, j] else 0.0
        sensor[T_LAST, j] = value
        sensor[T_SUM, j] += value
        sensor[T_COUNT, j] += 1.0


@njit(cache=True)
def reduce_samples(
    pack: FloatArray,
    cell: FloatArray,
    sensor: FloatArray,
    pending: FloatArray,
    pending_before: FloatArray,
    pending_after: FloatArray,
    parameters: FloatArray,
    time: FloatArray,
    current: FloatArray,
    pack_voltage: FloatArray,
    voltage: FloatArray,
    temperature: FloatArray,
    ambient: FloatArray,
    duty: FloatArray,
    active: FloatArray,
    impedance: FloatArray,
    switch: FloatArray,
    row: FloatArray,
    row_cell: FloatArray,
    row_sensor: FloatArray,
    edge: FloatArray,
    edge_before: FloatArray,
    edge_after: FloatArray,
) -> tuple[int, int]:
    """Advance the state over all samples; the numbers of rows closed and edges handed out."""
    rows = 0
    edges = 0
    none = np.empty(0)
    for s in range(time.shape[0]):
        t = time[s]
        started = pack[STARTED] > 0.0
        interval = t - pack[LAST_TIME] if started else 0.0
        if started and t > pack[OPEN_STAMP]:
            if pack[SAMPLES] > 0.0:
                close_row(pack, cell, sensor, pack[OPEN_STAMP], row, row_cell, row_sensor, rows)
                edges = flush_edges(
                    pack, pending, pending_before, pending_after, edge, edge_before, edge_after, edges, rows
                )
                rows += 1
                pack[OPEN_STAMP] += 60.0
            if interval <= parameters[BRIDGED]:
                while pack[OPEN_STAMP] < t:
                    close_row(pack, cell, sensor, pack[OPEN_STAMP], row, row_cell, row_sensor, rows)
                    rows += 1
                    pack[OPEN_STAMP] += 60.0
            pack[OPEN_STAMP] = 60.0 * np.ceil(t / 60.0)
        bridged = started and interval <= parameters[BRIDGED]
        counted = interval if bridged else 0.0
        i = current[s]
        middle = 0.0
        if i == i and pack[LAST_CURRENT] == pack[LAST_CURRENT]:
            since = t - pack[LAST_CURRENT_TIME]
            if since <= parameters[BRIDGED]:
                middle = 0.5 * (i + pack[LAST_CURRENT])
        stepped = i == i and abs(i - pack[LAST_CURRENT]) > parameters[STEADY_BAND]
        mean = _add_cells(
            pack,
            cell,
            voltage[s],
            middle,
            counted,
            duty[s] if duty.shape[0] > 0 else none,
            active[s] if active.shape[0] > 0 else none,
            impedance[s] if impedance.shape[0] > 0 else none,
            parameters[BLEED_AMPERE],
            stepped,
        )
        if bridged:
            _add_charge(pack, middle, t - pack[LAST_CURRENT_TIME] if middle != 0.0 else 0.0, mean * voltage.shape[1])
            pack[SQUARE] += i * i * counted if i == i else 0.0
        _add_pack(pack, i, pack_voltage[s], ambient[s], switch[s] if switch.shape[0] > 0 else np.nan)
        _add_temperatures(sensor, temperature[s], counted)
        _watch_dips(cell, voltage[s], mean, interval, started and not stepped and interval <= DIP_LONGEST_SECOND)
        if i == i:
            if pack[LAST_CURRENT] == pack[LAST_CURRENT]:
                _watch_edge(pack, cell, voltage[s], t, i, parameters, pending, pending_before, pending_after)
            _watch_current(pack, i, t - pack[LAST_CURRENT_TIME], parameters[STEADY_BAND])
            pack[LAST_CURRENT] = i
            pack[LAST_CURRENT_TIME] = t
        pack[ELAPSED] += counted
        pack[LONGEST_GAP] = max(pack[LONGEST_GAP], interval)
        pack[LAST_TIME] = t
        if not started:
            pack[STARTED] = 1.0
            pack[OPEN_STAMP] = 60.0 * np.ceil(t / 60.0)
            close_row(pack, cell, sensor, t, row, row_cell, row_sensor, rows)
            rows += 1
            if pack[OPEN_STAMP] == t:
                pack[OPEN_STAMP] += 60.0
    return rows, edges
