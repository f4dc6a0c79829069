"""Readings are truth with the stated errors, in whole steps; channels and rows fail as asked."""

import numpy as np
import pytest

from cellwarden.simulator.course import TrueCourse
from cellwarden.simulator.fault import Fault, RowDisorder
from cellwarden.simulator.sensing import PackLog, observe
from cellwarden.simulator.twin import simulate
from tests.simulator.simulator_packs import small_scenario

START = 1_762_000_200


def observed(*faults: Fault, disorder: RowDisorder | None = None) -> tuple[TrueCourse, PackLog]:
    course = simulate(small_scenario(*faults, disorder=disorder), 33)
    return course, observe(course)


def test_readings_are_truth_with_offset_gain_and_noise() -> None:
    course, log = observed()
    for k in range(4):
        error = log.columns[f"cell_voltage_c{k + 1}_millivolt"] * 1e-3 - course.recording.volt[:, k]
        assert error.mean() == pytest.approx(log.sensors.voltage_offset_volt[k], abs=1e-4)
        assert 0.0009 < error.std() < 0.0012
    current = log.columns["current_milliampere"] * 1e-3
    expected = course.recording.ampere * (1.0 + log.sensors.current_gain_fraction) + log.sensors.current_offset_ampere
    assert np.abs(current - expected).max() < 0.12
    assert np.all(log.columns["current_milliampere"] % 10 == 0)
    warm = course.recording.temperature_celsius[:, 2:].mean(axis=1) + log.sensors.temperature_offset_kelvin[1]
    assert np.abs(log.columns["temperature_t2_decicelsius"] * 0.1 - warm).max() < 0.6
    total = course.recording.volt.sum(axis=1)
    assert np.abs(log.columns["voltage_millivolt"] * 1e-3 - total).max() < 0.07


def test_offsets_begin_at_their_onset() -> None:
    volt = Fault(kind="voltage_sensor_offset", cell=2, onset_day=0.5, magnitude=0.03)
    ampere = Fault(kind="current_sensor_offset", onset_day=0.5, magnitude=0.3)
    kelvin = Fault(kind="temperature_sensor_offset", sensor="t1", onset_day=0.5, magnitude=-2.5)
    _, log = observed(volt, ampere, kelvin)
    _, healthy = observed(volt.__class__(kind="undersampled", magnitude=1.0))
    row = 4320
    for name, step in (
        ("current_milliampere", 300.0 - 1e3 * healthy.sensors.current_offset_ampere),
        ("temperature_t1_decicelsius", -25.0 - 10.0 * healthy.sensors.temperature_offset_kelvin[0]),
    ):
        difference = log.columns[name].astype(float) - healthy.columns[name]
        assert np.all(difference[:row] == 0.0)
        assert difference[row:].mean() == pytest.approx(step, abs=5.0 if "ampere" in name else 0.5)
    assert log.sensors.voltage_offset_volt[1] == pytest.approx(0.03)
    assert log.sensors.current_offset_ampere == pytest.approx(0.3)
    assert log.sensors.temperature_offset_kelvin[0] == pytest.approx(-2.5)


def test_stuck_and_missing_channels() -> None:
    stuck = Fault(kind="sensor_stuck", cell=1, onset_day=0.5, magnitude=3600.0)
    gone = Fault(kind="sensor_dropout", cell=3, onset_day=0.6, magnitude=1800.0)
    frozen = Fault(kind="sensor_stuck", sensor="t2", onset_day=0.7, magnitude=3600.0)
    _, log = observed(stuck, gone, frozen)
    assert np.ptp(log.columns["cell_voltage_c1_millivolt"][4320:4680]) == 0
    assert np.ptp(log.columns["cell_voltage_c1_millivolt"][4680:5040]) != 0
    assert log.missing["cell_voltage_c3_millivolt"].sum() == 180
    assert np.ptp(log.columns["temperature_t2_decicelsius"][6048:6408]) == 0
    assert set(log.missing) == {"cell_voltage_c3_millivolt"}


def test_swapped_wires_read_each_other() -> None:
    swap = Fault(kind="sense_wires_swapped", cell=2, other=3, onset_day=0.5)
    low = Fault(kind="capacity_low", cell=2, magnitude=0.3)
    course, log = observed(swap, low)
    for rows, cell in ((slice(0, 4320), 1), (slice(4320, None), 2)):
        error = log.columns["cell_voltage_c2_millivolt"][rows] * 1e-3 - course.recording.volt[rows, cell]
        assert np.abs(error).max() < 0.009


def test_rows_go_missing_come_twice_and_out_of_order() -> None:
    disorder = RowDisorder(
        dropouts=2, duplicates=2, duplicate_second=(40, 60), swaps=3, clock_step_second=-41.0, clock_step_day=0.9
    )
    course, log = observed(disorder=disorder)
    time = log.columns["unix_time_millisecond"]
    kinds = [fault.kind for fault in log.row_faults]
    assert sorted(set(kinds)) == ["clock_step", "dropout", "duplicate", "out_of_order"]
    assert np.sum(np.diff(time) == 0) >= 6
    assert np.sum(np.diff(time) < 0) >= 4
    assert np.diff(time).max() >= 70_000
    assert time[-1] == (START + (course.recording.ampere.shape[0] - 1) * 10 - 41) * 1000
    assert all(len(column) == len(time) for column in log.columns.values())
    step = next(fault for fault in log.row_faults if fault.kind == "clock_step")
    assert step.step_second == pytest.approx(-41.0)
    assert step.until_unix_time_second == pytest.approx(START + 0.9 * 86400)
