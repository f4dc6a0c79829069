"""Closed days become files that hold every row, whatever stops the program in between."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cellwarden.core.pack_spec import PackSpec
from cellwarden.logs import open_log
from cellwarden.store.batch import PackRows, StoreBatch
from cellwarden.store.landing import Landing
from cellwarden.store.reader import StoreReader
from tests.store.store_batches import START, block, estimates, joined, landing, rows_batch
from tests.store.test_landing import same

DAY = 86400.0
FIRST_DAY = START + 2.0 * np.arange(720.0)
TIMES = np.concatenate([FIRST_DAY, FIRST_DAY + DAY, FIRST_DAY + 2 * DAY])
STEPS = ("written", "synced", "verified", "renamed", "folder_synced", "recorded", "committed")


def filled(folder: Path) -> Landing:
    store = landing(folder)
    store.write(rows_batch("a", TIMES))
    store.write(StoreBatch(estimates=(estimates("a", TIMES[::10]),)))
    return store


def seal_all(store: Landing, now: float) -> list[str]:
    made = []
    while files := store.seal_step(now):
        made += [file.path.name for file in files]
    return made


def test_closed_days_become_files_in_the_format_of_a_pack_log(tmp_path: Path) -> None:
    with filled(tmp_path) as store:
        made = seal_all(store, TIMES[-1])
        reader = StoreReader(tmp_path)
        np.testing.assert_array_equal(joined(reader.rows("a")), TIMES)
    first = tmp_path / "samples" / "pack=a" / "year=2025" / "2025-06-16.parquet"
    assert made.count(first.name) == 3  # samples, minutes, estimates
    columns = pq.read_schema(first).names
    assert columns[:3] == ["unix_time_microsecond", "current_milliampere", "voltage_millivolt"]
    column = pq.ParquetFile(first).metadata.row_group(0).column(3)
    assert (column.compression, "DELTA_BINARY_PACKED" in column.encodings) == ("ZSTD", True)
    assert not column.has_dictionary_page
    log = open_log(first, PackSpec(id="a", cells_in_series=3, nominal_capacity_ah=100.0))
    (found,) = log.blocks()
    same(found, block(FIRST_DAY))


def test_the_open_day_and_the_first_minutes_after_midnight_stay(tmp_path: Path) -> None:
    with landing(tmp_path) as store:
        store.write(rows_batch("a", TIMES[TIMES < START + DAY]))
        assert store.seal_step(START + DAY + 599.0) == ()
        assert len(store.seal_step(START + DAY + 601.0)) == 2


def test_sealed_estimates_come_back(tmp_path: Path) -> None:
    given_rows = estimates("a", TIMES[::10])
    with filled(tmp_path) as store:
        seal_all(store, TIMES[-1])
        parts = list(StoreReader(tmp_path).estimates("a", START, TIMES[-1] + 1))
    soc = np.concatenate([part.soc_fraction for part in parts])
    np.testing.assert_array_equal(soc, given_rows.soc_fraction)


def test_series_are_the_same_before_and_after_sealing(tmp_path: Path) -> None:
    asked = (["cell_voltage_c2_volt", "current_ampere", "cell_soc_c1_fraction"], START + 600.0, TIMES[-1])
    with filled(tmp_path) as store:
        reader = StoreReader(tmp_path)
        before = [reader.series("a", *asked, points) for points in (20, 500, 5000)]
        seal_all(store, TIMES[-1])
        after = [reader.series("a", *asked, points) for points in (20, 500, 5000)]
    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(one.unix_time_second, other.unix_time_second)
        for name in asked[0]:
            for bound in ("minimum", "mean", "maximum"):
                np.testing.assert_allclose(getattr(one.columns[name], bound), getattr(other.columns[name], bound))


def test_minutes_of_a_slowly_sampled_day_are_made_from_its_rows(tmp_path: Path) -> None:
    slow = START + np.arange(0.0, 1.5 * DAY, 60.0)
    asked = ("a", ["current_ampere"], START, START + DAY, 1000)
    with landing(tmp_path) as store:
        store.write(rows_batch("a", slow))
        reader = StoreReader(tmp_path)
        before = reader.series(*asked)
        assert seal_all(store, START + 2 * DAY) == ["2025-06-16.parquet"]
        store.write(rows_batch("a", slow[:700] + 7.0))
        late = reader.series(*asked)
        seal_all(store, START + 2 * DAY)
        sealed = reader.series(*asked)
    assert not (tmp_path / "minutes").exists()
    assert before.bucket_second == 120.0
    np.testing.assert_allclose(late.columns["current_ampere"].mean, sealed.columns["current_ampere"].mean)
    np.testing.assert_allclose(before.columns["current_ampere"].mean[400:], sealed.columns["current_ampere"].mean[400:])


def test_late_rows_become_a_second_part_and_repeats_do_not(tmp_path: Path) -> None:
    late = TIMES[TIMES < START + DAY] + 1.0
    with filled(tmp_path) as store:
        seal_all(store, TIMES[-1])
        receipt = store.write(rows_batch("a", np.sort(np.concatenate([TIMES[:100], late]))))
        assert (receipt.rows_new, receipt.rows_repeated) == (len(late), 100)
        assert "2025-06-16.part2.parquet" in seal_all(store, TIMES[-1])
        reader = StoreReader(tmp_path)
        np.testing.assert_array_equal(joined(reader.rows("a")), np.sort(np.concatenate([TIMES, late])))
        hours = reader.series("a", ["bms_soc_fraction"], START, START + DAY, 24)
        minutes = reader.series("a", ["bms_soc_fraction"], START, START + DAY, 1440)
    assert hours.columns["bms_soc_fraction"].mean[0] == pytest.approx(
        minutes.columns["bms_soc_fraction"].mean[:30].mean(), abs=1e-9
    )


_STOPPED = """
import os, signal, sys
from pathlib import Path
from cellwarden.store.landing import Landing
folder, where, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
def step(name):
    global count
    count -= name == where
    if count == 0:
        os.kill(os.getpid(), signal.SIGKILL)
