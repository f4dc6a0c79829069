"""Roll-ups: count, lowest, highest and sum of every column over a minute or an hour, kept as rows come."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cellwarden.store.row_layout import MICROSECONDS, IntegerRows

__all__ = ["HOUR", "MINUTE", "Integers", "Rollup", "merge_into_table", "roll_up"]

MINUTE, HOUR = 60 * MICROSECONDS, 3600 * MICROSECONDS

Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Rollup:
    """B buckets of C columns: starts [µs] (B,), then (B, C) each; lowest and highest mean nothing where count is 0."""

    unix_time_microsecond: Integers
    count: Integers
    lowest: Integers
    highest: Integers
    total: Integers

    def payload(self, bucket: int) -> bytes:
        """One bucket as bytes."""
        small = np.concatenate([self.count[bucket], self.lowest[bucket], self.highest[bucket]]).astype("<i4")
        return bytes(small.tobytes() + self.total[bucket].astype("<i8").tobytes())

    @staticmethod
    def from_payloads(times: Sequence[int], payloads: Sequence[bytes]) -> Rollup:
        """Buckets of the same layout from what `payload` gave."""
        columns = len(payloads[0]) // 20
        records = np.frombuffer(
            b"".join(payloads), np.dtype([("small", "<i4", (3, columns)), ("total", "<i8", (columns,))])
        )
        count, lowest, highest = (records["small"][:, place].astype(np.int64) for place in range(3))
        return Rollup(np.asarray(times, dtype=np.int64), count, lowest, highest, records["total"].astype(np.int64))

    def gathered(self, span: int) -> Rollup:
        """Buckets joined to buckets of `span` microseconds; their times are sorted."""
        starts = self.unix_time_microsecond // span * span
        firsts = np.flatnonzero(np.diff(starts, prepend=-1))
        empty = self.count == 0
        return Rollup(
            starts[firsts],
            np.add.reduceat(self.count, firsts),
            np.minimum.reduceat(np.where(empty, np.iinfo(np.int32).max, self.lowest), firsts),
            np.maximum.reduceat(np.where(empty, np.iinfo(np.int32).min, self.highest), firsts),
            np.add.reduceat(self.total, firsts),
        )


def roll_up(rows: IntegerRows, span: int) -> Rollup:
    """Rows, at least one, gathered to buckets of `span` microseconds."""
    values = np.concatenate([rows.column(field) for field in rows.layout.fields], axis=1, dtype=np.int64)
    absent = np.concatenate([rows.column(field) == field.absent for field in rows.layout.fields], axis=1)
    single = Rollup(rows.unix_time_microsecond, (~absent).astype(np.int64), values, values, np.where(absent, 0, values))
    return single.gathered(span)


def merge_into_table(connection: sqlite3.Connection, stream: int, layout: int, span: int, rollup: Rollup) -> None:
    """Add buckets to those that the table has."""
    find = "SELECT payload FROM rollup WHERE stream = ? AND span = ? AND time = ? AND layout = ?"
    for bucket, time in enumerate(rollup.unix_time_microsecond.tolist()):
        found = connection.execute(find, (stream, span, time, layout)).fetchone()
        payload = rollup.payload(bucket)
        if found is not None:
            both = Rollup.from_payloads([time, time], [found[0], payload])
            payload = both.gathered(span).payload(0)
        connection.execute("INSERT OR REPLACE INTO rollup VALUES(?, ?, ?, ?, ?)", (stream, span, time, layout, payload))
