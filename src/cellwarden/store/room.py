"""What is done when the disk is full: a reserve is given up, and of the raw rows one a minute is stored.

Findings, records, decisions, states and estimates go on being stored whole.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cellwarden.core.sample_block import SampleBlock
from cellwarden.store.batch import PackRows, StoreBatch

__all__ = ["Room"]

_RESERVE_NAME = "reserve"
_THINNED_SECOND = 60.0


class Room:
    """The reserve file and what its absence means.

    Parameters
    ----------
    folder : of the store
    reserve_byte : how much is kept free for what must be stored; 0 for none
    """

    def __init__(self, folder: Path, reserve_byte: int) -> None:
        self._folder = folder
        self._file = folder / _RESERVE_NAME
        self._reserve_byte = reserve_byte
        self._kept: dict[tuple[str, str], float] = {}

    @property
    def is_short(self) -> bool:
        """Whether the reserve has been given up, so that raw rows are thinned."""
        return self._reserve_byte > 0 and not self._file.exists()

    def give_up_reserve(self) -> bool:
        """Free the reserve; False when there is none left."""
        if not self._file.exists():
            return False
        self._file.unlink()
        return True

    def restore_reserve(self) -> bool:
        """Make the reserve anew where there is room for it twice; whether there is one now."""
        if not self._reserve_byte or self._file.exists():
            return True
        if shutil.disk_usage(self._folder).free < 2 * self._reserve_byte:
            return False
        try:
            with self._file.open("wb") as opened:
                os.posix_fallocate(opened.fileno(), 0, self._reserve_byte)
        except OSError:
            self._file.unlink(missing_ok=True)
            return False
        self._kept.clear()
        return True

    def thinned(self, batch: StoreBatch) -> tuple[StoreBatch, int]:
        """A batch with one raw row a minute of each stream, and how many were left out."""
        kept = [self._thinned(rows) for rows in batch.rows]
        before = sum(len(rows.block) for rows in batch.rows)
        return replace(batch, rows=_present(kept)), before - sum(len(rows.block) for rows in kept if rows is not None)

    def _thinned(self, rows: PackRows) -> PackRows | None:
        key = (rows.pack_id, rows.source)
        minutes = rows.block.unix_time_second // _THINNED_SECOND
        first = np.diff(minutes, prepend=self._kept.get(key, -1.0)) != 0.0
        self._kept[key] = float(minutes[-1])
        places = np.flatnonzero(first)
        if not len(places):
            return None
        return PackRows(rows.pack_id, rows.source, _chosen(rows.block, places))


def _chosen(block: SampleBlock, places: NDArray[np.intp]) -> SampleBlock:
    """The rows at these places."""
    arrays = {field.name: getattr(block, field.name) for field in fields(block)}
    return replace(block, **{name: array[places] for name, array in arrays.items() if array is not None})


def _present(rows: Sequence[PackRows | None]) -> tuple[PackRows, ...]:
    return tuple(found for found in rows if found is not None)
