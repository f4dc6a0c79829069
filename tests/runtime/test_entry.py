"""Rounding at the entry: what the store gives back is what the cycle saw."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellwarden.core.pack_spec import SensorSpec
from cellwarden.core.sample_block import SampleBlock
from cellwarden.runtime.entry import entry_units, newer_rows, quantised
from cellwarden.store.batch import PackLayout
from cellwarden.store.sample_rows import quantised as stored_and_read
from tests.estimation.sample_logs import samples

VALUE = st.one_of(st.floats(-4.0, 4.0), st.just(float("nan")))


def block_of(values: list[float], time: float = 1_700_000_000.123456) -> SampleBlock:
    column = np.array(values, dtype=np.float64)
    return samples(
        time + 0.9973 * np.arange(column.size, dtype=np.float64),
        20.0 * column,
        np.column_stack([column, column]),
        temperature_celsius=np.column_stack([10.0 * column]),
        balancing_fraction=np.abs(np.column_stack([column, column])) / 4.0,
        bms_soc_fraction=np.abs(column) / 4.0,
    )


@given(st.lists(VALUE, min_size=1, max_size=5), st.sampled_from([0.001, 0.0001]))
def test_what_the_store_gives_back_is_the_rounded_block(values: list[float], resolution: float) -> None:
    units = entry_units(SensorSpec(voltage_resolution_volt=resolution))
    layout = PackLayout(
        cells_in_series=2, sensors=("t1",), voltage_unit="millivolt" if resolution == 0.001 else "microvolt"
    )
    rounded = quantised(block_of(values), units)
    back = stored_and_read(rounded, layout)
    for item in fields(SampleBlock):
        mine, theirs = getattr(rounded, item.name), getattr(back, item.name)
        if mine is not None and mine.size:
            np.testing.assert_array_equal(mine, theirs, err_msg=item.name)


@given(st.lists(VALUE, min_size=1, max_size=3))
def test_rounding_twice_changes_nothing(values: list[float]) -> None:
    units = entry_units(SensorSpec())
    once = quantised(block_of(values), units)
    twice = quantised(once, units)
    np.testing.assert_array_equal(once.cell_voltage_volt, twice.cell_voltage_volt)
    np.testing.assert_array_equal(once.unix_time_second, twice.unix_time_second)


@pytest.mark.parametrize(("after", "left"), [(float("nan"), 3), (0.5, 3), (1.0, 2), (2.5, 1)])
def test_rows_that_are_not_newer_fall_away(after: float, left: int) -> None:
    block = samples(np.array([1.0, 2.0, 3.0]), np.zeros(3), np.full((3, 2), 3.3))
    newer = newer_rows(block, after)
    assert newer is not None
    assert len(newer) == left


def test_nothing_is_left_of_repeated_rows() -> None:
    block = samples(np.array([1.0, 2.0]), np.zeros(2), np.full((2, 2), 3.3))
    assert newer_rows(block, 2.0) is None
