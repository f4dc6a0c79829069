"""A disk that fills up degrades by plan: the oldest raw days first, never findings or records."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cellwarden.core.sample_block import FloatArray
from cellwarden.store.batch import AuditRecord, PackFindings, PackRows, StoreBatch
from cellwarden.store.errors import StoreFullError
from cellwarden.store.landing import Landing
from cellwarden.store.reader import StoreReader
from tests.store.store_batches import LAYOUT, START, block, estimates, joined, rows_batch
from tests.store.test_recovery import FINDING
from tests.store.test_sealing import DAY, TIMES, seal_all

SIZE = 16 << 20


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


def noisy_batch(times: FloatArray, generator: np.random.Generator) -> StoreBatch:
    """Rows that do not pack well."""
    rows = block(times)
    noisy = rows.cell_voltage_volt + generator.uniform(-0.3, 0.3, rows.cell_voltage_volt.shape)
    return StoreBatch(rows=(PackRows("a", "main", replace(rows, cell_voltage_volt=noisy)),))


def test_a_full_disk_loses_the_oldest_sealed_day_first(small_disk: Path) -> None:
    generator = np.random.default_rng(1)
    with Landing(small_disk, reserve_byte=256 << 10) as store:
        store.register_pack("a", "", LAYOUT)
        for day in range(8):
            for times in np.array_split(START + day * DAY + np.arange(0.0, DAY, 8.0), 8):
                store.write(noisy_batch(times, generator))
            seal_all(store, START + (day + 1.5) * DAY)
    with Landing(small_disk, reserve_byte=256 << 10) as store:  # all of the log is in the database now
        store.register_pack("a", "", LAYOUT)
        with (small_disk / "ballast").open("wb") as opened:
            os.posix_fallocate(opened.fileno(), 0, shutil.disk_usage(small_disk).free)
        time = START + 8 * DAY
        reader = StoreReader(small_disk)
        while not any(found.action == "retention" for found in reader.audit(0.0, 1e12)):
            assert store.write(noisy_batch(np.arange(time, time + 300), generator)).rows_thinned == 0
            time += 300
        assert store.write(noisy_batch(np.arange(time, time + 10), generator)).rows_thinned == 0
        found = joined(reader.rows("a"))
    oldest = (found[0] - START) / DAY
    assert 1 <= oldest < 8
    assert oldest.is_integer()
    np.testing.assert_array_equal(found[found < START + 8 * DAY], np.arange(found[0], START + 8 * DAY, 8.0))
    np.testing.assert_array_equal(found[found >= START + 8 * DAY], np.arange(START + 8 * DAY, time + 10))
