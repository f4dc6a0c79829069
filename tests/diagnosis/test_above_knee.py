"""A cell that is full while its string is not: told by voltage, not of a sensor, held until the string is full."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from cellwarden.core.finding import Severity
from cellwarden.core.sample_block import FloatArray
from cellwarden.diagnosis.soc_imbalance import DETECTOR
from tests.diagnosis.known_tracks import CELLS, ODD, Tracks, found, hour_of, odd

LACKING = 0.06  # of the charge, what the others lack to full


def days(high_volt: float, elsewhere_volt: float = 0.0, top_volt: float = 3.35) -> Tracks:
    """A string of 100 Ah that is discharged for 12 hours and stands near its top for 12, again and again."""
    top = (np.arange(96) // 12 % 2 == 1)[:, None]
    volt = np.where(top, odd(top_volt + high_volt, top_volt), odd(3.28 + elsewhere_volt, 3.28))
    soc: FloatArray = np.where(top, 1.0 - LACKING, 0.5) * np.ones(CELLS)
    return Tracks(hours=96, voltage_volt=volt, soc_fraction=soc, fulls=0.0)


def test_a_cell_that_is_full_before_its_string_is_fuller_by_what_the_others_lack() -> None:
    held = found(DETECTOR, days(0.22))
    assert held
    assert {(item.cell, item.severity) for item in held} == {(ODD + 1, Severity.WARNING)}
    last = held[-1]
    assert last.magnitude == pytest.approx(100.0 * LACKING)
    # what another make's curve leaves unknown of a string that is not full, 2.5 % of the charge, joined with its own
    sigma = 100.0 * np.hypot(0.025, 0.02 / (2.0 * 1.96))
    assert last.magnitude_low == pytest.approx(1.5)  # the least that counts
    assert last.magnitude_high == pytest.approx(last.magnitude + 1.96 * sigma, rel=0.01)
    assert "fuller" in last.explanation
    assert "short" not in last.advice


def test_it_is_held_while_the_string_is_discharged() -> None:
    held = found(DETECTOR, days(0.22))
    hours = {hour_of(item.at_unix_time_second) for item in held}
    assert all(item.severity is not None for item in held)
    assert set(range(25, 97)) <= hours


@pytest.mark.parametrize("tracks", [days(0.22, elsewhere_volt=0.22), days(0.03), days(0.22, top_volt=3.42)])
def test_no_sensor_and_no_string_that_is_full_is_taken_for_it(tracks: Tracks) -> None:
    assert found(DETECTOR, tracks) == []


def test_a_channel_that_hangs_where_the_string_was_full_fills_no_cell() -> None:
    assert found(DETECTOR, dataclasses.replace(days(0.22), unchanged_second=odd(3600.0))) == []


def test_what_a_reading_may_be_high_by_counts_for_nothing() -> None:
    assert found(DETECTOR, dataclasses.replace(days(0.14), offset_half_volt=0.05)) == []


def test_it_is_let_go_once_the_string_stands_on_its_knee_with_it() -> None:
    tracks = days(0.22)
    volt = np.concatenate([np.asarray(tracks.voltage_volt), np.full((12, CELLS), 3.41)])
    soc = np.concatenate([np.asarray(tracks.soc_fraction), np.full((12, CELLS), 0.99)])
    fulls = dataclasses.replace(tracks, hours=108, voltage_volt=volt, soc_fraction=soc, fulls=1.0)
    assert found(DETECTOR, fulls)[-1].severity is None


def test_what_was_read_level_before_the_last_full_stand_says_nothing_of_a_sensor() -> None:
    """A sensor that drifts by 0.15 V while the string stands full reads its cell above wherever it stands since."""
    hours = np.arange(96)[:, None]
    level = np.full((96, CELLS), 3.28)
    drifted = np.where(hours < 40, odd(3.41 + 0.05, 3.41), odd(3.35 + 0.15, 3.35))
    volt = np.where(hours < 24, level, drifted)
    soc = np.where(hours < 24, 0.5, np.where(hours < 40, 0.99, 1.0 - LACKING)) * np.ones(CELLS)
    tracks = Tracks(hours=96, voltage_volt=volt, soc_fraction=soc, fulls=0.0)
    assert found(DETECTOR, tracks) == []
    never_full = dataclasses.replace(tracks, voltage_volt=np.where((hours >= 24) & (hours < 40), level, volt))
    assert found(DETECTOR, never_full)
