"""One scalar measurement against the textbook's Joseph form with full matrices."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.scalar_update import cautious_update, considered_update, scalar_update

NO_GATE = 1e9


def random_case(seed: int, size: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """State, covariance with sigmas over four decades, gradient."""
    random = np.random.default_rng(seed)
    root = random.standard_normal((size, size))
    scale = 10.0 ** random.uniform(-2.0, 2.0, size)
    covariance = (root @ root.T + 0.1 * np.eye(size)) * np.outer(scale, scale)
    return random.standard_normal(size), covariance, random.standard_normal(size) / scale


def joseph(
    x: FloatArray, p: FloatArray, h: FloatArray, innovation: float, variance: float
) -> tuple[FloatArray, FloatArray]:
    """P⁺ = (I − K h) P (I − K h)ᵀ + K r Kᵀ, written with matrices."""
    row = h[None, :]
    gain = p @ row.T / (row @ p @ row.T + variance)
    rest = np.eye(len(x)) - gain @ row
    return x + gain[:, 0] * innovation, rest @ p @ rest.T + variance * gain @ gain.T


@given(
    seed=st.integers(0, 2**32 - 1),
    size=st.integers(1, 9),
    innovation=st.floats(-10.0, 10.0),
    variance=st.floats(1e-3, 1e3),
)
def test_the_update_is_the_joseph_form(seed: int, size: int, innovation: float, variance: float) -> None:
    x, p, h = random_case(seed, size)
    expected_x, expected_p = joseph(x, p, h, innovation, variance)
    s = h @ p @ h + variance
    sigma = np.sqrt(np.diag(p))
    normalised, likelihood = scalar_update(x, p, h, innovation, variance, NO_GATE)
    np.testing.assert_allclose(x / sigma, expected_x / sigma, rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(p / np.outer(sigma, sigma), expected_p / np.outer(sigma, sigma), atol=1e-8)
    assert normalised == pytest.approx(innovation / np.sqrt(s))
    assert likelihood == pytest.approx(-0.5 * (innovation**2 / s + np.log(s)))


@given(seed=st.integers(0, 2**32 - 1), size=st.integers(1, 9), innovation=st.floats(-1e3, 1e3))
def test_many_updates_leave_a_symmetric_positive_covariance(seed: int, size: int, innovation: float) -> None:
    x, p, _ = random_case(seed, size)
    random = np.random.default_rng(seed)
    for _ in range(50):
        scalar_update(x, p, random.standard_normal(size), innovation, 0.01, 4.0)
    sigma = np.sqrt(np.diag(p))
    correlation = p / np.outer(sigma, sigma)
    np.testing.assert_allclose(correlation, correlation.T, atol=1e-9)
    assert np.linalg.eigvalsh(0.5 * (correlation + correlation.T)).min() > -1e-9


def test_an_innovation_beyond_the_gate_counts_as_that_many_sigma() -> None:
    x, p = np.zeros(1), np.array([[3.0]])
    normalised, likelihood = scalar_update(x, p, np.ones(1), 20.0, 1.0, 5.0)
    s = 16.0  # (20 / 5)²
    assert normalised == pytest.approx(10.0)
    assert x[0] == pytest.approx(3.0 / s * 20.0)
    assert p[0, 0] == pytest.approx(3.0 - 9.0 / s)
    assert likelihood == pytest.approx(-0.5 * (25.0 + np.log(s)))


def test_an_innovation_within_the_gate_is_taken_whole() -> None:
    x, p = np.zeros(1), np.array([[3.0]])
    scalar_update(x, p, np.ones(1), 9.9, 1.0, 5.0)
    assert x[0] == pytest.approx(0.75 * 9.9)
    assert p[0, 0] == pytest.approx(0.75)


@given(size=st.integers(2, 6), apart=st.integers(0, 1), seed=st.integers(0, 2**32 - 1))
def test_considered_states_stay_and_their_doubt_is_counted(size: int, apart: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    root = random.standard_normal((size, size))
    x, p, h = random.standard_normal(size), root @ root.T + 0.1 * np.eye(size), random.standard_normal(size)
    held, second, variance, innovation = size - 1, size - 1 - apart, 0.5, 0.3
    gain = p @ h / (h @ p @ h + variance)
    gain[held], gain[second] = 0.0, 0.0
    step = np.eye(size) - np.outer(gain, h)
    wanted_x, wanted_p = x + gain * innovation, step @ p @ step.T + variance * np.outer(gain, gain)
    before = x[held], p[held, held]
    considered_update(x, p, h, np.empty(len(x)), innovation, variance, NO_GATE, held, second)
    assert (x[held], p[held, held]) == before
    np.testing.assert_allclose(x, wanted_x, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(p, wanted_p, rtol=1e-7, atol=1e-9)


@given(seed=st.integers(0, 2**32 - 1), size=st.integers(1, 9), share=st.floats(0.0, 1.0))
def test_a_share_of_one_states_gain_is_the_joseph_form_of_that_gain(seed: int, size: int, share: float) -> None:
    x, p, h = random_case(seed, size)
    slow, variance, innovation, row = seed % size, 0.5, 1.5, h[None, :]
    gain = p @ row.T / (row @ p @ row.T + variance)
    gain[slow] *= share
    rest = np.eye(size) - gain @ row
    expected_x, expected_p = x + gain[:, 0] * innovation, rest @ p @ rest.T + variance * gain @ gain.T
    sigma = np.sqrt(np.diag(p))
    cautious_update(x, p, h, np.empty(size), innovation, variance, NO_GATE, slow, share)
    np.testing.assert_allclose(x / sigma, expected_x / sigma, rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(p / np.outer(sigma, sigma), expected_p / np.outer(sigma, sigma), atol=1e-8)
