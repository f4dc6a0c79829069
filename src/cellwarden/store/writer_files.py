"""The open files of the writer: database, journal and mark, and transactions over them."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from cellwarden.store.batch import AuditRecord
from cellwarden.store.errors import StoreDamagedError, StoreFullError, translated
from cellwarden.store.journal import JournalEntry
from cellwarden.store.opening import OpenStore, is_damage, note_journal, open_store
from cellwarden.store.records import apply_entry, audit_entry
from cellwarden.store.room import Room
from cellwarden.store.sealed_times import SealedTimes
from cellwarden.store.streams import StreamTable

__all__ = ["WriterFiles"]


class WriterFiles:
    """Opens the store, and opens it anew after an error that leaves its state in doubt.

    Attributes
    ----------
    folder : of the store
    losses : what was found missing so far
    streams : the tables of rows
    sealed_times : times in sealed files
    failures : transactions that failed; what a caller remembers of them is void
    """

    def __init__(self, folder: Path, room: Room) -> None:
        self.folder = folder
        self.losses: tuple[AuditRecord, ...] = ()
        self.sealed_times = SealedTimes(folder)
        self.failures = 0
        self._room = room
        self._is_open = False
        self._open(is_suspect=False)

    def _open(self, *, is_suspect: bool) -> None:
        self._files = self._opened(is_suspect=is_suspect)
        self._is_open = True
        self.losses += self._files.losses
        self.streams = StreamTable(self._files.connection, self.sealed_times)
        self.sealed_times.forget()

    def _opened(self, *, is_suspect: bool) -> OpenStore:
        try:
            return open_store(self.folder, is_suspect=is_suspect)
        except StoreFullError:
            if not self._room.give_up_reserve():
                raise
            return open_store(self.folder, is_suspect=is_suspect)

    def close(self) -> None:
        """Close the files."""
        if self._is_open:
            self._files.connection.close()
        self._is_open = False

    @property
    def connection(self) -> sqlite3.Connection:
        """For questions; opened anew where an earlier attempt failed."""
        if not self._is_open:
            self._open(is_suspect=False)
        return self._files.connection

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All of it on the disk at the end, or nothing of it.

        Raises
        ------
        StoreFullError
            No room; the files are as they were.
        StoreDamagedError
            A sync or a file failed; the files have been opened anew, or are with the next transaction.
        """
        connection = self.connection
        try:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")
        except (sqlite3.Error, OSError) as cause:
            error = translated(cause)
            self._take_back(connection)
            if isinstance(error, StoreDamagedError) and isinstance(cause, sqlite3.Error):
                self.close()
                with contextlib.suppress(StoreFullError, StoreDamagedError):  # then with the next transaction
                    self._open(is_suspect=is_damage(cause))
            raise error from cause
        except BaseException:
            self._take_back(connection)
            raise

    def _take_back(self, connection: sqlite3.Connection) -> None:
        self.failures += 1
        self.streams.forget()
        with contextlib.suppress(sqlite3.Error):  # a full disk has taken it back already
            connection.execute("ROLLBACK")

    def journal(self, entries: Sequence[JournalEntry]) -> None:
        """Put entries that the database has into the journal too, inside a transaction."""
        if entries:
            note_journal(self._files.connection, self._files.journal.append(entries))

    def record(self, *records: AuditRecord) -> None:
        """Put audit records into the database and the journal, inside a transaction."""
        self.record_entries([audit_entry(record) for record in records])

    def record_entries(self, entries: Sequence[JournalEntry]) -> None:
        """The same for any entries."""
        for entry in entries:
            apply_entry(self._files.connection, entry)
        self.journal(entries)

    def acknowledge_rows(self) -> None:
        """Note that every row so far is on the disk."""
        self._files.mark.note(self.streams.newest())
