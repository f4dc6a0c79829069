from pathlib import Path

import pytest

from cellwarden.app.pack_toml import read_pack_toml
from cellwarden.core.errors import ConfigurationError
from cellwarden.core.pack_spec import BackupDuty, ManufacturerLimits, PackSpec

LEAST = '[pack]\nid = "p"\ncells_in_series = 8\nnominal_capacity_ah = 100\n'
WHOLE = """
[pack]
id = "site-a-pack-1"
cells_in_series = 16
cells_in_parallel = 2
nominal_capacity_ah = 280.0
cell_model = "nmc"
balancer = "active"
balancing_current_ampere = 0.0
float_voltage_volt = 54.4
[limits]
cell_voltage_max_volt = 3.6
cell_voltage_min_volt = 2.6
charge_current_max_ampere = 40
discharge_current_max_ampere = 90.0
charge_temperature_celsius = [5, 45.0]
discharge_temperature_celsius = [-10.0, 50.0]
[sensors]
temperature_cells = { t1 = [1, 2], t2 = [15, 16] }
current_resolution_ampere = 0.1
voltage_resolution_volt = 0.002
impedance_frequency_hertz = 500.0
voltage_offset_tolerance_volt = 0.003
current_offset_tolerance_ampere = 0.1
current_gain_tolerance_fraction = 0.02
temperature_tolerance_kelvin = 2.0
[backup]
load_watt = 1500.0
duration_hour = 3.0
coldest_celsius = -5.0
inverter_cutoff_volt = 44.0
inverter_efficiency = 0.9
"""


def read(tmp_path: Path, text: str) -> PackSpec:
    path = tmp_path / "pack.toml"
    path.write_text(text, encoding="utf-8")
    return read_pack_toml(path)


def test_what_is_not_given_has_its_default(tmp_path: Path) -> None:
    assert read(tmp_path, LEAST) == PackSpec(id="p", cells_in_series=8, nominal_capacity_ah=100.0)


def test_every_key(tmp_path: Path) -> None:
    spec = read(tmp_path, WHOLE)
    assert (spec.cells_in_parallel, spec.cell_model, spec.balancer, spec.float_voltage_volt) == (
        2,
        "nmc",
        "active",
        54.4,
    )
    assert spec.limits == ManufacturerLimits(
        cell_voltage_max_volt=3.6,
        cell_voltage_min_volt=2.6,
        charge_current_max_ampere=40.0,
        discharge_current_max_ampere=90.0,
        charge_temperature_celsius=(5.0, 45.0),
        discharge_temperature_celsius=(-10.0, 50.0),
    )
    assert dict(spec.sensors.temperature_cells) == {"t1": (1, 2), "t2": (15, 16)}
    assert spec.sensors.impedance_frequency_hertz == 500.0
    assert spec.backup == BackupDuty(
        load_watt=1500.0, duration_hour=3.0, coldest_celsius=-5.0, inverter_cutoff_volt=44.0, inverter_efficiency=0.9
    )


def test_stated_names_the_sensor_keys_that_are_given(tmp_path: Path) -> None:
    spec = read(tmp_path, LEAST + "[sensors]\nvoltage_resolution_volt = 0.001\ntemperature_cells = {}\n")
    assert spec.sensors.stated == {"voltage_resolution_volt", "temperature_cells"}
    assert len(read(tmp_path, WHOLE).sensors.stated) == 8


def test_a_backup_table_without_keys_takes_the_defaults(tmp_path: Path) -> None:
    assert read(tmp_path, LEAST + "[backup]\n").backup == BackupDuty()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            LEAST + "cell_in_parallel = 2\n",
            r"\[pack\] has the unknown key 'cell_in_parallel'; did you mean 'cells_in_parallel'",
        ),
        (LEAST + "[limit]\n", r"unknown table or key 'limit'; did you mean 'limits'"),
        (LEAST + "[sensors]\nload_watt = 3\n", r"'load_watt'; it belongs to \[backup\] load_watt"),
        (LEAST + "[backup]\nqqqq = 3\n", r"'qqqq'; known are load_watt"),
        ('[pack]\nid = "p"\ncells_in_series = 8\n', r"\[pack\] nominal_capacity_ah is missing"),
        ("[limits]\n", r"\[pack\] is missing"),
        (LEAST.replace("= 8", '= "8"'), r"\[pack\] cells_in_series is '8'; it must be a whole number"),
        (LEAST.replace("= 8", "= 0"), r"\[pack\] cells_in_series is 0; it must be at least 1"),
        (LEAST.replace("= 8", "= 8.5"), r"\[pack\] cells_in_series is 8\.5; it must be a whole number"),
        (LEAST.replace("= 100", "= -3.0"), r"\[pack\] nominal_capacity_ah is -3\.0; it must be above 0"),
        (LEAST.replace("= 100", "= nan"), r"\[pack\] nominal_capacity_ah is nan; it must be"),
        (LEAST.replace("= 100", "= inf"), r"\[pack\] nominal_capacity_ah is inf; it must be a finite number"),
        (LEAST.replace("= 100", "= true"), r"\[pack\] nominal_capacity_ah is True; it must be a number"),
        (LEAST.replace('"p"', "7"), r"\[pack\] id is 7; it must be text"),
        (LEAST + 'balancer = "magic"\n', r"\[pack\] balancer is 'magic'; it must be 'passive', 'active' or 'none'"),
        (LEAST + "[sensors]\nvoltage_offset_tolerance_volt = 5\n", r"is 5; it must be at most 0\.2"),
        (LEAST + "[sensors]\ncurrent_gain_tolerance_fraction = 1.0\n", r"is 1\.0; it must be at most 0\.5"),
        (LEAST + "[sensors]\ntemperature_tolerance_kelvin = 300\n", r"is 300; it must be at most 30"),
        (LEAST + "[limits]\ncell_voltage_max_volt = 3650\n", r"cell_voltage_max_volt is 3650; it must be at most 6"),
        (LEAST + "[limits]\ncell_voltage_max_volt = 2.0\n", r"\[limits\] cell_voltage_min_volt must be below"),
        (
            LEAST + "[limits]\ncharge_temperature_celsius = [50.0, 0.0]\n",
            r"charge_temperature_celsius must be \[lowest, highest\]",
        ),
        (LEAST + "[limits]\ncharge_temperature_celsius = 5\n", r"charge_temperature_celsius is 5; it must be a list"),
        (
            LEAST + "[sensors]\ntemperature_cells = { t1 = [1, 9] }\n",
            r"temperature_cells\.t1 names cell 9.*cells_in_series = 8",
        ),
        (LEAST + "[sensors]\ntemperature_cells = { t1 = [0] }\n", r"temperature_cells\.t1 names cell 0"),
        (
            LEAST + "[sensors]\ntemperature_cells = { top = [1] }\n",
            r"temperature_cells names 'top'; sensors are called t1",
        ),
        (
            LEAST + "[sensors]\ntemperature_cells = { t1 = ['a'] }\n",
            r"\[sensors\] temperature_cells\.t1\.0 is 'a'; it must be a whole",
        ),
        ("pack = 3\n", r"\[pack\] is 3; it must be a table"),
        ("[pack\n", r"not readable as TOML"),
    ],
)
def test_one_clear_sentence(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"^pack\.toml: .*{message}") as caught:
        read(tmp_path, text)
    assert "\n" not in str(caught.value)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"cannot be read \(No such file or directory\)"):
        read_pack_toml(tmp_path / "pack.toml")
