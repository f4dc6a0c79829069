"""Findings of the charge cascade's quantities on made-up tracks: raised, held, let go, and what their words say."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellwarden.core.board import Board
from cellwarden.core.finding import Evidence, Severity
from cellwarden.core.minute_block import IntArray, MinuteBlock
from cellwarden.core.sample_block import FloatArray
from cellwarden.diagnosis import (
    capacity_low,
    current_sensor_offset,
    self_discharge,
    soc_imbalance,
    voltage_sensor_offset,
)
from cellwarden.diagnosis.cadence import LEVELS
from cellwarden.diagnosis.deviation_watch import (
    Deviation,
    WatchState,
    chance_beyond,
    initial_watch,
    watch_deviation,
)
from cellwarden.diagnosis.plugin import DetectorPlugin
from cellwarden.diagnosis.spread import robust_sigma
from cellwarden.estimation.charge_tracks import (
    CapacityTrack,
    CurrentOffsetTrack,
    SelfDischargeTrack,
    SocTrack,
    VoltageOffsetTrack,
)
from cellwarden.estimation.float_leak import FloatLeakTrack
from cellwarden.estimation.plugin import PackContext
from cellwarden.estimation.polarisation_track import PolarisationTrack
from tests.estimation.known_string import START, KnownString, string_context
from tests.estimation.sample_logs import minutes_of, samples

CELLS = 8
ODD = 4  # cell 5
HOUR = 3600.0


def hourly(hours: int, volt: FloatArray | float = 3.4, cells: int = CELLS) -> MinuteBlock:
    """Rows of that many full hours and of the minutes between two of them, which nothing slow looks at."""
    time = START + HOUR * np.arange(1, hours + 1, dtype=float)
    time = np.sort(np.concatenate([time, time[:-1] + 60.0 * 7]))
    block = samples(time, np.zeros(len(time)), np.broadcast_to(volt, (len(time), cells)))
    rows, _ = minutes_of(block)
    kept = np.isin(rows.unix_time_second, time)
    names = [item.name for item in dataclasses.fields(MinuteBlock)]
    return MinuteBlock(**{name: getattr(rows, name)[kept] for name in names})


def of_hours(minutes: MinuteBlock, values: FloatArray) -> FloatArray:
    """(M, …) the value of the hour that a row is in, of (hours, …)."""
    hour = np.ceil((minutes.unix_time_second - START) / HOUR).astype(int) - 1
    return np.asarray(values[np.clip(hour, 0, len(values) - 1)])


@dataclass(frozen=True)
class _Here:
    """The same callbacks for a block that begins at a later row."""

    whole_of_rows: Callable[[IntArray], Deviation]
    whole_say: Callable[[int, int, Severity | None, float, float], Evidence]
    begin: int

    def of_rows(self, rows: IntArray) -> Deviation:
        return self.whole_of_rows(self.begin + rows)

    def say(self, row: int, channel: int, severity: Severity | None, since: float, chance: float) -> Evidence:
        return self.whole_say(self.begin + row, channel, severity, since, chance)


def watched(
    values: FloatArray, sigma: float = 0.05, *, hours_needed: float = 0.0, known: FloatArray | None = None
) -> list[tuple[int, Severity | None, int]]:
    """(hour, severity, hour first seen) of one channel with limit 1 and pressing 10."""
    minutes = hourly(len(values))
    track = of_hours(minutes, values)
    seen = np.ones(len(minutes)) if known is None else of_hours(minutes, known)

    def of_rows(rows: IntArray) -> Deviation:
        return Deviation(
            value=track[rows, None],
            sigma=np.full((len(rows), 1), sigma),
            limit=1.0,
            pressing=10.0,
            known=seen[rows, None] > 0,
            hours_needed=hours_needed,
        )

    def say(row: int, channel: int, severity: Severity | None, since: float, chance: float) -> Evidence:
        assert channel == 0
        at = float(minutes.unix_time_second[row])
        return Evidence(
            at_unix_time_second=at,
            kind="k",
            cell=1,
            sensor=None,
            severity=severity,
            confidence=chance,
            first_seen_unix_time_second=since,
        )

    held: list[Evidence] = []
    state: WatchState = initial_watch(1)
    for hour in range(len(minutes)):  # in blocks of one row
        here = _Here(of_rows, say, hour)
        state, some = watch_deviation(state, minutes.rows(hour, hour + 1), here.of_rows, here.say)
        held += some
    _, at_once = watch_deviation(initial_watch(1), minutes, of_rows, say)
    assert held == at_once
    return [(hour_of(e.at_unix_time_second), e.severity, hour_of(e.first_seen_unix_time_second)) for e in held]


def hour_of(time: float) -> int:
    assert (time - START) % HOUR == 0.0
    return round((time - START) / HOUR)


def test_two_sure_hours_raise_and_the_first_half_is_where_it_was_first_seen() -> None:
    said = watched(np.array([0.1, 0.6, 0.8, 1.5, 1.5, 1.5]))
    assert said == [(5, Severity.WARNING, 2), (6, Severity.WARNING, 2)]


def test_one_hour_alone_raises_nothing() -> None:
    assert watched(np.array([0.0, 1.5, 0.9, 1.5, 0.9, 1.5, 0.2])) == []


def test_what_is_beyond_but_not_surely_raises_nothing() -> None:
    assert watched(np.full(6, 1.05), sigma=0.05) == []
    assert watched(np.full(6, 1.05), sigma=0.02) != []


def test_it_is_held_between_sixty_percent_and_the_limit_and_let_go_once_below() -> None:
    said = watched(np.array([1.5, 1.5, 0.9, 0.61, 0.59, 0.9, 0.3]))
    assert [(hour, severity) for hour, severity, _ in said] == [
        (2, Severity.WARNING),
        (3, Severity.WARNING),
        (4, Severity.WARNING),
        (5, None),
    ]


def test_the_size_counts_whatever_the_sign() -> None:
    assert watched(np.full(3, -1.5)) == watched(np.full(3, 1.5)) != []


def test_far_beyond_is_critical_and_stays_so_while_it_is_raised() -> None:
    said = watched(np.array([12.0, 12.0, 9.0, 9.0]))
    assert [severity for _, severity, _ in said] == [Severity.CRITICAL] * 3


def test_half_the_limit_must_have_lasted_as_long_as_needed() -> None:
    said = watched(np.full(10, 1.5), hours_needed=5.0)
    assert said[0] == (6, Severity.WARNING, 1)


def test_unknown_hours_neither_raise_nor_let_go() -> None:
    known = np.array([1.0, 1.0, 0.0, 0.0, 1.0])
    said = watched(np.array([1.5, 1.5, np.nan, 0.0, 0.2]), known=known)
    assert [severity for _, severity, _ in said] == [Severity.WARNING, Severity.WARNING, Severity.WARNING, None]
    assert watched(np.full(4, 5.0), known=np.zeros(4)) == []


def test_chance_is_the_normal_distributions() -> None:
    value = np.array([1.0, 1.0 + 0.0196, -1.0 - 0.0196, 0.0])
    expected = [0.5, 0.975, 0.975, 0.0]
    assert chance_beyond(value, np.full(4, 0.01), 1.0) == pytest.approx(expected, abs=1e-4)


def test_the_robust_sigma_is_that_of_the_healthy_ones() -> None:
    values = np.random.default_rng(1).normal(5.0, 2.0, 4001)
    values[:400] = 1e6
    assert robust_sigma(values) == pytest.approx(2.0, rel=0.2)
    assert robust_sigma(np.array([1.0, 9.0])) == 0.0
    assert robust_sigma(np.array([1.0, np.nan, 9.0, np.nan])) == 0.0


@dataclass(frozen=True, kw_only=True)
class Tracks:
    """Truth of the made-up tracks; (hours, n_cells), (hours,) for the current's offset."""

    hours: int = 30
    leak_ampere: FloatArray | float = 0.0
    capacity_ah: FloatArray | float = 100.0
    offset_volt: FloatArray | float = 0.0
    behind_ah: FloatArray | float = 0.0
    current_offset_ampere: float = 0.0
    voltage_volt: FloatArray | float = 3.4
    delivered_ah: float = 0.0
    curve_is_known: bool = True
    soc_fraction: FloatArray | float = 0.99
    slope_volt: float = 1.0
    informed: bool = True
    fulls: float = 1.0
    bled_ah: FloatArray | float = 0.0  # in an hour
    log_slope_sigma: float = 0.05
    context: PackContext = field(default_factory=lambda: string_context(KnownString(stages=(), cells=CELLS)))


