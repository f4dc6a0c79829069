"""Stuck and missing readings, dips and undersampling: found where planted, silent elsewhere."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cellwarden.core.finding import Severity
from cellwarden.core.minute_block import MinuteBlock
from cellwarden.core.sample_block import FloatArray, SampleBlock
from cellwarden.diagnosis import micro_short, sense_wires_swapped, sensor_dropout, sensor_stuck, undersampled
from cellwarden.diagnosis.plugin import DetectorPlugin
from cellwarden.estimation.plugin import PackContext
from tests.diagnosis.told_logs import told, told_of, worst
from tests.estimation.sample_logs import START, context_of, minutes_of, noisy_pack, samples

MODULES = (sensor_stuck, sensor_dropout, micro_short, sense_wires_swapped, undersampled)
DETECTORS = tuple(module.DETECTOR for module in MODULES)


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda detector: detector.kinds[0])
def test_a_healthy_log_is_silent(detector: DetectorPlugin) -> None:
    for interval, hours, noise in ((1.0, 8.0, 0.001), (10.0, 60.0, 0.001), (1.0, 8.0, 0.0), (1.0, 8.0, 0.010)):
        evidence = told_of(detector, samples(*noisy_pack(hours, interval, noise_volt=noise)))
        assert all(item.severity in (None, Severity.INFO) for item in evidence)
        assert interval == 10.0 or not evidence


def test_a_stuck_cell_is_named_and_let_go() -> None:
    time, current, voltage = noisy_pack(6.0)
    voltage[7200:14400, 3] = voltage[7200, 3]
    evidence = told_of(sensor_stuck.DETECTOR, samples(time, current, voltage))
    assert worst(evidence) <= {(4, None, Severity.INFO), (4, None, Severity.WARNING)}
    warning = next(item for item in evidence if item.severity is Severity.WARNING)
    assert 7200 + 600 <= warning.at_unix_time_second - START < 7200 + 1500
    assert warning.first_seen_unix_time_second - START == pytest.approx(7200, abs=60)
    assert evidence[-1].severity is None


def test_a_stuck_temperature_is_named() -> None:
    time, current, voltage = noisy_pack(8.0)
    random = np.random.default_rng(1)
    warm = np.round(25.0 + 1e-3 * (time - START)[:, None] + 0.1 * random.standard_normal((time.shape[0], 3)), 1)
    warm[10000:, 1] = warm[10000, 1]
    evidence = told_of(sensor_stuck.DETECTOR, samples(time, current, voltage, temperature_celsius=warm))
    assert {item.sensor for item in evidence} == {"t2"}
    assert worst(evidence) >= {(None, "t2", Severity.WARNING)}


def test_quiet_coarse_temperatures_are_not_stuck() -> None:
    time, current, voltage = noisy_pack(48.0, interval=10.0)
    warm = np.round(25.0 + 4.0 * np.sin((time - START) / 13751.0)[:, None] * np.array([1.0, 0.8, 0.6, 0.1]))
    assert not told_of(sensor_stuck.DETECTOR, samples(time, current, voltage, temperature_celsius=warm))


def test_a_frozen_log_is_one_finding_of_the_pack() -> None:
    time, current, voltage = noisy_pack(1.0)
    voltage[1500:1900] = voltage[1500]
    evidence = told_of(sensor_stuck.DETECTOR, samples(time, current, voltage))
    assert {(item.cell, item.sensor) for item in evidence} == {(None, None)}
    assert max(item.magnitude for item in evidence) > 300.0


def test_a_dead_cell_is_a_warning_within_an_hour_of_load() -> None:
    time, current, voltage = noisy_pack(6.0)
    voltage[7200:14400, 3] = np.nan
    evidence = told_of(sensor_dropout.DETECTOR, samples(time, current, voltage))
    assert worst(evidence) == {(4, None, Severity.INFO), (4, None, Severity.WARNING)}
    assert max(item.magnitude for item in evidence) == pytest.approx(7200.0, abs=60.0)


def test_missing_rows_are_the_logs() -> None:
    time, current, voltage = noisy_pack(30.0, interval=10.0)
    current[:] = 0.0
    keep = (time < START + 36000.0) | (time > START + 36200.0)
    evidence = told_of(sensor_dropout.DETECTOR, samples(time[keep], current[keep], voltage[keep]))
    assert worst(evidence) == {(None, None, Severity.INFO)}
    current[:] = -30.0
    keep = (time < START + 36000.0) | (time > START + 37200.0)
    evidence = told_of(sensor_dropout.DETECTOR, samples(time[keep], current[keep], voltage[keep]))
    assert (None, None, Severity.WARNING) in worst(evidence)


def test_cells_and_sensors_that_go_together_are_one_gap_that_says_who_is_missing() -> None:
    time, current, voltage = noisy_pack(6.0)
    warm = 25.0 + 0.1 * np.random.default_rng(1).standard_normal((time.shape[0], 3))
    voltage[7200:14400, np.arange(voltage.shape[1]) != 3] = np.nan
    warm[7200:14400] = np.nan
    warm[3600:14400, 1] = np.nan  # not with the others
    evidence = told_of(sensor_dropout.DETECTOR, samples(time, current, voltage, temperature_celsius=warm))
    places = {(item.cell, item.sensor) for item in evidence if item.severity is not None}
    assert places == {(None, None), (None, "t2")}
    log = [item.explanation for item in evidence if item.sensor is None and item.severity is not None]
    count = voltage.shape[1]
    assert all(said.startswith(f"{count - 1} of {count} cells and 2 of 3 temperature sensors gave") for said in log)


def test_a_cell_long_dead_does_not_tell_how_long_the_others_were_gone() -> None:
    time, current, voltage = noisy_pack(6.0)
    warm = 25.0 + 0.1 * np.random.default_rng(1).standard_normal((time.shape[0], 3))
    voltage[1800:, 3] = np.nan
    warm[7200:14520, 1] = np.nan  # two hours before the others
    voltage[14400:14520] = np.nan
    warm[14400:14520] = np.nan
    evidence = told_of(sensor_dropout.DETECTOR, samples(time, current, voltage, temperature_celsius=warm))
    longest: dict[tuple[int | None, str | None], float] = {}
    for item in evidence:
        place = (item.cell, item.sensor)
        longest[place] = max(longest.get(place, 0.0), item.magnitude)
    assert longest[None, None] == pytest.approx(120.0, abs=61.0)
    assert longest[None, "t2"] == pytest.approx(7320.0, abs=121.0)
    assert longest[4, None] > 4.0 * 3600.0
    assert set(longest) == {(None, None), (None, "t2"), (4, None)}


def test_a_log_written_on_change_has_no_gaps() -> None:
    random = np.random.default_rng(4)
    time: FloatArray = START + np.cumsum(np.exp(1.2 * random.standard_normal(6000) + 2.0))
    voltage = 3.3 + 0.001 * np.round(random.standard_normal((6000, 4)))
    evidence = told_of(sensor_dropout.DETECTOR, samples(time, np.zeros(6000), voltage))
    assert (None, None, Severity.WARNING) not in worst(evidence)


def dipping(cells: tuple[int, ...]) -> SampleBlock:
    time, current, voltage = noisy_pack(12.0)
    current[:] = 0.0
    voltage[:] = 3.3 + np.round(0.001 * np.random.default_rng(2).standard_normal(voltage.shape), 3)
    for number, k in enumerate(range(3000, 40000, 6000)):
        for cell in cells:
            voltage[k + 50 * cell : k + 50 * cell + 4 + number, cell] -= 0.03
    return samples(time, current, voltage)


def test_dips_of_one_cell_are_a_short_those_of_all_are_not() -> None:
    evidence = told_of(micro_short.DETECTOR, dipping((5,)))
    assert worst(evidence) == {(6, None, Severity.INFO), (6, None, Severity.WARNING)}
    first = next(item for item in evidence if item.severity is Severity.WARNING)
    assert first.magnitude in (3.0, 4.0)
    assert evidence[-1].magnitude == 7.0
    assert evidence[-1].magnitude_low < 7.0 < evidence[-1].magnitude_high
    assert not worst(told_of(micro_short.DETECTOR, dipping(tuple(range(8)))))


def test_dips_between_rows_that_are_seconds_apart_are_owned_up_to() -> None:
    block = dipping((5,))
    sparse = samples(block.unix_time_second[::5], block.current_ampere[::5], block.cell_voltage_volt[::5])
    told_sparse = [item.explanation for item in told_of(micro_short.DETECTOR, sparse) if item.severity is not None]
    assert told_sparse
    assert all("a reading every 5 s" in text for text in told_sparse)
    close = [item for item in told_of(micro_short.DETECTOR, block) if item.severity is not None]
    assert not any("unseen" in item.explanation for item in close)
    few = next(item for item in told_of(micro_short.DETECTOR, sparse) if item.magnitude == 5.0)
    all_seen = next(item for item in close if item.magnitude == 5.0)
    assert few.magnitude_high == pytest.approx(2.0 * all_seen.magnitude_high)  # half may have come between rows


def test_dips_by_a_strong_balancer_do_not_count() -> None:
    block = dipping((5,))
    duty = np.zeros_like(block.cell_voltage_volt)
    duty[::3, 5] = 1.0
    context = context_of(block, balancing_current_ampere=1.0)
    switched = samples(block.unix_time_second, block.current_ampere, block.cell_voltage_volt, balancing_fraction=duty)
    assert not told(micro_short.DETECTOR, minutes_of(switched, context)[0], context)


@pytest.mark.parametrize(
    ("cell_volt", "ampere", "is_short"), [(2.75, -30.0, False), (3.25, -30.0, True), (2.75, 0.0, True)]
)
@pytest.mark.parametrize("late", [0, 1])
def test_a_weak_cell_that_runs_empty_under_load_does_not_dip(
    cell_volt: float, ampere: float, late: int, *, is_short: bool
) -> None:
    """It falls in the load's last seconds and comes back when the load is gone, in the same minute or the next."""
    block = samples(*noisy_pack(12.0))
    context = context_of(block)
    rows = minutes_of(block, context)[0]
    volt, dips = np.full_like(rows.voltage_volt, 3.3), np.zeros_like(rows.dip_count)
    lowest = np.zeros_like(rows.current_ampere)
    ends = np.arange(50, len(rows) - 1, 100)
    volt[ends, 5], lowest[ends], dips[ends + late, 5] = cell_volt, ampere, 1.0
    rows = dataclasses.replace(rows, voltage_volt=volt, current_minimum_ampere=lowest, dip_count=dips)
    whole = told(micro_short.DETECTOR, rows, context)
    assert bool(worst(whole)) == is_short
    assert told(micro_short.DETECTOR, rows, context, cuts=tuple(range(1, len(rows), 5))) == whole


