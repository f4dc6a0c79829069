"""Samples where they enter: rounded once to the steps that the record keeps, so that a replay sees the same numbers."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from cellwarden.core.pack_spec import SensorSpec
from cellwarden.core.sample_block import FloatArray, SampleBlock

__all__ = ["EntryUnits", "entry_units", "newer_rows", "quantised"]

_FINE_VOLT = 0.001  # below it voltages are kept in microvolt


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryUnits:
    """Whole parts of a second, ampere, volt, degree and fraction that are kept; each the divisor of stored integers."""

    time_parts: float = 1e3
    current_parts: float = 1e3
    voltage_parts: float = 1e3
    temperature_parts: float = 10.0
    fraction_parts: float = 100.0
    impedance_parts: float = 1e6


def entry_units(sensors: SensorSpec, temperature_step_kelvin: float = 0.1) -> EntryUnits:
    """Steps no coarser than what the sensors resolve."""
    return EntryUnits(
        voltage_parts=1e3 if sensors.voltage_resolution_volt >= _FINE_VOLT else 1e6,
        temperature_parts=10.0 if temperature_step_kelvin >= 0.1 else 1e3,
    )


def quantised(block: SampleBlock, units: EntryUnits) -> SampleBlock:
    """The block with every value at the nearest kept step; NaN stays NaN.

    A value is `integer / parts`, exactly what a reader makes of the stored integer.
    """
    rounded = {
        "unix_time_second": _round(block.unix_time_second, units.time_parts),
        "current_ampere": _round(block.current_ampere, units.current_parts),
        "pack_voltage_volt": _round(block.pack_voltage_volt, units.voltage_parts),
        "cell_voltage_volt": _round(block.cell_voltage_volt, units.voltage_parts),
        "temperature_celsius": _round(block.temperature_celsius, units.temperature_parts),
        "ambient_temperature_celsius": _round(block.ambient_temperature_celsius, units.temperature_parts),
    }
    for name, parts in (
        ("balancing_fraction", units.fraction_parts),
        ("balancing_current_ampere", units.current_parts),
        ("impedance_ohm", units.impedance_parts),
        ("bms_soc_fraction", units.fraction_parts),
        ("charge_switch_fraction", units.fraction_parts),
        ("discharge_switch_fraction", units.fraction_parts),
        ("charge_voltage_limit_volt", units.voltage_parts),
        ("charge_current_limit_ampere", units.current_parts),
        ("discharge_current_limit_ampere", units.current_parts),
    ):
        values = getattr(block, name)
        if values is not None:
            rounded[name] = _round(values, parts)
    return replace(block, **rounded)


def _round(values: FloatArray, parts: float) -> FloatArray:
    rounded: FloatArray = np.rint(values * parts) / parts
    return rounded


def newer_rows(block: SampleBlock, after_unix_time_second: float) -> SampleBlock | None:
    """The rows of the block later than a time; repeated and disordered ones fall away; None where none is left.

    `after_unix_time_second` NaN: nothing came before.
    """
    first = 0
    while first < len(block) and block.unix_time_second[first] <= after_unix_time_second:
        first += 1
    if first == len(block):
        return None
    return block.rows(first, len(block)) if first else block
