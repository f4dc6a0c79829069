"""Findings of the charge cascade's quantities on made-up tracks: raised, held, let go, and what their words say."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from cellwarden.core.finding import Evidence, Severity
from cellwarden.core.sample_block import FloatArray
from cellwarden.diagnosis import (
    capacity_low,
    current_sensor_offset,
    self_discharge,
    soc_imbalance,
    voltage_sensor_offset,
)
from tests.diagnosis.known_tracks import CELLS, ODD, Tracks, found, hour_of, low_context, odd, swings
from tests.estimation.known_string import KnownString, string_context

SWING_SOC, SWING_AMPERE = swings()
DEPTH, BRANCH = 1.0 - SWING_SOC, np.sign(SWING_AMPERE)[:, None]

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
        Tracks(
            offset_volt=odd(0.012),
            voltage_volt=odd(3.311, 3.3),
            soc_fraction=SWING_SOC,
            current_ampere=SWING_AMPERE,
            slope_volt=0.1,
        ),
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


@pytest.mark.parametrize(("offset", "raised"), [(0.09, False), (0.14, True), (-0.09, True)])
def test_no_sensor_is_named_for_what_the_balancer_may_have_taken(offset: float, *, raised: bool) -> None:
    """A bleed reads as charge that never arrives: it may be all of an offset upwards and none of one downwards."""
    tracks = Tracks(hours=60, current_offset_ampere=offset, unseen_ampere=0.06)
    held = found(current_sensor_offset.DETECTOR, tracks)
    assert bool(held) == raised
    assert all(("60 mA of it may be what the balancer takes" in item.explanation) == (offset > 0.0) for item in held)


@pytest.mark.parametrize(("offset", "raised"), [(0.09, False), (0.14, True), (-0.09, True)])
def test_a_sensor_is_named_by_the_side_of_the_interval_towards_none(offset: float, *, raised: bool) -> None:
    tracks = Tracks(hours=60, current_offset_ampere=offset, below_ampere=0.07)
    assert bool(found(current_sensor_offset.DETECTOR, tracks)) == raised


@pytest.mark.parametrize(("capacity_ah", "raised"), [(100.0, False), (20.0, True)])
def test_a_small_pack_bears_less_of_a_zero(capacity_ah: float, *, raised: bool) -> None:
    context = Tracks().context
    pack = dataclasses.replace(context.pack, nominal_capacity_ah=capacity_ah)
    tracks = Tracks(current_offset_ampere=-0.035, context=dataclasses.replace(context, pack=pack))
    assert bool(found(current_sensor_offset.DETECTOR, tracks)) == raised
    assert found(current_sensor_offset.DETECTOR, dataclasses.replace(tracks, current_offset_ampere=-0.015)) == []


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


@pytest.mark.parametrize("kind", CASES)
def test_what_is_told_is_the_same_wherever_the_blocks_end(kind: str) -> None:
    detector, tracks, *_ = CASES[kind]
    if kind == "voltage_sensor_offset":  # one that becomes small
        offset_volt = np.stack([odd(0.012)] * 60 + [odd(0.0014)] * 20)
        tracks = dataclasses.replace(tracks, hours=80, offset_volt=offset_volt)
    told = found(detector, tracks)
    assert told
    assert found(detector, tracks, block_rows=1) == told


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
        ("voltage_sensor_offset", {"soc_fraction": 0.6, "offset_volt": odd(0.03), "voltage_volt": odd(3.33, 3.3)}),
        ("voltage_sensor_offset", {"voltage_volt": 3.3 + odd(0.03) * DEPTH}),  # a weaker cell
        ("voltage_sensor_offset", {"voltage_volt": 3.3 + odd(0.011) * BRANCH}),  # a wider hysteresis
        ("voltage_sensor_offset", {"voltage_volt": 3.311 + odd(0.03) * np.sin(9.0 * DEPTH)}),  # what nothing explains
        ("voltage_sensor_offset", {"fulls": 0.0}),
    ],
)
def test_what_the_readings_themselves_do_not_show_is_not_told(kind: str, unseen: dict[str, Any]) -> None:
    detector, tracks, *_ = CASES[kind]
    assert found(detector, dataclasses.replace(tracks, **unseen)) == []


def test_a_cell_that_was_never_read_hides_no_fault_of_another() -> None:
    detector, tracks, *_ = CASES["voltage_sensor_offset"]
    unread = np.arange(CELLS) == 0
    volt = np.where(unread, np.nan, tracks.voltage_volt)
    soc = np.where(unread, np.nan, SWING_SOC)
    assert {
        item.cell for item in found(detector, dataclasses.replace(tracks, voltage_volt=volt, soc_fraction=soc))
    } == {ODD + 1}
    low = Tracks(hours=40, voltage_volt=np.where(unread, np.nan, odd(3.39, 3.4)), context=low_context(logged=False))
    low = dataclasses.replace(low, soc_fraction=np.where(unread, np.nan, 0.99), informed=False)
    assert {item.cell for item in found(self_discharge.DETECTOR, low)} == {ODD + 1}


EMPTIER = Tracks(hours=40, behind_ah=odd(1.2), bled_ah=odd(0.0, 0.05), voltage_volt=odd(3.37, 3.4))


def test_what_the_balancer_has_levelled_counts_of_an_imbalance_while_it_is_seen() -> None:
    held = found(soc_imbalance.DETECTOR, EMPTIER)
    assert {item.cell for item in held} == {ODD + 1}
    levelled_ah = 0.05 * 240.0 * (1.0 - np.exp(-40.0 / 240.0))  # remembered for ten days
    assert held[-1].magnitude == pytest.approx(-1.2 - levelled_ah, rel=0.02)
    assert f"counting {levelled_ah:.1f} Ah that the balancer has levelled" in held[-1].explanation
    for unlike in (
        {"voltage_volt": odd(3.395, 3.4)},  # the cell stands level: what the others are bled levels nothing
        {"bled_ah": 0.05},  # all cells are bled alike
        {"leak_ampere": odd(0.05)},  # the others are bled for what this one leaks
        {"behind_ah": odd(-1.2), "bled_ah": odd(0.05), "voltage_volt": odd(3.415, 3.4)},  # one channel alone
    ):
        assert found(soc_imbalance.DETECTOR, dataclasses.replace(EMPTIER, **unlike)) == []


FULLER = Tracks(hours=40, behind_ah=0.0, bled_ah=odd(0.06), voltage_volt=odd(3.5, 3.36), fulls=0.0)


def test_a_cell_that_stands_far_above_and_is_bled_alone_is_fuller_by_what_it_was_bled() -> None:
    """Others that have not reached the knee say nothing, and need not: the balancer's log does."""
    held = found(soc_imbalance.DETECTOR, FULLER)
    assert {item.cell for item in held} == {ODD + 1}
    bled = 0.06 * 240.0 * (1.0 - np.exp(-39.0 / 240.0))
    assert held[-1].magnitude == pytest.approx(bled, rel=0.02)
    assert held[-1].magnitude_low == pytest.approx(bled * (1.0 - 1.96 * 0.05), rel=0.02)
    # what the others lack of 100 Ah, a place that is not tied to a full charge
    lacking = 100.0 * (0.01 + 1.96 * np.hypot(0.025, 0.02 / (2.0 * 1.96)))
    assert held[-1].magnitude_high == pytest.approx(bled + lacking, rel=0.02), "the others' place is not known"
    assert "Ah fuller" in held[-1].explanation
    assert found(soc_imbalance.DETECTOR, FULLER, block_rows=7) == held
    for unlike in (
        {"bled_ah": odd(0.03)},  # less than the limit in all that time
        {"bled_ah": odd(0.03), "behind_ah": odd(-4.0)},  # and what is only guessed before a full charge adds nothing
        {"bled_ah": 0.06},  # all cells are bled alike
        {"voltage_volt": odd(3.38, 3.36)},  # as an error of the reading may be
        {"voltage_volt": odd(3.42, 3.36), "offset_volt": odd(0.05)},  # as the error of this reading is
    ):
        assert found(soc_imbalance.DETECTOR, dataclasses.replace(FULLER, **unlike)) == []


