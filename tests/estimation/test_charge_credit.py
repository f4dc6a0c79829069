"""What a curve's variance is worth, and how surely a curve is beaten by another."""

from __future__ import annotations

import numpy as np
import pytest

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation import central_cell as cc
from cellwarden.estimation.charge_credit import (
    KNOWN_VARIANCE_SHARE,
    LEARNT_VARIANCE_SHARE,
    PROVING_NEWS,
    SWEEP_NEWS,
    resembling,
    variance_share,
)


def memory_of(told_by_known: float, told_by_learnt: float, news: float) -> FloatArray:
    """Memory of a known curve and of one that is learnt."""
    memory = np.zeros((2, cc.MEMORY))
    memory[:, cc.NEWS] = news
    memory[:, cc.PRIOR_LIKELIHOOD] = (7.0, -1.0)
    memory[:, cc.LIKELIHOOD] = memory[:, cc.PRIOR_LIKELIHOOD] + (told_by_known, told_by_learnt)
    return memory


def test_a_curve_that_has_proven_itself_is_trusted_and_before_that_none() -> None:
    proven, fresh = memory_of(100.0, 90.0, SWEEP_NEWS)[0], memory_of(0.0, 0.0, 0.0)[0]
    assert variance_share(proven, 0) == pytest.approx(KNOWN_VARIANCE_SHARE)
    assert variance_share(proven, 12) == pytest.approx(LEARNT_VARIANCE_SHARE)
    assert variance_share(fresh, 0) == variance_share(fresh, 12) == 1.0
    half = memory_of(0.0, 0.0, 0.5 * PROVING_NEWS)[0]
    assert variance_share(half, 0) == pytest.approx(0.5 * (1.0 + KNOWN_VARIANCE_SHARE))


def test_cells_resemble_a_known_curve_only_where_another_explains_the_log_better() -> None:
    assert resembling(memory_of(100.0, 90.0, SWEEP_NEWS), 0) == 0.0
    assert resembling(memory_of(90.0, 100.0, SWEEP_NEWS), 0) == pytest.approx(1.0, abs=1e-3)
    assert resembling(memory_of(0.0, 10.0, 0.0), 0) == 0.0


def test_readings_that_repeat_a_sweep_do_not_add_up() -> None:
    once = resembling(memory_of(99.0, 100.0, SWEEP_NEWS), 0)
    assert resembling(memory_of(990.0, 1000.0, 10 * SWEEP_NEWS), 0) == pytest.approx(once)


def test_a_curve_that_was_given_up_beats_none() -> None:
    memory = memory_of(90.0, 100.0, SWEEP_NEWS)
    memory[1, cc.GIVEN_UP] = 1.0
    assert resembling(memory, 0) == 0.0
