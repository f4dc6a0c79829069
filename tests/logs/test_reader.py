import gzip
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cellwarden.core.errors import InputError
from cellwarden.core.pack_spec import PackSpec
from cellwarden.core.sample_block import SampleBlock
from cellwarden.logs.reader import PackLog, open_log
from tests.logs.log_factory import START, joined, pack, save, strictly_rising, table

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"


def read(
    path: Path | Sequence[Path],
    spec: PackSpec | None = None,
    *,
    source: str | None = None,
    sources: Mapping[str, Path] | None = None,
) -> tuple[PackLog, list[SampleBlock]]:
    log = open_log(path, spec or pack(), source=source, sources=sources)
    return log, list(log.blocks())


def as_csv(path: Path, what: pa.Table) -> Path:
    if path.suffix == ".gz":
        with gzip.open(path, "wb") as packed:
            pa_csv.write_csv(what, packed)
    else:
        pa_csv.write_csv(what, path)
    return path


def test_values_units_and_what_the_log_has(tmp_path: Path) -> None:
    log, blocks = read(save(tmp_path / "log.parquet", table(balancing_c1_percent=[30] * 50, operator=["x"] * 50)))
    assert log.sensors == ("t1",)
    assert (log.has_current, log.has_ambient, log.has_balancing) == (True, False, True)
    assert log.row_count_estimate == 50
    assert joined(blocks, "unix_time_second")[3] == START + 3
    assert joined(blocks, "cell_voltage_volt")[0].tolist() == [3.301, 3.302]
    assert joined(blocks, "temperature_celsius")[0].tolist() == [21.5]
    assert joined(blocks, "current_ampere")[0] == -0.2
    balancing = joined(blocks, "balancing_fraction")
    assert balancing[0, 0] == 0.3
    assert np.isnan(balancing[:, 1]).all()
    assert all(block.cell_voltage_volt.flags.c_contiguous for block in blocks)
    quality = log.quality()
    assert (quality.rows_read, quality.rows_used, quality.median_interval_second) == (50, 50, 1.0)
    assert quality.columns_ignored == ("operator",)


def test_quality_needs_a_whole_reading(tmp_path: Path) -> None:
    log = open_log(save(tmp_path / "log.parquet", table()), pack())
    with pytest.raises(RuntimeError, match="blocks"):
        log.quality()


@pytest.mark.parametrize("name", ["log.csv", "log.csv.gz"])
def test_csv_gives_the_same_doubles(tmp_path: Path, name: str) -> None:
    what = table(rows=300)
    _, expected = read(save(tmp_path / "log.parquet", what))
    in_volt = what.drop_columns(["cell_voltage_c1_millivolt"]).append_column(
        "cell_voltage_c1_volt", pa.array(what["cell_voltage_c1_millivolt"].to_numpy() / 1000)
    )
    for csv in (what, in_volt):
        log, blocks = read(as_csv(tmp_path / name, csv))
        for field in ("unix_time_second", "cell_voltage_volt", "current_ampere", "temperature_celsius"):
            assert np.array_equal(joined(blocks, field), joined(expected, field))
        assert 100 < log.row_count_estimate < 900


def test_nulls_are_missing_and_impossible_values_counted(tmp_path: Path) -> None:
    cell = np.full(50, 3300.0)
    cell[[2, 3, 4, 5]] = [0.0, 65535.0, -9000.0, 7000.0]
    warm = pa.array([215] * 49 + [None], pa.int16())
    what = table(cell_voltage_c1_millivolt=cell, temperature_t1_decicelsius=warm, current_milliampere=[9_000_000] * 50)
    log, blocks = read(save(tmp_path / "log.parquet", what))
    assert np.isnan(joined(blocks, "cell_voltage_volt")[:, 0]).sum() == 4
    assert np.isnan(joined(blocks, "current_ampere")).all()
    assert log.quality().values_implausible == 4 + 50
    assert log.quality().values_implausible_by_column == {"cell_voltage_c1_millivolt": 4, "current_milliampere": 50}
    assert log.quality().values_missing == {"temperature_t1_decicelsius": 1}


def test_without_current_and_temperature(tmp_path: Path) -> None:
    what = table(current_milliampere=None, temperature_t1_decicelsius=None)
    log, blocks = read(save(tmp_path / "log.parquet", what))
    assert (log.has_current, log.sensors) == (False, ())
    assert joined(blocks, "temperature_celsius").shape == (50, 0)
    assert np.isnan(joined(blocks, "current_ampere")).all()


