"""The line that a filter goes by where a cell is read on a knee and thought on the plateau."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cellwarden.estimation import cell_difference as cd
from cellwarden.estimation.ocv_lookup import branch_voltage
from cellwarden.estimation.read_place import read_tangent

GRID = np.linspace(0.0, 1.0, 501)
CURVE = 3.25 + 0.08 * GRID - 0.5 * np.exp(-GRID / 0.03) + 0.25 * np.exp(-(1.0 - GRID) / 0.004)


def line(soc: float, read_volt: float) -> tuple[float, float]:
    """Voltage at `soc` and slope to go by."""
    return read_tangent(CURVE, CURVE, 1.0, soc, *branch_voltage(CURVE, CURVE, 1.0, soc), read_volt)


@given(st.floats(0.3, 0.9), st.one_of(st.floats(0.004, 0.05), st.floats(0.992, 0.999)))
def test_the_line_meets_the_curve_where_the_cell_is_read(soc: float, place: float) -> None:
    volt, slope = branch_voltage(CURVE, CURVE, 1.0, place)
    at_soc, steep = line(soc, volt)
    assert at_soc + steep * (place - soc) == pytest.approx(volt, abs=0.002)
    assert 0.5 * slope < steep < 2.0 * slope  # of the next piece of the grid at most


@given(st.floats(0.3, 0.9), st.floats(-0.05, 0.05))
def test_near_what_is_expected_the_curve_itself_is_the_line(soc: float, miss_volt: float) -> None:
    ocv, slope = branch_voltage(CURVE, CURVE, 1.0, soc)
    assert line(soc, ocv + miss_volt) == (ocv, slope)


@given(st.floats(0.02, 0.08))
@settings(max_examples=10, deadline=None)
def test_a_cell_that_is_full_before_the_others_is_found_where_it_is(fuller: float) -> None:
    """It was thought level with them, and they rest on the plateau."""
    y, memory = np.zeros(cd.STATES), np.zeros(cd.MEMORY)
    p = np.diag(np.array([3.0, 5e-3, 0.005, 0.0005, 0.05, 0.001]) ** 2)
    memory[cd.LOCATED] = memory[cd.STARTED] = 1.0
    deficit = 100.0 * fuller + 0.4
    apart = float(np.interp(0.996, GRID, CURVE) - np.interp(1.0 - deficit / 100.0, GRID, CURVE))
    for _ in range(60):
        place = (deficit, 0.0, 0.0, 100.0, 0.0, 0.001, 0.0, apart, 60.0, 0.0)
        cd.correct_difference(y, p, memory, CURVE, CURVE, 1.0, *place, np.empty((2, cd.STATES)))
    assert y[cd.DIFFERENCE] == pytest.approx(-100.0 * fuller, rel=0.15, abs=0.3)
