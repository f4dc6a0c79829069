"""Offsets of readings: a common middle that a fault does not move, and guesses no bolder than the data."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.reading_offset import common_offset, offset_of_reading, spread_of_offsets


def _guesses(offset: FloatArray, sigma: float) -> FloatArray:
    centre = common_offset(offset)
    spread = spread_of_offsets(offset, centre)
    return np.array([offset_of_reading(value - centre, sigma**2, spread) for value in offset])


def test_without_outliers_the_middle_is_the_mean_and_the_spread_the_standard_deviation() -> None:
    offset = np.array([-1.0, -0.6, 0.1, 0.4, 1.6])
    assert common_offset(offset) == pytest.approx(offset.mean())
    assert spread_of_offsets(offset, 0.1) == pytest.approx(offset.std())


def test_a_fault_moves_neither_much_and_stays_as_it_is() -> None:
    offset = np.random.default_rng(4).normal(0.0, 1.0, 16)
    centre = common_offset(offset)
    offset[3] = 30.0
    assert common_offset(offset) == pytest.approx(centre, abs=0.5)
    assert spread_of_offsets(offset, centre) < 2.0
    assert _guesses(offset, 0.8)[3] == pytest.approx(30.0 - common_offset(offset))


def test_what_is_sure_is_kept_and_what_is_not_is_drawn_towards_none() -> None:
    assert offset_of_reading(1.5, 0.0, 1.0) == pytest.approx(1.5)
    assert offset_of_reading(1.5, 0.5, 1.0) == pytest.approx(0.75)
    assert 0.0 < offset_of_reading(1.5, 5.0, 1.0) < 0.5
    assert offset_of_reading(0.2, 1.0, 0.0) == 0.2  # a pack of one cell has no spread


@pytest.mark.parametrize(("true_sigma", "sigma", "most"), [(1.0, 0.7, 0.65), (0.2, 1.0, 0.4), (1.0, 0.1, 0.29)])
def test_guesses_err_less_than_the_filter_and_than_no_offset(true_sigma: float, sigma: float, most: float) -> None:
    """Mean error over many packs of 16; what all sensors have in common, 0.25 sigma, nobody sees."""
    rng = np.random.default_rng(7)
    errors = []
    for _ in range(300):
        true = rng.normal(0.0, true_sigma, 16)
        errors.append(_guesses(true + rng.normal(0.0, sigma, 16), sigma) - true)
    assert np.sqrt(np.mean(np.square(errors))) < most


@given(st.floats(-10.0, 10.0), st.floats(0.0, 5.0), st.floats(0.0, 4.0), st.floats(0.01, 3.0))
def test_a_larger_deviation_is_no_smaller_offset(
    deviation: float, further: float, variance: float, spread: float
) -> None:
    low = offset_of_reading(deviation, variance, spread)
    assert low <= offset_of_reading(deviation + further, variance, spread) + 1e-9
    assert abs(low) <= abs(deviation) + 1e-9
