"""Which rows are read for a sensor's offset, and when what they show is believed."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from cellwarden.core.sample_block import FloatArray
from cellwarden.diagnosis.plateau_offset import HOURS as READ_HOURS
from cellwarden.diagnosis.plateau_offset import PlateauSums, follow_plateau, nothing_shown, shown_offset
from cellwarden.diagnosis.voltage_sensor_offset import (
    DETECTOR,
    LEFT_SHARE,
    LEFT_VOLT,
    SEEN_SHARE,
    SEEN_SIGMAS,
    _few,
    _follow,
    _is_shown,
)
from cellwarden.estimation.charge_tracks import SocTrack
from tests.diagnosis.known_tracks import CELLS, ODD, Tracks, found, hour_of, hourly, low_context, odd, of_hours, swings


@pytest.mark.parametrize(
    ("soc", "slope_volt", "fulls", "is_read"),
    [
        (0.5, 0.1, 1.0, True),
        (0.94, 0.1, 1.0, True),
        (0.96, 0.1, 1.0, False),
        (0.19, 0.1, 1.0, False),
        (0.5, 0.6, 1.0, False),
        (0.5, 0.1, 0.0, True),
    ],
)
def test_rows_are_read_on_the_plateau_and_those_before_a_full_charge_apart(
    soc: float, slope_volt: float, fulls: float, *, is_read: bool
) -> None:
    minutes = hourly(5)
    minutes = dataclasses.replace(minutes, current_ampere=np.full(len(minutes), -10.0))
    some, wide = np.zeros(len(minutes)), np.zeros((len(minutes), CELLS))
    track = SocTrack(
        soc_fraction=wide + soc,
        soc_low_fraction=wide,
        soc_high_fraction=wide + 1.0,
        ocv_volt=wide,
        ocv_slope_volt=wide + slope_volt,
        deficit_difference_ah=wide,
        deficit_difference_sigma_ah=wide,
        full_count=some + fulls,
        rest_second=some,
    )
    state = DETECTOR.initial(low_context(logged=True))
    sums, early, _ = _follow(state, minutes, track, 100.0, np.array([], dtype=np.int64))
    assert (sums.cells[:, READ_HOURS] > 0.0).all() == (is_read and fulls > 0.0)
    assert (early.cells[:, READ_HOURS] > 0.0).all() == (is_read and fulls == 0.0)


def after_swings(odd_volt: FloatArray, hours: int = 96) -> PlateauSums:
    """Sums after hours of swings in which one cell stood apart by (hours,) [V], at one row."""
    minutes, (soc, ampere) = hourly(hours), swings(hours)
    current = of_hours(minutes, ampere)
    volt = 3.3 + odd(1.0) * odd_volt[np.arange(len(minutes)) % len(odd_volt), None]
    minutes = dataclasses.replace(
        minutes, voltage_volt=volt, current_ampere=current, charge_ah=current * minutes.elapsed_second / 3600.0
    )
    use, slope = np.ones(len(minutes), dtype=bool), np.full(len(minutes), 0.1)
    rows = np.array([len(minutes) - 1])
    return follow_plateau(nothing_shown(CELLS), minutes, 100.0, of_hours(minutes, soc)[:, 0], slope, use, rows)[1]


def shown(sums: PlateauSums, offset_volt: float) -> bool:
    return bool(_is_shown(odd(offset_volt)[None], sums)[0, ODD])


def test_an_offset_is_believed_of_its_sign_and_not_far_from_its_size() -> None:
    sums = after_swings(np.array([0.012]))
    assert shown(sums, 0.012)
    assert not shown(sums, -0.012)
    assert not shown(sums, 0.012 / SEEN_SHARE * 1.1)


def test_an_offset_beside_as_much_that_nothing_explains_is_not_believed() -> None:
    """The filter tells 4 mV; the readings show more, and 3 mV besides that come and go."""
    offset_volt = 0.004
    sums = after_swings(0.03 + np.array([0.003, -0.003]))
    seen = shown_offset(sums)
    assert seen.volt[0, ODD] > max(SEEN_SHARE * offset_volt, SEEN_SIGMAS * seen.sigma_volt[0, ODD])
    assert seen.left_volt[0, ODD] > LEFT_VOLT + LEFT_SHARE * offset_volt
    assert not shown(sums, offset_volt)


def test_a_cell_that_comes_to_its_steps_before_the_others_is_no_misread_one() -> None:
    """One that is short of lithium stands far below them here and less far there, as no sensor's error does."""
    offset_volt = -0.012
    sums = after_swings(-0.04 + np.array([0.0045, -0.0045]))
    seen = shown_offset(sums)
    assert -seen.volt[0, ODD] > max(-SEEN_SHARE * offset_volt, SEEN_SIGMAS * seen.sigma_volt[0, ODD])
    assert seen.left_volt[0, ODD] < -0.5 * offset_volt
    assert not shown(sums, offset_volt)
    assert shown(after_swings(np.array([-0.04])), offset_volt)


