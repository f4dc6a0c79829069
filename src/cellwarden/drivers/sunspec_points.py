"""Points of the SunSpec battery models as data: where they are and which register holds their scale factor.

Source: SunSpec information models, json/model_802, 803, 804, 805; places are in registers from the model's number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from cellwarden.drivers.field_table import Field, integer_at, reading_from_table
from cellwarden.drivers.reading import DeviceReading

__all__ = ["BANK_STRING", "BATTERY", "CELLS", "EVENTS", "STRING", "Point", "reading_of_points"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A field and the register of its scale factor, a signed power of ten."""

    field: Field
    factor_at: int


def _point(
    name: str,
    register: int,
    type_name: str,
    factor_at: int,
    unit: str,
    valid: tuple[float, float],
    *,
    scale: float = 1.0,
    many: bool = False,
) -> Point:
    field = Field(
        name=name,
        offset=2 * register,
        type=type_name,
        scale=scale,
        unit=unit,
        valid=valid,
        many=many,
        stride=8 if many else 0,
    )
    return Point(field=field, factor_at=factor_at)


_AMPERE, _VOLT, _FRACTION = (-3000.0, 3000.0), (0.0, 1500.0), (0.0, 1.0)
BATTERY = (
    _point("nominal_capacity_ah", 2, "u16", 52, "ah", (0.0, 1e5)),
    _point("bms_soc_fraction", 11, "u16", 56, "fraction", _FRACTION, scale=0.01),
    _point("bms_soh_fraction", 13, "u16", 58, "fraction", _FRACTION, scale=0.01),
    _point("pack_voltage_volt", 34, "u16", 59, "volt", _VOLT),
    _point("charge_voltage_limit_volt", 35, "u16", 59, "volt", _VOLT),
    _point("current_ampere", 44, "s16", 61, "ampere", _AMPERE),
    _point("charge_current_limit_ampere", 45, "u16", 62, "ampere", (0.0, 3000.0)),
    _point("discharge_current_limit_ampere", 46, "u16", 62, "ampere", (0.0, 3000.0)),
)
# of the first string; the others follow at a distance of 32 registers
BANK_STRING = (
    _point("bms_soc_fraction", 28 + 4, "u16", 26, "fraction", _FRACTION, scale=0.01),
    _point("current_ampere", 28 + 6, "s16", 24, "ampere", _AMPERE),
)
STRING = (
    _point("bms_soc_fraction", 8, "u16", 38, "fraction", _FRACTION, scale=0.01),
    _point("bms_soh_fraction", 12, "u16", 39, "fraction", _FRACTION, scale=0.01),
    _point("current_ampere", 13, "s16", 41, "ampere", _AMPERE),
    _point("pack_voltage_volt", 14, "u16", 42, "volt", _VOLT),
)
CELLS = (
    _point("cell_voltage_volt", 44, "u16", 42, "volt", (0.0, 5.0), many=True),
    _point("temperature_celsius", 45, "s16", 43, "celsius", (-39.0, 120.0), many=True),
)
EVENTS = {
    0: "communication fails",
    1: "too hot",
    2: "hot",
    3: "too cold",
    4: "cold",
    5: "charge over-current",
    6: "charge current high",
    7: "discharge over-current",
    8: "discharge current high",
    9: "over-voltage",
    10: "voltage high",
    11: "under-voltage",
    12: "voltage low",
    13: "charge left is too low",
    14: "charge left is low",
    15: "overcharged",
    16: "charge is high",
    17: "voltages differ",
    18: "temperatures differ too much",
    19: "temperatures differ",
    20: "contactor fails",
    21: "fan fails",
    22: "ground fault",
    23: "door open",
    24: "currents differ",
    25: "other alarm",
    26: "other warning",
    28: "configuration alarm",
    29: "configuration warning",
}
_FACTORS = range(-10, 11)


def reading_of_points(data: bytes, points: Sequence[Point], shift: int = 0, cells: int = 0) -> DeviceReading:
    """Values of the points in a whole model; `shift` is in bytes, `cells` the length of arrays.

    Raises
    ------
    FrameLengthError
        The model ends before a point does.
    """
    counts = {point.field.name: cells for point in points if point.field.many}
    fields = []
    for point in points:
        factor = integer_at(data, 2 * point.factor_at, "s16")
        if factor in _FACTORS:
            field = point.field
            fields.append(replace(field, offset=field.offset + shift, scale=field.scale * 10.0**factor))
    return reading_from_table(data, fields, counts)
