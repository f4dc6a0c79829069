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


def known_course(charge_ah: FloatArray = CHARGE_AH) -> Course:
    """The course of the median, whose knee begins at 93 %."""
    volt = volt_at(charge_ah)
    slope = np.gradient(volt, charge_ah)
    together = (slope**2).sum() ** 2 / (slope**4).sum()
    return Course(
        charge_ah=charge_ah,
        current_ampere=np.full_like(charge_ah, 24.0),
        volt=volt,
        plateau=charge_ah < 20.0,
        plateau_ampere=24.0,
        first=int(np.searchsorted(charge_ah, 21.0)),
        weight=(slope / slope.max()) ** 2 / together + 1.0 / len(slope),
        sigma_volt=0.001,
    )


@settings(max_examples=60, deadline=None)
@given(
    behind_ah=st.floats(-1.5, 12.0),
    begins_ah=st.floats(0.0, 17.0),
    offset_volt=st.floats(-0.01, 0.01),
    seed=st.integers(0, 1000),
)
def test_a_cell_is_as_far_behind_as_it_is_or_not_told(
    behind_ah: float, begins_ah: float, offset_volt: float, seed: int
) -> None:
    """Wherever the charge begins: after a shallow discharge there is little of a course to compare."""
    charge = CHARGE_AH[begins_ah <= CHARGE_AH]
    noise = 0.0003 * np.random.default_rng(seed).standard_normal(len(charge))
    volt = volt_at(charge - behind_ah) + offset_volt + noise
    behind, sigma, scale, by_current, least = fit_shift(known_course(charge), volt, CAPACITY_AH, UNKNOWN_OHM)
    assert least < behind_ah + 0.2
    if behind_ah < 1.5 and begins_ah < 10.0:
        assert np.isfinite(behind)
    if np.isfinite(behind):
        assert abs(behind - behind_ah) < 4.0 * np.sqrt(sigma**2 + scale**2 + by_current**2)


def test_a_cell_that_stays_on_the_plateau_is_far_behind_and_nobody_knows_how_far() -> None:
    flat = volt_at(np.minimum(CHARGE_AH, 12.0))
    behind, *_, least = fit_shift(known_course(), flat, CAPACITY_AH, UNKNOWN_OHM)
    assert np.isnan(behind)
    assert 1.0 < least < 15.0


def test_a_cell_beyond_what_a_short_charge_compares_is_not_told_as_standing_at_its_edge() -> None:
    charge = CHARGE_AH[CHARGE_AH >= 17.0]
    for behind_ah in (6.0, 8.0, 10.0, 14.0):
        behind, *_, least = fit_shift(known_course(charge), volt_at(charge - behind_ah), CAPACITY_AH, UNKNOWN_OHM)
        assert np.isnan(behind)
        assert 1.0 < least < behind_ah


@pytest.mark.parametrize(("behind_ah", "fall_volt"), [(0.5, 0.02), (1.4, 0.012), (2.5, 0.012)])
def test_what_a_fall_of_the_current_makes_of_a_reading_puts_a_cell_no_farther_behind(
    behind_ah: float, fall_volt: float
) -> None:
    """The cell reads less from some row on, by a resistance that is taken for too small: no shift fits well."""
    charge = CHARGE_AH[CHARGE_AH <= 25.0]
    volt = volt_at(charge - behind_ah) - fall_volt * (charge > 15.0)
    assert fit_shift(known_course(charge), volt, CAPACITY_AH, UNKNOWN_OHM).least_ah < behind_ah


def test_a_shift_is_doubted_by_a_share_of_it_and_of_what_a_plateau_that_slopes_makes_of_it() -> None:
    course, told = known_course(), []
    for volt_per_soc in (0.0, 0.4):
        sloped = volt_per_soc * CHARGE_AH / CAPACITY_AH
        behind_volt = volt_at(CHARGE_AH - 1.0) + volt_per_soc * (CHARGE_AH - 1.0) / CAPACITY_AH
        told.append(fit_shift(course._replace(volt=course.volt + sloped), behind_volt, CAPACITY_AH, UNKNOWN_OHM))
    assert told[0].scale_ah > 0.049 * told[0].behind_ah
    assert told[1].scale_ah > 1.5 * told[0].scale_ah


def test_no_shift_is_surer_than_a_share_of_the_capacity() -> None:
    sharp = known_course()._replace(sigma_volt=1e-7)
    assert fit_shift(sharp, volt_at(CHARGE_AH - 0.3), CAPACITY_AH, UNKNOWN_OHM).sigma_ah == pytest.approx(0.01)


def test_what_a_cell_is_behind_at_least_leaves_room_for_a_curve_of_its_own() -> None:
    assert fit_shift(known_course(), volt_at(CHARGE_AH - 1.0), CAPACITY_AH, UNKNOWN_OHM).least_ah < 0.5


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
