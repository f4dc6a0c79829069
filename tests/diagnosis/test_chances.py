"""Normal and Poisson chances against scipy's special functions and tables."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import gammainc, gammaincinv, ndtr

from cellwarden.diagnosis.normal_chance import normal_share
from cellwarden.diagnosis.poisson_chance import poisson_interval, poisson_tail


def test_normal_shares_are_scipys() -> None:
    at = np.concatenate([np.linspace(-37.0, 37.0, 3001), [-np.inf, np.inf, np.nan]]).reshape(-1, 2)
    np.testing.assert_allclose(normal_share(at), ndtr(at), rtol=1e-12)


def test_a_strided_view_keeps_its_places() -> None:
    at = np.arange(12.0).reshape(3, 4)[:, ::2] - 5.0
    np.testing.assert_allclose(normal_share(at), ndtr(at), rtol=1e-12)


@given(st.floats(1e-6, 5000.0), st.floats(1e-6, 5000.0))
def test_the_poisson_tail_is_scipys(count: float, expected: float) -> None:
    assert float(poisson_tail(count, expected)) == pytest.approx(gammainc(count, expected), rel=1e-9, abs=1e-13)


def test_small_chances_keep_their_digits() -> None:
    count = np.array([10.0, 30.0, 80.0])
    np.testing.assert_allclose(poisson_tail(count, 0.5), gammainc(count, 0.5), rtol=1e-12)


@pytest.mark.parametrize("count", [1.0, 2.0, 3.0, 30.0, 4000.0])
def test_the_interval_is_garwoods(count: float) -> None:
    wanted = (gammaincinv(count, 0.025), gammaincinv(count + 1.0, 0.975))
    assert poisson_interval(count) == pytest.approx(wanted, rel=1e-9)


def test_poisson_figures() -> None:
    assert poisson_interval(3.0) == pytest.approx((0.6187, 8.7673), abs=1e-4)  # Garwood's table
    assert float(poisson_tail(3.0, 0.5)) == pytest.approx(1.0 - np.exp(-0.5) * (1.0 + 0.5 + 0.125))
