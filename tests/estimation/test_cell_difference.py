"""A cell against the central one: steps that are sharper than the learnt curve, and what a first full charge undoes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation import cell_difference as cd
from cellwarden.estimation.weak_cell import BALANCE_SOC_SIGMA, SITE_SLOTS, SLOPE_DOUBT

CAPACITY_AH, STEP_SOC, HEIGHT_VOLT = 100.0, 0.55, 0.02
GRID = np.linspace(0.0, 1.0, 501)
SIGMA = np.array([0.5, 1e-4, 0.05, 0.0005, 0.05, 0.001])


def step_curve(width_soc: float, at_soc: float = STEP_SOC) -> FloatArray:
    """A plateau with one step of that width."""
    return 3.3 + 0.03 * GRID + HEIGHT_VOLT / (1.0 + np.exp(-(GRID - at_soc) / (0.25 * width_soc)))


def after_the_step(
    ratio: float, width_soc: float, step_volt: float, learnt_soc: float = STEP_SOC
) -> tuple[FloatArray, FloatArray]:
    """State and covariance after a discharge to 40 %, read each 0.3 %, by a curve that is learnt as a broad step."""
    y, p, memory = np.zeros(cd.STATES), np.diag(SIGMA**2), np.zeros(cd.MEMORY)
    memory[cd.LOCATED] = memory[cd.STARTED] = 1.0
    memory[cd.SITE] = np.inf  # one Gaussian is all that is known beforehand
    learnt, true, work = step_curve(0.10, learnt_soc), step_curve(width_soc), np.empty((2, cd.STATES))
    for deficit in np.arange(5.0, 60.0, 0.3):
        own, central = np.interp([1.0 - deficit / (CAPACITY_AH * ratio), 1.0 - deficit / CAPACITY_AH], GRID, true)
        place = (deficit, 0.0, 0.0, CAPACITY_AH, 0.0, 0.002, step_volt, own - central, 60.0, 0.0)
        cd.correct_difference(y, p, memory, learnt, learnt, -1.0, *place, work)
    return y, p


@given(st.floats(0.985, 1.015))
@settings(max_examples=25, deadline=None)
def test_a_step_that_is_sharper_than_it_was_learnt_bends_no_capacity(ratio: float) -> None:
    y, p = after_the_step(ratio, 0.004, 0.03)
    error = abs(y[cd.LN_RATIO] - np.log(ratio))
    assert error < 0.02
    assert error < 2.0 * np.sqrt(p[cd.LN_RATIO, cd.LN_RATIO])


@given(st.sampled_from((0.985, 0.99, 1.01, 1.015)), st.floats(0.53, 0.59))
@settings(max_examples=20, deadline=None)
def test_without_that_doubt_a_capacity_is_farther_off_and_called_surer(ratio: float, learnt_soc: float) -> None:
    doubted, p_doubted = after_the_step(ratio, 0.004, 0.03, learnt_soc)
    sure, p_sure = after_the_step(ratio, 0.004, 0.0, learnt_soc)
    assert abs(doubted[cd.LN_RATIO] - np.log(ratio)) < abs(sure[cd.LN_RATIO] - np.log(ratio))
    assert p_doubted[cd.LN_RATIO, cd.LN_RATIO] > p_sure[cd.LN_RATIO, cd.LN_RATIO]


def test_a_weak_cell_is_still_seen_at_a_broad_step() -> None:
    y, _ = after_the_step(0.92, 0.10, 0.03)
    assert y[cd.LN_RATIO] < 0.5 * np.log(0.92)


def test_no_number_of_passes_tells_a_capacity_better_than_the_steps_of_two_cells_are_alike() -> None:
    y, p, memory = np.zeros(cd.STATES), np.diag(SIGMA**2), np.zeros(cd.MEMORY)
    memory[cd.LOCATED] = memory[cd.STARTED] = 1.0
    learnt, work = step_curve(0.06), np.empty((2, cd.STATES))
    for deficit in np.tile(np.arange(12.0, 60.0, 0.3), 30):
        cd.correct_difference(
            y, p, memory, learnt, learnt, -1.0, deficit, 0.0, 0.0, 100.0, 0.0, 0.002, 0.03, 0.0, 60.0, 0.0, work
        )
    assert np.sqrt(p[cd.LN_RATIO, cd.LN_RATIO]) > 0.9 * BALANCE_SOC_SIGMA / 0.6


@given(st.floats(-0.02, 0.02), st.sampled_from((0.97, 1.03)))
@settings(max_examples=20, deadline=None)
def test_a_knee_whose_place_is_not_known_tells_a_capacity_within_what_it_says(miss_soc: float, ratio: float) -> None:
    y, p, memory = np.zeros(cd.STATES), np.diag(SIGMA**2), np.zeros(cd.MEMORY)
    memory[cd.LOCATED] = memory[cd.STARTED] = 1.0
    knee, work = 3.2 + 0.1 * GRID - 0.5 * np.exp(-GRID / 0.03), np.empty((2, cd.STATES))
    for deficit in np.arange(88.0, 95.0, 0.3):
        own, central = np.interp([1.0 - deficit / (CAPACITY_AH * ratio), 1.0 - deficit / CAPACITY_AH], GRID, knee)
        place = (deficit + CAPACITY_AH * miss_soc, 0.0, 0.02, CAPACITY_AH, 0.0, 0.002, 0.0, own - central, 60.0, 0.0)
        cd.correct_difference(y, p, memory, knee, knee, -1.0, *place, work)
    sigma = np.sqrt(p[cd.LN_RATIO, cd.LN_RATIO])
    assert abs(y[cd.LN_RATIO] - np.log(ratio)) < 3.0 * sigma
    assert sigma < 0.7 * SIGMA[cd.LN_RATIO]


def ratio_read_under_load(ratio: float, told: float) -> float:
    """Ratio of a cell that is read in the lower knee while its surface is 2 % emptier; `told` of it goes in."""
    y, p, memory = np.zeros(cd.STATES), np.diag(SIGMA**2), np.zeros(cd.MEMORY)
    memory[cd.LOCATED] = memory[cd.STARTED] = 1.0
    memory[cd.SITE] = np.inf  # one Gaussian is all that is known beforehand
    knee, work = 3.2 + 0.1 * GRID - 0.5 * np.exp(-GRID / 0.04), np.empty((2, cd.STATES))
    for deficit in np.arange(80.0, 90.0, 0.3):
        soc = 0.98 - deficit / (CAPACITY_AH * np.array([ratio, 1.0]))
        own, central = np.interp(soc, GRID, knee)
        place = (deficit, 0.02 * told, 0.0, CAPACITY_AH, 0.0, 0.0005, 0.0, own - central, 60.0, 0.0)
        cd.correct_difference(y, p, memory, knee, knee, -1.0, *place, work)
    return float(np.exp(y[cd.LN_RATIO]))


@given(st.sampled_from((0.97, 0.98, 1.02, 1.03)))
@settings(max_examples=4, deadline=None)
def test_cells_under_load_differ_as_the_curve_does_where_their_surfaces_stand(ratio: float) -> None:
    at_surface, at_mean = ratio_read_under_load(ratio, 1.0), ratio_read_under_load(ratio, 0.0)
    assert at_surface - 1.0 == pytest.approx(ratio - 1.0, rel=0.15)
    assert abs(at_mean - 1.0) > 1.25 * abs(ratio - 1.0)


def test_a_cell_is_found_under_load_where_its_surface_reads() -> None:
    """Of a string that is above the lower knee by its mean charge while its surfaces, 2 % emptier, stand in it."""
    y, p, memory = np.zeros(cd.STATES), np.diag(SIGMA**2), np.zeros(cd.MEMORY)
    memory[cd.STARTED] = 1.0
    knee, work = 3.2 + 0.1 * GRID - 0.5 * np.exp(-GRID / 0.04), np.empty((2, cd.STATES))
    own, central = np.interp([0.056, 0.06], GRID, knee)
    place = (92.0, 0.02, 0.0, CAPACITY_AH, 0.0, 0.0005, 0.0, own - central, 60.0, 0.0)
    cd.correct_difference(y, p, memory, knee, knee, -1.0, *place, work)
    assert memory[cd.LOCATED] == 1.0
    surface = 0.98 - (92.0 + y[cd.DIFFERENCE]) / (CAPACITY_AH * np.exp(y[cd.LN_RATIO]))
    assert surface == pytest.approx(0.056, abs=0.0015)


def test_a_relocated_cell_keeps_its_reading_offset_alone() -> None:
    y, p, memory = np.full(cd.STATES, 0.01), np.full((cd.STATES, cd.STATES), 1e-6), np.ones(cd.MEMORY)
    cd.relocate_difference(y, p, memory, SIGMA)
    kept = np.zeros(cd.STATES)
    kept[cd.READING_OFFSET] = 0.01
    np.testing.assert_array_equal(y, kept)
    variance = SIGMA**2
    variance[cd.READING_OFFSET] = 1e-6
    np.testing.assert_array_equal(p, np.diag(variance))
    assert memory[cd.LOCATED] == 0.0
    assert not memory[cd.SITE : cd.SITE + SITE_SLOTS].any()  # nor what was doubted of its capacity before


def weak_cell_read_by_a_curve(curve_sigma_volt: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """State, covariance and memory of a cell with 12 % less, after ten discharges over a slope learnt too flat."""
    y, p, memory = np.zeros(cd.STATES), np.diag(SIGMA**2), np.zeros(cd.MEMORY)
    memory[cd.LOCATED] = memory[cd.STARTED] = 1.0
    learnt, work = 3.2 + 0.12 * GRID, np.empty((2, cd.STATES))
    for _ in range(10):
        for deficit in np.arange(15.0, 60.0, 1.0):
            apart = 0.2 * (deficit / CAPACITY_AH - deficit / (0.88 * CAPACITY_AH))  # on a slope of 0.2 V
            place = (deficit, 0.0, 0.0, CAPACITY_AH, 0.0, curve_sigma_volt, 0.0, apart, 60.0, 0.0)
            cd.correct_difference(y, p, memory, learnt, learnt, -1.0, *place, work)
    return y, p, memory


def test_passes_that_repeat_the_error_of_a_slope_make_a_capacity_no_surer_than_the_slope() -> None:
    y, p, memory = weak_cell_read_by_a_curve(0.003)
    miss = abs(y[cd.LN_RATIO] - np.log(0.88))
    slope_share = 0.003 / cd.CURVE_SOC_SPAN / 0.12
    assert memory[cd.SITE + SLOPE_DOUBT] == pytest.approx(slope_share, rel=0.15)  # all but the start
    assert miss > 2.0 * np.sqrt(p[cd.LN_RATIO, cd.LN_RATIO])  # what the filter alone believes
    assert miss < 2.0 * np.sqrt(cd.ratio_variance(y, p, memory))
    assert np.sqrt(cd.ratio_variance(y, p, memory)) < 1.5 * memory[cd.SITE + SLOPE_DOUBT] * abs(y[cd.LN_RATIO])


@pytest.mark.parametrize("drift_volt", [0.012, -0.012])
def test_what_a_reading_drifts_by_in_a_rest_on_the_plateau_is_the_curves_and_not_the_sensors(drift_volt: float) -> None:
    """A cell that stands at its own step relaxes otherwise than the others, for hours."""
    sigma = np.where(np.arange(cd.STATES) == cd.READING_OFFSET, 0.0025, SIGMA)
    y, p, memory = np.zeros(cd.STATES), np.diag(sigma**2), np.zeros(cd.MEMORY)
    memory[cd.LOCATED] = memory[cd.STARTED] = 1.0
    learnt, work, noise = step_curve(0.10), np.empty((2, cd.STATES)), np.random.default_rng(4)
    down, rest = np.arange(5.0, 25.0, 0.4), np.full(96, 25.0)
    for row, deficit in enumerate(np.concatenate([down, rest])):
        second = max(row - len(down), 0) * 300.0
        reading = drift_volt * min(second / 14400.0, 1.0) + 0.0003 * noise.standard_normal()
        place = (deficit, 0.0, 0.0, CAPACITY_AH, 0.0, 0.002, 0.0, reading, 300.0, second)
        cd.correct_difference(y, p, memory, learnt, learnt, -1.0, *place, work)
    assert abs(y[cd.READING_OFFSET]) < 0.003
    assert y[cd.READING_OFFSET] + y[cd.BETA] == pytest.approx(drift_volt, abs=0.002)


KNEE = 3.2 + 0.1 * GRID - 0.7 * np.exp(-GRID / 0.03)


def read_as(readings: list[float], located: float = 1.0, difference: float = 0.0) -> tuple[FloatArray, FloatArray]:
    """State and memory of a cell that leaks 20 mA and is read so far from the median, a row each five minutes [V]."""
    y, p, memory = np.zeros(cd.STATES), np.diag(SIGMA**2), np.zeros(cd.MEMORY)
    memory[cd.LOCATED], memory[cd.STARTED] = located, 1.0
    y[cd.DIFFERENCE], y[cd.LEAK] = difference, 0.02
    work = np.empty((2, cd.STATES))
    for reading in readings:
        place = (5.0, 0.0, 0.0, CAPACITY_AH, 0.0, 0.002, 0.03, reading, 300.0, 7200.0)
        cd.correct_difference(y, p, memory, KNEE, KNEE, -1.0, *place, work)
    return y, memory


@pytest.mark.parametrize("located", [0.0, 1.0])
def test_what_a_dead_cell_reads_tells_that_it_is_empty_and_nothing_of_its_leak(located: float) -> None:
    """It falls through the foot of its curve to nought within hours, whatever little it has lost meanwhile."""
    y, _ = read_as([-1.5] + 20 * [-3.3], located, 97.0)
    assert y[cd.DIFFERENCE] == pytest.approx(CAPACITY_AH - 5.0)
    assert y[cd.LEAK] == 0.02


def test_a_wire_that_comes_loose_for_some_minutes_empties_no_cell() -> None:
    y, _ = read_as([0.0, -2.0, -2.0] + 20 * [0.0])
    assert abs(y[cd.DIFFERENCE]) < 0.5


def test_a_channel_that_was_dead_for_hours_and_reads_again_is_found_anew() -> None:
    y, memory = read_as([0.0] + 40 * [-2.0])
    assert y[cd.DIFFERENCE] == pytest.approx(CAPACITY_AH - 5.0)
    y, memory = read_as([0.0] + 40 * [-2.0] + 20 * [0.0])
    assert abs(y[cd.DIFFERENCE]) < 2.0
    assert memory[cd.DEAD] == 0.0
