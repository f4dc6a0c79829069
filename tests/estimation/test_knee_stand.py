"""How cells stand after a charge: told by a log's first one too, and followed by what is bled since."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from cellwarden.core.board import Board
from cellwarden.core.minute_block import MinuteBlock
from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.charge_tracks import SocTrack
from cellwarden.estimation.knee_stand import ESTIMATOR, KneeStandTrack
from cellwarden.estimation.plugin import PackContext
from cellwarden.runtime.cycle import advance_cycle, initial_cycle
from tests.estimation.known_cells import alike_resistances
from tests.estimation.known_string import CHARGE, DEEP, KnownString, Stage, course_of, string_context
from tests.estimation.sample_logs import START, context_of, minutes_of, samples

CELLS, CAPACITY_AH = 5, 100.0
BEHIND_AH = 2.5 * (np.arange(CELLS) == 1)
CHARGED_MINUTES = 90


def first_charge(
    begin_soc: float, *, hours: int = 12, balancer: str = "none", weakened: float = 1.0
) -> tuple[MinuteBlock, PackContext]:
    """A log that begins within a charge to the knee; then it rests, and all but the second cell are bled by 50 mA.

    From 91 % on it is charged by so much of the current before.
    """
    minute = np.arange(60.0 * hours)
    steady = begin_soc + minute * 25.0 / 60.0 / CAPACITY_AH
    charging = np.where(steady < 0.91, steady, 0.91 + weakened * (steady - 0.91)) < 0.99
    current = np.where(charging, np.where(steady < 0.91, 25.0, 25.0 * weakened), 0.0)
    time: FloatArray = START + 60.0 * minute
    own = begin_soc + np.cumsum(current)[:, None] / 60.0 / CAPACITY_AH - BEHIND_AH / CAPACITY_AH
    volt = 3.34 + 0.05 * (own - 0.6) + 0.15 * np.exp((own - 1.0) / 0.02) + 0.0008 * current[:, None]
    block = samples(time, current, volt)
    context = dataclasses.replace(context_of(block, balancer=balancer), has_current=True)
    minutes, _ = minutes_of(block, context)
    rest = (minutes.current_ampere < 1.0)[:, None] & (BEHIND_AH == 0.0)
    return dataclasses.replace(minutes, bleed_ah=np.where(rest, 0.05 / 60.0, 0.0)), context


def stood(
    minutes: MinuteBlock,
    context: PackContext,
    end_soc: float = 0.99,
    parts: int = 1,
    relative: FloatArray | None = None,
) -> KneeStandTrack:
    """The track of a log whose charge nobody knows before its end; cut into parts."""
    charging = minutes.current_ampere > 1.0
    last = int(np.flatnonzero(charging)[-1])
    unsure = np.where(np.arange(len(minutes)) < last, 0.4, end_soc)[:, None] * np.ones(CELLS)
    rested = np.cumsum(np.where(charging, 0.0, minutes.elapsed_second))
    state, tracks = ESTIMATOR.initial(context), []
    for rows in np.array_split(np.arange(len(minutes)), parts):
        names = [item.name for item in dataclasses.fields(MinuteBlock)]
        block = MinuteBlock(**{name: getattr(minutes, name)[rows] for name in names})
        board = Board()
        wide = unsure[rows]
        board.put(
            SocTrack(
                soc_fraction=wide,
                soc_low_fraction=wide - 0.5,
                soc_high_fraction=wide + 0.5,
                ocv_volt=wide,
                ocv_slope_volt=wide,
                deficit_difference_ah=wide,
                deficit_difference_sigma_ah=wide,
                full_count=rested[rows],
                rest_second=rested[rows],
            )
        )
        board.put(alike_resistances(len(rows), CELLS, relative))
        state = ESTIMATOR.step(state, block, None, board, context)  # type: ignore[arg-type]
        tracks.append(board.get(KneeStandTrack))
    return KneeStandTrack(
        behind_ah=np.concatenate([track.behind_ah for track in tracks]),
        sigma_ah=np.concatenate([track.sigma_ah for track in tracks]),
        charges=tuple(charge for track in tracks for charge in track.charges),
    )


def test_a_logs_first_charge_tells_how_the_cells_stand_and_the_bleeds_what_is_left() -> None:
    minutes, context = first_charge(0.65)
    track = stood(minutes, context)
    end = int(np.flatnonzero(np.isfinite(track.behind_ah[:, 1]))[0])
    assert 0.0 < minutes.unix_time_second[end] - START - 60.0 * 81.6 < 1800.0  # when the charge is surely over
    assert track.behind_ah[end, 1] == pytest.approx(2.5, abs=2.0 * track.sigma_ah[end, 1])
    assert track.sigma_ah[end, 1] < 0.8
    assert track.behind_ah[end, [0, 2, 3, 4]] == pytest.approx(0.0, abs=0.1)
    hours = (minutes.unix_time_second[-1] - minutes.unix_time_second[end]) / 3600.0
    assert track.behind_ah[end, 1] - track.behind_ah[-1, 1] == pytest.approx(0.05 * hours, rel=0.01)
    assert len(track.charges) == 1


def test_a_balancer_that_keeps_no_log_lets_the_stand_be_forgotten() -> None:
    minutes, context = first_charge(0.65, hours=48)
    unlogged = dataclasses.replace(
        context, has_balancing=False, pack=dataclasses.replace(context.pack, balancer="passive")
    )
    known, unknown = (stood(minutes, which).sigma_ah[-1, 0] for which in (context, unlogged))
    assert unknown > 2.0 * known


def test_a_charge_that_ends_far_below_the_knee_or_begins_on_it_tells_nothing() -> None:
    minutes, context = first_charge(0.65)
    assert not np.isfinite(stood(minutes, context, end_soc=0.7).behind_ah).any()
    minutes, context = first_charge(0.93)
    assert not np.isfinite(stood(minutes, context).behind_ah).any()


@pytest.mark.parametrize("parts", [2, 7, 50])
def test_a_log_may_be_cut_anywhere(parts: int) -> None:
    minutes, context = first_charge(0.65)
    whole, cut = stood(minutes, context), stood(minutes, context, parts=parts)
    np.testing.assert_allclose(cut.behind_ah, whole.behind_ah)
    np.testing.assert_allclose(cut.sigma_ah, whole.sigma_ah)


@pytest.mark.parametrize("behind_ah", [6.0, 4.0, 2.0])
def test_a_cell_far_behind_is_told_as_far_as_it_is_until_it_is_levelled(behind_ah: float) -> None:
    """By a curve with a step below the knee, at which a plateau's offset is easily taken wrongly."""
    known = KnownString(
        stages=(CHARGE, Stage(4.0, 0.0), DEEP, Stage(9.0, 0.0)) * 4 + (CHARGE, Stage(4.0, 0.0)),
        cells=6,
        ahead_ah=-behind_ah * (np.arange(6) == 2),
        interval_second=60.0,
    )
    course, context = course_of(known), string_context(known)
    minutes, edges = minutes_of(course.samples, context)
    _, output = advance_cycle(initial_cycle(context), minutes, edges, context)
    charges = output.board.get(KneeStandTrack).charges
    assert len(charges) >= 2
    for _, shift in charges:
        soc = course.soc_fraction[int(np.searchsorted(course.samples.unix_time_second, shift.stamp))]
        true = 102.0 * (np.median(soc) - soc[2])
        told = shift.behind_ah[2] - np.nanmedian(shift.behind_ah)
        assert shift.least_ah[2] < true + 0.3
        assert np.isnan(told) or abs(told - true) < 4.0 * shift.sigma_ah[2]


def test_a_cells_own_resistance_is_taken_out_before_it_is_compared() -> None:
    """Of two tracks of one charge that weakens, one is told that the third cell has half the resistance."""
    minutes, context = first_charge(0.65, weakened=0.6)
    relative = np.where(np.arange(CELLS) == 2, 0.5, 1.0)
    first, other = stood(minutes, context), stood(minutes, context, relative=relative)
    end = int(np.flatnonzero(np.isfinite(first.behind_ah[:, 2]))[0])
    assert abs(other.behind_ah[end, 2] - first.behind_ah[end, 2]) > 0.05
    assert other.sigma_ah[end, 2] > first.sigma_ah[end, 2]
