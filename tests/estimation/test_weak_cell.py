"""A weak cell: no prior of sound ones holds it back, and none is made of a sound cell or of one that lags behind."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation import cell_difference as cd
from cellwarden.estimation.weak_cell import BEHIND, RATIO_SIGMA, is_behind, weigh_weakness

CAPACITY_AH = 100.0
GRID = np.linspace(0.0, 1.0, 501)
CURVE = 3.25 + 0.08 * GRID - 0.5 * np.exp(-GRID / 0.03) + 0.25 * np.exp(-(1.0 - GRID) / 0.004)
SIGMA = np.array([0.5, 5e-3, RATIO_SIGMA, 0.0005, 0.05, 0.001])


def discharged(
    ratio: float, *, behind: bool = False, site: float = 0.0, deepest_ah: float = 78.0
) -> tuple[FloatArray, FloatArray]:
    """State and covariance of a cell of that relative capacity after one discharge down to its lower knee."""
    y, p, memory = np.zeros(cd.STATES), np.diag(SIGMA**2), np.zeros(cd.MEMORY)
    memory[cd.LOCATED] = memory[cd.STARTED] = 1.0
    memory[cd.SITE], memory[cd.SITE + BEHIND] = site, float(behind)
    work = np.empty((2, cd.STATES))
    for deficit in np.arange(12.0, deepest_ah, 0.3):
        own, central = np.interp([1.0 - deficit / (CAPACITY_AH * ratio), 1.0 - deficit / CAPACITY_AH], GRID, CURVE)
        place = (deficit, 0.0, 0.0, CAPACITY_AH, 0.0, 0.001, 0.0, own - central, 60.0, 0.0)
        cd.correct_difference(y, p, memory, CURVE, CURVE, -1.0, *place, work)
    return y, p


@given(st.floats(0.76, 0.84))
@settings(max_examples=10, deadline=None)
def test_a_weak_cell_that_reaches_its_knee_is_told_by_all_that_it_lacks(ratio: float) -> None:
    y, p = discharged(ratio)
    error = y[cd.LN_RATIO] - np.log(ratio)
    assert abs(error) < 0.05 * abs(np.log(ratio))
    assert abs(error) < 4.0 * np.sqrt(p[cd.LN_RATIO, cd.LN_RATIO])


def test_a_cell_that_lagged_behind_when_the_others_were_full_is_held_by_what_sound_ones_are_like_alone() -> None:
    sound, _ = discharged(0.8, site=np.inf, deepest_ah=74.0)  # one Gaussian is all that is known beforehand
    lagging, _ = discharged(0.8, behind=True, deepest_ah=74.0)
    weak, _ = discharged(0.8, deepest_ah=74.0)
    np.testing.assert_array_equal(lagging, sound)
    assert lagging[cd.LN_RATIO] > 0.85 * weak[cd.LN_RATIO]  # both negative


@pytest.mark.parametrize(("reading_volt", "behind"), [(-0.05, 1.0), (0.0, 0.0)])
def test_a_cell_that_is_off_the_knee_at_a_full_charge_is_remembered_as_behind(
    reading_volt: float, behind: float
) -> None:
    y, p, memory = np.zeros(cd.STATES), np.diag(SIGMA**2), np.zeros(cd.MEMORY)
    memory[cd.LOCATED] = memory[cd.STARTED] = 1.0
    memory[cd.SITE + BEHIND] = 1.0 - behind
    place = (0.1, 0.0, 0.0, CAPACITY_AH, 0.0, 0.001, 0.0, reading_volt, 60.0, 0.0)
    cd.correct_difference(y, p, memory, CURVE, CURVE, -1.0, *place, np.empty((2, cd.STATES)))
    assert memory[cd.SITE + BEHIND] == behind


@pytest.mark.parametrize("left", [0.8, 0.85, 0.9])
def test_a_capacity_that_was_lost_within_a_log_is_followed_at_the_next_deep_discharge(left: float) -> None:
    y, p, memory = np.zeros(cd.STATES), np.diag(SIGMA**2), np.zeros(cd.MEMORY)
    memory[cd.LOCATED] = memory[cd.STARTED] = 1.0
    work = np.empty((2, cd.STATES))
    for ratio in (1.0,) * 6 + (left,):
        for deficit in np.concatenate((np.arange(0.0, 1.2, 0.1), np.arange(12.0, 97.5 * ratio, 0.3))):
            own, central = np.interp([1.0 - deficit / (CAPACITY_AH * ratio), 1.0 - deficit / CAPACITY_AH], GRID, CURVE)
            place = (deficit, 0.0, 0.0, CAPACITY_AH, 0.0, 0.001, 0.0, own - central, 180.0, 0.0)
            cd.correct_difference(y, p, memory, CURVE, CURVE, -1.0, *place, work)
        if ratio == 1.0:
            assert abs(y[cd.LN_RATIO]) < 0.005
    assert y[cd.LN_RATIO] == pytest.approx(np.log(left), rel=0.2)


@given(st.floats(-0.02, 0.02), st.floats(0.003, 0.02))
def test_a_sound_cell_stays_as_it_is(ln_ratio: float, sigma: float) -> None:
    prior = 1.0 / (1.0 / RATIO_SIGMA**2 + 1.0 / sigma**2)
    y, p, site = np.array([ln_ratio]), np.array([[prior]]), np.array([RATIO_SIGMA**-2, 0.0])
    for _ in range(5):
        weigh_weakness(y, p, 0, site)
    assert y[0] == pytest.approx(ln_ratio, abs=0.2 * np.sqrt(prior))
    assert p[0, 0] < 1.2**2 * prior


@given(st.floats(-0.3, 0.1))
def test_before_the_log_says_anything_one_gaussian_stands(ln_ratio: float) -> None:
    y, p, site = np.array([ln_ratio]), np.array([[RATIO_SIGMA**2]]), np.array([RATIO_SIGMA**-2, 0.0])
    weigh_weakness(y, p, 0, site)
    assert (y[0], p[0, 0]) == (ln_ratio, RATIO_SIGMA**2)


@pytest.mark.parametrize(
    ("soc", "seen_volt", "behind"),
    [(0.9, -0.02, True), (0.995, -0.02, False), (0.995, -0.05, True), (0.9, -0.01, False)],
)
def test_a_cell_is_behind_that_is_not_on_the_knee_of_the_others(soc: float, seen_volt: float, *, behind: bool) -> None:
    assert is_behind(CURVE, float(np.interp(soc, GRID, CURVE)), seen_volt) == behind
