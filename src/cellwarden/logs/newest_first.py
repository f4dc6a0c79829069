"""Files whose rows run from the newest to the oldest, as many exports write them: read from their end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from cellwarden.logs.tables import Table

__all__ = ["NewestFirst", "runs_backwards"]

_LOOKED_AT_ROWS = 1024
_MOSTLY = 0.9


@dataclass(frozen=True, slots=True)
class NewestFirst:
    """A table with its rows turned round. The columns asked for are held in memory while it is read."""

    table: Table

    @property
    def file(self) -> str:
        """Name for messages."""
        return self.table.file

    @property
    def names(self) -> tuple[str, ...]:
        """Column names as in the file."""
        return self.table.names

    @property
    def torn_lines(self) -> int:
        """Lines that the last reading had to pass over."""
        return self.table.torn_lines

    def row_count_estimate(self) -> int:
        """Rows, exact or from the file's size."""
        return self.table.row_count_estimate()

    def all_null(self) -> frozenset[str]:
        """Columns of which the file itself says that they hold nothing."""
        return self.table.all_null()

    def batches(self, columns: Sequence[str], text: frozenset[str] = frozenset()) -> Iterator[pa.RecordBatch]:
        """These columns piece by piece, the file's last row first."""
        pieces = list(self.table.batches(columns, text))
        while pieces:
            piece = pieces.pop()
            yield piece.take(pa.array(np.arange(piece.num_rows)[::-1]))


def runs_backwards(table: Table, time_column: str) -> bool:
    """Whether the stamps at the file's beginning fall from row to row: nine steps in ten, of three rows or more."""
    first = next(iter(table.batches([time_column])), None)
    if first is None:
        return False
    stamps = first.column(0).slice(0, _LOOKED_AT_ROWS).drop_null()
    if not (pa.types.is_integer(stamps.type) or pa.types.is_floating(stamps.type)) or len(stamps) < 3:
        return False
    steps = np.diff(stamps.to_numpy(zero_copy_only=False).astype(np.float64))
    return int((steps < 0.0).sum()) > _MOSTLY * len(steps)
