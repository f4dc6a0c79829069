"""What a damaged database still gives: every table is read from its beginning and from its end, up to the damage."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cellwarden.store.batch import AuditRecord
from cellwarden.store.losses import loss
from cellwarden.store.row_layout import row_checksum
from cellwarden.store.sealed_files import DAY
from cellwarden.store.streams import Stream

__all__ = ["salvage"]

_KEYS = {
    "about": "key",
    "pack": "name",
    "row_layout": "id",
    "stream": "id",
    "finding": "pack {0}, key",
    "acknowledgement": "id",
    "audit": "id",
    "decision": "pack {0}, time",
    "document": "kind {0}, pack {0}, source {0}, hour",
    "sealed": "stream {0}, kind {0}, day {0}, part",
    "rollup": "stream {0}, span {0}, time {0}, layout",
}
_PIECE = 2000
_LONGEST_SECOND = 6.0  # a start must not take long; what is not salvaged by then stays in quarantine
_Gap = tuple[int | None, int | None]
_Take = Callable[[list[tuple[Any, ...]]], None]


def _read(old: sqlite3.Connection, question: str, until: float, take: _Take) -> bool:
    """Hand over an answer's rows; whether that were all."""
    try:
        cursor = old.execute(question)
        while time.monotonic() < until:
            piece = cursor.fetchmany(_PIECE)
            if not piece:
                return True
            take(piece)
    except sqlite3.Error:
        pass
    return False


def _insert(new: sqlite3.Connection, table: str, piece: list[tuple[Any, ...]]) -> None:
    if not piece:
        return
    places = ", ".join("?" * len(piece[0]))
    new.executemany(f"INSERT OR IGNORE INTO {table} VALUES({places})", piece)  # a name of this file


def _copy(old: sqlite3.Connection, new: sqlite3.Connection, table: str, until: float) -> bool:
    """Copy a table; whether all of it."""

    def read(order: str) -> bool:
        question = f"SELECT * FROM {table} ORDER BY {_KEYS[table].format(order)} {order}"  # noqa: S608  # as above
        return _read(old, question, until, lambda piece: _insert(new, table, piece))

    if read("ASC"):
        return True
    read("DESC")
    return False


def _copy_rows(old: sqlite3.Connection, new: sqlite3.Connection, number: int, until: float) -> _Gap | None:
    """Copy a stream's rows that are whole; the times [µs] around what is missing."""
    found: list[int] = []

    def take(piece: list[tuple[Any, ...]]) -> None:
        _insert(new, "row", [row for row in piece if row[3] == row_checksum(row[1], row[4])])
        found.append(piece[-1][1])

    def read(order: str) -> bool:
        found.clear()
        return _read(old, f"SELECT * FROM row WHERE stream = {number} ORDER BY time {order}", until, take)  # noqa: S608  # a number

    if read("ASC"):
        return None
    first = found[-1] if found else None
    read("DESC")
    return first, found[-1] if found else None


def _keep_roll_ups_of_sealed_days(new: sqlite3.Connection) -> None:
    """Roll-ups of the days whose rows are still in the database are made anew from these."""
    for number, kind in new.execute("SELECT id, kind FROM stream").fetchall():
        (sealed,) = new.execute(
            "SELECT coalesce(max(last), -1) FROM sealed WHERE stream = ? AND kind = ?", (number, kind)
        ).fetchone()
        (first,) = new.execute("SELECT min(time) FROM row WHERE stream = ? AND time > ?", (number, sealed)).fetchone()
        if first is not None:
            begin = first // DAY * DAY
            new.execute("DELETE FROM rollup WHERE stream = ? AND time >= ?", (number, begin))
            new.execute("UPDATE stream SET rolled_until = ? WHERE id = ?", (begin, number))


def salvage(file: Path, new: sqlite3.Connection) -> list[AuditRecord]:
    """Copy what can be read of a damaged database into a new one, inside a transaction of the caller's.

    Returns
    -------
    list
        Losses: the streams of which rows are missing, and between which times.
    """
    until = time.monotonic() + _LONGEST_SECOND
    try:
        old = sqlite3.connect(f"{file.absolute().as_uri()}?mode=rw", uri=True)
    except sqlite3.Error:
        return []
    losses = []
    with contextlib.closing(old):
        for table in _KEYS:
            _copy(old, new, table, until)
        for number, kind, pack, source in new.execute("SELECT id, kind, pack, source FROM stream").fetchall():
            gap = _copy_rows(old, new, number, until)
            if gap is not None:
                losses.append(
                    loss(Stream(kind, pack, source), *gap, f"the database was damaged; see {file.parent.name}")
                )
    _keep_roll_ups_of_sealed_days(new)
    return losses
