"""Measured impedances: hourly means, what they carry on without steps of the current, and what they must not do."""

from __future__ import annotations

import dataclasses
import itertools
from copy import deepcopy

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cellwarden.core.minute_block import MinuteBlock
from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.resistance import ESTIMATOR
from cellwarden.estimation.resistance_impedance import SERIES_KELVIN, hourly_impedance, take_impedance
from cellwarden.estimation.resistance_rows import fill_rows
from cellwarden.estimation.resistance_state import ResistanceState
from tests.estimation.known_cells import (
    REFERENCE_OHM,
    KnownPack,
    context_of,
    edges_between,
    reduced,
    run_rows,
    samples_of,
)

CELLS = 8
CONTEXT = context_of(CELLS)
ODD = np.array([1.0, 1.1, 0.9, 1.0, 1.05, 0.95, 1.0, 1.0])  # what an impedance is off by for good
IMPEDANCE_OHM = 0.4 * REFERENCE_OHM * ODD
HOUR = 3600.0
START = 1.7e9


@pytest.fixture(name="settled", scope="module")
def settled_state() -> ResistanceState:
    """Steps of the current and two days of impedances behind it; all cells alike."""
    nothing = np.zeros(CELLS)
    minutes, edges = reduced(samples_of(KnownPack(size=np.ones(CELLS), film_ohm=nothing, joint_ohm=nothing)), CONTEXT)
    state, _ = run_rows(ESTIMATOR.initial(CONTEXT), minutes, edges, CONTEXT)
    follow(state, 48, IMPEDANCE_OHM)
    return state


def follow(state: ResistanceState, hours: int, ohm: FloatArray, celsius: float = 25.0) -> None:
    """That many hours with the same impedances, 1 % noise."""
    rng = np.random.default_rng(int(state.last_told_unix_time_second[0]) % 1000)
    for _ in range(hours):
        at = state.last_told_unix_time_second[0] // HOUR * HOUR + HOUR
        noise = 1.0 + rng.normal(0.0, 0.01, CELLS)
        take_impedance(state, float(at), ohm * noise, np.full(CELLS, celsius), CONTEXT)


def row_of(state: ResistanceState) -> dict[str, FloatArray]:
    """The track after the last hour."""
    values = fill_rows(state, state.last_told_unix_time_second.copy(), CONTEXT)
    return {name: np.broadcast_to(value, (1, CELLS))[0] for name, value in values.items() if name != "middle_ohm"}


def test_what_an_impedance_is_off_by_for_good_is_no_resistance(settled: ResistanceState) -> None:
    row = row_of(settled)
    assert np.abs(row["resistance_ohm"] / REFERENCE_OHM - 1.0).max() < 0.03
    assert (row["aged_probability"] + row["joint_probability"]).max() < 0.1


def test_without_steps_the_impedance_carries_the_resistance_on(settled: ResistanceState) -> None:
    state = deepcopy(settled)
    follow(state, 24 * 20, 1.25 * IMPEDANCE_OHM)
    row = row_of(state)
    assert row["resistance_ohm"] == pytest.approx(np.full(CELLS, 1.25 * REFERENCE_OHM), rel=0.12)
    assert (row["resistance_high_ohm"] > 1.25 * REFERENCE_OHM).all()
    assert (row["informed_unix_time_second"] == state.last_told_unix_time_second[0]).all()


def test_a_cell_that_ages_on_float_is_seen_and_joint_or_cell_stays_open(settled: ResistanceState) -> None:
    state = deepcopy(settled)
    follow(state, 24, IMPEDANCE_OHM * np.where(np.arange(CELLS) == 3, 1.4, 1.0))
    row = row_of(state)
    assert row["relative_fraction"][3] == pytest.approx(1.4, abs=0.15)
    assert row["relative_fraction"][[0, 1, 2, 4, 5, 6, 7]] == pytest.approx(np.ones(7), abs=0.03)
    assert row["aged_probability"][3] + row["joint_probability"][3] > 0.9
    assert 0.2 < row["aged_probability"][3] < 0.8
    assert np.isfinite(row["changed_unix_time_second"][3])


def test_cold_alone_changes_nothing(settled: ResistanceState) -> None:
    state, inverse = deepcopy(settled), 1.0 / 273.15 - 1.0 / 298.15
    follow(state, 24, IMPEDANCE_OHM * float(np.exp(SERIES_KELVIN * inverse)), celsius=0.0)
    row = row_of(state)
    assert np.abs(row["resistance_ohm"] / REFERENCE_OHM - 1.0).max() < 0.04
    assert (row["aged_probability"] + row["joint_probability"]).max() < 0.1


def test_covariances_stay_symmetric_and_positive(settled: ResistanceState) -> None:
    state = deepcopy(settled)
    follow(state, 24 * 10, IMPEDANCE_OHM * np.linspace(0.8, 1.3, CELLS))
    np.testing.assert_allclose(state.law_covariance, state.law_covariance.T, rtol=1e-9)
    assert (np.diag(state.law_covariance) >= 0.0).all()
    for p in state.bank_covariance.reshape(-1, *state.bank_covariance.shape[2:]):
        np.testing.assert_allclose(p, p.T, atol=1e-9)
        assert np.linalg.eigvalsh(p).min() > 0.0


def minutes_with_impedance() -> MinuteBlock:
    nothing = np.zeros(CELLS)
    minutes, _ = reduced(samples_of(KnownPack(size=np.ones(CELLS), film_ohm=nothing, joint_ohm=nothing)), CONTEXT)
    ohm = IMPEDANCE_OHM * (1.0 + 0.01 * np.random.default_rng(5).normal(size=(len(minutes), CELLS)))
    ohm[:, 2] = np.nan
    ohm[40:70, 4] = np.nan
    return dataclasses.replace(minutes, impedance_ohm=ohm)


def test_hours_are_means_of_their_minutes() -> None:
    minutes = minutes_with_impedance()
    ends, means = hourly_impedance(ESTIMATOR.initial(CONTEXT), minutes)
    assert (minutes.unix_time_second[ends] % HOUR == 0.0).all()
    begin = int(ends[0]) + 1
    expected = np.nanmean(minutes.impedance_ohm[begin : ends[1] + 1][:, [0, 1, 3, 4]], axis=0)
    assert means[1, [0, 1, 3, 4]] == pytest.approx(expected)
    assert np.isnan(means[:, 2]).all()


@settings(max_examples=6, deadline=None)
@given(st.lists(st.integers(1, 118), max_size=5, unique=True))
def test_cuts_change_nothing(cuts: list[int]) -> None:
    minutes = minutes_with_impedance()
    none = edges_between(
        reduced(
            samples_of(KnownPack(size=np.ones(CELLS), film_ohm=np.zeros(CELLS), joint_ohm=np.zeros(CELLS))), CONTEXT
        )[1],
        0,
        0,
    )
    _, whole = run_rows(ESTIMATOR.initial(CONTEXT), minutes, none, CONTEXT)
    state, parts = ESTIMATOR.initial(CONTEXT), []
    for begin, end in itertools.pairwise([0, *sorted(cuts), len(minutes)]):
        state, part = run_rows(state, minutes.rows(begin, end), none, CONTEXT)
        parts.append(part.relative_fraction)
    np.testing.assert_array_equal(np.concatenate(parts), whole.relative_fraction)
    assert np.ptp(whole.relative_fraction[-1]) > 0.02
