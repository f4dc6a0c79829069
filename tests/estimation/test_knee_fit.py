"""How far a cell is behind a course: known shifts along a plateau with a step, at any offset of its sensor."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.knee_fit import Course, fit_shift, rising_course

CAPACITY_AH, UNKNOWN_OHM = 100.0, 0.0001
CHARGE_AH = np.arange(0.0, 27.0, 0.4)  # from 72 to 98.6 % of the capacity


def volt_at(charge_ah: FloatArray) -> FloatArray:
    """A plateau that slopes, with a step of the graphite's staging, and the knee [V]."""
    soc = 0.72 + charge_ah / CAPACITY_AH
    step = 0.012 * np.tanh((soc - 0.70) / 0.02)
    return np.asarray(3.36 + 0.04 * (soc - 0.72) + step + 0.15 * np.exp((soc - 1.0) / 0.015))


def known_course() -> Course:
    """The course of the median, whose knee begins at 93 %."""
    volt = volt_at(CHARGE_AH)
    slope = np.gradient(volt, CHARGE_AH)
    together = (slope**2).sum() ** 2 / (slope**4).sum()
    return Course(
        charge_ah=CHARGE_AH,
        current_ampere=np.full_like(CHARGE_AH, 24.0),
        volt=volt,
        plateau=CHARGE_AH < 20.0,
        plateau_ampere=24.0,
        first=int(np.searchsorted(CHARGE_AH, 21.0)),
        weight=(slope / slope.max()) ** 2 / together + 1.0 / len(slope),
        sigma_volt=0.001,
    )


@settings(max_examples=60, deadline=None)
@given(behind_ah=st.floats(-1.5, 12.0), offset_volt=st.floats(-0.01, 0.01), seed=st.integers(0, 1000))
def test_a_cell_is_as_far_behind_as_it_is_or_not_told(behind_ah: float, offset_volt: float, seed: int) -> None:
    noise = 0.0003 * np.random.default_rng(seed).standard_normal(len(CHARGE_AH))
    volt = volt_at(CHARGE_AH - behind_ah) + offset_volt + noise
    behind, sigma, scale, by_current, least = fit_shift(known_course(), volt, CAPACITY_AH, UNKNOWN_OHM)
    assert least < behind_ah + 0.2
    if behind_ah < 1.5:
        assert np.isfinite(behind)
    if np.isfinite(behind):
        assert abs(behind - behind_ah) < 4.0 * np.sqrt(sigma**2 + scale**2 + by_current**2)


def test_a_cell_that_stays_on_the_plateau_is_far_behind_and_nobody_knows_how_far() -> None:
    flat = volt_at(np.minimum(CHARGE_AH, 12.0))
    behind, *_, least = fit_shift(known_course(), flat, CAPACITY_AH, UNKNOWN_OHM)
    assert np.isnan(behind)
    assert 1.0 < least < 15.0


def test_what_the_current_adds_goes_with_how_much_it_changed_since_the_plateau() -> None:
    course = known_course()
    weaker = course._replace(current_ampere=np.where(course.plateau, 24.0, 14.0))
    volt = volt_at(CHARGE_AH - 0.5)
    steady, changed = (fit_shift(one, volt, CAPACITY_AH, UNKNOWN_OHM) for one in (course, weaker))
    assert steady[3] == 0.0
    assert changed[3] > 0.0
    assert fit_shift(weaker, volt, CAPACITY_AH, 2.0 * UNKNOWN_OHM)[3] == pytest.approx(2.0 * changed[3])


def test_a_cell_with_a_missing_reading_is_not_told() -> None:
    volt = volt_at(CHARGE_AH)
    volt[3] = np.nan
    assert np.isnan(fit_shift(known_course(), volt, CAPACITY_AH, UNKNOWN_OHM)).all()


def test_a_course_that_falls_has_one_place_for_each_voltage() -> None:
    rising = rising_course(np.array([3.30, 3.32, 3.31, 3.31, 3.35]))
    assert rising == pytest.approx(np.array([3.30, 3.32, 3.32, 3.32, 3.35]), abs=1e-6)
    assert (np.diff(rising) > 0.0).all()
