"""Sums along rows do not depend on the cuts between blocks."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cellwarden.estimation.running_sum import running_sum


@given(st.integers(0, 200), st.integers(0, 2**32 - 1))
def test_it_is_the_same_bit_for_bit_wherever_it_is_cut(cut: int, seed: int) -> None:
    rows = np.random.default_rng(seed).standard_normal((200, 3))
    whole = running_sum(np.zeros(3), rows)
    first = running_sum(np.zeros(3), rows[:cut])
    rest = running_sum(first[-1] if cut else np.zeros(3), rows[cut:])
    np.testing.assert_array_equal(np.concatenate([first, rest]), whole)
    np.testing.assert_allclose(whole[-1], rows.sum(axis=0), atol=1e-10)


def test_a_single_column_goes_on_from_a_number() -> None:
    np.testing.assert_array_equal(running_sum(2.0, np.array([1.0, 3.0])), [3.0, 6.0])
    assert running_sum(2.0, np.zeros(0)).shape == (0,)
