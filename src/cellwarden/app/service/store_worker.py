"""The storage thread: the store's one writer; a slow or full disk holds up nobody but itself."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from cellwarden.app.service.checkpoint_files import write_whole
from cellwarden.app.service.latency import RecentLatency
from cellwarden.app.service.store_housekeeping import Housekeeping
from cellwarden.app.service.store_queue import QueuedBatch, StoreQueue
from cellwarden.store.batch import PackLayout
from cellwarden.store.errors import StoreDamagedError, StoreError

if TYPE_CHECKING:
    from cellwarden.store.landing import Landing

__all__ = ["StoreWorker"]

_LOG = logging.getLogger(__name__)
_RETRY_SECOND = 1.0


class StoreWorker(threading.Thread):
    """Writes what waits in the queue, one transaction a batch.

    Parameters
    ----------
    folder : of the store
    queue : filled by the cycle
    packs : text and layout of every pack, by its name
    batch_second : how long rows wait for the next transaction [s]
    record_time : the record's clock, which says when a day is over
    budget_byte : what the store may take; the oldest raw days go first

    `stored` counts, per pack, how long a sample took from its reception to the disk; `trouble` says in words what keeps
    the store from working, empty where nothing does; `is_open` is set when the store was opened for the first time.
    """

    def __init__(
        self,
        folder: Path,
        queue: StoreQueue,
        packs: Mapping[str, tuple[str, PackLayout]],
        batch_second: float,
        record_time: Callable[[], float],
        budget_byte: int,
    ) -> None:
        super().__init__(name="store", daemon=True)
        self.stored = RecentLatency()
        self.rows_stored = 0
        self.batches = 0
        self.trouble = ""
        self.is_open = threading.Event()
        self.beat_second = time.monotonic()
        self._folder = folder
        self._queue = queue
        self._packs = packs
        self._budget_byte = budget_byte
        self._batch_second = batch_second
        self._stop_wanted = threading.Event()
        self._landing: Landing | None = None
        self._housekeeping = Housekeeping(folder, record_time)

    def stop(self, timeout_second: float = 10.0) -> bool:
        """Write what waits and end; whether that worked in time."""
        self._stop_wanted.set()
        self.join(timeout_second)
        return not self.is_alive()

    def run(self) -> None:
        """Until stopped."""
        due = time.monotonic()
        while not self._stop_wanted.is_set():
            self.beat_second = time.monotonic()
            due = max(due + self._batch_second, time.monotonic())
            self._stop_wanted.wait(max(0.0, due - time.monotonic()))
            if not self._work():
                self._stop_wanted.wait(_RETRY_SECOND)
        self._housekeeping.stop()
        while len(self._queue) and self._work():
            pass
        if self._landing is not None:
            self._landing.close()

    def _work(self) -> bool:
        """Write all that waits; False where the store refused."""
        try:
            landing = self._opened()
            while len(self._queue):
                self._write(landing)
            self._housekeeping.step(landing)
        except StoreError as error:
            self._note(str(error))
            if isinstance(error, StoreDamagedError):
                self._recover()
            return False
        self._note("the disk is full: one raw row a minute is stored" if landing.is_short_of_room else "")
        return True

    def _write(self, landing: Landing) -> None:
        queued = self._queue.take()
        try:
            receipt = landing.write(queued.batch)
            for note in queued.acknowledgements:
                landing.acknowledge(note.key, note.note, note.who, note.unix_time_second)
        except StoreError:
            self._queue.give_back(queued)
            raise
        self.batches += 1
        self.rows_stored += receipt.rows_new
        now = time.monotonic()
        for received, rows in queued.received:
            self.stored.add(now - received, rows)
        self._write_checkpoints(queued)

    def _write_checkpoints(self, queued: QueuedBatch) -> None:
        for checkpoint in queued.checkpoints:
            try:
                write_whole(checkpoint.file, checkpoint.data)
            except OSError as error:  # the next one will do; until then the state is made anew from the rows
                _LOG.warning("checkpoint %s was not written: %s", checkpoint.file.name, error)

    def _opened(self) -> Landing:
        if self._landing is None:
            from cellwarden.store.landing import Landing

            self._landing = Landing(self._folder, budget_byte=self._budget_byte)
            for loss in self._landing.losses:
                _LOG.error("store: %s: %s", loss.action, loss.detail)
            for name, (text, layout) in self._packs.items():
                self._landing.register_pack(name, text, layout)
            self.is_open.set()
        return self._landing

    def _recover(self) -> None:
        """Put a damaged store aside where that is possible; the next round opens what is there."""
        if self._landing is not None:
            self._landing.close()
            self._landing = None

    def _note(self, trouble: str) -> None:
        if trouble != self.trouble:
            _LOG.log(logging.ERROR if trouble else logging.INFO, "store: %s", trouble or "works again")
        self.trouble = trouble
