"""The estimation thread: kept rows of all packs through the slow half of their cycles, behind the decision path.

A pack that is behind (after a start without a usable checkpoint, or because rows came faster than they could be worked
through) catches up from the store, piece by piece, while the others go on.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np

from cellwarden.app.result_files import cells_document, findings_document
from cellwarden.app.service.checkpoint_files import anchor_bytes, anchor_file, checkpoint_bytes, checkpoint_file
from cellwarden.app.service.store_queue import CheckpointFile, StoreQueue
from cellwarden.core.finding import Evidence, Finding
from cellwarden.core.json_value import JsonValue, finite_document
from cellwarden.core.sample_block import SampleBlock
from cellwarden.runtime.live_estimation import LiveMinute, live_results
from cellwarden.runtime.live_pack import LiveEstimator, Mark
from cellwarden.store.batch import EstimateMinutes, PackFindings, StateDocument

__all__ = ["EstimationWorker", "StoredRows"]

_LOG = logging.getLogger(__name__)
_MOST_WAITING_ROWS = 20_000
_PIECE_ROWS = 120
_DOCUMENT_RECORD_SECOND = 300.0
_DOCUMENT_RECORD_SECOND_A_PACK = 3.0  # a document costs some 50 ms, mostly its readiness
_DOCUMENT_SECOND = 1.0

StoredRows = Callable[[str, float], Iterator[SampleBlock | Mark]]
"""Stored rows and marks of a pack after a time, in order, in pieces of any size."""


WorkItem = SampleBlock | Mark | Evidence
"""Kept rows, a mark, or what the fast half saw (sources that disagree)."""


class _PackWork:
    """One pack in the thread's hands."""

    def __init__(
        self, estimator: LiveEstimator, *, is_behind: bool, checkpoint_due_second: float, early_second: float
    ) -> None:
        self.estimator = estimator
        self.is_behind = is_behind
        self.is_broken = False
        self.checkpoint_due_second = checkpoint_due_second
        self.waiting: deque[WorkItem] = deque()
        self.waiting_rows = 0
        self.stored: Iterator[SampleBlock | Mark] | None = None
        self.findings: tuple[Finding, ...] = ()
        self.document_unix_time_second = -np.inf
        self.document_early_second = early_second  # so that not all packs come at the same time
        self.document_second = -np.inf
        self.last_minute: LiveMinute | None = None


