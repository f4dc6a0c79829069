"""What the store needs beside writing: closed days sealed, sealed files looked through, the disk budget kept.

Files are read and written by a process of their own at low priority, so that the controller neither waits nor holds
what reads and writes them.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from cellwarden.store.checking import FIRST_KEY, CatalogueKey
from cellwarden.store.errors import StoreError
from cellwarden.store.sealing_task import CheckTask, SealingTask

if TYPE_CHECKING:
    from cellwarden.store.landing import Landing

__all__ = ["Housekeeping"]

_LOG = logging.getLogger(__name__)
_ROUND_SECOND = 60.0
_CHECK_SECOND = 3600.0
_CHECKS_A_DAY = 24
_LONGEST_SECOND = 1800.0


class Housekeeping:
    """Used by the storage thread, between two batches.

    Parameters
    ----------
    folder : of the store
    record_time : the record's clock, which says when a day is over
    """

    def __init__(self, folder: Path, record_time: Callable[[], float]) -> None:
        self._folder = folder
        self._record_time = record_time
        self._task: SealingTask | CheckTask | None = None
        self._due_second = time.monotonic() + _ROUND_SECOND
        self._check_due_second = time.monotonic() + _CHECK_SECOND
        self._checked: CatalogueKey = FIRST_KEY
        self._task_due_second = float("inf")

    def stop(self) -> None:
        """End what is at work; the next start begins it anew."""
        if self._task is not None:
            self._task.stop()
            self._task = None

    def step(self, landing: Landing) -> None:
        """Take in what is done, begin what is due.

        Raises
        ------
        StoreError
            The database refused.
        """
        now = time.monotonic()
        if self._task is not None:
            if self._task.is_done:
                self._take_in(self._task, landing)
            elif now > self._task_due_second:
                _LOG.error("store: what seals it has hung and is ended")
                self.stop()
            return
        if now < self._due_second:
            return
        self._due_second = now + _ROUND_SECOND
        self._task_due_second = now + _LONGEST_SECOND
        for removed in landing.keep_within_budget():
            _LOG.warning(
                "store: %s of %s removed to stay within the disk budget", removed.detail["kind"], removed.detail["day"]
            )
        closed = landing.closed_day(self._record_time())
        if closed is not None:
            self._task = SealingTask(self._folder, closed)
        elif now >= self._check_due_second:
            self._check_due_second = now + _CHECK_SECOND
            count = 1 + landing.sealed_count() // _CHECKS_A_DAY
            self._task = CheckTask(self._folder, self._checked, count)

    def _take_in(self, task: SealingTask | CheckTask, landing: Landing) -> None:
        self._task = None
        try:
            with task:
                if isinstance(task, SealingTask):
                    self._take_sealed(task, landing)
                else:
                    self._take_checked(task, landing)
        except StoreError as error:  # the rows are where they were
            _LOG.warning("store: %s", error)

    def _take_sealed(self, task: SealingTask, landing: Landing) -> None:
        sealed = task.result()
        if landing.note_sealed(task.closed, sealed.files, sealed.damaged):
            self._due_second = time.monotonic()  # there may be another day
            for file in sealed.files:
                _LOG.info("store: sealed %s", file.path.name)

    def _take_checked(self, task: CheckTask, landing: Landing) -> None:
        checked = task.result()
        self._checked = checked.last or FIRST_KEY
        for key in checked.mend:
            landing.mend(key)
