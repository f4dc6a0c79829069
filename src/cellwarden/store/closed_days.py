"""Days that are over and still in the landing database: they are sealed one by one."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from cellwarden.store.rollups import MINUTE
from cellwarden.store.sealed_files import DAY
from cellwarden.store.streams import Stream

__all__ = ["ClosedDay", "closed_days", "forget_rows", "row_count"]


@dataclass(frozen=True, slots=True)
class ClosedDay:
    """A day [since 1970] of a stream; `number` is the stream's in the database."""

    number: int
    stream: Stream
    day: int

    @property
    def span(self) -> tuple[int, int, int]:
        """The stream's number, begin and end of the day [µs]."""
        return self.number, self.day * DAY, (self.day + 1) * DAY


def closed_days(connection: sqlite3.Connection, before: int) -> Iterator[ClosedDay]:
    """For each stream that has rows before a moment [µs], the first day of them."""
    for number, kind, pack, source in connection.execute("SELECT id, kind, pack, source FROM stream").fetchall():
        (first,) = connection.execute("SELECT min(time) FROM row WHERE stream = ?", (number,)).fetchone()
        if first is not None and first < before:
            yield ClosedDay(number, Stream(kind, pack, source), first // DAY)


def row_count(connection: sqlite3.Connection, closed: ClosedDay) -> int:
    """How many rows the database has of the day."""
    question = "SELECT count(*) FROM row WHERE stream = ? AND time >= ? AND time < ?"
    return int(connection.execute(question, closed.span).fetchone()[0])


def forget_rows(connection: sqlite3.Connection, closed: ClosedDay) -> None:
    """Take a day's rows and minute roll-ups out of the database."""
    connection.execute("DELETE FROM row WHERE stream = ? AND time >= ? AND time < ?", closed.span)
    connection.execute(
        "DELETE FROM rollup WHERE stream = ? AND time >= ? AND time < ? AND span = ?", (*closed.span, MINUTE)
    )
