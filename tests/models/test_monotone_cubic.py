"""The monotone cubic against scipy's, and what it promises."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.interpolate import PchipInterpolator

from cellwarden.models.monotone_cubic import monotone_cubic
from cellwarden.models.parameter_set import known_cell_models, read_parameter_file

VALUES = arrays(np.float64, st.shared(st.integers(2, 12), key="size"), elements=st.floats(-5.0, 5.0, width=32))
STEPS = arrays(np.float64, st.shared(st.integers(2, 12), key="size"), elements=st.floats(0.015625, 3.0, width=32))


@given(STEPS, VALUES)
def test_it_is_scipys(step: np.ndarray, value: np.ndarray) -> None:
    knot = np.cumsum(step)
    at = np.linspace(knot[0] - 0.1, knot[-1] + 0.1, 301)
    wanted = PchipInterpolator(knot, value)(at)
    assert monotone_cubic(knot, value, at) == pytest.approx(wanted, rel=1e-10, abs=1e-9 * (1.0 + abs(wanted).max()))


@given(STEPS, VALUES)
def test_it_goes_through_the_points_and_stays_between_them(step: np.ndarray, value: np.ndarray) -> None:
    knot = np.cumsum(step)
    assert monotone_cubic(knot, value, knot) == pytest.approx(value, abs=1e-9)
    for place in range(len(knot) - 1):
        within = monotone_cubic(knot, value, np.linspace(knot[place], knot[place + 1], 50))
        low, high = sorted(value[place : place + 2])
        assert within.min() >= low - 1e-9
        assert within.max() <= high + 1e-9


@pytest.mark.parametrize("name", known_cell_models())
def test_the_curves_of_every_set_are_scipys(name: str) -> None:
    at = np.linspace(0.0, 1.0, 1001)
    for entry in read_parameter_file(name).ocv_curves:
        for knots in (entry.discharge_volt, entry.charge_volt, entry.half_width_volt, entry.entropy_volt_per_kelvin):
            if knots is not None:
                wanted = PchipInterpolator(knots.soc_fraction, knots.value)(at)
                assert monotone_cubic(knots.soc_fraction, knots.value, at) == pytest.approx(wanted, abs=1e-13)
