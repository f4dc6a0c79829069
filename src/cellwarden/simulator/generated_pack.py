"""From scenario and seed to a log with its truth, and to the files that hold them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from cellwarden.simulator.pack_design import PackDesign
from cellwarden.simulator.scenario import Scenario
from cellwarden.simulator.sensing import BoolArray, IntColumn, observe
from cellwarden.simulator.truth import JsonObject, describe_truth
from cellwarden.simulator.twin import simulate

__all__ = ["GeneratedPack", "generate", "write_generated_pack"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratedPack:
    """A log with its truth.

    Attributes
    ----------
    columns, missing : the log's columns in integer units, (R,), in the order of its rows; missing values are marked
    truth : the truth file
    truth_unix_time_second : (M,) true time, each minute [s]
    cell_soc_fraction, cell_temperature_celsius : (M, n_cells)
    description : the text of the pack's description (TOML)
    """

    columns: dict[str, IntColumn]
    missing: dict[str, BoolArray]
    truth: JsonObject
    truth_unix_time_second: NDArray[np.int64]
    cell_soc_fraction: NDArray[np.float32]
    cell_temperature_celsius: NDArray[np.float32]
    description: str


def generate(scenario: Scenario, seed: int) -> GeneratedPack:
    """Run a scenario and read it with its sensors; the same seed gives the same pack, bit for bit.

    Raises
    ------
    ConfigurationError
        A fault that lacks its place.
    """
    course = simulate(scenario, seed)
    log = observe(course)
    minutes = np.arange(course.recording.lithium_ah.shape[0], dtype=np.int64) * 60
    return GeneratedPack(
        columns=log.columns,
        missing=log.missing,
        truth=describe_truth(course, log),
        truth_unix_time_second=minutes + scenario.start_unix_time_second,
        cell_soc_fraction=course.soc_fraction().astype(np.float32),
        cell_temperature_celsius=course.recording.minute_temperature_celsius,
        description=describe_pack(scenario.pack),
    )


def describe_pack(pack: PackDesign) -> str:
    """Text of a pack's description in TOML."""
    nominal, count, bms, sensors = pack.nominal_capacity_ah, pack.cells_in_series, pack.bms, pack.sensors
    touched = ", ".join(f"t{index + 1} = {list(cells)}" for index, cells in enumerate(pack.temperature_cells))
    return f"""[pack]
id = "{pack.id}"
cells_in_series = {count}
cells_in_parallel = 1
nominal_capacity_ah = {nominal}
cell_model = "lfp"
balancer = "{"passive" if pack.balancer.enabled else "none"}"
balancing_current_ampere = {pack.balancer.current_ampere}
float_voltage_volt = {round(pack.charger.float_volt * count, 3)}

[limits]
cell_voltage_max_volt = {bms.voltage_max_volt}
cell_voltage_min_volt = {bms.voltage_min_volt}
charge_current_max_ampere = {bms.charge_current_max_c_rate * nominal}
discharge_current_max_ampere = {bms.discharge_current_max_c_rate * nominal}
charge_temperature_celsius = {list(bms.charge_temperature_celsius)}
discharge_temperature_celsius = {list(bms.discharge_temperature_celsius)}

[sensors]
temperature_cells = {{ {touched} }}
current_resolution_ampere = {sensors.current_step_ampere}
voltage_resolution_volt = {sensors.voltage_step_volt}

[backup]
load_watt = {pack.backup_load_watt}
duration_hour = 2.0
coldest_celsius = 0.0
inverter_cutoff_volt = {round(bms.inverter_cutoff_volt * count, 2)}
inverter_efficiency = {pack.inverter_efficiency}
"""


def _order(name: str) -> tuple[int, int]:
    """Place of a column in the file: time, current, voltages, temperatures, bleeds, the rest."""
    stems = ("unix_time", "current", "voltage", "cell_voltage", "temperature", "ambient", "balancing", "")
    number = "".join(letter for letter in name.split("_")[-2] if letter.isdigit())
    return next(k for k, stem in enumerate(stems) if name.startswith(stem)), int(number or 0)


def write_generated_pack(pack: GeneratedPack, folder: Path) -> None:
    """Write `log.parquet`, `pack.toml`, `truth.json` and `truth.parquet` into a folder, which is made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    log = {name: pa.array(pack.columns[name], mask=pack.missing.get(name)) for name in sorted(pack.columns, key=_order)}
    pq.write_table(pa.table(log), folder / "log.parquet", compression="zstd")
    truth: dict[str, NDArray[np.int64] | NDArray[np.float32]] = {"unix_time_second": pack.truth_unix_time_second}
    for k in range(pack.cell_soc_fraction.shape[1]):
        truth[f"cell_soc_c{k + 1}_fraction"] = pack.cell_soc_fraction[:, k]
    for k in range(pack.cell_temperature_celsius.shape[1]):
        truth[f"cell_temperature_c{k + 1}_celsius"] = pack.cell_temperature_celsius[:, k]
    pq.write_table(pa.table({k: pa.array(v) for k, v in truth.items()}), folder / "truth.parquet", compression="zstd")
    (folder / "truth.json").write_text(json.dumps(pack.truth, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    (folder / "pack.toml").write_text(pack.description, encoding="utf-8")
