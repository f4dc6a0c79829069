"""Looking through sealed files one by one: what has become unreadable is put aside, its loss is named."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from cellwarden.store.batch import AuditRecord
from cellwarden.store.opening import file_aside
from cellwarden.store.rollups import HOUR, merge_into_table, roll_up
from cellwarden.store.row_layout import RowLayout
from cellwarden.store.sealed_files import DAY
from cellwarden.store.streams import MINUTES, layout_number

__all__ = ["FIRST_KEY", "CatalogueKey", "check_file", "needs_mending", "next_key"]

CatalogueKey = tuple[int, str, int, int]
"""Stream, kind, day and part: how the catalogue of sealed files is sorted."""

FIRST_KEY: CatalogueKey = (0, "", 0, 0)
_EVER = (0, 1 << 62)


def next_key(connection: sqlite3.Connection, after: CatalogueKey) -> CatalogueKey | None:
    """The file that follows in the catalogue."""
    found = connection.execute(
        "SELECT stream, kind, day, part FROM sealed WHERE (stream, kind, day, part) > (?, ?, ?, ?) "
        "ORDER BY stream, kind, day, part LIMIT 1",
        after,
    ).fetchone()
    return found if found is None else (found[0], found[1], found[2], found[3])


def check_file(connection: sqlite3.Connection, folder: Path, key: CatalogueKey) -> list[AuditRecord]:
    """Read a file to its end, inside a transaction of the caller's; losses.

    Hours that a new database lacks are made anew from the file.
    """
    if _is_whole(connection, folder, key):
        if not _has_hours(connection, key):
            _make_hours(connection, folder, key)
        return []
    (name,) = connection.execute(
        "SELECT file FROM sealed WHERE (stream, kind, day, part) = (?, ?, ?, ?)", key
    ).fetchone()
    connection.execute("DELETE FROM sealed WHERE (stream, kind, day, part) = (?, ?, ?, ?)", key)
    return [file_aside(folder, folder / name)]


def needs_mending(connection: sqlite3.Connection, folder: Path, key: CatalogueKey) -> bool:
    """Whether `check_file` would change anything; only reads."""
    return not _is_whole(connection, folder, key) or not _has_hours(connection, key)


def _is_whole(connection: sqlite3.Connection, folder: Path, key: CatalogueKey) -> bool:
    from cellwarden.store.parquet_rollups import read_parquet_rollup
    from cellwarden.store.parquet_rows import UNREADABLE, read_parquet_rows

    name, rows = _entry(connection, key)
    try:
        if key[1] == MINUTES:
            return len(read_parquet_rollup(folder / name, *_EVER)[1].unix_time_microsecond) == rows
        return len(read_parquet_rows(folder / name, *_EVER)) == rows
    except UNREADABLE:
        return False


def _entry(connection: sqlite3.Connection, key: CatalogueKey) -> tuple[str, int]:
    """Name and number of rows of a file."""
    question = "SELECT file, rows FROM sealed WHERE (stream, kind, day, part) = (?, ?, ?, ?)"
    name, rows = connection.execute(question, key).fetchone()
    return str(name), int(rows)


def _has_hours(connection: sqlite3.Connection, key: CatalogueKey) -> bool:
    """Whether there are roll-ups of hours of the file's day."""
    stream, _, day, _ = key
    question = "SELECT 1 FROM rollup WHERE stream = ? AND span = ? AND time >= ? AND time < ?"
    return connection.execute(question, (stream, HOUR, day * DAY, (day + 1) * DAY)).fetchone() is not None


def _make_hours(connection: sqlite3.Connection, folder: Path, key: CatalogueKey) -> None:
    """Roll-ups of a day's hours from all of its files."""
    from cellwarden.store.parquet_rollups import read_parquet_rollup
    from cellwarden.store.parquet_rows import read_parquet_rows

    stream, kind, _, _ = key
    files = connection.execute("SELECT file FROM sealed WHERE stream = ? AND kind = ? AND day = ?", key[:3]).fetchall()
    for (name,) in files:
        layout: RowLayout
        if kind == MINUTES:
            layout, minutes = read_parquet_rollup(folder / name, *_EVER)
            hours = minutes.gathered(HOUR)
        else:
            rows = read_parquet_rows(folder / name, *_EVER)
            layout, hours = rows.layout, roll_up(rows, HOUR)
        merge_into_table(connection, stream, layout_number(connection, layout), HOUR, hours)
