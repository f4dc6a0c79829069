"""Sealing: closed days leave the landing database for Parquet files.

Write beside the target, sync, read back and compare every value, rename, sync the folder; only then the rows leave the
database, in one transaction with the note that they are sealed. A crash anywhere before that transaction leaves the
rows where they were, and the day is sealed anew.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cellwarden.store.errors import StoreDamagedError
from cellwarden.store.merging import merged_rows
from cellwarden.store.parquet_rollups import read_parquet_rollup, rollup_table
from cellwarden.store.parquet_rows import read_parquet_rows, rows_table, write_table
from cellwarden.store.rollups import MINUTE
from cellwarden.store.row_layout import IntegerRows
from cellwarden.store.sealed_files import DAY, sealed_path
from cellwarden.store.streams import MINUTES, SAMPLES, Stream, read_rollups, read_rows
from cellwarden.store.syncing import make_folder, sync_path

__all__ = ["SealedFile", "Step", "closed_days", "forget_rows", "record", "write_sealed"]

Step = Callable[[str], None]
_PIECE = DAY // 6  # of the day's rows, so that they never are all in memory one by one


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedFile:
    """One file that a closed day has become; times are those of its first and last row [µs]."""

    stream: Stream
    day: int
    part: int
    path: Path
    rows: int
    first: int
    last: int
    bytes: int


def closed_days(connection: sqlite3.Connection, before: int) -> Iterator[tuple[int, Stream, int]]:
    """For each stream that has rows before a moment [µs]: its number, itself and the first day of them."""
    for number, kind, pack, source in connection.execute("SELECT id, kind, pack, source FROM stream").fetchall():
        (first,) = connection.execute("SELECT min(time) FROM row WHERE stream = ?", (number,)).fetchone()
        if first is not None and first < before:
            yield number, Stream(kind, pack, source), first // DAY


def _rows_of_day(connection: sqlite3.Connection, number: int, day: int, damaged: list[int]) -> list[IntegerRows]:
    """The day's rows, one part for each layout."""
    by_layout: dict[str, list[IntegerRows]] = {}
    for begin in range(day * DAY, (day + 1) * DAY, _PIECE):
        for rows in read_rows(connection, number, begin, begin + _PIECE, on_damage=damaged.append):
            by_layout.setdefault(rows.layout.text(), []).append(rows)
    return [joined for same in by_layout.values() for joined in merged_rows(same)]


def write_sealed(
    connection: sqlite3.Connection, folder: Path, number: int, stream: Stream, day: int, step: Step
) -> tuple[list[SealedFile], list[int]]:
    """Write and verify the files of one day; the database is only read.

    Parameters
    ----------
    step : called with the name of every step that is done, for tests that stop there

    Returns
    -------
    files : what was written
    damaged : times [µs] of rows whose checksum does not fit; they are in no file

    Raises
    ------
    StoreDamagedError
        What was read back is not what was written.
    OSError
        The disk is full or fails.
    """
    damaged: list[int] = []
    files = []
    part = _next_part(connection, number, stream.kind, day)
    for rows in _rows_of_day(connection, number, day, damaged):
        part, path = _free_path(folder, stream, day, part, rows)
        _write_verified(rows_table(rows), path, partial(_same_rows, rows), step)
        files.append(_sealed(stream, day, part, path, rows.unix_time_microsecond))
        part += 1
    if stream.kind == SAMPLES:
        files += _write_minutes(connection, folder, number, stream, day, step)
    return files, damaged


def _write_minutes(
    connection: sqlite3.Connection, folder: Path, number: int, stream: Stream, day: int, step: Step
) -> Iterator[SealedFile]:
    minutes = Stream(MINUTES, stream.pack, stream.source)
    part = _next_part(connection, number, MINUTES, day)
    for layout, rollup in read_rollups(connection, number, MINUTE, day * DAY, (day + 1) * DAY):
        path = sealed_path(folder, minutes, day, part)
        table = rollup_table(layout, rollup)
        _write_verified(table, path, partial(_same_rollup, table), step)
        yield _sealed(minutes, day, part, path, rollup.unix_time_microsecond)
        part += 1


def _sealed(stream: Stream, day: int, part: int, path: Path, times: NDArray[np.int64]) -> SealedFile:
    return SealedFile(
        stream=stream,
        day=day,
        part=part,
        path=path,
        rows=len(times),
        first=int(times[0]),
        last=int(times[-1]),
        bytes=path.stat().st_size,
    )


def _next_part(connection: sqlite3.Connection, number: int, kind: str, day: int) -> int:
    question = "SELECT coalesce(max(part), 0) + 1 FROM sealed WHERE stream = ? AND kind = ? AND day = ?"
    return int(connection.execute(question, (number, kind, day)).fetchone()[0])


def _free_path(folder: Path, stream: Stream, day: int, part: int, rows: IntegerRows) -> tuple[int, Path]:
    """A file that may be written: none is there, or one of a sealing that was cut short, whose rows are all here."""
    while True:
        path = sealed_path(folder, stream, day, part)
        if not path.exists() or _is_within(path, rows):
            return part, path
        part += 1


def _is_within(path: Path, rows: IntegerRows) -> bool:
    try:
        there = read_parquet_rows(path, _day_first(rows), _day_first(rows) + DAY)
    except (OSError, pa.ArrowException, KeyError):
        return False
    return bool(np.isin(there.unix_time_microsecond, rows.unix_time_microsecond).all())


def _day_first(rows: IntegerRows) -> int:
    """The first moment of the day of the first row [µs]."""
    return int(rows.unix_time_microsecond[0]) // DAY * DAY


def _write_verified(table: pa.Table, path: Path, is_same: Callable[[Path], bool], step: Step) -> None:
    make_folder(path.parent)
    beside = path.with_name(f"{path.name}.tmp")
    try:
        write_table(table, beside)
        step("written")
        sync_path(beside)
        step("synced")
        if not is_same(beside):
            raise StoreDamagedError(
                f"{path.name} does not hold what was written into it; its rows stay in the database."
            )
        step("verified")
        beside.replace(path)
        step("renamed")
        sync_path(path.parent)
        step("folder_synced")
    finally:
        beside.unlink(missing_ok=True)


def _same_rows(rows: IntegerRows, path: Path) -> bool:
    first = _day_first(rows)
    found = read_parquet_rows(path, first, first + DAY)
    return (
        found.layout == rows.layout
        and np.array_equal(found.unix_time_microsecond, rows.unix_time_microsecond)
        and found.records.tobytes() == rows.records.tobytes()
    )


def _same_rollup(table: pa.Table, path: Path) -> bool:
    return bool(rollup_table(*read_parquet_rollup(path, 0, 1 << 62)).equals(table))


def record(connection: sqlite3.Connection, folder: Path, number: int, files: list[SealedFile]) -> None:
    """Note files as sealed."""
    connection.executemany(
        "INSERT OR REPLACE INTO sealed VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                number,
                sealed.stream.kind,
                sealed.day,
                sealed.part,
                str(sealed.path.relative_to(folder)),
                sealed.rows,
                sealed.first,
                sealed.last,
                sealed.bytes,
            )
            for sealed in files
        ],
    )


def forget_rows(connection: sqlite3.Connection, number: int, day: int) -> None:
    """Take a day's rows and minute roll-ups out of the database."""
    span = (day * DAY, (day + 1) * DAY)
    connection.execute("DELETE FROM row WHERE stream = ? AND time >= ? AND time < ?", (number, *span))
    connection.execute(
        "DELETE FROM rollup WHERE stream = ? AND span = ? AND time >= ? AND time < ?", (number, MINUTE, *span)
    )
