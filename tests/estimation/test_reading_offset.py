"""Offsets of readings: a middle of sound sensors that a fault does not move, and guesses no bolder than the data."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.reading_offset import offset_of_reading, offset_variance, sound_sensors


def _guesses(offset: FloatArray, sigma: float, usual: float = 1.0) -> tuple[FloatArray, FloatArray]:
    """Guesses of all sensors and their sigmas."""
    variance = np.full(offset.size, sigma**2)
    centre, spread, middle = sound_sensors(offset, variance, usual)
    guess = [offset_of_reading(value - centre, sigma**2, spread) for value in offset]
    doubt = [offset_variance(value - centre, sigma**2, spread, middle) for value in offset]
    return np.array(guess), np.sqrt(doubt)


def test_without_outliers_the_middle_is_the_mean_and_the_spread_between_guess_and_deviation() -> None:
    offset = np.array([-1.0, -0.6, 0.1, 0.4, 1.6])
    centre, spread, variance = sound_sensors(offset, np.zeros(5), 1.0)
    assert centre == pytest.approx(offset.mean())
    assert spread**2 == pytest.approx((5 * offset.var() + 8 * 1.0) / 13)
    assert variance == pytest.approx(spread**2 / 5, rel=0.01)


@pytest.mark.parametrize("cells", [4, 8, 16])
@pytest.mark.parametrize("fault", [-30.0, -5.5, 5.5, 30.0])
def test_a_fault_moves_neither_middle_nor_spread_and_stays_as_it_is(cells: int, fault: float) -> None:
    offset = np.linspace(-1.2, 1.2, cells)
    sound = np.delete(offset, 1)
    offset[1] = fault
    centre, spread, _ = sound_sensors(offset, np.full(cells, 0.04), 1.0)
    assert centre == pytest.approx(sound.mean(), abs=0.02)
    assert spread < 1.1
    assert _guesses(offset, 0.2)[0][1] == pytest.approx(fault - centre)


def test_sensors_that_all_lie_wide_are_no_faults() -> None:
    offset = np.linspace(-5.0, 5.0, 16)
    _, spread, _ = sound_sensors(offset, np.full(16, 0.04), 1.0)
    assert 2.0 < spread < 3.2


def test_what_is_sure_is_kept_and_what_is_not_is_drawn_towards_none() -> None:
    assert offset_of_reading(1.5, 0.0, 1.0) == pytest.approx(1.5)
    assert offset_of_reading(1.5, 0.5, 1.0) == pytest.approx(1.0)
    assert 0.0 < offset_of_reading(1.5, 5.0, 1.0) < 0.5
    assert offset_variance(1.5, 5.0, 1.0, 0.0) == pytest.approx(5.0 / 6.0)
    assert offset_variance(30.0, 5.0, 1.0, 0.1) == pytest.approx(5.1)


@pytest.mark.parametrize(
    ("true_sigma", "sigma", "most"), [(1.0, 0.7, 0.65), (0.3, 1.0, 0.5), (1.0, 0.1, 0.29), (2.0, 0.7, 0.9)]
)
def test_guesses_err_less_than_the_filter_and_as_much_as_they_say(true_sigma: float, sigma: float, most: float) -> None:
    """Mean error over many packs of 16; what all sensors have in common, a quarter of their sigma, nobody sees."""
    rng = np.random.default_rng(7)
    errors, sigmas = [], []
    for _ in range(300):
        true = rng.normal(0.0, true_sigma, 16)
        guess, doubt = _guesses(true + rng.normal(0.0, sigma, 16), sigma)
        errors.append(guess - true)
        sigmas.append(doubt)
    assert np.sqrt(np.mean(np.square(errors))) < most
    assert np.mean(np.abs(errors) < 1.96 * np.array(sigmas)) > 0.9


@given(st.floats(-10.0, 10.0), st.floats(0.0, 5.0), st.floats(0.0, 4.0), st.floats(0.01, 3.0))
def test_a_larger_deviation_is_no_smaller_offset(
    deviation: float, further: float, variance: float, spread: float
) -> None:
    low = offset_of_reading(deviation, variance, spread)
    assert low <= offset_of_reading(deviation + further, variance, spread) + 1e-9
    assert abs(low) <= abs(deviation) + 1e-9


@given(st.lists(st.floats(-50.0, 50.0), min_size=1, max_size=16), st.floats(0.0, 5.0), st.floats(0.1, 5.0))
def test_any_readings_have_a_middle_among_them_and_a_positive_variance(
    offset: list[float], variance: float, usual: float
) -> None:
    values = np.array(offset)
    centre, spread, middle = sound_sensors(values, np.full(values.size, variance), usual)
    assert values.min() - 1e-9 <= centre <= values.max() + 1e-9
    assert spread > 0.0
    assert middle > 0.0
    for value in values:
        assert offset_variance(value - centre, variance, spread, middle) >= 0.0
