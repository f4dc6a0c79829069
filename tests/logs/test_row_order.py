"""Files whose rows were moved about after they were logged, and clocks that only look like it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cellwarden.core.sample_block import FloatArray
from cellwarden.logs.in_time_order import InTimeOrder
from cellwarden.logs.reader import PackLog, open_log
from cellwarden.logs.repair import WINDOW_ROWS
from cellwarden.logs.row_order import RowOrder, moved_rows
from cellwarden.logs.tables import open_table
from tests.logs.log_factory import START, joined, pack, save, table

ROWS = 6 * WINDOW_ROWS


def log_of(path: Path, times: FloatArray) -> PackLog:
    """A log with a row at each of these stamps [s]."""
    stamps = np.rint(1000.0 * (START + times)).astype(np.int64)
    return open_log(save(path, table(rows=len(times), unix_time_millisecond=stamps), row_group=5000), pack())


def times_of(log: PackLog) -> FloatArray:
    return joined(log.blocks(), "unix_time_second") - START


def uneven(rows: int) -> FloatArray:
    """Stamps at uneven intervals, with a gap of a day."""
    intervals = np.random.default_rng(1).uniform(2.0, 18.0, rows).round(3)
    intervals[rows // 3] = 86400.0
    return np.cumsum(intervals)


@pytest.mark.parametrize("rows", [400, ROWS])
@pytest.mark.parametrize("even", [True, False])
def test_rows_in_any_order_are_put_in_order_by_their_times(tmp_path: Path, rows: int, *, even: bool) -> None:
    times = np.arange(rows) * 10.0 if even else uneven(rows)
    log = log_of(tmp_path / "log.parquet", np.random.default_rng(0).permutation(times))
    assert times_of(log) == pytest.approx(times)
    quality = log.quality()
    assert (quality.rows_used, quality.clock_steps, quality.rows_without_time) == (rows, 0, 0)
    assert quality.rows_out_of_order > 0.9 * rows


@pytest.mark.parametrize("order", [(0, 2, 1), (2, 0, 1), (1, 2, 0), (2, 1, 0)])
def test_parts_that_were_joined_in_the_wrong_order(tmp_path: Path, order: tuple[int, ...]) -> None:
    times = np.arange(ROWS) * 10.0
    parts = np.split(times, [ROWS // 3, ROWS // 2])
    log = log_of(tmp_path / "log.parquet", np.concatenate([parts[part] for part in order]))
    assert np.array_equal(times_of(log), times)
    assert log.quality().clock_steps == 0


def a_clock(name: str) -> FloatArray:
    """Stamps of a clock that was wrong for a time, rows in the order in which they were logged."""
    true = np.arange(ROWS) * 10.0
    half, later = ROWS // 2, true[ROWS // 2 :]
    return {
        "set back by an hour": np.concatenate((true[:half], later - 3600.0)),
        "set back by half a day": np.concatenate((true[:half], later - 43203.0)),
        "set back by half a day, the same seconds": np.concatenate((true[:half], later - 43200.0)),
        "set back by days, shortly before the end": np.concatenate((true, true[-1] - 100_000.0 + true[1:40])),
        "set back to before the log": np.concatenate((true[:half], later - 2.0 * true[-1])),
        "falls to 1970 at each start": np.concatenate(
            [part for piece in np.split(true, 6) for part in (true[:12] - START, piece)]
        ),
        "a few wild stamps": np.where(np.arange(ROWS) % 4000 == 3999, np.roll(true, 9000), true),
        "two clocks": np.concatenate((true, true + 3.0)),
    }[name]


@pytest.mark.parametrize(
    "name",
    [
        "set back by an hour",
        "set back by half a day",
        "set back by half a day, the same seconds",
        "set back by days, shortly before the end",
        "set back to before the log",
        "falls to 1970 at each start",
        "a few wild stamps",
        "two clocks",
    ],
)
def test_a_clock_that_is_wrong_for_a_time_is_followed_as_it_ran(tmp_path: Path, name: str) -> None:
    stamps = 1000.0 * (START + a_clock(name))
    path = save(tmp_path / "log.parquet", table(rows=len(stamps), unix_time_millisecond=stamps))
    assert moved_rows(open_table(path), "unix_time_millisecond", 1000.0, 1000) is None


def test_regular_rows_and_local_disorder_are_left_to_the_window(tmp_path: Path) -> None:
    times = np.arange(ROWS) * 1000.0
    near = times[np.argsort(np.arange(ROWS) + np.random.default_rng(0).uniform(0, 500, ROWS))]
    for stamps in (times, near):
        path = save(tmp_path / "log.parquet", table(rows=ROWS, unix_time_millisecond=stamps))
        assert moved_rows(open_table(path), "unix_time_millisecond", 1000.0, 1000) is None


def test_pieces_of_a_moved_table_are_small_and_keep_rows_without_a_stamp(tmp_path: Path) -> None:
    times = np.random.default_rng(0).permutation(np.arange(5000.0))
    times[7] = np.nan
    path = save(tmp_path / "log.parquet", table(rows=5000, unix_time_second=times, unix_time_millisecond=None))
    found = moved_rows(open_table(path), "unix_time_second", 1.0, 500)
    assert isinstance(found, RowOrder)
    pieces = list(InTimeOrder(open_table(path), "unix_time_second", found).batches(["current_milliampere"]))
    assert max(piece.num_rows for piece in pieces) <= 501
    assert sum(piece.num_rows for piece in pieces) == 5000
    assert pieces[0].schema.names == ["current_milliampere"]
