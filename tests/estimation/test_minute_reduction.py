"""The minute reduction: known answers, dips, missing values, and that cuts change nothing."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cellwarden.core.pack_spec import SensorSpec
from cellwarden.core.sample_block import FloatArray, SampleBlock
from tests.estimation.sample_logs import START, context_of, minutes_of, noisy_pack, samples


def test_rows_of_a_plain_log() -> None:
    time = START + np.arange(0.0, 181.0, 10.0)
    current = np.where(time < START + 95.0, 36.0, -18.0)
    voltage = np.stack([3.3 + 0.001 * np.arange(19), np.full(19, 3.2)], axis=1)
    minutes, _ = minutes_of(samples(time, current, voltage))
    np.testing.assert_array_equal(minutes.unix_time_second, START + np.array([0.0, 60.0, 120.0, 180.0]))
    np.testing.assert_array_equal(minutes.sample_count, [1, 6, 6, 6])
    np.testing.assert_array_equal(minutes.elapsed_second, [0, 60, 60, 60])
    np.testing.assert_allclose(minutes.current_ampere, [36, 36, 9, -18])
    np.testing.assert_allclose(minutes.current_minimum_ampere, [36, 36, -18, -18])
    # the step lies in the middle of 90 … 100 s: 35 s at 36 A, 25 s at -18 A, as far as trapezoids can tell
    np.testing.assert_allclose(minutes.charge_ah, np.array([0.0, 2160.0, 810.0, -1080.0]) / 3600.0)
    np.testing.assert_allclose(minutes.charge_in_ah - minutes.charge_out_ah, minutes.charge_ah)
    np.testing.assert_allclose(minutes.voltage_volt[1], [3.3 + 0.0035, 3.2])
    np.testing.assert_allclose(minutes.voltage_last_volt[:, 0], [3.3, 3.306, 3.312, 3.318])
    energy = 36.0 * 60.0 / 3600.0 * np.array([3.303, 3.2])  # trapezoids of voltage over the first whole minute
    np.testing.assert_allclose(minutes.cell_energy_wh[1], energy)
    np.testing.assert_allclose(minutes.current_square_a2s, [0.0, 36.0**2 * 60, 3 * 36**2 * 10 + 3 * 18**2 * 10, 19440])


def test_sums_equal_those_of_numpy() -> None:
    time, current, voltage = noisy_pack(2.0)
    minutes, _ = minutes_of(samples(time, current, voltage))
    assert minutes.charge_ah.sum() == pytest.approx(np.trapezoid(current, time) / 3600.0, abs=1e-9)
    row = np.ceil((time - START) / 60.0).astype(int)
    for k in (0, 1, 17, 119):
        np.testing.assert_allclose(minutes.voltage_volt[k], voltage[row == k].mean(axis=0))
        np.testing.assert_allclose(minutes.voltage_maximum_volt[k], voltage[row == k].max(axis=0))
        assert minutes.current_maximum_ampere[k] == current[row == k].max()
    middle = 0.5 * (current[1:] + current[:-1])[:, None] * 0.5 * (voltage[1:] + voltage[:-1]) / 3600.0
    np.testing.assert_allclose(minutes.cell_energy_wh.sum(axis=0), middle.sum(axis=0))


def test_thinned_sums_equal_those_of_numpy() -> None:
    time, current, voltage = noisy_pack(3.0, interval=10.0)
    minutes, _ = minutes_of(samples(time, current, voltage))
    groups = [current[k : k + 5] for k in range(0, current.shape[0] - 4, 4)]
    moved = [group for group in groups if np.ptp(group) > 1.0]
    fine = [10.0 * (0.5 * g[0] + g[1] + g[2] + g[3] + 0.5 * g[4]) for g in moved]
    second = [20.0 * (0.5 * g[0] + g[2] + 0.5 * g[4]) for g in moved]
    fourth = [40.0 * 0.5 * (g[0] + g[4]) for g in moved]
    square_4 = sum((b - c) ** 2 for b, c in zip(second, fourth, strict=True))
    assert minutes.thinned_charge_square_a2s2[:, 1].sum() == pytest.approx(square_4)
    halves = [(g[:3], g[2:]) for g in moved]
    square_2 = sum((10.0 * (h[1] - 0.5 * (h[0] + h[2]))) ** 2 for pair in halves for h in pair)
    assert minutes.thinned_charge_square_a2s2[:, 0].sum() == pytest.approx(square_2)
    assert len(fine) > 20


def test_gaps_are_bridged_up_to_an_hour() -> None:
    for gap, rows, charge in ((1800.0, 34, 10.0 * 1980.0), (7200.0, 5, 10.0 * 180.0)):
        time = START + np.concatenate([np.arange(0.0, 121.0, 10.0), 120.0 + gap + np.arange(0.0, 61.0, 10.0)])
        minutes, _ = minutes_of(samples(time, np.full(time.shape[0], 10.0), np.full((time.shape[0], 2), 3.3)))
        assert len(minutes) == rows
        assert minutes.charge_ah.sum() == pytest.approx(charge / 3600.0)
        assert minutes.longest_gap_second.max() == gap
        assert np.isnan(minutes.voltage_volt[minutes.sample_count == 0]).all()


def test_bleed_and_active_balancing() -> None:
    time = START + np.arange(0.0, 3601.0, 10.0)
    voltage = np.full((361, 2), 3.4)
    duty = np.tile([0.5, 0.0], (361, 1))
    minutes, _ = minutes_of(samples(time, np.zeros(361), voltage, balancing_fraction=duty))
    np.testing.assert_allclose(minutes.bleed_ah.sum(axis=0), [0.5 * 0.06, 0.0])
    np.testing.assert_allclose(minutes.bleed_fraction[5], [0.5, 0.0])
    active = np.tile([1.0, -1.0], (361, 1))
    block = samples(time, np.zeros(361), voltage, balancing_current_ampere=active)
    minutes, _ = minutes_of(block, context_of(block, balancer="active"))
    np.testing.assert_allclose(minutes.bleed_ah.sum(axis=0), [-1.0, 1.0])


def test_an_edge_tells_the_ten_second_resistance() -> None:
    time = START + np.arange(0.0, 240.0)
    current = np.where(time < START + 100.0, 0.0, -40.0)
    resistance = np.array([1e-3, 1.5e-3])
    minutes, edges = minutes_of(samples(time, current, 3.3 + current[:, None] * resistance))
    assert len(edges) == 1
    assert edges.elapsed_second[0] == pytest.approx(10.0)
    assert (edges.current_before_ampere[0], edges.current_after_ampere[0]) == (0.0, -40.0)
    np.testing.assert_allclose((edges.voltage_after_volt[0] - edges.voltage_before_volt[0]) / -40.0, resistance)
    row = int(edges.minute_row[0])
    assert minutes.unix_time_second[row] - 60.0 < edges.unix_time_second[0] <= minutes.unix_time_second[row]


@pytest.mark.parametrize(("interval", "found"), [(30.0, 1), (60.0, 1), (120.0, 0)])
def test_an_edge_of_a_slow_log_is_read_at_the_second_row_after_it(interval: float, found: int) -> None:
    time = START + interval * np.arange(20.0)
    current = np.where(np.arange(20) < 8, 0.0, -40.0)
    resistance = np.array([1e-3, 1.5e-3])
    _, edges = minutes_of(samples(time, current, 3.3 + current[:, None] * resistance))
    assert len(edges) == found
    np.testing.assert_allclose(edges.elapsed_second, 1.5 * interval)
    np.testing.assert_allclose(edges.elapsed_tolerance_second, 0.5 * interval)
    for after, before in zip(edges.voltage_after_volt, edges.voltage_before_volt, strict=True):
        np.testing.assert_allclose((after - before) / -40.0, resistance)


def test_a_slow_log_whose_current_does_not_stay_tells_of_no_edge() -> None:
    """Its columns may be of before and of after a step."""
    time = START + 60.0 * np.arange(40.0)
    current = np.where(np.arange(40) < 20, 0.0, -40.0)
    current[21:] = -10.0
    _, edges = minutes_of(samples(time, current, 3.3 + 1e-3 * current[:, None] * np.ones(2)))
    assert len(edges) == 0


def test_a_missing_reading_before_an_edge_does_not_spoil_it() -> None:
    time = START + np.arange(0.0, 240.0)
    current = np.where(time < START + 100.0, 0.0, -40.0)
    voltage = 3.3 + current[:, None] * np.array([1e-3, 1.5e-3])
    voltage[[50, 99], 0] = np.nan
    _, edges = minutes_of(samples(time, current, voltage))
    np.testing.assert_allclose(edges.voltage_before_volt[0], 3.3)


def test_missing_and_unchanged_times() -> None:
    time, current, voltage = noisy_pack(1.0)
    voltage[600:1200, 2] = np.nan
    voltage[1800:2400, 5] = voltage[1800, 5]
    minutes, _ = minutes_of(samples(time, current, voltage))
    assert minutes.voltage_missing_second[:, 2].max() == pytest.approx(541.0, abs=60.0)
    assert minutes.voltage_unchanged_second[:, 5].max() > 300.0  # counted where most others change
    assert np.delete(minutes.voltage_unchanged_second, 5, axis=1).max() < 30.0
    assert minutes.frozen_second.max() <= 1.0


def test_all_readings_frozen() -> None:
    time, current, voltage = noisy_pack(0.5)
    voltage[700:740] = voltage[700]
    minutes, _ = minutes_of(samples(time, current, voltage))
    assert minutes.frozen_second.max() == pytest.approx(39.0)
    assert minutes.repeat_count.sum() >= 39


def dipped(depth: float, seconds: int, noise: float, interval: float = 1.0) -> tuple[float, float]:
    """Counts of the cell with six dips, and of all others."""
    time: FloatArray = START + interval * np.arange(14000, dtype=np.float64)
    current = np.where(np.arange(14000) % 2000 < 1000, 0.0, -20.0)  # a load under which the dips come
    random = np.random.default_rng(5)
    voltage = 3.3 + 1.2e-3 * current[:, None] + noise * random.standard_normal((14000, 8))
    length = max(1, round(seconds / interval))
    for k in range(6):
        at = 1500 + 2000 * k
        voltage[at : at + length, 4] -= depth
    block = samples(time, current, np.round(voltage, 3))
    dips = minutes_of(block)[0].dip_count.sum(axis=0)
    return float(dips[4]), float(dips.sum() - dips[4])


@pytest.mark.parametrize(
    ("depth", "seconds", "noise", "interval"),
    [
        (0.020, 1, 0.001, 1.0),
        (0.020, 60, 0.001, 1.0),
        (0.080, 5, 0.001, 1.0),
        (0.080, 60, 0.001, 1.0),
        (0.020, 20, 0.001, 10.0),
        (0.020, 60, 0.010, 1.0),
        (0.040, 20, 0.010, 1.0),
        (0.080, 5, 0.010, 1.0),
    ],
)
def test_dips_are_counted(depth: float, seconds: int, noise: float, interval: float) -> None:
    assert dipped(depth, seconds, noise, interval) == (6.0, 0.0)


def answered(depth: float, length: int, interval: float, late: int = 0) -> tuple[float, float]:
    """Counts of the cell with six dips on float, which the charger answers, and of all others.

    The current rises by 16 A with the dip, or some samples later, and lifts all cells by 20 mV for as long.
    """
    time: FloatArray = START + interval * np.arange(9000, dtype=np.float64)
    current = np.zeros(9000)
    voltage = 3.4 + 0.001 * np.random.default_rng(6).standard_normal((9000, 8))
    for k in range(6):
        at = 1000 + 1300 * k
        current[at + late : at + length] = 16.0
        voltage[at + late : at + length] += 0.020
        voltage[at : at + length, 4] -= depth
        relaxing = np.arange(int(60 / interval))
        voltage[at + length + relaxing, 4] -= 0.05 * depth * np.exp(-relaxing * interval / 20.0)
    dips = minutes_of(samples(time, current, np.round(voltage, 3)))[0].dip_count.sum(axis=0)
    return float(dips[4]), float(dips.sum() - dips[4])


@pytest.mark.parametrize(
    ("depth", "length", "interval", "late"),
    [(0.300, 1, 10.0, 0), (0.090, 1, 10.0, 0), (0.300, 5, 1.0, 0), (0.090, 5, 1.0, 1), (0.060, 20, 1.0, 2)],
)
def test_dips_that_a_charger_answers_are_counted(depth: float, length: int, interval: float, late: int) -> None:
    assert answered(depth, length, interval, late) == (6.0, 0.0)


def test_a_cell_that_is_lifted_less_or_falls_for_good_when_charge_rises_does_not_dip() -> None:
    """One cell rises by 5 mV where the others do by 60; another's wire comes off by 100 mV in one of the steps."""
    time: FloatArray = START + np.arange(9000, dtype=np.float64)
    current = np.where(np.arange(9000) % 1500 < 700, 0.0, 50.0)
    lift = np.where(np.arange(8) == 2, 1e-4, 1.2e-3)
    voltage = 3.3 + current[:, None] * lift + 0.001 * np.random.default_rng(7).standard_normal((9000, 8))
    voltage[5200:, 4] -= 0.1
    assert minutes_of(samples(time, current, np.round(voltage, 3)))[0].dip_count.sum() == 0


