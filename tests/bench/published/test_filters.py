"""The published filters where their answer is known: a cell that obeys their own equations, read without noise."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from bench.published.bar_delta import DeltaTuning, bar_delta
from bench.published.circuit import CHARGE, CURRENT, LN_CAPACITY, LN_RESISTANCE, Circuit
from bench.published.joint_ekf import joint_ekf
from bench.published.joint_state import JointTrack, Tuning, advance, start_of
from bench.published.multiple_model import multiple_model
from bench.published.peer_log import PeerLog
from bench.published.sigma_point import sigma_point_filter
from cellwarden.core.sample_block import FloatArray
from cellwarden.models.parameter_set import load_cell_model
from tests.bench.published.steady_log import SPEC, circuit_with_slope, cycled, followed, true_state

MODEL = load_cell_model("lfp")
TUNING = Tuning(
    voltage_sigma_volt=0.001,
    curve_sigma=0.0,
    current_sigma_c_rate=1e-6,
    resistance_walk=0.0,
    capacity_walk=0.0,
    current_offset=1.0,
    voltage_offset=0.0,
    full_sigma=0.0,
)
DELTA = DeltaTuning(
    bar=TUNING,
    voltage_sigma_volt=0.001,
    curve_sigma=0.0,
    current_sigma_c_rate=1e-6,
    resistance_walk=0.0,
    charge_spread=0.05,
    resistance_spread=0.2,
    capacity_spread=0.05,
    voltage_spread=0.0,
)
FILTERS = [joint_ekf, sigma_point_filter]
Filter = Callable[..., JointTrack]


def filtered(method: Filter, log: PeerLog, circuit: Circuit, tuning: Tuning | DeltaTuning = TUNING) -> JointTrack:
    bar = tuning.bar if isinstance(tuning, DeltaTuning) else tuning
    return method(log, circuit, tuning, start_of(MODEL, SPEC, bar), np.zeros(log.voltage_volt.shape, dtype=bool))


@pytest.mark.parametrize("method", FILTERS)
def test_a_filter_finds_charge_capacity_resistance_and_offset_of_a_cell_that_obeys_its_equations(
    method: Filter,
) -> None:
    circuit = circuit_with_slope()
    cells = [
        true_state(charge=0.9, ln_capacity=-0.06, ln_resistance=0.2, current=0.05),
        true_state(charge=0.8, ln_capacity=0.03, ln_resistance=-0.1, current=0.05),
    ]
    log, soc = followed(circuit, cells, cycled(3.0))
    track = filtered(method, log, circuit)
    assert track.soc_fraction[-1] == pytest.approx(soc[-1], abs=5e-4)
    assert track.state[:, LN_CAPACITY] == pytest.approx([-0.06, 0.03], abs=2e-3)
    assert track.state[:, LN_RESISTANCE] == pytest.approx([0.2, -0.1], abs=0.01)
    assert track.state[:, CURRENT] == pytest.approx([0.05, 0.05], abs=2e-3)
    assert (track.state_sigma[:, LN_CAPACITY] < 0.005).all()


def test_both_filters_are_one_where_the_cell_is_linear() -> None:
    circuit = circuit_with_slope()
    start = start_of(MODEL, SPEC, TUNING)
    start[1][[LN_CAPACITY, LN_RESISTANCE, CURRENT]] = 0.0
    log, _ = followed(circuit, [true_state(charge=0.6)], cycled(0.25))
    none = np.zeros(log.voltage_volt.shape, dtype=bool)
    extended, points = (method(log, circuit, TUNING, start, none) for method in FILTERS)
    assert extended.soc_fraction[5:] == pytest.approx(points.soc_fraction[5:], abs=1e-7)
    assert extended.soc_sigma[5:] == pytest.approx(points.soc_sigma[5:], rel=1e-4)


def test_one_reading_weighs_start_and_noise_by_their_variances() -> None:
    circuit = circuit_with_slope(1.0)
    log, _ = followed(circuit, [true_state(charge=0.6)], np.zeros(1))
    start = np.zeros(8), np.zeros(8)
    start[0][CHARGE], start[1][CHARGE] = 0.5, 0.03
    tuning = TUNING._replace(voltage_sigma_volt=0.04)
    for method in FILTERS:
        track = method(log, circuit, tuning, start, np.zeros((1, 1), dtype=bool))
        assert track.soc_fraction[0, 0] == pytest.approx(0.5 + 0.1 * 0.03**2 / 0.05**2, abs=1e-5)
        assert track.soc_sigma[0, 0] == pytest.approx(0.03 * 0.04 / 0.05, rel=1e-3)


@pytest.mark.parametrize("method", FILTERS)
def test_a_filter_begins_where_the_first_voltage_says(method: Filter) -> None:
    circuit = circuit_with_slope()
    log, _ = followed(circuit, [true_state(charge=0.6), true_state(charge=0.2)], np.zeros(3))
    log.voltage_volt[0, 1] = np.nan
    vague = TUNING._replace(voltage_sigma_volt=1e3)
    track = filtered(method, log, circuit, vague)
    assert track.soc_fraction[0] == pytest.approx([0.6, 0.2], abs=1e-6)


@pytest.mark.parametrize("method", FILTERS)
def test_a_first_full_charge_is_where_learning_begins(method: Filter) -> None:
    circuit = circuit_with_slope(1e-6)
    log, _ = followed(circuit, [true_state(charge=0.9)], np.zeros(20))
    full = np.zeros((20, 1), dtype=bool)
    full[10:] = True
    track = method(log, circuit, TUNING, start_of(MODEL, SPEC, TUNING), full)
    assert track.soc_fraction[9, 0] == pytest.approx(0.9, abs=1e-3)
    assert track.soc_fraction[10:, 0] == pytest.approx(0.99, abs=1e-6)


def test_the_slopes_of_the_extended_filter_are_those_of_the_step() -> None:
    from bench.published.joint_ekf import _linearise

    circuit = circuit_with_slope()
    x = true_state(charge=0.5, ln_resistance=0.1, ln_capacity=-0.05, current=0.2)
    x[1:4] = 0.003, 0.001, 0.4
    slopes = np.eye(8)
    _linearise(circuit, x, -30.0, 15.0, 20.0, slopes)
    for place in range(8):
        ahead, behind = x.copy(), x.copy()
        ahead[place] += 1e-6
        behind[place] -= 1e-6
        advance(circuit, ahead, -30.0, 15.0, 20.0)
        advance(circuit, behind, -30.0, 15.0, 20.0)
        assert (ahead - behind) / 2e-6 == pytest.approx(slopes[:, place], abs=1e-7)


def test_differences_of_cells_are_found_though_the_mean_cells_curve_is_wrong() -> None:
    true, thought = circuit_with_slope(), circuit_with_slope()
    thought = thought._replace(middle_volt=thought.middle_volt + 0.02)
    cells = [true_state(charge=0.91, ln_capacity=0.03), true_state(charge=0.89, ln_capacity=-0.03)]
    log, soc = followed(true, cells, cycled(2.0))
    track = filtered(bar_delta, log, thought, DELTA)
    difference: FloatArray = track.soc_fraction[:, 0] - track.soc_fraction[:, 1]
    assert difference[-1] == pytest.approx(soc[-1, 0] - soc[-1, 1], abs=1e-3)
    assert track.state[0, LN_CAPACITY] - track.state[1, LN_CAPACITY] == pytest.approx(0.06, abs=3e-3)
    assert track.soc_fraction[-1].mean() != pytest.approx(soc[-1].mean(), abs=5e-3)


def test_a_cell_that_is_not_read_keeps_its_count() -> None:
    circuit = circuit_with_slope()
    log, soc = followed(circuit, [true_state(charge=0.9), true_state(charge=0.7)], cycled(1.0))
    log.voltage_volt[700:, 1] = np.nan
    assert np.isfinite(filtered(bar_delta, log, circuit, DELTA).soc_fraction).all()
    for method in FILTERS:
        track = filtered(method, log, circuit)
        assert track.soc_fraction[-1, 1] == pytest.approx(soc[-1, 1], abs=0.02)


def test_of_several_curves_the_cells_own_is_found_and_the_answer_is_its_filters() -> None:
    own, other = circuit_with_slope(), circuit_with_slope()
    other = other._replace(middle_volt=other.middle_volt + 0.05 * np.sin(12.0 * np.linspace(0.0, 1.0, 101)))
    log, _ = followed(own, [true_state(charge=0.9), true_state(charge=0.8)], cycled(1.0))
    start, none = start_of(MODEL, SPEC, TUNING), np.zeros(log.voltage_volt.shape, dtype=bool)
    mixed = multiple_model(log, [other, own], np.array([0.7, 0.3]), TUNING, start, none)
    alone = joint_ekf(log, own, TUNING, start, none)
    assert mixed.soc_fraction[-1] == pytest.approx(alone.soc_fraction[-1], abs=1e-6)
    assert mixed.state[:, LN_CAPACITY] == pytest.approx(alone.state[:, LN_CAPACITY], abs=1e-6)


def test_curves_that_are_alike_keep_their_weights_and_their_mixture_is_as_sure_as_each() -> None:
    circuit = circuit_with_slope()
    log, _ = followed(circuit, [true_state(charge=0.9)], cycled(0.1))
    start, none = start_of(MODEL, SPEC, TUNING), np.zeros(log.voltage_volt.shape, dtype=bool)
    mixed = multiple_model(log, [circuit, circuit], np.array([0.7, 0.3]), TUNING, start, none)
    alone = joint_ekf(log, circuit, TUNING, start, none)
    assert mixed.soc_sigma == pytest.approx(alone.soc_sigma)
    assert mixed.state_sigma == pytest.approx(alone.state_sigma)
