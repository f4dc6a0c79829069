"""What a curve's variance is worth: less where it is the set's own, more where another explains the log better."""

import numpy as np
import pytest

from cellwarden.estimation import central_cell as cc
from cellwarden.estimation.charge_credit import (
    KNOWN_VARIANCE_SHARE,
    LEARNT_VARIANCE_SHARE,
    PROVING_NEWS,
    SWEEP_NEWS,
    variance_share,
)


def memory_of(told_by_known: float, told_by_learnt: float, news: float) -> np.ndarray:
    """Memory of a known curve and of one that is learnt."""
    memory = np.zeros((2, cc.MEMORY))
    memory[:, cc.NEWS] = news
    memory[:, cc.PRIOR_LIKELIHOOD] = (7.0, -1.0)
    memory[:, cc.LIKELIHOOD] = memory[:, cc.PRIOR_LIKELIHOOD] + (told_by_known, told_by_learnt)
    return memory


def test_a_known_curve_that_explains_the_log_best_is_worth_the_most() -> None:
    memory = memory_of(100.0, 90.0, SWEEP_NEWS)
    assert variance_share(memory, 0, 0) == pytest.approx(KNOWN_VARIANCE_SHARE)
    assert variance_share(memory, 1, 12) == pytest.approx(LEARNT_VARIANCE_SHARE)


def test_a_known_curve_that_a_learnt_one_beats_is_worth_no_more_than_it() -> None:
    assert variance_share(memory_of(90.0, 100.0, SWEEP_NEWS), 0, 0) == pytest.approx(LEARNT_VARIANCE_SHARE, rel=1e-3)


def test_readings_that_repeat_a_sweep_do_not_add_up() -> None:
    once = variance_share(memory_of(99.0, 100.0, SWEEP_NEWS), 0, 0)
    assert variance_share(memory_of(990.0, 1000.0, 10 * SWEEP_NEWS), 0, 0) == pytest.approx(once)


def test_a_curve_that_was_given_up_beats_none() -> None:
    memory = memory_of(90.0, 100.0, SWEEP_NEWS)
    memory[1, cc.GIVEN_UP] = 1.0
    assert variance_share(memory, 0, 0) == pytest.approx(KNOWN_VARIANCE_SHARE)


def test_nothing_is_trusted_before_a_log_has_tested_it() -> None:
    assert variance_share(memory_of(0.0, 0.0, 0.0), 0, 0) == pytest.approx(1.0)
    half = variance_share(memory_of(10.0, 0.0, 0.5 * PROVING_NEWS), 0, 0)
    assert half == pytest.approx(0.5 * (1.0 + KNOWN_VARIANCE_SHARE))
