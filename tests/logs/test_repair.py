from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cellwarden.core.sample_block import FloatArray
from cellwarden.logs.repair import WINDOW_ROWS, Repairer
from tests.logs.log_factory import repaired, rows_at, strictly_rising


def check_counts(repairer: Repairer) -> None:
    counts = repairer.counts
    assert counts.read == counts.used + counts.repeated + counts.without_time


def test_regular_rows_pass_unchanged() -> None:
    times, tags, repairer = repaired(rows_at(np.arange(20_000.0)), [7, 4096, 9000])
    assert np.array_equal(tags, np.arange(20_000))
    assert strictly_rising(times)
    assert (repairer.counts.used, repairer.counts.out_of_order) == (20_000, 0)


def test_repeats_swaps_and_rows_without_time() -> None:
    times, tags, repairer = repaired(rows_at([1, 2, 2, 4, 3, 5, np.nan, np.inf, 6], [1, 2, 9, 4, 3, 5, 9, 9, 6]))
    assert times.tolist() == tags.tolist() == [1, 2, 3, 4, 5, 6]
    counts = repairer.counts
    assert (counts.repeated, counts.out_of_order, counts.without_time) == (1, 1, 2)
    check_counts(repairer)


def test_late_block_that_fills_a_hole_is_put_back() -> None:
    stamps = [*range(100), *range(150, 300), *range(100, 150), *range(300, 400)]
    times, tags, repairer = repaired(rows_at(stamps, stamps))
    assert times.tolist() == tags.tolist() == list(range(400))
    assert repairer.counts.out_of_order == 50
    assert repairer.clock.steps == []


def test_block_sent_twice_is_dropped() -> None:
    stamps = [*range(200), *range(100, 200), *range(200, 300)]
    _, tags, repairer = repaired(rows_at(stamps, stamps))
    assert tags.tolist() == list(range(300))
    assert (repairer.counts.repeated, repairer.clock.steps) == (100, [])


def test_late_rows_beyond_the_window_are_counted() -> None:
    stamps = [0.0, *np.arange(10.0, 10.0 + 2 * WINDOW_ROWS), 5.0]
    times, _, repairer = repaired(rows_at(stamps))
    assert 5.0 not in times
    assert repairer.counts.without_time == 1
    check_counts(repairer)


def test_small_step_back_keeps_the_logs_own_clock() -> None:
    stamps = np.concatenate((np.arange(500.0), np.arange(463.5, 900.0)))
    times, tags, repairer = repaired(rows_at(stamps))
    assert repairer.clock.steps == [pytest.approx(-36.5)]
    assert strictly_rising(times)
    assert times[-1] == stamps[-1]
    assert np.array_equal(tags, [*range(500), *range(536, len(stamps))])
    check_counts(repairer)


def test_large_step_back_loses_no_row_and_ends_with_a_gap() -> None:
    back = np.arange(-3100.0, -2100.0)
    later = np.arange(8000.0, 8100.0)
    times, tags, repairer = repaired(rows_at(np.concatenate((np.arange(500.0), back, later))))
    assert np.array_equal(tags, np.arange(1600))
    assert np.array_equal(times[:1500], np.arange(1500.0))
    assert np.array_equal(times[1500:], later)
    assert repairer.clock.steps == [pytest.approx(-3600.0)]


def test_clock_that_falls_to_1970_and_comes_back() -> None:
    start = 1.7e9
    stamps = np.concatenate((start + np.arange(300.0), np.arange(40.0), start + 340 + np.arange(300.0)))
    times, tags, _ = repaired(rows_at(stamps))
    assert np.array_equal(times, start + np.arange(640.0))
    assert np.array_equal(tags, np.arange(640))


@pytest.mark.parametrize("length", [1, 3, 8])
@pytest.mark.parametrize("stamp", [4.0e9, 12.0])
def test_a_few_wild_stamps_are_set_aside(length: int, stamp: float) -> None:
    start = 1.7e9
    good = start + np.arange(6000.0)
    stamps = np.concatenate((good[:50], stamp + np.arange(length), good[50:]))
    times, _, repairer = repaired(rows_at(stamps))
    assert np.array_equal(times, good)
    assert repairer.counts.without_time == length
    assert repairer.clock.steps == []


def test_hourly_rows_are_not_wild() -> None:
    times, _, repairer = repaired(rows_at(np.arange(100.0) * 7200.0))
    assert len(times) == 100
    assert repairer.counts.without_time == 0


def messy(draw_ints: Sequence[int]) -> FloatArray:
    """Stamps with swaps, repeats, gaps, steps back and wild values, from a list of small integers."""
    now, stamps = 10_000.0, []
    for kind in draw_ints:
        now += 1.0
        if kind == 1:
            now += 37.0
        elif kind == 2:
            now -= 30.3
        elif kind == 3:
            now -= 5000.0
        elif kind == 4:
            now += 7000.0
        offset = {5: -1.0, 6: -2.5, 7: 3.0, 8: 1e9, 9: float("nan")}.get(kind, 0.0)
        stamps.append(now + offset)
    return np.asarray(stamps)


events = st.lists(st.sampled_from([0] * 40 + list(range(10))), min_size=1, max_size=400)


@settings(max_examples=80, deadline=None)
@given(kinds=events, padding=st.integers(0, 300), cuts=st.lists(st.integers(1, 700), max_size=12))
def test_cuts_do_not_matter(kinds: list[int], padding: int, cuts: list[int]) -> None:
    stamps = np.concatenate((messy(kinds), 30_000.0 + np.arange(padding)))
    rows = rows_at(stamps)
    whole_times, whole_tags, whole = repaired(rows)
    times, tags, cut = repaired(rows, [c for c in cuts if c < len(stamps)])
    assert np.array_equal(times, whole_times)
    assert np.array_equal(tags, whole_tags)
    assert cut.counts == whole.counts
    assert cut.clock.steps == whole.clock.steps
    assert strictly_rising(times)
    check_counts(cut)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), cut=st.integers(50, 3000))
def test_cuts_do_not_matter_beyond_the_window(seed: int, cut: int) -> None:
    random = np.random.default_rng(seed)
    kinds = random.choice(10, size=12_000, p=[0.9982, *[0.0002] * 9])
    rows = rows_at(messy(kinds.tolist()))
    whole_times, whole_tags, whole = repaired(rows)
    times, tags, pieces = repaired(rows, range(cut, len(rows), cut))
    assert np.array_equal(times, whole_times)
    assert np.array_equal(tags, whole_tags)
    assert pieces.counts == whole.counts


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), spread=st.integers(1, 1000))
def test_local_disorder_is_sorted(seed: int, spread: int) -> None:
    random = np.random.default_rng(seed)
    wanted = np.arange(2000.0) * 2.0
    order = np.argsort(np.arange(2000) + random.uniform(0, spread, 2000), kind="stable")
    times, _, repairer = repaired(rows_at(wanted[order]))
    assert np.array_equal(times, wanted)
    assert repairer.clock.steps == []
