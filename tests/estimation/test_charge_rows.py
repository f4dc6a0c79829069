"""How sure the charge of a cell is that stands apart from the others, by what its curve is known from."""

from __future__ import annotations

import numpy as np
import pytest

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation import cell_difference as cd
from cellwarden.estimation import central_cell as cc
from cellwarden.estimation.charge_anchor import BEST, TIED
from cellwarden.estimation.charge_cascade import initial_charge
from cellwarden.estimation.charge_credit import LEVEL_SHARE, MIXED, PROVING_NEWS, mix_curves
from cellwarden.estimation.charge_rows import (
    KNEE_APART_SHARE,
    KNEE_DEPTH,
    UNTIED_DEPTH,
    UNTIED_SIGMA,
    _offset_known,
    _soc_and_sigma,
    _untied_variance,
)
from cellwarden.estimation.current_zero import ZERO, ZERO_VAR
from tests.estimation.known_string import KnownString, string_context

CAPACITY_AH, NOTHING = 100.0, np.zeros((cd.STATES, cd.STATES))


def sigma_of(apart_ah: float, depth: float, learnt: float) -> float:
    """Sigma of the charge of a cell of which all is known but how the knee slopes."""
    mixed = np.array([depth * CAPACITY_AH, np.log(CAPACITY_AH), 0.0, 0.0, 0.0, 0.0, learnt])
    y = np.zeros(cd.STATES)
    y[cd.DIFFERENCE] = apart_ah
    soc, sigma = _soc_and_sigma(mixed, y, NOTHING, CAPACITY_AH, 0.0, 0.0, 0.0)
    assert soc == pytest.approx(1.0 - depth - apart_ah / CAPACITY_AH)
    return sigma


@pytest.mark.parametrize("apart_ah", [-0.4, 2.0])
def test_a_cell_apart_on_a_learnt_knee_is_doubted_by_a_share_of_how_far(apart_ah: float) -> None:
    whole = KNEE_APART_SHARE * abs(apart_ah) / CAPACITY_AH
    assert sigma_of(apart_ah, 0.5 * KNEE_DEPTH, 1.0) == pytest.approx(whole)
    assert sigma_of(apart_ah, 10.0 * KNEE_DEPTH, 1.0) == pytest.approx(0.1 * whole)  # it was counted down from there
    assert sigma_of(apart_ah, 0.5 * KNEE_DEPTH, 0.25) == pytest.approx(0.5 * whole)
    assert sigma_of(apart_ah, 0.5 * KNEE_DEPTH, 0.0) == pytest.approx(0.0, abs=1e-12)
    assert sigma_of(0.0, 0.5 * KNEE_DEPTH, 1.0) == pytest.approx(0.0, abs=1e-12)


def mixture(top_sigma: float, learns: tuple[int, ...] = (8,)) -> tuple[FloatArray, float]:
    """What curves that have proven themselves make of the charge, each alike and sure of it."""
    state = initial_charge(string_context(KnownString(stages=(), cells=2)))
    state.memory[:, cc.GIVEN_UP] = np.arange(len(state.memory)) >= len(learns)
    state.memory[:, cc.PRIOR_LIKELIHOOD] = state.memory[:, cc.LIKELIHOOD] = 0.0
    state.memory[:, cc.NEWS] = PROVING_NEWS
    state.memory[:, cc.TOP_SIGMA] = top_sigma
    state.x[:], state.p[:], state.scalars[BEST] = state.x[0], 0.0, 0.0
    counts, mixed = np.zeros(len(state.memory), dtype=np.int64), np.empty(MIXED)
    counts[: len(learns)] = learns
    return mixed, mix_curves(state, counts, mixed, np.empty(len(counts)))


def test_the_level_that_the_knee_tells_counts_by_its_share_of_the_variance() -> None:
    mixed, top = mixture(0.003)
    assert mixed[2] == pytest.approx(LEVEL_SHARE * (0.003 * CAPACITY_AH) ** 2)
    assert top == 0.0
    _, untold = mixture(0.0)
    assert untold == pytest.approx(LEVEL_SHARE * 0.006**2)


def test_it_is_told_by_what_weight_the_curves_are_learnt() -> None:
    assert mixture(0.0, (8,))[0][6] == 1.0
    assert mixture(0.0, (0,))[0][6] == 0.0
    assert mixture(0.0, (0, 8))[0][6] == pytest.approx(0.5)


def untied_sigma(depth: float, tied: float = 0.0, has_knee: float = 1.0) -> float:
    """By how much every charge is doubted because the pack was never full."""
    state = initial_charge(string_context(KnownString(stages=(), cells=2)))
    state.scalars[TIED], state.parameters[cc.P_HAS_KNEE] = tied, has_knee
    mixed = np.zeros(MIXED)
    mixed[:2] = depth * CAPACITY_AH, np.log(CAPACITY_AH)
    return float(np.sqrt(_untied_variance(state, mixed)))


def test_a_pack_that_was_never_full_is_doubted_by_where_its_curve_has_its_steps() -> None:
    assert untied_sigma(0.5) == untied_sigma(1.01 * UNTIED_DEPTH) == pytest.approx(UNTIED_SIGMA)
    assert untied_sigma(0.5 * UNTIED_DEPTH) == pytest.approx(0.5 * UNTIED_SIGMA)  # the knee tells where it is
    assert untied_sigma(-0.01) == untied_sigma(0.5, tied=1.0) == untied_sigma(0.5, has_knee=0.0) == 0.0


@pytest.mark.parametrize("measured_sigma", [np.inf, 0.03, 0.008])
@pytest.mark.parametrize("logged", [True, False])
def test_a_bleed_without_a_log_may_be_part_of_the_offset_but_of_none_that_was_measured(
    measured_sigma: float, *, logged: bool
) -> None:
    state = initial_charge(string_context(KnownString(stages=(), cells=2, balancing_logged=logged)))
    best = int(state.scalars[BEST])
    state.x[best, cc.OFFSET], state.p[best, cc.OFFSET, cc.OFFSET] = 0.09, 0.003**2
    state.zero[ZERO], state.zero[ZERO_VAR] = 0.035, measured_sigma**2
    if logged:
        assert _offset_known(state) == pytest.approx((0.09, 0.003, 0.0))
    elif measured_sigma == 0.008:
        assert _offset_known(state) == pytest.approx((0.035, 0.008, 0.0))
    else:
        assert _offset_known(state) == pytest.approx((0.09, 0.003, 0.06))
