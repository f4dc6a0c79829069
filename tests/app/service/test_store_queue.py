"""The queue before the store: bounded, and what goes first."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cellwarden.app.service.latency import LatencyCounter
from cellwarden.app.service.store_queue import CheckpointFile, StoreQueue
from cellwarden.store.batch import AuditRecord, PackFindings, PackRows, StateDocument
from tests.estimation.sample_logs import samples


def rows(begin: int, count: int = 10) -> PackRows:
    time = np.arange(float(begin), float(begin + count))
    return PackRows("a", "main", samples(time, np.zeros(count), np.full((count, 2), 3.3)))


def test_the_oldest_rows_go_first_and_are_counted() -> None:
    queue = StoreQueue(most_rows=30)
    for begin in range(0, 60, 10):
        queue.put(rows(begin))
    assert queue.dropped == {"rows": 30}
    batch = queue.take().batch
    assert [float(item.block.unix_time_second[0]) for item in batch.rows] == [30.0, 40.0, 50.0]


def test_audit_and_findings_are_never_dropped() -> None:
    queue = StoreQueue(most_others=5)
    for number in range(20):
        queue.put(AuditRecord(unix_time_second=float(number), actor="a", action="b"))
        queue.put(StateDocument("a", float(number), {}))
    batch = queue.take().batch
    assert len(batch.audit) == 20
    assert queue.dropped["telemetry"] >= 14


def test_what_rests_on_rows_does_not_overtake_them() -> None:
    queue = StoreQueue()
    for begin in range(0, 50, 10):
        queue.put(rows(begin))
    queue.put(CheckpointFile(Path("x"), b""))
    queue.put(PackFindings("a", []))
    first = queue.take(most_rows=20)
    assert len(first.batch.rows) == 2
    assert first.checkpoints == ()
    assert first.batch.findings == ()
    second = queue.take()
    assert len(second.batch.rows) == 3
    assert len(second.checkpoints) == 1


def test_a_batch_that_was_refused_comes_again_first() -> None:
    queue = StoreQueue()
    queue.put(rows(0), 1.0)
    queue.put(AuditRecord(unix_time_second=0.0, actor="a", action="first"))
    taken = queue.take()
    queue.put(rows(10), 2.0)
    queue.put(AuditRecord(unix_time_second=0.0, actor="a", action="second"))
    queue.give_back(taken)
    again = queue.take()
    assert again.received == ((1.0, 10), (2.0, 10))
    assert [record.action for record in again.batch.audit] == ["first", "second"]


def test_quantiles_are_right_to_a_twentieth() -> None:
    counter = LatencyCounter()
    values = np.random.default_rng(1).exponential(0.02, 5000)
    for value in values:
        counter.add(float(value))
    for share in (0.5, 0.99):
        assert counter.quantile(share) == pytest.approx(np.quantile(values, share), rel=0.06)
    assert counter.largest_second == values.max()
    assert np.isnan(LatencyCounter().quantile(0.5))
