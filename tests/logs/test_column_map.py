import gzip
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cellwarden.core.errors import ConfigurationError, InputError
from cellwarden.core.sample_block import SampleBlock
from cellwarden.logs import ColumnMap, PackLog, open_log, read_map, shipped_maps
from tests.logs.log_factory import START, joined, pack, strictly_rising


def read(path: Path, cells: int = 2, *, column_map: ColumnMap | None = None) -> tuple[PackLog, list[SampleBlock]]:
    log = open_log(path, pack(cells), column_map=column_map)
    return log, list(log.blocks())


def write(path: Path, *lines: str) -> Path:
    text = "\n".join(lines) + "\n"
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text, encoding="utf-8")
    return path


def test_shipped_maps_are_there() -> None:
    names = {shipped.name for shipped in shipped_maps()}
    assert names == {"venus-os-cell-logger", "home-assistant-history", "battery-data-format", "spreadsheet"}


@pytest.mark.parametrize("slash", ["/", ""])
@pytest.mark.parametrize("stamp", ["1700000000", "2023-11-14T22:13:20Z"])
def test_venus_os(tmp_path: Path, slash: str, stamp: str) -> None:
    header = f"timestamp,{slash}Dc/0/Voltage,{slash}Dc/0/Current,{slash}Dc/0/Temperature,{slash}Soc"
    cells = f"{slash}Voltages/Cell1,{slash}Voltages/Cell2,{slash}Balances/Cell1,{slash}Balances/Cell2"
    path = write(tmp_path / "venus.csv.gz", f"{header},{cells},note", f"{stamp},6.61,-12.5,21.5,88,3.304,3.306,1,0,x")
    log, blocks = read(path)
    assert joined(blocks, "unix_time_second").tolist() == [START]
    assert joined(blocks, "current_ampere").tolist() == [-12.5]
    assert joined(blocks, "cell_voltage_volt").tolist() == [[3.304, 3.306]]
    assert joined(blocks, "balancing_fraction").tolist() == [[1.0, 0.0]]
    assert joined(blocks, "bms_soc_fraction").tolist() == [0.88]
    assert log.sensors == ("t1",)
    assert log.quality().columns_ignored == ("note",)


def test_home_assistant_history_becomes_wide(tmp_path: Path) -> None:
    rows = [
        ("sensor.jk_cell_voltage_1", "3.301", "2023-11-14T22:13:20.100Z"),
        ("sensor.jk_cell_voltage_2", "3.302", "2023-11-14T22:13:20.200Z"),
        ("sensor.jk_battery_current", "-5.5", "2023-11-14T22:13:21.000Z"),
        ("sensor.jk_cell_voltage_1", "unavailable", "2023-11-14T22:13:30.000Z"),
        ("sensor.jk_cell_voltage_1", "3.311", "2023-11-14T22:13:40.000Z"),
        ("sensor.kitchen_lamp", "on", "2023-11-14T22:13:50.000Z"),
    ]
    random = np.random.default_rng(3)
    shuffled = [",".join(rows[k]) for k in random.permutation(len(rows))]
    log, blocks = read(write(tmp_path / "history.csv", "entity_id,state,last_changed", *shuffled))
    assert (joined(blocks, "unix_time_second") - START).tolist() == [1.0, 10.0, 20.0]
    cells = joined(blocks, "cell_voltage_volt")
    assert cells[:, 0].tolist()[::2] == [3.301, 3.311]
    assert np.isnan(cells[1, 0])
    assert cells[:, 1].tolist() == [3.302] * 3
    assert joined(blocks, "current_ampere").tolist() == [-5.5] * 3
    assert log.quality().columns_ignored == ("sensor.kitchen_lamp",)


def test_two_batteries_in_one_history(tmp_path: Path) -> None:
    rows = [f"sensor.{name}_cell_voltage_1,3.3,2023-11-14T22:13:20Z" for name in ("a", "b")]
    with pytest.raises(
        InputError, match=r"both 'sensor\.[ab]_cell_voltage_1' and 'sensor\.[ab]_cell_voltage_1'.*--map FILE"
    ):
        read(write(tmp_path / "history.csv", "entity_id,state,last_changed", *rows), 1)


