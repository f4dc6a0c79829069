"""Small analyses for the tests of the report, made by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypedDict, Unpack

import numpy as np

from cellwarden.core.finding import Finding, Severity
from cellwarden.core.pack_spec import BackupDuty, PackSpec
from cellwarden.core.results import (
    AnalysisResult,
    CellResult,
    DataQuality,
    History,
    Interval,
    Readiness,
    SensorResult,
    Usage,
)

BEGIN = 1_740_000_000.0  # 19 February 2025, 21:20 UTC
HOUR = 3600.0


def interval(value: float, half: float, *, informed: bool = True) -> Interval:
    return Interval(value, value - half, value + half, BEGIN + HOUR if informed else None)


class CellChanges(TypedDict, total=False):
    """Quantities of a cell that a test sets."""

    soc_fraction: Interval | None
    capacity_ah: Interval | None
    resistance_ohm: Interval | None
    self_discharge_ampere: Interval | None
    voltage_offset_volt: Interval | None


def cell(number: int, **changes: Unpack[CellChanges]) -> CellResult:
    """A healthy cell of which everything is known."""
    known = CellResult(
        cell=number,
        soc_fraction=interval(0.80 + 0.001 * (number % 3), 0.01),
        capacity_ah=interval(100.0 + number % 4, 2.0),
        resistance_ohm=interval(0.0010 + 0.00001 * (number % 5), 0.00005),
        self_discharge_ampere=interval(0.0001 * (number % 3 - 1), 0.0006),
        voltage_offset_volt=interval(0.001 * (number % 3 - 1), 0.001),
    )
    return replace(known, **changes)


def history(cells: int, rows: int, sensors: int = 2, *, known: bool = True) -> History:
    """Curves of a pack that swings once a day, or NaN throughout."""
    hours = np.arange(1, rows + 1, dtype=np.float64)
    swing = np.sin(hours / 24.0 * 2.0 * np.pi) if known else np.full(rows, np.nan)
    each = swing[:, None] + 0.01 * np.arange(cells)[None, :]
    volt = 3.3 + 0.05 * each
    warm = 20.0 + 3.0 * swing[:, None] + np.arange(sensors)[None, :]
    return History(
        unix_time_second=BEGIN + HOUR * hours,
        current_ampere=10.0 * swing,
        voltage_volt=volt,
        voltage_minimum_volt=volt - 0.01,
        voltage_maximum_volt=volt + 0.01,
        temperature_celsius=warm,
        ambient_temperature_celsius=18.0 + swing,
        soc_fraction=0.5 + 0.3 * each,
        soc_low_fraction=0.48 + 0.3 * each,
        soc_high_fraction=0.52 + 0.3 * each,
        capacity_ah=100.0 + each,
        capacity_low_ah=98.0 + each,
        capacity_high_ah=102.0 + each,
        resistance_ohm=0.001 + 1e-6 * each,
        resistance_low_ohm=0.0009 + 1e-6 * each,
        resistance_high_ohm=0.0011 + 1e-6 * each,
        self_discharge_ampere=1e-4 * each,
        self_discharge_low_ampere=1e-4 * each - 5e-4,
        self_discharge_high_ampere=1e-4 * each + 5e-4,
        voltage_offset_volt=1e-3 * each,
        deficit_difference_ah=0.1 * each,
        balancing_ah=0.0 * each,
    )


def sensor(name: str) -> SensorResult:
    return SensorResult(
        sensor=name,
        offset_kelvin=interval(0.2, 0.3),
        thermal_resistance_kelvin_per_watt=interval(3.0, 0.5),
        thermal_time_constant_second=5000.0,
    )


def quality(**changes: Any) -> DataQuality:
    clean = DataQuality(
        rows_read=1000,
        rows_used=990,
        rows_repeated=7,
        rows_out_of_order=3,
        rows_without_time=0,
        clock_steps=1,
        clock_step_seconds=(3600.0,),
        gaps_over_a_minute=2,
        gap_seconds_total=5400.0,
        values_implausible=4,
        values_missing={"cell_voltage_c2": 31},
        median_interval_second=1.0,
        columns=("unix_time_second", "current_ampere"),
        columns_ignored=("remark",),
    )
    return replace(clean, **changes)


def finding(kind: str = "self_discharge", cell: int | None = 3, **changes: Any) -> Finding:
    basis = Finding(
        kind=kind,
        cell=cell,
        sensor=None,
        first_seen_unix_time_second=BEGIN + 24 * HOUR,
        detected_unix_time_second=BEGIN + 30 * HOUR,
        cleared_unix_time_second=None,
        severity=Severity.WARNING,
        magnitude=0.0058,
        magnitude_low=0.0051,
        magnitude_high=0.0065,
        magnitude_at_detection=0.006,
        unit="ampere",
        confidence=0.97,
        explanation="It needed more charge than its neighbours.",
        advice="Replace it within 3 months.",
    )
    return replace(basis, **changes)


def result(count: int = 16, rows: int = 96, **changes: Any) -> AnalysisResult:
    """A healthy pack of which everything is known."""
    end = BEGIN + HOUR * max(rows, 1)
    whole = AnalysisResult(
        pack=PackSpec(
            id="hall-3",
            cells_in_series=count,
            nominal_capacity_ah=100.0,
            backup=BackupDuty(load_watt=2000.0, duration_hour=2.0),
        ),
        cell_model_name="lfp",
        from_unix_time_second=BEGIN,
        until_unix_time_second=end,
        samples=1000,
        cells=tuple(cell(number) for number in range(1, count + 1)),
        current_offset_ampere=interval(0.04, 0.02),
        temperature_sensors=(sensor("t1"), sensor("t2")),
        readiness=Readiness(load_watt=2000.0, runtime_hour=interval(2.5, 0.3), limiting_cell=4, reason="At 21 °C."),
        usage=Usage(
            equivalent_full_cycles=2.4,
            charge_throughput_ah=480.0,
            energy_charged_kilowatt_hour=13.1,
            energy_discharged_kilowatt_hour=12.2,
            round_trip_efficiency_fraction=0.93,
            deep_discharges=1,
            hours_above_45_celsius=0.0,
            hours_below_0_celsius=None,
        ),
        findings=(),
        quality=quality(),
        history=history(count, rows),
        assumptions=("Current offset tolerance not stated: ±0.2 A taken.",),
        advice_next_log=("Discharge the pack below 20 % once.",),
    )
    return replace(whole, **changes)


def unknown(count: int = 16, rows: int = 0, second: float = 20.0) -> AnalysisResult:
    """A log that told nothing."""
    blank = result(count, rows)
    nothing = CellChanges(
        soc_fraction=None, capacity_ah=None, resistance_ohm=None, self_discharge_ampere=None, voltage_offset_volt=None
    )
    bare = SensorResult(
        sensor="t1", offset_kelvin=None, thermal_resistance_kelvin_per_watt=None, thermal_time_constant_second=None
    )
    return replace(
        blank,
        until_unix_time_second=BEGIN + second,
        cells=tuple(replace(known, **nothing) for known in blank.cells),
        current_offset_ampere=None,
        temperature_sensors=(bare,),
        readiness=None,
        usage=Usage(
            equivalent_full_cycles=None,
            charge_throughput_ah=None,
            energy_charged_kilowatt_hour=None,
            energy_discharged_kilowatt_hour=None,
            round_trip_efficiency_fraction=None,
            deep_discharges=0,
            hours_above_45_celsius=None,
            hours_below_0_celsius=None,
        ),
        history=history(count, rows, 1, known=False),
    )
