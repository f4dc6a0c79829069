"""Leaks from full charge to full charge: told after two spans in a row, never of what jumps or is levelled out."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellwarden.core.board import Board
from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation import knee_leak, knee_stand
from cellwarden.estimation.charge_tracks import SocTrack
from cellwarden.estimation.knee_leak import (
    EACH_SIGMAS,
    ESTIMATOR,
    FRESH_DAYS,
    KEPT,
    MEMORY_DAYS,
    KneeLeakTrack,
    ShiftLedger,
    ToldLeaks,
    as_alike_as_seen,
    quiet_losses,
    told_leaks,
)
from cellwarden.estimation.knee_shift import KneeShift
from cellwarden.estimation.knee_stand import KneeStandTrack
from tests.estimation.known_cells import alike_resistances
from tests.estimation.known_string import CHARGE, KnownString, course_of, string_context
from tests.estimation.sample_logs import START, context_of, minutes_of, samples

CELLS, DAY_HOURS, SIGMA_AH = 5, 24.0, 0.06
FALLING_AMPERE = 0.030
NONE = ToldLeaks(*(np.full(CELLS, np.nan) for _ in range(3)))


def ledger(behind_ah: FloatArray, bled_ah: FloatArray | None = None, knee_ah: float = np.inf) -> ShiftLedger:
    """Charges a day apart: (K, n) behind the median, and bled so far; beyond `knee_ah` a cell does not reach it."""
    count = len(behind_ah)
    seen = behind_ah < knee_ah
    return ShiftLedger(
        86400.0 * np.arange(float(count)),
        np.where(seen, behind_ah, np.nan),
        np.where(seen, SIGMA_AH, np.nan),
        np.zeros_like(behind_ah),
        np.zeros_like(behind_ah),
        np.minimum(behind_ah, knee_ah),
        np.zeros_like(behind_ah) if bled_ah is None else bled_ah,
    )


def one_cell(values: FloatArray) -> FloatArray:
    """(K, n) these of the first cell, 0 of the others."""
    return np.concatenate([values[:, None], np.zeros((len(values), CELLS - 1))], axis=1)


def test_two_spans_in_a_row_tell_a_leak_and_one_does_not() -> None:
    falling = 0.110 * DAY_HOURS * np.array([0.0, 0.5, 1.5])
    assert np.isnan(told_leaks(ledger(one_cell(falling[:2])), NONE).leak_ampere).all()
    told = told_leaks(ledger(one_cell(falling)), NONE)
    assert told.leak_ampere[0] == pytest.approx(0.110)
    assert np.isnan(told.leak_ampere[1:]).all()


def test_a_cell_that_the_balancer_holds_level_loses_what_the_others_are_bled() -> None:
    bled = 0.011 * DAY_HOURS * np.arange(9.0)[:, None] * (np.arange(CELLS) > 0)
    told = told_leaks(ledger(np.zeros((9, CELLS)), bled), NONE)
    assert told.leak_ampere[0] == pytest.approx(0.011)
    assert told.low_ampere[0] < 0.002


@given(jump_ah=st.floats(-5.0, 5.0), at=st.integers(1, KEPT - 1))
def test_one_step_whenever_it_comes_is_no_leak(jump_ah: float, at: int) -> None:
    """A reading that jumps, wires that are exchanged."""
    behind = one_cell(np.where(np.arange(KEPT) >= at, jump_ah, 0.0))
    behind[:, 1] = -behind[:, 0]
    assert np.isnan(told_leaks(ledger(behind), NONE).leak_ampere).all()


@given(first_ah=st.floats(-3.0, 3.0), daily_ah=st.floats(0.0, 0.5))
def test_an_imbalance_that_is_levelled_out_is_no_leak(first_ah: float, daily_ah: float) -> None:
    bled = np.minimum(daily_ah * np.arange(float(KEPT)), abs(first_ah))
    behind = one_cell(first_ah - np.sign(first_ah) * bled)
    who = one_cell(bled) if first_ah < 0.0 else np.where(np.arange(CELLS) > 0, bled[:, None], 0.0)
    assert np.isnan(told_leaks(ledger(behind, who), NONE).leak_ampere).all()


def test_a_cell_that_leaves_the_knee_at_once_leaks_at_least_what_took_it_there() -> None:
    falling = one_cell(0.300 * DAY_HOURS * np.array([0.0, 0.0, 1.0, 2.0]))
    told = told_leaks(ledger(falling, knee_ah=4.0), NONE)
    assert told.leak_ampere[0] == pytest.approx(4.0 / DAY_HOURS)
    assert told.leak_ampere[0] + 1.96 * told.high_ampere[0] > 0.300
    falling[2:, 1] = -4.0  # another one rose by as much: their wires may be exchanged
    assert np.isnan(told_leaks(ledger(falling, knee_ah=4.0), NONE).leak_ampere[0])


def test_what_is_off_by_a_factor_in_every_charge_hides_no_growth() -> None:
    """A cell 3 Ah behind, told to 15 %, falls behind by 0.3 Ah a day: what is off once is off the next time."""
    falling = ledger(one_cell(3.0 + 0.3 * np.arange(float(KEPT))))
    scale = 0.15 * falling.behind_ah
    whole = np.hypot(falling.sigma_ah, scale)
    shared = told_leaks(dataclasses.replace(falling, sigma_ah=whole, scale_ah=scale), NONE)
    assert shared.leak_ampere[0] == pytest.approx(0.3 / DAY_HOURS)
    assert shared.low_ampere[0] > told_leaks(falling, NONE).low_ampere[0]
    assert np.isnan(told_leaks(dataclasses.replace(falling, sigma_ah=whole), NONE).leak_ampere[0])


def test_charges_tell_how_little_a_cell_has_lost_while_they_agree() -> None:
    level = np.zeros((KEPT, CELLS))
    level[:, 0] = 4.0
    loss, sigma = quiet_losses(ledger(level))
    assert loss == pytest.approx(0.0)
    assert (sigma < 0.001).all()
    jumped = ledger(one_cell(np.where(np.arange(KEPT) < KEPT - 1, 0.0, 2.0)))
    assert np.isnan(quiet_losses(jumped)[0][0])
    assert np.isnan(quiet_losses(ledger(level[:2]))[0]).all()


def test_a_pack_whose_cells_repeat_themselves_is_surer_than_the_set_and_one_whose_do_not_is_less_sure() -> None:
    rng = np.random.default_rng(3)
    scatter = rng.standard_normal((KEPT, 16))
    for share in (0.2, 1.0, 3.0):
        seen = as_alike_as_seen(ledger(share * SIGMA_AH * scatter)).sigma_ah
        assert ((0.7 * share * SIGMA_AH < seen) & (seen < 1.6 * share * SIGMA_AH)).all()
    few = as_alike_as_seen(ledger(0.2 * SIGMA_AH * scatter[:2, :4])).sigma_ah
    assert 0.6 * SIGMA_AH < few[0, 0] < SIGMA_AH
    assert as_alike_as_seen(ledger(0.0 * scatter[:, :3])).sigma_ah == pytest.approx(SIGMA_AH)


def test_what_goes_with_the_current_or_the_distance_is_no_surer_in_a_pack_whose_cells_are_alike() -> None:
    level = ledger(np.zeros((KEPT, 16)))
    part = np.full((KEPT, 16), 0.04)
    surer = as_alike_as_seen(level).sigma_ah
    for name in ("scale_ah", "current_ah"):
        other = dataclasses.replace(level, sigma_ah=np.hypot(level.sigma_ah, part), **{name: part})
        seen = as_alike_as_seen(other).sigma_ah
        assert ((np.hypot(surer, part) < seen) & (seen < np.hypot(0.5 * SIGMA_AH, part))).all()


@pytest.mark.parametrize("share", [0.2, 1.0])
def test_what_the_current_adds_is_no_unlikeness_of_the_cells(share: float) -> None:
    """Cells that repeat themselves to a share of what is stated, beside as much by their resistances."""
    random = np.random.default_rng(5)
    scatter, part = SIGMA_AH * random.standard_normal((2, KEPT, 32))
    stated = np.full((KEPT, 32), SIGMA_AH)
    noisy = ledger(share * scatter + part)
    seen = as_alike_as_seen(dataclasses.replace(noisy, sigma_ah=np.hypot(stated, stated), current_ah=stated)).sigma_ah
    own = np.sqrt(seen**2 - stated**2) / SIGMA_AH
    assert ((own < 0.5) if share < 1.0 else (own > 0.75)).all()


def test_one_charge_that_is_misread_does_not_blind_the_ledger() -> None:
    scatter = SIGMA_AH * np.random.default_rng(6).standard_normal((KEPT, 16))
    scatter[4] *= 1000.0
    assert (as_alike_as_seen(ledger(scatter)).sigma_ah < 3.0 * SIGMA_AH).all()


def test_a_cell_that_falls_beyond_the_knee_leaks_at_least_what_two_spans_show() -> None:
    told = told_leaks(ledger(one_cell(np.array([0.0, 2.0, 5.0])), knee_ah=4.0), NONE)
    assert told.leak_ampere[0] == pytest.approx(4.0 / (2.0 * DAY_HOURS))
    assert told.high_ampere[0] > 2.0 * told.leak_ampere[0]
    assert told.low_ampere[0] < 0.1 * told.leak_ampere[0]


def test_two_spans_of_a_pack_whose_cells_are_alike_tell_a_smaller_leak() -> None:
    rng = np.random.default_rng(4)
    behind = 0.1 * SIGMA_AH * rng.standard_normal((3, 16))
    behind[:, 0] += 0.004 * DAY_HOURS * np.arange(3.0)
    assert np.isnan(told_leaks(ledger(behind), several(16)).leak_ampere).all()
    told = told_leaks(as_alike_as_seen(ledger(behind)), several(16))
    assert told.leak_ampere[0] == pytest.approx(0.004, abs=0.0005)
    assert np.isnan(told.leak_ampere[1:]).all()


def test_the_scale_of_a_cell_far_behind_is_not_counted_upon_where_nothing_shows_a_leak() -> None:
    far = ledger(one_cell(np.full(KEPT, 4.0)))
    scale = 0.15 * far.behind_ah
    whole = dataclasses.replace(far, sigma_ah=np.hypot(far.sigma_ah, scale), scale_ah=scale)
    hours = DAY_HOURS * (KEPT - 1)
    assert quiet_losses(whole)[1][0] == pytest.approx(np.sqrt(2.0) * np.hypot(SIGMA_AH, 0.6) / hours)


def several(cells: int) -> ToldLeaks:
    """Nothing told of so many cells."""
    return ToldLeaks(*(np.full(cells, np.nan) for _ in range(3)))


def told_by_charges(
    days: int, read_each: int = 1, *, rest_days: int = 0, logged: bool = True, read_high_volt: float = 0.0
) -> tuple[FloatArray, KneeLeakTrack]:
    """Stamps and track of a cell that falls 0.7 Ah behind a day; its string is charged daily, read so many minutes.

    After these days it rests on; `read_high_volt` is how much too high the cell is read.
    """
    day = np.arange(0.0, 24.0, 1.0 / 60.0)
    cycle = np.where(day < 1.6, 25.0, np.where(day < 4.0, 0.0, np.where(day < 5.6, -25.0, 0.0)))
    current = np.concatenate([cycle] * days + [0.0 * day] * rest_days)
    time: FloatArray = START + 60.0 * np.arange(float(len(current)))
    soc = 0.6 + np.cumsum(current) / 60.0 / 100.0
    behind = FALLING_AMPERE * (time - START)[:, None] / 3600.0 * (np.arange(CELLS) == 0) / 100.0
    own = soc[:, None] - behind
    ocv = 3.34 + 0.05 * (own - 0.6) + 0.15 * np.exp((own - 1.0) / 0.02) + 0.0008 * current[:, None]
    ocv[:, 0] += read_high_volt
    unread = np.arange(len(time)) % read_each > 0
    ocv[unread] = np.nan
    block = samples(time, current, ocv)
    context = context_of(block, balancer="none" if logged else "passive")
    context = dataclasses.replace(context, has_current=True, has_balancing=logged)
    minutes, edges = minutes_of(block, context)
    place = np.searchsorted(time, minutes.unix_time_second).clip(0, len(time) - 1)
    wide = np.repeat(soc[place][:, None], CELLS, axis=1)
    rest = np.where(np.abs(current[place]) < 2.0, 7200.0, 0.0)
    board = Board()
    board.put(
        SocTrack(
            soc_fraction=wide,
            soc_low_fraction=wide,
            soc_high_fraction=wide,
            ocv_volt=wide,
            ocv_slope_volt=wide,
            deficit_difference_ah=wide,
            deficit_difference_sigma_ah=wide,
            full_count=rest,
            rest_second=rest,
        )
    )
    board.put(alike_resistances(len(wide), CELLS))
    for plugin in (knee_stand.ESTIMATOR, ESTIMATOR):
        plugin.step(plugin.initial(context), minutes, edges, board, context)
    return minutes.unix_time_second, board.get(KneeLeakTrack)


@pytest.mark.parametrize("read_each", [1, 2])
def test_minutes_without_a_reading_hide_no_leak(read_each: int) -> None:
    _, track = told_by_charges(4, read_each)
    assert track.leak_ampere[-1, 0] == pytest.approx(FALLING_AMPERE, rel=0.15)
    assert np.isnan(track.leak_ampere[-1, 1:]).all()


def test_what_charges_tell_is_as_sure_as_the_cells_are_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    _, seen = told_by_charges(4)
    monkeypatch.setattr(knee_leak, "as_alike_as_seen", lambda ledger: ledger)
    _, supposed = told_by_charges(4)
    assert seen.low_sigma_ampere[-1, 0] < 0.96 * supposed.low_sigma_ampere[-1, 0]  # most of it is how far it is behind
    assert (seen.quiet_sigma_ampere[-1, 1:] < 0.7 * supposed.quiet_sigma_ampere[-1, 1:]).all()


def test_a_leak_was_informed_by_the_last_charge_that_shows_it() -> None:
    stamp, track = told_by_charges(4, 1)
    informed = track.informed_unix_time_second
    assert np.isnan(informed[:, 1:]).all()
    assert (np.isfinite(informed[:, 0]) == np.isfinite(track.leak_ampere[:, 0])).all()
    assert 3600.0 < informed[-1, 0] - START - 3 * 86400.0 < 1.6 * 3600.0  # where that charge climbed the knee
    assert (informed[np.isfinite(informed[:, 0]), 0] <= stamp[np.isfinite(informed[:, 0])]).all()


def test_what_was_told_stays_until_a_charge_speaks_against_it() -> None:
    before = ToldLeaks(*(np.where(np.arange(CELLS) == 0, value, np.nan) for value in (0.011, 0.002, 0.002)))
    slowly = one_cell(0.011 * DAY_HOURS * np.array([0.0, 0.2, 1.2]))
    slowly[1, 0] = EACH_SIGMAS * SIGMA_AH
    assert told_leaks(ledger(slowly), before).leak_ampere[0] == pytest.approx(0.011)
    assert np.isnan(told_leaks(ledger(np.zeros((3, CELLS))), before).leak_ampere[0])


def test_without_the_balancers_log_a_cell_that_falls_behind_leaks_at_least_as_much() -> None:
    _, logged = told_by_charges(4)
    _, unlogged = told_by_charges(4, logged=False)
    assert unlogged.leak_ampere[-1, 0] == pytest.approx(logged.leak_ampere[-1, 0])
    assert unlogged.low_sigma_ampere[-1, 0] >= logged.low_sigma_ampere[-1, 0]
    assert unlogged.high_sigma_ampere[-1, 0] > logged.high_sigma_ampere[-1, 0] + 0.001
    assert np.isnan(unlogged.quiet_ampere).all()
    assert np.isfinite(logged.quiet_ampere[-1]).all()


def told_of_charges(behind_ah: FloatArray, *, logged: bool) -> FloatArray:
    """(n_cells,) leaks told after charges a day apart, (K, n) behind, of a pack whose balancer keeps a log or not."""
    count, cells = behind_ah.shape
    string = KnownString(stages=(CHARGE,), cells=cells, balancing_logged=logged)
    context = string_context(string)
    minutes, edges = minutes_of(course_of(string).samples, context)
    same, none = np.full(cells, SIGMA_AH), np.zeros(cells)
    charges = tuple(
        (k, KneeShift(START - 86400.0 * (count - k), behind, same, none, none, behind, none, none))
        for k, behind in enumerate(behind_ah)
    )
    wide = np.full((len(minutes), cells), np.nan)
    board = Board()
    board.put(KneeStandTrack(behind_ah=wide, sigma_ah=wide, charges=charges))
    ESTIMATOR.step(ESTIMATOR.initial(context), minutes, edges, board, context)
    told: FloatArray = board.get(KneeLeakTrack).leak_ampere[-1]
    return told


@pytest.mark.parametrize("logged", [True, False])
def test_cells_that_do_not_leak_are_told_none_whether_the_balancer_keeps_a_log_or_not(*, logged: bool) -> None:
    """Without a log who is ahead counts as level: half of the cells show no difference, and that is no likeness."""
    told = 0
    for seed in range(20):
        random = np.random.default_rng(seed)
        stand, noise = 0.5 * random.standard_normal(16), SIGMA_AH * random.standard_normal((KEPT, 16))
        told += int(np.isfinite(told_of_charges(stand + noise, logged=logged)).sum())
    assert told <= 1


def test_a_cell_that_is_read_high_may_be_bled_by_a_balancer_without_a_log() -> None:
    _, unlogged = told_by_charges(4, logged=False, read_high_volt=0.02)
    assert np.isnan(unlogged.leak_ampere).all()
    _, logged = told_by_charges(4, read_high_volt=0.02)
    assert np.isfinite(logged.leak_ampere[-1, 0])


def test_a_leak_is_doubted_more_the_longer_no_charge_bears_it_out() -> None:
    stamp, track = told_by_charges(4, rest_days=round(MEMORY_DAYS) + 2)
    days = (stamp - track.informed_unix_time_second[np.isfinite(track.informed_unix_time_second)][-1]) / 86400.0
    told, low = track.leak_ampere[:, 0], track.low_sigma_ampere[:, 0]
    fresh, old, gone = (int(np.searchsorted(days, day)) for day in (1.0, MEMORY_DAYS - 0.1, MEMORY_DAYS + 0.1))
    assert told[old] == told[fresh]
    assert low[old] > low[fresh] + 0.05 * told[fresh] * (MEMORY_DAYS - FRESH_DAYS)
    assert np.isnan(told[gone])
