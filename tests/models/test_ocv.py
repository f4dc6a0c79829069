import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cellwarden.models.ocv import (
    branch_volt,
    invert_ocv,
    invert_ocv_reference,
    ocv_and_slope,
    ocv_and_slope_reference,
)
from cellwarden.models.parameter_set import known_cell_models, load_cell_model

Z = np.array([-0.1, 0.0, 0.0003, 0.25, 0.5, 0.7777, 0.99, 0.9999, 1.0, 1.2, np.nan, 0.5])
H = np.array([-1.0, 1.0, 0.0, 0.3, -0.7, 1.0, -1.0, 0.5, 1.0, -1.0, 0.0, np.nan])


@pytest.mark.parametrize("name", known_cell_models())
def test_kernels_match_plain_numpy(name: str) -> None:
    for curve in load_cell_model(name).ocv_curves:
        branches = (curve.discharge_volt, curve.charge_volt)
        volt, slope = ocv_and_slope(Z, H, *branches)
        volt_reference, slope_reference = ocv_and_slope_reference(Z, H, *branches)
        np.testing.assert_allclose(volt, volt_reference, rtol=0.0, atol=1e-12)
        np.testing.assert_allclose(slope, slope_reference, rtol=0.0, atol=1e-9)
        asked = np.append(volt, [1.0, 5.0])
        states = np.append(H, [0.0, 0.0])
        found = invert_ocv(asked, states, *branches)
        np.testing.assert_allclose(found, invert_ocv_reference(asked, states, *branches), rtol=0.0, atol=1e-12)


def test_slope_is_the_derivative() -> None:
    curve = load_cell_model("lfp").ocv_curves[0]
    z, h = np.array([0.1234, 0.9876]), np.array([0.2, -0.4])
    up, slope = ocv_and_slope(z + 1e-5, h, curve.discharge_volt, curve.charge_volt)
    down, _ = ocv_and_slope(z - 1e-5, h, curve.discharge_volt, curve.charge_volt)
    np.testing.assert_allclose((up - down) / 2e-5, slope, rtol=1e-8)


@settings(max_examples=60, deadline=None)
@given(z=st.floats(0.0, 1.0), h=st.floats(-1.0, 1.0))
def test_inverse_undoes_the_curve(z: float, h: float) -> None:
    curve = load_cell_model("lfp").ocv_curves[0]
    branches = (curve.discharge_volt, curve.charge_volt)
    volt, _ = ocv_and_slope(np.array([z]), np.array([h]), *branches)
    assert abs(invert_ocv(volt, np.array([h]), *branches)[0] - z) < 1e-9


def test_branches_at_the_ends_of_the_hysteresis() -> None:
    low, high = np.array([3.0, 3.2]), np.array([3.1, 3.4])
    np.testing.assert_allclose(branch_volt(-1.0, low, high), low)
    np.testing.assert_allclose(branch_volt(1.0, low, high), high)
    np.testing.assert_allclose(branch_volt(0.0, low, high), [3.05, 3.3])


def test_empty_input() -> None:
    curve = load_cell_model("lfp").ocv_curves[0]
    nothing = np.empty(0)
    assert invert_ocv(nothing, nothing, curve.discharge_volt, curve.charge_volt).size == 0
