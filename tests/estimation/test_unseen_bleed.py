"""Leak and offset on float without the balancer's log: what the balancer may take is in both intervals."""

from __future__ import annotations

import numpy as np
import pytest

from cellwarden.estimation.charge_tracks import CurrentOffsetTrack, SelfDischargeTrack
from cellwarden.estimation.knee_stand import UNLOGGED_SHARE
from cellwarden.estimation.unseen_bleed import MEMORY_SECOND, lasting_share, unseen_bleed
from cellwarden.runtime.cycle import advance_cycle, initial_cycle
from tests.estimation.known_drift import drift_of
from tests.estimation.known_string import CHARGE, KnownString, Stage, course_of, string_context
from tests.estimation.sample_logs import minutes_of

CELLS, BLEED_AMPERE, LEAK_AMPERE = 6, 0.06, 0.045


def test_a_cell_that_is_read_high_may_leak_less_than_is_seen_and_any_other_more() -> None:
    less, more = unseen_bleed(
        BLEED_AMPERE,
        np.array([0.5]),
        drift_of(0.0, np.array([[0.004, 0.0, -0.004, -0.05]]), np.zeros(1)),
        np.array([[0.0, 0.0, 0.0, 1.0]]),
    )
    assert less == pytest.approx(np.array([[0.03, 0.0, 0.0, 0.0]]))
    assert more == pytest.approx(np.array([[0.0, 0.03, 0.03, 0.06]]))


def test_the_share_on_the_knee_is_remembered_and_cut_anywhere() -> None:
    rng = np.random.default_rng(3)
    share, elapsed = np.where(np.arange(60) < 20, rng.random(60), 0.0), np.full(60, 86400.0)
    expected, highest = [], 0.0
    for value in share:
        highest = max(highest * np.exp(-86400.0 / MEMORY_SECOND), value, UNLOGGED_SHARE)
        expected.append(highest)
    whole, start = lasting_share(np.zeros(1), share, elapsed), np.zeros(1)
    parts = [lasting_share(start, share[a:b], elapsed[a:b]) for a, b in ((0, 7), (7, 31), (31, 60))]
    assert whole == pytest.approx(np.array(expected))
    assert (np.concatenate(parts) == whole).all()


@pytest.mark.parametrize("logged", [True, False])
def test_intervals_hold_the_truth_on_float_with_and_without_the_log_of_the_bleeds(*, logged: bool) -> None:
    """A cell leaks 45 mA: the balancer takes as much from all others, three quarters of the time."""
    leak, offset = np.where(np.arange(CELLS) == 2, LEAK_AMPERE, 0.0), 0.03
    known = KnownString(
        stages=(CHARGE, Stage(96.0, LEAK_AMPERE)),
        cells=CELLS,
        leak_ampere=leak,
        current_offset_ampere=offset,
        balancing_logged=logged,
        interval_second=60.0,
    )
    context = string_context(known)
    minutes, edges = minutes_of(course_of(known).samples)
    _, output = advance_cycle(initial_cycle(context), minutes, edges, context)
    zero, told = output.board.get(CurrentOffsetTrack), output.board.get(SelfDischargeTrack)
    assert zero.current_offset_low_ampere[-1] < offset < zero.current_offset_high_ampere[-1]
    assert (told.self_discharge_low_ampere[-1] < leak).all()
    assert (leak < told.self_discharge_high_ampere[-1]).all()
    assert zero.unseen_ampere[-1] == (0.0 if logged else BLEED_AMPERE)
