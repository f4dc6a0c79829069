"""Rows in the landing database: one stream for each kind, pack and source, keyed by time.

Roll-ups lag by at most one open minute, which is read from its rows: every row before a stream's `rolled_until` is in
them, and a batch that opens a new minute rolls up what lies before, in its own transaction.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from cellwarden.store.rollups import HOUR, MINUTE, Rollup, merge_into_table, roll_up
from cellwarden.store.row_layout import IntegerRows, RowLayout, row_checksum

__all__ = [
    "ESTIMATES",
    "MINUTES",
    "SAMPLES",
    "SPANS",
    "Stream",
    "StreamTable",
    "layout_number",
    "read_rollups",
    "read_rows",
]

SAMPLES, ESTIMATES, MINUTES = "samples", "estimates", "minutes"
SealedTimes = Callable[["Stream", int, int], NDArray[np.int64]]
SPANS = {SAMPLES: (MINUTE, HOUR), ESTIMATES: (HOUR,)}


@dataclass(frozen=True, slots=True)
class Stream:
    """Rows of one kind, pack and source."""

    kind: str
    pack: str
    source: str


def read_rows(
    connection: sqlite3.Connection,
    stream: int,
    begin: int,
    end: int,
    limit: int = -1,
    on_damage: Callable[[int], None] | None = None,
) -> Iterator[IntegerRows]:
    """Rows of a stream with begin ≤ time < end [µs], cut where their layout changes.

    Parameters
    ----------
    limit : at most so many rows
    on_damage : takes the time of every row whose checksum does not fit; such rows are left out
    """
    found = connection.execute(
        "SELECT time, layout, checksum, payload FROM row WHERE stream = ? AND time >= ? AND time < ? "
        "ORDER BY time LIMIT ?",
        (stream, begin, end, limit),
    ).fetchall()
    for layout, same in groupby(found, key=lambda row: row[1]):
        whole = []
        for time, _, checksum, payload in same:
            if checksum == row_checksum(time, payload):
                whole.append((time, payload))
            elif on_damage is not None:
                on_damage(time)
        if whole:
            times, payloads = zip(*whole, strict=True)
            yield IntegerRows.from_payloads(_layout(connection, layout), times, payloads)


def read_rollups(
    connection: sqlite3.Connection, stream: int, span: int, begin: int, end: int
) -> Iterator[tuple[RowLayout, Rollup]]:
    """Roll-ups of a stream with begin ≤ start < end [µs], by layout."""
    found = connection.execute(
        "SELECT layout, time, payload FROM rollup WHERE stream = ? AND span = ? AND time >= ? AND time < ? "
        "ORDER BY layout, time",
        (stream, span, begin, end),
    ).fetchall()
    for layout, same in groupby(found, key=lambda row: row[0]):
        _, times, payloads = zip(*same, strict=True)
        yield _layout(connection, layout), Rollup.from_payloads(times, payloads)


def _layout(connection: sqlite3.Connection, number: int) -> RowLayout:
    (fields,) = connection.execute("SELECT fields FROM row_layout WHERE id = ?", (number,)).fetchone()
    return RowLayout.from_text(fields)


def layout_number(connection: sqlite3.Connection, layout: RowLayout) -> int:
    """The layout's number in the tables."""
    text = layout.text()
    connection.execute("INSERT OR IGNORE INTO row_layout(fields) VALUES(?)", (text,))
    return int(connection.execute("SELECT id FROM row_layout WHERE fields = ?", (text,)).fetchone()[0])


