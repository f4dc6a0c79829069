"""By how much a fault must stand out: against the false warnings that are allowed, and on errors of known answer."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pytest

from bench.bound.telling import FALSE_WARNINGS, PACK_YEARS, YEAR_HOURS, first_hours, sigmas_needed


@pytest.mark.parametrize(
    ("cells", "hours", "sigmas"),
    [
        (16, 6.0, 4.68),
        (16, 168.0, 3.94),
        (4, 12.0, 4.24),
        (4, 168.0, 3.60),
        (16, YEAR_HOURS, 2.87),
        (4, YEAR_HOURS, 2.39),
    ],
)
def test_all_looks_together_warn_falsely_as_often_as_is_allowed(cells: int, hours: float, sigmas: float) -> None:
    z = sigmas_needed(cells, hours)
    looks = cells * PACK_YEARS * YEAR_HOURS / hours
    assert looks * (1.0 - NormalDist().cdf(z)) == pytest.approx(FALSE_WARNINGS)
    assert z == pytest.approx(sigmas, abs=0.005)


def test_looks_at_noise_alone_warn_as_often_as_the_chance_says() -> None:
    z = sigmas_needed(4, 0.01 * PACK_YEARS * YEAR_HOURS)  # 400 looks
    drawn = np.random.default_rng(1).normal(size=(2000, 400)) > z
    assert drawn.sum() / 2000.0 == pytest.approx(FALSE_WARNINGS, abs=0.1)


def test_a_fault_is_told_once_it_stands_out_and_not_before_its_onset() -> None:
    hours, sigma = np.array([-6.0, 0.0, 6.0, 12.0]), np.array([0.0, 0.0, 1.0, 0.5])
    assert first_hours(1.01 * sigmas_needed(16, 6.0), 16, hours, sigma) == 6.0
    assert first_hours(0.99 * sigmas_needed(16, 6.0), 16, hours, sigma) == 12.0
    assert math.isnan(first_hours(0.99 * 0.5 * sigmas_needed(16, 12.0), 16, hours, sigma))
