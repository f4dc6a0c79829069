"""Temperature estimators on packs of known heat paths: values, intervals, faults, cuts, logs that tell nothing."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cellwarden.core.board import Board
from cellwarden.core.minute_block import MinuteBlock
from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation import thermal_kernel as kernel
from cellwarden.estimation.charge_tracks import (
    CurrentOffsetTrack,
    SelfDischargeTrack,
    SocTrack,
    VoltageOffsetTrack,
)
from cellwarden.estimation.polarisation_track import PolarisationTrack
from cellwarden.estimation.temperature_consensus import common_offsets
from cellwarden.estimation.thermal_path import initial_thermal_path, step_thermal_path
from cellwarden.estimation.thermal_tracks import TemperatureForecastTrack, TemperatureOffsetTrack, ThermalPathTrack
from tests.estimation.known_warmth import (
    CAPACITY_JOULE_PER_KELVIN,
    ESTIMATORS,
    LOAD_AMPERE,
    KnownPack,
    context_of,
    cut_track,
    no_edges,
    rows_of,
    run,
)

CASCADE = (SocTrack, SelfDischargeTrack, VoltageOffsetTrack, CurrentOffsetTrack, PolarisationTrack)
GIVEN = (ThermalPathTrack, TemperatureOffsetTrack, TemperatureForecastTrack)


@pytest.fixture(name="healthy", scope="module")
def healthy_pack() -> tuple[KnownPack, Board, FloatArray]:
    pack = KnownPack()
    minutes, board, warmth = rows_of(pack)
    return pack, run(minutes, board, context_of(pack)), warmth


def test_paths_time_constants_and_offsets_are_found(healthy: tuple[KnownPack, Board, FloatArray]) -> None:
    pack, board, _ = healthy
    path, offset = board.get(ThermalPathTrack), board.get(TemperatureOffsetTrack)
    truth = np.array(pack.path)
    assert np.abs(path.thermal_resistance_kelvin_per_watt[-1] / truth - 1.0).max() < 0.10
    assert np.abs(path.thermal_time_constant_second[-1] / (truth * CAPACITY_JOULE_PER_KELVIN) - 1.0).max() < 0.06
    assert (path.thermal_resistance_low_kelvin_per_watt[-1] < truth).all()
    assert (truth < path.thermal_resistance_high_kelvin_per_watt[-1]).all()
    assert np.isfinite(path.informed_unix_time_second[-1]).all()
    assert np.isnan(path.informed_unix_time_second[0]).all()
    assert np.abs(offset.offset_kelvin[-1] - np.array(pack.offset)).max() < 0.15
    assert (offset.offset_low_kelvin[-1] < np.array(pack.offset)).all()
    assert (np.array(pack.offset) < offset.offset_high_kelvin[-1]).all()


def test_the_forecast_holds_under_load(healthy: tuple[KnownPack, Board, FloatArray]) -> None:
    _, board, warmth = healthy
    assert np.abs(board.get(TemperatureForecastTrack).forecast_celsius[0] - warmth[0]).max() < 1.0
    forecast = board.get(TemperatureForecastTrack).forecast_celsius
    minute = np.arange(warmth.shape[0]) % 1440
    rows = np.flatnonzero((minute >= 605) & (minute < 699) & (np.arange(warmth.shape[0]) > 1440))
    ahead = np.stack([warmth[row : row + 21].max(axis=0) for row in rows])
    assert np.quantile(np.abs(forecast[rows] - ahead), 0.95) < 0.5
    assert (ahead - warmth[rows]).max() > 0.4, "the load must warm the cells, or nothing was tested"


def test_a_jump_of_a_sensor_is_its_offset_and_not_its_path() -> None:
    pack = KnownPack(change_day=3.3, offset_jump=2.5)
    minutes, board, _ = rows_of(pack)
    run(minutes, board, context_of(pack))
    offset, path = board.get(TemperatureOffsetTrack).offset_kelvin[:, -1], board.get(ThermalPathTrack)
    row = int(3.3 * 1440)
    assert abs(offset[row - 1]) < 0.3
    assert abs(offset[row + 15] - 2.5) < 0.3
    assert np.abs(path.path_log[row + 10 :, -1] - path.path_log[row - 1, -1]).max() < 0.1
    assert np.abs(board.get(TemperatureOffsetTrack).offset_kelvin[row:, :-1] - np.array(pack.offset[:-1])).max() < 0.3


def test_a_worse_path_is_not_an_offset() -> None:
    pack = KnownPack(days=8.0, change_day=4.0, path_factor=1.7)
    minutes, board, _ = rows_of(pack)
    run(minutes, board, context_of(pack))
    path, offset = board.get(ThermalPathTrack), board.get(TemperatureOffsetTrack)
    assert path.path_log[-1, -1] - path.path_log[4 * 1440 - 1, -1] == pytest.approx(np.log(1.7), abs=0.15)
    assert np.abs(path.path_log[-1, 0] - path.path_log[4 * 1440 - 1, 0]) < 0.05
    assert np.abs(offset.offset_kelvin[1440:, -1]).max() < 0.4


def test_what_flows_to_the_neighbours_is_learnt_where_one_path_is_worse() -> None:
    pack = KnownPack(days=9.0, change_day=3.0, path_factor=2.0)
    minutes, board, _ = rows_of(pack)
    run(minutes, board, context_of(pack))
    truth = np.array(pack.path) * np.array([1.0, 1.0, 1.0, 2.0]) * CAPACITY_JOULE_PER_KELVIN
    assert np.abs(board.get(ThermalPathTrack).thermal_time_constant_second[-1] / truth - 1.0).max() < 0.05


def _cut(minutes: MinuteBlock, board: Board, pack: KnownPack, cuts: list[int]) -> dict[type, list[object]]:
    context = context_of(pack)
    collected: dict[type, list[object]] = {kind: [] for kind in GIVEN}
    states = [plugin.initial(context) for plugin in ESTIMATORS]
    bounds = [0, *cuts, len(minutes)]
    for begin, end in itertools.pairwise(bounds):
        part = Board()
        for left in CASCADE:
            part.put(cut_track(board.get(left), begin, end))
        for k, plugin in enumerate(ESTIMATORS):
            rows = minutes.rows(begin, end)
            states[k] = plugin.step(states[k], rows, no_edges(context.cell_count), part, context)
        for kind in GIVEN:
            collected[kind].append(part.get(kind))
    return collected


@settings(max_examples=8)
@given(cuts=st.lists(st.integers(0, 2000), max_size=6), ambient=st.booleans())
def test_cuts_change_nothing(cuts: list[int], ambient: bool) -> None:  # noqa: FBT001
    pack = KnownPack(days=2000 / 1440, ambient=ambient)
    minutes, board, _ = rows_of(pack)
    whole = _cut(minutes, board, pack, [])
    parts = _cut(minutes, board, pack, sorted(cuts))
    for kind in GIVEN:
        for field in dataclasses.fields(kind):
            joined = np.concatenate([getattr(track, field.name) for track in parts[kind]])
            assert np.array_equal(joined, getattr(whole[kind][0], field.name), equal_nan=True), field.name


def test_without_ambient_there_is_no_path_but_a_forecast_and_offsets_between_sensors() -> None:
    pack = KnownPack(ambient=False, offset=(0.0, 0.0, 2.0, 0.0))
    minutes, board, warmth = rows_of(pack)
    run(minutes, board, context_of(pack))
    path, offset = board.get(ThermalPathTrack), board.get(TemperatureOffsetTrack)
    forecast = board.get(TemperatureForecastTrack)
    assert np.isnan(path.thermal_resistance_kelvin_per_watt).all()
    assert np.isnan(path.informed_unix_time_second).all()
    assert np.abs(offset.offset_kelvin[-1] - np.array(pack.offset)).max() < 0.4
    assert np.abs(forecast.forecast_celsius[2000:] - warmth[2000:]).max() < 4.0


def test_without_ambient_a_jump_of_a_sensor_is_told_within_hours() -> None:
    pack = KnownPack(ambient=False, days=4.0, change_day=2.0, offset_jump=1.5)
    minutes, board, _ = rows_of(pack)
    run(minutes, board, context_of(pack))
    offset = board.get(TemperatureOffsetTrack).offset_kelvin
    assert abs(offset[2 * 1440 - 1, -1]) < 0.4
    assert offset[2 * 1440 + 8 * 60, -1] == pytest.approx(1.5, abs=0.4)
    assert np.abs(offset[1440:, :-1] - np.array(pack.offset[:-1])).max() < 0.5


def test_without_ambient_a_worse_path_is_told_over_the_others_and_is_not_an_offset() -> None:
    pack = KnownPack(ambient=False, days=8.0, change_day=4.0, path_factor=2.4)
    minutes, board, _ = rows_of(pack)
    run(minutes, board, context_of(pack))
    path, offset = board.get(ThermalPathTrack), board.get(TemperatureOffsetTrack)
    rise = path.path_log[-1] - path.path_log[4 * 1440 - 1]
    assert rise[-1] == pytest.approx(np.log(2.4), abs=0.25)
    assert np.abs(rise[:-1]).max() < 0.1
    assert np.abs(offset.offset_kelvin[1440:] - np.array(pack.offset)).max() < 0.5
    assert np.isnan(path.thermal_resistance_kelvin_per_watt).all()


def test_of_two_sensors_without_ambient_none_is_told_over_the_other() -> None:
    pack = KnownPack(ambient=False, path=(3.0, 3.2), offset=(0.2, -0.2), days=3.0)
    minutes, board, _ = rows_of(pack)
    run(minutes, board, context_of(pack))
    assert np.isnan(board.get(ThermalPathTrack).path_log).all()
    assert np.abs(board.get(TemperatureOffsetTrack).offset_kelvin[-1] - np.array(pack.offset)).max() < 0.4


def test_without_current_the_path_is_not_told() -> None:
    pack = KnownPack(days=2.0, current=False)
    minutes, board, _ = rows_of(pack)
    run(minutes, board, context_of(pack))
    assert np.isnan(board.get(ThermalPathTrack).thermal_resistance_kelvin_per_watt).all()
    assert np.isfinite(board.get(TemperatureOffsetTrack).offset_kelvin[-1]).all()


def test_a_sensor_at_a_place_not_told_has_an_offset_only() -> None:
    pack = KnownPack(days=2.0, named=False)
    minutes, board, _ = rows_of(pack)
    run(minutes, board, context_of(pack))
    assert np.isnan(board.get(ThermalPathTrack).thermal_resistance_kelvin_per_watt).all()
    assert np.abs(board.get(TemperatureOffsetTrack).offset_kelvin[-1] - np.array(pack.offset)).max() < 0.5


def test_missing_readings_and_a_log_without_sensors() -> None:
    pack = KnownPack(days=3.0)
    minutes, board, _ = rows_of(pack)
    reading = minutes.temperature_celsius.copy()
    reading[1500:2500] = np.nan
    reading[:, 1] = np.nan
    ambient = minutes.ambient_temperature_celsius.copy()
    ambient[1000:1400] = np.nan
    holed = dataclasses.replace(minutes, temperature_celsius=reading, ambient_temperature_celsius=ambient)
    run(holed, board, context_of(pack))
    assert np.isfinite(board.get(TemperatureOffsetTrack).offset_kelvin[-1, [0, 2, 3]]).all()
    assert np.isnan(board.get(TemperatureForecastTrack).forecast_celsius[:, 1]).all()
    context = dataclasses.replace(context_of(pack), sensors=(), sensor_cells=())
    _, bare, _ = rows_of(pack)
    none = dataclasses.replace(
        minutes,
        temperature_celsius=np.zeros((len(minutes), 0)),
        temperature_unchanged_second=np.zeros((len(minutes), 0)),
    )
    run(none, bare, context)
    assert bare.get(TemperatureForecastTrack).forecast_celsius.shape == (len(minutes), 0)


def test_covariances_stay_symmetric_and_positive() -> None:
    pack = KnownPack(days=3.0)
    minutes, board, _ = rows_of(pack)
    context = context_of(pack)
    state = step_thermal_path(initial_thermal_path(context), minutes, no_edges(16), board, context)
    for p in state.filters.p:
        assert np.abs(p - p.T).max() < 1e-9
        assert np.linalg.eigvalsh(0.5 * (p + p.T)).min() > -1e-12


def test_one_step_of_the_node_equals_the_closed_form() -> None:
    """A heat step against ΔT = P·R·(1 − e^(−t/τ)), and the gradient by the path against differences."""
    groups, rows = 1, 60
    out = np.empty((rows, groups, kernel.OUTPUTS))
    heat = np.zeros((rows, groups, 5))
    heat[:, :, kernel.WATT] = 5.0

    def warmed(tau: float) -> float:
        x = np.zeros((groups, kernel.STATES))
        x[0, kernel.LOG_TAU], x[0, kernel.LOG_CAPACITY] = np.log(tau), np.log(2000.0)
        p = np.tile(1e-18 * np.eye(kernel.STATES), (groups, 1, 1))
        group = np.zeros((groups, kernel.GROUP_SLOTS))
        pack = np.array([0.0, np.nan, 0.0, np.nan])
        stamp = np.linspace(60.0, 60.0 * rows, rows)
        kernel.run_thermal_filters(
            x, p, group, pack, np.array([1.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 1e3]), x[0].copy(), p[0].copy(),
            np.arange(kernel.POTENTIAL_KNOTS) / 7.0, np.zeros(1), np.full((1, 2), -1), stamp,
            np.full(rows, 60.0), np.full((rows, 1), np.nan), np.zeros(rows), heat, np.zeros(rows),
            np.zeros((groups, kernel.BALANCE_SLOTS)), out,
        )  # fmt: skip
        return float(out[-1, 0, kernel.OUT_WARMTH])

    assert warmed(6000.0) == pytest.approx(5.0 * 3.0 * (1.0 - np.exp(-3600.0 / 6000.0)), rel=1e-6)


def test_one_sensor_far_off_does_not_move_the_others() -> None:
    difference = np.array([[0.1, -0.1, 0.0, 2.5], [0.1, -0.1, 0.0, np.nan], [5.0, 5.1, 4.9, 5.0]])
    out = np.empty((3, 2))
    common_offsets(difference, np.full(4, 0.5), 0.25, out)
    assert abs(out[0, 0]) < 0.1
    assert abs(out[1, 0]) < 0.05
    assert out[2, 0] == pytest.approx(-5.0, abs=0.2), "where all sensors agree the ambient is off"
    assert (out[:, 1] > 0.1).all()


def test_the_load_of_the_twin_is_what_the_tests_say() -> None:
    minutes, _, _ = rows_of(KnownPack(days=1.0))
    assert minutes.current_ampere.min() == -LOAD_AMPERE
