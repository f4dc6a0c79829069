"""The single writer of the store: what `write` has returned from is on the disk."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Self

from cellwarden.core.limits import Decision
from cellwarden.store.batch import MAIN_SOURCE, AuditRecord, PackLayout, StoreBatch, WriteReceipt
from cellwarden.store.checking import CatalogueKey, check_file, next_key
from cellwarden.store.documents import put_audit, put_decision, put_findings, put_state, put_telemetry
from cellwarden.store.errors import translated
from cellwarden.store.estimate_rows import estimate_rows
from cellwarden.store.journal import JournalEntry
from cellwarden.store.losses import damaged_rows
from cellwarden.store.opening import is_damage, note_journal, open_store
from cellwarden.store.records import acknowledgement_entry, apply_entry, audit_entry, entries_of_batch, pack_entry
from cellwarden.store.row_layout import MICROSECONDS, to_microsecond
from cellwarden.store.sample_rows import sample_rows
from cellwarden.store.sealed_files import DAY
from cellwarden.store.sealed_times import SealedTimes
from cellwarden.store.sealing import SealedFile, Step, closed_days, forget_rows, record, write_sealed
from cellwarden.store.streams import ESTIMATES, SAMPLES, Stream, StreamTable

__all__ = ["Landing"]

_CLOSED_AFTER = 600 * MICROSECONDS
_FIRST_KEY: CatalogueKey = (0, "", 0, 0)


def _no_step(name: str) -> None:
    """Go on."""


class Landing:
    """The store's one writer, used by one thread at a time.

    Parameters
    ----------
    folder : of the store; made where it is missing
    on_step : called with the name of every step of sealing that is done, for tests that stop the program there

    Attributes
    ----------
    losses : what was found missing since the store was opened, as audit records of the action "loss"; in the store too

    Raises
    ------
    StoreFullError, StoreDamagedError
        The store cannot be opened at all.
    """

    def __init__(self, folder: Path, *, on_step: Step = _no_step) -> None:
        self._folder = folder
        self._step = on_step
        self._sealed_times = SealedTimes(folder)
        self._layouts: dict[str, PackLayout] = {}
        self._decisions: dict[str, Decision] = {}
        self._checked = _FIRST_KEY
        self.losses: tuple[AuditRecord, ...] = ()
        self._open(is_suspect=False)

    def _open(self, *, is_suspect: bool) -> None:
        opened = open_store(self._folder, is_suspect=is_suspect)
        self._connection, self._journal, self._mark = opened.connection, opened.journal, opened.mark
        self.losses += opened.losses
        self._streams = StreamTable(self._connection, self._sealed_times)
        self._sealed_times.forget()
        self._decisions.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the files; what was written is on the disk already."""
        self._connection.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """All of it on the disk at the end, or nothing of it and the database opened anew."""
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            yield self._connection
            self._connection.execute("COMMIT")
        except sqlite3.Error as cause:
            self._connection.close()
            self._open(is_suspect=is_damage(cause))
            raise translated(cause) from cause
        except BaseException as cause:
            self._connection.execute("ROLLBACK")
            self._streams.forget()
            self._decisions.clear()
            if isinstance(cause, OSError):
                raise translated(cause) from cause
            raise

    def register_pack(self, pack_id: str, pack_toml_text: str, layout: PackLayout) -> None:
        """Say what a pack is, before its first rows; again after every start.

        Parameters
        ----------
        pack_toml_text : its description, kept for exports and for whoever reads the store later
        layout : shape and resolution of its rows
        """
        description = (pack_id, pack_toml_text, json.dumps(asdict(layout)))
        with self._transaction() as connection:
            if connection.execute("SELECT * FROM pack WHERE name = ?", (pack_id,)).fetchone() != description:
                self._record(connection, [pack_entry(*description)])
        self._layouts[pack_id] = layout

    def write(self, batch: StoreBatch) -> WriteReceipt:
        """Store a batch as a whole; it is on the disk when this returns.

        A repeated batch changes nothing: rows are known by pack, source and time.

        Raises
        ------
        StoreFullError
            No room: nothing of the batch is stored.
        StoreDamagedError
            The batch counts as lost; the database has been opened anew and the batch may be written again.
        KeyError
            A pack was not registered.
        """
        with self._transaction() as connection:
            new = self._write_rows(batch)
            self._write_documents(connection, batch)
            if entries := entries_of_batch(connection, batch):
                note_journal(connection, self._journal.append(entries))
        self._mark.note(self._streams.newest())
        return WriteReceipt(new, sum(len(rows.block) for rows in batch.rows) - new)

    def _write_rows(self, batch: StoreBatch) -> int:
        new = 0
        for rows in batch.rows:
            stream = Stream(SAMPLES, rows.pack_id, rows.source)
            new += self._streams.insert(stream, sample_rows(rows.block, self._layouts[rows.pack_id]))
        for minutes in batch.estimates:
            stream = Stream(ESTIMATES, minutes.pack_id, MAIN_SOURCE)
            self._streams.insert(stream, estimate_rows(minutes, self._layouts[minutes.pack_id]))
        return new

    def _write_documents(self, connection: sqlite3.Connection, batch: StoreBatch) -> None:
        for state in batch.states:
            put_state(connection, state)
        for findings in batch.findings:
            put_findings(connection, findings)
        for telemetry in batch.telemetry:
            put_telemetry(connection, telemetry)
        for made in batch.decisions:
            put_decision(connection, made.pack_id, made.decision, self._decisions.get(made.pack_id))
            self._decisions[made.pack_id] = made.decision
        put_audit(connection, batch.audit)

    def seal_step(self, now_unix_time_second: float) -> tuple[SealedFile, ...]:
        """Seal one closed day of one stream, the oldest first; call it again until nothing is left.

        A day is closed ten minutes after its end. Takes about half a second for a day at 1 Hz.

        Returns
        -------
        tuple
            The files that were made; empty when no closed day is left.

        Raises
        ------
        StoreFullError, StoreDamagedError
            The day was not sealed; its rows are where they were.
        """
        closed = list(
            closed_days(self._connection, (to_microsecond(now_unix_time_second) - _CLOSED_AFTER) // DAY * DAY)
        )
        if not closed:
            return ()
        number, stream, day = min(closed, key=lambda found: found[2])
        with self._transaction():
            self._streams.roll_before(stream, (day + 1) * DAY)
        try:
            files, damaged = write_sealed(self._connection, self._folder, number, stream, day, self._step)
        except (sqlite3.Error, OSError) as cause:
            raise translated(cause) from cause
        with self._transaction() as connection:
            record(connection, self._folder, number, files)
            forget_rows(connection, number, day)
            if damaged:
                self._record(connection, [audit_entry(damaged_rows(stream, damaged))])
            self._step("recorded")
        self._step("committed")
        self._sealed_times.forget()
        return tuple(files)

    def check_step(self) -> bool:
        """Read one sealed file to its end and put it aside if it is damaged; False when all have been looked through.

        Takes about a tenth of a second; once through them a day is enough.
        """
        key = next_key(self._connection, self._checked)
        self._checked = key or _FIRST_KEY
        if key is None:
            return False
        with self._transaction() as connection:
            losses = check_file(connection, self._folder, key)
            if losses:
                self._record(connection, [audit_entry(record) for record in losses])
        self.losses += tuple(losses)
        return True

    def acknowledge(self, key: str, note: str, who: str, unix_time_second: float) -> None:
        """Note that somebody has seen a finding, and what they say of it.

        Parameters
        ----------
        key : the finding's, as `StoreReader.findings` gives it
        """
        detail = {"finding": key, "note": note}
        done = AuditRecord(unix_time_second=unix_time_second, actor=who, action="acknowledge", detail=detail)
        with self._transaction() as connection:
            self._record(connection, [acknowledgement_entry(key, note, who, unix_time_second), audit_entry(done)])

    def _record(self, connection: sqlite3.Connection, entries: Sequence[JournalEntry]) -> None:
        """Put entries into the database and the journal."""
        for entry in entries:
            apply_entry(connection, entry)
        note_journal(connection, self._journal.append(entries))