def odd(value: float, others: float = 0.0) -> FloatArray:
    return np.where(np.arange(CELLS) == ODD, value, others)


def circuit(tracks: Tracks, rows: int) -> PolarisationTrack:
    """The circuit's track, by the member of the family that is known or by one that is learnt."""
    known = [len(curve.modes_volt) == 0 for curve in tracks.context.model.ocv_curves]
    some = np.zeros(rows)
    return PolarisationTrack(
        prompt_ohm=some,
        first_ohm=some,
        second_ohm=some,
        log_sigma=some,
        activation_kelvin=some,
        cell_factor=np.ones((rows, tracks.context.cell_count)),
        curve=some + known.index(tracks.curve_is_known),
        curve_state=np.zeros((rows, 1)),
    )


def found(detector: DetectorPlugin, tracks: Tracks) -> list[Evidence]:
    minutes = hourly(tracks.hours, tracks.voltage_volt, tracks.context.cell_count)
    counted_ah = tracks.current_offset_ampere * minutes.elapsed_second / 3600.0
    charge_ah = np.where(np.arange(len(minutes)) == 0, -tracks.delivered_ah, counted_ah)
    bled_ah = np.broadcast_to(tracks.bled_ah, minutes.bleed_ah.shape) * minutes.elapsed_second[:, None] / 3600.0
    minutes = dataclasses.replace(minutes, charge_ah=charge_ah, bleed_ah=bled_ah)
    shape = (len(minutes), tracks.context.cell_count)
    ones = np.ones(shape)
    informed = ones * START if tracks.informed else ones * np.nan

    def wide(value: FloatArray | float) -> FloatArray:
        value = np.asarray(value, dtype=float)
        if value.ndim == 2:
            return of_hours(minutes, value)
        return np.broadcast_to(value, shape).copy()

    leak, offset, capacity = wide(tracks.leak_ampere), wide(tracks.offset_volt), wide(tracks.capacity_ah)
    current = np.full(len(minutes), tracks.current_offset_ampere)
    board = Board()
    board.put(
        SelfDischargeTrack(
            self_discharge_ampere=leak,
            self_discharge_low_ampere=leak - 1e-4,
            self_discharge_high_ampere=leak + 1e-4,
            informed_unix_time_second=informed,
        )
    )
    board.put(
        VoltageOffsetTrack(
            voltage_offset_volt=offset,
            voltage_offset_low_volt=offset - 1e-3,
            voltage_offset_high_volt=offset + 1e-3,
            informed_unix_time_second=informed,
            told_sigma_volt=5e-4 * ones,
            spread_volt=np.full(len(minutes), 1e-3),
        )
    )
    board.put(
        CapacityTrack(
            capacity_ah=capacity,
            capacity_low_ah=capacity - 1.0,
            capacity_high_ah=capacity + 1.0,
            informed_unix_time_second=informed,
            relative_fraction=capacity / np.median(capacity, axis=1)[:, None],
            relative_sigma_fraction=0.004 * ones,
        )
    )
    board.put(
        CurrentOffsetTrack(
            current_offset_ampere=current,
            current_offset_low_ampere=current - 0.01,
            current_offset_high_ampere=current + 0.01,
            informed_unix_time_second=informed[:, 0],
        )
    )
    board.put(
        SocTrack(
            soc_fraction=wide(tracks.soc_fraction),
            soc_low_fraction=0.98 * ones,
            soc_high_fraction=ones,
            ocv_volt=3.4 * ones,
            ocv_slope_volt=tracks.slope_volt * ones,
            deficit_difference_ah=wide(tracks.behind_ah),
            deficit_difference_sigma_ah=0.1 * ones,
            full_count=np.full(len(minutes), tracks.fulls),
            rest_second=minutes.unix_time_second - START,
        )
    )
    board.put(circuit(tracks, len(minutes)))
    some, none = np.zeros(len(minutes)), np.zeros(shape)
    board.put(
        FloatLeakTrack(
            leak_ampere=none,
            low_sigma_ampere=none,
            high_sigma_ampere=none,
            bleed_rate_ampere=none,
            away_volt=none,
            informed_unix_time_second=some,
            log_slope_factor=some,
            log_slope_sigma=some + tracks.log_slope_sigma,
            rest_share=some,
        )
    )
    return detector.step(detector.initial(tracks.context), minutes, board, tracks.context)[1]