def test_an_offset_that_is_not_surer_than_its_error_is_not_believed() -> None:
    sums, offset_volt = after_swings(np.array([0.01]), hours=2), 0.01
    seen = shown_offset(sums)
    assert SEEN_SHARE * offset_volt < seen.volt[0, ODD] < SEEN_SIGMAS * seen.sigma_volt[0, ODD]
    assert seen.left_volt[0, ODD] < LEFT_VOLT + LEFT_SHARE * offset_volt
    assert not shown(sums, offset_volt)


@pytest.mark.parametrize(
    ("jumped_volt", "is_told"),
    [(-0.02, True), (-0.014, True), (-0.008, False), (-0.04, False), (0.02, False), (0.0, False)],
)
def test_a_reading_that_jumped_at_rest_is_told_on_float_where_nothing_else_shows_it(
    jumped_volt: float, *, is_told: bool
) -> None:
    tracks = Tracks(
        offset_volt=odd(-0.02), offset_half_volt=0.007, jumped_volt=odd(jumped_volt), read=False, soc_fraction=0.99
    )
    told = found(DETECTOR, tracks)
    assert ({item.cell for item in told} == {ODD + 1}) == is_told
    assert not is_told or "the reading jumped by most of that" in told[-1].explanation


def jumped_by_day(*soc_fraction: float) -> list[bool]:
    """Whether a jump is told at the end of each day that the pack spends at one charge."""
    soc = np.repeat(np.array(soc_fraction), 24)[:, None] * np.ones(CELLS)
    tracks = Tracks(
        hours=len(soc), offset_volt=odd(-0.02), jumped_volt=odd(-0.02), read=False, soc_fraction=soc, slope_volt=1.0
    )
    told = found(DETECTOR, tracks)
    by_hour = {hour_of(item.at_unix_time_second): item.severity is not None for item in told}
    return [by_hour.get(24 * (day + 1), False) for day in range(len(soc_fraction))]


def test_a_jump_near_empty_is_told_once_the_pack_is_elsewhere_and_stays_told() -> None:
    assert jumped_by_day(0.05) == [False]
    assert jumped_by_day(0.05, 0.5, 0.05) == [False, True, True]


def test_a_jump_is_told_whether_the_pack_was_full_or_not() -> None:
    tracks = Tracks(offset_volt=odd(-0.01), jumped_volt=odd(-0.01), read=False, fulls=0.0)
    assert found(DETECTOR, tracks)


@pytest.mark.parametrize(
    ("offset_volt", "fulls", "is_told"), [(0.008, 1.0, True), (0.008, 0.0, False), (0.02, 0.0, True)]
)
def test_of_a_pack_that_was_never_full_only_a_large_offset_is_told(
    offset_volt: float, fulls: float, *, is_told: bool
) -> None:
    soc, ampere = swings()
    tracks = Tracks(
        hours=100,
        offset_volt=odd(offset_volt),
        voltage_volt=odd(3.3 + offset_volt, 3.3),
        soc_fraction=soc,
        current_ampere=ampere,
        slope_volt=0.1,
        fulls=fulls,
    )
    assert bool(found(DETECTOR, tracks)) == is_told


@pytest.mark.parametrize(("cells", "few"), [(2, 1), (4, 2), (8, 3), (16, 3), (100, 5)])
def test_of_a_small_pack_no_more_than_half_is_read_wrongly_at_once(cells: int, few: int) -> None:
    assert _few(cells) == few
