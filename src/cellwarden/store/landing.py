"""The single writer of the store: what `write` has returned from is on the disk."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Self

from cellwarden.core.limits import Decision
from cellwarden.store.batch import MAIN_SOURCE, AuditRecord, PackLayout, StoreBatch, WriteReceipt
from cellwarden.store.catalogue import SealedFile, record
from cellwarden.store.checking import FIRST_KEY, CatalogueKey, check_file, next_key
from cellwarden.store.closed_days import ClosedDay, closed_days, forget_rows, row_count
from cellwarden.store.documents import put_audit, put_decision, put_findings, put_state, put_telemetry
from cellwarden.store.errors import StoreFullError, translated
from cellwarden.store.estimate_rows import estimate_rows
from cellwarden.store.losses import damaged_rows, store_record
from cellwarden.store.records import acknowledgement_entry, audit_entry, entries_of_batch, pack_entry
from cellwarden.store.retention import Day, StoreUsage, forget_day, oldest_day, remove_day, store_usage
from cellwarden.store.room import Room
from cellwarden.store.row_layout import MICROSECONDS, to_microsecond
from cellwarden.store.sample_rows import sample_rows
from cellwarden.store.sealed_files import DAY
from cellwarden.store.streams import ESTIMATES, SAMPLES, Stream
from cellwarden.store.syncing import make_folder
from cellwarden.store.writer_files import WriterFiles

__all__ = ["Landing"]

_CLOSED_AFTER = 600 * MICROSECONDS
_RESERVE_BYTE = 8 << 20


Step = Callable[[str], None]


def _no_step(name: str) -> None:
    """Go on."""


class Landing:
    """The store's one writer, used by one thread at a time.

    Parameters
    ----------
    folder : of the store; made where it is missing
    budget_byte : how much the store may take; `keep_within_budget` removes the oldest days above it. None: no bound
    reserve_byte : kept free, and given up for findings and records when the disk is full; at least the 4 MB that the
        database may grow by when its log is taken in
    on_step : called with the name of every step of sealing that is done, for tests that stop the program there

    Raises
    ------
    StoreFullError, StoreDamagedError
        The store cannot be opened at all.
    """

    def __init__(
        self,
        folder: Path,
        *,
        budget_byte: int | None = None,
        reserve_byte: int = _RESERVE_BYTE,
        on_step: Step = _no_step,
    ) -> None:
        make_folder(folder)
        self._folder = folder
        self._budget_byte = budget_byte
        self._step = on_step
        self._room = Room(folder, reserve_byte)
        self._files = WriterFiles(folder, self._room)
        self._room.restore_reserve()
        self._layouts: dict[str, PackLayout] = {}
        self._decisions: dict[str, Decision] = {}
        self._checked = FIRST_KEY

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the files; what was written is on the disk already."""
        self._files.close()

    @property
    def losses(self) -> tuple[AuditRecord, ...]:
        """What was found missing or was put aside since the store was opened; in the store's audit records too."""
        return self._files.losses

    @property
    def is_short_of_room(self) -> bool:
        """Whether the disk is full, so that one raw row a minute is stored."""
        return self._room.is_short

    def usage(self) -> StoreUsage:
        """Bytes that the store takes, and how full the disk is."""
        return store_usage(self._files.connection, self._folder)

    def register_pack(self, pack_id: str, pack_toml_text: str, layout: PackLayout) -> None:
        """Say what a pack is, before its first rows; again after every start.

        Parameters
        ----------
        pack_toml_text : its description, kept for exports and for whoever reads the store later
        layout : shape and resolution of its rows
        """
        description = (pack_id, pack_toml_text, json.dumps(asdict(layout)))
        found = self._files.connection.execute("SELECT name, description, layout FROM pack WHERE name = ?", (pack_id,))
        if found.fetchone() != description:
            with self._files.transaction():
                self._files.record_entries([pack_entry(*description)])
        self._layouts[pack_id] = layout

    def write(self, batch: StoreBatch) -> WriteReceipt:
        """Store a batch as a whole; it is on the disk when this returns.

        A repeated batch changes nothing: rows are known by pack, source and time. On a full disk the oldest sealed raw
        days go; where there are none, the reserve is given up and one raw row a minute is stored until there is room.

        Raises
        ------
        StoreFullError
            No room even so: nothing of the batch is stored.
        StoreDamagedError
            The batch counts as lost; the files have been opened anew and the batch may be written again.
        KeyError
            A pack was not registered.
        """
        if self._room.is_short:
            self._regain_reserve()
        while True:
            try:
                return self._write_thinned(batch) if self._room.is_short else self._write_whole(batch)
            except StoreFullError:
                if not self._make_room():
                    raise

    def _regain_reserve(self) -> None:
        """Make the reserve anew, at the cost of the oldest raw days."""
        while not self._room.restore_reserve():
            day = oldest_day(self._files.connection, raw_only=True)
            if day is None:
                return
            self._remove(day)
        self._record(store_record("room again", {"raw_rows": "all"}))

    def _make_room(self) -> bool:
        """Remove the oldest raw day, or else give up the reserve; False when neither is there."""
        day = oldest_day(self._files.connection, raw_only=True)
        if day is not None:
            with contextlib.suppress(StoreFullError):
                self._remove(day)
                return True
        if not self._room.give_up_reserve():
            return False
        self._record(store_record("disk full", {"raw_rows": "one a minute"}))
        return True

    def _remove(self, day: Day) -> AuditRecord:
        removed = remove_day(self._files.connection, self._folder, day)
        with self._files.transaction() as connection:
            forget_day(connection, day)
            self._files.record(removed)
        self._files.sealed_times.forget()
        return removed

    def _record(self, *records: AuditRecord) -> None:
        with self._files.transaction():
            self._files.record(*records)

    def _write_thinned(self, batch: StoreBatch) -> WriteReceipt:
        thinned, left_out = self._room.thinned(batch)
        receipt = self._write_whole(thinned)
        return WriteReceipt(receipt.rows_new, receipt.rows_repeated, left_out)

    def _write_whole(self, batch: StoreBatch) -> WriteReceipt:
        try:
            with self._files.transaction() as connection:
                new = self._write_rows(batch)
                self._write_documents(connection, batch)
                self._files.journal(entries_of_batch(connection, batch))
        except BaseException:
            self._decisions.clear()
            raise
        self._files.acknowledge_rows()
        return WriteReceipt(new, sum(len(rows.block) for rows in batch.rows) - new)

    def _write_rows(self, batch: StoreBatch) -> int:
        new = 0
        for rows in batch.rows:
            stream = Stream(SAMPLES, rows.pack_id, rows.source)
            new += self._files.streams.insert(stream, sample_rows(rows.block, self._layouts[rows.pack_id]))
        for minutes in batch.estimates:
            stream = Stream(ESTIMATES, minutes.pack_id, MAIN_SOURCE)
            self._files.streams.insert(stream, estimate_rows(minutes, self._layouts[minutes.pack_id]))
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

    def acknowledge(self, key: str, note: str, who: str, unix_time_second: float) -> None:
        """Note that somebody has seen a finding, and what they say of it.

        Parameters
        ----------
        key : the finding's, as `StoreReader.findings` gives it
        """
        detail = {"finding": key, "note": note}
        done = AuditRecord(unix_time_second=unix_time_second, actor=who, action="acknowledge", detail=detail)
        entries = [acknowledgement_entry(key, note, who, unix_time_second), audit_entry(done)]
        with self._files.transaction():
            self._files.record_entries(entries)

    def seal_step(self, now_unix_time_second: float) -> tuple[SealedFile, ...]:
        """Seal one closed day of one stream, the oldest first; call it again until nothing is left.

        Takes about half a second for a day at 1 Hz, and loads Arrow; a service leaves the files to a process of their
        own (`closed_day`, `SealingTask`, `note_sealed`).

        Returns
        -------
        tuple
            The files that were made; empty when no closed day is left.

        Raises
        ------
        StoreFullError, StoreDamagedError
            The day was not sealed; its rows are where they were.
        """
        from cellwarden.store.sealing import write_sealed

        closed = self.closed_day(now_unix_time_second)
        if closed is None:
            return ()
        try:
            files, damaged = write_sealed(self._files.connection, self._folder, closed, self._step)
        except (sqlite3.Error, OSError) as cause:
            raise translated(cause) from cause
        return tuple(files) if self.note_sealed(closed, files, damaged) else ()

    def closed_day(self, now_unix_time_second: float) -> ClosedDay | None:
        """The oldest day that may be sealed, its minutes rolled up; None when none is left.

        A day is closed ten minutes after its end.
        """
        before = (to_microsecond(now_unix_time_second) - _CLOSED_AFTER) // DAY * DAY
        try:
            oldest = min(closed_days(self._files.connection, before), key=lambda found: found.day, default=None)
            if oldest is not None:
                with self._files.transaction():
                    self._files.streams.roll_before(oldest.stream, (oldest.day + 1) * DAY)
        except (sqlite3.Error, OSError) as cause:
            raise translated(cause) from cause
        return oldest

    def note_sealed(self, closed: ClosedDay, files: Sequence[SealedFile], damaged: Sequence[int]) -> bool:
        """Note a day's files and let go of its rows; False, and nothing done, where rows came after they were read.

        Parameters
        ----------
        files, damaged : as `write_sealed` gives them
        """
        sealed = sum(file.rows for file in files if file.stream.kind == closed.stream.kind) + len(damaged)
        with self._files.transaction() as connection:
            if row_count(connection, closed) != sealed:
                return False
            record(connection, self._folder, closed.number, files)
            forget_rows(connection, closed)
            if damaged:
                self._files.record(damaged_rows(closed.stream, list(damaged)))
            self._step("recorded")
        self._step("committed")
        self._files.sealed_times.forget()
        return True

    def check_step(self) -> bool:
        """Read one sealed file to its end and put it aside if it is damaged; False when all have been looked through.

        Takes about a tenth of a second and loads Arrow; a service leaves the reading to a process of its own.
        """
        key = next_key(self._files.connection, self._checked)
        self._checked = key or FIRST_KEY
        if key is not None:
            self.mend(key)
        return key is not None

    def sealed_count(self) -> int:
        """How many sealed files the catalogue has."""
        return int(self._files.connection.execute("SELECT count(*) FROM sealed").fetchone()[0])

    def mend(self, key: CatalogueKey) -> None:
        """Look at one sealed file that may be damaged: put it aside if it is, make its hours if they are missing."""
        with self._files.transaction() as connection:
            losses = check_file(connection, self._folder, key)
            if losses:
                self._files.record(*losses)
        self._files.losses += tuple(losses)

    def keep_within_budget(self) -> tuple[AuditRecord, ...]:
        """Remove the oldest days until the store takes no more than its budget; what was removed.

        Raw rows go first, then roll-ups of minutes, then estimates; findings, records and roll-ups of hours never.
        """
        removed: list[AuditRecord] = []
        while self._budget_byte is not None and self.usage().store_byte > self._budget_byte:
            day = oldest_day(self._files.connection)
            if day is None:
                break
            removed.append(self._remove(day))
        return tuple(removed)
