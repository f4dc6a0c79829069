"""Rows by table against plain division."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cellwarden.logs.weave import woven

KINDS = ("int16", "int32", "uint16", "int64")


@settings(deadline=None)
@given(
    columns=st.integers(2, 5),
    rows=st.integers(1, 40),
    low=st.integers(0, 30_000),
    span=st.integers(0, 60),
    kind=st.sampled_from(KINDS),
    divisor=st.sampled_from([1.0, 10.0, 1000.0, 1e6]),
)
def test_every_value_is_the_quotient_to_the_last_bit(
    columns: int, rows: int, low: int, span: int, kind: str, divisor: float
) -> None:
    random = np.random.default_rng(low)
    numbers = random.integers(low, low + span + 1, (columns, rows)).astype(kind)
    found = woven(list(numbers), divisor)
    wider = woven(list(numbers), divisor, float(low), float(low + span))
    if found is None:
        assert np.ptp(numbers) >= numbers.size
    else:
        np.testing.assert_array_equal(found, numbers.T / divisor)
    if wider is not None:
        np.testing.assert_array_equal(wider, numbers.T / divisor)


@pytest.mark.parametrize("kinds", [("int8", "int8"), ("int8", "int16"), ("int16", "int16"), ("uint8", "uint8")])
def test_small_numbers_of_any_sign_keep_their_value(kinds: tuple[str, str]) -> None:
    lowest = 0 if "uint8" in kinds else -100
    columns = [np.linspace(lowest, 120, 300).astype(kind) for kind in kinds]
    np.testing.assert_array_equal(woven(columns, 100.0), np.stack(columns, axis=1) / 100.0)


@pytest.mark.parametrize(
    "columns",
    [
        [np.array([1, 2])],
        [np.array([1.0, 2.0]), np.array([1.0, 2.0])],
        [np.array([0, 2]), np.array([1, 2**20])],
        [np.array([2**40, 2**40]), np.array([2**40, 2**40])],
    ],
    ids=["one column", "fractions", "wide range", "large numbers"],
)
def test_what_a_table_does_not_pay_for_is_left_to_division(columns: list[np.ndarray]) -> None:
    assert woven(columns, 1000.0) is None


def test_negative_numbers() -> None:
    columns = [np.array([-2, 1], dtype=np.int16), np.array([0, -1], dtype=np.int16)]
    np.testing.assert_array_equal(woven(columns, 10.0), [[-0.2, 0.0], [0.1, -0.1]])
