"""Sums over minute rows and rows for charts, with known answers and for any cut."""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cellwarden.core.board import Board
from cellwarden.core.minute_block import EdgeBlock, MinuteBlock
from cellwarden.core.pack_spec import BackupDuty
from cellwarden.core.results import CellResult, History, Interval
from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.plugin import PackContext
from cellwarden.estimation.resistance_track import ResistanceTrack
from cellwarden.runtime import history_fold
from cellwarden.runtime.cycle import advance_cycle, initial_cycle
from cellwarden.runtime.final_state import cell_results, current_offset, pack_readiness
from cellwarden.runtime.history_fold import HistoryFold
from cellwarden.runtime.next_log_advice import advice_for_next_log, assumptions_taken
from cellwarden.runtime.plugins import found_estimators
from cellwarden.runtime.usage_fold import UsageFold, without_offset
from tests.estimation.known_string import START, KnownString, string_context
from tests.estimation.sample_logs import minutes_of, samples
from tests.report.report_factory import finding

KNOWN = KnownString(stages=(), cells=2)
CONTEXT = string_context(KNOWN)
ROWS = 600
CURRENT = np.where(np.arange(ROWS) < 300, 20.0, -10.0)
TEMPERATURE = np.select([np.arange(ROWS) < 60, np.arange(ROWS) < 90], [46.0, -1.0], 25.0)


def rows_of(count: int = ROWS) -> tuple[MinuteBlock, EdgeBlock]:
    """One sample a minute, stamped at the minute's end."""
    volt = np.stack([np.full(count, 3.3), 3.3 + 0.001 * np.arange(count) / count], axis=1)
    block = samples(
        START + 60.0 * np.arange(count, dtype=np.float64),
        CURRENT[:count],
        volt,
        temperature_celsius=TEMPERATURE[:count, None].copy(),
    )
    return minutes_of(block, CONTEXT)


def board_of(minutes: MinuteBlock, soc: FloatArray, capacity_ah: float = 100.0, offset_ampere: float = 0.0) -> Board:
    """Tracks of the cycle over these rows, charge and capacity put in by hand."""
    _, output = advance_cycle(initial_cycle(CONTEXT), minutes, EDGES, CONTEXT)
    board = Board()
    for kind in (kind for plugin in found_estimators() for kind in plugin.gives):
        track: Any = output.board.get(kind)
        if kind.__name__ == "SocTrack":
            both = np.stack([soc, soc], axis=1)
            track = dataclasses.replace(
                track,
                soc_fraction=both,
                soc_low_fraction=both - 0.01,
                soc_high_fraction=both + 0.01,
                ocv_volt=np.full_like(both, 3.3),
                full_count=np.ones(len(minutes)),
            )
        if kind.__name__ == "CapacityTrack":
            track = dataclasses.replace(track, capacity_ah=np.full((len(minutes), 2), capacity_ah))
        if kind.__name__ == "CurrentOffsetTrack":
            same = np.full(len(minutes), offset_ampere)
            track = dataclasses.replace(
                track, current_offset_ampere=same, current_offset_low_ampere=same, current_offset_high_ampere=same
            )
        board.put(track)
    return board


def cut(board: Board, begin: int, end: int) -> Board:
    part = Board()
    for kind in (kind for plugin in found_estimators() for kind in plugin.gives):
        track: Any = board.get(kind)
        part.put(kind(**{item.name: getattr(track, item.name)[begin:end] for item in dataclasses.fields(track)}))
    return part


MINUTES, EDGES = rows_of()
LEVEL = 0.5 + np.cumsum(CURRENT) / 60.0 / 100.0
BOARD = board_of(MINUTES, LEVEL)


def test_usage_of_a_known_course() -> None:
    fold = UsageFold(CONTEXT)
    fold.add(MINUTES, BOARD)
    usage = fold.usage()
    # trapezoids: 299 steps at 20 A, one across to −10 A (a third of it below zero), 299 at −10 A
    charged, discharged = (299 * 20.0 + 20.0 / 3.0) / 60.0, (299 * 10.0 + 10.0 / 6.0) / 60.0
    assert usage.charge_throughput_ah == pytest.approx(charged + discharged, rel=0.003)
    assert usage.equivalent_full_cycles == pytest.approx(0.5 * (charged + discharged) / 100.0, rel=0.003)
    assert usage.energy_charged_kilowatt_hour == pytest.approx(charged * 6.6 / 1000.0, rel=0.003)
    assert usage.energy_discharged_kilowatt_hour == pytest.approx(discharged * 6.6 / 1000.0, rel=0.003)
    assert usage.hours_above_45_celsius == pytest.approx(1.0, abs=0.02)
    assert usage.hours_below_0_celsius == pytest.approx(0.5, abs=0.02)
    assert usage.round_trip_efficiency_fraction is None  # less than one cycle


