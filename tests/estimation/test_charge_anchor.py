"""Where an idle reading is no zero: a charger may hold the cells; and what is forgotten with a wrong charge."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation import central_cell as cc
from cellwarden.estimation.charge_anchor import (
    BEST,
    COUNTED,
    FLOAT_REGULATION_VOLT,
    FULL_SOC,
    FULL_SOC_SIGMA,
    HELD_BELOW_SOC,
    LOW_FLOAT_VOLT,
    SETTLED_SECOND,
    SETTLED_SOC,
    TOLD_BELOW_SOC,
    UNEXPECTED_FULL_SOC,
    begin_at_full,
    begin_curves,
    check_anchor,
    forget_zero,
    hold_full,
    keep_zero,
    may_be_charged,
    read_closure,
    stays_up,
    watch_settled,
)
from cellwarden.estimation.charge_arrays import ChargeArrays
from cellwarden.estimation.charge_cascade import ESTIMATOR, initial_charge
from cellwarden.estimation.charge_handover import try_handover
from cellwarden.estimation.current_zero import ZERO, ZERO_VAR, count_for_zero
from cellwarden.estimation.curve_news import NEWS_SHARE_OF_CAPACITY, news_of_place
from tests.estimation.known_string import KnownString, string_context

KNEE, FLOAT = 3.40, 3.375
PARAMETERS = np.zeros(cc.PARAMETERS)
PARAMETERS[[cc.P_FULL_VOLT, cc.P_FLOAT_VOLT]] = KNEE, FLOAT
plateau_volts = st.lists(st.floats(3.0, 3.345), min_size=1, max_size=16)


@pytest.mark.parametrize(
    "volts",
    [
        [3.363, 3.363, 3.362, 3.412],  # one cell on the knee is bled, the charger gives what that takes
        [3.373, 3.374, 3.377, 3.376],  # at the float's set point, which lies below the knee
    ],
)
def test_a_charger_may_hold_cells_on_the_knee_or_at_the_float(volts: list[float]) -> None:
    assert may_be_charged(np.array(volts), PARAMETERS)


@pytest.mark.parametrize("volts", [[3.345, 3.344, 3.345, 3.345], [3.345, np.nan, 3.344, 3.345], [np.nan] * 4])
def test_cells_that_rest_below_the_float_or_are_not_read_are_not_charged(volts: list[float]) -> None:
    assert not may_be_charged(np.array(volts), PARAMETERS)


@given(plateau_volts, st.data())
def test_one_cell_on_the_knee_is_enough_and_none_on_the_plateau_is(volts: list[float], data: st.DataObject) -> None:
    assert not may_be_charged(np.array(volts), PARAMETERS)
    odd = data.draw(st.integers(0, len(volts) - 1))
    raised = np.array(volts)
    raised[odd] = data.draw(st.floats(KNEE - LOW_FLOAT_VOLT, 3.7))
    assert may_be_charged(raised, PARAMETERS)


@given(st.integers(1, 16), st.floats(-1.0, 1.0))
def test_without_a_set_point_a_string_below_the_knee_is_not_charged(cells: int, share: float) -> None:
    volts = np.full(cells, FLOAT + 0.9 * share * FLOAT_REGULATION_VOLT)
    unstated = PARAMETERS.copy()
    unstated[cc.P_FLOAT_VOLT] = np.inf
    assert may_be_charged(volts, PARAMETERS)
    assert not may_be_charged(volts, unstated)


def test_a_zero_bent_by_a_wrong_charge_is_forgotten_but_what_was_measured_of_it_stays() -> None:
    state = ESTIMATOR.initial(string_context(KnownString(stages=())))
    for x, p in zip(state.x, state.p, strict=True):
        x[cc.OFFSET] = 0.6
        p[cc.OFFSET, cc.DEFICIT] = p[cc.DEFICIT, cc.OFFSET] = 0.001
    forget_zero(state)
    assert state.x[:, cc.OFFSET] == pytest.approx(state.prior[:, 0, cc.OFFSET])
    assert (state.p[:, cc.OFFSET, cc.DEFICIT] == 0.0).all()
    state.zero[[ZERO, ZERO_VAR]] = 0.05, 1e-8
    state.x[:, cc.OFFSET] = 0.6
    forget_zero(state)
    assert state.x[:, cc.OFFSET] == pytest.approx(0.05, abs=1e-4)
    for p in state.p:
        assert np.allclose(p, p.T)
        assert np.linalg.eigvalsh(p).min() > -1e-12


@pytest.mark.parametrize(("above", "logged"), [(0.05, False), (0.05, True), (0.12, False), (-0.05, False)])
def test_a_filter_counts_with_a_bleed_that_is_not_logged_beside_the_zero(above: float, *, logged: bool) -> None:
    state = initial_charge(string_context(KnownString(stages=(), cells=2, balancing_logged=logged)))
    state.zero[ZERO], state.zero[ZERO_VAR] = 0.03, 0.004**2
    state.x[:, cc.OFFSET] = 0.03 + above
    state.p[:, cc.OFFSET, cc.OFFSET] = 0.003**2
    keep_zero(state)
    bled = not logged and 0.0 < above < 0.06
    assert state.x[:, cc.OFFSET] == pytest.approx(0.03 + above if bled else 0.03)


def test_a_reading_tells_of_the_curve_where_the_charge_has_moved_not_where_a_wrong_zero_is_counted() -> None:
    state = ESTIMATOR.initial(string_context(KnownString(stages=())))
    capacity = state.parameters[cc.P_CAPACITY]
    news_of_place(state)
    state.scalars[COUNTED] += 0.5 * capacity  # weeks on float under a current that reads 0.1 A too high
    assert news_of_place(state) == 0.0
    state.x[:, cc.DEFICIT] += 0.5 * NEWS_SHARE_OF_CAPACITY * np.exp(state.x[:, cc.LN_CAPACITY])
    assert news_of_place(state) == pytest.approx(0.5, rel=1e-6)
    assert news_of_place(state) == 0.0


def rested_above_the_plateau(soc: float, below_volt: float, current: float) -> tuple[ChargeArrays, bool]:
    """Filters that counted to `soc`, after that current for an hour so far below the voltage of a full pack."""
    state = ESTIMATOR.initial(string_context(KnownString(stages=())))
    for x in state.x:
        x[cc.DEFICIT] = (1.0 - soc) * np.exp(x[cc.LN_CAPACITY])
    volt = state.parameters[cc.P_FULL_VOLT] - below_volt
    minutes = int(SETTLED_SECOND / 60.0)
    return state, [watch_settled(state, np.full(4, volt), volt, current, 60.0) for _ in range(minutes)][-1]


def test_a_pack_that_stays_above_the_plateau_without_a_current_is_full_whatever_was_counted() -> None:
    state, began_again = rested_above_the_plateau(0.55, 0.01, 0.0)
    assert began_again
    soc = 1.0 - state.x[:, cc.DEFICIT] / np.exp(state.x[:, cc.LN_CAPACITY])
    assert soc == pytest.approx(SETTLED_SOC)


@pytest.mark.parametrize(
    ("soc", "below_volt", "current"),
    [
        (0.9, 0.01, 0.0),  # hysteresis may hold it up there
        (0.55, 0.03, 0.0),  # on the plateau
        (0.55, 0.01, 10.0),  # a charger holds it up there
    ],
)
def test_nothing_begins_again_where_a_charge_may_be_right(soc: float, below_volt: float, current: float) -> None:
    state, began_again = rested_above_the_plateau(soc, below_volt, current)
    assert not began_again
    assert state.x[0, cc.DEFICIT] == pytest.approx((1.0 - soc) * np.exp(state.x[0, cc.LN_CAPACITY]))


def test_a_hysteresis_that_was_learnt_to_hold_the_pack_up_there_makes_no_count_wrong() -> None:
    state = ESTIMATOR.initial(string_context(KnownString(stages=())))
    for x in state.x:
        x[cc.DEFICIT] = 0.2 * np.exp(x[cc.LN_CAPACITY])
    volt = state.parameters[cc.P_FULL_VOLT] - 0.01
    state.learnt[1] = volt - 0.004
    assert not any(watch_settled(state, np.full(4, volt), volt, 0.0, 60.0) for _ in range(int(SETTLED_SECOND / 60.0)))


LOW_FLOAT = 3.365


@pytest.mark.parametrize(
    ("set_point", "cells", "up"),
    [
        (LOW_FLOAT, [3.355, 3.357, 3.360, 3.388], True),  # a charger holds them there
        (LOW_FLOAT, [3.355, 3.355, 3.357, 3.357], False),  # a hysteresis does
        (3.34, [3.34, 3.34, 3.34, 3.34], False),  # a float on the plateau
        (np.inf, [LOW_FLOAT] * 4, False),  # none is stated
    ],
)
def test_below_a_usual_float_only_its_set_point_tells_that_a_charger_holds_the_pack_up(
    set_point: float, cells: list[float], *, up: bool
) -> None:
    state = ESTIMATOR.initial(string_context(KnownString(stages=())))
    state.parameters[cc.P_FLOAT_VOLT] = set_point
    told = [
        stays_up(state, np.array(cells), float(np.median(cells)), 0.0, 60.0) for _ in range(int(SETTLED_SECOND / 60.0))
    ]
    assert told[-1] == up


def closures(volt: float, ampere: float, *, set_point: float = np.inf, zero_ampere: float = 0.1) -> ChargeArrays:
    """Two days at that voltage and current, counted with a zero, a discharge and its recharge between them."""
    state: ChargeArrays = ESTIMATOR.initial(string_context(KnownString(stages=())))
    state.parameters[cc.P_FLOAT_VOLT] = set_point
    cells = np.full(4, volt)
    for hours, there, flowing in ((24.0, volt, ampere), (5.0, 3.2, -10.0), (5.0, 3.35, 10.0), (24.0, volt, ampere)):
        for _ in range(int(60 * hours)):
            count_for_zero(state.zero, (flowing + zero_ampere) / 60.0, 0.0, 1.0 / 60.0, 0.0, 60.0, 100.0)
            read_closure(state, cells if there == volt else np.full(4, there), there, flowing, 60.0)
    return state


@pytest.mark.parametrize(("volt", "set_point"), [(3.40, np.inf), (LOW_FLOAT, LOW_FLOAT)])
def test_what_was_counted_between_two_stays_on_the_charger_is_the_zero(volt: float, set_point: float) -> None:
    zero = closures(volt, 0.0, set_point=set_point).zero
    assert zero[ZERO] == pytest.approx(0.1, abs=0.01)


@pytest.mark.parametrize(("volt", "ampere"), [(3.38, 4.0), (LOW_FLOAT, 0.0)])
def test_a_pack_that_is_charged_slowly_or_rests_high_is_not_held_full(volt: float, ampere: float) -> None:
    """Three days of 4 A into the plateau would pass for a zero of 4 A."""
    assert np.isinf(closures(volt, ampere).zero[ZERO_VAR])


def bent_filters() -> ChargeArrays:
    """Filters that learnt another curve and capacity beside a guessed charge, one of them given up."""
    state: ChargeArrays = ESTIMATOR.initial(string_context(KnownString(stages=())))
    state.x[:, cc.LN_CAPACITY] += 0.3
    state.x[:, cc.DEFICIT] = 0.3 * np.exp(state.x[:, cc.LN_CAPACITY])
    state.memory[-1, cc.GIVEN_UP] = 1.0
    return state


def charges(state: ChargeArrays) -> FloatArray:
    return np.asarray(1.0 - state.x[:, cc.DEFICIT] / np.exp(state.x[:, cc.LN_CAPACITY]))


def test_at_the_first_full_pack_the_filters_forget_what_they_learnt_beside_a_guess() -> None:
    state = bent_filters()
    try_handover(state, 1.0)
    assert state.x[:, cc.LN_CAPACITY] == pytest.approx(state.prior[:, 0, cc.LN_CAPACITY])
    assert state.memory[:, cc.GIVEN_UP] == pytest.approx(0.0)
    assert charges(state) == pytest.approx(FULL_SOC)


def test_what_was_learnt_since_a_full_pack_outlives_a_charge_that_became_unsure() -> None:
    state = bent_filters()
    try_handover(state, 1.0)
    state.x[:, cc.LN_CAPACITY] += 0.05
    try_handover(state, 1.0)
    assert state.x[:, cc.LN_CAPACITY] == pytest.approx(state.prior[:, 0, cc.LN_CAPACITY] + 0.05)
    assert charges(state) == pytest.approx(FULL_SOC)


@pytest.mark.parametrize("given_up", [True, False])
def test_a_curve_given_up_beside_a_guess_is_weighed_again_at_the_first_full_charge(*, given_up: bool) -> None:
    state = bent_filters()
    state.memory[-1, cc.GIVEN_UP] = float(given_up)
    begin_at_full(state)
    learnt = state.x[:, cc.LN_CAPACITY] - state.prior[:, 0, cc.LN_CAPACITY]
    assert learnt == pytest.approx(0.0 if given_up else 0.3)
    assert state.memory[:, cc.GIVEN_UP] == pytest.approx(0.0)


@pytest.mark.parametrize("settled", [True, False])
def test_what_was_learnt_since_a_full_pack_outlives_a_curve_that_is_given_up_later(*, settled: bool) -> None:
    state = bent_filters()
    state.memory[-1, cc.GIVEN_UP] = 0.0
    if settled:
        full_volt = state.parameters[cc.P_FULL_VOLT]
        assert any(
            watch_settled(state, np.full(4, full_volt), full_volt, 0.0, 60.0)
            for _ in range(int(SETTLED_SECOND / 60.0) + 1)
        )
    else:
        begin_at_full(state)
    state.x[:, cc.LN_CAPACITY] += 0.05
    state.memory[-1, cc.GIVEN_UP] = 1.0
    learnt = state.x[:, cc.LN_CAPACITY].copy()
    begin_at_full(state)
    assert state.x[:, cc.LN_CAPACITY] == pytest.approx(learnt)


@pytest.mark.parametrize("soc", [0.95, 0.97, FULL_SOC - HELD_BELOW_SOC - 1e-6])
def test_a_count_that_runs_off_while_the_pack_stays_full_is_held(soc: float) -> None:
    """By a zero of the current that has jumped, hour after hour; every curve's count, but none that was given up."""
    state = initial_charge(string_context(KnownString(stages=(), cells=4)))
    capacity = np.exp(state.x[:, cc.LN_CAPACITY])
    state.x[:, cc.DEFICIT] = (1.0 - soc) * capacity
    state.p[:, cc.DEFICIT, cc.DEFICIT] = 1e-4
    state.memory[-1, cc.GIVEN_UP] = 1.0
    hold_full(state)
    held = 1.0 - state.x[:, cc.DEFICIT] / capacity
    np.testing.assert_allclose(held[:-1], FULL_SOC - HELD_BELOW_SOC)
    np.testing.assert_allclose(state.p[:-1, cc.DEFICIT, cc.DEFICIT], (FULL_SOC_SIGMA * capacity[:-1]) ** 2)
    assert held[-1] == pytest.approx(soc)
    state.x[0, cc.DEFICIT] = 0.05 * capacity[0]
    state.memory[0, cc.TOP_SIGMA] = 0.002  # the knee's shape tells how far from full a full pack is
    hold_full(state)
    assert 1.0 - state.x[0, cc.DEFICIT] / capacity[0] == pytest.approx(FULL_SOC - TOLD_BELOW_SOC)
    for p in state.p:
        assert np.linalg.eigvalsh(p).min() > -1e-9


