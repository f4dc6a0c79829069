"""The current sensor's zero: an offset is told from a standby load by what was counted from full to full."""

from __future__ import annotations

import numpy as np
import pytest

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.current_zero import (
    MOVED,
    ZERO,
    ZERO_VAR,
    count_for_zero,
    initial_zero,
    is_zero_reading,
    take_zero,
    watch_closure,
    watch_idle,
)

CAPACITY_AH, SIGMA, PRIOR_SIGMA = 100.0, 0.005, 0.1
BRANCH = 3.3 + 0.2 * np.linspace(0.0, 1.0, 201) ** 4
MINUTE_HOUR = 1.0 / 60.0


def _pass(zero: FloatArray, hours: float, true_ampere: float, offset: float, *, full: bool = False) -> None:
    """Hours of one true current, read with an offset."""
    reading = true_ampere + offset
    for _ in range(round(60 * hours)):
        count_for_zero(zero, reading * MINUTE_HOUR, 0.0, MINUTE_HOUR, 0.0, 1.0, CAPACITY_AH)
        watch_closure(zero, 1.0 if full else 0.0, 3.45 if full else 3.3, reading, MINUTE_HOUR, BRANCH, CAPACITY_AH, 0.0)


def _days(zero: FloatArray, count: int, standby_ampere: float, offset: float) -> None:
    """Days of 12 h at a load that the charger brings back, and 8 h full on the charger."""
    for _ in range(count):
        _pass(zero, 12.0, standby_ampere, offset)
        _pass(zero, 4.0, -3.0 * standby_ampere, offset)
        _pass(zero, 8.0, 0.0, offset, full=True)


@pytest.mark.parametrize("offset", [-0.15, 0.0, 0.04, 0.3])
def test_the_closure_gives_the_offset_whatever_the_standby_load(offset: float) -> None:
    zero = initial_zero()
    _days(zero, 3, -0.3, offset)
    assert zero[ZERO] == pytest.approx(offset, abs=0.01)
    assert abs(zero[ZERO] - offset) < 2.0 * np.sqrt(zero[ZERO_VAR])
    assert np.sqrt(zero[ZERO_VAR]) < 0.02


def test_a_count_that_makes_a_zero_of_more_than_a_rests_current_began_at_a_pack_that_was_not_full() -> None:
    zero = initial_zero()
    _days(zero, 2, -0.3, 0.0)
    known = zero[ZERO]
    _pass(zero, 12.0, 4.0, 0.0)  # 48 Ah that a full pack cannot take
    _pass(zero, 8.0, 0.0, 0.0, full=True)
    assert zero[ZERO] == pytest.approx(known, abs=0.01)


def test_a_standby_load_is_not_the_zero() -> None:
    zero = initial_zero()
    assert not is_zero_reading(zero, -0.3, SIGMA, PRIOR_SIGMA)
    _days(zero, 2, -0.3, 0.0)
    assert not is_zero_reading(zero, -0.3, SIGMA, PRIOR_SIGMA)
    assert is_zero_reading(zero, 0.004, SIGMA, PRIOR_SIGMA)


def test_an_idle_reading_is_believed_where_the_charger_showed_the_same() -> None:
    zero = initial_zero()
    _pass(zero, 4.0, 0.0, -0.15, full=True)
    assert is_zero_reading(zero, -0.15, SIGMA, PRIOR_SIGMA)


def test_nothing_that_is_merely_connected_charges() -> None:
    zero = initial_zero()
    assert is_zero_reading(zero, 0.05, SIGMA, PRIOR_SIGMA)
    _days(zero, 2, -0.3, 0.0)
    assert is_zero_reading(zero, 0.3, SIGMA, PRIOR_SIGMA)


def test_half_an_hour_of_idling_is_averaged_and_open_switches_need_no_proof() -> None:
    zero, rng = initial_zero(), np.random.default_rng(5)
    told = [
        watch_idle(zero, 0.0, 1.0, -0.2 + 0.02 * rng.standard_normal(), MINUTE_HOUR, SIGMA, PRIOR_SIGMA)
        for _ in range(31)
    ]
    assert sum(told) == 1
    assert zero[ZERO] == pytest.approx(-0.2, abs=0.015)


def test_a_jump_of_the_offset_is_followed() -> None:
    zero = initial_zero()
    _days(zero, 3, -0.3, 0.0)
    _days(zero, 2, -0.3, -0.4)
    assert zero[ZERO] == pytest.approx(-0.4, abs=0.02)


def test_two_measurements_that_hardly_fit_to_the_same_side_begin_anew_and_one_does_not() -> None:
    known = initial_zero()
    take_zero(known, 0.0, 0.002**2, 0.0)
    take_zero(known, -0.05, 0.015**2, 0.0)  # 3.3 sigmas apart
    assert known[ZERO] == pytest.approx(0.0, abs=0.002)
    other_side = known.copy()
    take_zero(other_side, 0.05, 0.015**2, 0.0)
    assert other_side[ZERO] == pytest.approx(0.0, abs=0.002)
    take_zero(known, -0.05, 0.015**2, 0.0)
    assert (known[ZERO], known[ZERO_VAR]) == pytest.approx((-0.05, 0.015**2))


