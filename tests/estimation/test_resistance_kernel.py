"""The bank of a cell: what tells a joint from an aged cell, and what a second change does to the question."""

from __future__ import annotations

import numpy as np
import pytest

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation import resistance_change as change
from cellwarden.estimation import resistance_kernel as kernel
from cellwarden.estimation import resistance_law
from cellwarden.models.parameter_set import load_cell_model


def second_change(log_odds: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """A bank that holds a film of 0.3 or a joint of 0.28, and one more edge that completes a rise."""
    x = np.zeros((kernel.HYPOTHESES, kernel.BANK_STATES))
    x[kernel.AGED_FILM, kernel.FILM], x[kernel.BAD_JOINT, kernel.JOINT] = 0.3, 0.28
    p = np.repeat(np.diag(np.full(kernel.BANK_STATES, 1e-4))[None], kernel.HYPOTHESES, axis=0)
    log_weight = np.array([-kernel.LOG_WEIGHT_SPAN, 0.0, -kernel.LOG_WEIGHT_SPAN, -log_odds])
    sides = change.no_change(1)[0]
    sides[change.RISE] = [change.CUSUM_LIMIT, *[0.2 / 0.05**2, 1.0 / 0.05**2] * change.CHANGING_PARTS]
    h = np.array([1.0, 1.0, 1.0, 1.0, 0.0])
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
    assert x[kernel.AGED_FILM, kernel.FILM] > 0.4
    assert x[kernel.AGED_FILM, kernel.JOINT] < 0.05
    assert x[kernel.BAD_JOINT, kernel.JOINT] > 0.4
    assert x[kernel.BAD_JOINT, kernel.FILM] < 0.05
    assert 0.0 < kernel.aged_log_odds(log_weight) < 2.0


def test_a_settled_one_goes_on_in_all_hypotheses() -> None:
    x, _, log_weight = second_change(9.0)
    assert x[kernel.HEALTHY, kernel.FILM] == pytest.approx(0.3, abs=0.05)
    assert x[kernel.BAD_JOINT, kernel.FILM] == pytest.approx(0.3, abs=0.05)
    assert x[kernel.BAD_JOINT, kernel.JOINT] > 0.1
    np.testing.assert_allclose(log_weight, np.log(kernel.CHANGE_PROBABILITY))


def test_aged_in_either_way_counts_against_the_joint() -> None:
    log_weight = np.log(np.array([0.1, 0.2, 0.3, 0.4]))
    assert kernel.aged_log_odds(log_weight) == pytest.approx(np.log(0.5 / 0.4))
    assert kernel.aged_log_odds(log_weight - 800.0) == pytest.approx(np.log(0.5 / 0.4))


@pytest.mark.parametrize(("part", "sign"), [(kernel.TRANSFER, 1.0), (kernel.JOINT, -1.0)])
def test_at_one_temperature_steps_of_different_size_tell_slow_transfer_from_a_joint(part: int, sign: float) -> None:
    law, covariance = resistance_law.common_prior(load_cell_model("lfp"))
    rng = np.random.default_rng(4)
    x = np.zeros((1, kernel.HYPOTHESES, kernel.BANK_STATES))
    p, log_weight = kernel.bank_covariance()[None].copy(), np.log(kernel.PRIOR_PROBABILITY)[None].copy()
    place, sides, told, changed = np.array([20.0, 0.5]), change.no_change(1), np.zeros(1), np.zeros(1)
    for k in range(40):
        step = (0.0, -0.06) if k % 2 else (-0.3, -0.9)
        usual = np.exp(resistance_law.log_resistance(law, *step, *place))
        joint = np.exp(law[resistance_law.LOG_SCALE])
        unit = joint * resistance_law.transfer_factor(law, *step, *place) if part == kernel.TRANSFER else joint
        ratio = np.array([usual + 0.3 * unit + 0.03 * rng.standard_normal()])
        noise, count = np.array([0.03]), np.array([float(k)])
        kernel.update_cells(
            x,
            p,
            log_weight,
            sides,
            np.log(kernel.CHANGE_PROBABILITY),
            law,
            covariance,
            *step,
            place,
            place[None],
            usual,
            ratio,
            noise,
            1.0,
            1.0,
            count,
            told,
            changed,
        )
    against = kernel.AGED_TRANSFER if part == kernel.JOINT else kernel.BAD_JOINT
    assert log_weight[0, against] < -4.0  # a film at one temperature is not told from a joint
    assert sign * kernel.aged_log_odds(log_weight[0]) > 0.5
    assert log_weight[0, kernel.HEALTHY] < -2.0
