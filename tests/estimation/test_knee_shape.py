"""The knee's shape from cells that are bled: strings whose curve ends exponentially, or as a logarithm."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.knee_shape import (
    BRANCH_VOLT,
    CELL_SLOTS,
    FORM_FLOOR,
    FORM_SHARE,
    KNEE_SLOTS,
    READINGS,
    begin_again,
    initial_shapes,
    missing_to_full,
    watch_knee,
)

Curve = Callable[[FloatArray], FloatArray]
BLED_AH_PER_HOUR, CAPACITY_AH, HOURS = 0.06, 100.0, 30


def exponential(missing: FloatArray) -> FloatArray:
    """LFP after Afshar: 3.65 V when full, its excess over 3.33 V falls by e in 0.9 % of charge."""
    return np.asarray(3.33 + 0.32 * np.exp(-missing / 0.009))


def logarithmic(missing: FloatArray) -> FloatArray:
    """LFP that ends as a solid solution: 3.65 V when full."""
    return np.asarray(3.35 + 0.045 * np.log(1.0 + 0.02 / (missing + 0.02 / (np.exp(0.30 / 0.045) - 1.0))))


def watched(curve: Curve, bleeds: FloatArray, spread: FloatArray, zero_ampere: float = 0.0) -> tuple[FloatArray, int]:
    """Shapes, and the readings that they rest on, of a string at rest: the cells lack 0.5 % and `spread` to full.

    `bleeds` (n,) is the share of the time for which each is bled; the current reads `zero_ampere` where none flows.
    """
    shapes, knee, cells = initial_shapes(), np.zeros(KNEE_SLOTS), np.zeros((len(spread), CELL_SLOTS))
    noise = np.random.default_rng(4)
    missing = 0.005 + spread
    for _ in range(HOURS * 60):
        lost = bleeds * BLED_AH_PER_HOUR / 60.0
        missing = missing + lost / CAPACITY_AH
        volt = np.round(curve(missing) + 1e-3 * noise.standard_normal(len(spread)), 3)
        middle = float(np.median(lost))
        string = middle - zero_ampere / 60.0
        watch_knee(shapes, knee, cells, volt, lost - middle, float(np.median(volt)), string, 0.05, CAPACITY_AH)
    return shapes, int(knee[READINGS])


BLEEDS = np.array([1.0, 0.7, 0.3, 0.15, 0.1, 0.05, 0.0, 0.0])
SPREAD = np.array([-0.0035, -0.002, -0.001, 0.0, 0.0, 0.0005, 0.001, 0.001])


@pytest.mark.parametrize("curve", [exponential, logarithmic])
def test_what_is_missing_to_full_is_learnt_whatever_form_the_knee_has(curve: Curve) -> None:
    shapes, readings = watched(curve, BLEEDS, SPREAD)
    assert readings > 5
    missing = np.linspace(0.002, 0.012, 11)
    for true, volt in zip(missing, curve(missing), strict=True):
        if 3.405 < volt < 3.45:
            said, sigma = missing_to_full(shapes, float(volt))
            assert abs(said - true) < 2.5 * sigma
            assert sigma < missing_to_full(initial_shapes(), float(volt))[1]


def test_it_does_not_hang_on_the_zero_of_the_current() -> None:
    there, _ = watched(logarithmic, BLEEDS, SPREAD)
    off, _ = watched(logarithmic, BLEEDS, SPREAD, zero_ampere=0.04)
    here, sigma = missing_to_full(there, 3.42)
    assert abs(missing_to_full(off, 3.42)[0] - here) < sigma


def test_cells_that_nobody_bleeds_tell_nothing() -> None:
    shapes, readings = watched(logarithmic, np.zeros(8), SPREAD)
    assert readings == 0
    assert np.array_equal(shapes, initial_shapes())


def test_a_reading_that_stands_still_rules_out_nothing_for_good() -> None:
    frozen = np.where(np.arange(8) == 0, np.nan, SPREAD)
    shapes, _ = watched(logarithmic, BLEEDS, frozen)
    assert np.isfinite(shapes).all()


@settings(max_examples=40, deadline=None)
@given(st.floats(3.40, 3.55), st.floats(0.001, 0.02))
def test_less_is_missing_at_a_higher_voltage_and_the_sigma_is_positive(volt: float, higher: float) -> None:
    shapes = initial_shapes()
    low, low_sigma = missing_to_full(shapes, volt)
    high, high_sigma = missing_to_full(shapes, volt + higher)
    assert 0.0 < high < low
    assert 0.0 < high_sigma <= low_sigma


def test_a_load_ends_what_was_begun_but_keeps_what_was_learnt() -> None:
    knee, cells = np.ones(KNEE_SLOTS), np.ones((3, CELL_SLOTS))
    begin_again(knee, cells)
    assert not cells.any()
    assert np.array_equal(np.flatnonzero(knee), [READINGS])


def test_a_shape_that_is_known_leaves_where_between_its_branches_a_cell_floats() -> None:
    sure = np.full(initial_shapes().shape, -1e3)
    sure[12, 9] = 0.0
    volt, step = 3.42, 1e-4
    said, sigma = missing_to_full(sure, volt)
    slope = (missing_to_full(sure, volt - step)[0] - missing_to_full(sure, volt + step)[0]) / (2.0 * step)
    left = np.sqrt((FORM_SHARE * said) ** 2 + FORM_FLOOR**2)
    assert sigma == pytest.approx(np.hypot(left, slope * BRANCH_VOLT), rel=1e-4)


def test_what_is_missing_is_not_drawn_to_wide_knees() -> None:
    """Within a twentieth, where falls were seen; a prior of the width alone has a sigma of three fifths."""
    shapes, _ = watched(logarithmic, BLEEDS, SPREAD)
    missing = np.linspace(0.003, 0.009, 13)
    said = [missing_to_full(shapes, float(volt))[0] for volt in logarithmic(missing)]
    assert said == pytest.approx(missing.tolist(), rel=0.05)


def test_half_and_twice_as_much_are_as_likely() -> None:
    shapes = np.full(initial_shapes().shape, -1e3)
    shapes[6, 9] = 0.0
    narrow, _ = missing_to_full(shapes, 3.42)
    shapes[12, 9] = 0.0
    both, _ = missing_to_full(shapes, 3.42)
    shapes[6, 9] = -1e3
    wide, _ = missing_to_full(shapes, 3.42)
    assert wide > 2.0 * narrow
    assert both == pytest.approx(np.sqrt(narrow * wide))