@pytest.mark.parametrize("minutes", range(28, 34))
def test_the_charge_up_to_the_first_full_moment_tells_nothing(minutes: int) -> None:
    """20 Ah came in 20 h before it, and the pack leaves its charger about when it has settled there."""
    zero = initial_zero()
    _pass(zero, 20.0, 1.0, 0.0)
    _pass(zero, minutes / 60.0, 0.0, 0.0, full=True)
    _pass(zero, 1.0, 0.0, 0.0)
    assert np.isinf(zero[ZERO_VAR])


def test_a_row_without_current_breaks_the_count() -> None:
    zero = initial_zero()
    _days(zero, 1, -0.3, 0.0)
    count_for_zero(zero, np.nan, 0.0, MINUTE_HOUR, 0.0, 1.0, CAPACITY_AH)
    before = zero[ZERO_VAR]
    _pass(zero, 12.0, -0.3, 0.5)
    assert zero[ZERO_VAR] == before


def _idle(zero: FloatArray, hours: float, true_ampere: float, offset: float) -> None:
    """Hours at rest below full."""
    for _ in range(round(60 * hours)):
        _pass(zero, MINUTE_HOUR, true_ampere, offset)
        watch_idle(zero, 1.0, np.nan, true_ampere + offset, MINUTE_HOUR, SIGMA, PRIOR_SIGMA)


@pytest.mark.parametrize(("load_ampere", "moved_ampere"), [(0.0, -0.21), (-0.21, 0.0)])
def test_a_full_charge_tells_whether_a_new_idle_level_is_a_load_or_the_zero(
    load_ampere: float, moved_ampere: float
) -> None:
    zero, before = initial_zero(), 0.05
    _days(zero, 2, -0.3, before)
    _pass(zero, 1.0, -30.0, before)
    _idle(zero, 12.0, 0.0, before)
    assert zero[ZERO] == pytest.approx(before, abs=0.005)
    sure = np.sqrt(zero[ZERO_VAR])
    _idle(zero, 60.0, load_ampere, before + moved_ampere)
    assert np.sqrt(zero[ZERO_VAR]) > max(0.05, 5.0 * sure)  # it may be either
    _pass(zero, 1.0, 30.0 - 60.0 * load_ampere, before + moved_ampere)
    _pass(zero, 8.0, 0.0, before + moved_ampere, full=True)
    _pass(zero, 1.0, 0.0, before + moved_ampere)
    assert zero[ZERO] == pytest.approx(before + moved_ampere, abs=0.01)
    assert np.sqrt(zero[ZERO_VAR]) < 0.02


def test_a_load_that_is_switched_off_again_leaves_the_zero_as_sure_as_it_was() -> None:
    zero = initial_zero()
    _days(zero, 2, -0.3, -0.05)
    _pass(zero, 1.0, -30.0, -0.05)
    _idle(zero, 6.0, 0.0, -0.05)
    sure = zero[ZERO_VAR]
    _idle(zero, 6.0, -0.2, -0.05)
    assert zero[MOVED] == pytest.approx(-0.2, abs=0.005)
    _idle(zero, 1.0, 0.0, -0.05)
    assert zero[MOVED] == 0.0
    assert zero[ZERO_VAR] < 2.0 * sure + SIGMA**2


BLEED_AMPERE = 0.06


def _held(zero: FloatArray, hours: float, reading: float, unseen_ampere: float) -> None:
    """Hours full on the charger, a bleed of that size perhaps in the reading."""
    for _ in range(round(60 * hours)):
        count_for_zero(zero, reading * MINUTE_HOUR, 0.0, MINUTE_HOUR, 0.0, 1.0, CAPACITY_AH)
        watch_closure(zero, 1.0, 3.45, reading, MINUTE_HOUR, BRANCH, CAPACITY_AH, unseen_ampere)


@pytest.mark.parametrize("idle", [True, False])
def test_what_a_balancer_without_a_log_takes_never_becomes_the_zero_for_sure(*, idle: bool) -> None:
    """The pack rests on its charger for a month after an hour with nothing connected, or without one."""
    zero, offset = initial_zero(), 0.04
    if idle:
        take_zero(zero, offset, SIGMA**2, SIGMA)
    _held(zero, 30 * 24.0, offset + BLEED_AMPERE, BLEED_AMPERE)
    assert abs(zero[ZERO] - offset) < 2.0 * np.sqrt(zero[ZERO_VAR])
    assert idle == (abs(zero[ZERO] - offset) < 0.02)
    _held(zero, 24.0, offset - 0.05, BLEED_AMPERE)  # no bleed makes a reading lower
    assert zero[ZERO] == pytest.approx(offset - 0.05, abs=0.02)


def test_hours_that_no_bleed_may_have_flowed_in_doubt_the_count_less() -> None:
    doubt = []
    for share in (1.0, 0.25, 0.0):
        zero = initial_zero()
        _held(zero, 1.0, 0.0, BLEED_AMPERE)
        _pass(zero, 20.0 * (1.0 - share), 0.0, 0.0)
        _held(zero, 20.0 * share + 7.0, 0.0, BLEED_AMPERE if share else 0.0)
        doubt.append(np.sqrt(zero[ZERO_VAR]))
    assert doubt[0] == pytest.approx(0.5 * BLEED_AMPERE, rel=0.1)
    assert doubt == sorted(doubt, reverse=True)