CASES = {
    "self_discharge": (self_discharge.DETECTOR, Tracks(hours=60, leak_ampere=odd(0.010)), 0.010, "ampere", "10.0 mA"),
    "capacity_low": (
        capacity_low.DETECTOR,
        Tracks(capacity_ah=odd(88.0, 100.0), delivered_ah=60.0),
        12.0,
        "ampere_hour",
        "88.0 Ah",
    ),
    "soc_imbalance": (
        soc_imbalance.DETECTOR,
        Tracks(behind_ah=odd(4.0), voltage_volt=odd(3.37, 3.4)),
        -4.0,
        "ampere_hour",
        "4.0 Ah emptier",
    ),
    "voltage_sensor_offset": (
        voltage_sensor_offset.DETECTOR,
        Tracks(offset_volt=odd(0.012), voltage_volt=odd(3.311, 3.3), soc_fraction=0.6, slope_volt=0.1),
        0.012,
        "volt",
        "12.0 mV too high",
    ),
    "current_sensor_offset": (
        current_sensor_offset.DETECTOR,
        Tracks(current_offset_ampere=-0.3),
        -0.3,
        "ampere",
        "300 mA of discharge",
    ),
}


@pytest.mark.parametrize("kind", CASES)
def test_a_fault_is_raised_in_its_cell_with_its_size_and_unit(kind: str) -> None:
    detector, tracks, magnitude, unit, words = CASES[kind]
    held = found(detector, tracks)
    assert held
    cell = None if kind == "current_sensor_offset" else ODD + 1
    assert {(item.kind, item.cell, item.severity) for item in held} == {(kind, cell, Severity.WARNING)}
    last = held[-1]
    assert last.magnitude == pytest.approx(magnitude)
    assert last.magnitude_low < last.magnitude < last.magnitude_high
    assert last.unit == unit
    assert last.confidence > 0.975
    assert words in last.explanation
    assert cell is None or f"ell {cell}" in last.explanation
    assert last.advice


