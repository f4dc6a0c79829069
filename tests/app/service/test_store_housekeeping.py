"""What the storage thread does between two batches, on a fast clock."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from cellwarden.app.service import store_housekeeping
from cellwarden.app.service.store_housekeeping import Housekeeping
from cellwarden.store.reader import StoreReader
from tests.store.store_batches import joined, landing, rows_batch
from tests.store.test_sealing import TIMES


def test_days_are_sealed_and_looked_through_without_waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_housekeeping, "_ROUND_SECOND", 0.0)
    monkeypatch.setattr(store_housekeeping, "_CHECK_SECOND", 0.0)
    monkeypatch.setattr(store_housekeeping, "_CHECKS_A_DAY", 1)  # all files at once
    house = Housekeeping(tmp_path, lambda: float(TIMES[-1]))
    with landing(tmp_path) as store:
        store.write(rows_batch("a", TIMES))
        end, longest = time.monotonic() + 120.0, 0.0
        while store.sealed_count() < 4 and time.monotonic() < end:
            begin = time.monotonic()
            house.step(store)
            longest = max(longest, time.monotonic() - begin)
            time.sleep(0.01)
        broken = next(tmp_path.rglob("samples/**/2025-06-16.parquet"))
        broken.write_bytes(b"no more")
        while not store.losses and time.monotonic() < end:
            house.step(store)
            time.sleep(0.01)
        house.stop()
        assert [loss.action for loss in store.losses] == ["loss"]
        found = joined(StoreReader(tmp_path).rows("a"))
    np.testing.assert_array_equal(found, TIMES[720:])
    assert longest < 0.5


def test_a_process_that_hangs_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(store_housekeeping, "_ROUND_SECOND", 0.0)
    monkeypatch.setattr(store_housekeeping, "_LONGEST_SECOND", -1.0)
    house = Housekeeping(tmp_path, lambda: float(TIMES[-1]))
    with landing(tmp_path) as store:
        store.write(rows_batch("a", TIMES))
        house.step(store)
        house.step(store)
        assert "hung" in caplog.text
        np.testing.assert_array_equal(joined(StoreReader(tmp_path).rows("a")), TIMES)
        house.stop()
