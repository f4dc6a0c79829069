"""What a device says at one moment, in core units: merged from as many replies as its protocol needs."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace

from cellwarden.core.sample_block import FloatArray

__all__ = ["DeviceIdentity", "DeviceReading", "merge_readings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceIdentity:
    """Who answers; empty where the protocol does not tell. Compared before anything relies on the device."""

    model: str = ""
    serial_number: str = ""
    firmware: str = ""
    hardware: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DeviceReading:
    """One moment of one device. None means "not in these replies", NaN "there, but without a value".

    Attributes
    ----------
    cell_voltage_volt : (n_cells,) [V], in string order from the negative end
    temperature_celsius : (n_sensors,) [°C], sensors at cells; a sensor that is not fitted is NaN and keeps its place
    current_ampere : [A], positive charges
    pack_voltage_volt : [V], as the device measures or sums it
    mos_temperature_celsius, ambient_temperature_celsius : [°C] of the switches; of the box
    bms_soc_fraction, bms_soh_fraction : 0…1, the device's own opinion
    remaining_capacity_ah, full_capacity_ah, nominal_capacity_ah : [Ah] left, when full, as set
    cycle_count : full cycles
    balancing_fraction : (n_cells,) 1 where the cell's bleed is on
    balancer_current_ampere : [A] of an active balancer, sign as the device gives it
    charge_switch_fraction, discharge_switch_fraction : 1 closed, 0 open
    charge_voltage_limit_volt, charge_current_limit_ampere, discharge_current_limit_ampere : what the device allows
    sense_lead_resistance_ohm : (n_cells,) [ohm] lead and connector as the device estimates them, not the cell
    cell_impedance_ohm : (n_cells,) [ohm] where the device measures it
    bms_uptime_second : [s] since the device started
    device_unix_time_second : when the device says that it measured, oldest of its messages; data, no measure of age
    alarms : plain words, empty where all is well
    identity : who answered
    refused : values that were out of physical range and became NaN, in words
    """

    cell_voltage_volt: FloatArray | None = None
    temperature_celsius: FloatArray | None = None
    current_ampere: float | None = None
    pack_voltage_volt: float | None = None
    mos_temperature_celsius: float | None = None
    ambient_temperature_celsius: float | None = None
    bms_soc_fraction: float | None = None
    bms_soh_fraction: float | None = None
    remaining_capacity_ah: float | None = None
    full_capacity_ah: float | None = None
    nominal_capacity_ah: float | None = None
    cycle_count: float | None = None
    balancing_fraction: FloatArray | None = None
    balancer_current_ampere: float | None = None
    charge_switch_fraction: float | None = None
    discharge_switch_fraction: float | None = None
    charge_voltage_limit_volt: float | None = None
    charge_current_limit_ampere: float | None = None
    discharge_current_limit_ampere: float | None = None
    sense_lead_resistance_ohm: FloatArray | None = None
    cell_impedance_ohm: FloatArray | None = None
    bms_uptime_second: float | None = None
    device_unix_time_second: float | None = None
    alarms: tuple[str, ...] | None = None
    identity: DeviceIdentity | None = None
    refused: tuple[str, ...] = ()

    @property
    def bms_alarm(self) -> str | None:
        """Alarms as the one text that logs keep; None where the device was not asked."""
        return None if self.alarms is None else "; ".join(self.alarms)

    @property
    def current_or_nan(self) -> float:
        """Current, or NaN where these replies hold none."""
        return math.nan if self.current_ampere is None else self.current_ampere


def merge_readings(readings: Iterable[DeviceReading]) -> DeviceReading:
    """One reading of several: of a value that two hold the later one stands; alarms and refusals add up."""
    merged = DeviceReading()
    for reading in readings:
        given = {field.name: value for field in fields(reading) if (value := getattr(reading, field.name)) is not None}
        given["refused"] = merged.refused + reading.refused
        if reading.alarms is not None and merged.alarms is not None:
            given["alarms"] = tuple(dict.fromkeys(merged.alarms + reading.alarms))
        merged = replace(merged, **given)
    return merged
