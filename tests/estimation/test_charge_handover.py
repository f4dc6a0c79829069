"""A charge that was guessed and puts the pack on a knee where it does not stand is looked for anew."""

from __future__ import annotations

import numpy as np
import pytest

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation import cell_difference as cd
from cellwarden.estimation import central_cell as cc
from cellwarden.estimation.charge_anchor import (
    ANCHORED,
    BEST,
    FULL_SOC,
    FULL_SOC_SIGMA,
    GUESSED,
    LEAST_SETTLED_SOC,
    LISTENED_SECOND,
    TIED,
    stays_up,
)
from cellwarden.estimation.charge_arrays import ChargeArrays
from cellwarden.estimation.charge_cascade import _curves, initial_charge
from cellwarden.estimation.charge_credit import SWEEP_NEWS
from cellwarden.estimation.charge_handover import (
    END_SHARE,
    HANDOVER_SIGMA,
    PLATEAU_SIGMA,
    RELAXED_SECOND,
    WRONG_KNEE_SECOND,
    WRONG_KNEE_SIGMA,
    WRONG_KNEE_SLOPE_VOLT,
    WRONG_KNEE_VOLT,
    hand_over_settled,
    hypothesis_capacity,
    leave_wrong_knee,
    lose_anchor,
    try_handover,
    watch_guess,
    weigh_hypotheses,
)
from cellwarden.estimation.charge_start import summarise_starts
from cellwarden.estimation.current_zero import ZERO, ZERO_VAR
from cellwarden.estimation.ocv_lookup import branch_voltage
from tests.estimation.known_string import KnownString, string_context

ON_KNEE = 0.992


def guessed(soc: float = ON_KNEE, rest_second: float = 2.0 * WRONG_KNEE_SECOND) -> ChargeArrays:
    """Filters that were handed a charge, and what else they have learnt beside it."""
    state = initial_charge(string_context(KnownString(stages=(), cells=4)))
    state.scalars[ANCHORED] = 1.0
    state.x[:, cc.DEFICIT] = (1.0 - soc) * np.exp(state.x[:, cc.LN_CAPACITY])
    state.x[:, cc.LN_R2] += 2.0
    state.memory[:, cc.REST_SECOND] = rest_second
    state.memory[:, cc.HYSTERESIS] = 1.0
    return state


def expected(state: ChargeArrays, soc: float = ON_KNEE) -> float:
    volt, slope = branch_voltage(state.learnt[0], state.learnt[1], 1.0, soc)
    assert slope > WRONG_KNEE_SLOPE_VOLT or soc != ON_KNEE
    return float(volt)


def test_it_goes_back_to_hypotheses_without_what_was_learnt_beside_it() -> None:
    state = guessed()
    state.zero[ZERO], state.zero[ZERO_VAR] = 0.4, 1e-6
    state.y[:, cd.DIFFERENCE], state.memory_y[:, cd.LOCATED] = 1.0, 1.0
    assert leave_wrong_knee(state, expected(state) - 1.1 * WRONG_KNEE_VOLT)
    assert not state.y.any()
    assert not state.memory_y[:, cd.LOCATED].any()
    np.testing.assert_allclose(state.x[:, cc.OFFSET], 0.4, atol=0.01)
    assert state.scalars[ANCHORED] == state.scalars[TIED] == 0.0
    np.testing.assert_array_equal(state.x[:, cc.LN_R2], state.prior[:, 0, cc.LN_R2])
    mean, sigma, _, _ = summarise_starts(state.weights, 1.0, 1.0)
    assert mean - sigma < ON_KNEE - WRONG_KNEE_SIGMA
    best = np.argmax(state.weights[0, 0]) / (state.weights.shape[2] - 1.0)
    assert best == pytest.approx(ON_KNEE, abs=0.01)


@pytest.mark.parametrize(
    ("state", "below"),
    [
        (guessed(), 0.9 * WRONG_KNEE_VOLT),
        (guessed(), -2.0 * WRONG_KNEE_VOLT),
        (guessed(rest_second=0.5 * WRONG_KNEE_SECOND), 2.0 * WRONG_KNEE_VOLT),
    ],
    ids=["as far as a knee is off", "it stands higher", "under load"],
)
def test_it_stays_where_nothing_contradicts_it(state: ChargeArrays, below: float) -> None:
    before = state.x.copy()
    assert not leave_wrong_knee(state, expected(state) - below)
    assert state.scalars[ANCHORED] == 1.0
    np.testing.assert_array_equal(state.x, before)


@pytest.mark.parametrize("soc", [0.6, 0.03])
def test_on_the_plateau_and_when_empty_it_is_the_filters_to_tell(soc: float) -> None:
    state = guessed(soc)
    assert not leave_wrong_knee(state, expected(state, soc) - 0.1)


