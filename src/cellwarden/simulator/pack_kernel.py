"""Kernel of the pack: string current from charger or load, cells, heat, balancer and BMS, over a stretch of time.

Positive current charges. The current of a step is solved for at the step's end (safeguarded Newton on the string's
voltage), so that a voltage set point holds at any step length.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from cellwarden.core.sample_block import FloatArray
from cellwarden.simulator.cell_arrays import CellArrays, CellState, Curves
from cellwarden.simulator.cell_kernel import (
    LEAK,
    SCRATCH_COLUMNS,
    SINK,
    advance_cell,
    cell_voltage,
    equilibrium_volt,
    prepare_cells,
)
from cellwarden.simulator.pack_arrays import (
    CHARGE_OPEN,
    DISCHARGE_OPEN,
    DRAWN_AH,
    FIRST_FULL_SECOND,
    FULL,
    HOLDING,
    JITTER,
    SETTLED_SECOND,
    TAPER_SECOND,
    PackSettings,
    PackState,
    Recording,
    Timetable,
)

__all__ = [
    "advance_string",
    "balance_cells",
    "decide",
    "draw_aside",
    "exchange_heat",
    "run_pack",
    "string_current",
]


_IDLE_FRACTION = 0.004  # of the nominal capacity an hour: below, after a while, steps may be coarse
_SETTLED_AFTER_SECOND = 1200.0


@njit(cache=True)
def _uniform(random: NDArray[np.uint64]) -> float:
    """Next of a 64-bit linear congruential sequence (Knuth's multiplier), in 0 … 1."""
    random[0] = random[0] * np.uint64(6364136223846793005) + np.uint64(1442695040888963407)
    return float(random[0] >> np.uint64(11)) / 9007199254740992.0


@njit(cache=True)
def _normal(random: NDArray[np.uint64]) -> float:
    """Near-normal number of unit variance: the sum of four uniform ones."""
    total = -2.0
    for _ in range(4):
        total += _uniform(random)
    return total * 1.7320508075688772


@njit(cache=True)
def _string_voltage(
    cells: CellArrays, curves: Curves, pack: PackState, scratch: FloatArray, ampere: float
) -> tuple[float, float]:
    """Voltage and slope of the string for that current; leaves the cells' terminal voltages in `pack.volt`."""
    terminal, joint_ohm, extra_ohm = pack.volt, cells.joint_ohm, cells.extra_joint_ohm
    graphite, lfp = curves.graphite_volt, curves.lfp
    total, slope = 0.0, 0.0
    for k in range(terminal.shape[0]):
        volt, ohm = cell_voltage(graphite, lfp, scratch, k, ampere - scratch[k, SINK])
        joint = joint_ohm[k] + extra_ohm[k]
        terminal[k] = volt + joint * ampere
        total += terminal[k]
        slope += ohm + joint
    return total, slope


@njit(cache=True)
def _charge_excess(
    cells: CellArrays, curves: Curves, pack: PackState, scratch: FloatArray, ampere: float, set_volt: float, cell: float
) -> tuple[float, float]:
    """By how much the string is above its set point, or its highest cell above `cell` [V], whichever is more; slope."""
    volt, slope = _string_voltage(cells, curves, pack, scratch, ampere)
    excess = volt - set_volt
    for k in range(pack.volt.shape[0]):
        over = pack.volt[k] - cell
        if over > excess:
            excess = over
            slope = cell_voltage(curves.graphite_volt, curves.lfp, scratch, k, ampere - scratch[k, SINK])[1]
    return excess, slope


@njit(cache=True)
def _charge_current(
    cells: CellArrays,
    curves: Curves,
    pack: PackState,
    scratch: FloatArray,
    limit: float,
    set_volt: float,
    cell_volt: float,
) -> float:
    """Current of a charger: at most `limit`, at `set_volt`, and no cell above `cell_volt`; it cannot draw."""
    ampere: float = min(max(pack.ampere[0], 0.0), limit)
    low, high = -1.0, limit + 1.0  # currents known to be too small, too large
    for _ in range(60):
        excess, slope = _charge_excess(cells, curves, pack, scratch, ampere, set_volt, cell_volt)
        if excess > 0.0:
            high = ampere
        else:
            low = ampere
        if abs(excess) < 2e-5 or (excess > 0.0 and ampere <= 0.0) or (excess < 0.0 and ampere >= limit):
            break
        following = min(max(ampere - excess / slope, 0.0), limit)
        if not low < following < high:
            following = 0.5 * (max(low, 0.0) + min(high, limit))
        if abs(following - ampere) < 1e-7:
            break
        ampere = following
    pack.number[HOLDING] = 1.0 if excess > -1e-3 else 0.0
    return ampere


@njit(cache=True)
def _load_current(
    cells: CellArrays,
    curves: Curves,
    pack: PackState,
    scratch: FloatArray,
    watt: float,
    limit: float,
) -> float:
    """Current (negative) of a load of constant power."""
    ampere: float = pack.ampere[0]
    for _ in range(4):
        volt, _slope = _string_voltage(cells, curves, pack, scratch, ampere)
        following = -min(watt / max(volt, 1.0), limit)
        if abs(following - ampere) < 1e-4:
            return following
        ampere = following
    return ampere


@njit(cache=True)
def string_current(
    cells: CellArrays,
    curves: Curves,
    settings: PackSettings,
    pack: PackState,
    scratch: FloatArray,
    load_watt: float,
    charge_limit: float,
) -> float:
    """The step's current; leaves the terminal voltages for it in `pack.volt`."""
    number = pack.number
    if load_watt > 0.0 and number[DISCHARGE_OPEN] == 0.0:
        watt = load_watt * (1.0 + settings.load_jitter_fraction * number[JITTER])
        return _load_current(cells, curves, pack, scratch, watt, settings.discharge_maximum_ampere)
    if charge_limit > 0.0 and load_watt <= 0.0 and number[CHARGE_OPEN] == 0.0:
        if number[FULL] == 0.0:
            set_volt = settings.absorption_volt
            return _charge_current(cells, curves, pack, scratch, charge_limit, set_volt, settings.charge_cell_volt)
        if settings.floats:
            set_volt = settings.float_volt
            return _charge_current(cells, curves, pack, scratch, charge_limit, set_volt, settings.charge_cell_volt)
    _string_voltage(cells, curves, pack, scratch, 0.0)
    return 0.0


@njit(cache=True)
def decide(
    settings: PackSettings, state: CellState, pack: PackState, step: float, second: float, charge_limit: float
) -> None:
    """Charger's phase and BMS switches after a step."""
    number, ampere, volt, temperature = pack.number, pack.ampere[0], pack.volt, state.temperature_celsius
    total, lowest, highest, coldest = 0.0, math.inf, -math.inf, math.inf
    for k in range(volt.shape[0]):
        total += volt[k]
        lowest = min(lowest, volt[k])
        highest = max(highest, volt[k])
        coldest = min(coldest, temperature[k])
    if ampere < 0.0:
        number[DRAWN_AH] -= ampere * step / 3600.0
        if number[DRAWN_AH] > settings.restart_ah:
            number[FULL] = 0.0
    elif ampere > 0.0 and number[FULL] > 0.0:
        number[DRAWN_AH] = max(0.0, number[DRAWN_AH] - ampere * step / 3600.0)
    charging = charge_limit > 0.0 and number[CHARGE_OPEN] == 0.0 and ampere >= 0.0
    if number[FULL] == 0.0 and charging and number[HOLDING] > 0.0 and ampere <= settings.taper_ampere:
        number[TAPER_SECOND] += step
        if number[TAPER_SECOND] >= settings.taper_hold_second:
            number[FULL], number[DRAWN_AH] = 1.0, 0.0
            if number[FIRST_FULL_SECOND] < 0.0:
                number[FIRST_FULL_SECOND] = second
    else:
        number[TAPER_SECOND] = 0.0
    if highest > settings.cell_maximum_volt or coldest < settings.coldest_charge_celsius:
        number[CHARGE_OPEN] = 1.0
    elif highest < settings.cell_maximum_release_volt and coldest > settings.coldest_charge_celsius + 1.5:
        number[CHARGE_OPEN] = 0.0
    if lowest < settings.cell_minimum_volt or total < settings.cutoff_volt:
        number[DISCHARGE_OPEN] = 1.0
    elif charge_limit > 0.0 and lowest > settings.cell_minimum_release_volt:
        number[DISCHARGE_OPEN] = 0.0


@njit(cache=True)
def balance_cells(settings: PackSettings, pack: PackState) -> None:
    """Switch the bleeds by what the BMS reads, averaged over some samples."""
    count = pack.volt.shape[0]
    reading = np.empty(count)
    discharging = pack.ampere[0] < -0.002 * settings.nominal_ah
    lowest = math.inf
    for c in range(count):
        noise = settings.bleed_noise_volt * _normal(pack.random)
        reading[c] = pack.volt[pack.wire[c]] + pack.channel_offset_volt[c] + noise
        lowest = min(lowest, reading[c])
    for c in range(count):
        needed = settings.bleed_difference_volt * (0.5 if pack.bleed_on[c] else 1.0)
        pack.bleed_on[c] = (
            not discharging and reading[c] > settings.bleed_cell_threshold_volt and reading[c] - lowest > needed
        )


@njit(cache=True)
def draw_aside(settings: PackSettings, pack: PackState, scratch: FloatArray, step: float) -> None:
    """Count leaks, and add the bleeds to what flows past the string."""
    leak_ah, bleed_ah, bleed_second = pack.leak_ah, pack.bleed_ah, pack.bleed_second
    volt, wire, bleed_on = pack.volt, pack.wire, pack.bleed_on
    for c in range(volt.shape[0]):
        leak_ah[c] += scratch[c, LEAK] * step / 3600.0
    for c in range(volt.shape[0]):
        if bleed_on[c]:
            k = wire[c]
            bleed = volt[k] / settings.bleed_ohm
            scratch[k, SINK] += bleed
            bleed_ah[k] += bleed * step / 3600.0
            bleed_second[c] += step


@njit(cache=True)
def exchange_heat(
    cells: CellArrays, state: CellState, pack: PackState, settings: PackSettings, ambient: float, step: float
) -> None:
    """One explicit step of the thermal nodes in a row: heat, path to ambient, neighbours."""
    temperature, heat_watt, path = state.temperature_celsius, pack.heat_watt, cells.ambient_resistance_kelvin_per_watt
    capacity, conductance, count = (
        cells.heat_capacity_joule_per_kelvin,
        settings.neighbour_watt_per_kelvin,
        path.shape[0],
    )
    before = temperature[0]
    for k in range(count):
        here = temperature[k]
        after = temperature[min(k + 1, count - 1)]
        flow = heat_watt[k] - (here - ambient) / path[k] + conductance * (before + after - 2.0 * here)
        before = here
        temperature[k] = here + flow * step / capacity[k]


@njit(cache=True)
def advance_string(
    cells: CellArrays,
    curves: Curves,
    settings: PackSettings,
    state: CellState,
    pack: PackState,
    scratch: FloatArray,
    step: float,
) -> None:
    """Step every cell with the string current that was found; count charges and heat."""
    ampere = pack.ampere[0]
    terminal, heat_watt, cold_ah, temperature = (
        pack.volt,
        pack.heat_watt,
        pack.cold_charge_ah,
        state.temperature_celsius,
    )
    joint_ohm, extra_ohm = cells.joint_ohm, cells.extra_joint_ohm
    if abs(ampere) > 1e-3 * settings.nominal_ah:
        for k in range(terminal.shape[0]):
            inside = ampere - scratch[k, SINK]
            level, entropy = equilibrium_volt(curves, scratch, k, temperature[k])
            joint = joint_ohm[k] + extra_ohm[k]
            heat_watt[k] = inside * (terminal[k] - joint * ampere - level + (temperature[k] + 273.15) * entropy)
            heat_watt[k] += 0.5 * joint * ampere * ampere  # the other half goes into the neighbour and the bar
            if ampere > 0.0 and temperature[k] < 0.0:
                cold_ah[k] += ampere * step / 3600.0
    else:
        heat_watt[:] = 0.0
    for k in range(terminal.shape[0]):
        heat_watt[k] += terminal[k] * scratch[k, LEAK]  # a bleed's heat is made on the BMS
        advance_cell(cells, curves, state, k, step, ampere - scratch[k, SINK])


@njit(cache=True)
def _record(
    settings: PackSettings, state: CellState, pack: PackState, out: Recording, second: int, ambient: float
) -> None:
    """Rows that are due at this second."""
    since = second - settings.start_second
    if since < 0:
        return
    temperature, lithium_ah = state.temperature_celsius, state.negative_lithium_ah
    if since % settings.sample_second == 0 and since // settings.sample_second < out.ampere.shape[0]:
        row = since // settings.sample_second
        out.ampere[row] = pack.ampere[0]
        out.ambient_celsius[row] = ambient
        charge, discharge = pack.number[CHARGE_OPEN] == 0.0, pack.number[DISCHARGE_OPEN] == 0.0
        out.switches[row] = (1 if charge else 0) + (2 if discharge else 0)
        row_volt, row_temperature, row_bleed = out.volt, out.temperature_celsius, out.bleed_percent
        volt, bleed_second = pack.volt, pack.bleed_second
        for k in range(volt.shape[0]):
            row_volt[row, k] = volt[k]
            row_temperature[row, k] = temperature[k]
            row_bleed[row, k] = round(100.0 * min(1.0, bleed_second[k] / settings.sample_second))
            bleed_second[k] = 0.0
    if since % 60 == 0 and since // 60 < out.lithium_ah.shape[0]:
        out.lithium_ah[since // 60] = lithium_ah
        out.minute_temperature_celsius[since // 60] = temperature.astype(np.float32)


@njit(cache=True)
def _step_length(settings: PackSettings, second: int, until: int, settled_second: float) -> int:
    """Seconds to the next moment at which something is due, at most one step."""
    fine = settled_second < _SETTLED_AFTER_SECOND
    step = min(settings.fine_step_second if fine else settings.coarse_step_second, until - second)
    for period in (settings.sample_second, 60):
        step = min(step, period - (second - settings.start_second) % period)
    return max(step, 1)


@njit(cache=True)
def run_pack(
    cells: CellArrays,
    curves: Curves,
    settings: PackSettings,
    timetable: Timetable,
    state: CellState,
    pack: PackState,
    out: Recording,
    begin_second: int,
    until_second: int,
) -> None:
    """Run the pack from begin to until, whole seconds; states are changed in place, rows are filled in."""
    count = pack.volt.shape[0]
    scratch = np.zeros((count, SCRATCH_COLUMNS))
    second = begin_second
    segment = np.searchsorted(timetable.end_second, second, side="right")
    last = timetable.ambient_celsius.shape[0] - 1
    number = pack.number
    while second < until_second:
        while timetable.end_second[segment] <= second:
            segment += 1
            number[SETTLED_SECOND] = 0.0
        load, limit = timetable.load_watt[segment], timetable.charge_limit_ampere[segment]
        due = min(until_second, timetable.end_second[segment])
        step = _step_length(settings, second, due, number[SETTLED_SECOND])
        if load > 0.0 and _uniform(pack.random) < 0.2:
            number[JITTER] = _normal(pack.random)
        length = float(step)  # as the live kernel has it: one compiled form for both
        prepare_cells(cells, curves, state, 0, count, length, scratch)
        draw_aside(settings, pack, scratch, length)
        pack.ampere[0] = string_current(cells, curves, settings, pack, scratch, load, limit)
        advance_string(cells, curves, settings, state, pack, scratch, length)
        second += step
        place = min(max((second - settings.start_second) / 60.0, 0.0), last - 1e-9)
        index = int(place)
        ambient = timetable.ambient_celsius[index]
        ambient += (place - index) * (timetable.ambient_celsius[index + 1] - ambient)
        exchange_heat(cells, state, pack, settings, ambient, length)
        decide(settings, state, pack, length, float(second), limit)
        idle = abs(pack.ampere[0]) < _IDLE_FRACTION * settings.nominal_ah
        number[SETTLED_SECOND] = number[SETTLED_SECOND] + step if idle else 0.0
        if (second - settings.start_second) % settings.bleed_period_second == 0:
            balance_cells(settings, pack)
        _record(settings, state, pack, out, second, ambient)
