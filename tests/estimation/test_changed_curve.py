"""What is doubted of the cells once they are taken for another make: grown, consistent, and no estimate moved."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation import cell_difference as cd
from cellwarden.estimation import cell_fall as cf
from cellwarden.estimation.changed_curve import LEAK_SHARE, PLACE_SHARE, begin_rests_again, doubt_places
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


def fallen(*, again: bool) -> bool:
    """Whether a cell seems to fall in a rest of days in which another curve explains its reading 20 mV lower."""
    state = initial_charge(string_context(KnownString(stages=(), cells=CELLS)))
    rest = state.memory_y[0, cd.REST :]
    for minute in range(4320):
        second = 60.0 * minute
        if minute == 2000 and again:
            begin_rests_again(state, second)
        rest[cf.MISS] = -0.020 if minute > 2000 else 0.0
        cf.remember_rest(rest, 0.001 if minute < 2050 else 0.002, 0.0, second)
    if again:
        assert rest[cf.BETA_BEFORE] == 0.002
        assert cf.rest_hours(rest, 60.0 * 4320) == pytest.approx((4320 - 2000) / 60.0)
    return cf.falls_away(rest, 5.0, 0.0, 1e-6)


def test_a_reading_that_another_curve_explains_otherwise_is_no_fall() -> None:
    assert fallen(again=False)
    assert not fallen(again=True)


def test_the_next_rest_is_one_like_any_other() -> None:
    rest = np.zeros(cf.REST_SLOTS)
    rest[cf.REST_BEFORE] = 5e5
    assert cf.settling(rest, 5e5 + 3600.0)
    cf.remember_rest(rest, 0.0, 0.0, 60.0)
    assert not cf.settling(rest, cf.SETTLED_SECOND + 1.0)
