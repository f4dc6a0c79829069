"""Doubt of a leak whose knee is known but for a factor: never so large that the sign of a difference turns."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from cellwarden.core.board import Board
from cellwarden.core.minute_block import MinuteBlock
from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.charge_tracks import CountedLeakTrack, SelfDischargeTrack
from cellwarden.estimation.falling_behind import FallingBehindTrack
from cellwarden.estimation.knee_leak import KneeLeakTrack
from cellwarden.estimation.knee_shift import KneeShift
from cellwarden.estimation.knee_stand import KneeStandTrack
from cellwarden.estimation.self_discharge import (
    ESTIMATOR,
    TWO_SIGMA,
    _by_knee,
    factor_doubt,
    fading_highest,
    highest_misplaced,
    hours_since,
    least_shown,
    levelled_rate,
    missed_sigma,
    off_the_yardstick,
    place_doubt,
    unseen_sigma,
    with_charges,
)
from tests.estimation.known_cells import middle_soc
from tests.estimation.known_drift import drift_of
from tests.estimation.known_string import REST, KnownString, course_of, string_context
from tests.estimation.sample_logs import minutes_of


@given(st.floats(-1.0, 1.0), st.floats(0.01, 2.0))
def test_a_factor_moves_the_bounds_but_not_the_sign_of_what_is_missing(missing: float, log_sigma: float) -> None:
    down, up = TWO_SIGMA * factor_doubt(np.array([[missing]]), np.array([[log_sigma]]))[:, 0, 0]
    bounds = sorted((missing * np.exp(-TWO_SIGMA * log_sigma), missing * np.exp(TWO_SIGMA * log_sigma)))
    assert [missing - down, missing + up] == pytest.approx(bounds, abs=1e-12)


def test_a_cell_that_falls_behind_others_that_are_bled_leaks_more_than_their_bleed() -> None:
    leak, bleed = 0.110, -0.060
    down = factor_doubt(np.array([[leak + bleed]]), np.array([[1.5]]))[0, 0, 0]
    assert leak - TWO_SIGMA * down > -bleed


def test_a_doubt_fades_slowly_and_is_cut_anywhere() -> None:
    rng = np.random.default_rng(1)
    values, elapsed = rng.random((50, 3)), np.full(50, 3600.0)
    values[20:] = 0.0
    start = np.zeros(3)
    whole = fading_highest(start.copy(), values, elapsed)
    parts = [fading_highest(start, values[a:b], elapsed[a:b]) for a, b in ((0, 7), (7, 31), (31, 50))]
    assert np.concatenate(parts) == pytest.approx(whole)
    assert (np.diff(whole[20:], axis=0) < 0.0).all()
    assert (whole[20:] > 0.0).all()


def test_a_wrong_first_place_is_a_leak_of_that_charge_over_the_time_since() -> None:
    doubt = place_doubt(np.array([2.0, 24.0, 48.0]), 0.5, math.inf)
    assert doubt == pytest.approx(np.array([0.25, 0.5 / 24.0, 0.5 / 48.0]))
    assert (place_doubt(np.array([2.0, 24.0, 48.0]), 0.5, 36.0) < doubt).all()


def test_hours_begin_anew_with_a_quantity_wherever_they_are_cut() -> None:
    unknown = np.array([True] * 3 + [False] * 20 + [True] * 2 + [False] * 10)
    elapsed = np.full(unknown.shape, 3601.3)
    whole = hours_since(0.0, unknown, elapsed)
    assert (whole[22], whole[24], whole[-1]) == pytest.approx((20.0, 0.0, 10.0), rel=1e-3)
    hours, parts = 0.0, []
    for first, end in ((0, 10), (10, 24), (24, 24), (24, 35)):
        part = hours_since(hours, unknown[first:end], elapsed[first:end])
        hours = float(part[-1]) if part.size else hours
        parts.append(part)
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_no_bleed_is_a_leaks_while_a_cell_is_being_levelled() -> None:
    away = np.zeros((2, 3))
    drifted = dataclasses.replace(drift_of(0.0, away, np.ones(2)), bleed_rate_ampere=away + np.array([-0.1, -0.1, 0.1]))
    falling = fallen_behind(away, levelling=np.array([[True, False, True]] * 2))
    assert levelled_rate(falling, drifted) == pytest.approx(np.array([[0.1, 0.0, 0.0]] * 2))


def test_a_cell_that_has_left_the_knee_of_a_cycled_pack_may_leak_much_more() -> None:
    away = np.array([[0.0, -0.005, -0.020, -0.060]] * 2)
    drifted = drift_of(0.0, away, np.array([0.1, 1.0]))
    cycled, resting = unseen_sigma(np.full_like(away, 0.1), drifted)
    assert cycled == pytest.approx([0.0, 0.0, 0.045, 0.09])
    assert not resting.any()
    assert not unseen_sigma(np.full_like(away, -0.1), drifted).any()


def test_what_full_charges_count_is_not_excluded_by_the_drift_of_a_cell_that_has_left_the_knee() -> None:
    """Near the others a drift stands by itself; where the voltage stands still, all that is counted may be missing."""
    away, none = np.array([[0.0, -0.020, -0.060, -0.060]]), np.zeros((1, 4))
    counted = CountedLeakTrack(
        leak_ampere=np.array([[0.2, 0.2, 0.2, 0.01]]), sigma_ampere=none, informed_unix_time_second=none
    )
    missed = missed_sigma(counted, drift_of(0.03, away, np.full(1, 0.5)))
    assert missed[0] == pytest.approx([0.0, 0.085, 0.17, 0.0])


def by_charges(leak: FloatArray, sigma: FloatArray, high: FloatArray | None = None) -> KneeLeakTrack:
    """What charges tell, and as much of cells that do not leak, (M, n_cells) [A]."""
    return KneeLeakTrack(
        leak_ampere=leak,
        low_sigma_ampere=sigma,
        high_sigma_ampere=sigma if high is None else high,
        informed_unix_time_second=np.zeros_like(leak),
        quiet_ampere=leak,
        quiet_sigma_ampere=sigma,
        quiet_unix_time_second=np.zeros(len(leak)),
    )


def test_a_count_that_contradicts_the_loss_from_charge_to_charge_gives_way() -> None:
    """A cell that was first placed too near seems to leak 20 mA as the count comes to where it stands."""
    sigmas = np.full((2, 1, 3), 0.001)
    knee = by_charges(np.array([[0.0, 0.018, np.nan]]), np.full((1, 3), 0.002))
    leak, told = with_charges(np.full((1, 3), 0.020), sigmas, knee, np.zeros((1, 3)))
    assert leak[0] == pytest.approx([0.0, 0.020, 0.020])
    assert told[:, 0] == pytest.approx(np.array([[0.002, 0.001, 0.001]] * 2))


def test_a_count_whose_first_place_is_not_known_gives_way_to_the_charges() -> None:
    knee = by_charges(np.full((1, 2), 0.011), np.full((1, 2), 0.001))
    leak, told = with_charges(np.full((1, 2), 0.005), np.full((2, 1, 2), 0.010), knee, np.zeros((1, 2)))
    assert leak[0] == pytest.approx([0.011] * 2)
    assert told == pytest.approx(np.full((2, 1, 2), 0.001))


def fallen_behind(
    least: FloatArray, levelling: NDArray[np.bool_] | None = None, rested: float = 0.0
) -> FallingBehindTrack:
    """What the ledger shows, (M, n_cells) [A], last at that stamp [s]."""
    none = np.zeros(least.shape, dtype=np.bool_)
    return FallingBehindTrack(
        least_ampere=least,
        rested_unix_time_second=np.full(len(least), rested),
        levelling=none if levelling is None else levelling,
        fallen=none,
    )


def test_a_cell_that_is_levelled_out_leaks_no_more_than_its_charges_show() -> None:
    """The others are bled by 14 mA; one cell came nearer by as much, one fell behind, one was not seen."""
    knee = by_charges(np.array([[0.0, 0.012, np.nan]]), np.full((1, 3), 0.003))
    soon, late = (fallen_behind(np.full((1, 3), 0.014), rested=hours * 3600.0) for hours in (3.0, 20.0))
    near, off = np.zeros((1, 3)), np.full((1, 3), 0.5)
    assert least_shown(soon, knee, near)[0] == pytest.approx([0.0, 0.014, 0.014])
    assert least_shown(soon, knee, off)[0] == pytest.approx([0.014] * 3)
    assert least_shown(late, knee, near)[0] == pytest.approx([0.014] * 3)  # it may have begun since


def test_what_a_cell_leaks_at_least_by_its_charges_is_told_though_it_may_be_more() -> None:
    leak, sigma = np.full((1, 3), 0.014), np.full((1, 3), 0.010)
    knee = by_charges(np.array([[0.020, 0.020, np.nan]]), np.array([[0.002, 0.014, np.nan]]), np.full((1, 3), 0.030))
    told, low, high = _by_knee(leak, sigma, sigma, knee)
    assert told[0] == pytest.approx([0.020, 0.014, 0.014])
    assert low[0] == pytest.approx([0.002, 0.010, 0.010])
    assert high[0] == pytest.approx([0.030, 0.010, 0.010])


def test_a_cell_that_has_left_the_yardstick_is_known_by_the_count_where_that_is_more() -> None:
    """Far below the others a full charge no longer moves its voltage: what charges tell then is too little."""
    far, sigma = np.array([[0.0, 0.5, 1.0]]), np.full((1, 3), 0.002)
    counted = CountedLeakTrack(
        leak_ampere=np.full((1, 3), 0.300), sigma_ampere=sigma, informed_unix_time_second=np.zeros((1, 3))
    )
    knee = by_charges(np.full((1, 3), 0.060), sigma)
    sigmas = np.broadcast_to(sigma, (2, 1, 3))
    assert with_charges(counted.leak_ampere, sigmas, knee, far)[0][0] == pytest.approx([0.060, 0.300, 0.300])
    more = by_charges(np.full((1, 3), 0.400), sigma)
    assert with_charges(counted.leak_ampere, sigmas, more, far)[0][0] == pytest.approx([0.400] * 3)
    high = off_the_yardstick(knee, counted, far).high_sigma_ampere[0]
    assert high == pytest.approx([0.002, np.hypot(0.002, 0.120), np.hypot(0.002, 0.240)])
    assert off_the_yardstick(more, counted, far).high_sigma_ampere[0] == pytest.approx(sigma[0])


def stood(behind_ah: FloatArray, charges: int) -> KneeStandTrack:
    """How the cells stood by the last charge, known to 0.3 Ah; so many charges end at the first rows."""
    none = np.full(behind_ah.shape[1], np.nan)
    shift = KneeShift(0.0, *(none for _ in dataclasses.fields(KneeShift)[1:]))
    return KneeStandTrack(
        behind_ah=behind_ah,
        sigma_ah=np.full_like(behind_ah, 0.3),
        charges=tuple((row, shift) for row in range(charges)),
    )


def told_together(
    falling: FallingBehindTrack, count: float, knee: KneeLeakTrack, misplaced_ah: float = 0.0, drift_sigma: float = 1.0
) -> SelfDischargeTrack:
    """One row of three cells: count, charges and ledger as given, and a drift that knows nothing or shows none."""
    context = string_context(KnownString(stages=(), cells=3))
    block = minutes_of(course_of(KnownString(stages=(REST,), cells=3)).samples, context)[0]
    minute = MinuteBlock(**{item.name: getattr(block, item.name)[:1] for item in dataclasses.fields(MinuteBlock)})
    wide = np.zeros((1, 3))
    board = Board()
    drift = drift_of(0.0, wide, np.zeros(1))
    board.put(dataclasses.replace(drift, low_sigma_ampere=wide + drift_sigma, high_sigma_ampere=wide + drift_sigma))
    board.put(CountedLeakTrack(leak_ampere=wide + count, sigma_ampere=wide + 0.002, informed_unix_time_second=wide))
    board.put(falling)
    board.put(knee)
    board.put(middle_soc(1, 3))
    board.put(stood(np.full((1, 3), np.nan), charges=0))
    state = dataclasses.replace(
        ESTIMATOR.initial(context), counted_hours=1000.0, rested_hours=1000.0, misplaced_ah=np.full(3, misplaced_ah)
    )
    ESTIMATOR.step(state, minute, None, board, context)  # type: ignore[arg-type]
    return board.get(SelfDischargeTrack)


def unsure(knee: KneeLeakTrack) -> KneeLeakTrack:
    """Charges that show no leak by two spans in a row, only how little was lost."""
    none = np.full_like(knee.leak_ampere, np.nan)
    return dataclasses.replace(knee, leak_ampere=none, low_sigma_ampere=none, high_sigma_ampere=none)


def test_ledger_and_count_give_way_to_charges_that_contradict_them() -> None:
    silent, shown = fallen_behind(np.zeros((1, 3))), fallen_behind(np.full((1, 3), 0.014))
    quiet = unsure(by_charges(np.zeros((1, 3)), np.full((1, 3), 0.001)))
    unknown = unsure(by_charges(np.full((1, 3), np.nan), np.full((1, 3), np.nan)))
    for falling, count in ((silent, 0.020), (shown, 0.0)):
        assert told_together(falling, count, quiet).self_discharge_ampere[0] == pytest.approx([0.0] * 3)
        assert (told_together(falling, count, unknown).self_discharge_ampere[0] > 0.013).all()


def test_what_charges_tell_at_least_bounds_what_is_counted_as_more() -> None:
    leak, sigma = np.full((1, 1), 0.110), np.full((1, 1), 0.050)
    gone = by_charges(np.full((1, 1), 0.050), np.full((1, 1), 0.001), np.full((1, 1), 0.150))
    told, low, high = _by_knee(leak, sigma, sigma, gone)
    assert told[0, 0] - TWO_SIGMA * low[0, 0] == pytest.approx(0.050 - TWO_SIGMA * 0.001)
    assert (told[0, 0], high[0, 0]) == (0.110, 0.050)


def test_a_leak_that_would_be_less_than_nothing_is_none_that_charges_show_at_least() -> None:
    leak, sigma = np.full((1, 1), 0.005), np.full((1, 1), 0.010)
    hardly = by_charges(np.full((1, 1), 0.026), np.full((1, 1), 0.016), np.full((1, 1), 0.080))
    assert _by_knee(leak, sigma, sigma, hardly) == (leak, sigma, sigma)


def unknown_charges() -> KneeLeakTrack:
    return unsure(by_charges(np.full((1, 3), np.nan), np.full((1, 3), np.nan)))


def test_a_cell_that_stands_where_it_stood_at_first_shows_no_leak_whatever_is_counted() -> None:
    """The count looks for the place of a cell far below the others, and takes its search for a leak."""
    levelling = np.array([[True, False, False]])
    silent = fallen_behind(np.zeros((1, 3)), levelling=levelling)
    standing = told_together(silent, 0.020, unknown_charges(), drift_sigma=0.0005)
    told = told_together(silent, 0.020, unknown_charges())
    assert told.self_discharge_ampere[0] == pytest.approx([0.0, 0.020, 0.020])
    assert told.self_discharge_low_ampere[0, 0] <= 0.0
    assert standing.self_discharge_low_ampere[0, 0] <= 0.0
    assert standing.self_discharge_high_ampere[0, 0] == pytest.approx(told.self_discharge_high_ampere[0, 1])
    assert (told.self_discharge_low_ampere[0, 1:] > 0.010).all()
    assert told.self_discharge_high_ampere[0, 0] >= told.self_discharge_high_ampere[0, 1] > 0.020


def test_a_count_that_has_misplaced_a_cell_takes_what_it_mends_for_a_leak() -> None:
    silent = fallen_behind(np.zeros((1, 3)))
    sure, misplaced = (told_together(silent, 0.008, unknown_charges(), misplaced_ah=ah) for ah in (0.0, 5.0))
    assert sure.self_discharge_low_ampere[0, 0] > 0.003
    assert misplaced.self_discharge_ampere[0, 0] == sure.self_discharge_ampere[0, 0]
    wider = TWO_SIGMA * np.hypot(sure.down_sigma_ampere[0, 0], 5.0 / 1000.0)
    assert misplaced.down_sigma_ampere[0, 0] == pytest.approx(wider / TWO_SIGMA, rel=1e-3)


def test_charges_show_what_a_count_has_misplaced_and_it_is_remembered() -> None:
    counted = np.array([[0.0, 0.2, 2.1, 0.1, 0.0]] * 3)
    soc = dataclasses.replace(
        middle_soc(3, 5), deficit_difference_ah=counted, deficit_difference_sigma_ah=np.full((3, 5), 0.4)
    )
    board, before = Board(), np.array([0.0, 0.0, 0.0, 0.7, 0.0])
    board.put(soc)
    board.put(stood(np.array([[0.0, 0.4, 0.0, 0.0, np.nan], [0.0] * 5, [9.0] * 5]), charges=2))
    seen = highest_misplaced(before, board)
    assert seen[0] == pytest.approx([0.0, 0.0, np.sqrt(2.0**2 - 0.5**2), 0.7, 0.0])
    assert seen[2] == pytest.approx(seen[0])
    assert before == pytest.approx(seen[0])