@pytest.mark.parametrize("kind", CASES)
def test_healthy_and_uninformed_tracks_raise_nothing(kind: str) -> None:
    detector, tracks, *_ = CASES[kind]
    assert found(detector, Tracks(hours=60)) == []
    assert found(detector, dataclasses.replace(tracks, informed=False, fulls=0.0)) == []


@pytest.mark.parametrize("kind", CASES)
def test_a_log_without_current_raises_nothing(kind: str) -> None:
    detector, tracks, *_ = CASES[kind]
    silent = dataclasses.replace(tracks.context, has_current=False)
    assert found(detector, dataclasses.replace(tracks, context=silent)) == []


@pytest.mark.parametrize("kind", CASES)
def test_what_has_gone_is_said_once(kind: str) -> None:
    detector, tracks, *_ = CASES[kind]
    if kind == "current_sensor_offset":
        return
    name = {
        "self_discharge": "leak_ampere",
        "capacity_low": "capacity_ah",
        "soc_imbalance": "behind_ah",
        "voltage_sensor_offset": "offset_volt",
    }[kind]
    bad = getattr(tracks, name)
    good = np.full(CELLS, np.median(bad))
    values: dict[str, Any] = {name: np.stack([bad] * 60 + [good] * 20)}
    held = found(detector, dataclasses.replace(tracks, hours=80, **values))
    assert [item.severity for item in held].count(None) == 1
    assert held[-1].severity is None
    assert hour_of(held[-1].at_unix_time_second) == 61


