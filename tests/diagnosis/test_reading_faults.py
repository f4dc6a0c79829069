"""Stuck, missing and exchanged readings, dips and undersampling: found where planted, silent elsewhere."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cellwarden.core.board import Board
from cellwarden.core.finding import Evidence, Severity
from cellwarden.core.minute_block import MinuteBlock
from cellwarden.core.pack_spec import SensorSpec
from cellwarden.core.sample_block import FloatArray, SampleBlock
from cellwarden.diagnosis import micro_short, sense_wires_swapped, sensor_dropout, sensor_stuck, undersampled
from cellwarden.diagnosis.exchanged_levels import (
    LONG_SIDE,
    NEAR_ROWS,
    SHORT_SIDE,
    WINDOW_ROWS,
    _first_step,
    _may_step,
    _near_steps,
    _whole_steps,
    stands_out,
)
from cellwarden.diagnosis.plugin import DetectorPlugin
from cellwarden.diagnosis.wire_exchange import (
    BLEED_SLOTS,
    DECISION_SLOTS,
    HOUR_SLOTS,
    HOURS,
    SUSPICION,
    V_BEFORE,
    bleed_scores,
    watch_bleed,
    watch_decisions,
)
from cellwarden.estimation.plugin import PackContext
from tests.estimation.sample_logs import START, context_of, minutes_of, noisy_pack, samples

MODULES = (sensor_stuck, sensor_dropout, micro_short, sense_wires_swapped, undersampled)
DETECTORS = tuple(module.DETECTOR for module in MODULES)


def told(
    detector: DetectorPlugin, minutes: MinuteBlock, context: PackContext, cuts: tuple[int, ...] = ()
) -> list[Evidence]:
    """All evidence of a log that comes in blocks of minutes."""
    state, found = detector.initial(context), []
    for begin, end in itertools.pairwise(sorted({0, *cuts, len(minutes)})):
        state, some = detector.step(state, minutes.rows(begin, end), Board(), context)
        found += some
    return found


def told_of(detector: DetectorPlugin, block: SampleBlock, **pack: object) -> list[Evidence]:
    context = context_of(block, **pack)
    return told(detector, minutes_of(block, context)[0], context)


def worst(evidence: list[Evidence]) -> set[tuple[int | None, str | None, Severity]]:
    """Places and severities that were told."""
    return {(item.cell, item.sensor, item.severity) for item in evidence if item.severity is not None}


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


@pytest.mark.parametrize("newest", [0, 17, WINDOW_ROWS - 1])
@pytest.mark.parametrize("side", [SHORT_SIDE, LONG_SIDE])
def test_rows_next_to_the_middle_and_whole_sides_are_summed_where_they_are_known(newest: int, side: int) -> None:
    rng = np.random.default_rng(newest)
    ring = rng.normal(3.3, 0.01, (WINDOW_ROWS, 5))
    ring[rng.random(ring.shape) < 0.02] = np.nan
    window = np.roll(ring, WINDOW_ROWS - 1 - newest, axis=0)[-(2 * side + 1) :]
    apart = window[:, :-1] - window[:, 1:]
    early, late = apart[:side], apart[side + 1 :]
    known = np.isfinite(early) & np.isfinite(late)
    behind = np.where(known, late, 0.0)[:NEAR_ROWS].sum(axis=0)
    before = np.where(known, early, 0.0)[-NEAR_ROWS:].sum(axis=0)
    near = np.full(4, np.nan)
    _near_steps(ring, newest, side, near)
    assert near == pytest.approx(behind - before, abs=1e-12)
    whole = np.full(5, np.nan)
    _whole_steps(ring, newest, side, whole)
    expected = window[side + 1 :].mean(axis=0) - window[:side].mean(axis=0)
    assert whole == pytest.approx(expected, abs=1e-12, nan_ok=True)


@pytest.mark.parametrize("side", [SHORT_SIDE, LONG_SIDE])
def test_the_whole_of_both_sides_rules_out_only_pairs_that_the_screen_would(side: int) -> None:
    rng, step, newest, passed = np.random.default_rng(side), 0.001, 17, 0
    for _ in range(200):
        ring = rng.normal(3.3, 0.0001, (WINDOW_ROWS, 5))
        ring[np.roll(np.arange(WINDOW_ROWS) > WINDOW_ROWS - 1 - side, newest + 1), 1:3] += rng.uniform(0.0, 0.001, 2)
        ring[rng.random(ring.shape) < 0.01] = np.nan
        near = np.full((2, 5), np.nan)
        _near_steps(ring, newest, side, near[0, :4])
        _whole_steps(ring, newest, side, near[1])
        passing = [j for j in range(4) if _may_step(ring, newest, j, side, step)]
        first = passing[0] if passing else 4
        assert _first_step(ring, newest, side, step, near, np.zeros(4), 0) == first
        passed += first < 4
    assert 20 < passed < 190


def test_an_exchange_of_levels_is_found_and_undone() -> None:
    time, current, voltage = noisy_pack(6.0)
    current[:] = 0.0
    levels = 3.3 + 0.004 * np.array([0.0, 1.0, -1.0, 2.0, 0.5, -2.0, 1.5, 0.0])
    voltage[:] = np.round(levels + 0.001 * np.random.default_rng(3).standard_normal(voltage.shape), 3)
    swapped = slice(7210, 14410)
    voltage[swapped, 2:4] = voltage[swapped, 3:1:-1]
    evidence = told_of(sense_wires_swapped.DETECTOR, samples(time, current, voltage))
    assert worst(evidence) == {(3, None, Severity.WARNING)}
    assert evidence[0].magnitude == 4.0
    assert evidence[0].at_unix_time_second - START < 7200 + 900
    assert evidence[-1].severity is None


@pytest.mark.parametrize(
    ("balancer", "level_volt", "seen"), [("passive", 3.42, False), ("passive", 3.3, True), ("none", 3.42, True)]
)
def test_bleeds_that_no_log_tells_exchange_no_wires(balancer: str, level_volt: float, *, seen: bool) -> None:
    """On the knee one bleed that goes on as another goes off exchanges two levels by some millivolts."""
    time: FloatArray = START + np.arange(0.0, 2 * 3600.0, 10.0)
    noise = 0.0005 * np.random.default_rng(7).standard_normal((time.shape[0], 8))
    voltage = level_volt + 0.004 * np.array([0.0, 0.2, 0.6, -0.5, 0.2, -0.2, 1.5, 0.0]) + noise
    late = time > START + 3600.0
    voltage[late, 2:4] = voltage[late, 3:1:-1]
    block = samples(time, np.zeros(time.shape[0]), np.round(voltage, 3))
    assert bool(told_of(sense_wires_swapped.DETECTOR, block, balancer=balancer)) == seen


@pytest.mark.parametrize("dead", [1, 6])  # beside the pair, and far from it
def test_a_dead_channel_hides_no_exchange_of_others(dead: int) -> None:
    time: FloatArray = START + np.arange(0.0, 2 * 3600.0, 10.0)
    noise = 0.0005 * np.random.default_rng(7).standard_normal((time.shape[0], 8))
    voltage = 3.3 + 0.004 * np.array([0.0, 0.5, 1.0, -1.0, 0.5, -0.5, 1.5, 0.0]) + noise
    voltage[:, dead] = np.nan
    late = time > START + 3600.0
    assert not told_of(sense_wires_swapped.DETECTOR, samples(time, np.zeros(time.shape[0]), np.round(voltage, 3)))
    voltage[late, 2:4] = voltage[late, 3:1:-1]
    evidence = told_of(sense_wires_swapped.DETECTOR, samples(time, np.zeros(time.shape[0]), np.round(voltage, 3)))
    assert worst(evidence) == {(3, None, Severity.WARNING)}


@pytest.mark.parametrize("moved_volt", [0.0, 0.0004, 0.002])
def test_a_pair_is_mirrored_by_chance_where_all_readings_change_places(moved_volt: float) -> None:
    """When a string leaves its knee each reading steps by itself; an exchange is more than that."""
    rows = np.array([*range(-10, 0), *range(1, 11)])
    step = moved_volt * np.random.default_rng(2).standard_normal(16)
    step[12:14] = -0.00285, 0.00285
    seen = (
        3.4 + 0.0001 * np.random.default_rng(3).standard_normal((20, 16)) + np.where(rows > 0, 1.0, 0.0)[:, None] * step
    )
    assert stands_out(seen, rows, 12, -0.0057) == (moved_volt < 0.001)
    assert stands_out(seen[:, 11:14], rows, 1, -0.0057)  # one other tells nothing of what is usual


def test_where_one_of_the_pair_is_dead_nothing_is_exchanged() -> None:
    time, current, voltage = noisy_pack(2.0)
    voltage[3600:, 3] = np.nan
    voltage[3600:, 2] += 0.02
    assert not told_of(sense_wires_swapped.DETECTOR, samples(time, current, voltage))


@pytest.mark.parametrize("dead", [0, 5])
def test_bleeds_of_cells_beside_a_dead_channel_are_followed(dead: int) -> None:
    hour, bleed = np.zeros((HOUR_SLOTS, 6)), np.zeros((BLEED_SLOTS, 6))
    hour[V_BEFORE] = np.nan
    random, voltage = np.random.default_rng(4), np.full(6, 3.4)
    voltage[dead] = np.nan
    for number in range(60):
        bled = random.random(6) * 0.06
        voltage = voltage - 0.01 * np.roll(bled, 1)  # each is pulled down by the bleed of the one before
        for minute in range(60):
            watch_bleed(hour, bleed, voltage, bled / 60.0, 1 if minute == 59 else 0, 1 if number != 20 else 0)
    _, _, second = bleed_scores(bleed)
    known = [pair for pair in range(5) if dead not in (pair, pair + 1)]
    assert (second[known] < -3.0).all()
    assert bleed[HOURS, dead] == 0.0


def test_an_exchange_is_named_where_sensors_are_stated_to_be_exact() -> None:
    time: FloatArray = START + np.arange(0.0, 2 * 3600.0, 10.0)
    noise = 0.0005 * np.random.default_rng(7).standard_normal((time.shape[0], 4))
    voltage = 3.3 + np.array([0.0, 0.004, -0.004, 0.001]) + noise
    voltage[time > START + 3600.0, 1:3] = voltage[time > START + 3600.0, 2:0:-1]
    log = samples(time, np.zeros(time.shape[0]), np.round(voltage, 3))
    evidence = told_of(sense_wires_swapped.DETECTOR, log, sensors=SensorSpec(voltage_offset_tolerance_volt=0.0))
    assert worst(evidence) == {(2, None, Severity.WARNING)}


def test_a_slow_crossing_and_a_tap_that_gives_way_are_no_exchange() -> None:
    time, current, voltage = noisy_pack(4.0)
    current[:] = 0.0
    noise = 0.001 * np.random.default_rng(3).standard_normal(voltage.shape)
    crossing = 3.3 + noise
    crossing[:, 2] += 0.02 * np.tanh((time - START - 7200.0) / 400.0)
    crossing[:, 3] -= 0.02 * np.tanh((time - START - 7200.0) / 400.0)
    assert not told_of(sense_wires_swapped.DETECTOR, samples(time, current, np.round(crossing, 3)))
    giving = 3.3 + noise
    giving[7200:, 2] += 0.02
    giving[7200:, 3] -= 0.02
    assert not told_of(sense_wires_swapped.DETECTOR, samples(time, current, np.round(giving, 3)))


def under_load(seed: int, interval: float = 1.0) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Eight cells, each with its level and resistance, under a load that changes every few minutes."""
    random = np.random.default_rng(seed)
    time: FloatArray = START + np.arange(0.0, 4 * 3600.0, interval)
    current = -40.0 * random.random(200)[((time - START) // 130.0).astype(np.int64)]
    level, resistance = 0.003 * random.standard_normal(8), 0.001 * (1.0 + 0.01 * random.standard_normal(8))
    voltage = 3.3 + level + current[:, None] * resistance - 1e-7 * (time - START)[:, None] * random.random(8)
    return time, current, voltage + 0.001 * random.standard_normal(voltage.shape)


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([1.0, 5.0]))
def test_an_exchange_under_load_is_named_and_an_offset_is_not(seed: int, interval: float) -> None:
    time, current, voltage = under_load(seed, interval)
    late = time > START + 7300.0
    assert not told_of(sense_wires_swapped.DETECTOR, samples(time, current, np.round(voltage, 3)))
    offset = voltage.copy()
    offset[late, 4] += 0.012
    assert not told_of(sense_wires_swapped.DETECTOR, samples(time, current, np.round(offset, 3)))
    voltage[:, 4] += 0.006 - (voltage[:, 4] - voltage[:, 5]).mean()
    voltage[late, 4:6] = voltage[late, 5:3:-1]
    evidence = told_of(sense_wires_swapped.DETECTOR, samples(time, current, np.round(voltage, 3)))
    assert worst(evidence) == {(5, None, Severity.WARNING)}
    assert 7300.0 - 120.0 <= evidence[0].first_seen_unix_time_second - START <= 7300.0 + 120.0


def test_rest_shows_an_exchange_that_ten_minutes_of_noise_hide() -> None:
    time: FloatArray = START + np.arange(0.0, 4 * 3600.0, 10.0)
    voltage = (
        3.3
        + 0.001 * np.array([0.0, 1.3, -1.3, 2.0])
        + 0.001 * np.random.default_rng(5).standard_normal((time.shape[0], 4))
    )
    voltage[time > START + 7300.0, 1:3] = voltage[time > START + 7300.0, 2:0:-1]
    evidence = told_of(sense_wires_swapped.DETECTOR, samples(time, np.zeros(time.shape[0]), np.round(voltage, 3)))
    assert worst(evidence) == {(2, None, Severity.WARNING)}
    assert evidence[0].at_unix_time_second - START <= 7300.0 + 35.0 * 60.0


def test_cells_that_part_on_the_knee_are_no_exchange() -> None:
    time, current, voltage = under_load(3)
    after = np.maximum(time - START - 7300.0, 0.0)
    voltage[:, 4] += 0.02 * (1.0 - np.exp(-after / 500.0))
    voltage[:, 5] -= 0.02 * (1.0 - np.exp(-after / 500.0))
    assert not told_of(sense_wires_swapped.DETECTOR, samples(time, current, np.round(voltage, 3)))


def balanced(days: float, swapped: bool) -> tuple[MinuteBlock, PackContext]:  # noqa: FBT001 - a test's own switch
    """Six cells of which the balancer bleeds those above their mean; it sees the cells, the log may not."""
    time: FloatArray = START + 60.0 * np.arange(int(days * 1440), dtype=np.float64)
    random = np.random.default_rng(9)
    level = 0.01 * random.standard_normal(6)
    voltage, duty = np.empty((time.shape[0], 6)), np.empty((time.shape[0], 6))
    for k in range(time.shape[0]):
        duty[k] = level > 0.0
        level = level - 2e-6 * duty[k] + (0.01 * random.standard_normal(6) if k % 720 == 719 else 0.0)
        voltage[k] = 3.4 + level
    if swapped:
        voltage[:, [2, 3]] = voltage[:, [3, 2]]
    block = samples(time, np.zeros(time.shape[0]), np.round(voltage, 3), balancing_fraction=np.ascontiguousarray(duty))
    context = context_of(block)
    return minutes_of(block, context)[0], context


def test_the_balancers_choices_tell_crossed_wires() -> None:
    assert not told(sense_wires_swapped.DETECTOR, *balanced(5.0, swapped=False))
    evidence = told(sense_wires_swapped.DETECTOR, *balanced(5.0, swapped=True))
    assert worst(evidence) == {(3, None, Severity.WARNING)}


def test_the_crossed_pair_is_told_from_its_neighbour() -> None:
    # cell 2 is the highest and is bled; its reading stands under cell 3, so cells 1 and 2 seem wrong as well
    voltage, duty = np.array([3.412, 3.406, 3.420, 3.405]), np.array([0.0, 1.0, 0.0, 0.0])
    decision = np.zeros((DECISION_SLOTS, 3))
    for ends in [0] * 59 + [1]:
        watch_decisions(decision, voltage, duty, ends, 0.003)
    np.testing.assert_array_equal(decision[SUSPICION], [0.0, 1.0, 0.0])


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
