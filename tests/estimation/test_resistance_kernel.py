"""The bank of a cell when a second change is seen: an open question stays open, a settled one is what goes on."""

from __future__ import annotations

import numpy as np
import pytest

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation import resistance_change as change
from cellwarden.estimation import resistance_kernel as kernel


def second_change(log_odds: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """A bank that holds a film of 0.3 or a joint of 0.28, and one more edge that completes a rise."""
    x = np.zeros((kernel.HYPOTHESES, kernel.BANK_STATES))
    x[kernel.AGED_CELL, kernel.FILM], x[kernel.BAD_JOINT, kernel.JOINT] = 0.3, 0.28
    p = np.repeat(np.diag(np.full(kernel.BANK_STATES, 1e-4))[None], kernel.HYPOTHESES, axis=0)
    log_weight = np.array([-kernel.LOG_WEIGHT_SPAN, 0.0, -log_odds])
    sides = change.no_change(1)[0]
    sides[change.RISE] = [change.CUSUM_LIMIT, 0.2 / 0.05**2, 1.0 / 0.05**2, 0.2 / 0.05**2, 1.0 / 0.05**2]
    h = np.array([1.0, 1.0, 1.0, 0.0])
    told, opened = kernel.update_cell(
        x, p, log_weight, sides, np.log(kernel.CHANGE_PROBABILITY), h, 1.5, 0.05**2, change.change_weight(0.05)
    )
    assert told == pytest.approx(0.2, abs=1e-9)
    assert opened
    assert not sides.any()
    for covariance in p:
        np.testing.assert_allclose(covariance, covariance.T)
        assert np.linalg.eigvalsh(covariance).min() > 0.0
    return x, p, log_weight


def test_an_open_question_stays_open() -> None:
    x, _, log_weight = second_change(1.0)
    assert x[kernel.AGED_CELL, kernel.FILM] > 0.4
    assert x[kernel.AGED_CELL, kernel.JOINT] < 0.05
    assert x[kernel.BAD_JOINT, kernel.JOINT] > 0.4
    assert x[kernel.BAD_JOINT, kernel.FILM] < 0.05
    assert 0.0 < log_weight[kernel.AGED_CELL] - log_weight[kernel.BAD_JOINT] < 2.0


def test_a_settled_one_goes_on_in_all_hypotheses() -> None:
    x, _, log_weight = second_change(9.0)
    assert x[kernel.HEALTHY, kernel.FILM] == pytest.approx(0.3, abs=0.05)
    assert x[kernel.BAD_JOINT, kernel.FILM] == pytest.approx(0.3, abs=0.05)
    assert x[kernel.BAD_JOINT, kernel.JOINT] > 0.1
    np.testing.assert_allclose(log_weight, np.log(kernel.CHANGE_PROBABILITY))