class EstimationWorker(threading.Thread):
    """Works through what the packs' fast halves kept.

    Parameters
    ----------
    estimators : of every pack, by its name, and whether its state is complete (True) or must catch up (False)
    queue : takes estimates, findings, documents and checkpoints
    stored_rows : rows of the store, for catching up
    folder : of checkpoints
    checkpoint_second : time between two of a pack [s]
    on_findings : told of a pack's findings when they change
    prepare : done first, in the thread; it asks what it is given whether to go on
    """

    def __init__(
        self,
        estimators: Mapping[str, tuple[LiveEstimator, bool]],
        queue: StoreQueue,
        stored_rows: StoredRows,
        folder: Path,
        checkpoint_second: float,
        on_findings: Callable[[str, tuple[Finding, ...]], None],
        prepare: Callable[[Callable[[], bool]], None] | None = None,
    ) -> None:
        super().__init__(name="estimation", daemon=True)
        self.beat_second = time.monotonic()
        self.minutes = 0
        self._queue = queue
        self._stored_rows = stored_rows
        self._folder = folder
        self._checkpoint_second = checkpoint_second
        self._on_findings = on_findings
        self._prepare = prepare
        self._lock = threading.Condition()
        self._stop_wanted = False
        now, count = time.monotonic(), max(len(estimators), 1)
        self._document_second = _DOCUMENT_RECORD_SECOND + _DOCUMENT_RECORD_SECOND_A_PACK * (count - 1)
        self._packs = {
            name: _PackWork(
                estimator,
                is_behind=not is_complete,
                checkpoint_due_second=now + checkpoint_second * (0.5 + 0.5 * place / count),
                early_second=self._document_second * place / count,
            )
            for place, (name, (estimator, is_complete)) in enumerate(estimators.items())
        }

    def put(self, pack_id: str, item: WorkItem) -> None:
        """Give a pack's kept rows, a mark or evidence; never waits."""
        work = self._packs[pack_id]
        with self._lock:
            work.waiting.append(item)
            work.waiting_rows += len(item) if isinstance(item, SampleBlock) else 0
            if work.waiting_rows > _MOST_WAITING_ROWS:  # the store has them: forget them here
                work.waiting.clear()
                work.waiting_rows = 0
                work.is_behind = True
            self._lock.notify()

    def behind(self) -> tuple[str, ...]:
        """Packs that are catching up."""
        return tuple(name for name, work in self._packs.items() if work.is_behind)

    def broken(self) -> tuple[str, ...]:
        """Packs whose estimation has failed."""
        return tuple(name for name, work in self._packs.items() if work.is_broken)

    def stop(self, timeout_second: float = 20.0) -> bool:
        """Work through what waits, make checkpoints and end; whether that worked in time."""
        with self._lock:
            self._stop_wanted = True
            self._lock.notify()
        self.join(timeout_second)
        return not self.is_alive()

    def run(self) -> None:
        """Until stopped."""
        if self._prepare is not None:
            self._prepare(self._goes_on)
        while True:
            with self._lock:
                if self._stop_wanted:
                    break
                if not any(work.waiting or (work.is_behind and not work.is_broken) for work in self._packs.values()):
                    self._lock.wait(1.0)
            self.beat_second = time.monotonic()
            for name, work in self._packs.items():
                self._advance_alone(name, work)
        for name, work in self._packs.items():
            if not work.is_behind:
                self._advance_alone(name, work)
            if not work.is_broken:
                self._checkpoint(name, work)

    def _goes_on(self) -> bool:
        """Whether the thread is still wanted; says that it lives."""
        self.beat_second = time.monotonic()
        return not self._stop_wanted

    def _advance_alone(self, name: str, work: _PackWork) -> None:
        """One pack's turn; an error of the program in it costs this pack its estimates, and no pack its limits."""
        if work.is_broken:
            with self._lock:
                work.waiting.clear()
                work.waiting_rows = 0
            return
        try:
            self._advance(name, work)
        except Exception:  # noqa: BLE001  # decisions go on without estimates; a restart tries again
            _LOG.exception("pack %s: the estimation has failed and rests until the next start", name)
            work.is_broken = True

    def _advance(self, name: str, work: _PackWork) -> None:
        if work.is_behind:
            self._catch_up(name, work)
        else:
            self._live(name, work)
        if time.monotonic() >= work.checkpoint_due_second:
            self._checkpoint(name, work)

    def _live(self, name: str, work: _PackWork) -> None:
        """What waits for a pack."""
        while True:
            with self._lock:
                if not work.waiting:
                    return
                item = work.waiting.popleft()
                work.waiting_rows -= len(item) if isinstance(item, SampleBlock) else 0
            self._take(name, work, item)

    def _catch_up(self, name: str, work: _PackWork) -> None:
        """The next piece of a pack's stored rows; at their end it is no longer behind."""
        if work.stored is None:
            after = work.estimator.state.until_unix_time_second
            work.stored = _pieces(self._stored_rows(name, after))
        item = next(work.stored, None)
        if item is not None:
            self._take(name, work, item)
            return
        work.stored = None
        with self._lock:
            work.is_behind = False
        if work.estimator.state.samples:
            _LOG.info("pack %s: state resumed", name)

    def _take(self, name: str, work: _PackWork, item: WorkItem) -> None:
        if isinstance(item, Mark):
            work.estimator.mark(item)
            return
        if isinstance(item, Evidence):
            work.estimator.note(item)
            return
        for minute in work.estimator.take(item):
            self.minutes += 1
            work.last_minute = minute
            self._queue.put(_estimates(name, minute))
        if work.last_minute is not None:
            self._tell(name, work, work.last_minute)

    def _tell(self, name: str, work: _PackWork, minute: LiveMinute) -> None:
        """Findings when they changed, the state now and then."""
        at = float(minute.minutes.unix_time_second[-1])
        changed = minute.findings != work.findings
        if changed:
            work.findings = minute.findings
            self._queue.put(PackFindings(name, [_finite_mapping(item) for item in findings_document(minute.findings)]))
            self._on_findings(name, minute.findings)
        now = time.monotonic()
        is_due = at >= work.document_unix_time_second + self._document_second
        if (is_due or changed) and now >= work.document_second + _DOCUMENT_SECOND:
            work.document_unix_time_second, work.document_second = at - work.document_early_second, now
            work.document_early_second = 0.0
            results = live_results(work.estimator.state, minute, work.estimator.context)
            self._queue.put(StateDocument(name, at, _finite_mapping(cells_document(results))))

    def _checkpoint(self, name: str, work: _PackWork) -> None:
        work.checkpoint_due_second = time.monotonic() + self._checkpoint_second
        if work.estimator.state.samples and not work.is_behind:
            file, state = checkpoint_file(self._folder, name), work.estimator.state
            self._queue.put(CheckpointFile(anchor_file(file), anchor_bytes(state)))
            self._queue.put(CheckpointFile(file, checkpoint_bytes(state, work.estimator.context)))


def _pieces(items: Iterator[SampleBlock | Mark]) -> Iterator[SampleBlock | Mark]:
    """The same with blocks of at most `_PIECE_ROWS` rows, so that one pack never holds up the others for long."""
    for item in items:
        if isinstance(item, Mark):
            yield item
            continue
        for begin in range(0, len(item), _PIECE_ROWS):
            yield item.rows(begin, min(begin + _PIECE_ROWS, len(item)))


def _finite_mapping(document: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """The document with None for what is no finite number."""
    return {key: finite_document(value) for key, value in document.items()}


def _estimates(pack_id: str, minute: LiveMinute) -> EstimateMinutes:
    rows = minute.estimates
    return EstimateMinutes(
        pack_id=pack_id,
        unix_time_second=rows.unix_time_second,
        soc_fraction=rows.soc_fraction,
        soc_low_fraction=rows.soc_low_fraction,
        soc_high_fraction=rows.soc_high_fraction,
        temperature_forecast_celsius=rows.temperature_forecast_celsius,
    )