@pytest.mark.parametrize("offset", [0.5, -0.5])
def test_what_a_sensor_that_is_off_reads_is_neither_charge_nor_energy(offset: float) -> None:
    fold = UsageFold(CONTEXT)
    current = np.where(np.arange(ROWS) < 200, 20.0, np.where(np.arange(ROWS) < 400, -18.0, 0.0)) + offset
    time, warm = START + 60.0 * np.arange(ROWS, dtype=np.float64), np.full((ROWS, 1), 25.0)
    block = samples(time, current, np.full((ROWS, 2), 3.3), temperature_celsius=warm)
    minutes, _ = minutes_of(block, CONTEXT)
    fold.add(minutes, board_of(minutes, np.full(ROWS, 0.5), capacity_ah=40.0, offset_ampere=offset))
    usage = fold.usage()
    assert usage.charge_throughput_ah == pytest.approx(200 * 38.0 / 60.0, rel=0.01)
    assert usage.energy_charged_kilowatt_hour == pytest.approx(200 * 20.0 / 60.0 * 6.6 / 1000.0, rel=0.01)
    assert usage.round_trip_efficiency_fraction == pytest.approx(0.9, abs=0.01)


@given(st.floats(0.0, 5.0), st.floats(0.0, 5.0), st.floats(-3.0, 3.0))
def test_taking_an_offset_out_keeps_the_balance_and_leaves_nothing_negative(
    inward: float, outward: float, misread: float
) -> None:
    less, more = without_offset(np.array([inward]), np.array([outward]), np.array([misread]))
    assert less[0] - more[0] == pytest.approx(inward - outward - misread, abs=1e-9)
    assert min(less[0], more[0]) >= 0.0


def test_deep_discharges_count_once_until_recovered() -> None:
    soc: FloatArray = np.full(ROWS, 0.8)
    for begin, end, level in [(50, 60, 0.1), (60, 70, 0.3), (70, 80, 0.1), (150, 160, 0.15), (300, 310, 0.25)]:
        soc[begin:end] = level
    fold = UsageFold(CONTEXT)
    fold.add(MINUTES, board_of(MINUTES, soc))
    assert fold.usage().deep_discharges == 2


@settings(max_examples=10)
@given(cuts=st.lists(st.integers(1, ROWS - 1), max_size=10))
def test_usage_and_history_do_not_depend_on_the_blocks(cuts: list[int]) -> None:
    usage, history = UsageFold(CONTEXT), HistoryFold()
    whole_usage, whole_history = UsageFold(CONTEXT), HistoryFold()
    whole_usage.add(MINUTES, BOARD)
    whole_history.add(MINUTES, BOARD)
    for begin, end in itertools.pairwise(sorted({0, *cuts, ROWS})):
        usage.add(MINUTES.rows(begin, end), cut(BOARD, begin, end))
        history.add(MINUTES.rows(begin, end), cut(BOARD, begin, end))
    mine, other = dataclasses.asdict(usage.usage()), dataclasses.asdict(whole_usage.usage())
    assert [value for value in mine.values() if value is not None] == pytest.approx(
        [value for value in other.values() if value is not None], rel=1e-12
    )
    for item in dataclasses.fields(History):
        a, b = getattr(history.history(), item.name), getattr(whole_history.history(), item.name)
        np.testing.assert_array_equal(a, b, item.name)


def test_a_short_history_is_the_minutes_themselves() -> None:
    fold = HistoryFold()
    fold.add(MINUTES, BOARD)
    history = fold.history()
    np.testing.assert_array_equal(history.unix_time_second, MINUTES.unix_time_second)
    np.testing.assert_allclose(history.current_ampere, MINUTES.current_ampere)
    np.testing.assert_allclose(history.soc_fraction[:, 0], LEVEL, rtol=1e-6)