def thinned(interval: int, pulse_second: int) -> tuple[SampleBlock, FloatArray, FloatArray]:
    """A day's load of pulses of random length, sampled each `interval` seconds; the full current beside it."""
    random = np.random.default_rng(8)
    current: list[float] = []
    while len(current) < 3 * 86400:
        current += [-10.0] * int(1 + random.exponential(240.0))
        current += [-60.0] * int(1 + random.exponential(pulse_second))
        if random.random() < 0.04:
            current += [25.0] * 3600
    full = np.array(current[: 3 * 86400])
    part = full[::interval]
    time: FloatArray = START + interval * np.arange(part.shape[0], dtype=np.float64)
    return samples(time, part, np.full((part.shape[0], 2), 3.3)), full, part


def test_what_is_missed_is_told_from_the_log_alone() -> None:
    block, full, part = thinned(30, 120)
    evidence = told_of(undersampled.DETECTOR, block)
    assert evidence[-1].severity is Severity.WARNING
    assert evidence[-1].magnitude <= 10.0
    fine = np.concatenate([[0.0], np.cumsum(0.5 * (full[1:] + full[:-1]))])[::30]
    coarse = np.concatenate([[0.0], np.cumsum(15.0 * (part[1:] + part[:-1]))])
    cycles = np.abs(full).sum() / 3600.0 / 200.0
    missed = 1.96 * np.sqrt(np.sum(np.diff(coarse - fine) ** 2) / cycles) / 3600.0
    words = evidence[-1].explanation
    said = float(words.split("may be off by ")[1].split(" %")[0])
    assert said == pytest.approx(missed, rel=0.25)  # percent of 100 Ah = Ah


