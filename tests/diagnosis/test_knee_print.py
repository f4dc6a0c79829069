"""Prints of cells on the top knee: neighbours that changed places are named, everything else is not."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from cellwarden.core.sample_block import FloatArray
from cellwarden.diagnosis.knee_print import Prints, exchanged_by_print, follow_prints, no_prints, prints_since

CELLS, MINUTE = 8, 60.0
APART = 1e-3 * np.array([3.0, -4.0, 9.0, 1.0, -14.0, 0.0, 5.0, -2.0])
PAIR = 4  # cells 5 and 6, 14 mV apart


def exchanged(print_volt: FloatArray, pair: int = PAIR) -> FloatArray:
    result = print_volt.copy()
    result[[pair, pair + 1]] = print_volt[[pair + 1, pair]]
    return result


def rows(stays: list[FloatArray], minutes: int = 60, seed: int = 3) -> dict[str, Any]:
    """Stays of that many minutes on the knee, with an hour elsewhere after each."""
    rng = np.random.default_rng(seed)
    volt, knee = [], []
    for stay in stays:
        volt.append(3.42 + stay + 0.0004 * rng.standard_normal((minutes, CELLS)))
        volt.append(3.30 + np.zeros((60, CELLS)))
        knee += [True] * minutes + [False] * 60
    count = len(knee)
    return {
        "stamp": MINUTE * np.arange(count, dtype=float),
        "hours": np.full(count, 1.0 / 60.0),
        "voltage": np.vstack(volt),
        "on_knee": np.array(knee),
    }


def pairs(stays: list[FloatArray], **options: int) -> list[int]:
    """Pairs (from 0) named at the end of each stay, −1 where none."""
    _, closed = follow_prints(no_prints(CELLS), **rows(stays, **options))
    named = [exchanged_by_print(prints) for _, prints in closed]
    return [int(np.abs(score).argmax()) if score.any() else -1 for score in named]


def test_two_neighbours_that_changed_places_are_named_though_balancing_narrowed_all() -> None:
    assert pairs([APART, 0.8 * APART, 0.6 * exchanged(APART)]) == [-1, -1, PAIR]


def test_nothing_is_named_while_all_keep_their_order() -> None:
    assert pairs([APART, 0.8 * APART, 0.5 * APART, 1.4 * APART]) == [-1] * 4


@pytest.mark.parametrize(
    "after",
    [
        APART * np.where(np.arange(CELLS) == PAIR, 0.0, 1.0),  # one cell alone came in
        np.roll(APART, 1),  # all moved
        -APART,
        exchanged(exchanged(APART), 1),  # two exchanges at once may be anything
        0.1 * exchanged(APART),
    ],
)
def test_other_changes_are_not_an_exchange(after: FloatArray) -> None:
    assert PAIR not in pairs([APART, APART, after])


def test_a_cell_that_went_far_out_has_not_changed_places_with_one_that_came_in() -> None:
    """Of four cells two tell nothing of what is usual, and the pair stands three times as far apart as before."""
    kept = 1e-3 * np.array([[-8.2, 2.1, -0.1, 0.1], [-1.5, -24.9, 1.6, 1.6]])
    before = Prints(kept, np.array([0.0, 3600.0]), np.zeros(4), 0.0, np.nan)
    assert not exchanged_by_print(before).any()
    near = np.vstack([kept[:1], 1e-3 * np.array([[2.1, -8.2, -0.1, 0.1]])])
    assert exchanged_by_print(dataclasses.replace(before, kept=near))[0] != 0.0


def test_cells_alike_cannot_be_told() -> None:
    alike = 0.2 * APART
    assert pairs([alike, alike, exchanged(alike)]) == [-1] * 3


def test_short_stays_are_none_and_long_ones_are_cut() -> None:
    assert pairs([APART], minutes=5) == []
    assert len(pairs([APART], minutes=13 * 60)) == 3


def test_cuts_change_nothing() -> None:
    whole = rows([APART, 0.8 * APART, 0.6 * exchanged(APART)])
    _, expected = follow_prints(no_prints(CELLS), **whole)
    state, closed = no_prints(CELLS), []
    for begin in range(0, len(whole["stamp"]), 17):
        part = {name: values[begin : begin + 17] for name, values in whole.items()}
        state, some = follow_prints(state, **part)
        closed += [(begin + row, prints) for row, prints in some]
    assert [row for row, _ in closed] == [row for row, _ in expected]
    assert np.allclose(closed[-1][1].kept, expected[-1][1].kept, rtol=1e-12)


def test_rows_with_a_missing_reading_are_left_out() -> None:
    whole = rows([APART, exchanged(APART)])
    whole["voltage"][130:150, 2] = np.nan
    _, closed = follow_prints(no_prints(CELLS), **whole)
    assert np.isfinite(closed[-1][1].kept).all()
    assert exchanged_by_print(closed[-1][1])[PAIR] == pytest.approx(-14e-3, abs=1e-3)


def test_stays_before_a_moment_are_left_out() -> None:
    prints = Prints(np.stack([APART, APART]), np.array([0.0, 500.0]), np.zeros(CELLS), 0.0, np.nan)
    assert prints_since(prints, 100.0).begin.tolist() == [500.0]
    assert len(prints_since(prints, 100.0).kept) == 1
