"""The cells' median is that of NumPy."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_equal

from cellwarden.estimation.middle_value import finite_middle, middle_value

VALUES = st.lists(st.floats(-1e9, 1e9) | st.just(float("nan")) | st.just(float("inf")), min_size=1, max_size=33)


@given(VALUES)
def test_is_the_median(values: list[float]) -> None:
    cells = np.array(values)
    assert_equal(middle_value(cells), float(np.median(cells)))


@given(VALUES)
def test_the_middle_of_what_is_finite_is_its_median(values: list[float]) -> None:
    cells = np.array(values)
    finite = cells[np.isfinite(cells)]
    assert_equal(finite_middle(cells, np.empty(len(cells))), float(np.median(finite)) if len(finite) else np.nan)


def test_leaves_the_cells_in_their_order() -> None:
    cells = np.array([3.0, 1.0, 2.0])
    assert middle_value(cells) == 2.0
    assert cells.tolist() == [3.0, 1.0, 2.0]