def test_current_that_is_null_throughout_is_none(tmp_path: Path) -> None:
    log, _ = read(save(tmp_path / "log.parquet", table(current_milliampere=pa.nulls(50, pa.int32()))))
    assert not log.has_current


@pytest.mark.parametrize("cells", [1, 400])
def test_one_and_four_hundred_cells(tmp_path: Path, cells: int) -> None:
    _, blocks = read(save(tmp_path / "log.parquet", table(cells=cells)), pack(cells))
    assert joined(blocks, "cell_voltage_volt").shape == (50, cells)
    assert joined(blocks, "cell_voltage_volt")[0, -1] == (3300 + cells) / 1000


def test_progress_counts_rows(tmp_path: Path) -> None:
    seen: list[int] = []
    log = open_log(save(tmp_path / "log.parquet", table(rows=40_000)), pack())
    blocks = list(log.blocks(seen.append))
    assert seen[-1] == 40_000
    assert seen == sorted(seen)
    assert max(map(len, blocks)) <= 16384


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32 - 1), row_group=st.integers(1, 500))
def test_row_groups_do_not_matter(tmp_path: Path, seed: int, row_group: int) -> None:
    random = np.random.default_rng(seed)
    rows = 900
    stamps = (START + np.arange(rows)) * 1000
    for row in random.choice(rows - 1, 30, replace=False):
        stamps[row] = stamps[row + 1] if row % 2 else stamps[row] - 2500
    cell = pa.array(random.integers(3200, 3400, rows), mask=random.random(rows) < 0.02)
    what = table(rows, unix_time_millisecond=stamps.astype(np.int64), cell_voltage_c1_millivolt=cell)
    whole, expected = read(save(tmp_path / "whole.parquet", what))
    cut, blocks = read(save(tmp_path / "cut.parquet", what, row_group))
    for field in fields(SampleBlock):
        if getattr(expected[0], field.name) is not None:
            assert np.array_equal(joined(blocks, field.name), joined(expected, field.name), equal_nan=True)
    assert cut.quality() == whole.quality()
    assert strictly_rising(joined(blocks, "unix_time_second"))


def test_parts_are_joined_by_time_in_any_order_and_unit(tmp_path: Path) -> None:
    what = table(rows=300)
    second = what.slice(100, 100)
    second = second.drop_columns(["current_milliampere", "temperature_t1_decicelsius"]).append_column(
        "current_ampere", pa.array(second["current_milliampere"].to_numpy() / 1000)
    )
    parts = [
        save(tmp_path / "c.parquet", what.slice(200)),
        as_csv(tmp_path / "a.csv", what.slice(0, 100)),
        save(tmp_path / "b.parquet", second),
    ]
    log, blocks = read(parts)
    _, whole = read(save(tmp_path / "whole.parquet", what))
    assert log.row_count_estimate > 200
    assert np.array_equal(joined(blocks, "unix_time_second"), joined(whole, "unix_time_second"))
    assert np.array_equal(joined(blocks, "current_ampere"), joined(whole, "current_ampere"))
    assert np.isnan(joined(blocks, "temperature_celsius")[:, 0]).sum() == 100


def test_overlapping_files_are_named(tmp_path: Path) -> None:
    what = table(rows=300)
    one, other = save(tmp_path / "one.parquet", what.slice(0, 200)), save(tmp_path / "two.parquet", what.slice(150))
    with pytest.raises(InputError, match=r"one\.parquet and two\.parquet overlap"):
        read([one, other])
    with pytest.raises(InputError, match="overlap"):
        read([one, one])


def test_only_null_cells(tmp_path: Path) -> None:
    empty = {f"cell_voltage_c{k}_millivolt": pa.nulls(50, pa.int16()) for k in (1, 2)}
    with pytest.raises(InputError, match=r"log\.parquet: the columns cell_voltage_c1_… to cell_voltage_c2_…"):
        read(save(tmp_path / "log.parquet", table(**empty)))


def test_no_usable_time(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"log\.parquet: no row has a usable time in column 'unix_time_millisecond'"):
        read(save(tmp_path / "log.parquet", table(unix_time_millisecond=pa.nulls(50, pa.int64()))))


def test_text_in_a_number_in_csv(tmp_path: Path) -> None:
    path = as_csv(tmp_path / "log.csv", table(rows=4))
    path.write_text(path.read_text().replace(",3303,", ",high,"))
    with pytest.raises(InputError, match=r"log\.csv: column 'cell_voltage_c1_millivolt' holds 'high' in line 4"):
        read(path)