store = Landing(folder, on_step=step)
while store.seal_step(float(sys.argv[4])):
    pass
"""


@pytest.mark.parametrize("where", STEPS)
def test_a_crash_at_any_step_loses_and_doubles_nothing(tmp_path: Path, where: str) -> None:
    with filled(tmp_path) as store:
        asked = ("a", ["current_ampere"], START, TIMES[-1] + 1, 60)
        expected = StoreReader(tmp_path).series(*asked).columns["current_ampere"].mean
    for count in (1, 2, 1):  # in the file of rows, in that of minutes or of the next stream, in one that is left
        script = [sys.executable, "-c", _STOPPED, str(tmp_path), where, str(count), str(TIMES[-1])]
        assert subprocess.run(script, check=False).returncode == -signal.SIGKILL
        np.testing.assert_array_equal(joined(StoreReader(tmp_path).rows("a")), TIMES)
    with landing(tmp_path) as store:
        seal_all(store, TIMES[-1])
        reader = StoreReader(tmp_path)
        np.testing.assert_array_equal(joined(reader.rows("a")), TIMES)
        found = reader.series(*asked).columns["current_ampere"].mean
    np.testing.assert_allclose(found, expected)
    files = [path.name for path in tmp_path.rglob("samples/*/*/*")]
    assert sorted(files) == ["2025-06-16.parquet", "2025-06-17.parquet"]


def test_a_pack_may_be_called_anything(tmp_path: Path) -> None:
    name = "../../site/€ 1"
    with landing(tmp_path, name) as store:
        store.write(rows_batch(name, TIMES, source="array/2.part3"))
        seal_all(store, TIMES[-1])
        reader = StoreReader(tmp_path)
        assert len(joined(reader.rows(name, source="array/2.part3"))) == len(TIMES)
        assert list(reader.rows(name)) == []
    assert len(list((tmp_path / "samples").rglob("*.parquet"))) == 2


_PIECES = st.lists(
    st.tuples(st.sampled_from("ab"), st.integers(0, 200), st.integers(1, 40), st.booleans()), min_size=1, max_size=8
)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=_PIECES, seed=st.integers(0, 1 << 30))
def test_any_order_of_batches_gives_the_same_store(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[tuple[str, int, int, bool]], seed: int
) -> None:
    """Batches with repeats, in two orders, sealed at other moments: the same rows and the same roll-ups."""
    found = []
    for order in (range(len(pieces)), np.random.default_rng(seed).permutation(len(pieces))):
        folder = tmp_path_factory.mktemp("store")
        with landing(folder, "a", "b") as store:
            for place in order:
                pack, begin, count, seals = pieces[place]
                times = START + 0.5 * DAY + 331.0 * np.arange(begin, begin + count)
                store.write(StoreBatch(rows=(PackRows(pack, "main", block(times)),)))
                if seals:
                    seal_all(store, START + 3 * DAY)
            reader = StoreReader(folder)
            for pack in "ab":
                blocks = list(reader.rows(pack))
                found.append(joined(blocks))
                found.append(joined(blocks, "current_ampere"))
                for points in (24, 1000):
                    series = reader.series(pack, ["current_ampere"], START, START + 2 * DAY, points)
                    found.append(series.columns["current_ampere"].mean)
    half = len(found) // 2
    for one, other in zip(found[:half], found[half:], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)
