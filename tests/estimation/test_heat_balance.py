"""Energy from the top of charge and back: the loss in closed form, what does not count, the kernel against NumPy."""

from __future__ import annotations

import numpy as np
import pytest

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.heat_balance import (
    BALANCE_SLOTS,
    CHARGE_SECOND,
    HEAT_JOULE,
    KNOT_SECOND,
    LOSS_JOULE,
    SUMS,
    THROUGHPUT_SECOND,
    follow_balance,
    take_balance,
)
from cellwarden.estimation.thermal_node import LOSS_VOLT, POTENTIAL_KNOTS, POTENTIAL_VOLT, STATES

NOMINAL_AH = 100.0
KNOTS = np.linspace(0.0, 1.0, POTENTIAL_KNOTS)
TOP = np.array([0.0, 0.0, 0.99, 0.0, 0.0])


def cycle(overpotential_volt: float, known_volt: float, *, back: float = 1.0) -> FloatArray:
    """Rows of a minute (M, 5): out at 40 A for two hours, in for as long; what the heat model knows of the loss.

    The open-circuit voltage is a straight line below the top's, which must not matter.
    """
    current = np.concatenate([np.full(120, -40.0), np.full(int(120 * back), 40.0)])
    soc = 0.99 + np.cumsum(current) / 60.0 / NOMINAL_AH
    under_top_volt = 0.3 * (soc - current / 120.0 / NOMINAL_AH - 0.99)
    loss = current * under_top_volt + np.abs(current) * overpotential_volt
    none = np.zeros_like(current)
    return np.column_stack([np.abs(current) * known_volt, current, soc, none, loss])


def followed(rows: FloatArray) -> FloatArray:
    balance = np.zeros(BALANCE_SLOTS)
    for row in np.vstack([TOP, rows, TOP]):
        follow_balance(balance, row, KNOTS, 60.0, NOMINAL_AH)
    return balance


def filter_state(known_volt: float = 0.0) -> tuple[FloatArray, FloatArray]:
    x = np.zeros(STATES)
    x[LOSS_VOLT] = known_volt
    sigma = np.full(STATES, 0.1)
    sigma[LOSS_VOLT], sigma[POTENTIAL_VOLT:] = 0.005, 0.02
    return x, np.diag(sigma**2)


def test_the_loss_of_a_whole_cycle_is_found_whatever_the_open_circuit_voltage() -> None:
    balance = followed(cycle(0.045, 0.036))
    x, p = filter_state()
    take_balance(x, p, balance, 0.0, NOMINAL_AH)
    assert x[LOSS_VOLT] == pytest.approx(0.009, rel=0.15)
    assert np.abs(x[POTENTIAL_VOLT:]).max() < 0.001, "what differs between charge and discharge is no loss"
    assert np.sqrt(p[LOSS_VOLT, LOSS_VOLT]) < 0.003
    np.testing.assert_allclose(p, p.T, atol=1e-15)
    assert np.linalg.eigvalsh(p).min() > 0.0
    again, q = x.copy(), p.copy()
    take_balance(again, q, balance, 0.0, NOMINAL_AH)
    np.testing.assert_array_equal(again, x, "a cycle counts once")


def test_the_sums_are_those_of_numpy() -> None:
    rows = cycle(0.045, 0.036)
    held = followed(rows)[SUMS:]
    ampere = rows[:, 1]
    assert held[LOSS_JOULE] == pytest.approx(60.0 * rows[:, 4].sum())
    assert held[HEAT_JOULE] == pytest.approx(60.0 * rows[:, 0].sum())
    assert held[CHARGE_SECOND] == pytest.approx(60.0 * ampere.sum(), abs=1e-6)
    assert held[THROUGHPUT_SECOND] == pytest.approx(60.0 * np.abs(ampere).sum())
    hats = np.array([np.interp(rows[:, 2], KNOTS, unit) for unit in np.eye(POTENTIAL_KNOTS)])
    np.testing.assert_allclose(held[KNOT_SECOND:], 60.0 * hats @ ampere, atol=1e-6)


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(cycle(0.045, 0.036, back=0.8), id="not charged back"),
        pytest.param(cycle(0.045, 0.036)[105:135], id="shallow"),
        pytest.param(np.where(np.arange(240)[:, None] == 7, np.nan, cycle(0.045, 0.036)), id="a voltage is missing"),
    ],
)
def test_half_a_cycle_tells_nothing(rows: FloatArray) -> None:
    balance = followed(rows)
    x, p = filter_state(0.004)
    take_balance(x, p, balance, 0.0, NOMINAL_AH)
    assert x[LOSS_VOLT] == 0.004
    assert not balance.any()


def test_float_adds_nothing() -> None:
    balance = np.zeros(BALANCE_SLOTS)
    floating = np.array([0.0, 0.5, 0.995, 0.0, 7.0])
    for _ in range(10_000):
        follow_balance(balance, floating, KNOTS, 60.0, NOMINAL_AH)
    assert not balance.any()


def test_an_uncertain_zero_of_the_current_weakens_a_long_cycle() -> None:
    rows = cycle(0.045, 0.036)
    idle = np.tile([0.0, 0.0, 0.5, 0.0, 0.0], (5000, 1))
    long = np.vstack([rows[:60], idle, rows[60:]])
    spread = []
    for sigma in (0.0, 0.05):
        x, p = filter_state()
        take_balance(x, p, followed(long), sigma, NOMINAL_AH)
        spread.append(float(np.sqrt(p[LOSS_VOLT, LOSS_VOLT])))
    assert spread[1] > 1.5 * spread[0]
