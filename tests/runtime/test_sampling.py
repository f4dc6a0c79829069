"""Decimation: quiet rows become rare, edges keep what was before and after, duty survives in sum."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellwarden.core.sample_block import FloatArray, SampleBlock
from cellwarden.runtime.sampling import SamplingState, advance_sampling, finish_sampling, joined_rows
from cellwarden.runtime.sampling_policy import SamplingPolicy
from tests.estimation.sample_logs import samples

POLICY = SamplingPolicy()


def steady(seconds: int, current: FloatArray | None = None) -> SampleBlock:
    time = np.arange(float(seconds))
    flow = np.zeros(seconds) if current is None else current
    return samples(time, flow, np.full((seconds, 2), 3.35), temperature_celsius=np.full((seconds, 1), 20.0))


def kept_of(block: SampleBlock, policy: SamplingPolicy = POLICY, step: int = 1) -> SampleBlock:
    state, parts = SamplingState(), []
    for begin in range(0, len(block), step):
        state, rows = advance_sampling(state, block.rows(begin, min(begin + step, len(block))), policy)
        parts += [rows] if rows is not None else []
    _, rest = finish_sampling(state)
    whole = joined_rows([*parts, *([rest] if rest is not None else [])])
    assert whole is not None
    return whole


def test_a_quiet_pack_is_kept_once_a_minute() -> None:
    kept = kept_of(steady(600))
    assert len(kept) == 10
    assert np.diff(kept.unix_time_second).max() == POLICY.longest_second


def test_an_edge_keeps_the_seconds_before_and_after_it() -> None:
    current = np.where(np.arange(600) >= 300, -20.0, 0.0)
    time = kept_of(steady(600, current)).unix_time_second
    around = time[(time >= 300 - POLICY.before_second + 1) & (time <= 300 + POLICY.after_second)]
    np.testing.assert_array_equal(np.diff(around), 1.0)
    assert around[0] <= 291.0
    assert around[-1] == 330.0


def test_a_slow_change_keeps_the_row_before_it_left_the_band() -> None:
    current = np.where(np.arange(300) >= 150, 0.5, 0.0)  # above the band of 0.2 A, below an edge of 3 A
    kept = kept_of(steady(300, current))
    assert {149.0, 150.0} <= set(kept.unix_time_second)


def test_everything_is_kept_where_the_site_wants_it() -> None:
    block = steady(50)
    np.testing.assert_array_equal(kept_of(block, replace(POLICY, keep="all")).unix_time_second, block.unix_time_second)


def test_a_forced_row_is_kept_at_once() -> None:
    block = steady(20)
    state, _ = advance_sampling(SamplingState(), block.rows(0, 15), POLICY)
    _, rows = advance_sampling(state, block.rows(15, 16), POLICY, is_forced=True)
    assert rows is not None
    assert rows.unix_time_second[-1] == 15.0


def test_a_value_that_goes_missing_is_a_change() -> None:
    block = steady(200)
    volt = block.cell_voltage_volt.copy()
    volt[100:, 1] = np.nan
    kept = kept_of(replace(block, cell_voltage_volt=volt))
    assert {99.0, 100.0} <= set(kept.unix_time_second)


@given(st.integers(0, 2**32 - 1), st.integers(1, 7))
def test_the_cut_into_blocks_does_not_matter(seed: int, step: int) -> None:
    noise = np.random.default_rng(seed)
    current = np.cumsum(noise.choice([0.0, 0.0, 0.0, 0.15, -0.15, 6.0], 200))
    block = steady(200, current)
    np.testing.assert_array_equal(kept_of(block).unix_time_second, kept_of(block, step=step).unix_time_second)


@given(st.integers(0, 2**32 - 1))
def test_the_bleed_that_was_measured_in_dropped_rows_is_carried_on(seed: int) -> None:
    block = steady(400)
    duty = np.random.default_rng(seed).choice([0.0, 1.0], (400, 2))
    kept = kept_of(replace(block, balancing_fraction=duty))
    assert kept.balancing_fraction is not None
    seconds = np.diff(kept.unix_time_second)
    carried = (kept.balancing_fraction[1:] * seconds[:, None]).sum(axis=0)
    first, last = int(kept.unix_time_second[0]), int(kept.unix_time_second[-1])
    np.testing.assert_allclose(carried, duty[first + 1 : last + 1].sum(axis=0), atol=0.005 * seconds.sum())


@pytest.mark.parametrize("keep", ["changes", "all"])
def test_rows_stay_in_order_and_are_never_doubled(keep: str) -> None:
    current = 5.0 * np.random.default_rng(1).standard_normal(500)
    kept = kept_of(steady(500, current), replace(POLICY, keep=keep))  # type: ignore[arg-type]
    assert (np.diff(kept.unix_time_second) > 0.0).all()
