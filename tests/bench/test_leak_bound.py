"""How soon a leak can be told at best: on errors of known answer, and that a pack's bound falls with time."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from bench.bound.telling import YEAR_HOURS, sigmas_needed
from bench.leak_bound import LeastTime, fulls_at, healthy_sigma, least_hours, table_of
from bench.leak_cases import RUNGS, float_cases
from tests.bench.test_campaigns import LEAK

LEAST = LeastTime(
    duty="float",
    pack="p",
    rung_ampere=0.0025,
    ampere=0.0025,
    healthy_ampere=0.0002,
    target_hours=168.0,
    error_ampere=0.0001,
    end_error_ampere=0.0001,
    needed_sigmas=4.0,
    least_hours=24.0,
    least_fulls=1.0,
)
HOURS = np.array([-12.0, 0.0, 12.0, 24.0, 48.0])


def test_a_leak_is_told_once_it_stands_out_from_error_and_healthy_cells() -> None:
    error = np.array([0.0, 0.0, 0.004, 0.002, 0.001])
    ampere, once = sigmas_needed(16, 24.0) * 0.0021, sigmas_needed(16, YEAR_HOURS)
    assert least_hours(ampere, 0.0, 16, HOURS, error) == 24.0
    assert least_hours(0.9 * ampere, 0.0, 16, HOURS, error) == 48.0
    assert least_hours(ampere, 0.99 * ampere / once, 16, HOURS, error) == 24.0
    assert math.isnan(least_hours(ampere, 1.01 * ampere / once, 16, HOURS, error))


def test_full_charges_are_those_begun_by_then() -> None:
    fulls = np.array([0] * 60 + [1] * 60 + [2] * 60)
    assert [fulls_at(fulls, hours) for hours in (0.5, 1.0, 1.5, 3.0)] == [0.0, 0.0, 1.0, 2.0]
    assert math.isnan(fulls_at(fulls, math.nan))


def test_the_leaky_cell_is_none_of_the_healthy() -> None:
    assert healthy_sigma([0.001, 0.003, 0.1], 2) == pytest.approx(0.001)


def test_a_row_says_what_is_not_within_the_log() -> None:
    row = table_of([(LEAST, replace(LEAK, warning_hours=math.nan))])[-1]
    assert row == "| p float | 2.5 | 0.2 | 0.1 | 168.0 h | 24.0 h | – |"


def test_leaks_of_the_ladder_are_what_the_rung_says_at_the_temperature_of_the_pack() -> None:
    rung = next(rung for rung in RUNGS if rung.ampere == 0.0025)
    cold, warm = (next(c for c in float_cases(rung, 4.0) if c.pack.id == name) for name in ("200Ah-5C", "50Ah-8s-35C"))
    assert cold.faults[0].magnitude is not None
    assert warm.faults[0].magnitude is not None
    assert cold.faults[0].magnitude > 0.005
    assert warm.faults[0].magnitude < 0.00125
