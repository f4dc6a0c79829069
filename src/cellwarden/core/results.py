"""What an analysis ends with: the values of `cells.json`, field by field, and what the report needs beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cellwarden.core.finding import Finding
from cellwarden.core.pack_spec import PackSpec
from cellwarden.core.sample_block import FloatArray

__all__ = [
    "AnalysisResult",
    "CellResult",
    "DataQuality",
    "EfficiencySpan",
    "History",
    "Interval",
    "Readiness",
    "SensorResult",
    "Usage",
]


@dataclass(frozen=True, slots=True)
class Interval:
    """A value with its 95 % interval and the last moment that informed it (None: the prior, or not tracked)."""

    value: float
    low: float
    high: float
    informed_unix_time_second: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CellResult:
    """One cell at the end of the log; None where the log cannot tell. `cell` counts from 1."""

    cell: int
    soc_fraction: Interval | None
    capacity_ah: Interval | None
    resistance_ohm: Interval | None
    self_discharge_ampere: Interval | None
    voltage_offset_volt: Interval | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorResult:
    """One temperature sensor at the end of the log."""

    sensor: str
    offset_kelvin: Interval | None
    thermal_resistance_kelvin_per_watt: Interval | None
    thermal_time_constant_second: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """Time at constant load power until the first cell or the inverter cuts off; `limiting_cell` counts from 1."""

    load_watt: float
    runtime_hour: Interval
    limiting_cell: int | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What the pack went through in the log."""

    equivalent_full_cycles: float | None
    charge_throughput_ah: float | None
    energy_charged_kilowatt_hour: float | None
    energy_discharged_kilowatt_hour: float | None
    round_trip_efficiency_fraction: float | None
    deep_discharges: int
    hours_above_45_celsius: float | None
    hours_below_0_celsius: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EfficiencySpan:
    """What the round-trip efficiency is counted from: energy in and out between two moments, and what stayed."""

    from_unix_time_second: float
    until_unix_time_second: float
    energy_charged_kilowatt_hour: float
    energy_discharged_kilowatt_hour: float
    energy_kept_kilowatt_hour: float  # negative where the pack held less at the end

    @property
    def efficiency_fraction(self) -> float:
        """Energy out over the energy in that did not stay."""
        return self.energy_discharged_kilowatt_hour / (
            self.energy_charged_kilowatt_hour - self.energy_kept_kilowatt_hour
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DataQuality:
    """What was found and mended in the log's rows, and what it holds.

    `hot_fraction_by_column` is the share of each temperature column's readings at which no pack rests.
    """

    rows_read: int
    rows_used: int
    rows_repeated: int
    rows_out_of_order: int
    rows_without_time: int
    clock_steps: int
    clock_step_seconds: tuple[float, ...]
    gaps_over_a_minute: int
    gap_seconds_total: float
    values_implausible: int
    values_missing: Mapping[str, int]
    median_interval_second: float
    columns: tuple[str, ...]
    columns_ignored: tuple[str, ...]
    values_implausible_by_column: Mapping[str, int] = field(default_factory=dict)
    hot_fraction_by_column: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Evenly long rows for charts, a minute to some hours each, H in all.

    (H,), (H, n_cells) or (H, n_sensors) by name; NaN where not known. Current, voltages and temperatures are means (and
    extremes) over the span that ends at the row's stamp, `balancing_ah` its sum; estimates are the state at the stamp.
    """

    unix_time_second: FloatArray
    current_ampere: FloatArray
    voltage_volt: FloatArray
    voltage_minimum_volt: FloatArray
    voltage_maximum_volt: FloatArray
    temperature_celsius: FloatArray
    ambient_temperature_celsius: FloatArray
    soc_fraction: FloatArray
    soc_low_fraction: FloatArray
    soc_high_fraction: FloatArray
    capacity_ah: FloatArray
    capacity_low_ah: FloatArray
    capacity_high_ah: FloatArray
    resistance_ohm: FloatArray
    resistance_low_ohm: FloatArray
    resistance_high_ohm: FloatArray
    self_discharge_ampere: FloatArray
    self_discharge_low_ampere: FloatArray
    self_discharge_high_ampere: FloatArray
    voltage_offset_volt: FloatArray
    deficit_difference_ah: FloatArray
    balancing_ah: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalysisResult:
    """Everything that one analysis found. `advice_next_log` says what would inform what this log could not.

    `efficiency_span` is what the usage's round-trip efficiency is counted from, None where it has none.
    """

    pack: PackSpec
    cell_model_name: str
    from_unix_time_second: float
    until_unix_time_second: float
    samples: int
    cells: tuple[CellResult, ...]
    current_offset_ampere: Interval | None
    temperature_sensors: tuple[SensorResult, ...]
    readiness: Readiness | None
    usage: Usage
    findings: tuple[Finding, ...]
    quality: DataQuality
    history: History
    assumptions: tuple[str, ...]
    advice_next_log: tuple[str, ...]
    efficiency_span: EfficiencySpan | None = None
