"""Hysteresis against closed forms."""

import numpy as np

from cellwarden.models.hysteresis import step_hysteresis


def test_hysteresis_reaches_the_branch_of_the_current() -> None:
    state = np.array([-1.0, 1.0, 0.3])
    charged = step_hysteresis(state, np.full(3, 1.0), 50.0)
    np.testing.assert_allclose(charged, 1.0, atol=1e-12)
    np.testing.assert_allclose(step_hysteresis(charged, np.full(3, -1.0), 50.0), -1.0, atol=1e-12)


def test_hysteresis_stays_at_rest_and_without_a_reading() -> None:
    state = np.array([0.4, -0.2])
    np.testing.assert_allclose(step_hysteresis(state, np.array([0.0, np.nan]), 50.0), state)


def test_hysteresis_is_the_same_in_one_step_or_many() -> None:
    once = step_hysteresis(np.array([-1.0]), np.array([0.02]), 50.0)
    many = np.array([-1.0])
    for _ in range(40):
        many = step_hysteresis(many, np.array([0.0005]), 50.0)
    np.testing.assert_allclose(many, once, rtol=1e-12)
    np.testing.assert_allclose(once, 1.0 - 2.0 * np.exp(-1.0))