def test_a_cell_that_is_read_before_the_others_does_not_dip() -> None:
    """A load of 20 A ends six times between the reading of one cell and those of the others and of the current."""
    time: FloatArray = START + np.arange(9000, dtype=np.float64)
    current = np.where(np.arange(9000) % 1500 < 700, -20.0, 0.0)
    voltage = 3.3 + 1.2e-3 * current[:, None] + 0.001 * np.random.default_rng(8).standard_normal((9000, 8))
    ends = np.arange(700, 9000, 1500)
    voltage[ends - 1] += 0.024
    voltage[ends - 1, 4] -= 0.024
    assert minutes_of(samples(time, current, np.round(voltage, 3)))[0].dip_count.sum() == 0


@pytest.mark.parametrize(("current", "first"), [(20.0, 120.0), (-20.0, -120.0)])
def test_a_cell_that_passes_a_step_of_its_curve_apart_from_the_others_does_not_dip(
    current: float, first: float
) -> None:
    """On the way up it stays below them until it climbs too, on the way down until they fall too."""
    time = START + 30.0 * np.arange(1800.0)
    late = np.array([first, 0.0, 0.0, 0.0, 0.0])
    step = 0.5 * np.tanh((time[:, None] - START - 45000.0 - late) / 60.0)
    voltage = 3.35 + np.sign(current) * (0.022 * step)
    minutes, _ = minutes_of(samples(time, np.full(1800, current), voltage))
    assert minutes.dip_count.sum() == 0
    voltage[[1400, 1600], 0] -= 0.03
    minutes, _ = minutes_of(samples(time, np.full(1800, current), voltage))
    np.testing.assert_array_equal(minutes.dip_count.sum(axis=0), [2, 0, 0, 0, 0])


