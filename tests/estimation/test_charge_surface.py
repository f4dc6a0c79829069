"""Where a cell's surface stands: by its slope cells differ under load, and a plateau tells of none."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation import central_cell as cc
from cellwarden.estimation.charge_cascade import initial_charge
from cellwarden.estimation.charge_surface import FARTHEST, charge_beside, surface_beside
from cellwarden.estimation.ocv_lookup import branch_voltage
from tests.estimation.known_string import KnownString, string_context

GRID = np.linspace(0.0, 1.0, 501)


def both(curve: FloatArray) -> FloatArray:
    return np.stack([curve, curve])


KNEE = both(3.2 + 0.1 * GRID - 0.5 * np.exp(-GRID / 0.04))


@given(st.floats(0.06, 0.1), st.floats(-0.03, 0.02))
def test_on_a_knee_it_is_the_place_that_has_the_voltage(soc: float, apart: float) -> None:
    volt, there = np.interp([soc, soc + apart], GRID, KNEE[0])
    beside = charge_beside(KNEE, 0.0, soc, there - volt)
    assert beside == pytest.approx(-apart, rel=0.1, abs=2e-4)


@given(st.floats(0.02, 0.98), st.floats(-0.05, 0.05))
def test_it_is_never_far_and_on_the_side_of_the_voltage(soc: float, moved_volt: float) -> None:
    beside = charge_beside(KNEE, 0.0, soc, moved_volt)
    assert abs(beside) <= FARTHEST + 1e-12
    assert beside * moved_volt <= 0.0


@given(st.floats(0.3, 0.7), st.floats(-0.02, 0.02))
def test_on_a_plateau_a_voltage_tells_next_to_nothing(soc: float, moved_volt: float) -> None:
    assert abs(charge_beside(both(3.3 + 0.03 * GRID), 0.0, soc, moved_volt)) < 0.001


def test_a_voltage_that_is_the_curves_moves_nothing() -> None:
    assert charge_beside(KNEE, 0.0, 0.1, 0.0) == 0.0


def beside_of_string(depth: float, prompt_volt: float, slow_volt: float, curve_volt: float) -> float:
    """What is told of a string at that depth that a load holds down, its curve being off by `curve_volt`."""
    state = initial_charge(string_context(KnownString(stages=(), cells=3)))
    state.x[0, cc.DEFICIT] = depth * np.exp(state.x[0, cc.LN_CAPACITY])
    state.x[0, cc.BETA] = curve_volt
    state.memory[0, cc.POLARISATION], state.memory[0, cc.SLOW] = prompt_volt + slow_volt, slow_volt
    ocv, _ = branch_voltage(state.learnt[0], state.learnt[1], 0.0, 1.0 - depth)
    return surface_beside(state, 0, ocv + curve_volt + prompt_volt + slow_volt, 0.0)


@given(st.floats(-0.05, 0.0), st.floats(-0.02, 0.02))
def test_what_comes_at_once_and_what_the_curve_is_off_by_move_no_surface(prompt_volt: float, curve_volt: float) -> None:
    alone = beside_of_string(0.94, 0.0, -0.03, 0.0)
    assert alone > 0.002
    assert beside_of_string(0.94, prompt_volt, -0.03, curve_volt) == pytest.approx(alone, rel=1e-6)
    assert beside_of_string(0.94, prompt_volt, 0.0, curve_volt) == pytest.approx(0.0, abs=1e-9)


def test_near_full_cells_are_left_where_they_are() -> None:
    assert beside_of_string(0.9 * cc.TELLING_DEPTH, 0.0, -0.05, 0.0) == 0.0
    assert beside_of_string(0.02, 0.0, 0.05, 0.0) == 0.0


def test_the_slow_part_of_a_load_is_what_its_resistance_does_not_explain_at_once() -> None:
    context = string_context(KnownString(stages=(), cells=1))
    state, curve = initial_charge(context), context.model.ocv_curves[0]
    x, p, memory = state.x[0, : cc.STATES], state.p[0], state.memory[0]
    x[cc.DEFICIT] = 50.0
    memory[[cc.FILTERED_1, cc.FILTERED_2]] = -20.0, -10.0
    slow = -20.0 * np.exp(x[cc.LN_R1]) - 10.0 * np.exp(x[cc.LN_R2])
    modes = np.empty((len(curve.charge_volt), 0))
    branches = (curve.discharge_volt, curve.charge_volt, modes, curve.remainder_volt)
    factor, work = context.model.resistance_soc_factor, np.empty((2, cc.STATES))
    read = (3.2, -30.0, 0.0, 0.0, 25.0, 0.0)
    cc.correct_by_voltage(x, p, memory, state.parameters, *branches, factor, *read, work)
    assert memory[cc.SLOW] == pytest.approx(slow)
    assert memory[cc.POLARISATION] < memory[cc.SLOW] < 0.0
