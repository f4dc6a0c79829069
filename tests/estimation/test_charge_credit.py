"""What a curve's variance is worth, and how surely a curve is beaten by another."""

from __future__ import annotations

import numpy as np
import pytest

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation import central_cell as cc
from cellwarden.estimation.charge_anchor import BEST
from cellwarden.estimation.charge_arrays import ChargeArrays
from cellwarden.estimation.charge_cascade import initial_charge
from cellwarden.estimation.charge_credit import (
    AGE_CURVE,
    CREDIT_DIVISOR,
    KNOWN_VARIANCE_SHARE,
    LEARNT_VARIANCE_SHARE,
    M_CAPACITY,
    M_LIKELY_CAPACITY,
    MIXED,
    PROVING_NEWS,
    SWEEP_NEWS,
    WORSE_CURVE,
    choose_curve,
    known_top,
    mix_curves,
    of_the_make,
    resembling,
    variance_share,
)
from cellwarden.estimation.charge_top import LEARNT_TOP_SIGMA
from tests.estimation.known_string import KnownString, string_context


def memory_of(told_by_known: float, told_by_learnt: float, news: float) -> FloatArray:
    """Memory of a known curve and of one that is learnt."""
    memory = np.zeros((2, cc.MEMORY))
    memory[:, cc.NEWS] = news
    memory[:, cc.PRIOR_LIKELIHOOD] = (7.0, -1.0)
    memory[:, cc.LIKELIHOOD] = memory[:, cc.PRIOR_LIKELIHOOD] + (told_by_known, told_by_learnt)
    return memory


def test_a_curve_that_has_proven_itself_is_trusted_and_before_that_none() -> None:
    proven, fresh = memory_of(100.0, 90.0, SWEEP_NEWS)[0], memory_of(0.0, 0.0, 0.0)[0]
    assert variance_share(proven, 0) == pytest.approx(KNOWN_VARIANCE_SHARE)
    assert variance_share(proven, 12) == pytest.approx(LEARNT_VARIANCE_SHARE)
    assert variance_share(fresh, 0) == variance_share(fresh, 12) == 1.0
    half = memory_of(0.0, 0.0, 0.5 * PROVING_NEWS)[0]
    assert variance_share(half, 0) == pytest.approx(0.5 * (1.0 + KNOWN_VARIANCE_SHARE))


def test_cells_resemble_a_known_curve_only_where_another_explains_the_log_better() -> None:
    assert resembling(memory_of(100.0, 90.0, SWEEP_NEWS), 0) == 0.0
    assert resembling(memory_of(90.0, 100.0, SWEEP_NEWS), 0) == pytest.approx(1.0, abs=1e-3)
    assert resembling(memory_of(0.0, 10.0, 0.0), 0) == 0.0


def test_readings_that_repeat_a_sweep_do_not_add_up() -> None:
    once = resembling(memory_of(99.0, 100.0, SWEEP_NEWS), 0)
    assert resembling(memory_of(990.0, 1000.0, 10 * SWEEP_NEWS), 0) == pytest.approx(once)


def test_a_curve_that_was_given_up_beats_none() -> None:
    memory = memory_of(90.0, 100.0, SWEEP_NEWS)
    memory[1, cc.GIVEN_UP] = 1.0
    assert resembling(memory, 0) == 0.0


def test_cells_are_of_the_known_make_as_likely_as_the_log_says_whatever_was_promised() -> None:
    assert of_the_make(memory_of(0.0, 0.0, 0.0), 0) == pytest.approx(0.5)
    assert of_the_make(memory_of(100.0, 97.0, SWEEP_NEWS), 0) == pytest.approx(1.0 / (1.0 + np.exp(-3.0)))
    alone = memory_of(90.0, 100.0, SWEEP_NEWS)
    alone[1, cc.GIVEN_UP] = 1.0
    assert of_the_make(alone, 0) == 1.0


def test_a_known_top_is_sure_once_the_log_bears_its_curve_out() -> None:
    moved, variance = known_top(memory_of(100.0, 80.0, SWEEP_NEWS), 0, 0.0009)
    assert moved == 0.0
    assert np.sqrt(variance) == pytest.approx(0.0009, rel=1e-3)


def test_of_another_make_the_top_is_where_the_shape_of_the_knee_places_it() -> None:
    memory = memory_of(80.0, 100.0, SWEEP_NEWS)
    _, variance = known_top(memory, 0, 0.0009)
    assert np.sqrt(variance) == pytest.approx(LEARNT_TOP_SIGMA, rel=1e-3)
    memory[0, cc.TOP_SIGMA], memory[0, cc.TOP_APART] = LEARNT_TOP_SIGMA, 0.01
    moved, variance = known_top(memory, 0, 0.0009)
    assert moved == pytest.approx(0.005, rel=1e-3)
    assert np.sqrt(variance) == pytest.approx(LEARNT_TOP_SIGMA / np.sqrt(2.0), rel=1e-3)


