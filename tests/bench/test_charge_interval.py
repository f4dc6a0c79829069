"""What the interval scores say: of right intervals, of one error that lasts, and pooled over packs."""

from __future__ import annotations

import numpy as np
import pytest

from bench.targets.charge_interval import _pooled_score, best_constant, interval_score, right_intervals


def test_intervals_that_are_right_look_bad_beside_a_width_that_knows_the_one_error() -> None:
    """One |z| of twenty lies outside and scores as a small one does: the median is that of 0.601, not of 0.674."""
    assert right_intervals(np.full(500, 0.02)) == pytest.approx(3.92 / (2.0 * 0.601), rel=1e-3)


def test_the_one_error_costs_less_where_widths_vary() -> None:
    assert right_intervals(np.tile([0.1, 0.01], 500)) < 0.6 * right_intervals(np.full(1000, 0.1))


def test_a_width_that_knows_where_errors_are_large_beats_a_constant_one() -> None:
    sigma = np.tile([0.002, 0.05], 4000)
    error = sigma * np.random.default_rng(1).standard_normal(len(sigma))
    assert interval_score(error, -1.96 * sigma, 1.96 * sigma) < 0.8 * best_constant(error)


def test_pooled_packs_share_one_width_and_weigh_alike() -> None:
    calm, wild = np.full(1000, 0.001), np.full(10, 0.03)
    parts = [("calm", calm, -2.0 * calm, 2.0 * calm), ("wild", wild, -2.0 * wild, 2.0 * wild)]
    (measured,) = _pooled_score(parts)
    reached = 0.5 * (0.004 + 0.12)
    least = min(2.0 * w + 20.0 * max(0.0, 0.03 - w) for w in (0.001, 0.03))
    assert measured.pack == "2 packs"
    assert measured.value == pytest.approx(reached / least, rel=1e-6)
    assert _pooled_score([]) == ()
