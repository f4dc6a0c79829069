"""A leak that begins within the log is followed; one that was there from the start needs no help."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation import cell_difference as cd
from cellwarden.estimation.moved_leak import LEAST_MOVE, MOVED_SIGMAS, OPENED_SHARE, RENEWED_SHARE, follow_leak

CAPACITY_AH, DAY_SECOND = 100.0, 86400.0
READ_SIGMA_AH, LEAK_SIGMA = 0.05, 0.005


def judged(leak: float, then: float, sigma: float, sigma_then: float, hours: float = 6.0) -> tuple[FloatArray, ...]:
    """State, covariance and memory after a leak went from one estimate to another while it grew surer."""
    y, p, memory = np.zeros(cd.STATES), np.diag(np.full(cd.STATES, 1e-6)), np.zeros(cd.MEMORY)
    y[cd.LEAK], p[cd.LEAK, cd.LEAK] = leak, sigma**2
    memory[cd.LEAK_THEN : cd.LEAK_THEN + 3] = then, sigma_then**2, hours - 1.0
    follow_leak(y, p, memory, CAPACITY_AH, 3600.0)
    return y, p, memory


def test_a_leak_that_moved_by_more_than_its_readings_can_move_it_is_doubted_with_what_it_took() -> None:
    told = np.sqrt(0.005**2 - 0.004**2)
    moved = 1.01 * np.hypot(MOVED_SIGMAS * told, LEAST_MOVE * CAPACITY_AH)
    y, p, memory = judged(0.002 + moved, 0.002, 0.004, 0.005)
    opened = (OPENED_SHARE * moved) ** 2
    assert p[cd.LEAK, cd.LEAK] == pytest.approx(0.004**2 + opened)
    assert p[cd.DIFFERENCE, cd.LEAK] == p[cd.LEAK, cd.DIFFERENCE] == pytest.approx(6.0 * opened)
    assert p[cd.DIFFERENCE, cd.DIFFERENCE] == pytest.approx(1e-6 + 36.0 * opened)
    assert np.linalg.eigvalsh(p).min() > 0.0
    assert memory[cd.LEAK_THEN : cd.LEAK_THEN + 3] == pytest.approx([y[cd.LEAK], p[cd.LEAK, cd.LEAK], 0.0])


@pytest.mark.parametrize("moved", [0.99 * MOVED_SIGMAS * 0.003, -1.0])
def test_it_is_believed_where_its_readings_may_have_moved_it_and_where_it_fell(moved: float) -> None:
    _, p, memory = judged(0.1 + moved, 0.1, 0.004, 0.005)
    assert p[cd.LEAK, cd.LEAK] == pytest.approx(0.004**2)
    assert memory[cd.LEAK_THEN + 2] == pytest.approx(6.0)


def test_what_is_compared_with_is_renewed_once_most_was_told_and_where_a_leak_was_opened() -> None:
    gone = 1.01 * RENEWED_SHARE
    _, _, memory = judged(0.1, 0.1, 0.005 * np.sqrt(1.0 - gone), 0.005)
    assert memory[cd.LEAK_THEN + 2] == 0.0
    _, _, memory = judged(0.1, 0.0, 0.006, 0.005)
    assert memory[cd.LEAK_THEN : cd.LEAK_THEN + 3] == pytest.approx([0.1, 0.006**2, 0.0])


def followed(leaks: FloatArray, seed: int) -> tuple[FloatArray, FloatArray]:
    """Estimate and sigma, day by day, of a cell that loses so much and whose charge is read once a day."""
    rng = np.random.default_rng(seed)
    y, p, memory = np.zeros(cd.STATES), np.zeros((cd.STATES, cd.STATES)), np.zeros(cd.MEMORY)
    p[cd.LEAK, cd.LEAK], p[cd.DIFFERENCE, cd.DIFFERENCE] = LEAK_SIGMA**2, READ_SIGMA_AH**2
    row, found = np.zeros(cd.STATES), []
    row[cd.DIFFERENCE] = 1.0
    for missing in np.cumsum(24.0 * leaks):
        y[cd.DIFFERENCE] += 24.0 * y[cd.LEAK]
        step = np.eye(cd.STATES)
        step[cd.DIFFERENCE, cd.LEAK] = 24.0
        p[:] = step @ p @ step.T
        gain = p @ row / (row @ p @ row + READ_SIGMA_AH**2)
        y += gain * (missing + READ_SIGMA_AH * rng.standard_normal() - y[cd.DIFFERENCE])
        p -= np.outer(gain, row @ p)
        follow_leak(y, p, memory, CAPACITY_AH, DAY_SECOND)
        found.append((y[cd.LEAK], np.sqrt(p[cd.LEAK, cd.LEAK])))
    estimates = np.array(found)
    return estimates[:, 0], estimates[:, 1]


def test_a_leak_that_begins_after_weeks_of_none_is_found_in_days() -> None:
    found, _ = followed(np.repeat([0.0, 0.1], [20, 5]), 3)
    assert found[-1] == pytest.approx(0.1, rel=0.05)


@given(st.integers(0, 2**32 - 1), st.floats(0.0, 0.015))
@settings(max_examples=40, deadline=None)
def test_a_leak_that_was_always_there_stays_within_its_interval(seed: int, leak: float) -> None:
    found, sigma = followed(np.full(30, leak), seed)
    assert abs(found[-1] - leak) < 5.0 * sigma[-1]


def test_what_a_leak_may_have_walked_meanwhile_counts_as_told() -> None:
    """Its variance grew by the walk before the readings took it away again."""
    y, p, memory = np.zeros(cd.STATES), np.diag(np.full(cd.STATES, 1e-6)), np.zeros(cd.MEMORY)
    walked = (cd.LEAK_WALK_PER_DAY * CAPACITY_AH) ** 2
    y[cd.LEAK], p[cd.LEAK, cd.LEAK] = 1.1 * np.hypot(MOVED_SIGMAS * np.sqrt(walked), LEAST_MOVE * CAPACITY_AH), 4e-8
    memory[cd.LEAK_THEN + 1] = 4e-8
    follow_leak(y, p, memory, CAPACITY_AH, DAY_SECOND)
    assert p[cd.LEAK, cd.LEAK] > 4e-8
