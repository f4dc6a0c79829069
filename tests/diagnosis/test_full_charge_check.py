"""A loss that is taken back is doubted until it stands through a swing; what no full charge saw is not held."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellwarden.core.sample_block import FloatArray
from cellwarden.diagnosis.full_charge_check import SEEN_HOURS, follow_rises, held_since_full, initial_check

ROWS = 60
seeds = st.integers(0, 2**32 - 1)


def column(*values: float) -> FloatArray:
    return np.array(values)[:, None]


def test_a_loss_that_shrinks_by_many_sigmas_is_that_much_less_sure_until_it_stands_through_a_swing() -> None:
    figure = column(0.72, 0.72, 0.92, 0.92, 0.925, 0.925, 0.925)
    sigma = np.full(figure.shape, 0.02)
    _, factor = follow_rises(initial_check(1), figure, sigma, np.array([1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 3.0]))
    assert factor[:, 0] == pytest.approx([1.0, 1.0, 10.0, 10.0, 10.0, 10.0, 1.0])


def test_a_loss_that_grows_is_as_sure_as_it_says() -> None:
    figure = column(1.0, 0.98, 0.90, 0.88, 0.88)
    sigma = column(0.05, 0.01, 0.004, 0.004, 0.004)
    _, factor = follow_rises(initial_check(1), figure, sigma, np.array([1.0, 1.0, 2.0, 2.0, 3.0]))
    assert (factor == 1.0).all()


def test_what_was_not_there_at_the_full_charge_is_not_held() -> None:
    hours = np.ones(ROWS)
    drifting = 0.2 + np.maximum(np.arange(ROWS) - SEEN_HOURS, 0.0) * 0.1
    difference = np.stack([drifting, -drifting, drifting - 0.4, 0.2 - 0.01 * np.arange(ROWS)], axis=1)
    count = np.where(np.arange(ROWS) < 1, 0.0, 1.0)
    _, held = held_since_full(initial_check(4), difference, count, hours)
    assert held[:, 0].max() == pytest.approx(0.3)
    assert held[:, 1].min() == pytest.approx(-0.3)
    assert (held[40:, 2] == 0.0).all()  # from emptier to fuller without a charge between
    assert held[30:, 3] == pytest.approx(np.maximum(difference[30:, 3], -0.05), abs=1e-12)


@given(seeds, st.integers(1, ROWS - 1))
def test_cuts_of_the_rows_change_nothing_and_bounds_hold(seed: int, cut: int) -> None:
    rng = np.random.default_rng(seed)
    figure = rng.normal(1.0, 0.05, (ROWS, 3))
    figure[rng.random((ROWS, 3)) < 0.1] = np.nan
    sigma, hours = rng.uniform(0.001, 0.05, (ROWS, 3)), rng.uniform(0.0, 3.0, ROWS)
    count = np.cumsum(rng.random(ROWS) < 0.1).astype(float)
    _, factor = follow_rises(initial_check(3), figure, sigma, count)
    state, first = follow_rises(initial_check(3), figure[:cut], sigma[:cut], count[:cut])
    _, second = follow_rises(state, figure[cut:], sigma[cut:], count[cut:])
    assert np.array_equal(factor, np.concatenate([first, second]), equal_nan=True)
    assert (factor[np.isfinite(figure)] >= 1.0).all()
    _, held = held_since_full(initial_check(3), figure - 1.0, count, hours)
    state, first = held_since_full(initial_check(3), figure[:cut] - 1.0, count[:cut], hours[:cut])
    _, second = held_since_full(state, figure[cut:] - 1.0, count[cut:], hours[cut:])
    assert np.array_equal(held, np.concatenate([first, second]), equal_nan=True)
    known = np.isfinite(figure)
    assert (np.abs(held[known]) <= np.abs(figure[known] - 1.0)).all()
