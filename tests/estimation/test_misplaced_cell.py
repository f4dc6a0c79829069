"""Cells that their count has left on the plateau, or on the knee, are found again where their voltage says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation import cell_difference as cd
from cellwarden.estimation import central_cell as cc
from cellwarden.estimation.cell_place import PLATEAU_SOC, RESTED_SECOND, STEEP_VOLT
from cellwarden.estimation.charge_arrays import ChargeArrays
from cellwarden.estimation.charge_cascade import initial_charge
from cellwarden.estimation.misplaced_cell import (
    APART_VOLT,
    FALLEN_SIGMA,
    FALLEN_VOLT,
    SEEN_SHARE,
    find_misplaced,
    is_misplaced,
)
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
    find_misplaced(state, 0, 0.0, readings, float(np.median(readings)))
    return np.asarray(state.memory_y[:, cd.LOCATED] == 0.0)


def test_a_cell_that_stands_with_the_others_on_the_knee_is_located_anew() -> None:
    assert found_again(string_at_rest()).tolist() == [False, True, False]


@pytest.mark.parametrize("deficit", [0.005, 0.012, 0.02])
def test_it_is_found_wherever_on_the_knee_the_others_stand(deficit: float) -> None:
    state = string_at_rest(deficit)
    readings = np.full(CELLS, branch_voltage(state.learnt[0], state.learnt[1], 0.0, 1.0 - deficit)[0])
    find_misplaced(state, 0, 0.0, readings, float(readings[0]))
    assert state.memory_y[:, cd.LOCATED].tolist() == [1.0, 0.0, 1.0]


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


def test_a_cell_that_an_offset_alone_holds_down_stands_with_the_others() -> None:
    state, offset = string_at_rest(), -0.05
    state.y[1, cd.READING_OFFSET] = offset
    volt = branch_voltage(state.learnt[0], state.learnt[1], 0.0, 1.0 - OTHERS)[0]
    find_misplaced(state, 0, 0.0, np.array([volt, volt + offset, volt]), float(volt))
    assert state.memory_y[:, cd.LOCATED].tolist() == [1.0, 0.0, 1.0]


def test_a_reading_that_is_missing_places_no_cell() -> None:
    state = string_at_rest()
    find_misplaced(state, 0, 0.0, np.array([3.45, np.nan, 3.45]), 3.45)
    assert state.memory_y[:, cd.LOCATED].all()


def test_a_cell_that_is_counted_on_the_knee_is_corrected_there() -> None:
    state = string_at_rest()
    state.y[1, cd.DIFFERENCE] = 0.01 * np.exp(state.x[0, cc.LN_CAPACITY])  # far below the others, where a slope tells
    assert not found_again(state).any()


def test_a_weak_cell_is_expected_where_its_own_capacity_puts_it() -> None:
    state = string_at_rest()
    state.y[1, cd.DIFFERENCE] = 0.015 * np.exp(state.x[0, cc.LN_CAPACITY])
    assert not found_again(state).any()
    state.y[1, cd.LN_RATIO] = np.log(0.5)  # lacks twice as much of what it has
    assert found_again(state).tolist() == [False, True, False]


def test_no_cell_is_misplaced_by_less_than_a_knees_shape_is_off_by() -> None:
    state, capacity = string_at_rest(0.026), float(np.exp(string_at_rest().x[0, cc.LN_CAPACITY]))
    places = 1.0 - np.array([0.026, 0.035])
    there, below = (branch_voltage(state.learnt[0], state.learnt[1], 0.0, float(soc)) for soc in places)
    assert below[1] < STEEP_VOLT < there[1]
    assert 0.0 < there[0] - below[0] < APART_VOLT
    state.y[1, cd.DIFFERENCE] = (0.035 - 0.026) * capacity
    find_misplaced(state, 0, 0.0, np.full(CELLS, there[0]), there[0])
    assert state.memory_y[:, cd.LOCATED].all()


def test_without_a_knee_no_cell_is() -> None:
    state = string_at_rest()
    state.parameters[cc.P_HAS_KNEE] = 0.0
    assert not found_again(state).any()


def test_a_cell_is_expected_on_the_branch_that_it_stands_on() -> None:
    """On the discharge branch, to which its leak turned it, the plateau lies half a width of the hysteresis lower."""
    state = string_at_rest(0.02)
    state.y[1, cd.DIFFERENCE] = 0.02 * np.exp(state.x[0, cc.LN_CAPACITY])
    state.memory_y[1, cd.HYSTERESIS] = -1.0
    there, middle = (branch_voltage(state.learnt[0], state.learnt[1], 0.0, soc)[0] for soc in (0.98, 0.96))
    fallen = branch_voltage(state.learnt[0], state.learnt[1], -1.0, 0.96)[0]
    below = -SEEN_SHARE * np.array([there - middle, there - fallen])  # how far down each branch lets it be seen
    find_misplaced(state, 0, 0.0, np.array([there, there + below.mean(), there]), there)
    assert state.memory_y[:, cd.LOCATED].tolist() == [1.0, 0.0, 1.0]


@given(st.floats(-0.1, 0.1), st.floats(-0.1, 0.1))
def test_only_a_cell_that_is_expected_far_below_can_be_misplaced(expected_volt: float, seen_volt: float) -> None:
    if is_misplaced(expected_volt, seen_volt):
        assert expected_volt < -APART_VOLT
        assert abs(seen_volt) < abs(expected_volt)


def string_on_knee(below_volt: float, offset_volt: float = 0.0, deficit: float = OTHERS) -> tuple[ChargeArrays, float]:
    """A string at rest that is counted alike, its second cell read so far below the plateau's end [V]; its capacity."""
    state = string_at_rest(deficit)
    capacity = float(np.exp(state.x[0, cc.LN_CAPACITY]))
    state.y[1, cd.DIFFERENCE] = 0.0
    state.y[1, cd.READING_OFFSET] = offset_volt
    state.memory_y[:, cd.HYSTERESIS] = 1.0
    top, _ = branch_voltage(state.learnt[0], state.learnt[1], 1.0, 1.0 - deficit)
    plateau = state.learnt[1, int(PLATEAU_SOC * (state.learnt.shape[1] - 1))]
    find_misplaced(state, 0, 0.0, np.array([top, plateau - below_volt, top]), float(top))
    return state, capacity


