"""An idle reading beside a channel that is off by itself, and what is forgotten with a wrong charge."""

from __future__ import annotations

import numpy as np
import pytest

from cellwarden.estimation import cell_difference as cd
from cellwarden.estimation import central_cell as cc
from cellwarden.estimation.charge_anchor import LOST_FULL_SOC, check_anchor, read_zero
from cellwarden.estimation.charge_arrays import ChargeArrays
from cellwarden.estimation.charge_cascade import ESTIMATOR
from cellwarden.estimation.charge_rows import I_CAPACITY, I_LEAK, I_READING, INFORMATION, forget_information
from cellwarden.estimation.still_reading import is_still
from tests.estimation.known_string import KnownString, string_context


def idle_string() -> ChargeArrays:
    """A string that has rested for an hour at six tenths of its charge."""
    state: ChargeArrays = ESTIMATOR.initial(string_context(KnownString(stages=(), cells=4)))
    state.memory[:, cc.REST_SECOND] = 3600.0
    state.x[:, cc.DEFICIT] = 40.0
    return state


def reads_zero(state: ChargeArrays, volts: list[float]) -> bool:
    """Whether half an hour without a current is read as the zero."""
    voltage, work = np.array(volts), np.empty(len(volts))
    return any(read_zero(state, voltage, 0.0, 0.0, 60.0, np.nan, work) for _ in range(32))


def test_a_channel_that_stands_still_near_full_does_not_hide_the_zero() -> None:
    volts = [3.30, 3.30, 3.301, 3.42]
    assert not reads_zero(idle_string(), volts)  # that cell may be full, and its bleed be what flows
    state = idle_string()
    for median in np.linspace(3.20, 3.30, 11):  # under a load that moved all others
        is_still(state.memory_y[3, cd.STILL :], 3.42, median, 0.0)
    assert reads_zero(state, volts)


def test_a_channel_that_is_known_to_read_high_does_not_hide_the_zero() -> None:
    state = idle_string()
    state.y[3, cd.READING_OFFSET] = 0.08
    assert reads_zero(state, [3.30, 3.30, 3.301, 3.39])


def test_what_a_wrong_charge_taught_of_the_top_is_forgotten_with_it() -> None:
    state = idle_string()
    state.memory[:, cc.TOP_MISS], state.memory[:, cc.TOP_SIGMA] = 9.0, 0.004
    state.x[:, cc.DEFICIT] = 1.0
    assert not check_anchor(state, 0.0, LOST_FULL_SOC)
    assert (state.memory[:, cc.TOP_SIGMA] == 0.004).all()
    state.x[:, cc.DEFICIT] = 20.0
    assert check_anchor(state, 0.0, LOST_FULL_SOC)
    assert (state.memory[:, [cc.TOP_MISS, cc.TOP_SIGMA]] == 0.0).all()


def test_cells_that_are_found_anew_were_not_informed_yet() -> None:
    state = idle_string()
    first = state.information.copy()
    assert np.isnan(first[:, :, 1]).all()
    state.information[:] = 7.0
    forget_information(state, I_READING)
    assert (state.information[I_READING] == 7.0).all()
    np.testing.assert_array_equal(state.information[[I_CAPACITY, I_LEAK]], first[[I_CAPACITY, I_LEAK]])
    forget_information(state, INFORMATION)
    np.testing.assert_array_equal(state.information, first)
    own = [0.5 * state.q[:, cd.LEAK, cd.LEAK], 0.7 * state.q[:, cd.READING_OFFSET, cd.READING_OFFSET]]
    assert first[[I_LEAK, I_READING], :, 0] == pytest.approx(np.array(own))
