"""Findings of leaks on made-up tracks: of their size, and what a cell low on float may be where no bleed is logged."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from cellwarden.core.finding import Evidence, Severity
from cellwarden.diagnosis import self_discharge
from tests.diagnosis.known_tracks import CELLS, ODD, Tracks, found, hour_of, low_context, odd

LEAK = Tracks(hours=60, leak_ampere=odd(0.010))


def test_a_large_leak_is_an_internal_short() -> None:
    held = found(self_discharge.DETECTOR, Tracks(leak_ampere=odd(0.1)))
    assert held[-1].severity is Severity.CRITICAL
    assert "internal short" in held[-1].explanation
    assert "replace cell 5" in held[-1].advice


def test_a_leak_that_has_become_smaller_is_not_called_one_of_this_size() -> None:
    leak = np.tile(odd(0.1), (60, 1))
    leak[30:, ODD] = 0.028
    held = found(self_discharge.DETECTOR, Tracks(hours=60, leak_ampere=leak))
    assert any("of this size is an internal short" in item.explanation for item in held)
    assert held[-1].severity is Severity.CRITICAL
    assert "of this size" not in held[-1].explanation
    assert "was told larger before" in held[-1].explanation


def test_a_leak_is_named_once_it_has_cost_something() -> None:
    """10 mA must have taken 0.2 % of 100 Ah: 20 hours."""
    held = found(self_discharge.DETECTOR, Tracks(hours=60, leak_ampere=odd(0.010)))
    assert hour_of(held[0].at_unix_time_second) == 21
    assert hour_of(held[0].first_seen_unix_time_second) == 1


def test_without_the_balancers_log_a_cell_low_on_float_is_worth_knowing() -> None:
    tracks = Tracks(hours=40, voltage_volt=odd(3.39, 3.4), context=low_context(logged=False), informed=False)
    held = found(self_discharge.DETECTOR, tracks)
    assert {(item.cell, item.severity) for item in held} == {(ODD + 1, Severity.INFO)}
    assert held[-1].explanation.startswith(
        "Cell 5 leaks, is not levelled yet, or its voltage is read low: it stands 10 mV below its neighbours on float. "
    )
    assert min(item.confidence for item in held) > 0.975
    assert hour_of(held[0].at_unix_time_second) > 12  # on float for half a day first
    assert found(self_discharge.DETECTOR, dataclasses.replace(tracks, context=low_context(logged=True))) == []


def test_a_cell_far_below_on_float_is_named_though_its_bleeds_are_logged() -> None:
    """Nothing tells its leak: it had fallen before the log began, and where it stands now its voltage stands still."""
    tracks = Tracks(hours=40, voltage_volt=odd(3.29, 3.4), context=low_context(logged=True), leak_half_ampere=0.7)
    held = found(self_discharge.DETECTOR, tracks)
    assert {(item.cell, item.severity) for item in held} == {(ODD + 1, Severity.INFO)}
    assert held[-1].explanation.startswith(
        "Cell 5 leaks, or is not levelled yet: it stands 110 mV below its neighbours on float. "
    )
    near = dataclasses.replace(tracks, voltage_volt=odd(3.38, 3.4))
    assert found(self_discharge.DETECTOR, near) == []
    none_told = dataclasses.replace(tracks, leak_half_ampere=0.001)  # where it stands its drift tells of no leak
    assert {item.severity for item in found(self_discharge.DETECTOR, none_told)} == {Severity.INFO}


@pytest.mark.parametrize("block_rows", [None, 9])
def test_a_cell_that_stood_with_the_others_on_float_and_fell_far_below_calls_for_action(block_rows: int | None) -> None:
    """Its knee may be flat, so no size is told; without the balancer's log the balancer may have pulled it down."""
    falling = np.where(np.arange(70)[:, None] < 30, odd(3.397, 3.4), odd(3.36, 3.4))
    tracks = Tracks(hours=70, voltage_volt=falling, leak_half_ampere=0.02, context=low_context(logged=True))
    held = found(self_discharge.DETECTOR, tracks, block_rows)
    assert {(item.cell, item.severity, item.magnitude) for item in held} == {(ODD + 1, Severity.WARNING, 0.0)}
    assert held[-1].explanation.startswith(
        "Cell 5 leaks: it stood with its neighbours on float and has fallen to 40 mV "
    )
    assert hour_of(held[0].at_unix_time_second) > 30
    unlogged = dataclasses.replace(tracks, context=low_context(logged=False))
    assert {item.severity for item in found(self_discharge.DETECTOR, unlogged, block_rows)} == {Severity.INFO}
    never_near = dataclasses.replace(tracks, voltage_volt=odd(3.3, 3.4))
    assert {item.severity for item in found(self_discharge.DETECTOR, never_near, block_rows)} == {Severity.INFO}


