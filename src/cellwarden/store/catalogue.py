"""The catalogue of sealed files in the database, and telling a new database of those that are there already.

Arrow is loaded when a file is read, here and in the rest of what the controller writes with: sealing and checking are
done in a process of their own, so that a service that runs for years does not hold 40 MB for a minute of each day.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cellwarden.store.sealed_files import DAY, SealedPart, sealed_files
from cellwarden.store.streams import ESTIMATES, MINUTES, SAMPLES, Stream

__all__ = ["SealedFile", "import_sealed_files", "record", "sealed_file"]


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


def sealed_file(part: SealedPart) -> SealedFile:
    """What a file's footer says.

    Raises
    ------
    one of `UNREADABLE`
        The file is damaged.
    """
    import pyarrow.parquet as pq

    from cellwarden.store.parquet_rows import time_spans

    with pq.ParquetFile(part.path) as file:
        spans = time_spans(file)
        return SealedFile(
            stream=part.stream,
            day=part.day,
            part=part.part,
            path=part.path,
            rows=file.metadata.num_rows,
            first=min(first for first, _ in spans),
            last=max(last for _, last in spans),
            bytes=part.path.stat().st_size,
        )


def record(connection: sqlite3.Connection, folder: Path, number: int, files: Iterable[SealedFile]) -> None:
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


def import_sealed_files(connection: sqlite3.Connection, folder: Path) -> list[Path]:
    """Note every sealed file, inside a transaction of the caller's; those that cannot be read are given back."""
    parts = [part for kind in (SAMPLES, ESTIMATES, MINUTES) for part in sealed_files(folder, kind)]
    return [part.path for part in parts if not _is_imported(connection, folder, part)]


def _is_imported(connection: sqlite3.Connection, folder: Path, part: SealedPart) -> bool:
    """Note a file; False where it cannot be read."""
    from cellwarden.store.parquet_rows import UNREADABLE

    try:
        sealed = sealed_file(part)
    except UNREADABLE:
        return False
    kind = SAMPLES if part.stream.kind == MINUTES else part.stream.kind
    names = (kind, part.stream.pack, part.stream.source)
    connection.execute("INSERT OR IGNORE INTO stream(kind, pack, source) VALUES(?, ?, ?)", names)
    (number,) = connection.execute(
        "UPDATE stream SET rolled_until = max(rolled_until, ?) WHERE kind = ? AND pack = ? AND source = ? RETURNING id",
        ((part.day + 1) * DAY, *names),
    ).fetchone()
    record(connection, folder, number, [sealed])
    return True
