"""A log whose current has the wrong sign is told so after a few steps; a right one never, however it trails."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cellwarden.core.board import Board
from cellwarden.core.finding import Evidence, Severity
from cellwarden.core.sample_block import FloatArray
from cellwarden.diagnosis.current_sign_reversed import DETECTOR
from tests.estimation.known_string import START
from tests.estimation.sample_logs import context_of, minutes_of, samples

CELLS, OHM, ROWS = 4, 0.0016, 600
seeds = st.integers(0, 2**32 - 1)


def load(seed: int, rows: int = ROWS) -> FloatArray:
    """(rows,) a true current [A], one value a minute, another one after some minutes."""
    rng = np.random.default_rng(seed)
    values = rng.choice([-60.0, -30.0, -10.0, 0.0, 20.0, 40.0], rows)
    return np.asarray(np.repeat(values, rng.integers(3, 12, rows))[:rows])


def volts(current: FloatArray, seed: int) -> FloatArray:
    """(rows, CELLS) what the cells read: plateau, resistance, and noise of 1 mV."""
    rng = np.random.default_rng(seed + 1)
    charge = np.cumsum(current) / 60.0
    middle = 3.3 + 2e-4 * charge + OHM * current
    return np.asarray(middle[:, None] + 0.001 * rng.standard_normal((len(current), CELLS)))


def said(logged: FloatArray, volt: FloatArray, cut: int | None = None, interval: float = 60.0) -> list[Evidence]:
    """Evidence of a log of one row every `interval` [s], its minutes cut in two where that is asked for."""
    time = START + interval * np.arange(1, len(logged) + 1, dtype=float)
    block = samples(time, logged, volt)
    context = context_of(block)
    minutes, _ = minutes_of(block)
    state, found = DETECTOR.initial(context), list[Evidence]()
    for begin, end in [(0, len(minutes))] if cut is None else [(0, cut), (cut, len(minutes))]:
        state, some = DETECTOR.step(state, minutes.rows(begin, end), Board(), context)
        found += some
    return found


def test_a_reversed_current_is_told_in_one_sentence_after_a_few_steps() -> None:
    true = load(1)
    held = said(-true, volts(true, 1))
    first = held[0]
    assert (first.kind, first.cell, first.severity) == ("current_sign_reversed", None, Severity.WARNING)
    assert first.at_unix_time_second - START < 2 * 3600.0
    assert "Positive current must charge the pack" in first.explanation
    assert 'positive = "discharge"' in first.advice
    assert held[-1].magnitude_low <= -OHM <= held[-1].magnitude_high < 0.0
    assert held[-1].confidence > 0.99


@settings(deadline=None, max_examples=25)
@given(seeds)
def test_any_load_tells_a_reversed_sign_and_none_is_seen_in_a_right_one(seed: int) -> None:
    true = load(seed)
    volt = volts(true, seed)
    assert said(true, volt) == []
    assert said(-true, volt)


@settings(deadline=None, max_examples=25)
@given(seeds)
def test_voltages_that_trail_by_a_row_or_stand_still_tell_nothing(seed: int) -> None:
    true = load(seed)
    volt = volts(true, seed)
    assert said(true, np.roll(volt, 1, axis=0)) == []
    assert said(-true, np.full((ROWS, CELLS), 3.3)) == []
    assert said(np.full(ROWS, np.nan), volt) == []


def test_what_the_charge_moved_between_rows_far_apart_tells_nothing() -> None:
    true = load(5)
    apart = np.where(np.arange(ROWS) % 10 == 0, -true, np.nan)
    assert said(-true, volts(true, 5), interval=240.0)
    for interval in (600.0, 1800.0, 7200.0):
        assert said(-true, volts(true, 5), interval=interval) == []
    assert said(apart, volts(true, 5)) == []


@settings(deadline=None, max_examples=15)
@given(seeds, st.integers(1, ROWS - 1))
def test_cuts_change_nothing(seed: int, cut: int) -> None:
    true = load(seed)
    volt = volts(true, seed)
    assert said(-true, volt) == said(-true, volt, cut)


def test_it_is_over_once_the_sign_was_put_right() -> None:
    true = load(3, 4 * ROWS)
    logged = np.where(np.arange(4 * ROWS) < ROWS, -true, true)
    held = said(logged, volts(true, 3))
    assert held[0].severity is Severity.WARNING
    assert held[-1].severity is None


MINUTES_OF_CHARGE = 12
CHARGE = np.full(MINUTES_OF_CHARGE, 25.0)
GENTLY = np.concatenate([np.arange(21.0, 0.0, -4.0), np.zeros(60), -np.arange(1.0, 21.0, 4.0)])  # no step is clear
DRAWN = np.full(60, -20.0)
FILLED = 3.36 + 0.08 * (np.arange(MINUTES_OF_CHARGE) / MINUTES_OF_CHARGE) ** 2  # at a steady current, into the knee
HELD = np.full(len(GENTLY), 3.43)
WARMED = np.linspace(3.20, 3.30, 60)  # a cold pack that its losses warm


def cells(middle: FloatArray) -> FloatArray:
    return np.repeat(middle[:, None], CELLS, axis=1)


def test_a_reversed_charge_into_the_knee_is_told_within_minutes_and_before_any_step() -> None:
    first = said(-CHARGE, cells(FILLED))[0]
    assert first.severity is Severity.WARNING
    assert first.at_unix_time_second - START <= 10 * 60.0
    assert first.first_seen_unix_time_second is not None
    assert first.first_seen_unix_time_second - START <= 5 * 60.0
    assert "climbs above 3.35 V" in first.explanation
    assert first.magnitude_high < 0.0
    assert first.confidence > 0.99
    assert said(CHARGE, cells(FILLED)) == []


BEGUN = np.full(5, 5.0)  # a charger that begins gently: its one step is clear
ONE_STEP = -np.concatenate([BEGUN, CHARGE]), np.concatenate([np.full(len(BEGUN), 3.32), FILLED])


def test_one_clear_step_before_a_reversed_charge_leaves_it_told_by_the_charge() -> None:
    first = said(ONE_STEP[0], cells(ONE_STEP[1]))[0]
    assert "climbs above 3.35 V" in first.explanation
    assert "clear steps" not in first.explanation
    assert first.magnitude_low < first.magnitude < first.magnitude_high < 0.0


def test_where_one_step_alone_is_left_of_it_the_interval_is_as_wide_as_one_step_makes_it() -> None:
    falls = np.linspace(3.44, 3.40, 60)
    held = said(np.concatenate([ONE_STEP[0], np.full(len(falls), -25.0)]), cells(np.concatenate([ONE_STEP[1], falls])))
    last = held[-1]
    assert "in 1 of the last 1 clear steps" in last.explanation
    assert (last.magnitude_low, last.magnitude_high) == pytest.approx((2.0 * last.magnitude, 0.0))
    assert last.confidence < 0.95


RIGHT = np.repeat([-45.0, -25.0, -45.0, -25.0], 3)  # three clear steps that agree with the sign


def test_clear_steps_that_agree_with_the_sign_outweigh_a_climb_until_others_make_up_for_them() -> None:
    stepped = np.concatenate([RIGHT, -CHARGE]), np.concatenate([3.3 + OHM * RIGHT, FILLED])
    assert said(stepped[0][len(RIGHT) :], cells(stepped[1][len(RIGHT) :]))
    assert said(stepped[0], cells(stepped[1])) == []
    lessened = -np.tile([45.0, 25.0], 3)  # of what in truth is a charge
    on = np.concatenate([stepped[0], lessened]), np.concatenate([stepped[1], 3.45 - OHM * (lessened + 25.0)])
    assert said(on[0], cells(on[1]))[0].severity is Severity.WARNING


def test_steps_that_agree_with_a_sign_that_a_charge_told_are_named_and_make_it_less_sure() -> None:
    after = np.concatenate([-CHARGE, RIGHT, np.full(60, -25.0)])
    held = said(after, cells(np.concatenate([FILLED, 3.3 + OHM * after[MINUTES_OF_CHARGE:]])))
    assert "though 4 of the last 4 clear steps agree with the log" in held[-1].explanation
    assert held[-1].confidence < held[0].confidence


def test_a_sign_that_a_charge_told_stays_told_until_a_charge_or_steps_read_right() -> None:
    logged, volt = np.concatenate([CHARGE, GENTLY, DRAWN]), np.concatenate([FILLED, HELD, WARMED])
    held = said(-logged, cells(volt))
    assert all(item.severity is Severity.WARNING for item in held)
    assert held == said(-logged, cells(volt), MINUTES_OF_CHARGE // 2)
    mended = np.concatenate([-logged, CHARGE]), np.concatenate([volt, FILLED])
    assert said(mended[0], cells(mended[1]))[-1].severity is None
    true = load(7)
    stepped = np.concatenate([-CHARGE, true]), np.concatenate([cells(FILLED), volts(true, 7)])
    assert said(*stepped)[-1].severity is None


@settings(deadline=None, max_examples=15)
@given(seeds)
def test_a_pack_that_is_held_or_falls_above_the_knee_tells_nothing(seed: int) -> None:
    noise = 0.001 * np.random.default_rng(seed).standard_normal((ROWS, CELLS))
    held = np.full(ROWS, -10.0)
    assert said(held, 3.43 + noise) == []
    assert said(held, 3.5 - 1e-4 * np.arange(ROWS)[:, None] + noise) == []
    assert said(np.full(ROWS, -0.05), 3.40 + 1e-4 * np.arange(ROWS)[:, None] + noise) == []  # an offset, not a load


def test_a_load_that_lessens_and_a_pack_that_warms_tell_nothing() -> None:
    lessening = np.linspace(-50.0, -6.0, 30)
    assert said(lessening, cells(3.45 + OHM * lessening)) == []
    assert said(DRAWN, cells(WARMED)) == []


def test_climbs_are_not_added_over_falls_below_the_knee() -> None:
    volt = np.tile([3.36, 3.37, 3.38, 3.39, 3.34], 12)
    assert said(np.full(len(volt), -25.0), cells(volt)) == []
