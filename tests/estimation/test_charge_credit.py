"""What a curve's variance is worth, and how surely a curve is beaten by another."""

from __future__ import annotations

import numpy as np
import pytest

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation import central_cell as cc
from cellwarden.estimation.charge_anchor import BEST
from cellwarden.estimation.charge_cascade import initial_charge
from cellwarden.estimation.charge_credit import (
    KNOWN_VARIANCE_SHARE,
    LEARNT_VARIANCE_SHARE,
    PROVING_NEWS,
    SWEEP_NEWS,
    WORSE_CURVE,
    choose_curve,
    known_top,
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
