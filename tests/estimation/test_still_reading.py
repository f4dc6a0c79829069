"""A channel that stands still while a load moves the others."""

from __future__ import annotations

import numpy as np

from cellwarden.estimation.charge_tracks import VoltageOffsetTrack
from cellwarden.estimation.still_reading import STILL_SLOTS, is_still
from tests.estimation.known_string import CHARGE, DEEP, REST, KnownString, course_of
from tests.estimation.test_charge_cascade import estimated


def _told(readings: list[float], medians: list[float], rest_second: float = 0.0) -> list[bool]:
    still = np.zeros(STILL_SLOTS)
    return [is_still(still, reading, median, rest_second) for reading, median in zip(readings, medians, strict=True)]


def test_only_a_load_that_moves_the_others_tells_a_still_channel() -> None:
    falling = [3.32, 3.31, 3.295, 3.29]
    assert _told([3.32] * 4, falling) == [False, False, True, True]
    assert _told([3.32] * 4, falling, rest_second=600.0) == [False] * 4
    assert _told([3.32, 3.311, 3.296, 3.291], falling) == [False] * 4
    assert _told([3.32] * 4, [3.32, 3.315, 3.31, 3.305]) == [False] * 4


def test_a_channel_that_moves_again_is_read_again() -> None:
    assert _told([3.32, 3.32, 3.28, 3.28], [3.32, 3.29, 3.28, 3.28]) == [False, True, False, False]


def test_hours_of_a_stuck_channel_leave_no_offset_behind() -> None:
    known = KnownString(stages=(CHARGE, DEEP, REST, CHARGE))
    samples = course_of(known).samples
    volt = samples.cell_voltage_volt
    assert volt is not None
    first = int(np.argmax(np.nan_to_num(samples.current_ampere) < -1.0))  # DEEP begins
    volt[first + 60 : first + 540, 5] = volt[first + 60, 5]  # half an hour later, until well into REST
    _, _, board = estimated(known, samples)
    assert np.abs(board.get(VoltageOffsetTrack).voltage_offset_volt[-1]).max() < 0.002
