"""The passes over samples, in Numba.

The samples of one minute are gone through twice: first for the pack, sample by sample, which also plans what each
sample asks of the cells; then group by group of cells (`cell_lanes`). A current or voltage of NaN adds nothing to the
sums that lack it. What is called for each sample takes arrays, not tuples: taking an array out of a tuple costs a
reference count.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from cellwarden.core.minute_block import IntArray
from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation import minute_slots as at
from cellwarden.estimation.bare_kernel import bare_kernel, bare_sum_kernel
from cellwarden.estimation.cell_lanes import add_active, add_impedance, pass_over_group
from cellwarden.estimation.current_kernel import add_charge, add_pack, watch_current
from cellwarden.estimation.dip_kernel import CALM_BANDS, plan_dips
from cellwarden.estimation.edge_kernel import flush_edges, plan_edge
from cellwarden.estimation.minute_rows import close_row
from cellwarden.estimation.minute_slots import Carried, Output, Samples

__all__ = ["reduce_samples"]

HOURS_PER_SECOND = 1.0 / 3600.0


@bare_kernel
def reduce_samples(state: Carried, samples: Samples, out: Output, plan: FloatArray, bits: IntArray) -> tuple[int, int]:
    """Advance the state over all T samples; the numbers of rows closed and edges handed out.

    `plan` (PLAN_ROWS, PLAN_SLOTS) and `bits` (PLAN_ROWS,) are scratch.
    """
    pack, time = state.pack, samples.time
    rows, edges, begin = 0, 0, 0
    while begin < time.shape[0]:
        t = time[begin]
        end = begin + 1
        if pack[at.STARTED] == 0.0:
            pack[at.OPEN_STAMP] = 60.0 * np.ceil(t / 60.0)
        else:
            if t > pack[at.OPEN_STAMP]:
                rows, edges = _close_rows_before(state, out, t, rows, edges)
            last = min(time.shape[0], begin + at.PLAN_ROWS)
            while end < last and time[end] <= pack[at.OPEN_STAMP]:
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


@bare_kernel
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


@bare_kernel
def _pass_over_pack(state: Carried, samples: Samples, plan: FloatArray, bits: IntArray, begin: int, end: int) -> None:
    """Add samples begin … end−1 to the pack's sums and plan what they ask of the cells."""
    pack, scanned, pending, parameters = state.pack, state.scanned, state.pending, state.parameters
    time, current, voltage, switch = samples.time, samples.current, samples.voltage, samples.switch
    pack_voltage, ambient = samples.pack_voltage, samples.ambient
    cells, band = voltage.shape[1], parameters[at.STEADY_BAND]
    _scan_cells(scanned, voltage, plan, begin, end)
    for k in range(begin, end):
        p = k - begin
        t, i = time[k], current[k]
        interval = t - pack[at.LAST_TIME] if k > begin or pack[at.STARTED] > 0.0 else 0.0
        counted = interval if interval <= parameters[at.BRIDGED] else 0.0
        continued = i == i and pack[at.LAST_CURRENT] == pack[at.LAST_CURRENT]
        mean, finite, changed = plan[p, at.MEAN], plan[p, at.FINITE], plan[p, at.CHANGED]
        plan[p, at.INTERVAL] = counted
        stepped = continued and abs(i - pack[at.LAST_CURRENT]) > band
        plan[p, at.MOVED] = counted if stepped or 2.0 * changed > finite else 0.0
        if changed == 0.0 and finite > 0.0:
            _note_frozen(pack, counted)
        else:
            pack[at.FROZEN_RUN] = 0.0
        since = t - pack[at.LAST_CURRENT_TIME]
        plan[p, at.CHARGE_STEP] = 0.0
        if continued and since <= parameters[at.BRIDGED]:
            charge = 0.5 * (i + pack[at.LAST_CURRENT]) * since * HOURS_PER_SECOND
            plan[p, at.CHARGE_STEP] = charge
            add_charge(pack, charge, mean * cells)
        add_pack(pack, i, pack_voltage[k], ambient[k], switch[k] if switch.shape[0] > 0 else np.nan)
        bits[p] = plan_dips(pack, CALM_BANDS * band, plan, p, i, interval, samples.level[k])
        if i == i:
            pack[at.SQUARE] += i * i * counted
            if continued:
                bits[p] |= plan_edge(pack, parameters, pending, plan, p, t, i)
            watch_current(pack, i, since, band)
            pack[at.LAST_CURRENT] = i
            pack[at.LAST_CURRENT_TIME] = t
        pack[at.ELAPSED] += counted
        pack[at.LONGEST_GAP] = max(pack[at.LONGEST_GAP], interval)
        pack[at.LAST_TIME] = t


