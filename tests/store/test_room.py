"""A disk that fills up degrades by plan: the oldest raw days first, never findings or records."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from cellwarden.store.batch import AuditRecord, PackFindings, StoreBatch
from cellwarden.store.errors import StoreFullError
from cellwarden.store.landing import Landing
from cellwarden.store.reader import StoreReader
from tests.store.store_batches import LAYOUT, START, estimates, joined, rows_batch
from tests.store.test_recovery import FINDING
from tests.store.test_sealing import DAY, TIMES, seal_all

SIZE = 2 << 20


def test_the_oldest_raw_days_go_first_then_minutes_then_estimates(tmp_path: Path) -> None:
    with Landing(tmp_path, reserve_byte=0, budget_byte=1) as store:
        store.register_pack("a", "", LAYOUT)
        store.write(rows_batch("a", TIMES))
        store.write(StoreBatch(estimates=(estimates("a", TIMES[::10]),), findings=(PackFindings("a", [FINDING]),)))
        seal_all(store, TIMES[-1])
        hours = StoreReader(tmp_path).series("a", ["current_ampere"], START, START + DAY, 24)
        removed = store.keep_within_budget()
        reader = StoreReader(tmp_path)
        assert [(record.detail["kind"], record.detail["day"]) for record in removed] == [
            (kind, day) for kind in ("samples", "minutes", "estimates") for day in ("2025-06-16", "2025-06-17")
        ]
        np.testing.assert_array_equal(joined(reader.rows("a")), TIMES[TIMES >= START + 2 * DAY])
        again = reader.series("a", ["current_ampere"], START, START + DAY, 24)
        np.testing.assert_array_equal(again.columns["current_ampere"].mean, hours.columns["current_ampere"].mean)
        assert len(reader.findings()) == 1
        assert {record.action for record in reader.audit(0.0, 1e12)} == {"retention"}
        assert not list(tmp_path.rglob("*.parquet"))
    with Landing(tmp_path, reserve_byte=0) as store:
        assert store.losses == ()
        while store.check_step():
            pass
        assert store.losses == ()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own in memory; needs to be allowed to mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "cellwarden-test", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("no right to mount a file system")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def write_a_row_a_minute(store: Landing, time: float) -> None:
    for place in range(100_000):
        store.write(rows_batch("a", [time + 60.0 * place]))


def test_a_full_disk_keeps_findings_and_records_and_comes_back(small_disk: Path) -> None:
    with Landing(small_disk, reserve_byte=256 << 10) as store:
        store.register_pack("a", "", LAYOUT)
        store.write(rows_batch("a", START + np.arange(600)))
        ballast = small_disk / "ballast"
        with ballast.open("wb") as opened:
            os.posix_fallocate(opened.fileno(), 0, shutil.disk_usage(small_disk).free)
        thinned, acknowledged, time = 0, [], START + 600
        while not thinned:
            receipt = store.write(rows_batch("a", time + np.arange(30)))
            thinned += receipt.rows_thinned
            acknowledged += [] if receipt.rows_thinned else [time]
            time += 30
        assert store.is_short_of_room
        record = AuditRecord(unix_time_second=time, actor="program", action="limit written")
        store.write(StoreBatch(findings=(PackFindings("a", [FINDING]),), audit=(record,)))
        with pytest.raises(StoreFullError):
            write_a_row_a_minute(store, time)
        reader = StoreReader(small_disk)
        assert set(acknowledged) <= set(joined(reader.rows("a")))
        ballast.unlink()
        receipt = store.write(rows_batch("a", START + 2 * DAY + np.arange(100)))
        assert (receipt.rows_new, receipt.rows_thinned, store.is_short_of_room) == (100, 0, False)
        actions = [found.action for found in reader.audit(0.0, 1e12)]
        assert "disk full" in actions
        assert "room again" in actions
        assert "limit written" in actions
        assert len(reader.findings()) == 1
    with Landing(small_disk, reserve_byte=256 << 10) as store:
        assert store.losses == ()


def test_a_full_disk_loses_the_oldest_sealed_day_first(small_disk: Path) -> None:
    with Landing(small_disk, reserve_byte=256 << 10) as store:
        store.register_pack("a", "", LAYOUT)
        store.write(rows_batch("a", TIMES))
        seal_all(store, TIMES[-1])
        time = TIMES[-1] + 1
        while not any(found.action == "retention" for found in StoreReader(small_disk).audit(0.0, 1e12)):
            assert store.write(rows_batch("a", time + np.arange(300))).rows_new == 300
            time += 300
        assert not store.is_short_of_room
        found = joined(StoreReader(small_disk).rows("a"))
    assert found[0] == START + DAY
