"""Files whose rows run from the newest to the oldest, as many exports write them: read from their end."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import IO

import numpy as np
import pyarrow as pa

from cellwarden.logs.rearranged_table import HELD_BYTES, RearrangedTable
from cellwarden.logs.tables import Table

__all__ = ["NewestFirst", "runs_backwards"]

_LOOKED_AT_ROWS = 1024
_MOSTLY = 0.9


@dataclass(frozen=True, slots=True)
class NewestFirst(RearrangedTable):
    """A table with its rows turned round; while it is read, the columns lie packed aside, on the disk if long."""

    def batches(self, columns: Sequence[str], text: frozenset[str] = frozenset()) -> Iterator[pa.RecordBatch]:
        """These columns piece by piece, the file's last row first."""
        with tempfile.SpooledTemporaryFile(HELD_BYTES) as aside:
            if not _lay_aside(self.table.batches(columns, text), aside):
                return
            aside.seek(0)
            with pa.ipc.open_file(aside) as pieces:
                for number in reversed(range(pieces.num_record_batches)):
                    piece = pieces.get_batch(number)
                    yield piece.take(pa.array(np.arange(piece.num_rows)[::-1]))


def _lay_aside(pieces: Iterator[pa.RecordBatch], aside: IO[bytes]) -> bool:
    """Write pieces of one kind where each can be read by itself; whether there were any."""
    first = next(pieces, None)
    if first is None:
        return False
    with pa.ipc.new_file(aside, first.schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as written:
        for piece in chain((first,), pieces):
            written.write_batch(piece)
    return True


def runs_backwards(table: Table, time_column: str) -> bool:
    """Whether the stamps at the file's beginning fall: in nine of ten steps to another stamp, of two and more."""
    first = next(iter(table.batches([time_column])), None)
    if first is None:
        return False
    stamps = first.column(0).slice(0, _LOOKED_AT_ROWS).drop_null()
    if not (pa.types.is_integer(stamps.type) or pa.types.is_floating(stamps.type)):
        return False
    steps = np.diff(stamps.to_numpy(zero_copy_only=False).astype(np.float64))
    moved = steps[steps != 0.0]
    return len(moved) > 1 and int((moved < 0.0).sum()) > _MOSTLY * len(moved)
