"""Charge counted back from where it was known."""

from __future__ import annotations

import numpy as np
import pytest

from cellwarden.core.sample_block import FloatArray
from cellwarden.runtime.backward_pass import CellKnowledge, smoothed_charge

KNOWN = CellKnowledge(capacity_ah=np.array([100.0]), capacity_sigma_fraction=np.array([0.01]), offset_sigma_ampere=0.01)
ROWS = 241


def course(anchor: int) -> tuple[FloatArray, FloatArray, tuple[FloatArray, FloatArray, FloatArray], FloatArray]:
    """Four hours of charging by 10 A, charge known to 0.2 % in one row and guessed 20 % too low elsewhere."""
    time: FloatArray = 60.0 * np.arange(ROWS, dtype=np.float64)
    moved = np.full((ROWS, 1), 10.0 / 60.0)
    truth = 0.3 + np.cumsum(moved, axis=0) / 100.0
    value = truth - 0.2
    half = np.full((ROWS, 1), 0.4)
    value[anchor], half[anchor] = truth[anchor], 0.004
    return time, moved, (value, value - half, value + half), truth


def test_rows_before_an_anchor_are_counted_back_from_it_and_those_after_it_are_left() -> None:
    time, moved, soc, truth = course(120)
    value, low, high = smoothed_charge(time, moved, soc, KNOWN)
    np.testing.assert_allclose(value[:121], truth[:121], atol=1e-9)
    np.testing.assert_array_equal(value[121:], soc[0][121:])
    assert np.all((low[:121] <= truth[:121]) & (truth[:121] <= high[:121]))


def test_interval_grows_with_the_charge_that_was_counted() -> None:
    time, moved, soc, _ = course(240)
    _, low, high = smoothed_charge(time, moved, soc, KNOWN)
    width = (high - low)[:, 0]
    assert np.all(np.diff(width) <= 1e-12)
    sigma = np.hypot(0.004 / 1.96, np.hypot(0.4 * 0.01, 0.01 * 4.0 / 100.0))
    assert width[0] == pytest.approx(3.92 * sigma, rel=1e-3)


def test_nothing_is_carried_over_a_long_gap() -> None:
    time, moved, soc, _ = course(120)
    time[60:] += 7200.0
    value, _, _ = smoothed_charge(time, moved, soc, KNOWN)
    np.testing.assert_array_equal(value[:60], soc[0][:60])


def test_what_was_not_known_forward_is_filled_and_inputs_are_left_as_they_were() -> None:
    time, moved, soc, truth = course(120)
    for part in soc:
        part[:50] = np.nan
    before = [part.copy() for part in soc]
    value, _, _ = smoothed_charge(time, moved, soc, KNOWN)
    np.testing.assert_allclose(value[:50], truth[:50], atol=1e-9)
    for part, old in zip(soc, before, strict=True):
        np.testing.assert_array_equal(part, old)
