from pathlib import Path

import pyarrow as pa
import pytest

from cellwarden.core.errors import InputError
from cellwarden.logs.columns import parse_columns, quantity_names
from cellwarden.logs.reader import PackLog, open_log
from tests.logs.log_factory import joined, pack, save, table


@pytest.mark.parametrize("name", quantity_names())
def test_every_name_of_the_format_is_accepted(name: str) -> None:
    columns, ignored = parse_columns([name.replace("{k}", "3")], "a.csv")
    assert (len(columns), len(ignored)) == (1, 0)


def test_index_unit_and_source() -> None:
    (column,), _ = parse_columns(["cell_voltage_c12_millivolt__array"], "a.csv")
    assert (column.field, column.index, column.divisor, column.source) == ("cell_voltage_volt", 12, 1000.0, "array")


def test_balancing_unit_tells_passive_from_active() -> None:
    columns, _ = parse_columns(["balancing_c1_percent", "balancing_c1_milliampere"], "a.csv")
    assert [c.field for c in columns] == ["balancing_fraction", "balancing_current_ampere"]


def test_unknown_columns_are_listed() -> None:
    columns, ignored = parse_columns(["operator", "cell_voltage_cx_volt", "current_limit_ampere", "bms_alarm"], "a.csv")
    assert columns == ()
    assert len(ignored) == 4


@pytest.mark.parametrize(
    ("name", "accepted"),
    [
        ("cell_voltage_c1_kelvin", "cell_voltage_c1_millivolt"),
        ("current_watt", "current_milliampere"),
        ("balancing_c2_volt", "balancing_c2_percent"),
        ("temperature_t1", "temperature_t1_decicelsius"),
    ],
)
def test_wrong_unit_names_the_accepted_ones(name: str, accepted: str) -> None:
    with pytest.raises(InputError, match=rf"x\.csv: column '{name}'.*{accepted}"):
        parse_columns([name], "x.csv")


def test_same_quantity_in_two_units() -> None:
    with pytest.raises(InputError, match=r"current_ampere.*current_milliampere"):
        parse_columns(["current_ampere", "current_milliampere"], "x.csv")


def open_table(tmp_path: Path, what: pa.Table, cells: int = 2) -> PackLog:
    return open_log(save(tmp_path / "log.parquet", what), pack(cells))


def test_missing_time(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"log\.parquet: no time column.*unix_time_second"):
        open_table(tmp_path, table(unix_time_millisecond=None))


def test_missing_cell_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"log\.parquet: column cell_voltage_c2_"):
        open_table(tmp_path, table(cells=3, cell_voltage_c2_millivolt=None), 3)


def test_number_of_cells_differs_from_the_pack(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"2 cell voltage columns.*cells_in_series = 4"):
        open_table(tmp_path, table(), 4)


def test_no_cells_at_all(tmp_path: Path) -> None:
    what = table(cell_voltage_c1_millivolt=None, cell_voltage_c2_millivolt=None)
    with pytest.raises(InputError, match=r"no cell voltage columns.*--map FILE"):
        open_table(tmp_path, what)


def test_balancing_of_a_cell_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cell 9"):
        open_table(tmp_path, table(balancing_c9_percent=[0] * 50))


def test_degrees_fahrenheit_become_celsius(tmp_path: Path) -> None:
    what = table(temperature_t1_decicelsius=None, temperature_t1_fahrenheit=[77.0] * 49 + [-40.0])
    log = open_table(tmp_path, what)
    assert joined(log.blocks(), "temperature_celsius")[-2:].ravel().tolist() == [25.0, -40.0]
    assert log.quality().values_implausible == 0


def test_how_much_of_each_temperature_no_pack_rests_at_is_counted(tmp_path: Path) -> None:
    what = table(
        temperature_t1_decicelsius=[720] * 40 + [540] * 10,
        temperature_t2_celsius=[None, *[56.0] * 49],
        temperature_t3_celsius=[300.0] * 50,
        ambient_temperature_celsius=[49.0] * 50,
    )
    log = open_table(tmp_path, what)
    list(log.blocks())
    assert log.quality().hot_fraction_by_column == {
        "ambient_temperature_celsius": 0.0,
        "temperature_t1_decicelsius": 0.8,
        "temperature_t2_celsius": 1.0,
    }
