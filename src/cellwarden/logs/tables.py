"""Files as record batches: Parquet, and CSV also packed with gzip, read piece by piece. Errors name the file."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from cellwarden.core.errors import InputError

__all__ = ["CsvTable", "ParquetTable", "Table", "open_table"]

_BATCH_ROWS = 131072
_CSV_BLOCK_BYTES = 4 << 20
_PARQUET_BUFFER_BYTES = 1 << 16
_NULL_WORDS = ["", "NA", "N/A", "n/a", "NaN", "nan", "-nan", "null", "NULL", "None", "#N/A", "unavailable", "unknown"]
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # .xlsx, .ods and .zip; .xls
_KINDS = "a pack log is a .parquet, .csv or .csv.gz file"


class Table(Protocol):
    """A file with named columns."""

    @property
    def file(self) -> str:
        """Name for messages."""
        ...

    @property
    def names(self) -> tuple[str, ...]:
        """Column names as in the file."""
        ...

    @property
    def torn_lines(self) -> int:
        """Lines that the last reading had to pass over."""
        ...

    def row_count_estimate(self) -> int:
        """Rows, exact or from the file's size."""
        ...

    def batches(self, columns: Sequence[str], text: frozenset[str] = frozenset()) -> Iterator[pa.RecordBatch]:
        """These columns piece by piece; those in `text` are not turned into numbers."""
        ...

    def all_null(self) -> frozenset[str]:
        """Columns of which the file itself says that they hold nothing."""
        ...


@dataclass(frozen=True, slots=True)
class ParquetTable:
    """A Parquet file, opened anew for each reading."""

    path: Path
    names: tuple[str, ...]
    rows: int
    torn_lines: int = 0

    @property
    def file(self) -> str:
        """Name for messages."""
        return self.path.name

    def row_count_estimate(self) -> int:
        """Rows, exactly."""
        return self.rows

    def batches(self, columns: Sequence[str], text: frozenset[str] = frozenset()) -> Iterator[pa.RecordBatch]:
        """These columns in pieces of up to 131,072 rows, without reading a whole row group at once."""
        del text  # the file says itself what is text
        try:
            with self._opened() as opened:
                yield from opened.iter_batches(_BATCH_ROWS, columns=list(columns), use_threads=False)
        except (pa.ArrowInvalid, OSError) as cause:
            raise _damaged(self.file, cause) from cause

    def _opened(self) -> pq.ParquetFile:
        """The file, with columns in the system's own memory.

        Arrow's pool gives what a batch held back to the system and asks for it anew, page by page, with the next one.
        A reader keeps the pool that is the default when it is made; there is no other way to name one.
        """
        usual = pa.default_memory_pool()
        pa.set_memory_pool(pa.system_memory_pool())
        try:
            return pq.ParquetFile(self.path, buffer_size=_PARQUET_BUFFER_BYTES, pre_buffer=False)
        finally:
            pa.set_memory_pool(usual)

    def all_null(self) -> frozenset[str]:
        """Columns whose statistics count as many nulls as rows."""
        with pq.ParquetFile(self.path) as opened:
            metadata = opened.metadata
            nulls: dict[str, int] = {}
            for group in range(metadata.num_row_groups):
                for number in range(metadata.num_columns):
                    chunk = metadata.row_group(group).column(number)
                    counted = chunk.is_stats_set and chunk.statistics.has_null_count
                    name = chunk.path_in_schema
                    nulls[name] = nulls.get(name, 0) + (chunk.statistics.null_count if counted else 0)
        return frozenset(name for name, count in nulls.items() if count == self.rows)


def _damaged(file: str, cause: Exception) -> InputError:
    reason = str(cause).splitlines()[0].rstrip(".")
    return InputError(f"{file}: the Parquet file is cut off or damaged ({reason}); copy or export it again, whole.")


