"""Rows of the resistance track: whether the cell or its joint is named."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation import resistance_kernel as kernel
from cellwarden.estimation.resistance import ESTIMATOR
from cellwarden.estimation.resistance_joint import name_joints
from cellwarden.estimation.resistance_rows import fill_rows
from tests.estimation.known_cells import context_of

CELLS = 3


def weighed(joint_share: float) -> FloatArray:
    """(CELLS, HYPOTHESES) weights of the first cell's change, of which that share speaks for the joint."""
    aged = 1.0 - joint_share
    weight = np.array([[0.001, 0.3 * aged, 0.7 * aged, joint_share], *[[0.96, 0.01, 0.01, 0.02]] * 2])
    assert (kernel.HEALTHY, kernel.BAD_JOINT) == (0, 3)
    return np.asarray(np.log(weight))


@pytest.mark.parametrize(
    ("shares", "edges", "named"),
    [
        ([0.55], 3.0, "joint"),
        ([0.55, 0.45], 3.0, "cell"),
        ([0.55], 30.0, "cell"),
        ([0.67], 30.0, "joint"),
        ([0.67, 0.37], 30.0, "joint"),
        ([0.67, 0.33], 30.0, "cell"),
        ([0.67, 0.33, 0.55], 30.0, "cell"),
    ],
)
def test_the_likelier_one_is_named_and_later_stays_so_until_it_clearly_is_not(
    shares: list[float], edges: float, named: str
) -> None:
    context = context_of(CELLS)
    state = ESTIMATOR.initial(context)
    for hypothesis, part in ((kernel.AGED_FILM, kernel.FILM), (kernel.AGED_TRANSFER, kernel.TRANSFER)):
        state.bank[0, hypothesis, part] = 0.5
    state.bank[0, kernel.BAD_JOINT, kernel.JOINT] = 0.5
    count, since = np.full(CELLS, 60.0), np.full(CELLS, edges)
    for share in shares:
        state = dataclasses.replace(state, log_weight=weighed(share))
        name_joints(state.log_weight, count, since, state.taken_for_joint)
    row = fill_rows(state, np.array([1.76e9]), context)
    parts = {"joint": row["joint_excess_fraction"].ravel()[0], "cell": row["cell_excess_fraction"].ravel()[0]}
    assert {part for part, excess in parts.items() if excess > 0.3} == {named}


def test_a_channel_that_answers_no_step_has_a_small_resistance_with_finite_bounds() -> None:
    context = context_of(CELLS)
    state = ESTIMATOR.initial(context)
    state.bank[0, kernel.HEALTHY, kernel.FILM] = -1.3
    row = fill_rows(state, np.array([1.76e9]), context)
    low, value, high = (row[f"resistance_{bound}ohm"].ravel()[0] for bound in ("low_", "", "high_"))
    assert 0.0 < low < value < high < np.inf
    assert value < 0.1 * row["resistance_ohm"].ravel()[1]
