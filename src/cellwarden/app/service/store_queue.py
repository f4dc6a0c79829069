"""What waits for the disk, bounded: the oldest raw rows go first, then estimates; findings and audit never."""

from __future__ import annotations

import threading
from collections import Counter, deque
from dataclasses import dataclass
from pathlib import Path

from cellwarden.store.batch import (
    AuditRecord,
    EstimateMinutes,
    PackDecision,
    PackFindings,
    PackRows,
    SourceTelemetry,
    StateDocument,
    StoreBatch,
)

__all__ = ["Acknowledgement", "CheckpointFile", "QueuedBatch", "StoreItem", "StoreQueue"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgement:
    """Somebody has seen a finding; `key` is the store's for it."""

    key: str
    note: str
    who: str
    unix_time_second: float


@dataclass(frozen=True, slots=True)
class CheckpointFile:
    """A checkpoint, to be written when the rows that it rests on are on the disk."""

    file: Path
    data: bytes


StoreItem = (
    PackRows
    | EstimateMinutes
    | StateDocument
    | PackFindings
    | PackDecision
    | SourceTelemetry
    | AuditRecord
    | Acknowledgement
    | CheckpointFile
)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedBatch:
    """A batch, the moments at which its rows were received [s, monotonic], and what may follow when it is stored."""

    batch: StoreBatch
    received: tuple[tuple[float, int], ...]
    acknowledgements: tuple[Acknowledgement, ...]
    checkpoints: tuple[CheckpointFile, ...]


class StoreQueue:
    """Filled by the cycle, emptied by the storage thread; `dropped` counts what had to go, by kind."""

    def __init__(self, most_rows: int = 200_000, most_others: int = 20_000) -> None:
        self.dropped: Counter[str] = Counter()
        self._most_rows = most_rows
        self._most_others = most_others
        self._lock = threading.Lock()
        self._rows: deque[tuple[PackRows, float]] = deque()
        self._row_count = 0
        self._others: deque[StoreItem] = deque()

    def put(self, item: StoreItem, received_second: float = 0.0) -> None:
        """Add an item; never waits."""
        with self._lock:
            if isinstance(item, PackRows):
                self._rows.append((item, received_second))
                self._row_count += len(item.block)
                while self._row_count > self._most_rows:
                    self._drop_rows()
            else:
                self._others.append(item)
                if len(self._others) > self._most_others:
                    self._drop_other()

    def take(self, most_rows: int = 20_000) -> QueuedBatch:
        """All that waits, or as many rows as one transaction should hold."""
        with self._lock:
            rows: list[tuple[PackRows, float]] = []
            count = 0
            while self._rows and count < most_rows:
                rows.append(self._rows.popleft())
                count += len(rows[-1][0].block)
            self._row_count -= count
            others = [] if self._rows else list(self._others)  # what rests on rows does not overtake them
            if others:
                self._others.clear()
        return _batch(rows, others)

    def give_back(self, queued: QueuedBatch) -> None:
        """Put a batch that could not be stored back in front."""
        with self._lock:
            for rows, (received, _) in reversed(list(zip(queued.batch.rows, queued.received, strict=True))):
                self._rows.appendleft((rows, received))
                self._row_count += len(rows.block)
            batch = queued.batch
            before: list[StoreItem] = [
                *batch.audit,
                *batch.findings,
                *batch.decisions,
                *batch.states,
                *batch.estimates,
                *batch.telemetry,
                *queued.acknowledgements,
                *queued.checkpoints,
            ]
            self._others.extendleft(reversed(before))

    def __len__(self) -> int:
        return self._row_count + len(self._others)

    def _drop_rows(self) -> None:
        rows, _ = self._rows.popleft()
        self._row_count -= len(rows.block)
        self.dropped["rows"] += len(rows.block)

    def _drop_other(self) -> None:
        """Drop the oldest item of the least important kind; findings and audit stay whatever they cost."""
        for kinds, name in _LEAST_FIRST:
            for place, item in enumerate(self._others):
                if isinstance(item, kinds):
                    del self._others[place]
                    self.dropped[name] += 1
                    return


_LEAST_FIRST: tuple[tuple[type | tuple[type, ...], str], ...] = (
    ((SourceTelemetry, StateDocument, CheckpointFile), "telemetry"),
    (EstimateMinutes, "estimates"),
    (PackDecision, "decisions"),
)


def _batch(rows: list[tuple[PackRows, float]], others: list[StoreItem]) -> QueuedBatch:
    batch = StoreBatch(
        rows=tuple(item for item, _ in rows),
        estimates=tuple(item for item in others if isinstance(item, EstimateMinutes)),
        states=tuple({item.pack_id: item for item in others if isinstance(item, StateDocument)}.values()),
        findings=tuple({item.pack_id: item for item in others if isinstance(item, PackFindings)}.values()),
        decisions=tuple(item for item in others if isinstance(item, PackDecision)),
        telemetry=tuple(item for item in others if isinstance(item, SourceTelemetry)),
        audit=tuple(item for item in others if isinstance(item, AuditRecord)),
    )
    received = tuple((at, len(item.block)) for item, at in rows)
    checkpoints = tuple({item.file: item for item in others if isinstance(item, CheckpointFile)}.values())
    acknowledgements = tuple(item for item in others if isinstance(item, Acknowledgement))
    return QueuedBatch(batch=batch, received=received, acknowledgements=acknowledgements, checkpoints=checkpoints)