def test_no_dips_in_steps_noise_and_coarse_readings() -> None:
    for noise, step in ((0.001, 0.001), (0.010, 0.001), (0.0, 0.02)):
        time, current, voltage = noisy_pack(6.0, noise_volt=noise, seed=7)
        block = samples(time, current, step * np.round(voltage / step))
        context = context_of(block, sensors=SensorSpec(voltage_resolution_volt=step))
        assert minutes_of(block, context)[0].dip_count.sum() == 0


def difficult_log(seed: int) -> SampleBlock:
    """Everything at once: gaps, missing values, repeated readings, balancing, temperatures, edges, dips."""
    random = np.random.default_rng(seed)
    time, current, voltage = noisy_pack(0.4, cells=3, seed=seed)
    keep = np.sort(random.choice(time.shape[0], size=time.shape[0] - 60, replace=False))
    shift = np.where(np.arange(keep.shape[0]) > 500, 900.0, 0.0) + np.where(
        np.arange(keep.shape[0]) > 900, 5000.25, 0.0
    )
    voltage[random.random(voltage.shape) < 0.05] = np.nan
    voltage[300:330, 1] -= 0.05
    current[random.random(current.shape) < 0.05] = np.nan
    duty = np.where(random.random(voltage.shape) < 0.3, 1.0, 0.0)
    warm = np.round(25.0 + random.standard_normal((time.shape[0], 2)), 1)
    return samples(
        np.ascontiguousarray(time[keep] + shift),
        current[keep],
        voltage[keep],
        balancing_fraction=duty[keep],
        temperature_celsius=warm[keep],
        charge_switch_fraction=duty[keep, 0],
        discharge_switch_fraction=duty[keep, 1],
        impedance_ohm=1e-3 + voltage[keep],
    )


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 4), st.lists(st.integers(1, 1370), max_size=12))
def test_cuts_change_nothing(seed: int, cuts: list[int]) -> None:
    block = difficult_log(seed)
    whole, whole_edges = minutes_of(block)
    parts, part_edges = minutes_of(block, cuts=cuts)
    for field in dataclasses.fields(whole):
        np.testing.assert_array_equal(getattr(parts, field.name), getattr(whole, field.name), err_msg=field.name)
    for field in dataclasses.fields(whole_edges):
        if field.name != "minute_row":  # counts within a block
            np.testing.assert_array_equal(getattr(part_edges, field.name), getattr(whole_edges, field.name))


def test_one_cell_and_nothing_but_nan() -> None:
    time = START + np.arange(0.0, 300.0)
    minutes, edges = minutes_of(samples(time, np.full(300, np.nan), np.full((300, 1), np.nan)))
    assert len(minutes) == 6
    assert len(edges) == 0
    assert np.isnan(minutes.current_ampere).all()
    assert np.isnan(minutes.voltage_volt).all()
    assert minutes.charge_ah.sum() == 0.0
