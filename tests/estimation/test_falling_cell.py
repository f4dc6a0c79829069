"""A cell that falls off the knee in a rest: charge that it lost, where nothing else explains the fall."""

from __future__ import annotations

import numpy as np
import pytest

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation import cell_difference as cd

CAPACITY_AH = 100.0
GRID = np.linspace(0.0, 1.0, 501)
SIGMA = np.zeros(cd.STATES)
SIGMA[[cd.DIFFERENCE, cd.LEAK, cd.LN_RATIO, cd.READING_OFFSET]] = 0.1, 5e-3, 0.05, 0.0005
SIGMA[[cd.LN_POLARISATION, cd.BETA]] = 0.05, 0.001


def rested(leak_ampere: float, bleed_ampere: float, steeper: float = 1.0) -> tuple[FloatArray, FloatArray]:
    """State and covariance of a cell 0.6 Ah behind after ten hours of rest on a knee, `steeper` than it is thought."""
    y, p, memory = np.zeros(cd.STATES), np.diag(SIGMA**2), np.zeros(cd.MEMORY)
    memory[cd.LOCATED] = memory[cd.STARTED] = 1.0
    y[cd.DIFFERENCE] = 0.6
    learnt, work = 3.33 + 0.15 * np.exp((GRID - 1.0) / 0.01), np.empty((2, cd.STATES))
    noise = 0.0005 * np.random.default_rng(6).standard_normal(600)
    for minute in range(600):
        hours = (minute + 1.0) / 60.0
        cd.predict_difference(y, p, memory, 60.0, bleed_ampere / 60.0, CAPACITY_AH, 0.0, 0.0, 20.0)
        behind = 0.6 + steeper * (leak_ampere + bleed_ampere) * hours
        volt = np.interp(1.0 - np.array([0.5 + behind, 0.5]) / CAPACITY_AH, GRID, learnt)
        place = (0.5, 0.0, 0.0, CAPACITY_AH, 0.0, 0.002, 0.0, volt[0] - volt[1] + noise[minute], 60.0, 60.0 * minute)
        cd.correct_difference(y, p, memory, learnt, learnt, 1.0, *place, work)
    return y, p


def test_a_cell_that_falls_off_the_knee_in_a_rest_leaks_and_its_curve_is_not_blamed() -> None:
    y, _ = rested(0.25, 0.0)
    assert 0.6 * 0.25 < y[cd.LEAK] < 1.3 * 0.25
    assert 0.6 + 0.5 * 2.5 < y[cd.DIFFERENCE] < 0.6 + 1.3 * 2.5
    assert abs(y[cd.BETA]) < 0.03


@pytest.mark.parametrize("steeper", [0.7, 1.4])
def test_a_bleed_on_a_knee_that_is_steeper_than_it_is_thought_opens_no_leak(steeper: float) -> None:
    y, p = rested(0.0, 0.06, steeper)
    assert abs(y[cd.LEAK]) < 0.02
    assert np.sqrt(p[cd.LEAK, cd.LEAK]) <= 5e-3


def flat_then_empty() -> FloatArray:
    """A curve with a plateau that says nothing of the charge, above a steep end."""
    return 3.33 + 0.02 * GRID + 0.15 * np.exp((GRID - 1.0) / 0.01) - 0.6 * np.exp(-GRID / 0.06)


def drained(leak_ampere: float, days: float, sensor_volt_per_day: float = 0.0) -> tuple[FloatArray, FloatArray]:
    """State and covariance of a cell that leaks beside a pack that rests on the plateau, or whose sensor drifts off."""
    y, p, memory = np.zeros(cd.STATES), np.diag(SIGMA**2), np.zeros(cd.MEMORY)
    memory[cd.LOCATED] = memory[cd.STARTED] = 1.0
    learnt, work = flat_then_empty(), np.empty((2, cd.STATES))
    for step in range(int(days * 288)):
        hours = step / 12.0
        cd.predict_difference(y, p, memory, 300.0, 0.0, CAPACITY_AH, 0.0, 0.0, 20.0)
        volt = np.interp(0.8 - np.array([leak_ampere * hours, 0.0]) / CAPACITY_AH, GRID, learnt)
        reading = volt[0] - volt[1] + sensor_volt_per_day * hours / 24.0
        place = (20.0, 0.0, 0.0, CAPACITY_AH, 0.0, 0.002, 0.0, reading, 300.0, 300.0 * step)
        cd.correct_difference(y, p, memory, learnt, learnt, 1.0, *place, work)
    return y, p


def test_a_cell_that_leaks_down_to_the_end_of_the_plateau_is_found_there() -> None:
    y, p = drained(0.5, 5.5)
    lost = 0.5 * 5.5 * 24.0
    assert 0.7 * lost < y[cd.DIFFERENCE] < 1.1 * lost
    assert 0.7 * 0.5 < y[cd.LEAK] < 1.3 * 0.5
    assert abs(y[cd.READING_OFFSET]) < 0.005
    assert np.linalg.eigvalsh(p)[0] >= -1e-12


def test_a_sensor_that_drifts_within_the_plateau_s_height_empties_no_cell() -> None:
    y, _ = drained(0.0, 7.5, -0.004)
    assert abs(y[cd.DIFFERENCE]) < 5.0
