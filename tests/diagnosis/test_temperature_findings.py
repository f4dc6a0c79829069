"""Findings of temperature sensors and heat paths on packs of known ones."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest

from cellwarden.core.board import Board
from cellwarden.core.finding import Evidence, Severity
from cellwarden.core.minute_block import MinuteBlock
from cellwarden.diagnosis import (
    cold_charge,
    temperature_rise_forecast,
    temperature_sensor_offset,
    thermal_path_degraded,
)
from cellwarden.estimation.plugin import PackContext
from tests.estimation.known_warmth import START, KnownPack, context_of, cut_track, rows_of, run

DETECTORS = tuple(
    module.DETECTOR
    for module in (temperature_sensor_offset, thermal_path_degraded, temperature_rise_forecast, cold_charge)
)


def analysed(pack: KnownPack) -> tuple[MinuteBlock, Board, PackContext]:
    minutes, board, _ = rows_of(pack)
    context = context_of(pack)
    return minutes, run(minutes, board, context), context


def evidence_of(minutes: MinuteBlock, board: Board, context: PackContext) -> list[Evidence]:
    found: list[Evidence] = []
    for detector in DETECTORS:
        found += detector.step(detector.initial(context), minutes, board, context)[1]
    return found


def day(item: Evidence) -> float:
    return (item.at_unix_time_second - START) / 86400.0


def test_a_healthy_pack_gives_no_evidence() -> None:
    assert evidence_of(*analysed(KnownPack())) == []


def test_an_offset_that_comes_is_found_within_hours_and_nothing_else() -> None:
    found = evidence_of(*analysed(KnownPack(change_day=3.3, offset_jump=-1.6)))
    assert {item.kind for item in found} == {"temperature_sensor_offset"}
    assert {item.sensor for item in found} == {"t4"}
    assert 3.3 < day(found[0]) < 3.8
    assert found[0].severity is Severity.WARNING
    assert found[-1].magnitude == pytest.approx(-1.6, abs=0.3)
    assert found[-1].magnitude_low < -1.6 < found[-1].magnitude_high


def test_an_offset_from_the_start_is_found_within_half_a_day() -> None:
    found = evidence_of(*analysed(KnownPack(days=2.0, offset=(0.1, 0.0, 2.0, 0.0))))
    assert {(item.kind, item.sensor) for item in found} == {("temperature_sensor_offset", "t3")}
    assert day(found[0]) < 0.5


def test_a_worse_path_is_found_within_two_discharges_and_nothing_else() -> None:
    found = evidence_of(*analysed(KnownPack(days=8.0, change_day=4.0, path_factor=1.7)))
    assert {(item.kind, item.sensor) for item in found} == {("thermal_path_degraded", "t4")}
    assert 4.0 < day(found[0]) < 6.0
    assert 0.5 * 0.7 < found[-1].magnitude - 1.0 < 2.0 * 0.7
    assert "13, 14, 15, 16" in found[-1].explanation


def test_a_path_that_was_bad_when_the_log_began_is_told_by_the_other_sensors() -> None:
    found = evidence_of(*analysed(KnownPack(days=5.0, change_day=0.0, path_factor=1.8)))
    assert {(item.kind, item.sensor) for item in found} == {("thermal_path_degraded", "t4")}
    assert found[-1].magnitude == pytest.approx(1.8, rel=0.15)
    assert found[-1].magnitude_low < 1.8 < found[-1].magnitude_high
    assert "worse than those under the other sensors" in found[-1].explanation


def test_paths_that_differ_a_little_from_the_start_are_nothing_to_tell() -> None:
    assert evidence_of(*analysed(KnownPack(days=5.0, change_day=0.0, path_factor=1.25))) == []


def test_the_sensor_that_comes_back_is_let_go() -> None:
    pack = KnownPack(days=5.0, change_day=2.0, offset_jump=2.5)
    minutes, board, _ = rows_of(pack)
    reading = minutes.temperature_celsius.copy()
    reading[int(3.5 * 1440) :, -1] -= 2.5
    mended = dataclasses.replace(minutes, temperature_celsius=reading)
    context = context_of(pack)
    found = evidence_of(mended, run(mended, board, context), context)
    assert found[-1].severity is None
    assert 3.5 < day(found[-1]) < 3.6


def test_heat_above_the_limit_is_forecast_before_it_comes() -> None:
    pack = KnownPack(days=3.0, ambient_celsius=52.5)
    minutes, board, context = analysed(pack)
    found = [item for item in evidence_of(minutes, board, context) if item.kind == "temperature_rise_forecast"]
    assert found, "the charge at 52 °C must be seen to pass 55 °C"
    assert all(item.severity in {None, Severity.WARNING, Severity.CRITICAL} for item in found)
    assert all(item.magnitude > 55.0 for item in found if item.severity is not None)
    cool = KnownPack(days=3.0, ambient_celsius=40.0)
    assert not [item for item in evidence_of(*analysed(cool)) if item.kind == "temperature_rise_forecast"]


def test_charge_in_the_cold_is_counted_once_it_is_certain() -> None:
    minutes, board, context = analysed(KnownPack(days=2.0, ambient_celsius=-9.0))
    found = [item for item in evidence_of(minutes, board, context) if item.kind == "cold_charge"]
    assert found[0].severity is Severity.WARNING
    assert found[0].cell is None
    assert found[0].sensor is None
    assert 0.1 < found[0].magnitude < 2.0
    assert found[-1].magnitude == pytest.approx(160.0, rel=0.02), "40 A for two hours on two days"
    mild = evidence_of(*analysed(KnownPack(days=2.0, ambient_celsius=6.0)))
    assert not [item for item in mild if item.kind == "cold_charge"]


@pytest.mark.parametrize(
    "pack",
    [
        KnownPack(days=3.0, ambient_celsius=-9.0, change_day=1.1, offset_jump=2.0),
        KnownPack(days=5.0, change_day=0.0, path_factor=1.8),
    ],
    ids=["offset", "path"],
)
def test_cuts_change_no_evidence(pack: KnownPack) -> None:
    minutes, board, context = analysed(pack)
    tracks = [track for detector in DETECTORS for track in detector.needs]
    rng = np.random.default_rng(4)
    bounds = [0, *sorted(rng.integers(0, len(minutes), 20).tolist()), len(minutes)]
    for detector in DETECTORS:
        whole = detector.step(detector.initial(context), minutes, board, context)[1]
        state, parts = detector.initial(context), []
        for begin, end in itertools.pairwise(bounds):
            part = Board()
            for kind in dict.fromkeys(tracks):
                part.put(cut_track(board.get(kind), begin, end))
            state, some = detector.step(state, minutes.rows(begin, end), part, context)
            parts += some
        assert parts == whole