@pytest.mark.parametrize(
    ("kind", "unseen"),
    [
        ("capacity_low", {"delivered_ah": 20.0}),
        ("capacity_low", {"delivered_ah": 100.0}),
        ("soc_imbalance", {"voltage_volt": 3.4}),
        ("soc_imbalance", {"voltage_volt": odd(3.43, 3.4)}),
        ("soc_imbalance", {"voltage_volt": odd(3.27, 3.3)}),
        ("voltage_sensor_offset", {"voltage_volt": 3.3}),
        ("voltage_sensor_offset", {"voltage_volt": odd(3.289, 3.3)}),
        ("voltage_sensor_offset", {"soc_fraction": 0.99, "slope_volt": 3.0}),
    ],
)
def test_what_the_readings_themselves_do_not_show_is_not_told(kind: str, unseen: dict[str, Any]) -> None:
    detector, tracks, *_ = CASES[kind]
    assert found(detector, dataclasses.replace(tracks, **unseen)) == []


def test_a_cell_that_was_never_read_hides_no_fault_of_another() -> None:
    detector, tracks, *_ = CASES["voltage_sensor_offset"]
    unread = np.arange(CELLS) == 0
    volt = np.where(unread, np.nan, tracks.voltage_volt)
    soc = np.where(unread, np.nan, tracks.soc_fraction)
    assert {
        item.cell for item in found(detector, dataclasses.replace(tracks, voltage_volt=volt, soc_fraction=soc))
    } == {ODD + 1}
    low = Tracks(hours=40, voltage_volt=np.where(unread, np.nan, odd(3.39, 3.4)), context=low_context(logged=False))
    low = dataclasses.replace(low, soc_fraction=np.where(unread, np.nan, 0.99), informed=False)
    assert {item.cell for item in found(self_discharge.DETECTOR, low)} == {ODD + 1}


EMPTIER = Tracks(hours=40, behind_ah=odd(1.2), bled_ah=odd(0.0, 0.05), voltage_volt=odd(3.37, 3.4))


def test_what_the_balancer_has_levelled_counts_of_an_imbalance_while_much_is_left() -> None:
    held = found(soc_imbalance.DETECTOR, EMPTIER)
    assert {item.cell for item in held} == {ODD + 1}
    levelled_ah = 0.05 * 240.0 * (1.0 - np.exp(-40.0 / 240.0))  # remembered for ten days
    assert held[-1].magnitude == pytest.approx(-1.2 - levelled_ah, rel=0.02)
    assert f"counting {levelled_ah:.1f} Ah that the balancer has levelled" in held[-1].explanation
    for unlike in (
        {"behind_ah": odd(0.7)},  # little is left
        {"bled_ah": 0.05},  # all cells are bled alike
        {"leak_ampere": odd(0.05)},  # the others are bled for what this one leaks
        {"behind_ah": odd(-1.2), "bled_ah": odd(0.05), "voltage_volt": odd(3.43, 3.4)},  # one channel alone
    ):
        assert found(soc_imbalance.DETECTOR, dataclasses.replace(EMPTIER, **unlike)) == []


def test_an_imbalance_may_be_larger_where_the_knee_may_be_flatter() -> None:
    tracks = dataclasses.replace(EMPTIER, behind_ah=odd(4.0), bled_ah=0.0, log_slope_sigma=0.5)
    emptier = found(soc_imbalance.DETECTOR, tracks)[-1]
    assert (emptier.magnitude_low, emptier.magnitude_high) == pytest.approx((-4.0 * np.exp(0.98), -3.8), abs=0.02)
    tracks = dataclasses.replace(tracks, behind_ah=odd(-4.0), voltage_volt=odd(3.43, 3.4))
    fuller = found(soc_imbalance.DETECTOR, tracks)[-1]
    assert (fuller.magnitude_low, fuller.magnitude_high) == pytest.approx((3.8, 4.0 * np.exp(0.98)), abs=0.02)


def test_a_cell_without_a_plateau_is_judged_by_the_filter_alone() -> None:
    context = string_context(KnownString(stages=(), cells=CELLS))
    steep = tuple(
        dataclasses.replace(curve, discharge_volt=3.0 + context.model.soc_fraction)
        for curve in context.model.ocv_curves
    )
    context = dataclasses.replace(context, model=dataclasses.replace(context.model, ocv_curves=steep))
    assert found(voltage_sensor_offset.DETECTOR, Tracks(offset_volt=odd(0.012), context=context))


