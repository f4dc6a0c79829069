"""Looking through sealed files one by one: what has become unreadable is put aside, its loss is named."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from cellwarden.store.batch import AuditRecord
from cellwarden.store.opening import file_aside
from cellwarden.store.parquet_rollups import read_parquet_rollup
from cellwarden.store.parquet_rows import UNREADABLE, read_parquet_rows
from cellwarden.store.rollups import HOUR, merge_into_table, roll_up
from cellwarden.store.row_layout import RowLayout
from cellwarden.store.sealed_files import DAY
from cellwarden.store.streams import MINUTES, layout_number

__all__ = ["CatalogueKey", "check_file", "next_key"]

CatalogueKey = tuple[int, str, int, int]
"""Stream, kind, day and part: how the catalogue of sealed files is sorted."""

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
    name, rows = connection.execute(
        "SELECT file, rows FROM sealed WHERE (stream, kind, day, part) = (?, ?, ?, ?)", key
    ).fetchone()
    path = folder / name
    try:
        if key[1] == MINUTES:
            is_whole = len(read_parquet_rollup(path, *_EVER)[1].unix_time_microsecond) == rows
        else:
            is_whole = len(read_parquet_rows(path, *_EVER)) == rows
    except UNREADABLE:
        is_whole = False
    if is_whole:
        _make_hours(connection, folder, key)
        return []
    connection.execute("DELETE FROM sealed WHERE (stream, kind, day, part) = (?, ?, ?, ?)", key)
    return [file_aside(folder, path)]


def _make_hours(connection: sqlite3.Connection, folder: Path, key: CatalogueKey) -> None:
    """Roll-ups of a day's hours from all of its files, where there are none."""
    stream, kind, day, _ = key
    begin, end = day * DAY, (day + 1) * DAY
    if connection.execute(
        "SELECT 1 FROM rollup WHERE stream = ? AND span = ? AND time >= ? AND time < ?", (stream, HOUR, begin, end)
    ).fetchone():
        return
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