def handed(soc: float, full: float, has_knee: float = 1.0) -> FloatArray:
    """One sigma of z with which each filter begins at a charge of which the hypotheses are sure."""
    state = initial_charge(string_context(KnownString(stages=(), cells=4)))
    grid = np.linspace(0.0, 1.0, state.weights.shape[2])
    state.weights[:] = -0.5 * ((grid - soc) / (0.5 * HANDOVER_SIGMA)) ** 2
    state.memory[:, cc.CURRENT_SEEN] = 1.0
    state.parameters[cc.P_HAS_KNEE] = has_knee
    try_handover(state, full)
    assert state.scalars[ANCHORED] == 1.0
    return np.sqrt(state.p[:, cc.DEFICIT, cc.DEFICIT]) / np.exp(state.x[:, cc.LN_CAPACITY])


def test_a_charge_that_was_read_off_a_plateau_is_as_unsure_as_another_makes_curve() -> None:
    np.testing.assert_allclose(handed(0.5, 0.0), PLATEAU_SIGMA, rtol=1e-6)
    np.testing.assert_allclose(handed(0.9, 0.0), END_SHARE * 0.1, rtol=0.01)
    np.testing.assert_allclose(handed(0.9, 1.0), FULL_SOC_SIGMA, rtol=1e-6)
    assert handed(0.5, 0.0, has_knee=0.0).max() < 0.6 * HANDOVER_SIGMA  # a curve that slopes all over tells


@pytest.mark.parametrize(("full", "has_knee"), [(0.0, 1.0), (1.0, 1.0), (0.0, 0.0)])
def test_what_is_told_of_a_charge_stays_with_the_hypotheses_until_a_full_pack_or_a_sweep(
    full: float, has_knee: float
) -> None:
    state = initial_charge(string_context(KnownString(stages=(), cells=4)))
    grid = np.linspace(0.0, 1.0, state.weights.shape[2])
    state.weights[:] = -0.5 * ((grid - 0.97) / (0.5 * HANDOVER_SIGMA)) ** 2
    state.memory[:, cc.CURRENT_SEEN] = 1.0
    state.parameters[cc.P_HAS_KNEE] = has_knee
    try_handover(state, full)
    assert watch_guess(state) == (full == 0.0 and has_knee > 0.0)
    state.memory[:, cc.NEWS] = 2.0 * SWEEP_NEWS
    assert not watch_guess(state)
    state.memory[:, cc.NEWS] = 0.0
    assert not watch_guess(state)  # hypotheses that were not followed any more tell nothing


def test_a_guess_that_was_lost_is_none_beside_a_full_pack() -> None:
    state = initial_charge(string_context(KnownString(stages=(), cells=4)))
    state.scalars[GUESSED] = 1.0
    try_handover(state, 1.0)
    assert not watch_guess(state)


def test_a_pack_that_was_full_once_and_settles_after_it_was_lost_keeps_what_it_learnt() -> None:
    state = guessed(0.9)
    state.scalars[TIED] = 1.0
    state.x[:, cc.LN_CAPACITY] -= 0.2
    learnt = state.x.copy()
    lose_anchor(state, 0.2)
    assert not hand_over_settled(state, 3.38)
    assert state.scalars[ANCHORED] == 1.0
    np.testing.assert_array_equal(state.x[:, cc.OFFSET :], learnt[:, cc.OFFSET :])
    assert (state.x[:, cc.DEFICIT] / np.exp(state.x[:, cc.LN_CAPACITY]) < 0.05).all()


def test_an_hour_above_the_plateau_begins_anew_with_a_charge_that_was_lost() -> None:
    state = guessed(0.9)
    cells, volt = np.full(4, 3.39), 3.39
    assert [stays_up(state, cells, volt, 0.0, 600.0) for _ in range(6)][-1]
    lose_anchor(state, 0.2)
    assert [stays_up(state, cells, volt, 0.0, 600.0) for _ in range(6)] == [False] * 5 + [True]


def test_a_settled_pack_begins_as_unsure_as_the_curve_leaves_it_there() -> None:
    sigmas = []
    for volt in (3.32, 3.40):
        state = initial_charge(string_context(KnownString(stages=(), cells=4)))
        hand_over_settled(state, volt)
        sigmas.append(float(np.sqrt(state.p[0, cc.DEFICIT, cc.DEFICIT]) / np.exp(state.x[0, cc.LN_CAPACITY])))
    assert sigmas[1] == pytest.approx(FULL_SOC_SIGMA)
    assert sigmas[0] > 1.5 * FULL_SOC_SIGMA


