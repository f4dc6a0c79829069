"""Files whose rows were moved about: put in order by their times, with one piece of them in memory at a time."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO

import numpy as np
import pyarrow as pa

from cellwarden.logs.rearranged_table import HELD_BYTES, RearrangedTable
from cellwarden.logs.row_order import RowOrder

__all__ = ["PIECE_ROWS", "InTimeOrder"]

PIECE_ROWS = 65536


@dataclass(frozen=True, slots=True)
class InTimeOrder(RearrangedTable):
    """A table with its rows by time; while it is read, the columns lie packed aside, on the disk if long.

    Rows of one stamp keep their order; those without a stamp come first.
    """

    time_column: str
    order: RowOrder

    def batches(self, columns: Sequence[str], text: frozenset[str] = frozenset()) -> Iterator[pa.RecordBatch]:
        """These columns piece by piece, the earliest rows first."""
        asked = list(columns)
        read = asked if self.time_column in asked else [*asked, self.time_column]
        with tempfile.SpooledTemporaryFile(HELD_BYTES) as aside:
            places = self._lay_aside(self.table.batches(read, text), aside)
            if not places:
                return
            aside.seek(0)
            with pa.ipc.open_file(aside) as parts:
                for numbers in places:
                    if numbers:
                        whole = pa.Table.from_batches([parts.get_batch(number) for number in numbers])
                        yield from self._by_time(whole).select(asked).to_batches()

    def _lay_aside(self, batches: Iterator[pa.RecordBatch], aside: IO[bytes]) -> list[list[int]]:
        """Write each batch parted by the edges; for each piece, rising, the numbers of its parts."""
        places: list[list[int]] = [[] for _ in range(len(self.order.edges) + 1)]
        first = next(batches, None)
        if first is None:
            return []
        with pa.ipc.new_file(aside, first.schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as written:
            number, batch = 0, first
            while batch is not None:
                piece = np.searchsorted(self.order.edges, _times(batch.column(self.time_column)), side="right")
                for place in np.unique(piece):
                    written.write_batch(batch.take(pa.array(np.flatnonzero(piece == place))))
                    places[int(place)].append(number)
                    number += 1
                batch = next(batches, None)
        return places

    def _by_time(self, whole: pa.Table) -> pa.Table:
        """Rows of one piece by their stamps."""
        order = np.argsort(_times(whole[self.time_column].combine_chunks()), kind="stable")
        return whole.take(pa.array(order)).combine_chunks()


def _times(values: pa.Array) -> np.ndarray:
    """Stamps (T,) in the column's unit, endlessly early where there is none."""
    stamps = values.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    return np.where(np.isnan(stamps), -np.inf, stamps)