@bare_kernel
def _pass_over_cells(state: Carried, samples: Samples, plan: FloatArray, bits: IntArray, begin: int, end: int) -> None:
    """Add samples begin … end−1 to the sums of cells and sensors and do what the pack's pass planned."""
    before, after, parameters = state.pending_before, state.pending_after, state.parameters
    for group in range(state.cell.shape[0]):
        first, cell = group * at.LANES, state.cell[group]
        pass_over_group(cell, first, parameters, before, after, samples.voltage, samples.duty, plan, bits, begin, end)
        if samples.active.shape[0] > 0:
            add_active(cell, first, samples.active[begin:end], plan)
        if samples.impedance.shape[0] > 0:
            add_impedance(cell, first, samples.impedance[begin:end])
    _add_temperatures(state.sensor, samples.temperature, plan, begin, end)


@bare_sum_kernel
def _scan_cells(scanned: FloatArray, voltage: FloatArray, plan: FloatArray, begin: int, end: int) -> None:
    """Plan the mean of samples begin … end−1, and note how many cells gave a reading and how many of these moved."""
    cells = scanned.shape[0]
    for k in range(begin, end):
        readings = voltage[k]
        finite, same, total = 0.0, 0.0, 0.0  # counts as wide as readings, which the compiler takes in step with them
        for j in range(cells):  # without what is stored, so that the compiler takes cells in step
            v = readings[j]
            finite += 1.0 if v == v else 0.0
            same += 1.0 if v == scanned[j] else 0.0
            total += v if v == v else 0.0
        for j in range(cells):
            scanned[j] = readings[j] if readings[j] == readings[j] else scanned[j]
        plan[k - begin, at.MEAN] = total / finite if finite > 0.0 else np.nan
        plan[k - begin, at.SCALE] = finite / (finite - 1.0) if finite > 1.0 else np.nan
        plan[k - begin, at.FINITE], plan[k - begin, at.CHANGED] = finite, finite - same


@njit(cache=True, inline="always")
def _note_frozen(pack: FloatArray, interval: float) -> None:
    """Add a sample in which no cell's reading changed."""
    pack[at.FROZEN_RUN] += interval
    pack[at.FROZEN_LONGEST] = max(pack[at.FROZEN_LONGEST], pack[at.FROZEN_RUN])
    pack[at.REPEATS] += 1.0


@bare_kernel
def _add_temperatures(sensor: FloatArray, temperature: FloatArray, plan: FloatArray, begin: int, end: int) -> None:
    """Add the temperatures of samples begin … end−1 to the open minute."""
    for k in range(begin, end):
        interval = plan[k - begin, at.INTERVAL]
        values = temperature[k]
        for j in range(sensor.shape[1]):  # without branches: which reading repeats the last one is hard to foretell
            value, last = values[j], sensor[at.T_LAST, j]
            unchanged, missing = sensor[at.T_UNCHANGED, j], sensor[at.T_MISSING, j]
            longer, gone = unchanged + interval, missing + interval
            fresh = longer if value == last else 0.0
            given = value == value
            sensor[at.T_UNCHANGED, j] = fresh if given else unchanged
            sensor[at.T_LAST, j] = value if given else last
            sensor[at.T_MISSING, j] = 0.0 if given else gone
            sensor[at.T_SUM, j] += value if given else 0.0
            sensor[at.T_COUNT, j] += 1.0 if given else 0.0