def test_hypotheses_are_told_by_the_capacity_by_which_they_are_weighed() -> None:
    state = initial_charge(string_context(KnownString(stages=(), cells=4)))
    state.x[:, cc.LN_CAPACITY] -= 0.2
    assert hypothesis_capacity(state, 0) == pytest.approx(np.exp(state.x[0, cc.LN_CAPACITY]))
    state.scalars[GUESSED] = 1.0
    assert hypothesis_capacity(state, 0) == pytest.approx(np.exp(state.prior[0, 0, cc.LN_CAPACITY]))


def test_hypotheses_beside_a_guess_keep_to_the_curve_as_it_was_before_it() -> None:
    """A filter that began at a wrong charge bends its curve to fit it: the others would be weighed by that."""
    weights = []
    for learnt in (0.0, 1.0):
        context = string_context(KnownString(stages=(), cells=4))
        state, curves = initial_charge(context), _curves(context)
        state.scalars[GUESSED] = 1.0
        state.x[:, cc.STATES :] += learnt
        weigh_hypotheses(state, curves, 3.33, 0.0, 0.0, 60.0, 25.0)
        weights.append(state.weights.copy())
    np.testing.assert_array_equal(weights[0], weights[1])


@pytest.mark.parametrize("volt", [3.36, 3.38, 3.41, 3.6])
def test_a_pack_that_settled_begins_on_the_knee_where_its_voltage_is(volt: float) -> None:
    state = initial_charge(string_context(KnownString(stages=(), cells=4)))
    hand_over_settled(state, volt)
    soc = 1.0 - state.x[:, cc.DEFICIT] / np.exp(state.x[:, cc.LN_CAPACITY])
    there, _ = branch_voltage(state.learnt[0], state.learnt[1], 1.0, float(soc[0]))
    assert state.scalars[ANCHORED] == 1.0
    assert not watch_guess(state)
    assert there == pytest.approx(volt, abs=0.002) or soc[0] == pytest.approx(FULL_SOC)
    assert LEAST_SETTLED_SOC <= soc.min() <= soc.max() <= FULL_SOC + 1e-9


def test_a_log_begins_beside_a_polarisation_that_nobody_saw_begin() -> None:
    """What a resting pack reads at first may be that of a charge that has just ended; hours later it is not."""
    odds = []
    for listened_second in (0.0, 6.0 * RELAXED_SECOND):
        context = string_context(KnownString(stages=(), cells=4))
        state, curves = initial_charge(context), _curves(context)
        state.scalars[LISTENED_SECOND] = listened_second
        weigh_hypotheses(state, curves, 3.37, 0.0, 0.0, 60.0, 25.0)
        weights = state.weights[0, 1]
        odds.append(weights[int(0.985 * len(weights))] - weights[len(weights) // 2])
    assert odds[0] < 0.6 * odds[1]


def test_a_resting_voltage_that_comes_down_is_no_news_and_one_that_is_charged_up_is() -> None:
    told = []
    for current in (0.0, 10.0):
        context = string_context(KnownString(stages=(), cells=4))
        state, curves = initial_charge(context), _curves(context)
        weigh_hypotheses(state, curves, 3.35, current, 0.0, 60.0, 25.0)
        first = state.weights[0, 1].copy()
        for millivolt in range(1, 11):
            sign = 1.0 if current > 0.0 else -1.0
            weigh_hypotheses(state, curves, 3.35 + sign * 1e-3 * millivolt, current, 0.0, 60.0, 25.0)
        told.append(np.ptp(state.weights[0, 1] - first))
    assert told[0] < 0.2 * told[1]


@pytest.mark.parametrize("case", ["new cells", "new ones given up", "aged is best"])
def test_hypotheses_are_weighed_by_the_filter_that_is_gone_on_with(case: str) -> None:
    """The one that reads what the pack reads knows its polarisation; here a load that only it has resistance for."""
    context = string_context(KnownString(stages=(), cells=4))
    state, curves = initial_charge(context), _curves(context)
    new = int(np.argmax(state.memory[:, cc.SIBLING] >= 0.0))
    aged = int(state.memory[new, cc.SIBLING])
    state.memory[new, cc.GIVEN_UP] = 1.0 if case == "new ones given up" else 0.0
    state.scalars[BEST] = aged if case == "aged is best" else new
    asked, others = new if case == "new cells" else aged, state.x.copy()
    state.x[asked, cc.LN_R0] += 3.0
    weigh_hypotheses(state, curves, 3.30, -20.0, 0.0, 60.0, 25.0)
    moved = state.weights[new] - state.weights[new].max()
    again = initial_charge(context)
    again.x[:] = others
    again.memory[:], again.scalars[:] = state.memory, 0.0
    again.scalars[BEST] = state.scalars[BEST]
    weigh_hypotheses(again, curves, 3.30, -20.0, 0.0, 60.0, 25.0)
    assert not np.allclose(moved, again.weights[new] - again.weights[new].max())
