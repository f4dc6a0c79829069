"""A log whose current has the wrong sign is told so after a few steps; a right one never, however it trails."""

from __future__ import annotations

import numpy as np
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