def test_a_cell_that_reads_as_on_the_plateau_is_not_held_on_the_knee() -> None:
    state, capacity = string_on_knee(0.005)
    missing = OTHERS * capacity + state.y[1, cd.DIFFERENCE]
    assert missing == pytest.approx((1.0 - PLATEAU_SOC + FALLEN_SIGMA) * capacity)
    assert np.sqrt(state.q[1, cd.DIFFERENCE, cd.DIFFERENCE]) == pytest.approx(FALLEN_SIGMA * capacity)
    assert state.q[1, cd.LEAK, cd.LEAK] == pytest.approx((cd.LEAK_REOPENED * capacity) ** 2)
    assert state.memory_y[1, cd.HYSTERESIS] == -1.0
    np.testing.assert_allclose(state.q[1], state.q[1].T)
    assert np.linalg.eigvalsh(state.q[1]).min() >= 0.0
    assert not state.y[[0, 2]].any()


@pytest.mark.parametrize(
    ("below", "offset", "deficit"),
    [
        (-0.010, 0.0, OTHERS),  # it stands above the plateau, on the knee
        (0.005, -0.2, OTHERS),  # the sensor reads low
        (0.005, 0.0, 0.08),  # the others are on the plateau too
        (0.2, 0.0, 0.98),  # and at the lower end of the curve, which is as steep
    ],
    ids=["knee", "offset", "plateau", "empty"],
)
def test_others_stay_where_they_are_counted(below: float, offset: float, deficit: float) -> None:
    state, _ = string_on_knee(below, offset, deficit)
    assert state.y[1, cd.DIFFERENCE] == 0.0


def test_a_cell_that_is_expected_there_stays() -> None:
    state, capacity = string_on_knee(0.005)
    found = state.y[1, cd.DIFFERENCE]
    top = branch_voltage(state.learnt[0], state.learnt[1], 1.0, 1.0 - OTHERS)[0]
    volt, _ = branch_voltage(state.learnt[0], state.learnt[1], -1.0, 1.0 - OTHERS - found / capacity)
    state.y[1, cd.DIFFERENCE] = found + 0.02 * capacity
    find_misplaced(state, 0, 0.0, np.array([top, volt - 0.5 * FALLEN_VOLT, top]), float(top))
    assert state.y[1, cd.DIFFERENCE] == found + 0.02 * capacity
