"""Hysteresis, polarisation and temperature against closed forms."""

import numpy as np

from cellwarden.models.equivalent_circuit import step_polarisation, terminal_voltage
from cellwarden.models.hysteresis import step_hysteresis
from cellwarden.models.thermal import cell_heat, step_temperature


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


def test_polarisation_of_a_constant_current() -> None:
    resistance, time_constant = np.array([1e-3, 2e-3]), np.array([10.0, 100.0])
    current = np.array([20.0, -5.0])
    after = np.zeros((2, 2))
    for _ in range(30):
        after = step_polarisation(after, current, resistance, time_constant, 1.0)
    expected = current[:, np.newaxis] * resistance * (1.0 - np.exp(-30.0 / time_constant))
    np.testing.assert_allclose(after, expected, rtol=1e-12)
    volt = terminal_voltage(np.array([3.3, 3.3]), after, current, np.array([1e-3, 1e-3]))
    np.testing.assert_allclose(volt, 3.3 + expected.sum(axis=1) + current * 1e-3)
    assert volt[0] > 3.3 > volt[1]


def test_heat_is_loss_and_entropy() -> None:
    current = np.array([10.0, -10.0])
    volt = 3.3 + current * 2e-3
    heat = cell_heat(current, volt, np.full(2, 3.3), np.full(2, 25.0), np.full(2, 1e-4))
    np.testing.assert_allclose(heat, 0.2 + current * 298.15 * 1e-4)


def test_temperature_step_is_exact() -> None:
    start, ambient, heat = np.array([25.0]), np.array([10.0]), np.array([4.0])
    capacity, resistance = np.array([2000.0]), np.array([3.0])
    once = step_temperature(start, ambient, heat, capacity, resistance, 3600.0)
    many = start
    for _ in range(60):
        many = step_temperature(many, ambient, heat, capacity, resistance, 60.0)
    np.testing.assert_allclose(many, once, rtol=1e-12)
    np.testing.assert_allclose(once, 22.0 + 3.0 * np.exp(-0.6))
    assert step_temperature(start, ambient, heat, capacity, resistance, 1e9)[0] == 22.0