class StreamTable:
    """Inserting rows, inside a transaction of the caller's; `forget` after one that failed.

    Parameters
    ----------
    sealed_times : the times [µs] between two moments that a stream has in sealed files
    """

    def __init__(self, connection: sqlite3.Connection, sealed_times: SealedTimes) -> None:
        self._connection = connection
        self._sealed_times = sealed_times
        self._streams: dict[Stream, int] = {}
        self._layouts: dict[RowLayout, int] = {}
        self._newest: dict[int, int] = {}
        self._rolled_until: dict[int, int] = {}

    def forget(self) -> None:
        """Read numbers from the tables again."""
        for known in (self._streams, self._layouts, self._newest, self._rolled_until):
            known.clear()

    def newest(self) -> dict[Stream, int]:
        """The newest time [µs] of every stream that was written to."""
        return {stream: self._newest[number] for stream, number in self._streams.items()}

    def number(self, stream: Stream) -> int:
        """The stream's number in the tables."""
        if stream not in self._streams:
            names = (stream.kind, stream.pack, stream.source)
            self._connection.execute("INSERT OR IGNORE INTO stream(kind, pack, source) VALUES(?, ?, ?)", names)
            number, rolled = self._connection.execute(
                "SELECT id, rolled_until FROM stream WHERE kind = ? AND pack = ? AND source = ?", names
            ).fetchone()
            (newest,) = self._connection.execute(
                "SELECT max(coalesce((SELECT max(time) FROM row WHERE stream = :s), -1),"
                " coalesce((SELECT max(last) FROM sealed WHERE stream = :s AND kind = :k), -1))",
                {"s": number, "k": stream.kind},
            ).fetchone()
            self._streams[stream] = number
            self._newest[number] = newest
            self._rolled_until[number] = rolled
        return self._streams[stream]

    def _layout(self, layout: RowLayout) -> int:
        if layout not in self._layouts:
            self._layouts[layout] = layout_number(self._connection, layout)
        return self._layouts[layout]

    def insert(self, stream: Stream, rows: IntegerRows) -> int:
        """Insert what is not there yet, with roll-ups; the number of rows that were new."""
        number = self.number(stream)
        new = self._new_rows(stream, number, rows)
        if not len(new):
            return 0
        layout = self._layout(new.layout)
        times = new.unix_time_microsecond.tolist()
        records = [
            (number, time, layout, row_checksum(time, payload), payload)
            for time, payload in zip(times, new.payloads(), strict=True)
        ]
        self._connection.executemany("INSERT INTO row VALUES(?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", records)
        self._newest[number] = max(self._newest[number], times[-1])
        self._keep_rolled(stream.kind, number, new)
        return len(new)

    def _new_rows(self, stream: Stream, number: int, rows: IntegerRows) -> IntegerRows:
        """Those of the rows whose times the stream does not have."""
        times = rows.unix_time_microsecond
        if not len(times) or times[0] > self._newest[number]:
            return rows
        span = (int(times[0]), int(times[-1]))
        found = self._connection.execute(
            "SELECT time FROM row WHERE stream = ? AND time BETWEEN ? AND ?", (number, *span)
        )
        there = np.array([time for (time,) in found], dtype=np.int64)
        return rows.where(~(np.isin(times, there) | np.isin(times, self._sealed_times(stream, *span))))

    def _keep_rolled(self, kind: str, number: int, new: IntegerRows) -> None:
        """Roll up late rows at once, and earlier ones when a minute begins."""
        spans = SPANS[kind]
        rolled = self._rolled_until[number]
        late = new.where(new.unix_time_microsecond < rolled)
        self._roll(number, spans, [late])
        first, last = int(new.unix_time_microsecond[0]), int(new.unix_time_microsecond[-1])
        self._roll_before(kind, number, last // MINUTE * MINUTE, at_once=max(HOUR, 2 * (last - first)))

    def roll_before(self, stream: Stream, moment: int) -> None:
        """Have every row before a moment [µs], a whole minute, in the roll-ups."""
        number = self.number(stream)
        while self._rolled_until[number] < moment:
            self._roll_before(stream.kind, number, moment, at_once=HOUR)

    def _roll_before(self, kind: str, number: int, moment: int, *, at_once: int) -> None:
        """The same, so many microseconds of rows at most: no batch waits long, and what lags is caught up."""
        rolled = self._rolled_until[number]
        if moment <= rolled:
            return
        question = "SELECT min(time) FROM row WHERE stream = ? AND time >= ? AND time < ?"
        (first,) = self._connection.execute(question, (number, rolled, moment)).fetchone()
        if first is not None:
            moment = min(moment, first // MINUTE * MINUTE + at_once)
            self._roll(number, SPANS[kind], read_rows(self._connection, number, first, moment))
        self._connection.execute("UPDATE stream SET rolled_until = ? WHERE id = ?", (moment, number))
        self._rolled_until[number] = moment

    def _roll(self, number: int, spans: Iterable[int], parts: Iterable[IntegerRows]) -> None:
        for part in parts:
            if len(part):
                for span in spans:
                    merge_into_table(self._connection, number, self._layout(part.layout), span, roll_up(part, span))
