"""Loss that the ledger of the bleeds shows: sound whatever the knee, nothing of what is levelled out or jumps."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.falling_behind import (
    FALLEN_VOLT,
    FLATTER_LOG_SIGMA,
    KEPT,
    LEVEL_VOLT,
    MEMORY_HOURS,
    SHAPE_LOG_SIGMA,
    FallingBehindTrack,
    Rests,
    _held,
    _Standing,
    _standing,
    _State,
    flattest,
    least_loss,
)
from cellwarden.runtime.cycle import advance_cycle, initial_cycle
from tests.estimation.known_string import CHARGE, KnownString, Stage, course_of, string_context
from tests.estimation.sample_logs import minutes_of

CELLS, DAY_HOURS, READING_AH = 5, 24.0, 0.02
FLATTER = 4.0


def rests(below_ah: FloatArray, bled_ah: FloatArray, levelling_until: int = 0) -> Rests:
    """Rests a day apart: (R,) of the first cell below the median, (R,) bled from every other one; the first is not.

    The first cell has come up to the others at the rest `levelling_until`.
    """
    count = len(below_ah)
    bled = np.repeat(bled_ah[:, None], CELLS, axis=1)
    bled[:, 0] = 0.0
    below = np.zeros((count, CELLS))
    below[:, 0] = below_ah
    levelling = (np.arange(count)[:, None] < levelling_until) & (np.arange(CELLS) == 0)
    return Rests(86400.0 * np.arange(float(count)), below, bled, np.full(count, READING_AH), levelling)


def test_a_cell_that_stays_level_while_the_others_are_bled_loses_as_much() -> None:
    least = least_loss(rests(np.zeros(9), 0.5 * np.arange(9.0)), FLATTER)
    # a reading's error weighs less over the longest span, of four days
    assert least[0] == pytest.approx((4 * 0.5 - FLATTER * READING_AH) / (4 * DAY_HOURS))
    assert least[1:] == pytest.approx(0.0)


@given(
    standing_ah=st.floats(0.0, 5.0),
    daily_ah=st.floats(0.0, 0.6),
    flatter=st.floats(0.3, FLATTER),
    count=st.integers(3, KEPT),
)
def test_a_standing_imbalance_that_is_levelled_out_shows_nothing(
    standing_ah: float, daily_ah: float, flatter: float, count: int
) -> None:
    bled = np.minimum(daily_ah * np.arange(count), standing_ah)
    assert least_loss(rests((standing_ah - bled) / flatter, bled), FLATTER)[0] == 0.0


@given(
    leak=st.floats(0.0, 0.2),
    first_ah=st.floats(-1.0, 3.0),
    daily_ah=st.lists(st.floats(0.0, 0.8), min_size=2, max_size=KEPT - 1),
    flatter=st.floats(0.2, FLATTER),
)
def test_it_is_never_more_than_the_leak(leak: float, first_ah: float, daily_ah: list[float], flatter: float) -> None:
    bled = np.concatenate([[0.0], np.cumsum(daily_ah)])
    below = first_ah + leak * DAY_HOURS * np.arange(len(bled)) - bled
    assert least_loss(rests(below / flatter, bled), FLATTER)[0] <= leak + 1e-12


def test_a_cell_that_is_being_levelled_shows_a_loss_only_where_it_falls() -> None:
    """On a knee many times flatter than thought, its voltage hardly moves while the others are bled for days."""
    bled = 2.0 * np.arange(9.0)
    hardly = 0.20 - 0.01 * np.arange(9.0)
    assert least_loss(rests(hardly, bled, levelling_until=0), FLATTER)[0] > 0.05
    assert least_loss(rests(hardly, bled, levelling_until=9), FLATTER)[0] == 0.0
    falling = 0.2 + 0.2 * np.arange(9.0)
    assert least_loss(rests(falling, bled, levelling_until=9), FLATTER)[0] > 0.05


def standing_of(
    away: FloatArray, median_volt: float, cut: int
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], FloatArray]:
    """Who is being levelled, who has fallen, and what each read first, with a block's end at `cut`."""
    no = np.zeros(away.shape[1], dtype=np.bool_)
    unseen = np.full(len(no), np.nan)
    state = _State(rests(np.zeros(1), np.zeros(1)), np.zeros(len(no)), np.zeros(len(no)), unseen, _Standing(no, no))
    levelling, fallen = [], []
    for volt in (away[:cut], away[cut:]):
        rows, first_volt = _standing(state, np.arange(len(volt)), np.full(len(volt), median_volt), volt)
        levelling.append(rows.levelling)
        fallen.append(rows.fallen)
        last = _Standing(rows.levelling[-1], rows.fallen[-1]) if len(volt) else state.standing
        state = _State(state.rests, state.bled_ah, state.least_ampere, first_volt, last)
    return np.concatenate(levelling), np.concatenate(fallen), state.first_volt