@dataclass(slots=True)
class CsvTable:
    """A CSV file. `head_bytes_per_row` is measured on its beginning, packing included.

    `torn_lines` counts the lines with too few or too many fields that the last reading passed over.
    """

    path: Path
    names: tuple[str, ...]
    delimiter: str
    decimal_point: str
    skip_rows: int
    head_bytes_per_row: float
    torn_lines: int = 0

    @property
    def file(self) -> str:
        """Name for messages."""
        return self.path.name

    def row_count_estimate(self) -> int:
        """Rows, from the file's size."""
        return max(1, int(self.path.stat().st_size / self.head_bytes_per_row))

    def all_null(self) -> frozenset[str]:
        """Nothing: a CSV file does not say."""
        return frozenset()

    def batches(self, columns: Sequence[str], text: frozenset[str] = frozenset()) -> Iterator[pa.RecordBatch]:
        """These columns piece by piece, as float64 or text. A torn line (too few or many fields) is passed over."""
        self.torn_lines = 0
        types = {name: pa.string() if name in text else pa.float64() for name in columns}
        try:
            reader = pa_csv.open_csv(
                self.path,
                read_options=pa_csv.ReadOptions(
                    use_threads=False,
                    block_size=_CSV_BLOCK_BYTES,
                    column_names=list(self.names),
                    skip_rows=self.skip_rows + 1,
                ),
                parse_options=pa_csv.ParseOptions(
                    delimiter=self.delimiter, invalid_row_handler=self._pass_over, ignore_empty_lines=True
                ),
                convert_options=pa_csv.ConvertOptions(
                    column_types=types,
                    include_columns=list(columns),
                    null_values=_NULL_WORDS,
                    strings_can_be_null=True,
                    decimal_point=self.decimal_point,
                ),
            )
            with reader:
                for batch in reader:
                    for begin in range(0, batch.num_rows, _BATCH_ROWS):
                        yield batch.slice(begin, _BATCH_ROWS)
        except (pa.ArrowInvalid, pa.ArrowKeyError, OSError, EOFError) as cause:
            raise self._unreadable(cause) from cause

    def _pass_over(self, row: pa_csv.InvalidRow) -> str:
        del row
        self.torn_lines += 1
        return "skip"

    def _unreadable(self, cause: Exception) -> InputError:
        reason = str(cause).splitlines()[0] if str(cause) else type(cause).__name__
        found = re.search(r"CSV column #(\d+): (?:Row #(\d+): )?.*invalid value '(.*?)'", reason)
        if found is None:
            return InputError(f"{self.file}: the CSV file cannot be read ({reason}); export it again.")
        column, row, value = found.groups()
        where = f" in line {row}" if row else ""
        return InputError(
            f"{self.file}: column '{self.names[int(column)]}' holds '{value}'{where} where a number should be; correct "
            "it or leave it empty."
        )


def open_table(
    path: Path, *, delimiter: str | None = None, decimal_comma: bool | None = None, skip_rows: int = 0
) -> Table:
    """Open a file by its content: Parquet by its first bytes, anything else as CSV.

    Raises
    ------
    InputError
        Missing, empty, damaged, or neither of both.
    """
    if path.is_dir():
        raise InputError(f"{path}: this is a folder; name the files in it ({_KINDS}).")
    if not path.is_file():
        raise InputError(f"{path}: there is no such file; check the path ({_KINDS}).")
    if path.stat().st_size == 0:
        raise InputError(f"{path.name}: the file is empty; {_KINDS} with a row for each sample.")
    with path.open("rb") as opened:
        start = opened.read(4)
    if start in _WORKBOOKS:
        raise InputError(
            f"{path.name}: this is a spreadsheet's workbook or a packed folder; save the sheet with the log as CSV, or "
            "unpack it."
        )
    if start == b"PAR1" or path.suffix == ".parquet":
        return _open_parquet(path)
    return _open_csv(path, delimiter, decimal_comma=decimal_comma, skip_rows=skip_rows)


def _open_parquet(path: Path) -> ParquetTable:
    try:
        with pq.ParquetFile(path) as opened:
            rows, names = opened.metadata.num_rows, tuple(opened.schema_arrow.names)
    except (pa.ArrowInvalid, OSError) as cause:
        raise _damaged(path.name, cause) from cause
    if rows == 0:
        raise InputError(f"{path.name}: the Parquet file has no rows; give a log with a row for each sample.")
    return ParquetTable(path, names, rows)


def _open_csv(path: Path, delimiter: str | None, *, decimal_comma: bool | None, skip_rows: int) -> CsvTable:
    lines = _head_lines(path)
    if len(lines) < skip_rows + 1:
        raise InputError(f"{path.name}: this is not a pack log: {_KINDS}; export the log as one of them.")
    header, data = lines[skip_rows], lines[skip_rows + 1 :]
    if not any(line.strip() for line in data):
        raise InputError(f"{path.name}: the file has a header but no rows; give a log with a row for each sample.")
    mark = delimiter or max(",;\t", key=header.count)
    names = tuple(name.strip() for name in next(csv.reader(io.StringIO(header), delimiter=mark)))
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"{path.name}: column '{twice}' is there twice; rename or remove one of them.")
    comma = decimal_comma if decimal_comma is not None else mark != "," and bool(re.search(r"\d,\d", data[0]))
    per_row = max(1.0, sum(map(len, data)) / len(data) + 1) / (5.0 if path.suffix == ".gz" else 1.0)
    return CsvTable(path, names, mark, "," if comma else ".", skip_rows, per_row)


def _head_lines(path: Path) -> list[str]:
    """The lines of the first 64 KiB; none where they are not text."""
    try:
        with pa.input_stream(path, compression="detect") as opened:
            head: bytes = opened.read(65536)
        text = codecs.getincrementaldecoder("utf-8-sig")().decode(head)  # the cut may have torn the last character
    except (UnicodeDecodeError, pa.ArrowInvalid, OSError):
        return []
    return [] if "\0" in text else text.splitlines()
