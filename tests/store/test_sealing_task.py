"""Sealing and checking in a process of their own do what they do in the writer's."""

from __future__ import annotations

import fcntl
from pathlib import Path

import numpy as np
import pytest

from cellwarden.store.checking import FIRST_KEY
from cellwarden.store.errors import StoreDamagedError
from cellwarden.store.landing import Landing
from cellwarden.store.reader import StoreReader
from cellwarden.store.sealing_process import LOCK_NAME
from cellwarden.store.sealing_task import CheckTask, SealingTask
from tests.store.store_batches import joined, landing, rows_batch
from tests.store.test_sealing import DAY, FIRST_DAY, TIMES, filled

LATE = TIMES[-1]


def seal_apart(store: Landing, folder: Path) -> list[str]:
    made = []
    while (closed := store.closed_day(LATE)) is not None:
        with SealingTask(folder, closed) as task:
            sealed = task.result()
        assert store.note_sealed(closed, sealed.files, sealed.damaged)
        made += [file.path.name for file in sealed.files]
    return made


def test_days_are_sealed_apart(tmp_path: Path) -> None:
    with filled(tmp_path) as store:
        before = StoreReader(tmp_path).series("a", ["current_ampere"], FIRST_DAY[0], LATE + 1, 50)
        assert len(seal_apart(store, tmp_path)) == 6  # samples, minutes, estimates of two days
        reader = StoreReader(tmp_path)
        np.testing.assert_array_equal(joined(reader.rows("a")), TIMES)
        after = reader.series("a", ["current_ampere"], FIRST_DAY[0], LATE + 1, 50)
        assert store.sealed_count() == 6
    np.testing.assert_allclose(
        after.columns["current_ampere"].mean, before.columns["current_ampere"].mean, equal_nan=True
    )


def test_rows_that_come_while_a_day_is_sealed_are_kept(tmp_path: Path) -> None:
    late = FIRST_DAY[:1] + 1.0
    with landing(tmp_path) as store:
        store.write(rows_batch("a", TIMES))
        closed = store.closed_day(LATE)
        assert closed is not None
        with SealingTask(tmp_path, closed) as task:
            sealed = task.result()
            store.write(rows_batch("a", late))
            assert not store.note_sealed(closed, sealed.files, sealed.damaged)
        seal_apart(store, tmp_path)
        found = joined(StoreReader(tmp_path).rows("a"))
    np.testing.assert_array_equal(found, np.sort(np.concatenate([TIMES, late])))


def test_two_never_seal_at_the_same_time(tmp_path: Path) -> None:
    with filled(tmp_path) as store, (tmp_path / LOCK_NAME).open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        closed = store.closed_day(LATE)
        assert closed is not None
        with SealingTask(tmp_path, closed) as task, pytest.raises(StoreDamagedError, match="another process"):
            task.result()
        np.testing.assert_array_equal(joined(StoreReader(tmp_path).rows("a")), TIMES)


def test_a_damaged_file_is_named_and_mended(tmp_path: Path) -> None:
    with filled(tmp_path) as store:
        seal_apart(store, tmp_path)
        with CheckTask(tmp_path, FIRST_KEY, 100) as task:
            checked = task.result()
        assert (checked.mend, checked.last) == ((), None)
        broken = next(tmp_path.rglob("samples/**/2025-06-16.parquet"))
        broken.write_bytes(broken.read_bytes()[:-40])
        with CheckTask(tmp_path, FIRST_KEY, 1) as task:
            first = task.result()
        with CheckTask(tmp_path, FIRST_KEY, 100) as task:
            checked = task.result()
        assert first.last is not None
        assert len(checked.mend) == 1
        store.mend(checked.mend[0])
        assert [loss.action for loss in store.losses] == ["loss"]
        days = np.unique(joined(StoreReader(tmp_path).rows("a")) // DAY)
    assert len(days) == 2


def test_a_process_that_is_stopped_leaves_the_rows(tmp_path: Path) -> None:
    with filled(tmp_path) as store:
        closed = store.closed_day(LATE)
        assert closed is not None
        task = SealingTask(tmp_path, closed)
        task.stop()
        assert task.is_done
        with pytest.raises(StoreDamagedError, match="ended with"):
            task.result()
        np.testing.assert_array_equal(joined(StoreReader(tmp_path).rows("a")), TIMES)