@given(away=st.lists(st.floats(-0.09, 0.02), min_size=1, max_size=8), cut=st.integers(0, 8), unread=st.integers(0, 7))
def test_a_cell_is_levelled_from_a_first_look_far_below_until_it_comes_up_or_falls_further(
    away: list[float], cut: int, unread: int
) -> None:
    volt = np.repeat(np.array(away)[:, None], 2, axis=1)
    volt[unread % len(away), 1] = np.nan
    levelling, fallen, first_volt = standing_of(volt, 3.4, min(cut, len(away)))
    for j in range(2):
        read = volt[np.isfinite(volt[:, j]), j]
        assert np.isfinite(first_volt[j]) == (len(read) > 0)
        below = bool(len(read)) and bool((read < -LEVEL_VOLT).all())
        fell = below and bool((3.4 + read < 3.4 + read[0] - FALLEN_VOLT).any())
        assert levelling[-1, j] == (below and not fell)
        assert fallen[-1, j] == fell
    whole = standing_of(volt, 3.4, 0)
    np.testing.assert_array_equal(levelling, whole[0])
    np.testing.assert_array_equal(fallen, whole[1])


def test_a_higher_float_makes_no_cell_fall() -> None:
    """The others climb the knee and the cell stays where it was, further from them."""
    own = np.full((4, 1), 3.335)
    no, unseen = np.zeros(1, dtype=np.bool_), np.full(1, np.nan)
    state = _State(rests(np.zeros(1), np.zeros(1)), np.zeros(1), np.zeros(1), unseen, _Standing(no, no))
    median = np.array([3.37, 3.39, 3.40, 3.42])
    rows, _ = _standing(state, np.arange(4), median, own - median[:, None])
    assert rows.levelling.all()
    assert not rows.fallen.any()


def test_a_reading_that_jumps_shows_nothing() -> None:
    """It looks like a cell that fell behind at once; then the balancer levels out what is not there."""
    bled = 0.3 * np.arange(4.0)
    below = np.array([0.0, 0.9, 0.6, 0.3])
    assert least_loss(rests(below, bled), FLATTER)[0] == 0.0


def test_a_cell_that_was_not_read_shows_nothing() -> None:
    """The balancer bleeds no cell that gives no reading: alone that is no loss."""
    silent = rests(np.array([0.0, 0.0, np.nan]), 0.5 * np.arange(3.0))
    assert least_loss(silent, FLATTER)[0] == 0.0


def test_two_rests_are_not_enough() -> None:
    assert least_loss(rests(np.zeros(2), np.array([0.0, 1.0])), FLATTER)[0] == 0.0


def test_the_oldest_rest_is_forgotten() -> None:
    many = rests(np.zeros(KEPT), np.arange(float(KEPT)))
    more = many.with_rest(1e9, np.ones(CELLS), np.ones(CELLS), 0.1, np.zeros(CELLS, dtype=np.bool_))
    assert len(more) == KEPT
    assert more.stamp[0] == many.stamp[1]
    assert more.stamp[-1] == 1e9


def test_what_no_further_rest_bears_out_fades() -> None:
    last = rests(np.zeros(3), np.arange(3.0))
    hours = np.array([1.0, MEMORY_HOURS, 2.0 * MEMORY_HOURS, 20.0 * MEMORY_HOURS])
    held = _held(np.full(CELLS, 0.01), last, last.stamp[-1] + 3600.0 * hours)[:, 0]
    assert held[:3] == pytest.approx([0.01, 0.01, 0.01 / np.e])
    assert held[3] < 1e-9


def test_the_ledger_was_shown_by_the_last_rest_near_full() -> None:
    known = KnownString(stages=(CHARGE, Stage(40.0, 0.0)), cells=4, interval_second=60.0)
    context = string_context(known)
    minutes, edges = minutes_of(course_of(known).samples, context)
    _, output = advance_cycle(initial_cycle(context), minutes, edges, context)
    rested, stamp = output.board.get(FallingBehindTrack).rested_unix_time_second, minutes.unix_time_second
    shown = np.isfinite(rested)
    assert not shown[0]
    assert shown[-1]
    assert (rested[shown] <= stamp[shown]).all()
    assert len(np.unique(rested[shown])) == 2  # they are most of a day apart


def test_a_slope_learnt_on_one_part_of_the_knee_is_not_sure_on_another() -> None:
    assert flattest(-0.8, 0.0) == pytest.approx(np.exp(0.8 + FLATTER_LOG_SIGMA * SHAPE_LOG_SIGMA))
    assert flattest(0.0, 0.9) > flattest(0.0, 0.0) > 1.0