@given(st.floats(FULL_SOC - HELD_BELOW_SOC, 1.0))
def test_a_count_that_is_near_full_stays(soc: float) -> None:
    state = initial_charge(string_context(KnownString(stages=(), cells=4)))
    state.x[:, cc.DEFICIT] = (1.0 - soc) * np.exp(state.x[:, cc.LN_CAPACITY]) - 1e-9
    before = state.x.copy(), state.p.copy()
    hold_full(state)
    np.testing.assert_array_equal(state.x, before[0])
    np.testing.assert_array_equal(state.p, before[1])


def aged_best() -> tuple[ChargeArrays, int, int]:
    """Filters at full, of which the best is one of aged cells; it and its sibling."""
    state = ESTIMATOR.initial(string_context(KnownString(stages=(), cells=2)))
    begin_curves(state, FULL_SOC, FULL_SOC_SIGMA)
    aged = int(np.argmax(state.memory[:, cc.IS_AGED]))
    state.scalars[BEST] = aged
    return state, aged, int(state.memory[aged, cc.SIBLING])


def test_filters_that_begin_anew_begin_with_new_cells() -> None:
    state, _, new = aged_best()
    begin_curves(state, 0.5, 0.02)
    assert int(state.scalars[BEST]) == new
    begin_curves(state, 0.5, 0.02)
    assert int(state.scalars[BEST]) == new


def test_a_full_charge_that_only_aged_cells_do_not_expect_begins_their_filter_anew_and_no_other() -> None:
    state, aged, new = aged_best()
    state.scalars[BEST] = new
    state.y[:] = 0.3
    state.x[aged, cc.DEFICIT] += 0.1 * np.exp(state.x[aged, cc.LN_CAPACITY])
    state.x[new, cc.LN_R0] += 0.5
    before = state.x[new].copy()
    assert not check_anchor(state, 0.0, UNEXPECTED_FULL_SOC)
    soc = 1.0 - state.x[:, cc.DEFICIT] / np.exp(state.x[:, cc.LN_CAPACITY])
    assert soc[aged] == pytest.approx(FULL_SOC)
    np.testing.assert_array_equal(state.x[new], before)
    assert (state.y == 0.3).all()
    state.x[aged, cc.DEFICIT] += 0.1 * np.exp(state.x[aged, cc.LN_CAPACITY])
    state.scalars[BEST] = aged
    assert check_anchor(state, 0.0, UNEXPECTED_FULL_SOC)
    assert int(state.scalars[BEST]) == new
    assert not state.y.any()
