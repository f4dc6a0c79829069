"""The passes over samples, in Numba.

The samples of one minute are gone through twice: first for the pack, sample by sample, which also plans what each
sample asks of the cells; then cell by cell, so that a cell's sums stay in registers. A current or voltage of NaN adds
nothing to the sums that lack it. What is called for each sample takes arrays, not tuples: taking an array out of a
tuple costs a reference count.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from cellwarden.core.minute_block import IntArray
from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation import minute_slots as at
from cellwarden.estimation.current_kernel import add_charge, add_pack, watch_current
from cellwarden.estimation.dip_kernel import CALM_BANDS, plan_dips, watch_dips
from cellwarden.estimation.edge_kernel import flush_edges, follow_edges, plan_edge
from cellwarden.estimation.minute_rows import close_row
from cellwarden.estimation.minute_slots import Carried, Output, Samples

__all__ = ["reduce_samples"]

HOURS_PER_SECOND = 1.0 / 3600.0
BLEED_VOLT = 3.4  # the voltage at which descriptions state the bleed current


@njit(cache=True)
def reduce_samples(state: Carried, samples: Samples, out: Output) -> tuple[int, int]:
    """Advance the state over all samples; the numbers of rows closed and edges handed out."""
    pack, time = state.pack, samples.time
    rows, edges, begin = 0, 0, 0
    plan = np.empty((time.shape[0], at.PLAN_SLOTS))
    bits = np.empty(time.shape[0], dtype=np.int64)
    while begin < time.shape[0]:
        t = time[begin]
        end = begin + 1
        if pack[at.STARTED] == 0.0:
            pack[at.OPEN_STAMP] = 60.0 * np.ceil(t / 60.0)
        else:
            if t > pack[at.OPEN_STAMP]:
                rows, edges = _close_rows_before(state, out, t, rows, edges)
            while end < time.shape[0] and time[end] <= pack[at.OPEN_STAMP]:
                end += 1
        _pass_over_pack(state, samples, plan, bits, begin, end)
        _pass_over_cells(state, samples, plan, bits, begin, end)
        if pack[at.STARTED] == 0.0:  # the first sample has a row of its own
            pack[at.STARTED] = 1.0
            close_row(state, out, t, rows)
            rows += 1
            if pack[at.OPEN_STAMP] == t:
                pack[at.OPEN_STAMP] += 60.0
        begin = end
    return rows, edges


@njit(cache=True)
def _close_rows_before(state: Carried, out: Output, t: float, rows: int, edges: int) -> tuple[int, int]:
    """Close the open row and the empty ones that bridge a gap until t; opens the row of t."""
    pack = state.pack
    if pack[at.SAMPLES] > 0.0:
        close_row(state, out, pack[at.OPEN_STAMP], rows)
        edges = flush_edges(state, out, edges, rows)
        rows += 1
        pack[at.OPEN_STAMP] += 60.0
    if t - pack[at.LAST_TIME] <= state.parameters[at.BRIDGED]:
        while pack[at.OPEN_STAMP] < t:
            close_row(state, out, pack[at.OPEN_STAMP], rows)
            rows += 1
            pack[at.OPEN_STAMP] += 60.0
    pack[at.OPEN_STAMP] = 60.0 * np.ceil(t / 60.0)
    return rows, edges


@njit(cache=True)
def _pass_over_pack(state: Carried, samples: Samples, plan: FloatArray, bits: IntArray, begin: int, end: int) -> None:
    """Add samples begin … end−1 to the pack's sums and plan what they ask of the cells."""
    pack, cell, pending, parameters = state.pack, state.cell, state.pending, state.parameters
    time, current, voltage, switch = samples.time, samples.current, samples.voltage, samples.switch
    pack_voltage, ambient = samples.pack_voltage, samples.ambient
    cells, band = voltage.shape[1], parameters[at.STEADY_BAND]
    for k in range(begin, end):
        t, i = time[k], current[k]
        interval = t - pack[at.LAST_TIME] if k > begin or pack[at.STARTED] > 0.0 else 0.0
        counted = interval if interval <= parameters[at.BRIDGED] else 0.0
        continued = i == i and pack[at.LAST_CURRENT] == pack[at.LAST_CURRENT]
        changed, finite, total = _scan_cells(cell, voltage, k)
        mean = total / finite if finite > 0 else np.nan
        plan[k, at.INTERVAL] = counted
        plan[k, at.MEAN] = mean
        plan[k, at.SCALE] = finite / (finite - 1.0) if finite > 1 else np.nan
        stepped = continued and abs(i - pack[at.LAST_CURRENT]) > band
        plan[k, at.MOVED] = counted if stepped or 2 * changed > finite else 0.0
        if changed == 0 and finite > 0:
            _note_frozen(pack, counted)
        else:
            pack[at.FROZEN_RUN] = 0.0
        since = t - pack[at.LAST_CURRENT_TIME]
        plan[k, at.CHARGE_STEP] = 0.0
        if continued and since <= parameters[at.BRIDGED]:
            charge = 0.5 * (i + pack[at.LAST_CURRENT]) * since * HOURS_PER_SECOND
            plan[k, at.CHARGE_STEP] = charge
            add_charge(pack, charge, mean * cells)
        add_pack(pack, i, pack_voltage[k], ambient[k], switch[k] if switch.shape[0] > 0 else np.nan)
        bits[k] = plan_dips(pack, CALM_BANDS * band, plan, k, i, interval, voltage)
        if i == i:
            pack[at.SQUARE] += i * i * counted
            if continued:
                bits[k] |= plan_edge(pack, parameters, pending, plan, k, t, i)
            watch_current(pack, i, since, band)
            pack[at.LAST_CURRENT] = i
            pack[at.LAST_CURRENT_TIME] = t
        pack[at.ELAPSED] += counted
        pack[at.LONGEST_GAP] = max(pack[at.LONGEST_GAP], interval)
        pack[at.LAST_TIME] = t