def test_readings_of_many_cells_that_stand_apart_are_no_sensors_fault() -> None:
    """Two of ten cells may read wrongly; four of ten are a model that does not fit."""
    context = string_context(KnownString(stages=(), cells=10))

    def offset_cells(count: int) -> list[Evidence]:
        off = np.where(np.arange(10) < count, 0.012, 0.0)
        tracks = Tracks(offset_volt=off, voltage_volt=3.3 + off, soc_fraction=0.6, slope_volt=0.1, context=context)
        return found(voltage_sensor_offset.DETECTOR, tracks)

    assert {item.cell for item in offset_cells(2)} == {1, 2}
    assert offset_cells(4) == []


def test_a_large_leak_is_an_internal_short() -> None:
    held = found(self_discharge.DETECTOR, Tracks(leak_ampere=odd(0.1)))
    assert held[-1].severity is Severity.CRITICAL
    assert "internal short" in held[-1].explanation
    assert "replace cell 5" in held[-1].advice


def test_a_leak_is_named_once_it_has_cost_something() -> None:
    """10 mA must have taken 0.2 % of 100 Ah: 20 hours."""
    held = found(self_discharge.DETECTOR, Tracks(hours=60, leak_ampere=odd(0.010)))
    assert hour_of(held[0].at_unix_time_second) == 21
    assert hour_of(held[0].first_seen_unix_time_second) == 1


def test_a_pack_whose_cells_all_differ_raises_nothing() -> None:
    spread = 100.0 + 4.0 * np.array([-1.5, -1.0, -0.5, 0.0, 0.0, 0.5, 1.0, 1.5])
    assert found(capacity_low.DETECTOR, Tracks(capacity_ah=spread)) == []


def test_a_charge_that_only_a_wrong_zero_counted_does_not_hide_a_weak_cell() -> None:
    """-1 A for 80 h count 80 Ah beyond the 60 Ah that were delivered: more than a cell of 88 Ah holds."""
    tracks = Tracks(hours=80, capacity_ah=odd(88.0, 100.0), delivered_ah=60.0, current_offset_ampere=-1.0)
    last = found(capacity_low.DETECTOR, tracks)[-1]
    assert (last.cell, last.severity) == (ODD + 1, Severity.WARNING)


def test_a_cell_far_outside_the_others_scatter_is_weak_though_they_scatter() -> None:
    """Scatter of 1.7 %, with what an unknown curve makes of it: 8 % are beyond four times as far."""
    scatter = 1.5 * np.array([-1.5, -1.0, -1.0, 0.0, 0.0, 0.0, 1.0, 1.5])
    weak = np.where(np.arange(CELLS) == ODD, 92.0, 100.0 + scatter)
    tracks = Tracks(capacity_ah=weak, delivered_ah=80.0, curve_is_known=False)
    assert {item.cell for item in found(capacity_low.DETECTOR, tracks)} == {ODD + 1}
    near = dataclasses.replace(tracks, capacity_ah=np.where(np.arange(CELLS) == ODD, 95.0, 100.0 + scatter))
    assert found(capacity_low.DETECTOR, near) == []


def test_a_curve_that_is_only_learnt_tells_a_capacity_when_the_pack_was_deep_down() -> None:
    """A known curve needs less, but it too may be another's while the pack was not far down; the interval says it."""
    weak = Tracks(capacity_ah=odd(90.0, 100.0), delivered_ah=60.0)
    assert found(capacity_low.DETECTOR, dataclasses.replace(weak, delivered_ah=40.0)) == []
    learnt = dataclasses.replace(weak, curve_is_known=False)
    assert found(capacity_low.DETECTOR, learnt) == []
    assert found(capacity_low.DETECTOR, weak)
    known, deep = (
        found(capacity_low.DETECTOR, dataclasses.replace(tracks, delivered_ah=80.0))[-1] for tracks in (weak, learnt)
    )
    assert known.magnitude_high < deep.magnitude_high


def low_context(*, logged: bool) -> PackContext:
    return string_context(KnownString(stages=(), cells=CELLS, balancing_logged=logged))


