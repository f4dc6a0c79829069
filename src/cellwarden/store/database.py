"""The landing database: its tables, and how it is opened for writing and for reading."""

from __future__ import annotations

import sqlite3
from pathlib import Path

__all__ = ["DATABASE_NAME", "open_for_reading", "open_for_writing"]

DATABASE_NAME = "landing.sqlite"
_SCHEMA_VERSION = 1
_CACHE_KIBIBYTE = 4096
_BUSY_SECOND = 10.0
_CHECKPOINT_PAGES = 1000
_LOG_BYTE = 4 << 20  # the write-ahead log is cut back to this after a checkpoint

_SCHEMA = """
CREATE TABLE about(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE pack(name TEXT PRIMARY KEY, description TEXT NOT NULL, layout TEXT NOT NULL);
CREATE TABLE row_layout(id INTEGER PRIMARY KEY, fields TEXT NOT NULL UNIQUE);
-- kind 'samples' or 'estimates'; every row before rolled_until is in the roll-ups
CREATE TABLE stream(id INTEGER PRIMARY KEY, kind TEXT NOT NULL, pack TEXT NOT NULL, source TEXT NOT NULL,
  rolled_until INTEGER NOT NULL DEFAULT 0, UNIQUE(kind, pack, source));
-- times in microseconds since 1970
CREATE TABLE row(stream INTEGER NOT NULL, time INTEGER NOT NULL, layout INTEGER NOT NULL, checksum INTEGER NOT NULL,
  payload BLOB NOT NULL, PRIMARY KEY(stream, time)) WITHOUT ROWID;
CREATE TABLE rollup(stream INTEGER NOT NULL, span INTEGER NOT NULL, time INTEGER NOT NULL, layout INTEGER NOT NULL,
  payload BLOB NOT NULL, PRIMARY KEY(stream, span, time, layout)) WITHOUT ROWID;
-- what has left for Parquet: kind 'samples', 'estimates', or 'minutes' for the roll-ups of a minute
CREATE TABLE sealed(stream INTEGER NOT NULL, kind TEXT NOT NULL, day INTEGER NOT NULL, part INTEGER NOT NULL,
  file TEXT NOT NULL, rows INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, bytes INTEGER NOT NULL,
  PRIMARY KEY(stream, kind, day, part)) WITHOUT ROWID;
-- of every kind of document the latest (hour -1) and the last of every hour
CREATE TABLE document(kind TEXT NOT NULL, pack TEXT NOT NULL, source TEXT NOT NULL, hour INTEGER NOT NULL,
  time INTEGER NOT NULL, document BLOB NOT NULL, PRIMARY KEY(kind, pack, source, hour)) WITHOUT ROWID;
CREATE TABLE decision(pack TEXT NOT NULL, time INTEGER NOT NULL, document TEXT NOT NULL,
  PRIMARY KEY(pack, time)) WITHOUT ROWID;
-- noted: what of it the journal knows
CREATE TABLE finding(pack TEXT NOT NULL, key TEXT NOT NULL, position INTEGER NOT NULL, is_current INTEGER NOT NULL,
  document TEXT NOT NULL, noted TEXT, PRIMARY KEY(pack, key)) WITHOUT ROWID;
CREATE TABLE acknowledgement(id INTEGER PRIMARY KEY, key TEXT NOT NULL, note TEXT NOT NULL, who TEXT NOT NULL,
  time INTEGER NOT NULL, UNIQUE(key, time, who));
CREATE TABLE audit(id INTEGER PRIMARY KEY, time INTEGER NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL,
  pack TEXT NOT NULL, detail TEXT NOT NULL);
CREATE INDEX audit_time ON audit(time);
"""


def open_for_writing(file: Path) -> sqlite3.Connection:
    """The database with its tables; every commit is on the disk when it returns.

    Raises
    ------
    sqlite3.Error
        The file is damaged, of a newer schema, or cannot be written.
    """
    connection = sqlite3.connect(file, timeout=_BUSY_SECOND, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute(f"PRAGMA cache_size=-{_CACHE_KIBIBYTE}")
        connection.execute("PRAGMA cell_size_check=ON")
        connection.execute(f"PRAGMA wal_autocheckpoint={_CHECKPOINT_PAGES}")
        connection.execute(f"PRAGMA journal_size_limit={_LOG_BYTE}")
        _make_tables(connection)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _make_tables(connection: sqlite3.Connection) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version == 0:
        connection.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version={_SCHEMA_VERSION}; COMMIT;")
    elif version != _SCHEMA_VERSION:
        raise sqlite3.DatabaseError(f"schema {version}, this program knows {_SCHEMA_VERSION}")


def open_for_reading(file: Path) -> sqlite3.Connection:
    """The database for queries only; never holds up the writer.

    Raises
    ------
    sqlite3.Error
        There is no database, or it is damaged.
    """
    connection = sqlite3.connect(
        f"{file.absolute().as_uri()}?mode=ro",
        uri=True,
        timeout=_BUSY_SECOND,
        isolation_level=None,
        check_same_thread=False,
    )
    connection.execute("PRAGMA query_only=ON")
    connection.execute(f"PRAGMA cache_size=-{_CACHE_KIBIBYTE}")
    return connection