@njit(cache=True)
def _pass_over_cells(state: Carried, samples: Samples, plan: FloatArray, bits: IntArray, begin: int, end: int) -> None:
    """Add samples begin … end−1 to the sums of cells and sensors and do what the pack's pass planned."""
    cell, parameters = state.cell, state.parameters
    voltage, plan, bits = samples.voltage[begin:end], plan[begin:end], bits[begin:end]
    _add_readings(cell, voltage, plan)
    if cell.shape[1] > 1:
        watch_dips(cell, parameters[at.DIP_THRESHOLD], voltage, plan, bits)
    follow_edges(cell, state.pending_before, state.pending_after, voltage, plan, bits)
    _add_balancing(cell, parameters[at.BLEED_AMPERE], voltage, samples.duty[begin:end], plan)
    _add_active(cell, samples.active[begin:end], plan)
    _add_impedance(cell, samples.impedance[begin:end])
    _add_temperatures(state.sensor, samples.temperature[begin:end], plan)


@njit(cache=True, fastmath={"reassoc", "nsz"})
def _scan_cells(cell: FloatArray, voltage: FloatArray, k: int) -> tuple[int, int, float]:
    """Numbers of cells whose reading changed and of those that gave one, and the sum of these."""
    changed, finite, total = 0, 0, 0.0
    for j in range(voltage.shape[1]):
        v = voltage[k, j]
        last = cell[at.V_SCANNED, j]
        given = v == v
        finite += given
        total += v if given else 0.0
        changed += given and v != last
        cell[at.V_SCANNED, j] = v if given else last
    return changed, finite, total


@njit(cache=True)
def _note_frozen(pack: FloatArray, interval: float) -> None:
    """Add a sample in which no cell's reading changed."""
    pack[at.FROZEN_RUN] += interval
    pack[at.FROZEN_LONGEST] = max(pack[at.FROZEN_LONGEST], pack[at.FROZEN_RUN])
    pack[at.REPEATS] += 1.0


@njit(cache=True)
def _add_readings(cell: FloatArray, voltage: FloatArray, plan: FloatArray) -> None:
    """Add some samples' voltages to the open minute."""
    low, high, count = cell[at.V_MIN], cell[at.V_MAX], cell[at.V_COUNT]
    for j in range(cell.shape[1]):
        low[j] = low[j] if count[j] > 0.0 else np.inf
        high[j] = high[j] if count[j] > 0.0 else -np.inf
    for k in range(voltage.shape[0]):
        interval, moved, charge = plan[k, at.INTERVAL], plan[k, at.MOVED], plan[k, at.CHARGE_STEP]
        _add_sums(cell[at.V_SUM], count, low, high, voltage[k])
        _add_course(cell[at.V_LAST], cell[at.ENERGY], cell[at.UNCHANGED], voltage[k], moved, charge)
        _add_missing(cell[at.MISSING], voltage[k], interval)


