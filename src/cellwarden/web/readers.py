"""Readers of the store, lent to one request at a time."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cellwarden.store.reader import StoreReader

__all__ = ["ReaderPool"]


class ReaderPool:
    """At most `size` open readers; a request waits until one is free, so memory stays bounded."""

    def __init__(self, folder: Path, size: int = 3) -> None:
        self._folder = folder
        self._idle: queue.LifoQueue[StoreReader | None] = queue.LifoQueue()
        for _ in range(size):
            self._idle.put(None)

    @contextmanager
    def reader(self) -> Iterator[StoreReader]:
        """A reader for this request alone; one that failed is closed and replaced by the next that asks."""
        held = self._idle.get()
        try:
            held = held or StoreReader(self._folder)
            yield held
        except BaseException:
            if held is not None:
                held.close()
            held = None
            raise
        finally:
            self._idle.put(held)

    def close(self) -> None:
        """Close the readers that are idle."""
        while not self._idle.empty():
            held = self._idle.get_nowait()
            if held is not None:
                held.close()