def test_what_is_left_of_a_fuller_cell_adds_to_what_it_was_bled_once_the_pack_was_full() -> None:
    tracks = dataclasses.replace(FULLER, behind_ah=odd(-1.0), fulls=1.0)
    bled = 0.06 * 240.0 * (1.0 - np.exp(-39.0 / 240.0))
    assert found(soc_imbalance.DETECTOR, tracks)[-1].magnitude == pytest.approx(bled + 1.0, rel=0.02)
    emptier = found(soc_imbalance.DETECTOR, dataclasses.replace(tracks, behind_ah=odd(0.2)))
    assert emptier[-1].magnitude == pytest.approx(bled, rel=0.02), "a count that has it emptier is wrong"


def test_a_fuller_cell_may_have_had_all_that_it_was_bled_since_the_log_began() -> None:
    """Ten days ago it was bled where it stood 20 mV above, and 60 mV since: the first is counted as possible alone."""
    volt = odd(3.42, 3.4) + np.where(np.arange(120)[:, None] < 80, 0.0, odd(0.04))
    slow = dataclasses.replace(FULLER, hours=120, behind_ah=odd(-1.6), fulls=1.0, voltage_volt=volt)
    last = found(soc_imbalance.DETECTOR, slow)[-1]
    counted = 0.06 * 240.0 * (1.0 - np.exp(-39.0 / 240.0))
    assert last.magnitude == pytest.approx(1.6 + counted, rel=0.03)
    assert last.magnitude_high > 1.6 + 0.06 * 119.0


