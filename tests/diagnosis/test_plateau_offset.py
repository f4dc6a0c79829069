"""What is left of a cell's difference on the plateau once everything that is not its sensor's is taken out."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cellwarden.core.minute_block import MinuteBlock
from cellwarden.core.sample_block import FloatArray
from cellwarden.diagnosis.plateau_offset import HOURS as READ_HOURS
from cellwarden.diagnosis.plateau_offset import (
    LONGEST_ROW_HOURS,
    MEMORY_HOURS,
    PlateauSums,
    follow_plateau,
    nothing_shown,
    shown_offset,
)
from tests.diagnosis.known_tracks import CELLS, ODD, hourly, odd, of_hours, part_of, swings

HOURS, SLOPE_VOLT = 96, 0.1
SOC, AMPERE = swings(HOURS)


def readings(extra_volt: FloatArray) -> MinuteBlock:
    """Swings of a pack whose cells differ by (hours, n_cells)."""
    minutes = hourly(HOURS)
    current = of_hours(minutes, AMPERE)
    return dataclasses.replace(
        minutes,
        voltage_volt=3.3 + of_hours(minutes, extra_volt),
        current_ampere=current,
        charge_ah=current * minutes.elapsed_second / 3600.0,
    )


def sums_of(minutes: MinuteBlock, cuts: tuple[int, ...] = ()) -> PlateauSums:
    """The sums after the rows, read in blocks that end at `cuts`."""
    state, soc = nothing_shown(CELLS), of_hours(minutes, SOC)[:, 0]
    for first, last in zip((0, *cuts), (*cuts, len(minutes)), strict=True):
        part = part_of(minutes, first, last)
        slope, use = np.full(len(part), SLOPE_VOLT), np.ones(len(part), dtype=bool)
        state, _ = follow_plateau(state, part, 100.0, soc[first:last], slope, use, np.array([], dtype=np.int64))
    return state


BRANCH = np.sign(AMPERE)[:, None]
PARTS = {
    "offset": odd(0.006) * np.ones((HOURS, 1)),
    "resistance": odd(0.05) * AMPERE[:, None] / 100.0,
    "hysteresis": odd(0.004) * BRANCH,
    "capacity": odd(0.03) * (1.0 - SOC),
}


@pytest.mark.parametrize("part", PARTS)
def test_only_a_sensors_part_of_a_difference_is_told_as_an_offset(part: str) -> None:
    shown = shown_offset(sums_of(readings(PARTS[part])))
    wanted = 0.006 if part == "offset" else 0.0
    assert shown.volt[ODD] == pytest.approx(wanted, abs=0.0012)
    assert np.delete(shown.volt, ODD) == pytest.approx(np.zeros(CELLS - 1), abs=1e-9)
    assert shown.left_volt[ODD] < 0.002


def test_an_offset_is_told_beside_everything_else() -> None:
    shown = shown_offset(sums_of(readings(sum(PARTS.values(), np.zeros((HOURS, CELLS))))))
    assert shown.volt[ODD] == pytest.approx(0.006, abs=0.002)
    assert abs(shown.volt[ODD] - 0.006) < 2.0 * shown.sigma_volt[ODD]


def test_what_no_part_explains_widens_the_sigma() -> None:
    calm = shown_offset(sums_of(readings(PARTS["offset"])))
    wild = shown_offset(sums_of(readings(PARTS["offset"] + odd(0.01) * np.sin(40.0 * SOC))))
    assert wild.left_volt[ODD] > 0.003
    assert wild.sigma_volt[ODD] > 3.0 * calm.sigma_volt[ODD]


def test_depths_spread_only_where_the_pack_was_swung() -> None:
    minutes = readings(PARTS["offset"])
    assert sums_of(minutes).depth_spread() == pytest.approx(np.full(CELLS, 0.19), abs=0.03)
    assert nothing_shown(CELLS).depth_spread() == pytest.approx(np.zeros(CELLS))


def test_a_cell_that_is_not_read_keeps_its_sums() -> None:
    minutes = readings(PARTS["offset"])
    volt = minutes.voltage_volt.copy()
    volt[len(minutes) // 2 :, ODD] = np.nan
    shown = shown_offset(sums_of(dataclasses.replace(minutes, voltage_volt=volt)))
    assert shown.volt[ODD] == pytest.approx(0.006, abs=0.0012)


@settings(max_examples=20, deadline=None)
@given(st.sets(st.integers(1, 2 * HOURS - 2), max_size=4))
def test_the_sums_are_the_same_wherever_the_blocks_end(cuts: set[int]) -> None:
    minutes = readings(PARTS["offset"] + PARTS["capacity"])
    whole, parts = sums_of(minutes), sums_of(minutes, tuple(sorted(cuts)))
    assert np.array_equal(whole.cells, parts.cells)
    assert np.array_equal(whole.pack, parts.pack)


def test_the_state_is_kept_at_the_rows_that_are_asked_for() -> None:
    minutes = readings(PARTS["offset"])
    rows, soc = np.array([10, 50]), of_hours(minutes, SOC)[:, 0]
    use, slope = np.ones(len(minutes), dtype=bool), np.full(len(minutes), SLOPE_VOLT)
    _, kept = follow_plateau(nothing_shown(CELLS), minutes, 100.0, soc, slope, use, rows)
    for place, row in enumerate(rows):
        assert np.array_equal(kept.cells[place], sums_of(part_of(minutes, 0, int(row) + 1)).cells)


def test_an_offset_that_has_gone_is_forgotten() -> None:
    until = np.arange(HOURS)[:, None] < HOURS // 4
    assert shown_offset(sums_of(readings(PARTS["offset"] * until))).volt[ODD] == pytest.approx(0.0, abs=0.0008)


def test_a_long_rest_tells_no_more_than_a_short_one() -> None:
    """A cell that stands apart for two days of rest does so as in an hour."""
    minutes = readings(np.zeros((HOURS, CELLS)))
    rest = len(minutes) - 96
    volt, current = minutes.voltage_volt.copy(), minutes.current_ampere.copy()
    volt[rest:, ODD] += 0.006
    current[rest:] = 0.0
    still = dataclasses.replace(minutes, voltage_volt=volt, current_ampere=current, charge_ah=current)
    assert abs(shown_offset(sums_of(still)).volt[ODD]) < 0.001


def test_a_long_row_is_one_reading() -> None:
    minutes = part_of(readings(PARTS["offset"]), 0, 10)
    assert minutes.elapsed_second.max() > 3600.0 * 2.0 * LONGEST_ROW_HOURS
    assert (sums_of(minutes).cells[:, READ_HOURS] <= 10 * LONGEST_ROW_HOURS).all()
    assert (sums_of(readings(PARTS["offset"])).cells[:, READ_HOURS] <= MEMORY_HOURS + LONGEST_ROW_HOURS).all()


def test_rows_without_a_current_do_not_count() -> None:
    minutes = readings(PARTS["offset"])
    half = len(minutes) // 2
    current = np.where(np.arange(len(minutes)) < half, minutes.current_ampere, np.nan)
    unread = dataclasses.replace(minutes, current_ampere=current, charge_ah=np.nan_to_num(current) / 60.0)
    assert np.array_equal(sums_of(unread).cells, sums_of(part_of(unread, 0, half)).cells)
