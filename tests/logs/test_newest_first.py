"""Files that begin with their newest rows: what is turned round, and in how little memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from cellwarden.logs.newest_first import NewestFirst, runs_backwards
from cellwarden.logs.reader import open_log
from cellwarden.logs.tables import open_table
from tests.logs.log_factory import START, pack, save, table

PIECE_ROWS = 100_000


@dataclass(frozen=True)
class Stamps:
    """A table of one column whose numbers fall from row to row; each piece is made when it is asked for."""

    pieces: int
    file: str = "stamps"
    names: tuple[str, ...] = ("unix_time_second",)
    torn_lines: int = 0

    def row_count_estimate(self) -> int:
        """Rows, exactly."""
        return self.pieces * PIECE_ROWS

    def all_null(self) -> frozenset[str]:
        """None."""
        return frozenset()

    def batches(self, columns: Sequence[str], text: frozenset[str] = frozenset()) -> Iterator[pa.RecordBatch]:
        """Piece by piece, the newest first."""
        del text
        for piece in range(self.pieces, 0, -1):
            stamps = pa.array(np.arange(piece * PIECE_ROWS, (piece - 1) * PIECE_ROWS, -1, dtype=float))
            own = stamps.take(pa.array(np.arange(PIECE_ROWS)))  # in Arrow's memory, which is counted
            yield pa.RecordBatch.from_arrays([own], names=list(columns))


def test_a_long_table_is_turned_round_without_being_held_in_memory() -> None:
    before, most, last = pa.total_allocated_bytes(), 0, 0.0
    for piece in NewestFirst(Stamps(40)).batches(["unix_time_second"]):
        stamps = piece.column(0).to_numpy()
        assert stamps[0] == last + 1.0
        assert (np.diff(stamps) == 1.0).all()
        last, most = stamps[-1], max(most, pa.total_allocated_bytes() - before)
    assert last == 40 * PIECE_ROWS
    assert most < 10 * 8 * PIECE_ROWS


def test_a_table_without_rows_stays_one() -> None:
    assert list(NewestFirst(Stamps(0)).batches(["unix_time_second"])) == []
    assert not runs_backwards(Stamps(0), "unix_time_second")


@pytest.mark.parametrize("rows_a_stamp", [1, 4])
def test_rows_that_share_a_stamp_run_backwards_with_the_others(tmp_path: Path, rows_a_stamp: int) -> None:
    times = START * 1000 + 1000 * (np.arange(20, dtype=np.int64)[::-1] // rows_a_stamp)
    log = open_log(save(tmp_path / "log.parquet", table(rows=20, unix_time_millisecond=times)), pack())
    assert len(list(log.blocks())) == 1
    assert log.quality().rows_out_of_order == 0
    assert log.quality().rows_used == 20 // rows_a_stamp


def test_one_step_back_is_no_direction(tmp_path: Path) -> None:
    path = save(tmp_path / "log.parquet", pa.table({"unix_time_second": [1.0, 1.0, 1.0, 0.0]}))
    assert not runs_backwards(open_table(path), "unix_time_second")
