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
from tests.estimation.known_cells import alike_resistances
from tests.estimation.sample_logs import START, context_of, minutes_of, samples

CELLS, CAPACITY_AH = 5, 100.0
BEHIND_AH = 2.5 * (np.arange(CELLS) == 1)
CHARGED_MINUTES = 90


def first_charge(begin_soc: float, *, hours: int = 12, balancer: str = "none") -> tuple[MinuteBlock, PackContext]:
    """A log that begins within a charge to the knee; then it rests, and all but the second cell are bled by 50 mA."""
    minute = np.arange(60.0 * hours)
    charging = begin_soc + minute * 25.0 / 60.0 / CAPACITY_AH < 0.99
    current = np.where(charging, 25.0, 0.0)
    time: FloatArray = START + 60.0 * minute
    own = begin_soc + np.cumsum(current)[:, None] / 60.0 / CAPACITY_AH - BEHIND_AH / CAPACITY_AH
    volt = 3.34 + 0.05 * (own - 0.6) + 0.15 * np.exp((own - 1.0) / 0.02) + 0.0008 * current[:, None]
    block = samples(time, current, volt)
    context = dataclasses.replace(context_of(block, balancer=balancer), has_current=True)
    minutes, _ = minutes_of(block, context)
    rest = (minutes.current_ampere < 1.0)[:, None] & (BEHIND_AH == 0.0)
    return dataclasses.replace(minutes, bleed_ah=np.where(rest, 0.05 / 60.0, 0.0)), context


def stood(minutes: MinuteBlock, context: PackContext, end_soc: float = 0.99, parts: int = 1) -> KneeStandTrack:
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
        board.put(alike_resistances(len(rows), CELLS))
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
