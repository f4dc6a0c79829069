"""The store opens whatever has become of its files; what is lost is named, findings and records are not lost."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from cellwarden.core.json_value import JsonValue
from cellwarden.core.sample_block import FloatArray
from cellwarden.store.batch import AuditRecord, PackFindings, StoreBatch
from cellwarden.store.errors import StoreDamagedError
from cellwarden.store.landing import Landing
from cellwarden.store.reader import StoreReader
from tests.store.store_batches import START, estimates, joined, landing, rows_batch
from tests.store.test_sealing import DAY, seal_all

FINDING: dict[str, JsonValue] = {
    "kind": "self_discharge",
    "cell": 2,
    "sensor": None,
    "detected_unix_time_second": START,
    "cleared_unix_time_second": None,
    "severity": "warning",
}
RECORD = AuditRecord(unix_time_second=START, actor="program", action="start")
TIMES = START + np.concatenate([2.0 * np.arange(720), DAY + 20.0 * np.arange(600)])


@pytest.fixture(scope="module")
def crashed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store as a crash leaves it: one day sealed, half a day open, rows in the write-ahead log."""
    folder = tmp_path_factory.mktemp("crashed")
    store = landing(folder / "live")
    store.write(StoreBatch(findings=(PackFindings("a", [FINDING]),), audit=(RECORD,)))
    key = StoreReader(folder / "live").findings()[0]["key"]
    store.acknowledge(key, "cell ordered", "anna", START)
    for part in np.array_split(TIMES, 40):
        store.write(rows_batch("a", part))
        store.write(StoreBatch(estimates=(estimates("a", part[:1] // 60 * 60),)))
    seal_all(store, TIMES[-1])
    for part in np.array_split(TIMES[-1] + 20.0 * np.arange(1, 200), 40):
        store.write(rows_batch("a", part))
    shutil.copytree(folder / "live", folder / "copy")
    store.close()
    return folder / "copy"


EXPECTED = np.concatenate([TIMES, TIMES[-1] + 20.0 * np.arange(1, 200)])


def copied(crashed: Path, folder: Path) -> Path:
    shutil.copytree(crashed, folder / "store")
    return folder / "store"


def opened(folder: Path) -> tuple[FloatArray, list[tuple[float, float]]]:
    """Open, write, seal and read a damaged store: its times, and the ranges that it says are lost."""
    with landing(folder) as store:
        store.write(rows_batch("a", [START + 2 * DAY]))
        seal_all(store, START + 3 * DAY)
        while store.check_step():
            pass
    reader = StoreReader(folder)
    times = joined(reader.rows("a"))
    lost = [record.detail for record in reader.audit(0.0, 1e12) if record.action == "loss"]
    ranges = [
        (
            float(str(START if entry["from_unix_time_second"] is None else entry["from_unix_time_second"])),
            float(str(1e12 if entry["until_unix_time_second"] is None else entry["until_unix_time_second"])),
        )
        for entry in lost
        if entry["kind"] == "samples"
    ]
    findings = reader.findings()
    assert [entry["kind"] for entry in findings] == ["self_discharge"]
    assert [note["note"] for note in findings[0]["acknowledgements"]] == ["cell ordered"]
    assert RECORD in reader.audit(0.0, 1e12)
    reader.close()
    assert START + 2 * DAY in times
    return times[times != START + 2 * DAY], ranges


def assert_missing_is_named(times: FloatArray, ranges: list[tuple[float, float]]) -> None:
    assert set(times) <= set(EXPECTED)
    unnamed = [time for time in set(EXPECTED) - set(times) if not any(low <= time <= high for low, high in ranges)]
    assert unnamed == []


def test_a_crash_alone_loses_nothing(crashed: Path, tmp_path: Path) -> None:
    times, ranges = opened(copied(crashed, tmp_path))
    np.testing.assert_array_equal(times, EXPECTED)
    assert ranges == []


@pytest.mark.parametrize("name", ["landing.sqlite", "landing.sqlite-wal", "records.jsonl", "acknowledged.txt"])
def test_a_file_that_is_gone_is_made_anew_and_the_loss_is_named(crashed: Path, tmp_path: Path, name: str) -> None:
    folder = copied(crashed, tmp_path)
    (folder / name).unlink()
    assert_missing_is_named(*opened(folder))


@pytest.mark.parametrize(
    "name", ["landing.sqlite", "landing.sqlite-wal", "landing.sqlite-shm", "records.jsonl", "*.parquet"]
)
@pytest.mark.parametrize("how", ["flip", "zero", "cut"])
def test_a_damaged_file_is_put_aside_and_the_loss_is_named(crashed: Path, tmp_path: Path, name: str, how: str) -> None:
    generator = np.random.default_rng(len(name) * 3 + len(how))
    for attempt in range(3):
        folder = copied(crashed, tmp_path / str(attempt))
        file = min(folder.rglob(name))
        damage(file, how, generator)
        assert_missing_is_named(*opened(folder))


def damage(file: Path, how: str, generator: np.random.Generator) -> None:
    content = bytearray(file.read_bytes())
    place = int(generator.integers(len(content)))
    if how == "flip":
        content[place] ^= 1 << int(generator.integers(8))
    elif how == "zero":
        begin = place // 4096 * 4096
        end = min(begin + 4096, len(content))
        content[begin:end] = bytes(end - begin)
    else:
        del content[place:]
    file.write_bytes(content)


def test_database_and_journal_both_damaged_still_opens(crashed: Path, tmp_path: Path) -> None:
    folder = copied(crashed, tmp_path)
    for name in ("landing.sqlite", "landing.sqlite-wal", "records.jsonl"):
        (folder / name).write_bytes(b"no such thing\n" * 1000)
    with Landing(folder) as store:
        assert {record.action for record in store.losses} == {"quarantine", "loss"}
    np.testing.assert_array_equal(joined(StoreReader(folder).rows("a")), EXPECTED[EXPECTED < START + DAY])
    kept = {path.name for path in (folder / "quarantine").rglob("*") if path.is_file()}
    assert {"landing.sqlite", "records.jsonl"} <= kept


def test_a_torn_last_line_of_the_journal_is_cut_off(crashed: Path, tmp_path: Path) -> None:
    folder = copied(crashed, tmp_path)
    with (folder / "records.jsonl").open("ab") as journal:
        journal.write(b"0123 {unfinis")
    with landing(folder) as store:
        store.write(StoreBatch(audit=(AuditRecord(unix_time_second=START, actor="x", action="y"),)))
    with landing(folder) as store:
        assert store.losses == ()
    assert not (folder / "quarantine").exists()


def test_damage_while_running_is_mended_and_the_batch_can_be_written_again(crashed: Path, tmp_path: Path) -> None:
    folder = copied(crashed, tmp_path)
    with landing(folder) as store:
        store.write(rows_batch("a", [START + 2 * DAY]))
    content = bytearray((folder / "landing.sqlite").read_bytes())
    content[4096:] = bytes(len(content) - 4096)
    with landing(folder) as store:
        with contextlib.closing(sqlite3.connect(folder / "landing.sqlite")) as other, other:
            other.execute("INSERT INTO about VALUES('other', '')")  # so that the store reads the file again
        (folder / "landing.sqlite").write_bytes(content)
        with pytest.raises(StoreDamagedError):
            store.write(rows_batch("a", [START + 2 * DAY + 1]))
        store.write(rows_batch("a", [START + 2 * DAY + 1]))
        assert any(record.action == "loss" for record in store.losses)
    assert START + 2 * DAY + 1 in joined(StoreReader(folder).rows("a"))


def test_roll_ups_come_back_with_a_new_database(crashed: Path, tmp_path: Path) -> None:
    folder = copied(crashed, tmp_path)
    asked = ("a", ["cell_voltage_c1_volt"], START, START + DAY, 24)
    with landing(folder):
        before = StoreReader(folder).series(*asked)
    for file in folder.glob("landing.sqlite*"):
        file.unlink()
    with landing(folder) as store:
        while store.check_step():
            pass
        after = StoreReader(folder).series(*asked)
    column = "cell_voltage_c1_volt"
    np.testing.assert_allclose(after.columns[column].mean, before.columns[column].mean)


def test_a_reader_goes_on_beside_a_damaged_file_and_a_new_database(crashed: Path, tmp_path: Path) -> None:
    folder = copied(crashed, tmp_path)
    with landing(folder) as store, StoreReader(folder) as reader:
        damage(next(folder.rglob("samples/*/*/*.parquet")), "cut", np.random.default_rng(0))
        np.testing.assert_array_equal(joined(reader.rows("a")), EXPECTED[EXPECTED >= START + DAY])
        damage(next(folder.rglob("minutes/*/*/*.parquet")), "cut", np.random.default_rng(0))
        found = reader.series("a", ["current_ampere"], START, START + DAY + 3600.0, 1500)
        assert found.unix_time_second[0] == START + DAY
        store.close()
        (folder / "landing.sqlite").write_bytes(b"")
        with landing(folder) as again:
            again.write(rows_batch("a", [START + 2 * DAY]))
            sample = reader.state("a").sample
    assert sample is not None
    assert sample.unix_time_second[0] == START + 2 * DAY


def test_a_folder_without_a_store_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreDamagedError, match="no store"):
        StoreReader(tmp_path)
