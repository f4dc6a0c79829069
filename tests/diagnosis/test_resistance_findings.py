"""High resistance: the aged cell, the joint, what a low capacity explains, and silence over healthy cells."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cellwarden.core.board import Board
from cellwarden.core.finding import Evidence, Severity
from cellwarden.core.sample_block import FloatArray
from cellwarden.diagnosis import connection_resistance_high, resistance_high
from cellwarden.estimation.charge_tracks import CapacityTrack
from tests.estimation.known_cells import REFERENCE_OHM, KnownPack, track_of

SIZE = np.array([1.04, 0.97, 1.0, 1.02, 0.95, 1.05, 0.99, 1.0])
NONE = np.zeros(8)
WIDE = (45.0, 0.0)


def only(cell: int, ohm: float) -> FloatArray:
    return np.where(np.arange(8) == cell, ohm, 0.0)


def _capacity(ones: FloatArray, relative: FloatArray | float) -> CapacityTrack:
    return CapacityTrack(
        capacity_ah=100.0 * ones,
        capacity_low_ah=99.0 * ones,
        capacity_high_ah=101.0 * ones,
        informed_unix_time_second=ones,
        relative_fraction=ones * relative,
        relative_sigma_fraction=0.007 * ones,
    )


def evidence_of(known: KnownPack, relative: FloatArray | None = None) -> list[Evidence]:
    minutes, track, context = track_of(known)
    ones = np.ones((len(minutes), 8))
    board = Board()
    board.put(track)
    board.put(_capacity(ones, 1.0 if relative is None else relative))
    found = []
    for detector in (resistance_high.DETECTOR, connection_resistance_high.DETECTOR):
        found += detector.step(detector.initial(context), minutes, board, context)[1]
    return sorted(found, key=lambda item: item.at_unix_time_second)


def last_of(found: list[Evidence], kind: str) -> Evidence:
    return [item for item in found if item.kind == kind][-1]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_healthy_cells_raise_nothing(seed: int) -> None:
    known = KnownPack(size=SIZE, film_ohm=NONE, joint_ohm=NONE, temperature_celsius=WIDE, seed=seed)
    assert [item for item in evidence_of(known) if item.severity is not Severity.INFO] == []


def test_an_aged_cell_is_warned_of_within_ten_edges() -> None:
    found = evidence_of(KnownPack(size=np.ones(8), film_ohm=only(4, 0.3 * REFERENCE_OHM), joint_ohm=NONE))
    warnings = [item for item in found if item.severity is Severity.WARNING]
    assert {item.cell for item in warnings} == {5}  # a film at one temperature looks like a joint
    onset = 1.7e9 + 60 * 60
    assert onset < warnings[0].at_unix_time_second < onset + 12 * 120  # two of the twelve are no edges
    assert warnings[0].first_seen_unix_time_second >= onset
    assert "undecided" in warnings[0].explanation
    assert (warnings[-1].kind, warnings[-1].cell) == ("resistance_high", 5)
    assert warnings[-1].magnitude_low < 0.3 * REFERENCE_OHM < warnings[-1].magnitude_high


def test_a_healthy_cell_that_may_hide_a_joint_is_not_warned_of() -> None:
    minutes, track, context = track_of(KnownPack(size=np.ones(8), film_ohm=NONE, joint_ohm=only(4, 3.5e-4)))
    changed = np.isfinite(track.edges_since_change)
    for healthy, warned in ((0.0, True), (0.4, False)):
        joint = np.where(changed, 1.0 - healthy, 0.0)
        board = Board()
        board.put(replace(track, joint_probability=joint, aged_probability=np.zeros_like(joint)))
        state = connection_resistance_high.DETECTOR.initial(context)
        _, found = connection_resistance_high.DETECTOR.step(state, minutes, board, context)
        assert any(item.severity is Severity.WARNING for item in found) is warned


@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5])
def test_a_joint_is_told_from_an_aged_cell_by_temperature(seed: int) -> None:
    extra = only(4, 3.5e-4)
    joint = KnownPack(size=SIZE, film_ohm=NONE, joint_ohm=extra, temperature_celsius=WIDE, steps=120, seed=seed)
    last = last_of(evidence_of(joint), "connection_resistance_high")
    assert (last.cell, last.severity) == (5, Severity.WARNING)
    assert last.magnitude == pytest.approx(3.5e-4, rel=0.25)
    aged = KnownPack(size=SIZE, film_ohm=extra, joint_ohm=NONE, temperature_celsius=WIDE, steps=120, seed=seed)
    found = evidence_of(aged)
    last = last_of(found, "resistance_high")
    assert (last.cell, last.severity) == (5, Severity.WARNING)
    gone = last_of(found, "connection_resistance_high")
    assert (gone.cell, gone.severity, gone.is_another) == (5, None, True)


@pytest.mark.parametrize(("joint", "warned"), [(0.3, False), (0.1, True), (0.0, True)])
def test_a_large_cell_is_not_warned_of_while_a_joint_may_look_like_one(joint: float, *, warned: bool) -> None:
    size = np.where(np.arange(8) == 4, 1.2, 1.0)
    minutes, track, context = track_of(KnownPack(size=size, film_ohm=NONE, joint_ohm=NONE, steps=120))
    board = Board()
    share = np.where(np.arange(8) == 4, joint, 0.0) + np.zeros_like(track.joint_probability)
    board.put(replace(track, joint_probability=share, aged_probability=np.full_like(share, 0.1)))
    board.put(_capacity(np.ones((len(minutes), 8)), 1.0))
    _, found = resistance_high.DETECTOR.step(resistance_high.DETECTOR.initial(context), minutes, board, context)
    assert {item.cell for item in found if item.severity is not None} == {5}
    assert any(item.severity is Severity.WARNING for item in found) is warned


def test_what_a_low_capacity_explains_is_info() -> None:
    size = np.array([1.0, 1.0, 1.0, 1.18, 1.0, 1.0, 1.0, 1.0])
    known = KnownPack(size=size, film_ohm=NONE, joint_ohm=NONE, steps=120)
    with_cause = evidence_of(known, 1.0 / size)
    assert {item.severity for item in with_cause} == {Severity.INFO}
    assert "lower capacity explains" in with_cause[-1].explanation
    without = evidence_of(known)
    assert without[-1].severity is Severity.WARNING


def test_a_small_cell_that_rises_by_a_quarter_is_told_though_it_stands_hardly_above_the_others() -> None:
    size = np.where(np.arange(8) == 4, 0.89, SIZE)
    film = only(4, 0.25 * 0.89 * REFERENCE_OHM)
    found = evidence_of(KnownPack(size=size, film_ohm=film, joint_ohm=NONE))
    warnings = [item for item in found if item.severity is Severity.WARNING]
    assert {item.cell for item in warnings} == {5}
    assert warnings[0].at_unix_time_second < 1.7e9 + 60 * 60 + 16 * 120
    large = np.where(np.arange(8) == 4, 1.08, SIZE)
    steady = evidence_of(KnownPack(size=large, film_ohm=NONE, joint_ohm=NONE))
    assert [item for item in steady if item.severity is not Severity.INFO] == []


def test_a_change_that_no_further_step_has_confirmed_is_no_warning() -> None:
    minutes, track, context = track_of(KnownPack(size=np.ones(8), film_ohm=only(4, 3.5e-4), joint_ohm=NONE))
    single = replace(track, edges_since_change=np.where(np.isfinite(track.edges_since_change), 0.0, np.inf))
    ones = np.ones((len(minutes), 8))
    for given, severities in ((track, {Severity.INFO, Severity.WARNING}), (single, {Severity.INFO})):
        board = Board()
        board.put(given)
        board.put(_capacity(ones, 1.0))
        _, found = resistance_high.DETECTOR.step(resistance_high.DETECTOR.initial(context), minutes, board, context)
        assert {item.severity for item in found if item.cell == 5} - {None} == severities
