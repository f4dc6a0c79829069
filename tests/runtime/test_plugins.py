"""What every estimator and detector promises, checked on each that is found."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from functools import cache
from typing import Any

import numpy as np
import pytest

from cellwarden.core.board import Board
from cellwarden.core.finding import Evidence
from cellwarden.core.minute_block import EdgeBlock, MinuteBlock
from cellwarden.diagnosis.plugin import DetectorPlugin
from cellwarden.estimation.plugin import EstimatorPlugin, PackContext
from cellwarden.runtime.plugins import found_detectors, found_estimators, order_by_needs
from tests.estimation.known_string import CHARGE, DEEP, KnownString, course_of, string_context
from tests.estimation.sample_logs import minutes_of

KNOWN = KnownString(stages=(CHARGE, DEEP), cells=3, capacity_ah=np.array([102.0, 90.0, 102.0]))
CONTEXT = string_context(KNOWN)
ESTIMATORS, DETECTORS = found_estimators(), found_detectors()
Plugin = EstimatorPlugin | DetectorPlugin

each = pytest.mark.parametrize(
    "plugin",
    [*ESTIMATORS, *DETECTORS],
    ids=lambda item: item.name if isinstance(item, EstimatorPlugin) else item.kinds[0],
)


@cache
def rows() -> tuple[MinuteBlock, EdgeBlock]:
    return minutes_of(course_of(KNOWN).samples, CONTEXT)


def no_edges() -> EdgeBlock:
    edges = rows()[1]
    names = [field.name for field in dataclasses.fields(EdgeBlock)]
    return EdgeBlock(**{name: getattr(edges, name)[:0] for name in names})


def board_before(plugin: Plugin, minutes: MinuteBlock, edges: EdgeBlock) -> Board:
    """The tracks of all estimators that come before this plug-in."""
    board = Board()
    for estimator in ESTIMATORS:
        if estimator is plugin:
            break
        estimator.step(estimator.initial(CONTEXT), minutes, edges, board, CONTEXT)
    return board


def step(plugin: Plugin, state: Any, minutes: MinuteBlock, edges: EdgeBlock, board: Board) -> tuple[Any, object]:
    """State and what was given: tracks or evidence."""
    if isinstance(plugin, DetectorPlugin):
        return plugin.step(state, minutes, board, CONTEXT)
    after = Board()
    for kind in plugin.needs:
        after.put(board.get(kind))
    new = plugin.step(state, minutes, edges, after, CONTEXT)
    return new, [after.get(kind) for kind in plugin.gives]


def bits(value: object) -> list[object]:
    """All that a value holds, comparable bit for bit: arrays as their bytes, the rest as words."""
    if isinstance(value, np.ndarray):
        return [value.shape, value.dtype.str, value.tobytes()]
    if dataclasses.is_dataclass(value):
        return [part for field in dataclasses.fields(value) for part in bits(getattr(value, field.name))]
    if isinstance(value, dict):
        return [part for item in value.items() for part in bits(item)]
    if isinstance(value, list | tuple):
        return [len(value), *(part for item in value for part in bits(item))]
    return [repr(value)]


def test_estimators_come_after_what_they_need() -> None:
    given: set[type] = set()
    for plugin in ESTIMATORS:
        assert given.issuperset(plugin.needs), plugin.name
        assert not given.intersection(plugin.gives), plugin.name
        given.update(plugin.gives)
    for detector in DETECTORS:
        assert given.issuperset(detector.needs), detector.kinds


def test_names_and_kinds_are_unique() -> None:
    names = [plugin.name for plugin in ESTIMATORS]
    kinds = [kind for plugin in DETECTORS for kind in plugin.kinds]
    assert len(set(names)) == len(names)
    assert len({plugin.kinds[0] for plugin in DETECTORS}) == len(DETECTORS)
    assert {"self_discharge", "capacity_low", "soc_imbalance", "voltage_sensor_offset"} <= set(kinds)
    assert "charge" in names


@each
def test_the_state_can_be_stored(plugin: Plugin) -> None:
    minutes, edges = rows()
    board = board_before(plugin, minutes, edges)
    half = len(minutes) // 2
    state, _ = step(plugin, plugin.initial(CONTEXT), minutes.rows(0, half), no_edges(), board_rows(board, 0, half))
    rest = minutes.rows(half, len(minutes))
    later = board_rows(board, half, len(minutes))
    stored = pickle.loads(pickle.dumps(state))  # noqa: S301
    assert bits(step(plugin, stored, rest, no_edges(), later)) == bits(step(plugin, state, rest, no_edges(), later))


def board_rows(board: Board, begin: int, end: int) -> Board:
    """Rows of all tracks."""
    cut = Board()
    for estimator in ESTIMATORS:
        for kind in estimator.gives:
            track: Any = board.find(kind)
            if track is not None:
                values = {item.name: getattr(track, item.name)[begin:end] for item in dataclasses.fields(track)}
                cut.put(kind(**values))
    return cut


@each
def test_inputs_are_left_as_they_were_and_a_second_call_gives_the_same(plugin: Plugin) -> None:
    minutes, edges = rows()
    board = board_before(plugin, minutes, edges)
    state = plugin.initial(CONTEXT)
    before = bits((copy.deepcopy(state), copy.deepcopy(minutes), copy.deepcopy(edges), board_tracks(board)))
    first = bits(step(plugin, state, minutes, edges, board))
    assert bits((copy.deepcopy(state), copy.deepcopy(minutes), copy.deepcopy(edges), board_tracks(board))) == before
    assert bits(step(plugin, state, minutes, edges, board)) == first


def board_tracks(board: Board) -> list[object]:
    return [copy.deepcopy(board.find(kind)) for estimator in ESTIMATORS for kind in estimator.gives]


@each
def test_zero_minutes_change_nothing_and_say_nothing(plugin: Plugin) -> None:
    minutes, _ = rows()
    empty = minutes.rows(0, 0)
    board = board_before(plugin, empty, no_edges())
    _, given = step(plugin, plugin.initial(CONTEXT), empty, no_edges(), board)
    if isinstance(plugin, DetectorPlugin):
        assert given == []
    else:
        assert isinstance(given, list)
        for track in given:
            assert all(len(getattr(track, field.name)) == 0 for field in dataclasses.fields(track))


MEASURED = tuple(
    field.name
    for field in dataclasses.fields(MinuteBlock)
    if field.name.startswith(
        ("voltage_m", "voltage_last", "current_m", "current_last", "temperature_celsius", "pack_v")
    )
    or field.name in {"voltage_volt", "current_ampere", "ambient_temperature_celsius", "impedance_ohm"}
)


@each
@pytest.mark.parametrize("lost", ["voltage", "current", "temperature", ""])
def test_minutes_without_a_value_are_survived(plugin: Plugin, lost: str) -> None:
    minutes, _ = rows()
    nothing = {name: np.full_like(getattr(minutes, name), np.nan) for name in MEASURED if lost in name}
    minutes = dataclasses.replace(minutes, **nothing)
    board = board_before(plugin, minutes, no_edges())
    _, given = step(plugin, plugin.initial(CONTEXT), minutes, no_edges(), board)
    assert isinstance(given, list)
    for item in given:
        if isinstance(item, Evidence):
            assert np.isfinite([item.magnitude, item.magnitude_low, item.magnitude_high, item.confidence]).all()
            assert minutes.unix_time_second[0] <= item.at_unix_time_second <= minutes.unix_time_second[-1]
        else:
            tracks = [getattr(item, field.name) for field in dataclasses.fields(item)]
            assert all(len(track) == len(minutes) for track in tracks if isinstance(track, np.ndarray))


def estimator(name: str, needs: tuple[type, ...], gives: tuple[type, ...]) -> EstimatorPlugin:
    def initial(context: PackContext) -> None:
        del context

    def unused(*arguments: object) -> None:
        raise AssertionError(arguments)

    return EstimatorPlugin(name=name, needs=needs, gives=gives, initial=initial, step=unused)


def test_order_follows_the_needs_and_names_break_ties() -> None:
    last, first, middle = estimator("a", (int,), ()), estimator("z", (), (str,)), estimator("m", (str,), (int,))
    assert order_by_needs([last, first, middle]) == (first, middle, last)
    free = [estimator(name, (), ()) for name in "cab"]
    assert [plugin.name for plugin in order_by_needs(free)] == ["a", "b", "c"]


@pytest.mark.parametrize(
    "circle",
    [
        [estimator("lonely", (bytes,), ())],
        [estimator("hen", (str,), (int,)), estimator("egg", (int,), (str,))],
    ],
    ids=["missing", "circle"],
)
def test_needs_that_nobody_meets_are_refused_by_name(circle: list[EstimatorPlugin]) -> None:
    with pytest.raises(ValueError, match=circle[0].name):
        order_by_needs(circle)
