"""The times of rows in sealed files, by which rows that come late are told from repeats."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cellwarden.store.sealed_files import sealed_parts
from cellwarden.store.streams import Stream

__all__ = ["SealedTimes"]

_KEPT_FILES = 4


class SealedTimes:
    """Looks into the files of the days in question; the last few stay in memory."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[Path, NDArray[np.int64]] = {}

    def __call__(self, stream: Stream, first: int, last: int) -> NDArray[np.int64]:
        """Times of a stream in files of the days from `first` to `last` [µs]; an unreadable file has none."""
        parts = sealed_parts(self._folder, stream, first, last + 1)
        return np.concatenate([np.empty(0, np.int64), *(self._times(part.path) for part in parts)])

    def forget(self) -> None:
        """After files have changed."""
        self._known.clear()

    def _times(self, path: Path) -> NDArray[np.int64]:
        import pyarrow.parquet as pq

        from cellwarden.store.arrow_integers import integers
        from cellwarden.store.parquet_rows import TIME_COLUMN, UNREADABLE

        if path not in self._known:
            if len(self._known) >= _KEPT_FILES:
                self.forget()
            try:
                self._known[path] = integers(pq.read_table(path, columns=[TIME_COLUMN]).column(0))
            except UNREADABLE:
                return np.empty(0, np.int64)
        return self._known[path]
