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
    weight = np.array([[0.001, 1.0 - joint_share, joint_share], *[[0.96, 0.02, 0.02]] * 2])
    assert (kernel.HEALTHY, kernel.AGED_CELL, kernel.BAD_JOINT) == (0, 1, 2)
    return np.asarray(np.log(weight))


@pytest.mark.parametrize(
    ("shares", "named"),
    [
        ([0.65], "cell"),
        ([0.72], "joint"),
        ([0.72, 0.65], "joint"),
        ([0.72, 0.65, 0.72, 0.55], "joint"),
        ([0.72, 0.45], "cell"),
        ([0.72, 0.45, 0.65], "cell"),
    ],
)
def test_a_joint_stays_named_for_as_long_as_it_is_the_likelier_one(shares: list[float], named: str) -> None:
    context = context_of(CELLS)
    state = ESTIMATOR.initial(context)
    state.bank[0, kernel.AGED_CELL, kernel.FILM] = state.bank[0, kernel.BAD_JOINT, kernel.JOINT] = 0.5
    for share in shares:
        state = dataclasses.replace(state, log_weight=weighed(share))
        name_joints(state.log_weight, state.taken_for_joint)
    row = fill_rows(state, np.array([1.76e9]), context)
    parts = {"joint": row["joint_excess_fraction"].ravel()[0], "cell": row["cell_excess_fraction"].ravel()[0]}
    assert {part for part, excess in parts.items() if excess > 0.3} == {named}