def test_text_in_a_number_in_parquet(tmp_path: Path) -> None:
    texts = [str(3300 + k) for k in range(50)]
    _, blocks = read(save(tmp_path / "good.parquet", table(cell_voltage_c1_millivolt=texts)))
    assert joined(blocks, "cell_voltage_volt")[2, 0] == 3.302
    texts[6] = "high"
    with pytest.raises(InputError, match=r"bad\.parquet: column 'cell_voltage_c1_millivolt' holds 'high' in row 7"):
        read(save(tmp_path / "bad.parquet", table(cell_voltage_c1_millivolt=texts)))


def test_torn_line_is_passed_over_and_counted(tmp_path: Path) -> None:
    path = as_csv(tmp_path / "log.csv", table())
    path.write_text(path.read_text()[:-12])
    log, blocks = read(path)
    assert len(joined(blocks, "unix_time_second")) == 49
    assert (log.quality().rows_read, log.quality().rows_without_time) == (50, 1)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"", r"a\.csv: the file is empty"),
        ("a.parquet", b"", r"a\.parquet: the file is empty"),
        ("a.csv", b"unix_time_second,cell_voltage_c1_volt\n", r"a\.csv: the file has a header but no rows"),
        ("a.parquet", b"PAR1 and then nothing", r"a\.parquet: the Parquet file is cut off or damaged"),
        ("a.png", b"\x89PNG\r\n\x1a\n\x00\x00\xff", r"a\.png: this is not a pack log"),
        ("a.csv.gz", b"no gzip at all", r"a\.csv\.gz: this is not a pack log"),
        ("a.csv", b"what,is,this\n1,2,3\n", r"a\.csv: the columns 'what', 'is', 'this' are neither"),
        ("a.csv", b"unix_time_second,a,a\n1,2,3\n", r"a\.csv: column 'a' is there twice"),
    ],
)
def test_what_is_no_log(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        read(path)


def test_missing_file_and_none(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no such file"):
        read(tmp_path / "none.parquet")
    with pytest.raises(InputError, match="no log file was given"):
        read([])


def test_truncated_and_rotten_parquet(tmp_path: Path) -> None:
    path = save(tmp_path / "log.parquet", table(rows=5000))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(
        InputError, match=r"log\.parquet: the Parquet file is cut off or damaged.*copy or export it again"
    ):
        read(path)
    path.write_bytes(content[:100] + bytes(len(content) // 2) + content[100 + len(content) // 2 :])
    with pytest.raises(InputError, match=r"log\.parquet: the Parquet file is cut off or damaged"):
        read(path)


def test_parquet_without_rows(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no rows"):
        read(save(tmp_path / "log.parquet", table().slice(0, 0)))


def test_second_source_steps_in_for_nulls_and_can_be_chosen(tmp_path: Path) -> None:
    own = pa.array([3300] * 40 + [None] * 10, pa.int16())
    what = table(
        cell_voltage_c1_millivolt=own,
        cell_voltage_c1_microvolt__array=[3_304_500] * 50,
        cell_voltage_c2_microvolt__array=[3_305_500] * 50,
    )
    path = save(tmp_path / "log.parquet", what)
    log, blocks = read(path)
    assert log.other_sources == ("array",)
    cell = joined(blocks, "cell_voltage_volt")[:, 0]
    assert set(cell[:40]) == {3.3}
    assert set(cell[40:]) == {3.3045}
    log, blocks = read(path, source="array")
    assert log.other_sources == ("main",)
    assert set(joined(blocks, "cell_voltage_volt")[:, 1]) == {3.3055}
    with pytest.raises(InputError, match=r"no columns of a source 'probe'; sources there: array"):
        read(path, source="probe")


def test_second_source_in_a_file_of_its_own(tmp_path: Path) -> None:
    main, array = save(tmp_path / "main.parquet", table()), save(tmp_path / "array.parquet", table(rows=7))
    log, blocks = read(main, sources={"array": array})
    assert (log.other_sources, len(joined(blocks, "unix_time_second"))) == (("array",), 50)
    log, blocks = read(main, sources={"array": array}, source="array")
    assert (log.other_sources, len(joined(blocks, "unix_time_second"))) == (("main",), 7)


def test_uptime_tells_a_clock_put_forward_from_a_gap(tmp_path: Path) -> None:
    count = np.arange(50)
    stamps = START + count + np.where(count >= 20, 90.0, 0.0) + np.where(count >= 40, 75.0, 0.0)
    uptime = 5000 + count + np.where(count >= 40, 75, 0)
    what = table(unix_time_millisecond=None, unix_time_second=stamps, bms_uptime_second=uptime)
    log, _ = read(save(tmp_path / "a.parquet", what))
    quality = log.quality()
    assert (quality.clock_steps, quality.clock_step_seconds) == (1, (90.0,))
    assert (quality.gaps_over_a_minute, quality.gap_seconds_total) == (1, 76.0)


def test_gaps_and_median_interval(tmp_path: Path) -> None:
    stamps = START + np.array([0, 1, 2, 3, 103, 104, 105, 106, 4106, 4107]) + 0.25
    log, _ = read(save(tmp_path / "a.parquet", table(10, unix_time_millisecond=(stamps * 1000).astype(np.int64))))
    quality = log.quality()
    assert (quality.gaps_over_a_minute, quality.gap_seconds_total) == (2, 4100.0)
    assert quality.median_interval_second == 1.0


@pytest.mark.parametrize("interval", [0.54, 30.0, 600.0, 86400.0])
def test_median_of_any_interval(tmp_path: Path, interval: float) -> None:
    stamps = (START + np.arange(50) * interval) * 1000
    log, _ = read(save(tmp_path / "a.parquet", table(unix_time_millisecond=stamps.astype(np.int64))))
    assert log.quality().median_interval_second == pytest.approx(interval, abs=0.0011)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the measured and simulated packs are not there")
@pytest.mark.parametrize(
    "path", sorted([*SHARED.glob("real/*/pack_log.*"), *SHARED.glob("truth-dev/dev-s*/log.parquet")]), ids=str
)
def test_logs_at_hand_read_without_a_warning(path: Path) -> None:
    from cellwarden.app.pack_toml import read_pack_toml

    log = open_log(path, read_pack_toml(path.parent / "pack.toml"))
    last, rows = -np.inf, 0
    for block in log.blocks():
        assert block.unix_time_second[0] > last
        assert strictly_rising(block.unix_time_second)
        last, rows = block.unix_time_second[-1], rows + len(block)
    quality = log.quality()
    assert rows == quality.rows_used == quality.rows_read - quality.rows_repeated - quality.rows_without_time
    if path.parent.name == "dev-storm":
        assert (quality.rows_repeated, quality.rows_out_of_order) == (174, 25)


@pytest.mark.parametrize("name", ["log.csv", "log.parquet"])
def test_a_file_that_begins_with_its_newest_rows_is_read_from_its_end(tmp_path: Path, name: str) -> None:
    what = table(rows=9000)
    turned = what.take(pa.array(range(8999, -1, -1)))
    path = save(tmp_path / name, turned, row_group=1000) if name.endswith("t") else as_csv(tmp_path / name, turned)
    log, blocks = read(path)
    _, expected = read(save(tmp_path / "risen.parquet", what))
    for field in ("unix_time_second", "cell_voltage_volt", "current_ampere"):
        assert np.array_equal(joined(blocks, field), joined(expected, field))
    assert (log.quality().rows_used, log.quality().rows_without_time) == (9000, 0)


def test_parts_that_begin_with_their_newest_rows_are_joined(tmp_path: Path) -> None:
    what = table(rows=600)
    parts = [what.slice(300).take(pa.array(range(299, -1, -1))), what.slice(0, 300).take(pa.array(range(299, -1, -1)))]
    paths = [save(tmp_path / f"{k}.parquet", part) for k, part in enumerate(parts)]
    _, blocks = read(paths)
    assert np.array_equal(joined(blocks, "unix_time_second"), START + np.arange(600.0))


def test_a_log_that_starts_with_a_step_of_the_clock_is_not_turned_round(tmp_path: Path) -> None:
    times = START * 1000 + np.array([5000, 4000, 5000, 6000, 7000, 8000])
    _, blocks = read(save(tmp_path / "log.parquet", table(rows=6, unix_time_millisecond=times.astype(np.int64))))
    assert joined(blocks, "cell_voltage_volt")[-1].tolist() == [3.306, 3.307]


@pytest.mark.parametrize("head", [b"PK\x03\x04", b"\xd0\xcf\x11\xe0"])
def test_a_workbook_and_a_folder_are_called_what_they_are(tmp_path: Path, head: bytes) -> None:
    (tmp_path / "log.xlsx").write_bytes(head + bytes(60))
    with pytest.raises(InputError, match=r"workbook.*as CSV"):
        read(tmp_path / "log.xlsx")
    with pytest.raises(InputError, match="is a folder"):
        read(tmp_path)
