"""Reading the store from another process: never writes, never holds up the writer.

The open day is in the landing database, closed days are in Parquet files. A row may for a moment be in both; it is
given once. The database is read first: a row leaves it only when its file is there.
"""

from __future__ import annotations

import json
import logging
import math
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from cellwarden.core.errors import InputError
from cellwarden.core.limits import Decision
from cellwarden.core.sample_block import SampleBlock
from cellwarden.store.batch import MAIN_SOURCE, AuditRecord, EstimateMinutes, PackLayout
from cellwarden.store.database import DATABASE_NAME, open_for_reading
from cellwarden.store.documents import LATEST, audit_records, decision_from_document, document_from_bytes
from cellwarden.store.errors import StoreDamagedError, translated
from cellwarden.store.estimate_rows import estimate_minutes, is_estimate
from cellwarden.store.merging import merged_rows
from cellwarden.store.pack_state import PackRecord, PackState
from cellwarden.store.rollups import MINUTE, Rollup, roll_up
from cellwarden.store.row_layout import MICROSECONDS, IntegerRows, RowLayout, to_microsecond
from cellwarden.store.sample_rows import sample_block, stored_attributes, with_attributes
from cellwarden.store.sealed_files import DAY, sealed_parts
from cellwarden.store.series import Series, SeriesSums, finest_span
from cellwarden.store.streams import ESTIMATES, SAMPLES, SPANS, Stream, read_rollups, read_rows

__all__ = ["PackRecord", "PackState", "StoreReader"]

_EVER = (0, 1 << 62)
_PIECE = DAY // 6  # what is in memory at a time; a row group of a sealed file
_MINUTE_FILES = (
    "SELECT kind, file FROM sealed WHERE stream = ?1 AND day BETWEEN ?2 AND ?3 AND (kind = 'minutes'"
    " OR kind = 'samples' AND NOT EXISTS (SELECT 1 FROM sealed AS other WHERE other.stream = ?1"
    " AND other.kind = 'minutes' AND other.day = sealed.day)) ORDER BY day, part"
)
_LOG = logging.getLogger(__name__)


def _file_rows(path: Path, begin: int, end: int, wanted: Collection[str] | None) -> IntegerRows | None:
    """Rows of a sealed file; None where it is damaged: the writer will find it, put it aside and name the loss."""
    from cellwarden.store.parquet_rows import UNREADABLE, read_parquet_rows  # here: the open day needs no Arrow

    try:
        return read_parquet_rows(path, begin, end, wanted)
    except UNREADABLE as cause:
        _LOG.warning("%s cannot be read and is left out: %s", path.name, cause)
        return None


def _file_rollup(path: Path, begin: int, end: int, names: Collection[str]) -> Iterator[tuple[RowLayout, Rollup]]:
    """Minutes of a sealed file; nothing where it is damaged."""
    from cellwarden.store.parquet_rollups import read_parquet_rollup
    from cellwarden.store.parquet_rows import UNREADABLE

    try:
        yield read_parquet_rollup(path, begin, end, names)
    except UNREADABLE as cause:
        _LOG.warning("%s cannot be read and is left out: %s", path.name, cause)


def _span(begin: float | None, end: float | None) -> tuple[int, int]:
    """A range in microseconds; open ends reach as far as anything."""
    return (
        _EVER[0] if begin is None else to_microsecond(begin),
        _EVER[1] if end is None else to_microsecond(end),
    )