def test_two_makes_with_tops_far_apart_are_doubted_by_as_much() -> None:
    memory = memory_of(0.0, 0.0, 0.0)
    memory[0, cc.TOP_SIGMA], memory[0, cc.TOP_APART] = 1e-5, 0.01
    moved, variance = known_top(memory, 0, 1e-5)
    assert moved == pytest.approx(0.005, rel=1e-3)
    assert np.sqrt(variance) == pytest.approx(0.005, rel=1e-3)


def test_a_set_that_knows_its_top_less_than_all_makes_is_not_surer_for_it() -> None:
    _, variance = known_top(memory_of(0.0, 0.0, 0.0), 0, 0.02)
    assert np.sqrt(variance) == pytest.approx(0.02)


def test_the_curve_that_explains_the_log_best_is_gone_on_with_and_one_that_was_given_up_is_not() -> None:
    state = initial_charge(string_context(KnownString(stages=(), cells=2)))
    memory, work = state.memory, np.empty(len(state.memory))
    memory[:, cc.NEWS], memory[:, cc.PRIOR_LIKELIHOOD] = SWEEP_NEWS, 0.0
    memory[:, cc.LIKELIHOOD] = -2.0 * WORSE_CURVE
    memory[1:3, cc.LIKELIHOOD] = 1.0, 20.0
    assert choose_curve(state, work) == state.scalars[BEST] == 2
    assert np.flatnonzero(memory[:, cc.GIVEN_UP] == 0.0).tolist() == [1, 2]
    memory[:2, cc.LIKELIHOOD] = 40.0, 21.0  # one was given up, the other is hardly better
    assert choose_curve(state, work) == 2
    memory[1, cc.LIKELIHOOD] = 25.0
    assert choose_curve(state, work) == 1


def siblings(aged_is_better_by: float) -> tuple[ChargeArrays, int, int]:
    """Two filters of one curve, of new cells and of aged ones, and nothing else; and which they are."""
    state = initial_charge(string_context(KnownString(stages=(), cells=2)))
    new = int(np.argmax(state.memory[:, cc.SIBLING] >= 0.0))
    aged = int(state.memory[new, cc.SIBLING])
    state.memory[:, cc.NEWS], state.memory[:, cc.LIKELIHOOD] = SWEEP_NEWS, state.memory[:, cc.PRIOR_LIKELIHOOD]
    state.memory[:, cc.GIVEN_UP] = 1.0
    state.memory[[new, aged], cc.GIVEN_UP] = 0.0
    state.memory[aged, cc.LIKELIHOOD] += aged_is_better_by
    state.scalars[BEST] = new
    return state, new, aged


def share_of_aged(state: ChargeArrays, new: int, aged: int) -> float:
    """By what weight the mixture's capacity is that of aged cells."""
    mixed, counts = np.empty(MIXED), np.full(len(state.memory), 8)
    mix_curves(state, counts, mixed, np.empty(len(counts)))
    likely = state.x[[new, aged][int(state.memory[int(state.scalars[BEST]), cc.IS_AGED])], cc.LN_CAPACITY]
    assert mixed[M_LIKELY_CAPACITY] == pytest.approx(likely)
    first, last = state.x[new, cc.LN_CAPACITY], state.x[aged, cc.LN_CAPACITY]
    return float((mixed[M_CAPACITY] - first) / (last - first))


@pytest.mark.parametrize("better", [-3.0, 0.0, 3.0])
def test_new_and_aged_cells_of_one_curve_are_weighed_in_full(better: float) -> None:
    state, new, aged = siblings(better)
    odds = np.exp(better + state.memory[aged, cc.LOG_SHARE] - state.memory[new, cc.LOG_SHARE])
    assert share_of_aged(state, new, aged) == pytest.approx(odds / (1.0 + odds))


def test_two_curves_are_weighed_by_a_fraction_of_what_the_log_tells() -> None:
    state, new, aged = siblings(3.0)
    state.memory[:, cc.SIBLING] = -1.0
    odds = np.exp(3.0 / CREDIT_DIVISOR)
    assert share_of_aged(state, new, aged) == pytest.approx(odds / (1.0 + odds))


def test_aged_cells_are_gone_on_with_once_the_log_outweighs_that_few_are() -> None:
    state, new, aged = siblings(0.0)
    rare = state.memory[new, cc.LOG_SHARE] - state.memory[aged, cc.LOG_SHARE]
    work = np.empty(len(state.memory))
    state.memory[aged, cc.LIKELIHOOD] += 0.99 * (AGE_CURVE + rare)
    assert choose_curve(state, work) == new
    state.memory[aged, cc.LIKELIHOOD] += 0.02 * (AGE_CURVE + rare)
    assert choose_curve(state, work) == aged
    assert share_of_aged(state, new, aged) > 0.5