@pytest.mark.parametrize("block_rows", [None, 7, 600])
def test_a_leak_that_was_told_once_is_not_turned_into_a_hint(block_rows: int | None) -> None:
    """When its cell has left the knee its leak is known no more: what was said of it is over, with its magnitude."""
    hours = np.arange(80)[:, None]
    leak = np.where(hours < 40, odd(0.050), 0.0)
    tracks = Tracks(hours=80, leak_ampere=leak, leak_half_ampere=0.0301, voltage_volt=odd(3.29, 3.4))
    held = found(self_discharge.DETECTOR, tracks, block_rows)
    assert any(item.severity is not None for item in held)
    assert all(item.magnitude is not None for item in held if item.severity is not None)
    assert held[-1].severity is None


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
    assert "leaks, is not levelled yet, or its voltage is read low" in held[0].explanation
    return held


def test_a_discharge_and_recharge_show_that_a_cell_is_read_low() -> None:
    last = low_until_a_discharge(-0.010)[-1]
    assert last.severity is None
    assert 32 <= hour_of(last.at_unix_time_second) <= 37


def test_a_discharge_and_recharge_show_that_a_low_cell_is_read_right() -> None:
    last = low_until_a_discharge(-0.002)[-1]
    assert last.severity is Severity.INFO
    assert hour_of(last.at_unix_time_second) >= 79
    assert "leaks, or is not levelled yet: it stands 8 mV below its neighbours" in last.explanation


def test_what_was_seen_on_float_stays_what_is_known_elsewhere() -> None:
    """A cell 4 mV low on float is told so once: a discharge, where nothing shows, neither clears nor unsays it."""
    hours = np.arange(100)[:, None]
    away = (hours >= 50) & (hours < 56)
    tracks = Tracks(
        hours=100,
        voltage_volt=np.where(away, 3.3, odd(3.396, 3.4)),
        soc_fraction=np.where(away, 0.5, 0.99) * np.ones(CELLS),
        context=low_context(logged=False),
        informed=False,
    )
    held = found(self_discharge.DETECTOR, tracks)
    assert {(item.cell, item.severity) for item in held} == {(ODD + 1, Severity.INFO)}
    assert hour_of(held[-1].at_unix_time_second) == 100
    assert len(held) == 100 - hour_of(held[0].at_unix_time_second) + 1
    assert all("stands 4 mV below" in item.explanation for item in held)
    assert min(item.confidence for item in held) > 0.975


def test_a_reading_that_flutters_about_the_limit_is_told_once_or_not_at_all() -> None:
    """2.5 mV is the limit: readings of 1 and 4 mV by turns, hour by hour, are one that stands 2.5 mV low."""
    flutter = np.where(np.arange(120)[:, None] % 2 == 0, odd(3.399, 3.4), odd(3.396, 3.4))
    tracks = Tracks(hours=120, voltage_volt=flutter, context=low_context(logged=False), informed=False)
    severities = [item.severity for item in found(self_discharge.DETECTOR, tracks)]
    assert None not in severities


def test_the_lowest_of_cells_that_scatter_is_not_worth_knowing() -> None:
    """Readings of sound cells lie apart by 2 mV: the lowest of eight is often more than two sigma low."""
    scatter = 0.002 * np.array([-0.4, 0.9, -0.9, 0.4, -2.3, 0.0, 1.4, -0.1])
    tracks = Tracks(hours=40, voltage_volt=3.4 + scatter, context=low_context(logged=False), informed=False)
    assert found(self_discharge.DETECTOR, tracks) == []


@pytest.mark.parametrize(("logged", "words"), [(True, "is accounted for"), (False, "may come on top")])
def test_a_leak_says_whether_the_balancers_share_is_known(*, logged: bool, words: str) -> None:
    tracks = dataclasses.replace(LEAK, context=low_context(logged=logged))
    assert words in found(self_discharge.DETECTOR, tracks)[-1].explanation


def test_a_leak_in_a_pack_without_a_balancer_speaks_of_none() -> None:
    context = low_context(logged=False)
    bare = dataclasses.replace(context, pack=dataclasses.replace(context.pack, balancer="none"))
    said = found(self_discharge.DETECTOR, dataclasses.replace(LEAK, context=bare))[-1]
    assert "has no balancer" in said.explanation