def test_a_bleed_that_goes_on_for_months_is_no_fuller_cell_without_end() -> None:
    long = found(soc_imbalance.DETECTOR, dataclasses.replace(FULLER, hours=1500))
    assert long[-1].magnitude < 0.06 * 240.0
    assert all(item.severity is not Severity.CRITICAL for item in long)


def test_once_it_is_level_a_fuller_cell_is_none() -> None:
    level = odd(3.5, 3.36) - np.where(np.arange(120)[:, None] < 60, 0.0, odd(0.14))
    held = found(soc_imbalance.DETECTOR, dataclasses.replace(FULLER, hours=120, voltage_volt=level))
    assert held[-1].severity is None


def test_an_imbalance_is_as_large_as_the_last_charge_showed_where_that_contradicts_the_curve() -> None:
    by_curve = dataclasses.replace(EMPTIER, behind_ah=odd(0.4), bled_ah=0.0)
    assert found(soc_imbalance.DETECTOR, by_curve) == []
    last = found(soc_imbalance.DETECTOR, dataclasses.replace(by_curve, stand_ah=odd(4.0)))[-1]
    assert last.cell == ODD + 1
    assert last.magnitude == pytest.approx(-4.0)
    assert last.magnitude_high == pytest.approx(-4.0 + 1.96 * 0.5)
    before_full = dataclasses.replace(by_curve, stand_ah=odd(4.0), fulls=0.0)
    assert found(soc_imbalance.DETECTOR, before_full)[-1].magnitude == pytest.approx(-4.0)
    alike = found(soc_imbalance.DETECTOR, dataclasses.replace(by_curve, behind_ah=odd(3.4), stand_ah=odd(4.0)))[-1]
    assert alike.magnitude == pytest.approx(-3.4)


@pytest.mark.parametrize(("sign", "word"), [(1.0, "Charge"), (-1.0, "Discharge")])
def test_where_the_pack_has_no_balancer_nobody_is_told_to_wait_for_it(sign: float, word: str) -> None:
    tracks = dataclasses.replace(
        EMPTIER, behind_ah=odd(4.0 * sign), bled_ah=0.0, voltage_volt=odd(3.4 - 0.03 * sign, 3.4)
    )
    assert "until the balancer has evened it out" in found(soc_imbalance.DETECTOR, tracks)[-1].advice
    pack = dataclasses.replace(tracks.context.pack, balancer="none")
    without = dataclasses.replace(tracks, context=dataclasses.replace(tracks.context, pack=pack))
    advice = found(soc_imbalance.DETECTOR, without)[-1].advice
    assert f"has no balancer: nothing evens this out by itself. {word} cell {ODD + 1} alone by 4.0 Ah" in advice
    assert "until the balancer" not in advice


def test_an_imbalance_may_be_larger_where_the_knee_may_be_flatter() -> None:
    """By 20 % either way because of the knee's width, beside 0.1 Ah."""
    tracks = dataclasses.replace(EMPTIER, behind_ah=odd(4.0), bled_ah=0.0, log_slope_sigma=0.5)
    most, least = 4.0 * np.exp(0.98), 4.0 - 1.96 * np.hypot(0.1, 0.2 * 4.0)
    emptier = found(soc_imbalance.DETECTOR, tracks)[-1]
    assert (emptier.magnitude_low, emptier.magnitude_high) == pytest.approx((-most, -least), abs=0.02)
    tracks = dataclasses.replace(tracks, behind_ah=odd(-4.0), voltage_volt=odd(3.43, 3.4))
    fuller = found(soc_imbalance.DETECTOR, tracks)[-1]
    assert (fuller.magnitude_low, fuller.magnitude_high) == pytest.approx((least, most), abs=0.02)


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
        tracks = Tracks(
            offset_volt=off,
            voltage_volt=3.3 + off,
            soc_fraction=SWING_SOC[:, :1] * np.ones(10),
            current_ampere=SWING_AMPERE,
            slope_volt=0.1,
            context=context,
        )
        return found(voltage_sensor_offset.DETECTOR, tracks)

    assert {item.cell for item in offset_cells(2)} == {1, 2}
    assert offset_cells(4) == []


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
    assert found(capacity_low.DETECTOR, dataclasses.replace(weak, delivered_ah=30.0)) == []
    learnt = dataclasses.replace(weak, curve_is_known=False)
    assert found(capacity_low.DETECTOR, dataclasses.replace(learnt, delivered_ah=46.0)) == []
    assert found(capacity_low.DETECTOR, dataclasses.replace(weak, delivered_ah=46.0))
    known, deep = (
        found(capacity_low.DETECTOR, dataclasses.replace(tracks, delivered_ah=80.0))[-1] for tracks in (weak, learnt)
    )
    assert known.magnitude_high < deep.magnitude_high


