"""Reading pack logs: files in, sample blocks with strictly increasing times out, piece by piece.

Several files are parts of one log and are joined by time; one that begins with its newest rows is read from its end,
one whose rows were moved about is put in order by its times.
Of a second source of the same pack (columns with its name after two underscores, or files of its own) the names are
told; in one file it also steps in, row by row, where the chosen source has no reading.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from cellwarden.core.errors import InputError
from cellwarden.core.pack_spec import PackSpec
from cellwarden.core.results import DataQuality
from cellwarden.core.sample_block import SampleBlock
from cellwarden.logs.column_map import ColumnMap
from cellwarden.logs.columns import Column, parse_columns
from cellwarden.logs.convert import Converter
from cellwarden.logs.in_time_order import PIECE_ROWS, InTimeOrder
from cellwarden.logs.layout import FilePlan, LogLayout, log_layout, plan_file
from cellwarden.logs.newest_first import NewestFirst, runs_backwards
from cellwarden.logs.opening import open_pack_log_file
from cellwarden.logs.quality import IntervalCounter
from cellwarden.logs.readings import ReadingCheck
from cellwarden.logs.repair import Repairer
from cellwarden.logs.row_order import moved_rows
from cellwarden.logs.rows import Rows
from cellwarden.logs.tables import Table

__all__ = ["PackLog", "open_log"]

Paths = str | Path | Sequence[str | Path]


@dataclass(frozen=True, slots=True)
class _File:
    """One opened file and what of it is read; `moved_rows` stood after a later one and were put in order."""

    table: Table
    plan: FilePlan
    first_second: float
    moved_rows: int


class PackLog:
    """A pack log that is ready to be read; made by `open_log`.

    `blocks` may be called again; each call reads the log anew, and `quality` tells of the last complete reading.
    """

    def __init__(self, pack: PackSpec, files: Sequence[_File], other_sources: tuple[str, ...]) -> None:
        self._pack = pack
        self._files = tuple(files)
        self._layout: LogLayout = log_layout([file.plan for file in files], pack.cells_in_series)
        self._quality: DataQuality | None = None
        self.other_sources = other_sources

    @property
    def sensors(self) -> tuple[str, ...]:
        """Temperature columns in the order of the blocks, as "t1" and "t2"."""
        return tuple(f"t{index}" for index in self._layout.sensors)

    @property
    def has_current(self) -> bool:
        """Whether any file has a current that is not null throughout."""
        return self._has("current_ampere")

    @property
    def has_ambient(self) -> bool:
        """Whether any file has an ambient temperature."""
        return self._has("ambient_temperature_celsius")

    @property
    def has_balancing(self) -> bool:
        """Whether any file has the balancer's duty or current."""
        return self._has("balancing_fraction") or self._has("balancing_current_ampere")

    @property
    def row_count_estimate(self) -> int:
        """Rows of all files; exact for Parquet, from the size for CSV."""
        return sum(file.table.row_count_estimate() for file in self._files)

    def _has(self, field: str) -> bool:
        for file in self._files:
            empty = file.table.all_null()
            if any(place.column.field == field and place.column.name not in empty for place in file.plan.places):
                return True
        return False

    def blocks(self, on_rows: Callable[[int], None] | None = None) -> Iterator[SampleBlock]:
        """Read the log in blocks of at most 16,384 samples.

        Parameters
        ----------
        on_rows : called with the number of rows read so far, for a progress bar

        Raises
        ------
        InputError
            Text in a number column, files that overlap, no row with a time, or no cell voltage at all.
        """
        repairer, intervals = Repairer(), IntervalCounter()
        converters = [Converter(file.plan, self._layout, self._pack) for file in self._files]
        for rows in self._read(converters):
            for given in repairer.push(rows):
                intervals.add(given)
                yield given.block
            if on_rows is not None:
                on_rows(repairer.counts.read)
        for given in repairer.finish():
            intervals.add(given)
            yield given.block
        torn = sum(file.table.torn_lines for file in self._files)
        repairer.counts.read += torn
        repairer.counts.without_time += torn
        repairer.counts.out_of_order += sum(file.moved_rows for file in self._files)
        self._check_substance(repairer, converters)
        missing: Counter[str] = sum((converter.check.missing for converter in converters), Counter())
        implausible: Counter[str] = sum((converter.check.implausible for converter in converters), Counter())
        hot = _hot_fractions([converter.check for converter in converters])
        columns = {name: None for file in self._files for name in file.plan.column_names}
        ignored = {name.strip("'"): None for file in self._files for name in file.plan.ignored}
        self._quality = intervals.quality(
            repairer.counts, repairer.clock.steps, implausible, missing, tuple(columns), tuple(ignored), hot
        )

    def quality(self) -> DataQuality:
        """What was found and mended in the rows; there after `blocks` has been read to its end.

        Raises
        ------
        RuntimeError
            The log has not been read to its end yet.
        """
        if self._quality is None:
            raise RuntimeError("read blocks() to the end before asking for quality()")
        return self._quality

    def _read(self, converters: Sequence[Converter]) -> Iterator[Rows]:
        """All rows of all files, in the order of the files; a file that overlaps the one before is refused."""
        latest, latest_file = -np.inf, ""
        for file, converter in zip(self._files, converters, strict=True):
            highest = -np.inf
            for batch in file.table.batches(file.plan.column_names):
                for rows in converter.rows(batch):
                    times = rows.times[np.isfinite(rows.times)]
                    if len(times) and len(self._files) > 1:
                        if float(times.min()) < latest:
                            raise _overlap(latest_file, file.table.file)
                        highest = max(highest, float(times.max()))
                    yield rows
            latest, latest_file = max(latest, highest), file.table.file

    def _check_substance(self, repairer: Repairer, converters: Sequence[Converter]) -> None:
        names = " and ".join(file.table.file for file in self._files)
        if repairer.counts.used == 0:
            time = _time_column(self._files[0].plan).name
            raise InputError(
                f"{names}: no row has a usable time in column '{time}'; give times in that column's unit, UTC "
                "(thirteen digits are unix_time_millisecond)."
            )
        if not any(converter.check.finite_cells for converter in converters):
            raise InputError(
                f"{names}: the columns cell_voltage_c1_… to cell_voltage_c{self._pack.cells_in_series}_… hold no "
                "usable reading in any row; check the logger and the unit in the columns' names."
            )


