"""The single writer of the store: what `write` has returned from is on the disk."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Self

from cellwarden.core.limits import Decision
from cellwarden.store.batch import MAIN_SOURCE, AuditRecord, PackLayout, StoreBatch, WriteReceipt
from cellwarden.store.database import DATABASE_NAME, open_for_writing
from cellwarden.store.documents import put_audit, put_decision, put_findings, put_state, put_telemetry
from cellwarden.store.errors import translated
from cellwarden.store.estimate_rows import estimate_rows
from cellwarden.store.losses import damaged_rows
from cellwarden.store.row_layout import MICROSECONDS, to_microsecond
from cellwarden.store.sample_rows import sample_rows
from cellwarden.store.sealed_files import DAY
from cellwarden.store.sealed_times import SealedTimes
from cellwarden.store.sealing import SealedFile, Step, closed_days, forget_rows, record, write_sealed
from cellwarden.store.streams import ESTIMATES, SAMPLES, Stream, StreamTable

__all__ = ["Landing"]

_CLOSED_AFTER = 600 * MICROSECONDS


def _no_step(name: str) -> None:
    """Go on."""


class Landing:
    """The store's one writer, used by one thread at a time.

    Parameters
    ----------
    folder : of the store; made where it is missing
    on_step : called with the name of every step of sealing that is done, for tests that stop the program there

    Raises
    ------
    StoreFullError, StoreDamagedError
        The store cannot be opened at all.
    """

    def __init__(self, folder: Path, *, on_step: Step = _no_step) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._file = folder / DATABASE_NAME
        self._step = on_step
        self._sealed_times = SealedTimes(folder)
        self._layouts: dict[str, PackLayout] = {}
        self._decisions: dict[str, Decision] = {}
        self._open()

    def _open(self) -> None:
        try:
            self._connection = open_for_writing(self._file)
        except sqlite3.Error as cause:
            raise translated(cause) from cause
        self._streams = StreamTable(self._connection, self._sealed_times)
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
            self._open()
            raise translated(cause) from cause
        except BaseException:
            self._connection.execute("ROLLBACK")
            self._streams.forget()
            self._decisions.clear()
            raise

    def register_pack(self, pack_id: str, pack_toml_text: str, layout: PackLayout) -> None:
        """Say what a pack is, before its first rows; again after every start.

        Parameters
        ----------
        pack_toml_text : its description, kept for exports and for whoever reads the store later
        layout : shape and resolution of its rows
        """
        with self._transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO pack VALUES(?, ?, ?)", (pack_id, pack_toml_text, json.dumps(asdict(layout)))
            )
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
                put_audit(connection, [damaged_rows(stream, damaged)])
            self._step("recorded")
        self._step("committed")
        self._sealed_times.forget()
        return tuple(files)

    def acknowledge(self, key: str, note: str, who: str, unix_time_second: float) -> None:
        """Note that somebody has seen a finding, and what they say of it.

        Parameters
        ----------
        key : the finding's, as `StoreReader.findings` gives it
        """
        with self._transaction() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO acknowledgement(key, note, who, time) VALUES(?, ?, ?, ?)",
                (key, note, who, to_microsecond(unix_time_second)),
            )
            put_audit(
                connection,
                [
                    AuditRecord(
                        unix_time_second=unix_time_second,
                        actor=who,
                        action="acknowledge",
                        detail={"finding": key, "note": note},
                    )
                ],
            )
