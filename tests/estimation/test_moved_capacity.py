"""A curve that was learnt by a capacity that has moved far is learnt anew."""

from __future__ import annotations

import numpy as np
import pytest

from cellwarden.estimation import central_cell as cc
from cellwarden.estimation.charge_arrays import ChargeArrays
from cellwarden.estimation.charge_cascade import _curves, initial_charge
from cellwarden.estimation.moved_capacity import FAR, LEFT, SURE, learn_again
from tests.estimation.known_string import KnownString, string_context

CONTEXT = string_context(KnownString(stages=(), cells=4))
COUNT = _curves(CONTEXT).mode_count
LEARNS = int(np.argmax(COUNT > 0))


def learnt(moved: float, sigma: float) -> ChargeArrays:
    """Filters that have learnt something of everything, and whose capacity has moved."""
    state = initial_charge(CONTEXT)
    state.x[:, cc.BETA :] += 0.5
    state.x[:, cc.LN_CAPACITY] += moved
    for p in state.p:
        spread = np.sqrt(np.diag(p))
        whole = 0.3 * np.outer(spread, spread) + 0.7 * p
        p[:] = whole * (sigma / spread[cc.LN_CAPACITY]) ** 2
    return state


@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_the_curve_goes_back_and_the_charge_stays(sign: float) -> None:
    state = learnt(sign * 1.01 * FAR, 0.5 * SURE)
    before = state.p[LEARNS].copy()
    learn_again(state, COUNT)
    states = cc.STATES + COUNT[LEARNS]
    x, p, prior = state.x[LEARNS, :states], state.p[LEARNS, :states, :states], state.prior[LEARNS, :, :states]
    np.testing.assert_array_equal(x[cc.BETA :], prior[0, cc.BETA :])
    np.testing.assert_allclose(p[cc.BETA :, cc.BETA :], np.diag(prior[1, cc.BETA :] ** 2))
    assert not p[: cc.BETA, cc.BETA :].any()
    assert not p[cc.BETA :, : cc.BETA].any()
    site, told = state.memory[LEARNS, cc.SITE], 1.0 / before[cc.LN_CAPACITY, cc.LN_CAPACITY]
    own = 1.0 / (1.0 / (told - site) + LEFT**2)  # what the log says is doubted, what is known beforehand is not
    assert p[cc.LN_CAPACITY, cc.LN_CAPACITY] == pytest.approx(1.0 / (own + site))
    assert state.memory[LEARNS, cc.CURVE_WEIGHT] == 0.0
    assert np.linalg.eigvalsh(p).min() >= -1e-12
    again = state.p.copy()
    state.p[:, cc.LN_CAPACITY, cc.LN_CAPACITY] = (0.5 * SURE) ** 2
    state.x[:, cc.BETA :] += 0.1
    moved = state.x.copy()
    learn_again(state, COUNT)
    np.testing.assert_array_equal(state.x, moved)
    np.testing.assert_array_equal(state.p[LEARNS, cc.BETA :, cc.BETA :], again[LEARNS, cc.BETA :, cc.BETA :])


@pytest.mark.parametrize(("moved", "sigma"), [(0.99 * FAR, 0.9 * SURE), (1.5 * FAR, 1.01 * SURE)])
def test_it_stays_while_the_capacity_is_near_or_unsure(moved: float, sigma: float) -> None:
    state = learnt(moved, sigma)
    before = state.x.copy()
    learn_again(state, COUNT)
    np.testing.assert_array_equal(state.x, before)


def test_a_known_curve_and_one_that_was_given_up_stay() -> None:
    state = learnt(1.5 * FAR, 0.9 * SURE)
    state.memory[LEARNS, cc.GIVEN_UP] = 1.0
    before = state.x.copy()
    learn_again(state, COUNT)
    for k in np.flatnonzero((COUNT == 0) | (np.arange(len(COUNT)) == LEARNS)):
        np.testing.assert_array_equal(state.x[k], before[k])
