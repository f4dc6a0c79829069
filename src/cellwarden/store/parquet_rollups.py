"""A closed day's minute roll-ups as a Parquet file, and back."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from cellwarden.store.arrow_integers import integers
from cellwarden.store.parquet_rows import LAYOUT_KEY, TIME_COLUMN, integer_writer
from cellwarden.store.rollups import Integers, Rollup
from cellwarden.store.row_layout import RowLayout, StoredField

__all__ = ["read_parquet_rollup", "rollup_table", "write_parquet_rollup"]

_PARTS = {"count": "count", "minimum": "lowest", "maximum": "highest", "sum": "total"}


def _column_names(field: StoredField, part: str) -> Iterator[str]:
    """`cell_voltage_c1_minimum_millivolt`; a count has no unit."""
    for name in field.names:
        stem = name.removesuffix(f"_{field.unit}")
        yield f"{stem}_{part}" if part == "count" else f"{stem}_{part}_{field.unit}"


def rollup_table(layout: RowLayout, rollup: Rollup) -> pa.Table:
    """Buckets as a table; the layout of the rows that they are of is in its metadata."""
    columns: dict[str, Integers] = {TIME_COLUMN: rollup.unix_time_microsecond}
    first = 0
    for field in layout.fields:
        for part, attribute in _PARTS.items():
            values: Integers = getattr(rollup, attribute)
            for place, name in enumerate(_column_names(field, part)):
                column = values[:, first + place]
                columns[name] = column if part == "sum" else column.astype(np.int32)
        first += len(field.labels)
    return pa.table(columns).replace_schema_metadata({LAYOUT_KEY: layout.text()})


def write_parquet_rollup(path: Path, table: pa.Table) -> None:
    """Write what `rollup_table` made."""
    with integer_writer(path, table.schema) as writer:
        writer.write_table(table)


def read_parquet_rollup(
    path: Path, begin: int, end: int, wanted: Collection[str] | None = None
) -> tuple[RowLayout, Rollup]:
    """Buckets of a file with begin ≤ start < end [µs].

    Parameters
    ----------
    wanted : base names of the columns to read, all by default; the layout that is given has these only

    Raises
    ------
    one of `UNREADABLE`
        The file is damaged.
    """
    with pq.ParquetFile(path, page_checksum_verification=True) as file:
        layout = RowLayout.from_text((file.schema_arrow.metadata or {})[LAYOUT_KEY].decode())
        chosen = layout if wanted is None else layout.only(wanted)
        names = {part: [name for field in chosen.fields for name in _column_names(field, part)] for part in _PARTS}
        table = file.read([TIME_COLUMN, *(name for part in names.values() for name in part)], use_threads=False)
    times = integers(table.column(TIME_COLUMN))
    rows = slice(*np.searchsorted(times, [begin, end]))
    arrays = {}
    for part, columns in names.items():
        read = [integers(table.column(name))[rows].astype(np.int64) for name in columns]
        arrays[_PARTS[part]] = np.stack(read, axis=1) if read else np.empty((len(times[rows]), 0), np.int64)
    return chosen, Rollup(times[rows], **arrays)
