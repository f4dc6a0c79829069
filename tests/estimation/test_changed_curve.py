"""What is doubted of the cells once they are taken for another make: grown, consistent, and no estimate moved."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation import cell_difference as cd
from cellwarden.estimation.changed_curve import LEAK_SHARE, PLACE_SHARE, doubt_places
from cellwarden.estimation.charge_cascade import initial_charge
from tests.estimation.known_string import KnownString, string_context

CAPACITY, CELLS = 100.0, 3


def doubted(leak: FloatArray, hours: float) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """States and covariances before and after, of cells whose leaks have told their places for so many hours."""
    state = initial_charge(string_context(KnownString(stages=(), cells=CELLS)))
    state.y[:, cd.LEAK] = leak
    own = state.q[:, cd.LEAK, cd.LEAK]
    state.q[:, cd.DIFFERENCE, cd.LEAK] = state.q[:, cd.LEAK, cd.DIFFERENCE] = hours * own
    state.q[:, cd.DIFFERENCE, cd.DIFFERENCE] = 0.1 + hours**2 * own
    before = state.y.copy(), state.q.copy()
    doubt_places(state, CAPACITY)
    return *before, state.y, state.q


@given(st.lists(st.floats(-0.5, 0.5), min_size=CELLS, max_size=CELLS), st.floats(0.0, 240.0))
def test_places_and_leaks_are_doubted_together(leaks: list[float], hours: float) -> None:
    leak = np.array(leaks)
    y, q, after, grown = doubted(leak, hours)
    np.testing.assert_array_equal(after, y)
    more = grown - q
    np.testing.assert_allclose(more[:, cd.LEAK, cd.LEAK], (LEAK_SHARE * leak) ** 2, atol=1e-12)
    place = (PLACE_SHARE * CAPACITY) ** 2
    np.testing.assert_allclose(
        more[:, cd.DIFFERENCE, cd.DIFFERENCE], place + (hours * LEAK_SHARE * leak) ** 2, rtol=1e-6
    )
    for p in grown:
        np.testing.assert_allclose(p, p.T, atol=1e-9)
        assert np.linalg.eigvalsh(p).min() > -1e-9


def test_a_leak_that_was_no_leak_takes_back_what_it_made_of_the_place() -> None:
    """Told afterwards that nothing leaks, a cell is where it was before the leak was counted."""
    _, _, y, q = doubted(np.full(CELLS, 0.1), 48.0)
    gain = q[0, cd.DIFFERENCE, cd.LEAK] / q[0, cd.LEAK, cd.LEAK]
    assert y[0, cd.DIFFERENCE] - gain * y[0, cd.LEAK] == pytest.approx(-48.0 * 0.1)
