"""A string of PyBaMM's cells as a log with its truth: sensors, columns and files as in the contract.

All cells stay at 25 °C, and the log has no temperature columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.electrochemical.cell import OWN_GRAPHITE, PyBammCell, PyBammCourse
from cellwarden.core.sample_block import FloatArray
from cellwarden.simulator.generated_pack import GeneratedPack

__all__ = ["StringSensors", "string_pack"]

START_UNIX_SECOND = 1_762_000_200
TAPER_AMPERE = 5.0  # where the charger's constant voltage ends
DESCRIPTION = """[pack]
id = "{name}"
cells_in_series = {cells}
nominal_capacity_ah = 100.0
cell_model = "lfp"
balancer = "none"

[sensors]
current_resolution_ampere = 0.01
voltage_resolution_volt = 0.001
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class StringSensors:
    """One sigma of what the sensors of a string are off by, of their noise, and the seed of both."""

    voltage_offset_volt: float = 0.001
    voltage_noise_volt: float = 0.001
    current_offset_ampere: float = 0.04
    current_gain_fraction: float = 0.004
    current_noise_ampere: float = 0.02
    seed: int = 301


def string_pack(
    name: str,
    cells: list[PyBammCell],
    courses: list[PyBammCourse],
    current_ampere: FloatArray,
    sample_second: int,
    sensors: StringSensors,
) -> GeneratedPack:
    """The string read by its sensors, (R,) rows at even spacing; its faults are those of the cells' own making."""
    random = np.random.default_rng(sensors.seed)
    rows = len(current_ampere)
    drawn = np.clip(random.standard_normal(len(cells) + 2), -2.0, 2.0)  # sensors that keep what their sheets promise
    offset = sensors.voltage_offset_volt * drawn[2:]
    gain, zero = sensors.current_gain_fraction * float(drawn[0]), sensors.current_offset_ampere * float(drawn[1])
    stamp = START_UNIX_SECOND + np.arange(rows, dtype=np.int64) * sample_second
    current = current_ampere * (1.0 + gain) + zero + sensors.current_noise_ampere * random.standard_normal(rows)
    columns: dict[str, Any] = {
        "unix_time_millisecond": stamp * 1000,
        "current_milliampere": (np.rint(100.0 * current) * 10).astype(np.int32),
    }
    for k, course in enumerate(courses):
        volt = course.volt + offset[k] + sensors.voltage_noise_volt * random.standard_normal(rows)
        columns[f"cell_voltage_c{k + 1}_millivolt"] = np.rint(1000.0 * volt).astype(np.int16)
    minute = slice(None, None, max(1, 60 // sample_second))
    soc = np.stack([course.soc_fraction for course in courses], axis=1)[minute]
    return GeneratedPack(
        columns=columns,
        missing={},
        truth=_truth(name, cells, courses, current_ampere, stamp, sample_second, offset, zero, gain),
        truth_unix_time_second=stamp[minute],
        cell_soc_fraction=soc.astype(np.float32),
        cell_temperature_celsius=np.full(soc.shape, 25.0, dtype=np.float32),
        description=DESCRIPTION.format(name=name, cells=len(cells)),
    )


def _truth(
    name: str,
    cells: list[PyBammCell],
    courses: list[PyBammCourse],
    current_ampere: FloatArray,
    stamp: Any,
    sample_second: int,
    offset: FloatArray,
    zero: float,
    gain: float,
) -> dict[str, Any]:
    capacity = np.array([course.capacity_ah for course in courses])
    resistance = np.array([course.resistance_ohm for course in courses])
    leak = np.array([cell.leak_ampere for cell in cells])
    filled = np.flatnonzero((current_ampere > 0.5 * TAPER_AMPERE) & (current_ampere < 1.2 * TAPER_AMPERE))
    described = [
        {
            "cell": k + 1,
            "capacity_ah": float(capacity[k]),
            "resistance_ohm": float(resistance[k]),
            "connection_extra_ohm": 0.0,  # what was added counts as the cell's
            "self_discharge_ampere": float(leak[k] - np.median(leak)),
            "voltage_offset_volt": float(offset[k]),
            "soc_fraction": float(courses[k].soc_fraction[-1]),
            "cold_charge_ah": 0.0,
            "healthy": cells[k].area > 0.95 and not (cells[k].extra_ohm or cells[k].behind_ah or cells[k].leak_ampere),
        }
        for k in range(len(cells))
    ]
    # A truth that names no design is judged as one of the curve that the parameter set knows.
    graphite = cells[0].graphite
    design = {} if graphite == OWN_GRAPHITE else {"cell_design": f"PyBaMM, Prada2013 with the graphite of {graphite}"}
    return design | {
        "pack": name,
        "synthetic": True,
        "model": "single-particle model with electrolyte, PyBaMM",
        "duty": "cycle",
        "from_unix_time_second": float(stamp[0]),
        "until_unix_time_second": float(stamp[-1]),
        "sample_second": sample_second,
        "first_full_unix_time_second": float(stamp[filled[0]]) if len(filled) else None,
        "current_offset_ampere": zero,
        "current_gain_error": gain,
        "cells": described,
        "temperature_sensors": [],
        "faults": _faults(cells, capacity, resistance, float(stamp[0])),
        "row_faults": [],
    }


def _faults(
    cells: list[PyBammCell], capacity: FloatArray, resistance: FloatArray, start: float
) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []

    def note(kind: str, cell: int, magnitude: float, onset: float = 0.0) -> None:
        found.append(
            {"kind": kind, "cell": cell + 1, "sensor": None, "onset_unix_time_second": start + onset}
            | {"magnitude": float(magnitude), "request": {}}
        )

    for k, cell in enumerate(cells):
        if cell.area <= 0.95:
            note("capacity_low", k, np.median(capacity) - capacity[k])
        if cell.extra_ohm:
            note("resistance_high", k, resistance[k] - np.median(resistance))
        if cell.behind_ah:
            note("soc_imbalance", k, -cell.behind_ah)
        if cell.leak_ampere:
            note("self_discharge", k, cell.leak_ampere, cell.leak_from_second)
    return found