def test_a_leak_that_is_told_needs_no_hint() -> None:
    tracks = Tracks(hours=60, voltage_volt=odd(3.39, 3.4), leak_ampere=odd(0.010), context=low_context(logged=False))
    held = found(self_discharge.DETECTOR, tracks)
    warned = [item.at_unix_time_second for item in held if item.severity is Severity.WARNING]
    assert warned
    assert all(item.severity is Severity.WARNING for item in held if item.at_unix_time_second >= warned[0])


@pytest.mark.parametrize("block_rows", [None, 7, 600])
@pytest.mark.parametrize(("fall_volt", "severity"), [(0.025, Severity.WARNING), (0.008, Severity.INFO)])
def test_a_cell_far_below_that_falls_further_at_rest_leaks(
    block_rows: int | None, fall_volt: float, severity: Severity
) -> None:
    """It had left the others before the log began: what it loses in the log shows that it is not only unlevelled."""
    share = np.clip((np.arange(96) - 48) / 24.0, 0.0, 1.0)[:, None]
    tracks = Tracks(
        hours=96,
        voltage_volt=odd(3.30, 3.4) - odd(fall_volt) * share,
        leak_half_ampere=0.7,
        context=low_context(logged=True),
    )
    held = found(self_discharge.DETECTOR, tracks, block_rows)
    assert held[-1].severity is severity
    if severity is Severity.WARNING:
        assert held[-1].explanation.startswith("Cell 5 leaks: it has fallen further on float, to 125 mV below its ")
        assert "replaced" in held[-1].advice


def test_a_cell_that_stands_lower_after_a_discharge_has_not_fallen_at_rest() -> None:
    hours = np.arange(120)
    away = (hours >= 48) & (hours < 54)
    tracks = Tracks(
        hours=120,
        voltage_volt=np.where(hours[:, None] < 54, odd(3.33, 3.4), odd(3.30, 3.4)),
        soc_fraction=np.where(away, 0.5, 0.99)[:, None] * np.ones(CELLS),
        rest_hour=np.where(hours < 48, hours, np.where(away, 0.0, hours - 54.0)),
        leak_half_ampere=0.7,
        context=low_context(logged=True),
    )
    held = found(self_discharge.DETECTOR, tracks)
    assert {item.severity for item in held if item.severity} == {Severity.INFO}


def on_float(**given: Any) -> list[Evidence]:
    """What is said of 20 h on the plateau, where offsets are told, and 130 h at rest on float."""
    top = np.arange(150)[:, None] >= 20
    soc = np.where(top, 0.99, 0.5) * np.ones(CELLS)
    context = low_context(logged=True)
    return found(
        self_discharge.DETECTOR, Tracks(hours=150, soc_fraction=soc, leak_half_ampere=0.7, context=context, **given)
    )


def test_an_offset_that_is_no_longer_sure_is_no_fall() -> None:
    """A cell that was known to be read 32 mV low has not fallen when that is forgotten in a settled rest."""
    hours = np.arange(150)[:, None]
    unsure = np.where(hours < 90, 5e-4, 1.5e-3) * np.ones(CELLS)
    held = on_float(voltage_volt=odd(3.368, 3.4), offset_volt=odd(-0.032), told_sigma_volt=unsure)
    assert all(item.severity is not Severity.WARNING for item in held)
    stands_lower = on_float(voltage_volt=odd(3.30, 3.4), offset_volt=odd(-0.032), told_sigma_volt=unsure)
    assert {item.severity for item in stands_lower if item.severity} == {Severity.INFO}


@pytest.mark.parametrize("before_volt", [3.398, 3.30])
def test_a_reading_that_jumps_at_rest_is_no_fall(before_volt: float) -> None:
    jump = np.where(np.arange(150)[:, None] < 90, 0.0, odd(-0.04))
    held = on_float(voltage_volt=odd(before_volt, 3.4) + jump, jumped_volt=jump)
    assert all(item.severity is not Severity.WARNING for item in held)
    fallen = on_float(voltage_volt=odd(before_volt, 3.4) + jump)
    assert fallen[-1].severity is Severity.WARNING


def test_a_cell_that_was_levelled_has_not_fallen_further() -> None:
    """It fell, was levelled, and then its sensor jumped: what it fell by before that is over."""
    hours = np.arange(150)[:, None]
    jump = np.where(hours < 120, 0.0, odd(-0.11))
    volt = np.where(hours < 60, odd(3.34, 3.4), np.where(hours < 80, odd(3.3, 3.4), 3.4)) + jump
    held = on_float(voltage_volt=volt, jumped_volt=jump)
    assert Severity.WARNING in {item.severity for item in held if hour_of(item.at_unix_time_second) < 90}
    last = held[-1]
    assert last.severity is Severity.INFO
