"""Jumps of a reading: found at rest and taken whole; neither relaxing cells nor swapped wires nor bleeds are jumps."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.reading_jump import (
    FREE,
    JUMP_SLOTS,
    MEANS,
    PACK_ROWS,
    SIDE,
    _two_lines,
    follow_jumps,
    jumped_volt,
    take_jump,
)

CELLS, MINUTES, AT = 8, 60, 30
OFFSET, ERROR = 0, 1
BLEED_VOLT = 0.007  # that a bleed drops in the leads


def _readings(seed: int, samples: int = 60) -> FloatArray:
    """(MINUTES, CELLS) of a pack that relaxes: 1 mV of noise a sample, every cell with its own course."""
    rng = np.random.default_rng(seed)
    minute = np.arange(MINUTES)[:, None]
    course = rng.normal(0.0, 0.006, CELLS) * np.exp(-minute / rng.uniform(10.0, 200.0, CELLS))
    return np.asarray(3.3 + course + 0.001 / np.sqrt(samples) * rng.standard_normal((MINUTES, CELLS)))


def _jumps(
    volt: FloatArray, bleed_ah: FloatArray | None = None, ampere: float = 0.0, unlogged_volt: float = 0.0
) -> tuple[list[int], FloatArray, FloatArray]:
    """Cells that were said to jump, the state that came of it, (CELLS, 2), and by how much each jumped in all [V]."""
    memory = np.zeros((CELLS + PACK_ROWS, max(CELLS, JUMP_SLOTS)))
    y, q, work = np.zeros((CELLS, 2)), np.zeros((CELLS, 2, 2)), np.empty(CELLS)
    bleeds = np.zeros_like(volt) if bleed_ah is None else bleed_ah
    said = []
    for row, bleed in zip(volt, bleeds, strict=True):
        middle = float(np.median(row))
        pack = (ampere, 60.0, 60.0, 100.0)
        cell = follow_jumps(
            memory, row, middle, np.nan, bleed, BLEED_VOLT, unlogged_volt, *pack, y[:, OFFSET], y[:, ERROR], work
        )
        if cell >= 0:
            said.append(cell)
            take_jump(memory, cell, y, q, OFFSET, ERROR)
    return said, y, np.array([jumped_volt(memory, CELLS, cell) for cell in range(CELLS)])


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, CELLS - 1), st.sampled_from([-0.03, -0.005, 0.005, 0.03]))
def test_a_jump_at_rest_is_found_once_and_is_as_large_as_it_is(seed: int, cell: int, jump: float) -> None:
    volt = _readings(seed)
    volt[AT:, cell] += jump
    said, y, jumped = _jumps(volt)
    assert said == [cell]
    assert jumped[cell] == pytest.approx(jump, abs=0.001)
    assert (np.delete(jumped, cell) == 0.0).all()
    others = np.delete(y[:, OFFSET], cell)
    assert y[cell, OFFSET] - np.median(others) == pytest.approx(jump, abs=0.001)


@pytest.mark.parametrize(("second", "left"), [(-0.02, 0.0), (0.01, 0.03)])
def test_jumps_of_one_reading_add_up(second: float, left: float) -> None:
    volt = _readings(1)
    volt[AT:, 3] += 0.02
    later = volt[AT:] + second * (np.arange(CELLS) == 3)
    again = np.concatenate([volt, later, later])
    said, _, jumped = _jumps(again)
    assert said == [3, 3]
    assert jumped[3] == pytest.approx(left, abs=0.002)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([1, 6, 60]))
def test_cells_that_relax_do_not_jump(seed: int, samples: int) -> None:
    assert _jumps(_readings(seed, samples))[0] == []


def test_swapped_wires_and_a_pack_under_load_do_not_jump() -> None:
    volt = _readings(1)
    swapped = volt.copy()
    swapped[AT:, 2] += 0.006
    swapped[AT:, 5] -= 0.006
    assert _jumps(swapped)[0] == []
    loaded = volt.copy()
    loaded[AT:, 2] += 0.006
    assert _jumps(loaded, ampere=20.0)[0] == []


@pytest.mark.parametrize(
    ("before_ah", "after_ah", "jump", "said"),
    [(0.0, 1e-3, -0.005, 0), (1e-3, 0.0, 0.005, 0), (0.0, 1e-3, 0.005, 1), (0.0, 1e-3, -0.012, 1)],
)
def test_a_bleed_explains_the_step_that_it_makes_and_no_other(
    before_ah: float, after_ah: float, jump: float, said: int
) -> None:
    volt, bleed = _readings(2), np.full((MINUTES, CELLS), before_ah)
    volt[AT:, 4] += jump
    bleed[AT:] = after_ah
    assert len(_jumps(volt, bleed)[0]) == said


@pytest.mark.parametrize(("jump", "said"), [(-0.005, 0), (0.005, 0), (-0.012, 1), (0.012, 1)])
def test_a_bleed_that_no_log_shows_explains_no_step_wider_than_it_makes(jump: float, said: int) -> None:
    volt = _readings(3)
    volt[AT:, 4] += jump
    assert len(_jumps(volt, unlogged_volt=BLEED_VOLT)[0]) == said


@given(st.integers(0, 10**6))
def test_the_lines_before_and_after_are_those_of_least_squares(seed: int) -> None:
    means = np.random.default_rng(seed).normal(0.01, 0.001, MEANS)
    place, sides = np.arange(MEANS) - SIDE, (slice(0, SIDE), slice(SIDE + 1, MEANS))
    lines = [np.polynomial.Polynomial.fit(place[side], means[side], 1) for side in sides]
    left = sum(float(((means[side] - line(place[side])) ** 2).sum()) for side, line in zip(sides, lines, strict=True))
    jump, variance = _two_lines(means)
    assert jump == pytest.approx(float(lines[1](0.0) - lines[0](0.0)), abs=1e-12)
    assert variance == pytest.approx(left / FREE, rel=1e-6)
