"""Sealing: closed days leave the landing database for Parquet files.

Write beside the target, sync, read back and compare every value, rename, sync the folder; only then the rows leave the
database, in one transaction with the note that they are sealed. A crash anywhere before that transaction leaves the
rows where they were, and the day is sealed anew.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from cellwarden.store.catalogue import SealedFile, sealed_file
from cellwarden.store.closed_days import ClosedDay
from cellwarden.store.errors import StoreDamagedError
from cellwarden.store.merging import merged_rows
from cellwarden.store.parquet_rollups import read_parquet_rollup, rollup_table, write_parquet_rollup
from cellwarden.store.parquet_rows import UNREADABLE, parquet_digests, read_parquet_rows, write_parquet_rows
from cellwarden.store.rollups import MINUTE
from cellwarden.store.row_layout import IntegerRows, RowLayout
from cellwarden.store.sealed_files import DAY, SealedPart, sealed_path
from cellwarden.store.streams import MINUTES, SAMPLES, Stream, read_rollups, read_rows
from cellwarden.store.syncing import make_folder, sync_path

__all__ = ["Step", "write_sealed"]

Step = Callable[[str], None]
_PIECE = DAY // 6  # 14,400 rows at 1 Hz
_ROWS_PER_MINUTE = 20  # below it a file of minutes would be about as large as that of the rows, and as slow
_GROUP_ROWS = 12_000  # smaller row groups cost bytes, larger ones memory


def _no_step(name: str) -> None:
    """Go on."""


def _layouts_of_day(connection: sqlite3.Connection, number: int, day: int) -> list[RowLayout]:
    """The layouts that the day's rows have."""
    span = (day * DAY, (day + 1) * DAY)
    found = connection.execute(
        "SELECT fields FROM row_layout WHERE id IN (SELECT DISTINCT layout FROM row WHERE stream = ? AND time >= ? "
        "AND time < ?) ORDER BY id",
        (number, *span),
    )
    return [RowLayout.from_text(fields) for (fields,) in found.fetchall()]


def _pieces_of_day(
    connection: sqlite3.Connection, number: int, day: int, layout: RowLayout, on_damage: Callable[[int], None]
) -> Iterator[IntegerRows]:
    """The day's rows of one layout, at least `_GROUP_ROWS` at a time but for the last: they are never all in memory."""
    waiting: list[IntegerRows] = []
    for begin in range(day * DAY, (day + 1) * DAY, _PIECE):
        found = read_rows(connection, number, begin, begin + _PIECE, on_damage=on_damage)
        waiting += [rows for rows in found if rows.layout == layout]
        if sum(len(rows) for rows in waiting) >= _GROUP_ROWS:
            yield from merged_rows(waiting)
            waiting = []
    yield from merged_rows(waiting)


def write_sealed(
    connection: sqlite3.Connection, folder: Path, closed: ClosedDay, step: Step = _no_step
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
    number, stream, day = closed.number, closed.stream, closed.day
    damaged: set[int] = set()
    files = []
    part = _next_part(connection, number, stream.kind, day)
    for layout in _layouts_of_day(connection, number, day):
        part, path = _free_path(connection, folder, number, stream, day, part)
        with _placed_at(path, step) as beside:
            digests = write_parquet_rows(beside, layout, _pieces_of_day(connection, number, day, layout, damaged.add))
            step("written")
            sync_path(beside)
            step("synced")
            _demand(parquet_digests(beside) == digests, path)
        if digests:
            files.append(sealed_file(SealedPart(stream, day, part, path)))
            part += 1
        else:
            path.unlink()
    if stream.kind == SAMPLES and _wants_minutes(connection, number, day):
        files += _write_minutes(connection, folder, number, stream, day, step)
    return files, sorted(damaged)


def _wants_minutes(connection: sqlite3.Connection, number: int, day: int) -> bool:
    """Whether a day's minutes are sealed: if earlier ones of that day were; for a new day, if rows are many more."""
    kinds = connection.execute(
        "SELECT DISTINCT kind FROM sealed WHERE stream = ? AND day = ?", (number, day)
    ).fetchall()
    if kinds:
        return (MINUTES,) in kinds
    span = (number, day * DAY, (day + 1) * DAY)
    (rows,) = connection.execute(
        "SELECT count(*) FROM row WHERE stream = ? AND time >= ? AND time < ?", span
    ).fetchone()
    (minutes,) = connection.execute(
        "SELECT count(*) FROM rollup WHERE stream = ? AND time >= ? AND time < ? AND span = ?", (*span, MINUTE)
    ).fetchone()
    return bool(rows >= _ROWS_PER_MINUTE * minutes)


def _write_minutes(
    connection: sqlite3.Connection, folder: Path, number: int, stream: Stream, day: int, step: Step
) -> Iterator[SealedFile]:
    minutes = Stream(MINUTES, stream.pack, stream.source)
    part = _next_part(connection, number, MINUTES, day)
    for layout, rollup in read_rollups(connection, number, MINUTE, day * DAY, (day + 1) * DAY):
        path = sealed_path(folder, minutes, day, part)
        table = rollup_table(layout, rollup)
        with _placed_at(path, step) as beside:
            write_parquet_rollup(beside, table)
            step("written")
            sync_path(beside)
            step("synced")
            _demand(rollup_table(*read_parquet_rollup(beside, 0, 1 << 62)).equals(table), path)
        yield sealed_file(SealedPart(minutes, day, part, path))
        part += 1


def _next_part(connection: sqlite3.Connection, number: int, kind: str, day: int) -> int:
    question = "SELECT coalesce(max(part), 0) + 1 FROM sealed WHERE stream = ? AND kind = ? AND day = ?"
    return int(connection.execute(question, (number, kind, day)).fetchone()[0])


def _free_path(
    connection: sqlite3.Connection, folder: Path, number: int, stream: Stream, day: int, part: int
) -> tuple[int, Path]:
    """A file that may be written: none is there, or one of a sealing that was cut short, whose rows are all here."""
    while True:
        path = sealed_path(folder, stream, day, part)
        if not path.exists() or _is_within(path, connection, number, day):
            return part, path
        part += 1


def _is_within(path: Path, connection: sqlite3.Connection, number: int, day: int) -> bool:
    try:
        there = read_parquet_rows(path, day * DAY, (day + 1) * DAY, ()).unix_time_microsecond
    except UNREADABLE:
        return False
    found = connection.execute(
        "SELECT time FROM row WHERE stream = ? AND time >= ? AND time < ?", (number, day * DAY, (day + 1) * DAY)
    )
    return bool(np.isin(there, [time for (time,) in found.fetchall()]).all())


def _demand(is_same: bool, path: Path) -> None:  # noqa: FBT001  # a verdict
    if not is_same:
        raise StoreDamagedError(f"{path.name} does not hold what was written into it; its rows stay in the database.")


@contextmanager
def _placed_at(path: Path, step: Step) -> Iterator[Path]:
    """A file beside the target that takes its place when it has been written, synced and verified."""
    make_folder(path.parent)
    beside = path.with_name(f"{path.name}.tmp")
    try:
        yield beside
        step("verified")
        beside.replace(path)
        step("renamed")
        sync_path(path.parent)
        step("folder_synced")
    finally:
        beside.unlink(missing_ok=True)
