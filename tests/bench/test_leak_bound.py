"""How soon a leak can be told at best: on errors of known answer, and that a pack's bound falls with time."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bench.leak_bound import SIGMAS, LeastTime, healthy_sigma, least_hours, table_of
from bench.leak_cases import RUNGS, float_cases

HOURS = np.array([-12.0, 0.0, 12.0, 24.0, 48.0])


def test_a_leak_is_told_once_it_stands_out_from_error_and_healthy_cells() -> None:
    error = np.array([0.0, 0.0, 0.004, 0.002, 0.001])
    assert least_hours(SIGMAS * 0.0021, 0.0, HOURS, error) == 24.0
    assert least_hours(SIGMAS * 0.0021, 0.0015, HOURS, error) == 48.0
    assert math.isnan(least_hours(SIGMAS * 0.0021, 0.003, HOURS, error))


def test_the_leaky_cell_is_none_of_the_healthy() -> None:
    assert healthy_sigma([0.001, 0.003, 0.1], 2) == pytest.approx(0.001)


def test_a_row_says_what_is_not_within_the_log() -> None:
    row = table_of([LeastTime("float", "p", 0.0025, 0.0025, 0.0002, 0.0001, 168.0, 24.0, math.nan)])[-1]
    assert row == "| p float | 2.5 | 0.2 | 0.1 | 168.0 h | 24.0 h | – |"


def test_leaks_of_the_ladder_are_what_the_rung_says_at_the_temperature_of_the_pack() -> None:
    rung = next(rung for rung in RUNGS if rung.ampere == 0.0025)
    cold, warm = (next(c for c in float_cases(rung, 4.0) if c.pack.id == name) for name in ("200Ah-5C", "50Ah-8s-35C"))
    assert cold.faults[0].magnitude is not None
    assert warm.faults[0].magnitude is not None
    assert cold.faults[0].magnitude > 0.005
    assert warm.faults[0].magnitude < 0.00125
