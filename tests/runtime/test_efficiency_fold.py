"""The round-trip efficiency is counted where the charge is known, and told only where that is enough."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cellwarden.core.board import Board
from cellwarden.core.results import EfficiencySpan
from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.charge_tracks import CapacityTrack, CurrentOffsetTrack, SocTrack
from cellwarden.runtime.usage_fold import UsageFold
from tests.runtime.test_folds import BOARD, CONTEXT, MINUTES, ROWS, board_of, cut

CAPACITY_AH = 30.0
STAYS = 299 * 10.0 / 60.0 / CAPACITY_AH  # of 100 Ah in and 50 Ah out, in units of the capacity
EVENLY: FloatArray = np.linspace(0.0, STAYS, ROWS)
ROW = np.arange(ROWS)


def known(
    soc: FloatArray = EVENLY, *, width: FloatArray | float = 0.02, full_row: int = 0, doubt_ampere: float = 0.0
) -> Board:
    """Tracks with that charge and width of its interval, full for the first time at a row, and the offset's doubt."""
    board, given_tracks = Board(), board_of(MINUTES, soc, capacity_ah=CAPACITY_AH)
    charge, offset = given_tracks.get(SocTrack), given_tracks.get(CurrentOffsetTrack)
    half = 0.5 * np.broadcast_to(width, (ROWS,))[:, None]
    board.put(
        dataclasses.replace(
            charge,
            soc_low_fraction=charge.soc_fraction - half,
            soc_high_fraction=charge.soc_fraction + half,
            full_count=(full_row <= ROW).astype(float),
        )
    )
    board.put(given_tracks.get(CapacityTrack))
    board.put(
        dataclasses.replace(
            offset,
            current_offset_low_ampere=offset.current_offset_ampere - doubt_ampere,
            current_offset_high_ampere=offset.current_offset_ampere + doubt_ampere,
        )
    )
    return board


def span_of(board: Board) -> EfficiencySpan | None:
    fold = UsageFold(CONTEXT)
    fold.add(MINUTES, board)
    span, share = fold.efficiency_span(), fold.usage().round_trip_efficiency_fraction
    assert share == (None if span is None else span.efficiency_fraction)
    return span


def test_what_stays_in_the_pack_is_taken_out() -> None:
    span = span_of(known())
    assert span is not None
    assert span.energy_kept_kilowatt_hour == pytest.approx(50.0 * 6.6 / 1000.0, rel=0.01)
    assert span.efficiency_fraction == pytest.approx(1.0, abs=0.01)
    lossy = span_of(known(0.9 * EVENLY))
    assert lossy is not None
    assert lossy.efficiency_fraction == pytest.approx(50.0 / (100.0 - 0.9 * 50.0), abs=0.01)


def test_what_was_guessed_before_the_first_full_charge_counts_for_nothing() -> None:
    """The first hour's charge is far too low though its interval is narrow; the count begins after it."""
    span = span_of(known(np.where(ROW < 60, 0.5 * EVENLY - 0.3, 0.5 * EVENLY), full_row=60))
    assert span is not None
    assert span.from_unix_time_second == MINUTES.unix_time_second[60]
    assert span.energy_charged_kilowatt_hour == pytest.approx(240.0 * 20.0 / 60.0 * 6.6 / 1000.0, rel=0.01)
    kept_ah = 0.9 * 0.5 * STAYS * CAPACITY_AH
    assert span.efficiency_fraction == pytest.approx(50.0 / (80.0 - kept_ah), abs=0.02)


def test_the_count_ends_where_the_charge_was_known_last() -> None:
    unsure = np.where((ROW < 30) | (ROW > 500), 0.3, 0.02)
    span = span_of(known(np.where(ROW > 500, 0.0, 0.9 * EVENLY), width=unsure))
    assert span is not None
    assert span.from_unix_time_second == MINUTES.unix_time_second[30]
    assert span.until_unix_time_second == MINUTES.unix_time_second[500]
    assert span.energy_discharged_kilowatt_hour == pytest.approx(200.0 * 10.0 / 60.0 * 6.6 / 1000.0, rel=0.01)


@pytest.mark.parametrize(
    "board",
    [
        known(full_row=ROWS),
        known(full_row=400),
        known(width=0.2),
        known(np.full(ROWS, np.nan)),
        known(1.5 * EVENLY),
        known(doubt_ampere=3.0),
        BOARD,
    ],
    ids=["never full", "too few cycles", "never sure", "no charge", "more out than in", "offset unsure", "one cycle"],
)
def test_nothing_is_told_where_too_little_is_known(board: Board) -> None:
    assert span_of(board) is None


@settings(max_examples=10, deadline=None)
@given(cuts=st.lists(st.integers(1, ROWS - 1), max_size=10))
def test_the_span_does_not_depend_on_the_blocks(cuts: list[int]) -> None:
    board = board_of(MINUTES, 0.9 * EVENLY, capacity_ah=CAPACITY_AH)
    fold = UsageFold(CONTEXT)
    for begin, end in itertools.pairwise(sorted({0, *cuts, ROWS})):
        fold.add(MINUTES.rows(begin, end), cut(board, begin, end))
    mine, whole = fold.efficiency_span(), span_of(board)
    assert mine is not None
    assert whole is not None
    assert dataclasses.astuple(mine) == pytest.approx(dataclasses.astuple(whole), rel=1e-12)
