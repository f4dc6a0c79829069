"""Two Gaussians as the prior of one state: against integrals in plain NumPy, and what may never happen to P."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation import central_cell as cc
from cellwarden.estimation.capacity_prior import (
    capacity_bend,
    capacity_density,
    doubt_capacity,
    weigh_capacities,
    weigh_capacity_prior,
)
from cellwarden.estimation.charge_cascade import _curves, initial_charge
from tests.estimation.known_string import KnownString, string_context

NEW, AGED = (0.8, 0.02, 0.02), (0.2, -0.07, 0.06)
PRIOR = np.array([NEW, AGED])
GRID = np.linspace(-1.0, 1.0, 200_001)


def density(components: FloatArray, q: FloatArray) -> FloatArray:
    total: FloatArray = sum(
        share / sigma * np.exp(-0.5 * ((q - mean) / sigma) ** 2) for share, mean, sigma in components
    )
    return total


def filter_that_read(said: float, sigma: float, components: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """State, covariance and site of two states, of which the second is ln Q, after a log that says `said` of it."""
    _, mean, spread = components[0]
    precision = 1.0 / sigma**2
    variance = 1.0 / (precision + 1.0 / spread**2)
    q = variance * (precision * said + mean / spread**2)
    x = np.array([1.0, q])
    p = np.array([[4.0 * variance + 0.3, 2.0 * variance], [2.0 * variance, variance]])
    return x, p, np.array([1.0 / spread**2, mean / spread**2])


@pytest.mark.parametrize("said", [0.02, -0.03, -0.12])
@pytest.mark.parametrize("sigma", [0.01, 0.04, 0.07])
def test_the_moments_are_those_of_prior_times_log(said: float, sigma: float) -> None:
    x, p, site = filter_that_read(said, sigma, PRIOR)
    weight = density(PRIOR, GRID) * np.exp(-0.5 * ((GRID - said) / sigma) ** 2)
    weight /= weight.sum()
    mean = float((weight * GRID).sum())
    before = x[1]
    weigh_capacity_prior(x, p, 1, PRIOR, site)
    assert x[1] == pytest.approx(mean, abs=1e-6)
    assert p[1, 1] == pytest.approx(float((weight * (GRID - mean) ** 2).sum()), rel=1e-4)
    assert x[0] == pytest.approx(1.0 + 2.0 * (mean - before))  # it hangs on ln Q by a factor of 2
    assert p[0, 0] == pytest.approx(4.0 * p[1, 1] + 0.3)


def test_a_second_look_at_the_same_log_changes_nothing() -> None:
    x, p, site = filter_that_read(-0.08, 0.03, PRIOR)
    weigh_capacity_prior(x, p, 1, PRIOR, site)
    once = x.copy(), p.copy()
    weigh_capacity_prior(x, p, 1, PRIOR, site)
    np.testing.assert_allclose(x, once[0], rtol=1e-9)
    np.testing.assert_allclose(p, once[1], rtol=1e-9)


def test_a_log_that_says_nothing_leaves_the_usual_mean_and_a_width_that_holds_aged_packs() -> None:
    x, p, site = filter_that_read(0.0, 1e3, PRIOR)
    weigh_capacity_prior(x, p, 1, PRIOR, site)
    assert x[1] == pytest.approx(NEW[1], abs=1e-6)
    weight = density(PRIOR, GRID) / density(PRIOR, GRID).sum()
    assert p[1, 1] == pytest.approx(float((weight * (GRID - NEW[1]) ** 2).sum()), rel=1e-4)


def test_a_log_that_speaks_for_an_aged_pack_is_believed() -> None:
    x, p, site = filter_that_read(-0.15, 0.03, PRIOR)
    assert x[1] > -0.05  # what new cells are like holds it back
    weigh_capacity_prior(x, p, 1, PRIOR, site)
    assert abs(x[1] + 0.15) < 0.035
    assert abs(x[1] + 0.15) < 1.5 * np.sqrt(p[1, 1])


@given(st.floats(-0.6, 0.4), st.floats(0.001, 2.0), st.floats(0.01, 0.99))
def test_the_covariance_stays_positive(said: float, sigma: float, aged: float) -> None:
    components = np.array([(1.0 - aged, *NEW[1:]), (aged, *AGED[1:])])
    x, p, site = filter_that_read(said, sigma, components)
    weigh_capacity_prior(x, p, 1, components, site)
    assert np.isfinite(x).all()
    np.testing.assert_array_equal(p, p.T)
    assert np.linalg.eigvalsh(p)[0] > 0.0


def bend(q: float, components: FloatArray) -> float:
    """The bend of a capacity from the new cells' mean."""
    return capacity_bend(q, components, capacity_density(components[0, 1], components))


def test_the_bend_of_one_gaussian_is_its_squared_distance() -> None:
    alone = np.array([(1.0, 0.02, 0.03), (0.0, 0.0, 1.0)])
    assert bend(0.02 + 3 * 0.03, alone) == pytest.approx(9.0)
    assert bend(-0.1, PRIOR) < ((-0.1 - 0.02) / 0.02) ** 2 / 4.0
    assert np.isfinite(bend(-5.0, PRIOR))


@pytest.mark.parametrize("said", [-0.08, 0.0837])
def test_what_the_log_says_is_doubted_and_what_was_known_before_is_not(said: float) -> None:
    """The moments are those of the prior times a log that says the same, less surely."""
    x, p, site = filter_that_read(said, 0.008, PRIOR)
    weigh_capacity_prior(x, p, 1, PRIOR, site)
    doubt_capacity(x, p, 1, 0.03**2, site)
    weigh_capacity_prior(x, p, 1, PRIOR, site)
    less, covariance, _ = filter_that_read(said, float(np.hypot(0.008, 0.03)), PRIOR)
    own = np.array([1.0 / NEW[2] ** 2, NEW[1] / NEW[2] ** 2])
    weigh_capacity_prior(less, covariance, 1, PRIOR, own)
    assert x[1] == pytest.approx(less[1], abs=2e-3)
    assert p[1, 1] == pytest.approx(covariance[1, 1], rel=0.05)
    assert np.linalg.eigvalsh(p).min() > 0.0


def test_a_log_that_says_nothing_has_nothing_to_doubt() -> None:
    site = np.array([1.0 / 0.02**2, 0.02 / 0.02**2])
    x, p = np.array([1.0, 0.02]), np.diag([0.3, 0.03**2])
    doubt_capacity(x, p, 1, 0.03**2, site)
    np.testing.assert_array_equal(p, np.diag([0.3, 0.03**2]))


def test_a_filter_of_aged_cells_holds_only_those() -> None:
    context = string_context(KnownString(stages=(), cells=2))
    state, counts = initial_charge(context), _curves(context).mode_count
    state.p[:, cc.LN_CAPACITY, cc.LN_CAPACITY] = 0.01**2
    state.x[:, cc.LN_CAPACITY] -= 0.03
    before = state.x.copy()
    weigh_capacities(state, counts)
    aged = state.memory[:, cc.IS_AGED] > 0.0
    np.testing.assert_array_equal(state.x[aged], before[aged])
    new = ~aged & (counts > 0)
    assert (state.x[new, cc.LN_CAPACITY] < before[new, cc.LN_CAPACITY]).all()
