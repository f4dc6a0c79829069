"""Readings compared with one another in quiet hours: an offset stands, cells that follow late do not have one."""

from __future__ import annotations

import numpy as np
import pytest

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.temperature_consensus import QUIET_SLOTS, follow_quiet_differences

DAY, MINUTE = 1440, 60.0
TAU_SECOND = 6000.0
SENSORS = 4


def followed(tau_second: FloatArray, offset_kelvin: FloatArray, days: int = 4, swing_kelvin: float = 5.0) -> FloatArray:
    """(M,) quiet difference of the first sensor from the others; offsets (M, S), none of the cells makes heat."""
    minute = np.arange(days * DAY)
    ambient = 18.0 + swing_kelvin * np.sin(2.0 * np.pi * minute / DAY)
    celsius = np.empty((minute.size, SENSORS))
    now = np.full(SENSORS, 18.0)
    for k in minute:
        now = now + MINUTE / tau_second * (ambient[k] - now)
        celsius[k] = now
    reading = celsius + offset_kelvin + np.random.default_rng(5).normal(0.0, 0.05, celsius.shape)
    out = np.empty((*reading.shape, 2))
    state = np.zeros((SENSORS, QUIET_SLOTS))
    follow_quiet_differences(
        state, np.full(minute.size, MINUTE), np.zeros(reading.shape), reading, out, np.empty(SENSORS)
    )
    return np.asarray(out[:, 0, 0])


def none_of(days: int = 4) -> FloatArray:
    return np.zeros((days * DAY, SENSORS))


@pytest.mark.parametrize("worse", [1.8, 2.6])
def test_cells_that_follow_the_day_later_are_not_read_wrongly(worse: float) -> None:
    tau = np.array([worse, 1.0, 1.0, 1.0]) * TAU_SECOND
    assert np.abs(followed(tau, none_of())[DAY:]).max() < 1.0


@pytest.mark.parametrize("swing_kelvin", [1.0, 5.0])
def test_an_offset_is_followed_at_once_in_calm_and_within_hours_of_a_swing(swing_kelvin: float) -> None:
    offset = none_of()
    offset[2 * DAY :, 0] = 2.5
    quiet = followed(np.full(SENSORS, TAU_SECOND), offset, swing_kelvin=swing_kelvin)
    hours = (np.flatnonzero(np.abs(quiet - 2.5) < 0.4)[0] - 2 * DAY) / 60.0
    assert 0.0 < hours < (2.5 if swing_kelvin == 1.0 else 10.0)
