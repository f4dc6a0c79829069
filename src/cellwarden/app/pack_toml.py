"""Reading `pack.toml`: checked once, here; everything else takes the frozen `PackSpec`."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationError, field_validator, model_validator

from cellwarden.app.toml_check import Table, first_sentence
from cellwarden.core.errors import ConfigurationError, plain_cause
from cellwarden.core.pack_spec import BackupDuty, ManufacturerLimits, PackSpec, SensorSpec

__all__ = ["read_pack_toml"]

_Positive = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]
_NotNegative = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]
_CellVolt = Annotated[float, Field(gt=0.0, le=6.0, allow_inf_nan=False)]
_Celsius = Annotated[float, Field(ge=-100.0, le=200.0, allow_inf_nan=False)]
_Fraction = Annotated[float, Field(gt=0.0, le=1.0, allow_inf_nan=False)]
_OffsetVolt = Annotated[float, Field(ge=0.0, le=0.2, allow_inf_nan=False)]
_Gain = Annotated[float, Field(ge=0.0, le=0.5, allow_inf_nan=False)]
_Kelvin = Annotated[float, Field(ge=0.0, le=30.0, allow_inf_nan=False)]
_LIMITS, _SENSORS, _BACKUP = ManufacturerLimits(), SensorSpec(), BackupDuty()


class _Pack(Table):
    id: Annotated[str, Field(min_length=1)]
    cells_in_series: Annotated[int, Field(ge=1, le=1000)]
    nominal_capacity_ah: _Positive
    cells_in_parallel: Annotated[int, Field(ge=1)] = 1
    cell_model: Annotated[str, Field(min_length=1)] = "lfp"
    balancer: Literal["passive", "active", "none"] = "passive"
    balancing_current_ampere: _NotNegative = 0.06
    float_voltage_volt: _Positive | None = None


class _Limits(Table):
    cell_voltage_max_volt: _CellVolt = _LIMITS.cell_voltage_max_volt
    cell_voltage_min_volt: _CellVolt = _LIMITS.cell_voltage_min_volt
    charge_current_max_ampere: _Positive = _LIMITS.charge_current_max_ampere
    discharge_current_max_ampere: _Positive = _LIMITS.discharge_current_max_ampere
    charge_temperature_celsius: list[_Celsius] = Field(default=list(_LIMITS.charge_temperature_celsius))
    discharge_temperature_celsius: list[_Celsius] = Field(default=list(_LIMITS.discharge_temperature_celsius))

    @field_validator("charge_temperature_celsius", "discharge_temperature_celsius")
    @classmethod
    def _range(cls, value: list[float]) -> list[float]:
        if len(value) != 2 or not value[0] < value[1]:
            raise ValueError("must be [lowest, highest] with the lowest first")
        return value

    @model_validator(mode="after")
    def _voltages(self) -> Self:
        if not self.cell_voltage_min_volt < self.cell_voltage_max_volt:
            raise ValueError("cell_voltage_min_volt must be below cell_voltage_max_volt")
        return self


class _Sensors(Table):
    temperature_cells: dict[str, list[int]] = Field(default_factory=dict)
    current_resolution_ampere: _Positive = _SENSORS.current_resolution_ampere
    voltage_resolution_volt: _Positive = _SENSORS.voltage_resolution_volt
    impedance_frequency_hertz: _Positive = _SENSORS.impedance_frequency_hertz
    voltage_offset_tolerance_volt: _OffsetVolt = _SENSORS.voltage_offset_tolerance_volt
    current_offset_tolerance_ampere: _NotNegative = _SENSORS.current_offset_tolerance_ampere
    current_gain_tolerance_fraction: _Gain = _SENSORS.current_gain_tolerance_fraction
    temperature_tolerance_kelvin: _Kelvin = _SENSORS.temperature_tolerance_kelvin


class _Backup(Table):
    load_watt: _Positive = _BACKUP.load_watt
    duration_hour: _Positive = _BACKUP.duration_hour
    coldest_celsius: _Celsius = _BACKUP.coldest_celsius
    inverter_cutoff_volt: _NotNegative = _BACKUP.inverter_cutoff_volt
    inverter_efficiency: _Fraction = _BACKUP.inverter_efficiency


class _File(Table):
    pack: _Pack
    limits: _Limits = _Limits()
    sensors: _Sensors = _Sensors()
    backup: _Backup | None = None

    @model_validator(mode="after")
    def _sensor_cells(self) -> Self:
        for sensor, cells in self.sensors.temperature_cells.items():
            if not (sensor.startswith("t") and sensor[1:].isdigit()):
                raise ValueError(
                    f"sensors.temperature_cells names '{sensor}'; sensors are called t1, t2, … as in the log"
                )
            wrong = [cell for cell in cells if not 1 <= cell <= self.pack.cells_in_series]
            if wrong:
                raise ValueError(
                    f"sensors.temperature_cells.{sensor} names cell {wrong[0]}; cells count from 1 to "
                    f"cells_in_series = {self.pack.cells_in_series}"
                )
        return self


_KEYS: dict[str, tuple[str, ...]] = {
    "": tuple(_File.model_fields),
    "pack": tuple(_Pack.model_fields),
    "limits": tuple(_Limits.model_fields),
    "sensors": tuple(_Sensors.model_fields),
    "backup": tuple(_Backup.model_fields),
}


def _spec(file: _File) -> PackSpec:
    limits, sensors = file.limits, file.sensors
    charge_low, charge_high = limits.charge_temperature_celsius
    discharge_low, discharge_high = limits.discharge_temperature_celsius
    touched = {sensor: tuple(cells) for sensor, cells in sensors.temperature_cells.items()}
    return PackSpec(
        **file.pack.model_dump(),
        limits=ManufacturerLimits(
            **limits.model_dump(exclude={"charge_temperature_celsius", "discharge_temperature_celsius"}),
            charge_temperature_celsius=(charge_low, charge_high),
            discharge_temperature_celsius=(discharge_low, discharge_high),
        ),
        sensors=SensorSpec(
            **sensors.model_dump(exclude={"temperature_cells"}),
            temperature_cells=MappingProxyType(touched),
            stated=frozenset(sensors.model_fields_set),
        ),
        backup=None if file.backup is None else BackupDuty(**file.backup.model_dump()),
    )


def read_pack_toml(path: Path) -> PackSpec:
    """Read and check a pack's description; a parameter set of its own (`cell_model = "….toml"`) is beside it.

    Raises
    ------
    ConfigurationError
        No such file, not TOML, an unknown key (named with the nearest known one), a value of the wrong type or out of
        range, or sensors at cells that the pack does not have.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as cause:
        raise ConfigurationError(
            f"{path}: the pack description cannot be read ({plain_cause(cause)}); check the path."
        ) from cause
    try:
        spec = _spec(_File.model_validate(tomllib.loads(text)))
    except tomllib.TOMLDecodeError as cause:
        raise ConfigurationError(f"{path.name}: not readable as TOML ({cause}); correct that place.") from cause
    except ValidationError as cause:
        raise ConfigurationError(f"{path.name}: {first_sentence(cause, _KEYS)}") from cause
    if spec.cell_model.endswith(".toml"):
        spec = replace(spec, cell_model=str(path.parent / spec.cell_model))
    return spec