def test_a_long_history_holds_means_sums_extremes_and_the_last_state(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history_fold, "MOST_ROWS", 160)
    fold = HistoryFold()
    fold.add(MINUTES, BOARD)
    history = fold.history()  # 600 rows: spans of 4 minutes by the clock
    ends = 240.0 * np.ceil(MINUTES.unix_time_second / 240.0)
    span = ends == ends[100]
    place = int(np.searchsorted(history.unix_time_second, MINUTES.unix_time_second[span][-1]))
    assert len(history.unix_time_second) <= 160
    assert span.sum() == 4
    assert history.unix_time_second[place] == MINUTES.unix_time_second[span][-1]
    assert history.current_ampere[place] == pytest.approx(MINUTES.current_ampere[span].mean())
    assert history.voltage_volt[place] == pytest.approx(MINUTES.voltage_volt[span].mean(axis=0))
    assert history.voltage_maximum_volt[place] == pytest.approx(MINUTES.voltage_maximum_volt[span].max(axis=0))
    assert history.voltage_minimum_volt[place] == pytest.approx(MINUTES.voltage_minimum_volt[span].min(axis=0))
    assert history.soc_fraction[place, 0] == pytest.approx(LEVEL[span][-1])


def test_the_final_state_is_the_last_row_and_none_where_nothing_tells() -> None:
    cells = cell_results(BOARD, CONTEXT)
    assert [cell.cell for cell in cells] == [1, 2]
    assert cells[0].soc_fraction is not None
    assert cells[0].soc_fraction.value == pytest.approx(LEVEL[-1])
    assert cells[0].capacity_ah is not None
    assert cells[0].capacity_ah.value == 100.0
    assert cells[0].resistance_ohm is not None
    assert cells[0].resistance_ohm.value == BOARD.get(ResistanceTrack).resistance_ohm[-1, 0]
    silent = dataclasses.replace(CONTEXT, has_current=False)
    without = cell_results(BOARD, silent)[0]
    assert (without.capacity_ah, without.resistance_ohm, without.self_discharge_ampere) == (None, None, None)
    assert current_offset(BOARD, silent) is None
    assert pack_readiness(MINUTES, BOARD, silent, ()) is None
    reversed_sign = finding("current_sign_reversed", None)
    asked = dataclasses.replace(CONTEXT.pack, backup=BackupDuty(load_watt=100.0, duration_hour=1.0))
    backed = dataclasses.replace(CONTEXT, pack=asked)
    assert pack_readiness(MINUTES, BOARD, backed, (reversed_sign,)) is None
    over = dataclasses.replace(reversed_sign, cleared_unix_time_second=START + 120.0)
    assert pack_readiness(MINUTES, BOARD, backed, (over,)) is not None


def result_of(*, informed: bool) -> CellResult:
    known = Interval(1.0, 0.9, 1.1, START if informed else None)
    return CellResult(
        cell=1,
        soc_fraction=known,
        capacity_ah=known,
        resistance_ohm=known,
        self_discharge_ampere=known,
        voltage_offset_volt=known,
    )


def advice(context: PackContext, *, informed: bool, fulls: float = 1.0, interval: float = 1.0) -> str:
    cells = (result_of(informed=informed),) * 2
    return " ".join(advice_for_next_log(context, cells, (), fulls, 0.62, interval))


def test_advice_tells_what_is_missing_and_only_that() -> None:
    bare = dataclasses.replace(CONTEXT, sensors=(), sensor_cells=(), has_balancing=False)
    said = advice(bare, informed=False, fulls=0.0, interval=60.0)
    for words in (
        "never fully charged",
        "left 62 %",
        "does not tell resistance",
        "balancer's",
        "no temperature",
        "every 60 s",
    ):
        assert words in said
    quiet = advice(CONTEXT, informed=True)
    for words in ("never fully charged", "Capacity", "tell resistance", "balancer", "no temperature", "A sample every"):
        assert words not in quiet
    assert "holds no current" in advice(dataclasses.replace(CONTEXT, has_current=False), informed=False)


def test_nothing_is_advised_about_rows_that_a_finding_has_judged() -> None:
    assert "A sample every 60 s" in advice(CONTEXT, informed=True, interval=60.0)
    cells = (result_of(informed=True),) * 2
    judged = advice_for_next_log(CONTEXT, cells, (), 1.0, 0.62, 60.0, is_sampling_judged=True)
    assert "A sample every" not in " ".join(judged)


def test_only_what_is_not_stated_is_assumed() -> None:
    assert sum("in 19 of 20 cases" in line for line in assumptions_taken(CONTEXT)) == 4
    assert not any("sigma" in line for line in assumptions_taken(CONTEXT))
    stated = frozenset({"voltage_offset_tolerance_volt", "current_offset_tolerance_ampere"})
    sensors = dataclasses.replace(CONTEXT.pack.sensors, stated=stated)
    context = dataclasses.replace(CONTEXT, pack=dataclasses.replace(CONTEXT.pack, sensors=sensors))
    said = assumptions_taken(context)
    assert sum("in 19 of 20 cases" in line for line in said) == 2
    assert not any("voltage offset" in line for line in said)