def test_without_the_balancers_log_a_cell_low_on_float_is_worth_knowing() -> None:
    tracks = Tracks(hours=40, voltage_volt=odd(3.39, 3.4), context=low_context(logged=False), informed=False)
    held = found(self_discharge.DETECTOR, tracks)
    assert {(item.cell, item.severity) for item in held} == {(ODD + 1, Severity.INFO)}
    assert "Either it leaks, or its voltage is read low" in held[-1].explanation
    assert "Cell 5 stands 10 mV below" in held[-1].explanation
    assert hour_of(held[0].at_unix_time_second) > 12  # on float for half a day first
    assert found(self_discharge.DETECTOR, dataclasses.replace(tracks, context=low_context(logged=True))) == []


def low_until_a_discharge(offset_volt: float) -> list[Evidence]:
    """What is said of a cell that is 10 mV low on float for 30 h, then on the plateau, then on float again."""
    hours = np.arange(80)[:, None]
    tracks = Tracks(
        hours=80,
        voltage_volt=odd(3.39, 3.4),
        offset_volt=odd(offset_volt),
        soc_fraction=np.where((hours >= 30) & (hours < 36), 0.5, 0.99) * np.ones(CELLS),
        context=low_context(logged=False),
        informed=False,
    )
    held = found(self_discharge.DETECTOR, tracks)
    assert {item.cell for item in held} == {ODD + 1}
    assert "Either it leaks" in held[0].explanation
    return held


def test_a_discharge_and_recharge_show_that_a_cell_is_read_low() -> None:
    last = low_until_a_discharge(-0.010)[-1]
    assert last.severity is None
    assert hour_of(last.at_unix_time_second) == 37
    assert "read low by taken out" in last.explanation


def test_a_discharge_and_recharge_show_that_a_low_cell_is_read_right() -> None:
    last = low_until_a_discharge(-0.002)[-1]
    assert last.severity is Severity.INFO
    assert hour_of(last.at_unix_time_second) >= 79
    assert "8 mV below its neighbours on float. A discharge has shown that it is not its reading" in last.explanation


def judged_by_hand(values: FloatArray, sigma: FloatArray, known: FloatArray) -> list[int]:
    """The rules of the watch for one channel with limit 1 and pressing 10, hour by hour."""
    hours, level, told = 0, 0, []
    for value, width, is_known in zip(np.abs(values), sigma, known, strict=True):
        if is_known:
            beyond, pressing = (chance_beyond(np.array([value]), np.array([width]), limit)[0] for limit in (1.0, 10.0))
            hours = hours + 1 if beyond > 0.975 else 0
            if hours >= 2:
                level = 3 if pressing > 0.975 or level == 3 else 2
            elif value < 0.6:
                level = 0
        told.append(level)
    return told


@given(
    st.lists(
        st.tuples(st.floats(-15.0, 15.0), st.sampled_from([0.01, 0.2, 3.0]), st.booleans()), min_size=1, max_size=30
    )
)
def test_the_kernel_judges_as_the_rules_by_hand_do(hours: list[tuple[float, float, bool]]) -> None:
    values, sigma, known = (np.array(part) for part in zip(*hours, strict=True))
    minutes = hourly(len(values))
    at = np.flatnonzero(minutes.unix_time_second % HOUR == 0.0)

    def of_rows(rows: IntArray) -> Deviation:
        hour = np.searchsorted(at, rows)
        return Deviation(
            value=values[hour, None], sigma=sigma[hour, None], limit=1.0, pressing=10.0, known=known[hour, None]
        )

    def say(row: int, channel: int, severity: Severity | None, since: float, chance: float) -> Evidence:
        del since, chance
        return Evidence(at_unix_time_second=float(row), kind="k", cell=channel + 1, sensor=None, severity=severity)

    told = judged_by_hand(values, sigma, known)
    before = [0, *told[:-1]]
    expected = [
        (float(row), LEVELS[level]) for row, level, last in zip(at, told, before, strict=True) if level > 0 or last > 0
    ]
    _, held = watch_deviation(initial_watch(1), minutes, of_rows, say)
    assert [(e.at_unix_time_second, e.severity) for e in held] == expected
