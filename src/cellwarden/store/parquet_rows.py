"""Integer rows as a Parquet file, and back: columns of a pack log, with a checksum on every page.

DELTA_BINARY_PACKED without dictionaries, zstd 3: 14 bytes a row of 16 cells at the sensors' own resolution.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from cellwarden.store.row_layout import IntegerRows, RowLayout

__all__ = ["LAYOUT_KEY", "TIME_COLUMN", "read_parquet_rows", "rows_table", "write_table"]

TIME_COLUMN = "unix_time_microsecond"
LAYOUT_KEY = b"cellwarden.row_layout"
_ROW_GROUP_ROWS = 86_400


def rows_table(rows: IntegerRows) -> pa.Table:
    """Rows as a table, null where not measured; the layout is in its metadata."""
    columns, fields = [pa.array(rows.unix_time_microsecond)], [pa.field(TIME_COLUMN, pa.int64(), nullable=False)]
    for field in rows.layout.fields:
        integers = rows.column(field)
        for place, name in enumerate(field.names):
            column = np.ascontiguousarray(integers[:, place])
            columns.append(pa.array(column, mask=column == field.absent))
            fields.append(pa.field(name, columns[-1].type, metadata={"unit": field.unit}))
    return pa.Table.from_arrays(columns, schema=pa.schema(fields, metadata={LAYOUT_KEY: rows.layout.text()}))


def write_table(table: pa.Table, path: Path) -> None:
    """Write a table of integers; no care is taken of what happens in between."""
    pq.write_table(
        table,
        path,
        row_group_size=_ROW_GROUP_ROWS,
        use_dictionary=False,
        column_encoding=dict.fromkeys(table.column_names, "DELTA_BINARY_PACKED"),
        compression="zstd",
        compression_level=3,
        write_page_checksum=True,
    )


def read_parquet_rows(path: Path, begin: int, end: int) -> IntegerRows:
    """Rows of a file with begin ≤ time < end [µs].

    Raises
    ------
    OSError, pyarrow.ArrowException
        The file is damaged.
    """
    with pq.ParquetFile(path, page_checksum_verification=True) as file:
        layout = RowLayout.from_text(file.schema_arrow.metadata[LAYOUT_KEY].decode())
        table = file.read(use_threads=False)
    times = table.column(TIME_COLUMN).to_numpy()
    chosen = slice(*np.searchsorted(times, [begin, end]))
    records = np.empty(len(times[chosen]), dtype=layout.row_type)
    for field in layout.fields:
        for place, name in enumerate(field.names):
            column = table.column(name).slice(chosen.start, len(records))
            records[field.key][:, place] = column.fill_null(field.absent).to_numpy()
    return IntegerRows(layout, times[chosen], records)