class StoreReader:
    """Queries on a store's folder, by one thread at a time.

    Times are in seconds since 1970; a range holds from ≤ time < until.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = folder / DATABASE_NAME
        self._opened: tuple[sqlite3.Connection, int] | None = None
        self._connection  # noqa: B018  # a folder without a store is told at once

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the database."""
        if self._opened is not None:
            self._opened[0].close()
        self._opened = None

    @property
    def _connection(self) -> sqlite3.Connection:
        """The database, opened anew where the writer has put a damaged one aside."""
        try:
            there = self._file.stat().st_ino
            if self._opened is None or self._opened[1] != there:
                self.close()
                self._opened = open_for_reading(self._file), there
        except FileNotFoundError as cause:
            raise StoreDamagedError(f"{self._folder}: there is no store in this folder.") from cause
        except sqlite3.Error as cause:
            raise translated(cause) from cause
        return self._opened[0]

    def _all(self, question: str, values: Sequence[object] | Mapping[str, object] = ()) -> list[tuple[Any, ...]]:
        try:
            return self._connection.execute(question, values).fetchall()
        except sqlite3.Error as cause:
            raise translated(cause) from cause

    def packs(self) -> tuple[PackRecord, ...]:
        """All packs that were registered."""
        records = []
        for name, description, text in self._all("SELECT name, description, layout FROM pack ORDER BY name"):
            shape = json.loads(text)
            layout = PackLayout(**(shape | {"sensors": tuple(shape["sensors"])}))
            sources = self._all("SELECT source FROM stream WHERE kind = ? AND pack = ? ORDER BY id", (SAMPLES, name))
            found = tuple(source for (source,) in sources)
            records.append(PackRecord(pack_id=name, pack_toml_text=description, layout=layout, sources=found))
        return tuple(records)

    def state(self, pack_id: str) -> PackState:
        """The latest document and the latest sample."""
        found = self._documents("state", pack_id, "hour = ?", (LATEST,))
        time, document = found[-1] if found else (None, None)
        stream = Stream(SAMPLES, pack_id, MAIN_SOURCE)
        newest = self._newest_time(stream)
        rows = next(self._rows(stream, newest, newest + 1), None)
        sample = None if rows is None else sample_block(rows)
        return PackState(document=document, document_unix_time_second=time, sample=sample)

    def state_history(
        self, pack_id: str, from_unix_time_second: float, until_unix_time_second: float, *, most: int | None = None
    ) -> tuple[tuple[float, dict[str, Any]], ...]:
        """The last document of every hour, with its moment; where there are more than `most`, evenly fewer.

        The newest of the span is always among them.
        """
        span = (to_microsecond(from_unix_time_second), to_microsecond(until_unix_time_second))
        where = "hour >= 0 AND time >= ? AND time < ?"
        if most is None:
            return tuple(self._documents("state", pack_id, where, span))
        question = f"SELECT hour FROM document WHERE kind = 'state' AND pack = ? AND {where} ORDER BY hour DESC"  # noqa: S608  # conditions of this file
        hours = [hour for (hour,) in self._all(question, (pack_id, *span))]
        chosen = hours[:: max(1, math.ceil(len(hours) / most))]
        places = ",".join("?" * len(chosen))
        return tuple(self._documents("state", pack_id, f"hour IN ({places})", chosen))

    def _documents(
        self, kind: str, pack_id: str, where: str, values: Sequence[object]
    ) -> list[tuple[float, dict[str, Any]]]:
        question = f"SELECT time, document FROM document WHERE kind = ? AND pack = ? AND {where} ORDER BY time"  # noqa: S608  # conditions of this file
        found = self._all(question, (kind, pack_id, *values))
        return [(time / MICROSECONDS, document_from_bytes(document)) for time, document in found]

    def estimates(
        self, pack_id: str, from_unix_time_second: float, until_unix_time_second: float
    ) -> Iterator[EstimateMinutes]:
        """Minute rows of estimates, a few hours at a time."""
        span = (to_microsecond(from_unix_time_second), to_microsecond(until_unix_time_second))
        for rows in self._rows(Stream(ESTIMATES, pack_id, MAIN_SOURCE), *span):
            yield estimate_minutes(pack_id, rows)

    def findings(self, pack_id: str | None = None, *, open_only: bool = False) -> tuple[dict[str, Any], ...]:
        """Findings, pack by pack in the order of their lists.

        Each is the mapping of `findings.json` with `pack`, `key` (to acknowledge it by), `is_current` (False for what a
        later list no longer names) and `acknowledgements`, a list of {note, who, unix_time_second}.
        """
        found = self._all(
            "SELECT pack, key, is_current, document FROM finding WHERE (? IS NULL OR pack = ?) "
            "ORDER BY pack, is_current, position",
            (pack_id, pack_id),
        )
        notes: dict[str, list[dict[str, Any]]] = {}
        for key, note, who, time in self._all("SELECT key, note, who, time FROM acknowledgement ORDER BY time"):
            notes.setdefault(key, []).append({"note": note, "who": who, "unix_time_second": time / MICROSECONDS})
        entries = []
        for pack, key, is_current, text in found:
            more = {"pack": pack, "key": key, "is_current": bool(is_current), "acknowledgements": notes.get(key, [])}
            entry = json.loads(text) | more
            if not open_only or (is_current and entry["cleared_unix_time_second"] is None):
                entries.append(entry)
        return tuple(entries)

    def decision(self, pack_id: str) -> Decision | None:
        """The latest decision, None before the first."""
        found = self._documents("decision", pack_id, "hour = ?", (LATEST,))
        return decision_from_document(found[-1][1]) if found else None

    def decisions(
        self, pack_id: str, from_unix_time_second: float, until_unix_time_second: float
    ) -> tuple[Decision, ...]:
        """Decisions whose limits, authority or binding terms were others than before."""
        span = (to_microsecond(from_unix_time_second), to_microsecond(until_unix_time_second))
        found = self._all(
            "SELECT document FROM decision WHERE pack = ? AND time >= ? AND time < ? ORDER BY time", (pack_id, *span)
        )
        return tuple(decision_from_document(json.loads(text)) for (text,) in found)

    def telemetry(self, pack_id: str) -> tuple[dict[str, Any], ...]:
        """How each source of a pack fares: the fields of `SourceTelemetry`, the latest of each source."""
        return tuple(document for _, document in self._documents("telemetry", pack_id, "hour = ?", (LATEST,)))

    def audit(self, from_unix_time_second: float, until_unix_time_second: float) -> tuple[AuditRecord, ...]:
        """Audit records in the order in which they were written."""
        span = (to_microsecond(from_unix_time_second), to_microsecond(until_unix_time_second))
        return audit_records(self._connection, *span)

    def rows(
        self,
        pack_id: str,
        from_unix_time_second: float | None = None,
        until_unix_time_second: float | None = None,
        source: str = MAIN_SOURCE,
    ) -> Iterator[SampleBlock]:
        """Samples in the order of time, a few hours at a time."""
        for rows in self._rows(Stream(SAMPLES, pack_id, source), *_span(from_unix_time_second, until_unix_time_second)):
            yield sample_block(rows)

    def _number(self, stream: Stream) -> int | None:
        found = self._all(
            "SELECT id FROM stream WHERE kind = ? AND pack = ? AND source = ?",
            (stream.kind, stream.pack, stream.source),
        )
        return found[0][0] if found else None

    def _newest_time(self, stream: Stream) -> int:
        """The newest time [µs] in either place, -1 where there is none."""
        question = (
            "SELECT max(coalesce((SELECT max(time) FROM row WHERE stream = :s), -1),"
            " coalesce((SELECT max(last) FROM sealed WHERE stream = :s AND kind = :k), -1))"
        )
        return int(self._all(question, {"s": self._number(stream), "k": stream.kind})[0][0])

    def _rows(
        self, stream: Stream, begin: int, end: int, wanted: Collection[str] | None = None
    ) -> Iterator[IntegerRows]:
        """Rows a few hours at a time, from both places; of sealed ones only the wanted columns."""
        number = self._number(stream)
        landed = [] if number is None else [int(day) for (day,) in self._landed_days(number, begin, end)]
        days = {part.day for part in sealed_parts(self._folder, stream, begin, end)}
        for day in sorted(days.union(landed)):
            for first in range(day * DAY, (day + 1) * DAY, _PIECE):
                yield from self._piece(stream, number, max(begin, first), min(end, first + _PIECE), wanted)

    def _piece(
        self, stream: Stream, number: int | None, first: int, last: int, wanted: Collection[str] | None
    ) -> Iterator[IntegerRows]:
        """Rows of a part of one day."""
        if first < last:
            open_rows = [] if number is None else list(read_rows(self._connection, number, first, last))
            parts = sealed_parts(self._folder, stream, first, last)
            sealed = (_file_rows(part.path, first, last, wanted) for part in parts)
            yield from merged_rows([*open_rows, *(rows for rows in sealed if rows is not None)])

    def _landed_days(self, number: int, begin: int, end: int) -> list[tuple[Any, ...]]:
        """Days of which the database has rows, found by skipping from day to day."""
        return self._all(
            "WITH RECURSIVE day(n) AS ("
            " SELECT (SELECT min(time) FROM row WHERE stream = :s AND time >= :b AND time < :e) / :d"
            " UNION ALL"
            " SELECT (SELECT min(time) FROM row WHERE stream = :s AND time >= (n + 1) * :d AND time < :e) / :d"
            " FROM day WHERE n IS NOT NULL) SELECT n FROM day WHERE n IS NOT NULL",
            {"s": number, "b": begin, "e": end, "d": DAY},
        )

    def series(
        self,
        pack_id: str,
        columns: Sequence[str],
        from_unix_time_second: float,
        until_unix_time_second: float,
        points: int,
        source: str = MAIN_SOURCE,
    ) -> Series:
        """Lowest, mean and highest of columns in at most `points` buckets.

        Parameters
        ----------
        columns : base names: of samples (`cell_voltage_c1_volt`, `current_ampere`, `temperature_t1_celsius`) or of
            estimates (`cell_soc_c1_fraction`, `temperature_forecast_t1_celsius`); unknown ones are NaN throughout
        """
        begin, end = to_microsecond(from_unix_time_second), to_microsecond(until_unix_time_second)
        bucket, span = finest_span(begin, end, points)
        sums = SeriesSums(columns, begin, end, bucket)
        for stream in (Stream(SAMPLES, pack_id, source), Stream(ESTIMATES, pack_id, MAIN_SOURCE)):
            if any(is_estimate(name) == (stream.kind == ESTIMATES) for name in columns):
                self._gather(sums, stream, begin, end, span)
        return sums.series()

    def _gather(self, sums: SeriesSums, stream: Stream, begin: int, end: int, span: int) -> None:
        """Add what a stream has: roll-ups as far as they go, then rows."""
        number = self._number(stream)
        finest = SPANS[stream.kind][0]
        first = begin
        if number is not None and span >= finest:
            first = begin // span * span
            for layout, rollup in self._rollups(number, span, first, end, sums.names):
                sums.add_rollup(layout, rollup)
            first = max(begin, self._all("SELECT rolled_until FROM stream WHERE id = ?", (number,))[0][0])
        for rows in self._rows(stream, first, end, sums.names):
            sums.add_rows(rows)

    def _rollups(
        self, number: int, span: int, begin: int, end: int, names: Collection[str]
    ) -> Iterator[tuple[RowLayout, Rollup]]:
        """Roll-ups from both places; minutes of a day whose minutes were not sealed are made from its rows."""
        self._connection.execute("BEGIN")
        landed = list(read_rollups(self._connection, number, span, begin, end))
        files = self._all(_MINUTE_FILES, (number, begin // DAY, end // DAY)) if span == MINUTE else []
        self._connection.execute("COMMIT")
        yield from landed
        for kind, file in files:
            if kind == SAMPLES:
                rows = _file_rows(self._folder / file, begin, end, names)
                if rows is not None and len(rows):
                    yield rows.layout, roll_up(rows, MINUTE)
                continue
            yield from _file_rollup(self._folder / file, begin, end, names)

    def export(
        self,
        pack_id: str,
        path: Path,
        from_unix_time_second: float | None = None,
        until_unix_time_second: float | None = None,
        source: str = MAIN_SOURCE,
    ) -> int:
        """Write a pack's samples as a pack log, Parquet or CSV by the name's ending; the number of rows.

        Raises
        ------
        InputError
            The store has no such rows.
        """
        layout = next((record.layout for record in self.packs() if record.pack_id == pack_id), None)
        if layout is None:
            known = ", ".join(record.pack_id for record in self.packs()) or "none"
            raise InputError(f"the store knows no pack '{pack_id}'; known are {known}.")
        from cellwarden.logs import LogUnits, write_pack_log  # here: nothing else needs what reads and writes files

        units = LogUnits(time="microsecond", voltage=layout.voltage_unit, temperature=layout.temperature_unit)
        begin, end = _span(from_unix_time_second, until_unix_time_second)
        present = stored_attributes(self._layouts(Stream(SAMPLES, pack_id, source), begin, end))
        blocks = self.rows(pack_id, from_unix_time_second, until_unix_time_second, source)
        return write_pack_log(
            path,
            (with_attributes(block, present) for block in blocks),
            sensors=layout.sensors,
            units=units,
            leave_out=self._never_measured(pack_id, begin, end, source),
        )

    def _never_measured(self, pack_id: str, begin: int, end: int, source: str) -> list[str]:
        """Arrays that every block has, of which no value was measured in a range."""
        columns = {"voltage_volt": "pack_voltage_volt", "ambient_temperature_celsius": "ambient_temperature_celsius"}
        found = self.series(pack_id, tuple(columns), begin / MICROSECONDS, end / MICROSECONDS, 1, source).columns
        return [field for name, field in columns.items() if not np.isfinite(found[name].mean).any()]

    def _layouts(self, stream: Stream, begin: int, end: int) -> Iterator[RowLayout]:
        """The layouts of all rows in a range."""
        question = (
            "SELECT fields FROM row_layout WHERE id IN"
            " (SELECT DISTINCT layout FROM row WHERE stream = ? AND time >= ? AND time < ?)"
        )
        for (fields,) in self._all(question, (self._number(stream), begin, end)):
            yield RowLayout.from_text(fields)
        from cellwarden.store.parquet_rows import file_layout

        for part in sealed_parts(self._folder, stream, begin, end):
            layout = file_layout(part.path)
            if layout is not None:
                yield layout