def _hot_fractions(checks: Sequence[ReadingCheck]) -> dict[str, float]:
    """The share of each temperature column's readings at which no pack rests."""
    read: Counter[str] = sum((check.temperatures for check in checks), Counter())
    hot: Counter[str] = sum((check.hot for check in checks), Counter())
    return {name: hot[name] / read[name] for name in sorted(read)}


def _overlap(one: str, other: str) -> InputError:
    return InputError(
        f"{one} and {other} overlap in time; parts of one log must follow each other: leave one out, or give a second "
        "sensor's file with --source NAME=FILE."
    )


def _time_column(plan: FilePlan) -> Column:
    return next(place.column for place in plan.places if place.column.field == "unix_time_second")


def _first_second(table: Table, plan: FilePlan) -> float:
    """The first stamp of a file [s], NaN where it has none."""
    column = _time_column(plan)
    for batch in table.batches([column.name]):
        values = batch.column(0).drop_null()
        if len(values):
            return float(values[0].as_py()) / column.divisor
    return float("nan")


def _in_order(table: Table, time: Column) -> tuple[Table, int]:
    """The file as it was logged, and how many rows had to be moved for that."""
    if runs_backwards(table, time.name):
        return NewestFirst(table), 0
    order = moved_rows(table, time.name, time.divisor, PIECE_ROWS)
    return (table, 0) if order is None else (InTimeOrder(table, time.name, order), order.late_rows)


def _open_files(paths: Paths, pack: PackSpec, column_map: ColumnMap | None, source: str | None) -> list[_File]:
    listed = [paths] if isinstance(paths, str | Path) else list(paths)
    if not listed:
        raise InputError("no log file was given; name at least one .parquet, .csv or .csv.gz file.")
    files = []
    for path in listed:
        table = open_pack_log_file(Path(path), column_map, pack.cells_in_series)
        columns, ignored = parse_columns(table.names, table.file)
        plan = plan_file(table.file, table.names, columns, ignored, pack.cells_in_series, source)
        table, moved = _in_order(table, _time_column(plan))
        first = _first_second(table, plan) if len(listed) > 1 else 0.0
        files.append(_File(table, plan, first, moved))
    files.sort(key=lambda file: file.first_second)
    for one, other in pairwise(files):
        if one.first_second == other.first_second:
            raise _overlap(one.table.file, other.table.file)
    return files


def open_log(
    paths: Paths,
    pack: PackSpec,
    *,
    column_map: ColumnMap | None = None,
    source: str | None = None,
    sources: Mapping[str, Paths] | None = None,
) -> PackLog:
    """Open the files of one log and check that their columns fit the pack.

    Parameters
    ----------
    paths : one file or several parts of one log (.parquet, .csv, .csv.gz), in any order
    pack : the pack's description
    column_map : which columns are which, for files whose columns are not the format's; found by itself where a shipped
        one fits
    source : analyse the columns of this source (`__array` after their names, or its files in `sources`) instead of
        those without a source's name
    sources : files of further sources by name; they are opened and checked, and only their names are told unless
        `source` names one

    Raises
    ------
    InputError
        A file that is missing, empty, damaged or no log; columns with wrong units, twice, or not of this pack.
    """
    extra = {name: _open_files(files, pack, column_map, None) for name, files in (sources or {}).items()}
    main = _open_files(paths, pack, column_map, None if source in extra else source)
    chosen = extra.pop(source) if source in extra else main
    told = {name for file in chosen for name in file.plan.other_sources} | set(extra)
    if chosen is not main:
        told.add("main")
    if (
        source is not None
        and chosen is main
        and not any(p.column.source == source for f in main for p in f.plan.places)
    ):
        known = sorted(told - {"main"}) or ["none"]
        raise InputError(f"{main[0].table.file}: no columns of a source '{source}'; sources there: {', '.join(known)}.")
    return PackLog(pack, chosen, tuple(sorted(told)))
