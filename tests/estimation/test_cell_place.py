"""A cell's place on the curve by search: on the knee one fits, far below all that fit count, and what rests on it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.cell_place import FAR_SECOND, FAR_SIGMA_VOLT, place_beside, stands_far, weigh_far

SOC = np.linspace(0.0, 1.0, 501)
# a plateau with one step at 70 %, and a knee from 95 % on
DISCHARGE = 3.28 + 0.02 * SOC + 0.02 / (1.0 + np.exp((0.7 - SOC) / 0.01)) + 0.1 * np.exp((SOC - 1.0) / 0.015)
CHARGE = DISCHARGE + 0.02
FULL = 0.99


def seen(difference: float, hysteresis: float = 1.0) -> float:
    """Voltage of a cell emptier by that share, less that of the pack at `FULL` on the charge branch [V]."""
    branch = DISCHARGE + 0.5 * (1.0 + hysteresis) * (CHARGE - DISCHARGE)
    return float(np.interp(FULL - difference, SOC, branch) - np.interp(FULL, SOC, CHARGE))


@pytest.mark.parametrize("difference", [-0.005, 0.0, 0.004, 0.012, 0.02])
def test_on_the_knee_one_place_fits(difference: float) -> None:
    found, sigma, far = place_beside(DISCHARGE, CHARGE, 1.0, FULL, seen(difference))
    assert not far
    assert abs(found - difference) < max(2.0 * sigma, 0.006)


@pytest.mark.parametrize("difference", [0.055, 0.085, 0.135, 0.26, 0.35, 0.6])
@pytest.mark.parametrize("hysteresis", [-1.0, 0.0, 1.0])
def test_on_the_plateau_the_interval_holds_the_place(difference: float, hysteresis: float) -> None:
    found, sigma, far = place_beside(DISCHARGE, CHARGE, 1.0, FULL, seen(difference, hysteresis))
    assert far
    assert sigma >= 0.02, "the plateau tells little"
    assert abs(found - difference) < 3.1 * sigma


@pytest.mark.parametrize("central", [0.03, 0.06])
def test_below_the_plateau_no_cell_is_far_below(central: float) -> None:
    volt = float(np.interp(central, SOC, CHARGE))
    found, sigma, far = place_beside(DISCHARGE, CHARGE, 1.0, central, -0.5)
    assert not far
    assert (found, sigma) == (0.05, 0.02)
    assert not stands_far(CHARGE, central, volt - 0.1, -0.1, 7200.0)


def test_far_below_is_below_any_knee_and_at_rest() -> None:
    knee_end = float(np.interp(0.95, SOC, CHARGE))
    assert stands_far(CHARGE, FULL, knee_end - 0.001, -0.05, 7200.0)
    assert not stands_far(CHARGE, FULL, knee_end + 0.001, -0.05, 7200.0)
    assert not stands_far(CHARGE, FULL, knee_end - 0.001, -0.02, 7200.0), "the whole pack is at the foot of its knee"
    assert not stands_far(CHARGE, FULL, knee_end - 0.001, -0.05, 60.0), "under polarisation"


def weighed(mean: float, sigma: float, volt: float, elapsed: float) -> tuple[float, float]:
    """Mean and sigma by plain quadrature on a grid ten times as fine."""
    apart = np.linspace(-4.0, 4.0, 1601)
    soc = 1.0 - (1.0 + mean + apart * sigma) / 100.0
    low, high = (branch_at(branch, soc) for branch in (DISCHARGE, CHARGE))
    outside = np.maximum(np.maximum(low - volt, volt - high), 0.0) / FAR_SIGMA_VOLT
    share = min(elapsed / FAR_SECOND, 1.0)
    odds = np.exp(-0.5 * (apart**2 + share * np.minimum(outside**2, 600.0)))
    first = np.average(apart, weights=odds)
    return mean + first * sigma, sigma * float(np.sqrt(max(np.average(apart**2, weights=odds) - first**2, 1e-3)))


def test_readings_that_tell_nothing_leave_a_place_as_it_is() -> None:
    y, p = np.array([15.0, 0.0]), np.diag([1.0, 1e-4])
    volt = float(np.interp(0.84, SOC, 0.5 * (DISCHARGE + CHARGE)))
    for _ in range(288):
        weigh_far(y, p, 0, DISCHARGE, CHARGE, 1.0, 100.0, volt, 300.0, np.empty(2))
    assert y[0] == pytest.approx(15.0, abs=0.05)
    assert p[0, 0] == pytest.approx(1.0, abs=0.03)


def branch_at(branch: FloatArray, soc: FloatArray) -> FloatArray:
    """A branch at z, straight on beyond its ends."""
    ends = np.array(
        [branch[0] + (branch[1] - branch[0]) / SOC[1] * -1.0, branch[-1] + (branch[-1] - branch[-2]) / SOC[1]]
    )
    return np.asarray(
        np.interp(soc, np.concatenate([[-1.0], SOC, [2.0]]), np.concatenate([ends[:1], branch, ends[1:]]))
    )


@settings(deadline=None)
@given(st.floats(0.0, 40.0), st.floats(0.5, 12.0), st.floats(3.26, 3.35), st.floats(300.0, 2e5), st.floats(-0.95, 0.95))
def test_the_whole_curve_weighs_a_place_and_what_rests_on_it(
    mean: float, sigma: float, volt: float, elapsed: float, correlation: float
) -> None:
    leak_sigma = 0.1
    covariance = correlation * sigma * leak_sigma
    y = np.array([mean, 0.02, 0.5])
    p = np.array([[sigma**2, covariance, 0.0], [covariance, leak_sigma**2, 0.0], [0.0, 0.0, 1.0]])
    before = p.copy()
    weigh_far(y, p, 0, DISCHARGE, CHARGE, 1.0, 100.0, volt, elapsed, np.empty(3))
    expected, spread = weighed(mean, sigma, volt, elapsed)
    assert y[0] == pytest.approx(expected, abs=0.02 * sigma)
    assert np.sqrt(p[0, 0]) == pytest.approx(spread, rel=0.03)
    assert y[1] - 0.02 == pytest.approx(correlation * leak_sigma / sigma * (y[0] - mean), abs=1e-9)
    assert y[2] == 0.5
    assert p[2, 2] == 1.0
    np.testing.assert_allclose(p, p.T, atol=1e-12)
    assert np.linalg.eigvalsh(p).min() > -1e-12
    assert p[0, 1] / p[0, 0] == pytest.approx(before[0, 1] / before[0, 0], abs=1e-9), "the regression stays"