@njit(cache=True)
def _add_sums(total: FloatArray, count: FloatArray, low: FloatArray, high: FloatArray, voltage: FloatArray) -> None:
    """Sums and extremes of one sample; no branches, so that the cells go in step, as in the two below."""
    for j in range(voltage.shape[0]):
        v = voltage[j]
        total[j] += v if v == v else 0.0
        count[j] += 1.0 if v == v else 0.0
        low[j] = min(low[j], v if v == v else np.inf)
        high[j] = max(high[j], v if v == v else -np.inf)


@njit(cache=True)
def _add_course(
    last: FloatArray, energy: FloatArray, unchanged: FloatArray, voltage: FloatArray, moved: float, charge: float
) -> None:
    """Energy since the reading before, and how long it has been the same."""
    for j in range(voltage.shape[0]):
        v, before, same = voltage[j], last[j], unchanged[j]
        given = v == v
        step = charge * 0.5 * (v + (before if before == before else v))
        energy[j] += step if given else 0.0
        fresh = same + moved if v == before else 0.0
        unchanged[j] = fresh if given else same
        last[j] = v if given else before


@njit(cache=True)
def _add_missing(missing: FloatArray, voltage: FloatArray, interval: float) -> None:
    """Time since the last reading."""
    for j in range(voltage.shape[0]):
        missing[j] = 0.0 if voltage[j] == voltage[j] else missing[j] + interval


@njit(cache=True)
def _add_balancing(cell: FloatArray, ampere: float, voltage: FloatArray, duty: FloatArray, plan: FloatArray) -> None:
    """Add what passive balancing took out; `duty` is empty where the log does not tell it."""
    for k in range(duty.shape[0]):
        interval = plan[k, at.INTERVAL]
        for j in range(cell.shape[1]):
            on, v = duty[k, j], voltage[k, j]
            if on == on:
                cell[at.DUTY_SUM, j] += on * interval
                cell[at.DUTY_TIME, j] += interval
                if on != 0.0 and v == v:
                    cell[at.BLEED, j] += on * ampere * v * interval * (HOURS_PER_SECOND / BLEED_VOLT)


@njit(cache=True)
def _add_active(cell: FloatArray, active: FloatArray, plan: FloatArray) -> None:
    """Add what active balancing put in; `active` is empty where the log does not tell it."""
    for k in range(active.shape[0]):
        for j in range(cell.shape[1]):
            if active[k, j] == active[k, j]:
                cell[at.BLEED, j] -= active[k, j] * plan[k, at.INTERVAL] * HOURS_PER_SECOND


@njit(cache=True)
def _add_impedance(cell: FloatArray, impedance: FloatArray) -> None:
    """Add measured impedances; empty where the log has none."""
    for k in range(impedance.shape[0]):
        for j in range(cell.shape[1]):
            if impedance[k, j] == impedance[k, j]:
                cell[at.IMPEDANCE_SUM, j] += impedance[k, j]
                cell[at.IMPEDANCE_COUNT, j] += 1.0


@njit(cache=True)
def _add_temperatures(sensor: FloatArray, temperature: FloatArray, plan: FloatArray) -> None:
    """Add some samples' temperatures to the open minute."""
    for k in range(temperature.shape[0]):
        interval = plan[k, at.INTERVAL]
        for j in range(sensor.shape[1]):
            value = temperature[k, j]
            if value != value:
                sensor[at.T_MISSING, j] += interval
                continue
            sensor[at.T_MISSING, j] = 0.0
            same = value == sensor[at.T_LAST, j]
            sensor[at.T_UNCHANGED, j] = sensor[at.T_UNCHANGED, j] + interval if same else 0.0
            sensor[at.T_LAST, j] = value
            sensor[at.T_SUM, j] += value
            sensor[at.T_COUNT, j] += 1.0
