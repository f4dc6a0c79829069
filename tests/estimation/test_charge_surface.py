"""Where a cell's surface stands: by its slope cells differ under load, and a plateau tells of none."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.charge_surface import FARTHEST, charge_beside

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
