"""Exchanged sense wires: found where levels or the balancer show them, silent where cells part by themselves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cellwarden.core.finding import Severity
from cellwarden.core.minute_block import MinuteBlock
from cellwarden.core.pack_spec import SensorSpec
from cellwarden.core.sample_block import FloatArray
from cellwarden.diagnosis import sense_wires_swapped
from cellwarden.diagnosis.exchanged_levels import (
    LONG_SIDE,
    WINDOW_ROWS,
    _first_step,
    _may_step,
    _near_steps,
    _whole_steps,
)
from cellwarden.diagnosis.other_steps import BLEED_STEP, NEAR_ROWS, SHORT_SIDE, _mean_step, by_bleed, stands_out
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
from tests.diagnosis.told_logs import told, told_of, worst
from tests.estimation.sample_logs import START, context_of, minutes_of, noisy_pack, samples


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
    together = np.where(rows > 0, -0.1, 0.0)[:, None] * np.ones(4)  # of few cells the others may move alike by chance
    assert not stands_out(seen[:, 10:14] + together, rows, 2, -0.0057)


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


@pytest.mark.parametrize("seed", range(6))
def test_two_cells_that_pass_a_step_of_the_curve_one_after_the_other_are_no_exchange(seed: int) -> None:
    """Within minutes one of four cells comes down and its neighbour up, while the pack is charged."""
    time: FloatArray = START + np.arange(0.0, 2 * 3600.0, 5.0)
    passed = 0.5 + 0.5 * np.tanh((time - START - 3600.0 - 7.0 * seed) / 130.0)
    voltage = 3.33 + 0.01 * passed[:, None] + 0.0006 * np.random.default_rng(seed).standard_normal((len(time), 4))
    voltage[:, 2] += 0.0055 * (1.0 - passed) - 0.001 * passed
    voltage[:, 3] -= 0.0055 * (1.0 - passed) - 0.001 * passed
    current = np.where(time < START + 3300.0, 25.1, 27.6)
    assert not told_of(sense_wires_swapped.DETECTOR, samples(time, current, np.round(voltage, 3)))


def test_a_bleed_that_goes_on_and_then_its_neighbours_is_no_exchange() -> None:
    """Over half an hour both bleed for the same time; what stepped is what the first did at the moment."""
    rows = np.array([*range(-LONG_SIDE, 0), *range(1, LONG_SIDE + 1)])
    duties = np.where(rows > 0, 1.0, 0.0) - np.where(rows > 14, 1.0, 0.0) - np.where(rows > 22, 1.0, 0.0)
    assert _mean_step(duties, rows) < BLEED_STEP
    assert by_bleed(duties, rows, -0.002)
    assert not by_bleed(duties, rows, 0.002)
    assert not by_bleed(np.where(rows > 14, 1.0, 0.0) * 0.5, rows, -0.002)


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
