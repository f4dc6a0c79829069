"""Resistances of a pack with known ones: values, intervals, steps, cuts, and logs that tell nothing."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cellwarden.core.board import Board
from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.resistance import ESTIMATOR
from cellwarden.estimation.resistance_edge import edges_seen
from cellwarden.estimation.resistance_track import ResistanceTrack
from tests.estimation.known_cells import (
    REFERENCE_OHM,
    KnownPack,
    context_of,
    edges_between,
    middle_soc,
    reduced,
    run_rows,
    samples_of,
    track_of,
)

SIZE = np.array([1.04, 0.97, 1.0, 1.02, 0.95, 1.07, 0.99, 1.0])
NONE = np.zeros(8)


def only(cell: int, ohm: float) -> FloatArray:
    return np.where(np.arange(8) == cell, ohm, 0.0)


def test_healthy_cells_are_within_three_percent() -> None:
    _, track, _ = track_of(KnownPack(size=SIZE, film_ohm=NONE, joint_ohm=NONE))
    truth = REFERENCE_OHM * SIZE
    assert np.abs(track.resistance_ohm[-1] / truth - 1.0).max() < 0.03
    assert np.abs(track.relative_fraction[-1] / (SIZE / np.median(SIZE)) - 1.0).max() < 0.02
    assert (track.resistance_low_ohm[-1] < truth).all()
    assert (truth < track.resistance_high_ohm[-1]).all()
    assert np.isnan(track.informed_unix_time_second[0]).all()
    assert np.isfinite(track.informed_unix_time_second[-1]).all()


def test_a_step_of_a_quarter_is_followed_within_ten_edges() -> None:
    _, track, _ = track_of(KnownPack(size=np.ones(8), film_ohm=only(3, 0.25 * REFERENCE_OHM), joint_ohm=NONE))
    before = track.edge_count[:, 3] <= 28
    soon = int(np.argmax(track.edge_count[:, 3] >= 40))
    assert track.relative_fraction[before, 3].max() < 1.08
    assert track.relative_fraction[soon, 3] == pytest.approx(1.25, abs=0.07)
    assert track.relative_fraction[-1, [0, 1, 2, 4, 5, 6, 7]] == pytest.approx(1.0, abs=0.04)
    assert np.isfinite(track.changed_unix_time_second[-1, 3])


@pytest.mark.parametrize(("fallen_volt", "seen"), [(0.0, True), (0.03, True), (0.4, False)])
def test_a_cell_that_reads_as_if_empty_tells_little_of_its_resistance(fallen_volt: float, *, seen: bool) -> None:
    context = context_of(8)
    samples = samples_of(KnownPack(size=np.ones(8), film_ohm=only(3, REFERENCE_OHM), joint_ohm=NONE))
    late = np.arange(len(samples.unix_time_second)) >= len(samples.unix_time_second) // 2
    volt = samples.cell_voltage_volt - fallen_volt * late[:, None] * only(3, 1.0)
    minutes, edges = reduced(dataclasses.replace(samples, cell_voltage_volt=volt), context)
    _, track = run_rows(ESTIMATOR.initial(context), minutes, edges, context)
    soon = len(minutes) // 2 + 6  # three steps
    assert bool(track.relative_fraction[soon, 3] > 1.5) is seen
    assert track.relative_fraction[soon, [0, 1, 2, 4, 5, 6, 7]] == pytest.approx(1.0, abs=0.04)


@pytest.mark.parametrize(
    ("low", "high", "taken"),
    [
        (0.45, 0.55, 0.5),  # known
        (0.30, 0.70, 0.5),  # no more than a guess, and no full one
        (0.30, 1.00, 1.0),
    ],
)
def test_an_edge_at_a_charge_that_is_guessed_and_may_be_a_full_one_is_taken_for_one_there(
    low: float, high: float, taken: float
) -> None:
    context = context_of(8)
    minutes, edges = reduced(samples_of(KnownPack(size=SIZE, film_ohm=NONE, joint_ohm=NONE)), context)
    known = middle_soc(len(minutes), 8)
    bounds = (np.full_like(known.soc_fraction, bound) for bound in (low, high))
    soc = dataclasses.replace(known, **dict(zip(("soc_low_fraction", "soc_high_fraction"), bounds, strict=True)))
    seen = edges_seen(edges, soc, np.full((len(minutes), 8), 25.0))
    assert len(seen.soc_fraction) > 10
    assert (seen.soc_fraction == taken).all()


@pytest.mark.parametrize("cells", [1, 2, 40])
def test_other_numbers_of_cells(cells: int) -> None:
    nothing = np.zeros(cells)
    _, track, _ = track_of(KnownPack(size=np.ones(cells), film_ohm=nothing, joint_ohm=nothing))
    assert track.resistance_ohm[-1] == pytest.approx(REFERENCE_OHM, rel=0.05)


def test_without_edges_the_prior_stays() -> None:
    context = context_of(8)
    minutes, edges = reduced(samples_of(KnownPack(size=SIZE, film_ohm=NONE, joint_ohm=NONE)), context)
    _, track = run_rows(ESTIMATOR.initial(context), minutes, edges_between(edges, 0, 0), context)
    assert np.isnan(track.informed_unix_time_second).all()
    assert track.resistance_ohm[-1] == pytest.approx(context.model.resistance_ohm_ah / 100.0)
    assert (track.resistance_high_ohm / track.resistance_low_ohm > 2.0).all()


def test_missing_voltages_and_temperatures_are_left_out() -> None:
    known = KnownPack(size=SIZE, film_ohm=NONE, joint_ohm=NONE)
    context, samples = context_of(8), samples_of(known)
    volt, nowhere = samples.cell_voltage_volt.copy(), np.full_like(samples.temperature_celsius, np.nan)
    volt[:, 2] = np.nan
    minutes, edges = reduced(dataclasses.replace(samples, cell_voltage_volt=volt, temperature_celsius=nowhere), context)
    _, track = run_rows(ESTIMATOR.initial(context), minutes, edges, context)
    assert np.isnan(track.informed_unix_time_second[-1, 2])
    assert np.isfinite(track.resistance_ohm).all()
    seen = [0, 1, 3, 4, 5, 6, 7]
    assert np.abs(track.relative_fraction[-1, seen] / (SIZE[seen] / np.median(SIZE)) - 1.0).max() < 0.03
    assert (track.relative_sigma_fraction[-1, 2] > 1.5 * track.relative_sigma_fraction[-1, seen]).all()


@settings(max_examples=8, deadline=None)
@given(st.lists(st.integers(1, 118), max_size=5, unique=True))
def test_cuts_change_nothing(cuts: list[int]) -> None:
    known = KnownPack(size=SIZE, film_ohm=NONE, joint_ohm=only(1, 3e-4))
    context = context_of(8)
    minutes, edges = reduced(samples_of(known), context)
    _, whole = run_rows(ESTIMATOR.initial(context), minutes, edges, context)
    state, parts = ESTIMATOR.initial(context), []
    bounds = [0, *sorted(cuts), len(minutes)]
    for begin, end in itertools.pairwise(bounds):
        state, part = run_rows(state, minutes.rows(begin, end), edges_between(edges, begin, end), context)
        parts.append(part)
    for field in dataclasses.fields(ResistanceTrack):
        joined = np.concatenate([getattr(part, field.name) for part in parts])
        np.testing.assert_array_equal(joined, getattr(whole, field.name))


def test_covariances_stay_symmetric_and_positive() -> None:
    context = context_of(8)
    minutes, edges = reduced(samples_of(KnownPack(size=SIZE, film_ohm=NONE, joint_ohm=only(1, 3e-4))), context)
    initial = ESTIMATOR.initial(context)
    state, _ = run_rows(initial, minutes, edges, context)
    for p in state.bank_covariance.reshape(-1, *state.bank_covariance.shape[2:]):
        np.testing.assert_allclose(p, p.T, atol=1e-12)
        assert np.linalg.eigvalsh(p).min() > 0.0
    assert (initial.edge_count == 0.0).all()


def test_steps_near_full_where_cells_differ_leave_the_noise_of_the_readings_as_it_is() -> None:
    context = context_of(8)
    known = KnownPack(size=SIZE, film_ohm=NONE, joint_ohm=NONE, steps=200)
    minutes, edges = reduced(samples_of(known), context)
    settled, _ = run_rows(ESTIMATOR.initial(context), minutes, edges, context)
    assert settled.noise_volt[0] < 1.5e-3
    full = middle_soc(len(minutes), 8)
    near = dataclasses.replace(full, soc_fraction=np.full_like(full.soc_fraction, 0.97))
    unlike = 1.0 + 0.3 * np.where(np.arange(8) % 2, 1.0, -1.0)
    after = edges.voltage_before_volt + unlike * (edges.voltage_after_volt - edges.voltage_before_volt)
    board = Board()
    board.put(near)
    late = ESTIMATOR.step(settled, minutes, dataclasses.replace(edges, voltage_after_volt=after), board, context)
    assert late.noise_volt[0] < 1.2 * settled.noise_volt[0]


def test_what_the_first_steps_of_a_log_show_is_no_change() -> None:
    known = KnownPack(size=np.where(np.arange(8) == 3, 1.3, 1.0), film_ohm=NONE, joint_ohm=NONE)
    _, track, _ = track_of(known)
    first = track.edge_count[:, 3] <= 10
    assert track.edge_count[-1, 3] > 20
    assert np.isinf(track.edges_since_change[first, 3]).all()
    assert track.relative_fraction[-1, 3] == pytest.approx(1.3, abs=0.05)


@pytest.mark.parametrize("grown", [1.05, 1.2, 1.4])
def test_steps_that_are_read_a_minute_and_a_half_late_tell_the_ten_seconds_less_surely(grown: float) -> None:
    context = context_of(8)
    minutes, edges = reduced(samples_of(KnownPack(size=SIZE, film_ohm=NONE, joint_ohm=NONE)), context)
    late_second, half_a_row = np.full(len(edges), 90.0), np.full(len(edges), 30.0)
    after = edges.voltage_before_volt + grown * (edges.voltage_after_volt - edges.voltage_before_volt)
    late = dataclasses.replace(
        edges, elapsed_second=late_second, elapsed_tolerance_second=half_a_row, voltage_after_volt=after
    )
    _, track = run_rows(ESTIMATOR.initial(context), minutes, late, context)
    truth = REFERENCE_OHM * SIZE
    for count in (1, 3, 10, 20, 50):
        row = int(np.argmax(track.edge_count.max(axis=1) >= count))
        assert (track.resistance_low_ohm[row] < truth).all()
        assert (truth < track.resistance_high_ohm[row]).all()
    assert np.abs(track.resistance_ohm[-1] * 1.23 / (truth * grown) - 1.0).max() < 0.03
    assert np.abs(track.relative_fraction[-1] / (SIZE / np.median(SIZE)) - 1.0).max() < 0.02


def test_a_joint_has_no_slow_part_that_a_late_reading_would_add() -> None:
    context = context_of(8)
    joint = only(2, 0.4 * REFERENCE_OHM)
    minutes, edges = reduced(samples_of(KnownPack(size=np.ones(8), film_ohm=NONE, joint_ohm=joint)), context)
    step = edges.current_after_ampere - edges.current_before_ampere
    own = edges.voltage_after_volt - edges.voltage_before_volt
    after_change = edges.unix_time_second > edges.unix_time_second[len(edges) // 2]
    of_joint = np.outer(step, joint) * after_change[:, None]
    grown = edges.voltage_before_volt + 1.23 * (own - of_joint) + of_joint
    delays = {"elapsed_second": np.full(len(edges), 90.0), "elapsed_tolerance_second": np.full(len(edges), 30.0)}
    late = dataclasses.replace(edges, voltage_after_volt=grown, **delays)
    _, track = run_rows(ESTIMATOR.initial(context), minutes, late, context)
    assert track.relative_fraction[-1, 2] == pytest.approx(1.4, abs=0.07)


def test_late_readings_of_steps_near_full_tell_no_resistance() -> None:
    """A minute after it, a step that begins on the knee has moved each cell by what the knee is where it stood."""
    context = context_of(8)
    minutes, edges = reduced(samples_of(KnownPack(size=SIZE, film_ohm=NONE, joint_ohm=NONE)), context)
    full = middle_soc(len(minutes), 8)
    near = dataclasses.replace(full, soc_fraction=np.full_like(full.soc_fraction, 0.98))
    for seconds, told in ((10.0, True), (90.0, False)):
        board = Board()
        board.put(near)
        read = dataclasses.replace(edges, elapsed_second=np.full(len(edges), seconds))
        state = ESTIMATOR.step(ESTIMATOR.initial(context), minutes, read, board, context)
        assert bool((state.edge_count > 0.0).any()) is told
