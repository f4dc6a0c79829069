"""Integer rows as a Parquet file, and back: columns of a pack log, with a checksum on every page.

DELTA_BINARY_PACKED without dictionaries, zstd 3: 14 bytes a row of 16 cells at the sensors' own resolution.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from cellwarden.store.arrow_integers import integers, integers_or
from cellwarden.store.row_layout import IntegerRows, RowLayout

__all__ = [
    "LAYOUT_KEY",
    "TIME_COLUMN",
    "UNREADABLE",
    "file_layout",
    "integer_writer",
    "parquet_digests",
    "read_parquet_rows",
    "time_spans",
    "write_parquet_rows",
]

TIME_COLUMN = "unix_time_microsecond"
LAYOUT_KEY = b"cellwarden.row_layout"
UNREADABLE = (OSError, pa.ArrowException, KeyError, ValueError)
"""What reading a damaged file may raise."""


def _schema(layout: RowLayout) -> pa.Schema:
    """Columns of a layout; the layout itself is in the metadata."""
    fields = [pa.field(TIME_COLUMN, pa.int64(), nullable=False)]
    for field in layout.fields:
        kind = pa.from_numpy_dtype(np.dtype(field.kind))
        fields += [pa.field(name, kind, metadata={"unit": field.unit}) for name in field.names]
    return pa.schema(fields, metadata={LAYOUT_KEY: layout.text()})


def _table(rows: IntegerRows, schema: pa.Schema) -> pa.Table:
    """Rows as a table, null where not measured."""
    columns = [pa.array(rows.unix_time_microsecond)]
    for field in rows.layout.fields:
        integers = rows.column(field)
        for place in range(len(field.labels)):
            column = np.ascontiguousarray(integers[:, place])
            columns.append(pa.array(column, mask=column == field.absent))
    return pa.Table.from_arrays(columns, schema=schema)


@contextmanager
def integer_writer(path: Path, schema: pa.Schema) -> Iterator[pq.ParquetWriter]:
    """A writer of integer columns; a table that is written is a row group. No care is taken of crashes."""
    with pq.ParquetWriter(
        path,
        schema,
        use_dictionary=False,
        column_encoding=dict.fromkeys(schema.names, "DELTA_BINARY_PACKED"),
        compression="zstd",
        compression_level=3,
        write_page_checksum=True,
        store_schema=True,
    ) as writer:
        yield writer


def write_parquet_rows(path: Path, layout: RowLayout, pieces: Iterable[IntegerRows]) -> list[str]:
    """Write rows of one layout, a row group a piece; the digest of each."""
    schema = _schema(layout)
    digests = []
    with integer_writer(path, schema) as writer:
        for rows in pieces:
            writer.write_table(_table(rows, schema))
            digests.append(rows.digest())
    return digests


def parquet_digests(path: Path) -> list[str]:
    """The digest of every row group, as its rows are read back."""
    with pq.ParquetFile(path, page_checksum_verification=True) as file:
        layout = _layout(file)
        groups = (file.read_row_group(group, use_threads=False) for group in range(file.num_row_groups))
        return [_rows(table, layout, slice(None)).digest() for table in groups]


def file_layout(path: Path) -> RowLayout | None:
    """The layout of a file's rows, None where it cannot be read."""
    try:
        with pq.ParquetFile(path) as file:
            return _layout(file)
    except UNREADABLE:
        return None


def _layout(file: pq.ParquetFile) -> RowLayout:
    return RowLayout.from_text((file.schema_arrow.metadata or {})[LAYOUT_KEY].decode())


def _groups(file: pq.ParquetFile, begin: int, end: int) -> list[int]:
    """Row groups that may have rows with begin ≤ time < end."""
    return [group for group, (first, last) in enumerate(time_spans(file)) if first < end and last >= begin]


def time_spans(file: pq.ParquetFile) -> list[tuple[int, int]]:
    """First and last time [µs] of every row group, from the footer.

    Raises
    ------
    OSError
        The footer does not say.
    """
    place = file.schema_arrow.names.index(TIME_COLUMN)
    found = [file.metadata.row_group(group).column(place).statistics for group in range(file.num_row_groups)]
    if any(span is None or not isinstance(span.min, int) or not isinstance(span.max, int) for span in found):
        raise OSError("the footer is damaged")
    return [(span.min, span.max) for span in found]


def _rows(table: pa.Table, layout: RowLayout, chosen: slice) -> IntegerRows:
    """A table's chosen rows."""
    times = integers(table.column(TIME_COLUMN))[chosen]
    records = np.empty(len(times), dtype=layout.row_type)
    for field in layout.fields:
        for place, name in enumerate(field.names):
            column = table.column(name).slice(chosen.start or 0, len(times))
            records[field.key][:, place] = integers_or(column, field.absent)
    return IntegerRows(layout, times, records)


def read_parquet_rows(path: Path, begin: int, end: int, wanted: Collection[str] | None = None) -> IntegerRows:
    """Rows of a file with begin ≤ time < end [µs].

    Parameters
    ----------
    wanted : base names of the columns to read, all by default; the rows then have these only

    Raises
    ------
    one of `UNREADABLE`
        The file is damaged.
    """
    with pq.ParquetFile(path, page_checksum_verification=True) as file:
        layout = _layout(file) if wanted is None else _layout(file).only(wanted)
        groups = _groups(file, begin, end)
        table = file.read_row_groups(groups, [TIME_COLUMN, *layout.names], use_threads=False)
    first, last = np.searchsorted(integers(table.column(TIME_COLUMN)), [begin, end])
    return _rows(table, layout, slice(int(first), int(last)))
