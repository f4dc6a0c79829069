"""The search for a step of a cell's resistance: when it speaks, how large the step is, and when it is silent."""

from __future__ import annotations

import numpy as np
import pytest

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation import resistance_change as change


def run(innovation: FloatArray, sigma: float, film: float = 0.9) -> tuple[int, int, FloatArray]:
    """Index of the edge that told it (−1 for none), the side, and the sides then."""
    sides = change.no_change(1)[0]
    weight, h = change.change_weight(sigma), np.array([np.nan, film, 0.8, 1.0])
    for k, value in enumerate(innovation):
        side = change.follow_change(sides, value / sigma, weight, h, 1, value, sigma**2)
        if side >= 0:
            return k, side, sides
    return -1, -1, sides


def test_the_sum_is_pages() -> None:
    values = np.array([0.02, 0.3, -0.1, 0.2])
    sigma = 0.1
    _, _, sides = run(values, sigma)
    expected = 0.0
    for value in values:
        expected = max(0.0, expected + 1.5 * (np.clip(value / sigma, -4.0, 4.0) - 0.75))
    assert sides[change.RISE, change.SUM] == pytest.approx(expected)
    assert sides[change.FALL, change.SUM] == 0.0
    assert not sides[change.FALL].any()


@pytest.mark.parametrize(("sigma", "edges"), [(0.03, 3), (0.1, 10), (0.15, 14)])
def test_a_step_of_a_quarter_is_seen_in_few_edges_and_sized(sigma: float, edges: int) -> None:
    late = []
    for seed in range(20):
        noise = np.random.default_rng(seed).normal(0.0, sigma, 60)
        told, side, sides = run(noise + 0.25, sigma)
        assert side == change.RISE
        for part, per_unit in enumerate((0.9, 0.8, 1.0)):
            mean, variance = change.size_of_change(sides[side], part)
            assert abs(mean - 0.25 / per_unit) < 3.0 * np.sqrt(variance) + 0.05
        late.append(told + 1)
    assert np.quantile(late, 0.9) <= edges
    told, side, _ = run(np.full(60, -0.25), sigma)
    assert side == change.FALL
    assert told < edges


def test_noise_alone_speaks_less_than_once_in_a_thousand_edges_and_one_wild_edge_never() -> None:
    seen = [run(np.random.default_rng(seed).normal(0.0, 0.1, 300), 0.1)[0] for seed in range(40)]
    edges = sum(300 if told == -1 else told for told in seen)
    assert sum(told != -1 for told in seen) < edges / 1000.0
    wild = np.zeros(50)
    wild[10] = 5.0
    assert run(wild, 0.1)[0] == -1


def test_without_edges_the_size_is_the_prior() -> None:
    mean, variance = change.size_of_change(np.zeros(change.CHANGE_SLOTS), 0)
    assert mean == 0.0
    assert variance == pytest.approx(change.PRIOR_SIGMA**2)
