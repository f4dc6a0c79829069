"""Counting, least squares and gathered steps where their answer can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from bench.published.circuit import COUNT
from bench.published.coulomb_counting import CountTuning, coulomb_counting
from bench.published.full_charge import full_steps
from bench.published.joint_state import JointTrack
from bench.published.peer_log import gathered
from bench.published.total_least_squares import (
    SquaresTuning,
    capacity_sums,
    least_capacity,
    total_least_squares,
    turning_points,
)
from cellwarden.core.sample_block import FloatArray, SampleBlock
from tests.bench.published.steady_log import SPEC, circuit_with_slope, cycled, followed, true_state


def drained() -> FloatArray:
    """(S,) currents: an hour at full, four hours at 20 A out, an hour at rest; a step a minute."""
    return np.repeat([0.0, -20.0, 0.0], [60, 240, 60])


def test_counting_learns_the_capacity_between_full_and_nearly_empty() -> None:
    circuit = circuit_with_slope()
    log, soc = followed(circuit, [true_state(charge=0.99, ln_capacity=np.log(0.9))], drained())
    full = np.zeros(log.voltage_volt.shape, dtype=bool)
    full[:60] = True
    track = coulomb_counting(log, circuit, CountTuning(empty_volt=3.12), full)
    low = np.flatnonzero(log.voltage_volt[:, 0] + 20.0 * circuit.resistance_ohm < 3.12)
    assert len(low) > 0
    assert track.learnt.all()
    # the polarisation of the slow parts, which it does not know, is what it is off by
    assert track.capacity_ah[0] == pytest.approx(90.0, rel=0.01)
    assert track.soc_fraction[-1, 0] == pytest.approx(soc[-1, 0], abs=0.02)


def test_counting_keeps_the_nominal_capacity_and_widens_where_nothing_tells_it() -> None:
    circuit = circuit_with_slope()
    log, _ = followed(circuit, [true_state(charge=0.99)], -10.0 * np.ones(120))
    full = np.zeros(log.voltage_volt.shape, dtype=bool)
    full[0] = True
    tuning = CountTuning(full_sigma=0.005, current_sigma_ampere=0.05, capacity_sigma=0.025)
    track = coulomb_counting(log, circuit, tuning, full)
    hours = 119.0 / 60.0
    assert not track.learnt.any()
    assert track.soc_fraction[-1, 0] == pytest.approx(0.99 - 10.0 * hours / 100.0, abs=1e-9)
    spread = np.sqrt(0.005**2 + (0.05 * hours / 100.0) ** 2 + (0.025 * 10.0 * hours / 100.0) ** 2)
    assert track.soc_sigma[-1, 0] == pytest.approx(spread, rel=1e-9)


def test_the_efficiency_is_what_came_out_over_what_went_in() -> None:
    circuit = circuit_with_slope()
    ampere = np.concatenate([[0.0], np.repeat([-20.0, 22.0], 60), [0.0], np.repeat([-20.0, 22.0], 60)])
    log, _ = followed(circuit, [true_state(charge=0.99)], ampere)
    full = np.zeros(log.voltage_volt.shape, dtype=bool)
    full[[0, 121]] = True
    track = coulomb_counting(log, circuit, CountTuning(empty_volt=0.0), full)
    plain = coulomb_counting(log, circuit, CountTuning(empty_volt=0.0, learns_efficiency=False), full)
    assert track.soc_fraction[-1, 0] == pytest.approx(0.99, abs=1e-9)  # out 20 Ah, in 22 Ah again
    assert plain.soc_fraction[-1, 0] == pytest.approx(1.0, abs=1e-9)


def test_least_squares_find_the_capacity_of_pairs_without_error() -> None:
    x = np.array([0.3, -0.5, 0.7, -0.2])
    sums, scale = capacity_sums(x, 95.0 * x, np.full(4, 0.01), np.full(4, 1.0), 100.0, 1e6, 1.0)
    assert least_capacity(sums, scale)[0] == pytest.approx(95.0, rel=1e-6)


def test_least_squares_are_the_usual_ones_where_only_the_count_errs() -> None:
    rng = np.random.default_rng(1)
    x, sigma = rng.uniform(0.2, 0.8, 200), 2.0
    y = 95.0 * x + sigma * rng.standard_normal(200)
    sums, scale = capacity_sums(x, y, np.full(200, 1e-6), np.full(200, sigma), 100.0, 1e6, 1.0)
    value, error = least_capacity(sums, scale)
    assert value == pytest.approx(np.sum(x * y) / np.sum(x * x), rel=1e-4)
    assert error == pytest.approx(sigma / np.sqrt(np.sum(x * x)), rel=0.05)


def test_least_squares_answer_the_prior_where_there_is_no_pair() -> None:
    sums, scale = capacity_sums(np.empty(0), np.empty(0), np.empty(0), np.empty(0), 102.0, 0.025, 1.0)
    value, error = least_capacity(sums, scale)
    assert value == pytest.approx(102.0, rel=1e-6)
    assert error == pytest.approx(102.0 * 0.025 * np.sqrt(2.0), rel=0.05)  # both axes of the prior err alike


def test_least_squares_take_a_filters_charges_where_the_pack_turns() -> None:
    circuit = circuit_with_slope()
    log, soc = followed(circuit, [true_state(charge=0.9, ln_capacity=np.log(0.9))], cycled(1.0))
    zero = np.zeros((1, COUNT))
    track = JointTrack(soc_fraction=soc, soc_sigma=np.full_like(soc, 1e-4), state=zero, state_sigma=zero)
    value, _ = total_least_squares(log, track, 100.0, 0.5, SquaresTuning(charge_sigma=1e-4), np.zeros(1, dtype=int))
    assert value == pytest.approx([90.0], rel=1e-3)


def test_a_count_turns_at_its_extremes_only() -> None:
    ah = np.array([0.0, -1.0, -5.0, -4.5, -6.0, -1.0, 0.0, -0.5, -9.0])
    assert turning_points(ah, 3.0, 0).tolist() == [0, 4, 6, 8]
    assert turning_points(ah, 100.0, 2).tolist() == [2]


def test_steps_keep_the_charge_of_every_row_and_end_where_load_begins() -> None:
    time = 1_700_000_000.0 + np.arange(601.0)
    current = np.where(np.arange(601) < 305, 0.0, -30.0) + 0.01 * np.sin(np.arange(601.0))
    rows = SampleBlock(
        unix_time_second=time,
        current_ampere=current,
        pack_voltage_volt=np.full(601, 6.6),
        cell_voltage_volt=np.full((601, 2), 3.3),
        temperature_celsius=np.full((601, 1), np.nan),
        ambient_temperature_celsius=np.full(601, np.nan),
        balancing_fraction=np.tile([0.5, 0.0], (601, 1)),
    )
    log = gathered(rows, SPEC)
    assert np.sum(log.mean_ampere * log.step_second) == pytest.approx(np.trapezoid(current, time), rel=1e-9)
    assert time[304] in log.unix_time_second
    assert log.step_second[1:].max() <= 60.0
    assert log.step_second[log.unix_time_second > time[320]].max() <= 10.0
    assert log.bled_ampere[1:, 0] == pytest.approx(0.5 * SPEC.balancing_current_ampere)
    assert (log.temperature_celsius == 25.0).all()
    assert (
        log.at(np.array([time[0] - 1.0, time[304], time[304] + 0.5]))[1:].tolist()
        == [np.flatnonzero(log.unix_time_second == time[304])[0]] * 2
    )


def test_a_cell_is_full_after_ten_minutes_of_taper_on_the_knee() -> None:
    circuit = circuit_with_slope()
    log, _ = followed(circuit, [true_state(charge=0.5), true_state(charge=0.3)], np.zeros(30))
    full = full_steps(log, SPEC)
    assert not full[:10, 0].any()
    assert full[11:, 0].all()
    assert not full[:, 1].any()