def test_short_pulses_between_samples_are_a_warning_and_fast_logs_are_silent() -> None:
    evidence = told_of(undersampled.DETECTOR, thinned(15, 8)[0])
    assert evidence[-1].severity is Severity.WARNING
    assert "peaks" in evidence[-1].explanation
    assert not told_of(undersampled.DETECTOR, thinned(1, 20)[0])


def faulty() -> tuple[MinuteBlock, PackContext]:
    """Every fault in one log."""
    time, current, voltage = noisy_pack(5.0, cells=6, seed=6)
    voltage[3000:6000, 0] = voltage[3000, 0]
    voltage[4000:9000, 1] = np.nan
    for k in range(1000, 18000, 2500):
        voltage[k : k + 5, 5] -= 0.05
    voltage[9000:, 2:4] = voltage[9000:, 3:1:-1] + np.array([0.01, -0.01])
    keep = (time < START + 12000.0) | (time > START + 13000.0)
    keep &= np.arange(time.shape[0]) % 5 == 0
    block = samples(time[keep], current[keep], voltage[keep])
    context = context_of(block)
    return minutes_of(block, context)[0], context


FAULTY = faulty()


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(1, 290), max_size=8))
def test_cuts_change_nothing(cuts: list[int]) -> None:
    minutes, context = FAULTY
    for detector in DETECTORS:
        assert told(detector, minutes, context, tuple(cuts)) == told(detector, minutes, context)


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda detector: detector.kinds[0])
def test_one_cell_and_missing_everything(detector: DetectorPlugin) -> None:
    time = START + np.arange(0.0, 7200.0, 10.0)
    nothing = np.full(time.shape[0], np.nan)
    told_of(detector, samples(time, nothing, nothing[:, None]))
    told_of(detector, samples(time, nothing, np.full((time.shape[0], 400), np.nan)))
    told_of(detector, samples(time, nothing, 3.3 + np.zeros((time.shape[0], 1))))
    assert not worst(told_of(detector, samples(time, nothing, 3.3 + np.zeros((time.shape[0], 3)))))
