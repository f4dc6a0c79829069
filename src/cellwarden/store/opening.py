"""Opening a store for writing: it always opens, whatever a crash, a power cut or a bad disk left behind.

A damaged database is put aside, and what can be read of it goes into a new one; findings, acknowledgements and audit
records come back from the journal; sealed files are found again by their names. What is lost is named.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from cellwarden.store.batch import AuditRecord
from cellwarden.store.catalogue import import_sealed_files
from cellwarden.store.database import DATABASE_NAME, open_for_writing
from cellwarden.store.documents import put_audit
from cellwarden.store.errors import translated
from cellwarden.store.journal import Journal, JournalState
from cellwarden.store.losses import loss, store_record
from cellwarden.store.mark import Mark
from cellwarden.store.quarantine import put_aside
from cellwarden.store.records import all_entries, apply_entry, audit_entry
from cellwarden.store.salvage import salvage
from cellwarden.store.sealed_files import sealed_part
from cellwarden.store.syncing import make_folder, sync_path

__all__ = ["JOURNAL_NAME", "MARK_NAME", "OpenStore", "note_journal", "open_store"]

JOURNAL_NAME, MARK_NAME = "records.jsonl", "acknowledged.txt"
_LARGEST_CHECKED_BYTE = 64 << 20
_DISK_TROUBLE = {
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_NOMEM,
}


@dataclass(frozen=True, slots=True)
class OpenStore:
    """What a writer works with; `losses` is what was found missing while opening."""

    connection: sqlite3.Connection
    journal: Journal
    mark: Mark
    losses: tuple[AuditRecord, ...]


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def is_damage(cause: sqlite3.Error) -> bool:
    """Whether a database error speaks of a damaged file, rather than of a full, locked or forbidden disk."""
    return getattr(cause, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF not in _DISK_TROUBLE


def _open_database(file: Path, *, is_suspect: bool) -> sqlite3.Connection:
    if file.exists() and not file.stat().st_size:
        raise sqlite3.DatabaseError("the file is empty")
    connection = open_for_writing(file)
    try:
        if is_suspect or file.stat().st_size <= _LARGEST_CHECKED_BYTE:
            (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            if verdict != "ok":
                raise sqlite3.DatabaseError(verdict)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def open_store(folder: Path, *, is_suspect: bool = False) -> OpenStore:
    """Open the store in a folder, and mend it.

    Parameters
    ----------
    is_suspect : look through the whole database, however large

    Raises
    ------
    StoreFullError, StoreDamagedError
        The disk is full, forbidden, or does not even take a new database.
    """
    make_folder(folder)
    file = folder / DATABASE_NAME
    losses: list[AuditRecord] = []
    try:
        copy = _copy_of_log(file)
        connection, aside = _open_or_replace(folder, file, is_suspect=is_suspect)
        losses += _fill(connection, folder, aside)
        journal, more = _read_journal(connection, folder)
        mark = Mark(folder / MARK_NAME)
        behind = _behind_mark(connection, mark)
        if behind and aside is None and copy is not None:
            put_aside(folder, [copy])
        if copy is not None:
            copy.unlink(missing_ok=True)
        losses += more + behind
        _keep_losses(connection, journal, losses)
    except (sqlite3.Error, OSError) as cause:
        raise translated(cause) from cause
    return OpenStore(connection, journal, mark, tuple(losses))


def _copy_of_log(file: Path) -> Path | None:
    """The write-ahead log as it was found: opening the database takes what is whole of it and forgets the rest."""
    log, copy = file.with_name(f"{file.name}-wal"), file.with_name(f"{file.name}-wal.found")
    if not log.exists() or not log.stat().st_size:
        return None
    try:
        shutil.copyfile(log, copy)
    except OSError:  # no room: opening matters more
        copy.unlink(missing_ok=True)
        return None
    return copy


def _open_or_replace(folder: Path, file: Path, *, is_suspect: bool) -> tuple[sqlite3.Connection, Path | None]:
    """The database, and where a damaged one has been put."""
    try:
        return _open_database(file, is_suspect=is_suspect), None
    except sqlite3.Error as cause:
        if not is_damage(cause):
            raise
    aside = put_aside(
        folder, [file, *(file.with_name(f"{file.name}{more}") for more in ("-wal", "-shm", "-wal.found"))]
    )
    return open_for_writing(file), aside


def _fill(connection: sqlite3.Connection, folder: Path, aside: Path | None) -> list[AuditRecord]:
    """Put into a new database what there is; losses."""
    if aside is None and connection.execute("SELECT 1 FROM about WHERE key = 'filled'").fetchone():
        return []
    losses: list[AuditRecord] = []
    if aside is not None:
        losses.append(store_record("quarantine", {"folder": str(aside.relative_to(folder)), "what": "database"}))
        try:
            with _transaction(connection):
                losses += salvage(aside / DATABASE_NAME, connection)
        except sqlite3.Error:  # no room for it: its rows stay where it has been put
            losses.append(store_record("not salvaged", {"folder": str(aside.relative_to(folder))}))
    with _transaction(connection):
        unreadable = import_sealed_files(connection, folder)
        connection.execute("INSERT OR REPLACE INTO about VALUES('filled', '1')")
    sync_path(folder)
    for path in unreadable:
        losses.append(file_aside(folder, path))
    return losses


def file_aside(folder: Path, path: Path) -> AuditRecord:
    """Put a sealed file aside; the loss of its day."""
    part = sealed_part(folder, path)
    aside = put_aside(folder, [path]).relative_to(folder) if path.exists() else None
    why = f"{path.name} was damaged; see {aside}" if aside else f"{path.name} was missing"
    return loss(part.stream, part.begin, part.end, why)


def _read_journal(connection: sqlite3.Connection, folder: Path) -> tuple[Journal, list[AuditRecord]]:
    """The journal, with everything of it in the database and the other way round."""
    found = connection.execute("SELECT value FROM about WHERE key = 'journal'").fetchone()
    noted = JournalState(**json.loads(found[0])) if found else JournalState()
    file = folder / JOURNAL_NAME
    journal = Journal(file, noted)
    if not journal.is_damaged:
        if journal.state != noted:
            with _transaction(connection):
                for entry in journal.entries(noted):
                    apply_entry(connection, entry)
                note_journal(connection, journal.state)
        return journal, []
    with _transaction(connection):
        for entry in journal.entries(JournalState()):
            apply_entry(connection, entry)
        aside = put_aside(folder, [file])
        journal = Journal(file, JournalState())
        note_journal(connection, journal.append(all_entries(connection)))
    return journal, [store_record("quarantine", {"folder": str(aside.relative_to(folder)), "what": "journal"})]


def note_journal(connection: sqlite3.Connection, state: JournalState) -> None:
    """Note how far the database knows the journal."""
    connection.execute("INSERT OR REPLACE INTO about VALUES('journal', ?)", (json.dumps(asdict(state)),))


def _behind_mark(connection: sqlite3.Connection, mark: Mark) -> list[AuditRecord]:
    """Losses of streams whose newest row is older than what was acknowledged."""
    losses = []
    for stream, acknowledged in list(mark.newest.items()):
        names = {"k": stream.kind, "p": stream.pack, "s": stream.source}
        found = connection.execute(
            "SELECT max(coalesce((SELECT max(time) FROM row WHERE stream = id), -1),"
            " coalesce((SELECT max(last) FROM sealed WHERE stream = id AND sealed.kind = :k), -1), rolled_until - 1)"
            " FROM stream WHERE kind = :k AND pack = :p AND source = :s",
            names,
        ).fetchone()
        newest = found[0] if found else -1
        if newest < acknowledged:
            losses.append(loss(stream, newest if newest >= 0 else None, acknowledged, "the newest rows were lost"))
            mark.newest[stream] = newest
    return losses


def _keep_losses(connection: sqlite3.Connection, journal: Journal, losses: list[AuditRecord]) -> None:
    if losses:
        with _transaction(connection):
            put_audit(connection, losses)
            note_journal(connection, journal.append([audit_entry(record) for record in losses]))