@pytest.mark.parametrize(("volt", "is_told"), [(3.29, True), (3.37, False)])
def test_a_cell_far_below_the_knee_is_emptier_however_little_tells_by_how_much(volt: float, *, is_told: bool) -> None:
    """It begins after the cell fell: on the plateau many charges fit its voltage, and all are beyond the limit."""
    tracks = Tracks(hours=20, behind_ah=odd(14.0), behind_sigma_ah=odd(9.0), voltage_volt=odd(volt, 3.4))
    held = found(soc_imbalance.DETECTOR, tracks)
    assert ({(item.cell, item.severity) for item in held} == {(ODD + 1, Severity.WARNING)}) == is_told
    if is_told:
        assert held[-1].magnitude == pytest.approx(-14.0)
        assert held[-1].magnitude_high == pytest.approx(-1.5), "the limit at least"
        assert held[-1].magnitude_low < -30.0
        assert "it has a short inside" in held[-1].advice


def test_a_reading_that_may_be_that_low_is_no_cell_far_below() -> None:
    tracks = Tracks(
        hours=20,
        behind_ah=odd(14.0),
        behind_sigma_ah=odd(9.0),
        voltage_volt=odd(3.29, 3.4),
        offset_volt=odd(-0.06),
        offset_half_volt=0.02,
    )
    assert found(soc_imbalance.DETECTOR, tracks) == []


@pytest.mark.parametrize(("cell_volt", "others_volt"), [(3.45, 3.495), (3.51, 3.555)])
def test_a_cell_that_is_lower_on_the_knee_has_not_left_it(cell_volt: float, others_volt: float) -> None:
    tracks = Tracks(
        hours=20, behind_ah=odd(1.7), behind_sigma_ah=odd(2.0), voltage_volt=odd(cell_volt, others_volt), fulls=1.0
    )
    assert found(soc_imbalance.DETECTOR, tracks) == []


def test_without_a_balancer_nobody_is_told_to_charge_a_cell_by_what_is_not_known() -> None:
    tracks = Tracks(hours=20, behind_ah=odd(14.0), behind_sigma_ah=odd(9.0), voltage_volt=odd(3.29, 3.4))
    pack = dataclasses.replace(tracks.context.pack, balancer="none")
    without = dataclasses.replace(tracks, context=dataclasses.replace(tracks.context, pack=pack))
    advice = found(soc_imbalance.DETECTOR, without)[-1].advice
    assert "alone to its neighbours' voltage, no further" in advice
    assert "Ah" not in advice


@pytest.mark.parametrize("block_rows", [None, 13])
def test_a_zero_that_moves_to_another_value_is_another_event(block_rows: int | None) -> None:
    zero = np.where(np.arange(90) < 50, -0.14, -0.7)
    held = found(current_sensor_offset.DETECTOR, Tracks(hours=90, current_offset_ampere=zero), block_rows)
    moved = [item for item in held if item.is_another]
    assert [hour_of(item.at_unix_time_second) for item in moved] == [51]
    assert moved[0].first_seen_unix_time_second == moved[0].at_unix_time_second
    assert all(item.severity is Severity.WARNING for item in held)
    assert held[-1].first_seen_unix_time_second == moved[0].at_unix_time_second
    assert held[0].first_seen_unix_time_second < moved[0].at_unix_time_second


def test_a_zero_that_comes_back_on_the_other_side_is_another_event() -> None:
    hour = np.arange(90)
    zero = np.where(hour < 50, -0.15, np.where(hour < 53, 0.0, 0.15))
    held = found(current_sensor_offset.DETECTOR, Tracks(hours=90, current_offset_ampere=zero))
    assert [item.magnitude for item in held if item.is_another] == [0.15]


@pytest.mark.parametrize(
    "zero",
    [
        np.where(np.arange(90) < 50, -0.14, -0.20),  # the same zero, known a little better
        np.where(np.arange(90) < 15, -0.07, -0.2),  # still being learnt
    ],
)
def test_a_zero_that_is_learnt_better_is_the_same_event(zero: FloatArray) -> None:
    held = found(current_sensor_offset.DETECTOR, Tracks(hours=90, current_offset_ampere=zero))
    assert held
    assert not any(item.is_another for item in held)