@pytest.mark.parametrize(
    "names",
    [
        ("Test Time / s", "Unix Time / s", "Voltage / V", "Current / A", "Ambient Temperature / degC"),
        ("test_time_second", "unix_time_second", "voltage_volt", "current_ampere", "ambient_temperature_celsius"),
    ],
)
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_battery_data_format(tmp_path: Path, names: tuple[str, ...], kind: str) -> None:
    values = ([0.0, 1.0], [START, START + 1], [3.3, 3.31], [-1.5, 2.5], [20.0, 20.5])
    path = tmp_path / f"cell.bdf.{kind}"
    if kind == "csv":
        write(path, ",".join(names), *(",".join(map(repr, row)) for row in zip(*values, strict=True)))
    else:
        pq.write_table(pa.table(dict(zip(names, values, strict=True))), path)
    log, blocks = read(path, 1)
    assert joined(blocks, "unix_time_second").tolist() == [START, START + 1]
    assert joined(blocks, "cell_voltage_volt").ravel().tolist() == [3.3, 3.31]
    assert joined(blocks, "current_ampere").tolist() == [-1.5, 2.5]
    assert log.has_ambient
    with pytest.raises(InputError, match=r"1 cell voltage column,.*cells_in_series = 2"):
        read(path, 2)


@pytest.mark.parametrize(
    ("header", "row", "stamp"),
    [
        ("time,I (A),V1,V2,T1", "2023-11-14 22:13:20,-5.5,3.301,3.302,21.5", START),
        ("Time;I (A);Cell 1 (V);Cell 2 (V);T1 (°C)", "14.11.2023 22:13:20;-5,5;3,301;3,302;21,5", START),
        ("Unix time\tCurrent (A)\tCell 0 (V)\tCell 1 (V)\tTemp 1", "1700000000\t-5.5\t3.301\t3.302\t21.5", START),
        ("date,current,Cell 1 (mV),Cell 2 (mV),T1", "2023-11-14T22:13:20+01:00,-5.5,3301,3302,21.5", START - 3600),
        ("\ufeffDatum;Strom (A);Zelle 01 (V);Zelle 02 (V);T1", "14.11.2023 22:13;-5,5;3,301;3,302;21,5", START - 20),
    ],
)
def test_spreadsheets(tmp_path: Path, header: str, row: str, stamp: float) -> None:
    log, blocks = read(write(tmp_path / "sheet.csv", header, row))
    assert joined(blocks, "unix_time_second").tolist() == [stamp]
    assert joined(blocks, "current_ampere").tolist() == [-5.5]
    assert joined(blocks, "cell_voltage_volt").tolist() == [[3.301, 3.302]]
    assert joined(blocks, "temperature_celsius").tolist() == [[21.5]]
    assert log.sensors == ("t1",)


OWN_MAP = """
name = "my-logger"
[file]
delimiter = ";"
decimal_comma = true
skip_rows = 1
[time]
columns = ["Wann"]
format = "%d.%m.%y %H:%M:%S"
zone = "Europe/Berlin"
[current]
positive = "discharge"
[columns]
"current_ampere" = ["Strom"]
"cell_voltage_c{k}_volt" = ["Zelle{k}"]
[scale]
"cell_voltage_c{k}_volt" = 0.1
"""


def test_a_map_of_ones_own(tmp_path: Path) -> None:
    column_map = read_map(write(tmp_path / "my.toml", OWN_MAP))
    rows = ["01.07.24 12:00:00;10,5;33,5;34", "01.07.24 12:00:01;-10,5;33,5;34"]
    path = write(tmp_path / "log.txt", "exported by hand", "Wann;Strom;Zelle1;Zelle2", *rows)
    _, blocks = read(path, column_map=column_map)
    assert joined(blocks, "unix_time_second").tolist() == [1719828000.0, 1719828001.0]
    assert joined(blocks, "current_ampere").tolist() == [-10.5, 10.5]
    assert joined(blocks, "cell_voltage_volt")[0].tolist() == pytest.approx([3.35, 3.4], abs=1e-12)
    with pytest.raises(InputError, match=r"log\.txt: the column map 'my-logger' finds no time or no cell voltages"):
        read(write(tmp_path / "log.txt", "", "Wann;A;B", "01.07.24 12:00:00;1;2"), column_map=column_map)


