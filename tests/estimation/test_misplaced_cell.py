"""A cell that its count has left on the plateau is found again where its voltage says; one that fell there is not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation import cell_difference as cd
from cellwarden.estimation import central_cell as cc
from cellwarden.estimation.charge_arrays import ChargeArrays
from cellwarden.estimation.charge_cascade import initial_charge
from cellwarden.estimation.misplaced_cell import APART_VOLT, RESTED_SECOND, find_misplaced, is_misplaced
from cellwarden.estimation.ocv_lookup import branch_voltage
from tests.estimation.known_string import KnownString, string_context

CELLS, LOW, OTHERS = 3, 0.10, 0.008  # of the capacity that is missing by count


def string_at_rest(deficit: float = OTHERS, rest_second: float = 2.0 * RESTED_SECOND) -> ChargeArrays:
    """A string whose second cell is some charge lower by its count."""
    state = initial_charge(string_context(KnownString(stages=(), cells=CELLS)))
    capacity = np.exp(state.x[0, cc.LN_CAPACITY])
    state.x[0, cc.DEFICIT] = deficit * capacity
    state.memory[0, cc.REST_SECOND] = rest_second
    state.y[1, cd.DIFFERENCE] = (LOW - OTHERS) * capacity
    state.memory_y[:, cd.LOCATED] = 1.0
    return state


def found_again(state: ChargeArrays, fallen: float = 0.0) -> FloatArray:
    """Which cells are, where the second reads as far below the others as that share of what its count says."""
    volt, there = (branch_voltage(state.learnt[0], state.learnt[1], 0.0, 1.0 - missing)[0] for missing in (OTHERS, LOW))
    readings = np.full(CELLS, volt)
    readings[1] -= fallen * (volt - there)
    find_misplaced(state, 0, readings, float(np.median(readings)))
    return np.asarray(state.memory_y[:, cd.LOCATED] == 0.0)


def test_a_cell_that_stands_with_the_others_on_the_knee_is_located_anew() -> None:
    assert found_again(string_at_rest()).tolist() == [False, True, False]


def test_a_cell_that_fell_there_is_where_it_is_counted() -> None:
    assert not found_again(string_at_rest(), fallen=0.5).any()


@pytest.mark.parametrize(
    ("deficit", "rest_second"), [(0.4, 2.0 * RESTED_SECOND), (OTHERS, 0.5 * RESTED_SECOND)], ids=["plateau", "load"]
)
def test_nothing_is_found_on_the_plateau_or_under_load(deficit: float, rest_second: float) -> None:
    assert not found_again(string_at_rest(deficit, rest_second)).any()


def test_a_reading_that_an_offset_explains_is_the_sensors() -> None:
    state = string_at_rest()
    state.y[1, cd.READING_OFFSET] = 0.2  # V more than it has: without it, it would stand where it is counted
    assert not found_again(state).any()


@given(st.floats(-0.1, 0.1), st.floats(-0.1, 0.1))
def test_only_a_cell_that_is_expected_far_below_can_be_misplaced(expected_volt: float, seen_volt: float) -> None:
    if is_misplaced(expected_volt, seen_volt):
        assert expected_volt < -APART_VOLT
        assert abs(seen_volt) < abs(expected_volt)
