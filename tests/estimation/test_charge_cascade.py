"""The charge cascade on a string with known truth: charge, capacity, leak, offsets, and logs that tell little."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from cellwarden.core.board import Board
from cellwarden.core.minute_block import EdgeBlock, MinuteBlock
from cellwarden.core.sample_block import FloatArray, SampleBlock
from cellwarden.estimation import cell_difference, central_cell
from cellwarden.estimation.charge_anchor import ANCHORED
from cellwarden.estimation.charge_cascade import ESTIMATOR, ChargeArrays
from cellwarden.estimation.charge_tracks import (
    CapacityTrack,
    CountedLeakTrack,
    CurrentOffsetTrack,
    SocTrack,
    VoltageOffsetTrack,
)
from cellwarden.estimation.polarisation_track import PolarisationTrack
from tests.estimation.known_string import (
    CHARGE,
    DEEP,
    REST,
    START,
    Course,
    KnownString,
    Stage,
    course_of,
    string_context,
)
from tests.estimation.sample_logs import minutes_of

WEAK_CELL, READ_HIGH_CELL, LEAKING_CELL = 2, 4, 6
CYCLED = KnownString(
    stages=(CHARGE, DEEP, REST, CHARGE),
    capacity_ah=np.where(np.arange(16) == WEAK_CELL, 90.0, 102.0),
    voltage_offset_volt=np.where(np.arange(16) == READ_HIGH_CELL, 0.008, 0.0),
    current_offset_ampere=0.15,
)
FLOATED = KnownString(
    stages=(CHARGE, Stage(40.0, 20.0)),
    soc_fraction=0.8,
    leak_ampere=np.where(np.arange(16) == LEAKING_CELL, 0.030, 0.0),
)


def estimated(known: KnownString, samples: SampleBlock) -> tuple[ChargeArrays, MinuteBlock, Board]:
    """State, rows and tracks of a log in one block."""
    context = string_context(known)
    minutes, edges = minutes_of(samples, context)
    board = Board()
    return ESTIMATOR.step(ESTIMATOR.initial(context), minutes, edges, board, context), minutes, board


@cache
def cycled() -> tuple[Course, ChargeArrays, MinuteBlock, Board]:
    course = course_of(CYCLED)
    return course, *estimated(CYCLED, course.samples)


@cache
def floated() -> tuple[Course, ChargeArrays, MinuteBlock, Board]:
    course = course_of(FLOATED)
    return course, *estimated(FLOATED, course.samples)


def truth_at(course: Course, minutes: MinuteBlock) -> FloatArray:
    time = course.samples.unix_time_second
    return np.stack([np.interp(minutes.unix_time_second, time, column) for column in course.soc_fraction.T], axis=1)


@pytest.mark.parametrize("run", [cycled, floated], ids=["cycled", "floated"])
def test_state_of_charge_after_the_first_full_charge(
    run: Callable[[], tuple[Course, ChargeArrays, MinuteBlock, Board]],
) -> None:
    course, _, minutes, board = run()
    track, truth = board.get(SocTrack), truth_at(course, minutes)
    anchored = track.full_count > 0
    assert anchored.sum() > 300
    error = (track.soc_fraction - truth)[anchored]
    assert np.sqrt(np.mean(error**2)) < 0.005
    sound = np.arange(error.shape[1]) != WEAK_CELL
    assert np.abs(error[:, sound]).max() < 0.03  # until the log has told which curve it is
    assert np.abs(error).max() < 0.06  # until it has told, against what cells usually are, that one is weak
    inside = (track.soc_low_fraction <= truth) & (truth <= track.soc_high_fraction)
    assert inside[anchored].mean() > 0.95


def test_before_it_the_interval_is_wide_and_holds_the_truth() -> None:
    course, _, minutes, board = cycled()
    track, truth = board.get(SocTrack), truth_at(course, minutes)
    before = track.full_count == 0
    inside = (track.soc_low_fraction <= truth) & (truth <= track.soc_high_fraction)
    assert np.isfinite(track.soc_fraction).all()
    assert inside[before].mean() > 0.95
    assert (track.soc_high_fraction - track.soc_low_fraction)[0].min() > 0.15


def test_full_charges_are_counted_once_each() -> None:
    _, _, _, board = cycled()
    count = board.get(SocTrack).full_count
    assert count[-1] == 2.0
    assert set(np.diff(count)) == {0.0, 1.0}


def test_the_current_offset_is_found() -> None:
    _, _, _, board = cycled()
    track = board.get(CurrentOffsetTrack)
    assert track.current_offset_ampere[-1] == pytest.approx(0.15, abs=0.01)
    assert track.current_offset_low_ampere[-1] < 0.15 < track.current_offset_high_ampere[-1]
    assert np.isnan(track.informed_unix_time_second[0])
    assert np.isfinite(track.informed_unix_time_second[-1])


def test_capacity_is_found_after_a_deep_discharge_and_not_before() -> None:
    _, _, minutes, board = cycled()
    track = board.get(CapacityTrack)
    discharge = START + 3600.0 * (CHARGE.hours + 0.1)
    early = minutes.unix_time_second < discharge
    assert np.isnan(track.informed_unix_time_second[early][-1]).all()
    assert (track.capacity_high_ah[early][-1] - track.capacity_low_ah[early][-1] > 14.0).all()
    truth = np.where(np.arange(16) == WEAK_CELL, 90.0, 102.0)
    relative = track.relative_fraction[-1] / np.median(track.relative_fraction[-1])
    sound = np.arange(16) != WEAK_CELL
    assert track.capacity_ah[-1, sound] == pytest.approx(truth[sound], rel=0.012)
    assert relative[sound] == pytest.approx(np.ones(15), abs=7e-3)
    assert relative[WEAK_CELL] == pytest.approx(90.0 / 102.0, abs=0.02)  # so weak are few: one discharge is doubted
    assert (track.capacity_low_ah[-1] < truth).all()
    assert (truth < track.capacity_high_ah[-1]).all()
    assert (track.informed_unix_time_second[-1] > discharge).all()


def test_the_voltage_offset_is_found_and_not_blamed_on_the_cell() -> None:
    _, _, _, board = cycled()
    track = board.get(VoltageOffsetTrack)
    truth = np.where(np.arange(16) == READ_HIGH_CELL, 0.008, 0.0)
    assert track.voltage_offset_volt[-1] == pytest.approx(truth, abs=1.2e-3)
    assert (track.voltage_offset_low_volt[-1] < truth).all()
    assert (truth < track.voltage_offset_high_volt[-1]).all()
    leak = board.get(CountedLeakTrack)
    assert (np.abs(leak.leak_ampere[-1]) < 1.96 * leak.sigma_ampere[-1]).all()
    assert np.abs(leak.leak_ampere[-1]).max() < 1.5e-3  # below what is named a leak


def test_a_leak_is_found_on_float_with_the_balancer_logged() -> None:
    _, _, minutes, board = floated()
    track = board.get(CountedLeakTrack)
    truth = np.where(np.arange(16) == LEAKING_CELL, 0.030, 0.0)
    assert track.leak_ampere[-1] == pytest.approx(truth, abs=2e-3)
    assert (np.abs(track.leak_ampere[-1] - truth) < 1.96 * track.sigma_ampere[-1]).all()
    half_a_day = int(np.searchsorted(minutes.unix_time_second, START + 3600.0 * (CHARGE.hours + 12.0)))
    assert track.leak_ampere[half_a_day, LEAKING_CELL] == pytest.approx(0.030, rel=0.2)


def test_float_informs_no_capacity() -> None:
    _, _, _, board = floated()
    track = board.get(CapacityTrack)
    assert np.isnan(track.informed_unix_time_second).all()
    assert (track.capacity_high_ah[-1] - track.capacity_low_ah[-1] > 15.0).all()


def test_the_resistance_is_that_of_the_circuit() -> None:
    _, _, _, board = cycled()
    track, model = board.get(PolarisationTrack), CYCLED.model
    truth = (0.9 * model.resistance_ohm_ah + model.slow_resistance_ohm_ah[0]) / 100.0
    total = track.prompt_ohm[-1] + track.first_ohm[-1] + track.second_ohm[-1]
    assert abs(np.log(total / truth)) < 2.5 * track.log_sigma[-1] + 0.05
    assert track.cell_factor[-1] == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize("run", [cycled, floated], ids=["cycled", "floated"])
def test_covariances_stay_symmetric_and_positive(
    run: Callable[[], tuple[Course, ChargeArrays, MinuteBlock, Board]],
) -> None:
    assert_covariances(run()[1])


def assert_covariances(state: ChargeArrays) -> None:
    for stack in (state.p, state.q):
        for covariance in stack:
            sigma = np.sqrt(np.diag(covariance))
            correlation = covariance / np.outer(sigma, sigma)
            np.testing.assert_allclose(correlation, correlation.T, atol=1e-7)
            assert np.linalg.eigvalsh(0.5 * (correlation + correlation.T)).min() > -1e-7


@pytest.mark.parametrize("cells", [1, 2, 40])
def test_other_numbers_of_cells(cells: int) -> None:
    known = KnownString(stages=(CHARGE, DEEP, REST), cells=cells)
    course = course_of(known)
    state, minutes, board = estimated(known, course.samples)
    track = board.get(SocTrack)
    error = track.soc_fraction - truth_at(course, minutes)
    assert np.abs(error[track.full_count > 0]).max() < 0.015
    assert_covariances(state)


def without(samples: SampleBlock, what: str) -> SampleBlock:
    """The log with something missing."""
    voltage = samples.cell_voltage_volt.copy()
    time = samples.unix_time_second
    nothing = np.full(len(samples), np.nan)
    if what == "one cell":
        voltage[:, 3] = np.nan
    elif what == "all cells for hours":
        voltage[(time > START + 20000.0) & (time < START + 40000.0)] = np.nan
    elif what == "every other reading":
        voltage[::2, ::2] = np.nan
    elif what == "temperature":
        return dataclasses.replace(samples, temperature_celsius=np.full((len(samples), 1), np.nan))
    elif what == "current for hours":
        nothing = np.where((time > START + 20000.0) & (time < START + 26000.0), np.nan, samples.current_ampere)
        return dataclasses.replace(samples, current_ampere=nothing)
    elif what == "rows for twenty minutes":
        kept = (time < START + 31000.0) | (time > START + 32200.0)
        return rows_of(samples, kept)
    return dataclasses.replace(samples, cell_voltage_volt=voltage)


def rows_of(samples: SampleBlock, kept: NDArray[np.bool_]) -> SampleBlock:
    values = {field.name: getattr(samples, field.name) for field in dataclasses.fields(SampleBlock)}
    return dataclasses.replace(samples, **{name: value[kept] for name, value in values.items() if value is not None})


@pytest.mark.parametrize(
    "what",
    [
        "one cell",
        "all cells for hours",
        "every other reading",
        "temperature",
        "current for hours",
        "rows for twenty minutes",
    ],
)
def test_missing_values_leave_the_other_estimates_right(what: str) -> None:
    course, _, _, _ = cycled()
    state, minutes, board = estimated(CYCLED, without(course.samples, what))
    track, truth = board.get(SocTrack), truth_at(course, minutes)
    inside = (track.soc_low_fraction <= truth) & (truth <= track.soc_high_fraction)
    seen = np.arange(16) != 3 if what == "one cell" else np.full(16, True)  # noqa: FBT003
    given = np.stack([np.isfinite(track.soc_fraction), np.isfinite(track.soc_low_fraction)])
    assert (given[:, 2:] == seen).all(), "a cell that was never read has no charge, not its neighbours'"
    assert np.abs(track.soc_fraction - truth)[-1, seen].max() < 0.02
    assert inside[:, seen].mean() > 0.93
    assert_covariances(state)


def test_a_cell_has_a_charge_from_its_first_reading_on() -> None:
    course, _, _, _ = cycled()
    late = course.samples.cell_voltage_volt.copy()
    late[: len(late) // 2, 3] = np.nan
    _, minutes, board = estimated(CYCLED, dataclasses.replace(course.samples, cell_voltage_volt=late))
    given = np.isfinite(board.get(SocTrack).soc_fraction)
    first = int(np.argmax(given[:, 3]))
    assert np.isfinite(minutes.voltage_volt[first, 3])
    assert not np.isfinite(minutes.voltage_volt[:first, 3]).any()
    assert first > 0
    assert given[first:].all()


def test_without_current_the_present_voltage_gives_a_wide_answer() -> None:
    course, _, _, _ = cycled()
    silent = dataclasses.replace(course.samples, current_ampere=np.full(len(course.samples), np.nan))
    state, minutes, board = estimated(CYCLED, silent)
    track, truth = board.get(SocTrack), truth_at(course, minutes)
    assert np.isfinite(track.soc_fraction).all()
    inside = (track.soc_low_fraction <= truth) & (truth <= track.soc_high_fraction)
    assert inside.mean() > 0.8
    assert np.median(track.soc_high_fraction - track.soc_low_fraction) > 0.15
    assert (track.full_count == 0).all()
    assert np.isnan(board.get(CapacityTrack).informed_unix_time_second).all()
    assert_covariances(state)


def test_an_offset_of_the_current_that_comes_later_is_taken_at_once_when_the_pack_idles() -> None:
    """Beyond the errors of both it is another offset: no mean of what it was and what it is."""
    known = KnownString(stages=(CHARGE, DEEP, REST, Stage(1.0, -20.0), Stage(2.0, 0.0)))
    course = course_of(known)
    samples, jump_ampere = course.samples, 0.2
    late = samples.unix_time_second > START + 14.0 * 3600.0
    moved = dataclasses.replace(samples, current_ampere=samples.current_ampere + np.where(late, jump_ampere, 0.0))
    _, _, board = estimated(known, moved)
    assert board.get(CurrentOffsetTrack).current_offset_ampere[-1] == pytest.approx(jump_ampere, abs=0.02)


GAPPED = KnownString(stages=(CHARGE, DEEP, REST, Stage(2.2, 20.0), REST, Stage(1.6, -26.0), REST))


@pytest.mark.parametrize(
    "hidden",
    [(8.5, 11.5), (13.5, 16.5)],
    ids=["a discharge", "a charge"],
)
def test_charge_that_flowed_while_nothing_was_logged_is_found_again(hidden: tuple[float, float]) -> None:
    """After hours without a row the voltage counts, not what had been counted; until it tells, the answer is wide."""
    course = course_of(GAPPED)
    hour = (course.samples.unix_time_second - START) / 3600.0
    seen = (hour < hidden[0]) | (hour > hidden[1])
    _, minutes, board = estimated(GAPPED, rows_of(course.samples, seen))
    soc = board.get(SocTrack)
    after = minutes.unix_time_second > START + 3600.0 * hidden[1]
    true = truth_at(course, minutes)[after]
    held = (soc.soc_low_fraction[after] <= true) & (true <= soc.soc_high_fraction[after])
    assert held.mean() > 0.9
    assert np.abs(soc.soc_fraction[after] - true)[-60:].max() < 0.05


@settings(max_examples=15)
@given(seed=st.integers(0, 2**32 - 1), cells=st.integers(1, 5))
def test_random_readings_break_nothing(seed: int, cells: int) -> None:
    random = np.random.default_rng(seed)
    count = 300
    time = START + np.cumsum(random.choice([10.0, 60.0, 400.0, 5000.0], count))
    level = random.uniform(2.0, 4.2, (count, cells))
    level[random.random((count, cells)) < 0.2] = np.nan
    current = random.uniform(-100.0, 100.0, count)
    current[random.random(count) < 0.1] = np.nan
    known = KnownString(stages=(), cells=cells)
    samples = SampleBlock(
        unix_time_second=time,
        current_ampere=current,
        pack_voltage_volt=np.full(count, np.nan),
        cell_voltage_volt=level,
        temperature_celsius=random.uniform(-20.0, 60.0, (count, 1)),
        ambient_temperature_celsius=np.full(count, np.nan),
        balancing_fraction=random.random((count, cells)),
    )
    state, minutes, board = estimated(known, samples)
    track = board.get(SocTrack)
    read = np.logical_or.accumulate(np.isfinite(minutes.voltage_volt), axis=0)
    for values in (track.soc_fraction, track.soc_low_fraction, track.soc_high_fraction):
        assert ((values >= 0.0) & (values <= 1.0))[read].all()
        assert np.isnan(values[~read]).all()
    assert (track.soc_low_fraction <= track.soc_high_fraction)[read].all()
    assert_covariances(state)


def test_a_charge_beyond_full_is_given_up() -> None:
    _, _, minutes, _ = cycled()
    context = string_context(CYCLED)
    capacity = context.pack.nominal_capacity_ah
    charging = int(np.flatnonzero(minutes.current_ampere > 0.1 * capacity)[-30])
    state = advanced(ESTIMATOR.initial(context), minutes.rows(0, charging))
    state.x[:, central_cell.DEFICIT] = -0.07 * capacity
    state.p[:, central_cell.DEFICIT, central_cell.DEFICIT] = 1e-4 * capacity**2
    assert state.scalars[ANCHORED] == 1.0
    assert advanced(state, minutes.rows(charging, charging + 1)).scalars[ANCHORED] == 0.0


def advanced(state: ChargeArrays, minutes: MinuteBlock) -> ChargeArrays:
    """The state after these minutes, without edges."""
    later: ChargeArrays = ESTIMATOR.step(state, minutes, no_edges(), Board(), string_context(CYCLED))
    return later


def no_edges() -> EdgeBlock:
    """A block without an edge."""
    nothing = np.zeros(0)
    return EdgeBlock(
        unix_time_second=nothing,
        minute_row=np.zeros(0, dtype=np.int64),
        elapsed_second=nothing,
        elapsed_tolerance_second=nothing,
        current_before_ampere=nothing,
        current_after_ampere=nothing,
        voltage_before_volt=np.zeros((0, 16)),
        voltage_after_volt=np.zeros((0, 16)),
        steady_second=nothing,
    )


def test_a_cell_that_its_count_led_down_is_found_again_while_the_string_rests_on_the_knee() -> None:
    known = KnownString(stages=(CHARGE, Stage(8.0, 20.0)), cells=4, soc_fraction=0.8)
    context, course = string_context(known), course_of(known)
    minutes, _ = minutes_of(course.samples, context)
    state = ESTIMATOR.step(ESTIMATOR.initial(context), minutes.rows(0, 720), no_edges(), Board(), context)
    state.y[1, cell_difference.DIFFERENCE] += 10.0
    board = Board()
    later = ESTIMATOR.step(state, minutes.rows(720, len(minutes)), no_edges(), board, context)
    track = board.get(SocTrack)
    apart = course.soc_fraction[-1] - course.soc_fraction[-1, 0]
    assert track.soc_fraction[-1] - track.soc_fraction[-1, 0] == pytest.approx(apart, abs=0.002)
    assert later.memory_y[:, cell_difference.LOCATED].all()


@settings(max_examples=8)
@given(bounds=st.lists(st.integers(0, 1320), max_size=12))
def test_the_result_does_not_depend_on_where_minutes_are_cut(bounds: list[int]) -> None:
    _, whole, minutes, board = cycled()
    context = string_context(CYCLED)
    edges = no_edges()
    state, parts = ESTIMATOR.initial(context), []
    marks = [0, *sorted(min(bound, len(minutes)) for bound in bounds), len(minutes)]
    for begin, end in itertools.pairwise(marks):
        part = Board()
        state = ESTIMATOR.step(state, minutes.rows(begin, end), edges, part, context)
        parts.append(part)
    for kind in ESTIMATOR.gives:
        for field in dataclasses.fields(kind):
            joined = np.concatenate([getattr(part.get(kind), field.name) for part in parts])
            np.testing.assert_array_equal(joined, getattr(board.get(kind), field.name), err_msg=field.name)
    for mine, other in zip(state, whole, strict=True):
        np.testing.assert_array_equal(mine, other)
