"""The pack twin: a scenario and a seed become the true course of a pack, faults coming in as they begin."""

from __future__ import annotations

import numpy as np

from cellwarden.core.errors import ConfigurationError
from cellwarden.simulator.cell_arrays import make_cells, make_curves, new_cell_state
from cellwarden.simulator.cell_measurement import find_points, measure_resistance_ohm
from cellwarden.simulator.course import DAY_SECOND, TrueCourse, random_streams
from cellwarden.simulator.duty import WARM_UP_SECOND, make_timetable
from cellwarden.simulator.fault_onset import fault_changes
from cellwarden.simulator.pack_arrays import Recording
from cellwarden.simulator.pack_kernel import run_pack
from cellwarden.simulator.pack_setup import make_settings, new_pack_state
from cellwarden.simulator.scenario import Scenario

__all__ = ["begin_course", "run_course", "simulate"]


def _new_recording(scenario: Scenario) -> Recording:
    seconds, count = int(scenario.duty.days * DAY_SECOND), scenario.pack.cells_in_series
    rows, minutes = seconds // scenario.pack.sensors.sample_second, seconds // 60
    return Recording(
        ampere=np.zeros(rows),
        volt=np.zeros((rows, count), dtype=np.float32),
        temperature_celsius=np.zeros((rows, count), dtype=np.float32),
        ambient_celsius=np.zeros(rows, dtype=np.float32),
        bleed_percent=np.zeros((rows, count), dtype=np.int8),
        switches=np.zeros(rows, dtype=np.int8),
        lithium_ah=np.zeros((minutes, count)),
        minute_temperature_celsius=np.zeros((minutes, count), dtype=np.float32),
    )


def _start(scenario: Scenario, seed: int, random: dict[str, np.random.Generator]) -> TrueCourse:
    """Pack before the first second, without faults."""
    pack, nominal = scenario.pack, scenario.pack.nominal_capacity_ah
    count = pack.cells_in_series
    curves = make_curves(pack.cell)
    path = pack.ambient_resistance_kelvin_per_watt * (nominal / 100.0) ** (-2 / 3)
    cells = make_cells(pack.cell, count, nominal, path, random["cells"])
    points = find_points(cells, curves, nominal)
    soc = pack.initial_soc_fraction + pack.cell.spread.initial_soc * random["cells"].standard_normal(count)
    charger = pack.charger.current_c_rate * nominal
    timetable = make_timetable(scenario.duty, count, nominal, charger, random["duty"])
    lithium = points.empty_ah + np.clip(soc, 0.02, 0.999) * points.capacity_ah
    offset = pack.sensors.voltage_offset_volt * random["sensors"].standard_normal(count)
    return TrueCourse(
        scenario=scenario,
        seed=seed,
        cells=cells,
        curves=curves,
        settings=make_settings(pack, scenario.duty.load_jitter_fraction),
        timetable=timetable,
        state=new_cell_state(cells, curves, lithium, float(timetable.ambient_celsius[0])),
        pack=new_pack_state(count, offset, random["kernel"]),
        recording=_new_recording(scenario),
        now_second=-WARM_UP_SECOND,
        points_from_second=[-WARM_UP_SECOND],
        points=[points],
        healthy_voltage_offset_volt=offset,
        start_resistance_ohm=measure_resistance_ohm(cells, curves, nominal, points),
        start_thermal_kelvin_per_watt=cells.ambient_resistance_kelvin_per_watt.copy(),
        start_charge_gap_ah=np.zeros(count),
    )


def _unbalance(course: TrueCourse) -> None:
    """Set initial imbalances: Ah that a cell is fuller than the median, seen from the full point."""
    points, state = course.points[-1], course.state
    for fault in course.scenario.faults:
        if fault.kind == "soc_imbalance" and fault.onset_day > 0.0:
            raise ConfigurationError("soc_imbalance stands from the start of the log: leave out `onset_day`")
        if fault.kind == "soc_imbalance" and fault.cell is not None:
            gap = float(np.median(points.full_ah - state.negative_lithium_ah)) - fault.size
            state.negative_lithium_ah[fault.cell - 1] = points.full_ah[fault.cell - 1] - gap
    course.start_charge_gap_ah = points.full_ah - state.negative_lithium_ah
    fresh = new_cell_state(course.cells, course.curves, state.negative_lithium_ah, 25.0)
    state.hysteresis_centre[:] = fresh.hysteresis_centre


def begin_course(scenario: Scenario, seed: int) -> TrueCourse:
    """A course at the beginning of its warm-up, with the faults that it starts with.

    Raises
    ------
    ConfigurationError
        A fault that lacks its place.
    """
    random = random_streams(seed)
    course = _start(scenario, seed, random)
    course.pending = fault_changes(course, random["faults"])
    _apply_due(course)
    _unbalance(course)
    return course


def _apply_due(course: TrueCourse) -> None:
    """Apply the changes that are due now; note the charges lost until then."""
    while course.pending and course.pending[0][0] <= course.now_second:
        _second, change = course.pending.pop(0)
        course.leak_ah_at[course.now_second] = course.pack.leak_ah.copy()
        change(course.now_second)
        course.state.cached_step_second[:] = np.nan


def run_course(course: TrueCourse, until_second: int) -> None:
    """Run a course on to that second; cut at whole minutes, the pieces are the whole, bit for bit."""
    until = min(until_second, int(course.scenario.duty.days * DAY_SECOND))
    while course.now_second < until:
        due = min(until, course.pending[0][0]) if course.pending else until
        run_pack(
            course.cells,
            course.curves,
            course.settings,
            course.timetable,
            course.state,
            course.pack,
            course.recording,
            course.now_second,
            due,
        )
        course.now_second = due
        _apply_due(course)


def simulate(scenario: Scenario, seed: int) -> TrueCourse:
    """Run a scenario from its beginning to its end.

    Parameters
    ----------
    scenario : pack, duty and faults
    seed : of everything random; the same seed gives the same course, bit for bit

    Returns
    -------
    TrueCourse
        Currents, voltages, temperatures and lithium as they were, before any sensor read them.

    Raises
    ------
    ConfigurationError
        A fault that lacks its place.
    """
    course = begin_course(scenario, seed)
    run_course(course, int(scenario.duty.days * DAY_SECOND))
    course.leak_ah_at[course.now_second] = course.pack.leak_ah.copy()
    return course
