from collections.abc import Iterator, Sequence
from dataclasses import fields
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cellwarden.core.errors import InputError
from cellwarden.core.sample_block import FloatArray, SampleBlock
from cellwarden.logs import LogUnits, open_log, write_pack_log
from tests.logs.log_factory import START, joined, pack


def block(rows: int = 100, cells: int = 2, seed: int = 0, begin: int = 0) -> SampleBlock:
    random = np.random.default_rng(seed)

    def some(low: int, high: int, divisor: float, *shape: int) -> FloatArray:
        values = random.integers(low, high, (rows, *shape)) / divisor
        values[random.random(values.shape) < 0.05] = np.nan
        return values

    return SampleBlock(
        unix_time_second=START + begin + np.arange(rows) / 4,
        current_ampere=some(-90_000, 90_000, 1000),
        pack_voltage_volt=some(2500 * cells, 3700 * cells, 1000),
        cell_voltage_volt=some(2500, 3700, 1000, cells),
        temperature_celsius=some(-200, 500, 10, 2),
        ambient_temperature_celsius=some(-200, 400, 10),
        balancing_fraction=some(0, 101, 100, cells),
        balancing_current_ampere=some(-2000, 2000, 1000, cells),
        impedance_ohm=some(100, 900, 1e6, cells),
        bms_soc_fraction=some(0, 101, 100),
        charge_switch_fraction=some(0, 2, 1),
        discharge_switch_fraction=some(0, 2, 1),
        charge_voltage_limit_volt=some(2500 * cells, 3700 * cells, 1000),
        charge_current_limit_ampere=some(0, 50_000, 1000),
        discharge_current_limit_ampere=some(0, 99_000, 1000),
    )


def assert_same(blocks: Sequence[SampleBlock], expected: Sequence[SampleBlock]) -> None:
    for field in fields(SampleBlock):
        if getattr(blocks[0], field.name) is None and getattr(expected[0], field.name) is None:
            continue
        assert np.array_equal(joined(blocks, field.name), joined(expected, field.name), equal_nan=True), field.name


@pytest.mark.parametrize("name", ["log.parquet", "log.csv", "log.csv.gz"])
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32 - 1), cells=st.integers(1, 5))
def test_round_trip(tmp_path: Path, name: str, seed: int, cells: int) -> None:
    blocks = [block(100, cells, seed), block(30, cells, seed + 1, begin=25)]
    path = tmp_path / name
    assert write_pack_log(path, blocks, sensors=("t1", "t4")) == 130
    log = open_log(path, pack(cells))
    assert log.sensors == ("t1", "t4")
    assert_same(list(log.blocks()), blocks)
    assert log.quality().values_implausible == 0


def test_finer_units(tmp_path: Path) -> None:
    fine = SampleBlock(
        unix_time_second=np.array([START + 0.000125, START + 0.5]),
        current_ampere=np.zeros(2),
        pack_voltage_volt=np.array([6.6, 6.6]),
        cell_voltage_volt=np.array([[3.300125], [3.3]]),
        temperature_celsius=np.array([[21.125], [21.0]]),
        ambient_temperature_celsius=np.full(2, np.nan),
    )
    units = LogUnits(time="microsecond", voltage="microvolt", temperature="millicelsius")
    write_pack_log(tmp_path / "a.parquet", [fine], sensors=("t1",), units=units)
    (read,) = open_log(tmp_path / "a.parquet", pack(1)).blocks()
    assert np.array_equal(read.cell_voltage_volt, fine.cell_voltage_volt)
    assert np.array_equal(read.unix_time_second, fine.unix_time_second)
    assert np.array_equal(read.temperature_celsius, fine.temperature_celsius)


def test_parquet_is_laid_out_as_the_store_wants_it(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    write_pack_log(path, (block(50_000, begin=k * 12_500) for k in range(4)), sensors=("t1", "t2"))
    metadata = pq.ParquetFile(path).metadata
    assert [metadata.row_group(k).num_rows for k in range(metadata.num_row_groups)] == [86_400, 86_400, 27_200]
    column = metadata.row_group(0).column(3)
    assert column.path_in_schema == "cell_voltage_c1_millivolt"
    assert column.compression == "ZSTD"
    assert "DELTA_BINARY_PACKED" in column.encodings
    assert not column.has_dictionary_page


def test_nothing_half_written_stays(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    path.write_bytes(b"old")

    def failing() -> Iterator[SampleBlock]:
        yield block()
        raise OSError("disk")

    with pytest.raises(OSError, match="disk"):
        write_pack_log(path, failing(), sensors=("t1", "t2"))
    assert [item.name for item in tmp_path.iterdir()] == ["log.parquet"]
    assert path.read_bytes() == b"old"


def test_what_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing to write"):
        write_pack_log(tmp_path / "a.parquet", [])
    with pytest.raises(InputError, match="1 sensor names for 2"):
        write_pack_log(tmp_path / "a.parquet", [block()], sensors=("t1",))
