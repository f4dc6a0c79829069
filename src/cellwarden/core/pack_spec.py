"""What is known of a pack before its log is read (`pack.toml`, without the reading of it)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

__all__ = ["BackupDuty", "ManufacturerLimits", "PackSpec", "SensorSpec"]

_NO_CELLS: Mapping[str, tuple[int, ...]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class ManufacturerLimits:
    """The manufacturer's own limits; the program may only be stricter. Temperatures as (lowest, highest) [°C]."""

    cell_voltage_max_volt: float = 3.65
    cell_voltage_min_volt: float = 2.50
    charge_current_max_ampere: float = 50.0
    discharge_current_max_ampere: float = 100.0
    charge_temperature_celsius: tuple[float, float] = (0.0, 55.0)
    discharge_temperature_celsius: tuple[float, float] = (-20.0, 60.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorSpec:
    """What the sensors promise. Tolerances are two sigma; cells count from 1, in string order.

    `stated` names the keys that the description gives itself; the report lists the others as assumed.
    """

    temperature_cells: Mapping[str, tuple[int, ...]] = field(default_factory=lambda: _NO_CELLS)
    current_resolution_ampere: float = 0.01
    voltage_resolution_volt: float = 0.001
    impedance_frequency_hertz: float = 1000.0
    voltage_offset_tolerance_volt: float = 0.005
    current_offset_tolerance_ampere: float = 0.2
    current_gain_tolerance_fraction: float = 0.01
    temperature_tolerance_kelvin: float = 1.0
    stated: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupDuty:
    """The load that the pack is there for."""

    load_watt: float = 2000.0
    duration_hour: float = 2.0
    coldest_celsius: float = 0.0
    inverter_cutoff_volt: float = 0.0
    inverter_efficiency: float = 0.92


@dataclass(frozen=True, slots=True, kw_only=True)
class PackSpec:
    """One pack: a series string of cells or of parallel groups. `cell_model` names a parameter set or a path to one."""

    id: str
    cells_in_series: int
    nominal_capacity_ah: float
    cells_in_parallel: int = 1
    cell_model: str = "lfp"
    balancer: Literal["passive", "active", "none"] = "passive"
    balancing_current_ampere: float = 0.06
    float_voltage_volt: float | None = None
    limits: ManufacturerLimits = field(default_factory=ManufacturerLimits)
    sensors: SensorSpec = field(default_factory=SensorSpec)
    backup: BackupDuty | None = None
