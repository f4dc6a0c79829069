"""Which sealed days go first when room is short: raw rows, then roll-ups of minutes, then estimates, the oldest first.

Findings, acknowledgements, audit records and roll-ups of hours never go.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cellwarden.store.batch import AuditRecord
from cellwarden.store.database import DATABASE_NAME
from cellwarden.store.losses import store_record
from cellwarden.store.sealed_files import date_text
from cellwarden.store.streams import ESTIMATES, MINUTES, SAMPLES

__all__ = ["Day", "StoreUsage", "forget_day", "oldest_day", "remove_day", "store_usage"]

_ORDER = (SAMPLES, MINUTES, ESTIMATES)
Day = tuple[str, int]
"""Kind and day since 1970."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreUsage:
    """Bytes in use: of sealed files by kind, of the database, and of the whole disk."""

    sealed_byte: Mapping[str, int]
    database_byte: int
    disk_used_byte: int
    disk_total_byte: int

    @property
    def store_byte(self) -> int:
        """What the store takes."""
        return sum(self.sealed_byte.values()) + self.database_byte

    @property
    def disk_fraction(self) -> float:
        """How full the disk is."""
        return self.disk_used_byte / self.disk_total_byte


def store_usage(connection: sqlite3.Connection, folder: Path) -> StoreUsage:
    """What the store takes, from its catalogue and the sizes of its files."""
    disk = shutil.disk_usage(folder)
    landed = sum(file.stat().st_size for file in folder.glob(f"{DATABASE_NAME}*"))
    sealed = dict(connection.execute("SELECT kind, sum(bytes) FROM sealed GROUP BY kind").fetchall())
    return StoreUsage(
        sealed_byte=sealed, database_byte=landed, disk_used_byte=disk.total - disk.free, disk_total_byte=disk.total
    )


def oldest_day(connection: sqlite3.Connection, *, raw_only: bool = False) -> Day | None:
    """The day that goes next."""
    for kind in _ORDER[:1] if raw_only else _ORDER:
        (day,) = connection.execute("SELECT min(day) FROM sealed WHERE kind = ?", (kind,)).fetchone()
        if day is not None:
            return kind, int(day)
    return None


def remove_day(connection: sqlite3.Connection, folder: Path, day: Day) -> AuditRecord:
    """Remove a day's files of all packs.

    The files go first: on a full disk the database has no room to note anything before. The caller notes it, with
    `forget_day`.
    """
    found = connection.execute("SELECT file, bytes FROM sealed WHERE kind = ? AND day = ?", day).fetchall()
    for file, _ in found:
        (folder / file).unlink(missing_ok=True)
    detail = {"kind": day[0], "day": date_text(day[1]), "files": len(found), "bytes": sum(size for _, size in found)}
    return store_record("retention", detail)


def forget_day(connection: sqlite3.Connection, day: Day) -> None:
    """Take a day's files out of the catalogue."""
    connection.execute("DELETE FROM sealed WHERE kind = ? AND day = ?", day)
