"""Open-circuit voltage on the grid against NumPy's interpolation, and what goes on beyond the ends."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellwarden.estimation.ocv_lookup import branch_voltage
from cellwarden.models.parameter_set import load_cell_model

MODEL = load_cell_model("lfp")
CURVE = MODEL.ocv_curves[0]
GRID = MODEL.soc_fraction
LAST = len(GRID) - 1


@given(soc=st.floats(0.0, 1.0), hysteresis=st.floats(-1.0, 1.0))
def test_voltage_is_that_of_the_mixed_branches(soc: float, hysteresis: float) -> None:
    voltage, _ = branch_voltage(CURVE.discharge_volt, CURVE.charge_volt, hysteresis, soc)
    low, high = np.interp(soc, GRID, CURVE.discharge_volt), np.interp(soc, GRID, CURVE.charge_volt)
    assert voltage == pytest.approx(0.5 * (low + high) + 0.5 * hysteresis * (high - low), abs=1e-12)


@given(cell=st.integers(0, LAST - 1), hysteresis=st.floats(-1.0, 1.0))
def test_slope_is_the_derivative(cell: int, hysteresis: float) -> None:
    soc = (cell + 0.5) / LAST
    step = 0.2 / LAST
    _, slope = branch_voltage(CURVE.discharge_volt, CURVE.charge_volt, hysteresis, soc)
    above, _ = branch_voltage(CURVE.discharge_volt, CURVE.charge_volt, hysteresis, soc + step)
    below, _ = branch_voltage(CURVE.discharge_volt, CURVE.charge_volt, hysteresis, soc - step)
    assert slope == pytest.approx((above - below) / (2.0 * step), rel=1e-6, abs=1e-6)


@pytest.mark.parametrize(("soc", "end", "inside"), [(-0.05, 0, 1), (1.04, LAST, LAST - 1)])
def test_the_end_slope_goes_on_outside(soc: float, end: int, inside: int) -> None:
    volt = CURVE.discharge_volt
    slope_there = (volt[inside] - volt[end]) / (GRID[inside] - GRID[end])
    voltage, slope = branch_voltage(volt, CURVE.charge_volt, -1.0, soc)
    assert slope == pytest.approx(slope_there)
    assert voltage == pytest.approx(volt[end] + slope_there * (soc - GRID[end]))


@pytest.mark.parametrize("hysteresis", [-1.0, 1.0])
def test_full_hysteresis_is_the_major_branch(hysteresis: float) -> None:
    branch = CURVE.discharge_volt if hysteresis < 0.0 else CURVE.charge_volt
    found = [branch_voltage(CURVE.discharge_volt, CURVE.charge_volt, hysteresis, soc)[0] for soc in GRID]
    np.testing.assert_allclose(found, branch, atol=1e-12)