def test_the_hour_that_comes_twice_is_bridged(tmp_path: Path) -> None:
    column_map = read_map(write(tmp_path / "my.toml", OWN_MAP))
    hours = [(hour, minute) for hour in (1, 2, 2, 3) for minute in range(60)]
    local = [f"27.10.24 {hour:02d}:{minute:02d}:00;1;33,{k % 9};34" for k, (hour, minute) in enumerate(hours)]
    path = write(tmp_path / "log.csv", "", "Wann;Strom;Zelle1;Zelle2", *local)
    log, blocks = read(path, column_map=column_map)
    times = joined(blocks, "unix_time_second")
    assert strictly_rising(times)
    assert np.array_equal(np.diff(times), np.full(239, 60.0))
    assert log.quality().clock_step_seconds == (-3600.0,)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"current_ampere"', '"current_amper"', r"my\.toml: columns: 'current_amper' is no column.*'current_ampere'"),
        ("Europe/Berlin", "Europe/Nowhere", r"my\.toml: time\.zone: 'Europe/Nowhere' is no time zone"),
        ('positive = "discharge"', "positive = 1", r"my\.toml: current\.positive"),
        ("[time]", "[tim]", r"my\.toml: time: Field required"),
        ("[current]", "[current", r"my\.toml: not readable as TOML"),
    ],
)
def test_bad_maps(tmp_path: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        read_map(write(tmp_path / "my.toml", OWN_MAP.replace(old, new)))


def test_missing_map(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_map(tmp_path / "none.toml")


def test_times_in_another_form(tmp_path: Path) -> None:
    path = write(tmp_path / "sheet.csv", "time,V1,V2", "yesterday,3.3,3.3")
    with pytest.raises(InputError, match=r"sheet\.csv: column 'time' does not hold times of the form unix or iso8601"):
        read(path)


def test_text_in_a_number_of_a_mapped_file(tmp_path: Path) -> None:
    path = write(tmp_path / "sheet.csv", "time,V1,V2", "1700000000,3.3,3.3", "1700000001,high,3.3")
    with pytest.raises(InputError, match=r"sheet\.csv: column 'V1' holds 'high' in line 3"):
        read(path)


@pytest.mark.parametrize(
    ("name", "stamps"),
    [
        ("timestamp", ("2023-11-14 22:13:20", "2023-11-14 22:13:21")),
        ("Datum", ("14.11.2023 22:13:20", "14.11.2023 22:13:21")),
        ("time", ("1700000000", "1700000001")),
        ("Time", ("1700000000000", "1700000001000")),
        ("unix_time", ("1700000000000000", "1700000001000000")),
    ],
)
def test_a_log_in_the_format_may_tell_its_time_in_another_column(
    tmp_path: Path, name: str, stamps: tuple[str, str]
) -> None:
    header = f"{name},cell_voltage_c1_volt,cell_voltage_c2_millivolt,current_ampere,note"
    path = write(tmp_path / "log.csv", header, *(f"{stamp},3.301,3302,-2,x" for stamp in stamps))
    log, blocks = read(path)
    assert joined(blocks, "unix_time_second").tolist() == [START, START + 1]
    assert joined(blocks, "cell_voltage_volt")[0].tolist() == [3.301, 3.302]
    assert log.quality().columns_ignored == ("note",)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (("entity_id,state,last_changed", "sensor.bms_zelle_1,3.3,2023-11-14T22:13:20Z"), "'sensor.bms_zelle_1'"),
        (("timestamp,Voltage (V),Current (A)", "1700000000,53.1,2"), "voltage of every cell"),
        (("unix_time_second,voltage_volt,cel_voltage_c1_volt", "1700000000,53.1,3.3"), "'cell_voltage_c1_volt'?"),
    ],
)
def test_a_log_without_cells_says_what_it_has_and_what_it_lacks(
    tmp_path: Path, lines: tuple[str, str], said: str
) -> None:
    with pytest.raises(InputError) as refused:
        read(write(tmp_path / "log.csv", *lines))
    assert said in str(refused.value)
    assert "known logger" not in str(refused.value)


def test_an_export_of_cells_without_stamps_is_not_said_to_lack_cells(tmp_path: Path) -> None:
    path = write(tmp_path / "log.csv", "entity_id,state,changed", "sensor.bms_cell_1,3.3,2023-11-14T22:13:20Z")
    with pytest.raises(InputError) as refused:
        read(path)
    assert "none of its entities" not in str(refused.value)
    assert "'changed'" in str(refused.value)


@pytest.mark.parametrize("cells", [("cel_voltage_c1_volt", "cel_voltage_c2_volt"), ("Zl 01", "Zl 02")])
def test_cells_of_unknown_names_are_named_rather_than_the_pack_s_voltage_counted(
    tmp_path: Path, cells: tuple[str, str]
) -> None:
    path = write(tmp_path / "log.csv", f"unix_time_second,voltage_volt,{cells[0]},{cells[1]},x", "1700000000,6.6,3,3,0")
    said = f"as a cell's voltage. Not known are '{cells[0]}', '{cells[1]}'; did you mean 'cell_voltage_c1_volt'?"
    with pytest.raises(InputError) as refused:
        read(path)
    assert said in str(refused.value)
