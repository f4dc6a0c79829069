"""Results as tables: the same numbers and names as in the result files."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import cellwarden
from cellwarden.app.result_files import cells_document, findings_document
from cellwarden.core.errors import ConfigurationError, InputError
from cellwarden.core.json_value import finite_document
from tests.app.small_logs import small_log, write_csv, write_pack
from tests.app.test_result_files import CELL_KEYS, FINDING_KEYS, SENSOR_KEYS, a_result

CELLS = 3


@pytest.fixture(scope="module")
def analysis(tmp_path_factory: pytest.TempPathFactory) -> cellwarden.Analysis:
    """Of a small log with a current and a temperature."""
    folder = tmp_path_factory.mktemp("small")
    log = write_csv(small_log(CELLS), folder / "log.csv")
    return cellwarden.analyze(log, write_pack(folder / "pack.toml", CELLS))


def tables(result: object = None) -> cellwarden.Analysis:
    """The tables of made-up results."""
    return cellwarden.Analysis(result=result or a_result(), estimates=None)  # type: ignore[arg-type]  # not looked at


def test_cells_are_the_entries_of_the_file_with_null_for_what_is_not_known() -> None:
    table = tables().cells()
    assert set(table.column_names) == CELL_KEYS
    assert table.to_pylist() == finite_document(cells_document(a_result())["cells"])
    assert table["cell"].to_pylist() == [1, 2]
    assert table["capacity_ah"].to_pylist() == [98.0, None]
    assert table["voltage_offset_volt"].null_count == 2  # NaN is not known either


def test_sensors_are_the_entries_of_the_file() -> None:
    table = tables().temperature_sensors()
    assert set(table.column_names) == SENSOR_KEYS
    assert table.to_pylist() == cells_document(a_result())["temperature_sensors"]
    assert tables(a_result(temperature_sensors=())).temperature_sensors().num_rows == 0


def test_findings_are_the_rows_of_the_file_in_their_order() -> None:
    table = tables().findings()
    assert set(table.column_names) == FINDING_KEYS | {"caused_by"}
    assert table["caused_by"].to_pylist() == [None, 0]
    for row, entry in zip(table.to_pylist(), findings_document(a_result().findings), strict=True):
        assert {key: row[key] for key in entry} == entry


def test_findings_that_are_not_to_be_trusted_say_so_as_in_the_file() -> None:
    known = a_result()
    wrong = dataclasses.replace(known.quality, values_implausible_by_column={"current_ampere": known.quality.rows_read})
    table = tables(dataclasses.replace(known, quality=wrong)).findings()
    assert all(words.startswith("Not to be trusted: ") for words in table["explanation"].to_pylist())


def test_a_pack_without_findings_keeps_the_columns() -> None:
    table = tables(a_result(findings=())).findings()
    assert table.num_rows == 0
    assert set(table.column_names) == FINDING_KEYS | {"caused_by"}


def test_history_has_the_names_of_a_log_and_every_value_of_the_result(analysis: cellwarden.Analysis) -> None:
    table, history = analysis.history(), analysis.result.history
    expected = {"cell_voltage_c1_volt", "temperature_t1_celsius", "cell_soc_low_c3_fraction", "balancing_c2_ah"}
    assert expected | {"unix_time_second", "current_ampere", "cell_voltage_minimum_c1_volt"} <= set(table.column_names)
    assert set(analysis.estimates.column_names) - set(table.column_names) == {"temperature_forecast_t1_celsius"}
    values = sum(np.atleast_2d(getattr(history, field.name)).size for field in dataclasses.fields(history))
    assert table.num_rows * table.num_columns == values
    third = table["cell_soc_c3_fraction"].to_numpy()
    np.testing.assert_array_equal(third, history.soc_fraction[:, 2])


def test_pandas_takes_the_tables(analysis: cellwarden.Analysis) -> None:
    frame = analysis.cells().to_pandas().set_index("cell")
    assert list(frame.index) == [1, 2, 3]
    assert frame.loc[2, "soc_low_fraction"] <= frame.loc[2, "soc_fraction"] <= frame.loc[2, "soc_high_fraction"]


def test_a_frame_in_memory_gives_the_same_as_its_file(analysis: cellwarden.Analysis, tmp_path: Path) -> None:
    import pandas as pd

    frame = pd.DataFrame({name: np.array(column, dtype=float) for name, column in small_log(CELLS).items()})
    again = cellwarden.analyze(frame, write_pack(tmp_path / "pack.toml", CELLS))
    assert again.cells().equals(analysis.cells())
    assert again.history().equals(analysis.history())


def test_hindsight_is_a_table_too_and_the_command_s_file(tmp_path: Path) -> None:
    log = write_csv(small_log(CELLS), tmp_path / "log.csv")
    analysis = cellwarden.analyze(log, write_pack(tmp_path / "pack.toml", CELLS), smooth=True)
    assert analysis.smoothed is not None
    assert analysis.smoothed.schema == analysis.estimates.schema
    assert analysis.smoothed.num_rows == analysis.estimates.num_rows
    analysis.write(tmp_path / "out")
    assert pq.read_table(tmp_path / "out" / "smoothed.parquet").equals(analysis.smoothed)


def test_hindsight_is_made_only_when_it_is_asked_for(analysis: cellwarden.Analysis) -> None:
    assert analysis.smoothed is None


@pytest.mark.parametrize("log", [{"unix_time_second": [0.0]}, 7, [1, 2], b"log.csv"])
def test_what_is_no_log_is_told_what_one_is(log: object, tmp_path: Path) -> None:
    pack = write_pack(tmp_path / "pack.toml", CELLS)
    with pytest.raises(InputError, match="is the path of a file, a list of paths, or a table") as refused:
        cellwarden.analyze(log, pack)  # type: ignore[arg-type]  # what is to be refused
    assert type(log).__name__ in str(refused.value)


@pytest.mark.parametrize("pack", [{"id": "site-a"}, None, b"pack.toml"])
def test_what_is_no_pack_is_told_what_one_is(pack: object) -> None:
    with pytest.raises(ConfigurationError, match=r"is the path of its pack\.toml or a PackSpec") as refused:
        cellwarden.analyze("log.csv", pack)  # type: ignore[arg-type]  # what is to be refused
    assert type(pack).__name__ in str(refused.value)


def test_options_are_called_what_they_are_in_python(tmp_path: Path) -> None:
    pack = write_pack(tmp_path / "pack.toml", CELLS)
    with pytest.raises(InputError, match="say with column_map=FILE which columns they are") as refused:
        cellwarden.analyze(pa.table({"a": [1.0]}), pack)
    assert "--" not in str(refused.value)


def test_an_empty_table_in_memory_is_not_called_a_file(tmp_path: Path) -> None:
    empty = pa.table({"unix_time_second": pa.array([], pa.float64())})
    with pytest.raises(InputError, match="The table has no rows"):
        cellwarden.analyze(empty, write_pack(tmp_path / "pack.toml", CELLS))
