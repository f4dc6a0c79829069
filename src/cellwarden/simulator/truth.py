"""The truth file of a simulated pack: what a perfect analysis of its log would say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

import numpy as np

from cellwarden.core.sample_block import FloatArray
from cellwarden.simulator.cell_measurement import measure_resistance_ohm
from cellwarden.simulator.course import DAY_SECOND, TrueCourse
from cellwarden.simulator.fault import Fault
from cellwarden.simulator.runtime_measurement import measure_runtime
from cellwarden.simulator.sensing import PackLog

__all__ = ["DEFINITIONS", "JsonObject", "describe_truth"]

JsonObject = dict[str, object]

DEFINITIONS = {
    "capacity_ah": "C/20 discharge at 25 C to 2.50 V after 3.65 V held to C/50, simulated per cell, end of the log",
    "resistance_ohm": "(V before - V after 10 s) / I, 0.5C discharge, 25 C, half of capacity_ah drawn from full, "
    "2 h rest; with the healthy joint, without an injected joint fault",
    "self_discharge_ampere": "mean leak + short above the pack median, from the last self-discharge onset (else "
    "start) to the end of the log, at the temperatures that were",
    "readiness": "hours at load_watt / inverter_efficiency from the end of the log, ambient as it is then, until the "
    "first cell reaches its minimum or the string the inverter's cut-off",
    "soc": "lithium left above the C/20 empty point / lithium between that point and CV-full",
}


def _above_median(values: FloatArray) -> FloatArray:
    return np.asarray(values - np.median(values), dtype=np.float64)


class _Measured:
    """Numbers of a finished course, each (n_cells,)."""

    def __init__(self, course: TrueCourse) -> None:
        nominal, first, last = course.nominal_ah, course.points[0], course.points[-1]
        self.capacity_ah = last.capacity_ah
        self.capacity_start_ah = first.capacity_ah
        self.resistance_ohm = measure_resistance_ohm(course.cells, course.curves, nominal, last)
        self.resistance_start_ohm = course.start_resistance_ohm
        self.soc_fraction = (course.state.negative_lithium_ah - last.empty_ah) / last.capacity_ah
        until = max(course.leak_ah_at)
        onsets = [
            int(fault.onset_day * DAY_SECOND) for fault in course.scenario.faults if fault.kind == "self_discharge"
        ]
        begin = max(onsets, default=0)
        hours = (until - begin) / 3600.0
        lost = course.leak_ah_at[until] - course.leak_ah_at.get(begin, np.zeros_like(self.capacity_ah))
        self.self_discharge_ampere = _above_median(lost / hours)
        self.leak_mean_ampere = course.leak_ah_at[until] / (until / 3600.0)
        self.thermal_kelvin_per_watt = course.cells.ambient_resistance_kelvin_per_watt
        self.thermal_second = self.thermal_kelvin_per_watt * course.cells.heat_capacity_joule_per_kelvin
        self.fuller_at_start_ah = -_above_median(course.start_charge_gap_ah)


def _sensor_cells(course: TrueCourse, sensor: str) -> list[int]:
    return [cell - 1 for cell in course.scenario.pack.temperature_cells[int(sensor[1:]) - 1]]


def _thermal_ratio(course: TrueCourse, measured: _Measured, fault: Fault) -> float:
    places = [fault.cell - 1] if fault.cell is not None else _sensor_cells(course, str(fault.sensor))
    end, start = measured.thermal_kelvin_per_watt[places], course.start_thermal_kelvin_per_watt[places]
    return float(end.mean() / start.mean())


def _magnitude(course: TrueCourse, measured: _Measured, fault: Fault) -> float:
    """What the fault came to, in the unit of its kind."""
    k = 0 if fault.cell is None else fault.cell - 1
    realised: dict[str, Callable[[], float]] = {
        "self_discharge": lambda: float(measured.self_discharge_ampere[k]),
        "capacity_low": lambda: -float(_above_median(measured.capacity_ah)[k]),
        "resistance_high": lambda: float(_above_median(measured.resistance_ohm)[k]),
        "soc_imbalance": lambda: float(measured.fuller_at_start_ah[k]),
        "thermal_path_degraded": lambda: _thermal_ratio(course, measured, fault),
        "cold_charge": lambda: float(course.pack.cold_charge_ah.mean()),
        "sense_wires_swapped": lambda: float(fault.other or 0),
    }
    return realised[fault.kind]() if fault.kind in realised else fault.size


def _describe_cells(course: TrueCourse, measured: _Measured, log: PackLog) -> list[JsonObject]:
    hurt = {cell for fault in course.scenario.faults for cell in (fault.cell, fault.other)}
    columns = {
        "capacity_ah": measured.capacity_ah,
        "capacity_start_ah": measured.capacity_start_ah,
        "resistance_ohm": measured.resistance_ohm,
        "resistance_start_ohm": measured.resistance_start_ohm,
        "connection_extra_ohm": course.cells.extra_joint_ohm,
        "self_discharge_ampere": measured.self_discharge_ampere,
        "leak_mean_ampere": measured.leak_mean_ampere,
        "voltage_offset_volt": log.sensors.voltage_offset_volt,
        "soc_fraction": measured.soc_fraction,
        "cold_charge_ah": course.pack.cold_charge_ah,
    }
    return [
        {"cell": k + 1, **{name: float(column[k]) for name, column in columns.items()}, "healthy": k + 1 not in hurt}
        for k in range(course.scenario.pack.cells_in_series)
    ]


def _describe_sensors(course: TrueCourse, measured: _Measured, log: PackLog) -> list[JsonObject]:
    described: list[JsonObject] = []
    for index, cells in enumerate(course.scenario.pack.temperature_cells):
        places = [cell - 1 for cell in cells]
        described.append(
            {
                "sensor": f"t{index + 1}",
                "cells": list(cells),
                "offset_kelvin": float(log.sensors.temperature_offset_kelvin[index]),
                "thermal_resistance_kelvin_per_watt": float(measured.thermal_kelvin_per_watt[places].mean()),
                "thermal_resistance_start_kelvin_per_watt": float(course.start_thermal_kelvin_per_watt[places].mean()),
                "thermal_time_constant_second": float(measured.thermal_second[places].mean()),
            }
        )
    return described


def _dips(course: TrueCourse, fault: Fault) -> JsonObject:
    """When the micro shorts of a fault closed."""
    if fault.kind != "micro_short" or fault.cell is None:
        return {}
    start = course.scenario.start_unix_time_second
    return {"dip_unix_time_second": [float(start + second) for second in course.dip_second[fault.cell]]}


def _describe_faults(course: TrueCourse, measured: _Measured) -> list[JsonObject]:
    start = course.scenario.start_unix_time_second
    return [
        {
            "kind": fault.kind,
            "cell": fault.cell,
            "sensor": fault.sensor,
            "onset_unix_time_second": float(start + int(fault.onset_day * DAY_SECOND)),
            "magnitude": _magnitude(course, measured, fault),
            "request": fault.request(),
            **_dips(course, fault),
        }
        for fault in course.scenario.faults
    ]


def describe_truth(course: TrueCourse, log: PackLog) -> JsonObject:
    """The truth of a course and its log as one JSON object."""
    scenario, measured = course.scenario, _Measured(course)
    start, full = scenario.start_unix_time_second, course.first_full_second
    rows, sample = course.recording.ampere.shape[0], course.settings.sample_second
    return {
        "pack": scenario.pack.id,
        "synthetic": True,
        "model": "electrode-level twin",
        "cell_design": scenario.pack.cell.name,
        "seed": course.seed,
        "duty": scenario.duty.kind,
        "from_unix_time_second": float(start),
        "until_unix_time_second": float(start + (rows - 1) * sample),
        "sample_second": sample,
        "first_full_unix_time_second": None if full is None else float(start + full),
        "definitions": DEFINITIONS,
        "cells": _describe_cells(course, measured, log),
        "current_offset_ampere": log.sensors.current_offset_ampere,
        "current_gain_error": log.sensors.current_gain_fraction,
        "temperature_sensors": _describe_sensors(course, measured, log),
        "readiness": asdict(measure_runtime(course)),
        "faults": _describe_faults(course, measured),
        "row_faults": [{k: v for k, v in asdict(fault).items() if v is not None} for fault in log.row_faults],
    }
