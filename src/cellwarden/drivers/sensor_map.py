"""Maps of external sensor arrays: which register, signal or JSON value is which cell's or sensor's; a map is data.

A map is a list of tables, in the site file or in a TOML file of its own under `[[points]]`::

    [[points]]
    value = "cell_voltage_volt"   # a quantity of `QUANTITIES`
    first = 1                     # the array's own cell or sensor number
    count = 16                    # how many in a row; `{n}` in texts stands for the number, `{i}` for number − 1
    scale = 0.001                 # value = (raw − zero) · scale
    zero = 0
    absent = [65535]              # raw values that mean "none"
    valid = [1.5, 4.5]            # narrower than the quantity's own range, where the sensor's is

The array numbers its own cells from 1 on without gaps; which cells of the pack they are the site file says.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from cellwarden.core.errors import ConfigurationError, nearest_name
from cellwarden.core.sample_block import FloatArray
from cellwarden.drivers.errors import ImplausibleError
from cellwarden.drivers.reading import DeviceReading

__all__ = ["QUANTITIES", "Point", "Quantity", "capabilities_of", "mapped_points", "reading_of_values"]

_MOST_PLACES = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """A quantity that an array may measure: its unit, physical range, and whether there is one for each place."""

    unit: str
    valid: tuple[float, float]
    many: bool = False


QUANTITIES: Mapping[str, Quantity] = {
    "cell_voltage_volt": Quantity(unit="volt", valid=(0.0, 5.0), many=True),
    "temperature_celsius": Quantity(unit="celsius", valid=(-39.0, 120.0), many=True),
    "cell_impedance_ohm": Quantity(unit="ohm", valid=(0.0, 1.0), many=True),
    "balancing_fraction": Quantity(unit="fraction", valid=(0.0, 1.0), many=True),
    "current_ampere": Quantity(unit="ampere", valid=(-3000.0, 3000.0)),
    "pack_voltage_volt": Quantity(unit="volt", valid=(0.0, 1500.0)),
    "ambient_temperature_celsius": Quantity(unit="celsius", valid=(-50.0, 120.0)),
    "bms_soc_fraction": Quantity(unit="fraction", valid=(0.0, 1.0)),
}
_CAPABILITIES = {
    "cell_voltage_volt": "cell_voltage",
    "temperature_celsius": "temperature",
    "cell_impedance_ohm": "cell_impedance",
    "balancing_fraction": "balancing",
    "current_ampere": "current",
    "pack_voltage_volt": "pack_voltage",
    "bms_soc_fraction": "soc",
}
_CARRY_THE_REST = frozenset({"current_ampere", "pack_voltage_volt"})
_COMMON = {"value", "first", "count", "scale", "zero", "absent", "valid"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One table of a map.

    Attributes
    ----------
    value : name in `QUANTITIES`
    first, count : place of the first, and how many follow each other
    scale, zero, absent, valid : as in the map
    own : what the driver itself asks for, such as the address
    """

    value: str
    first: int
    count: int
    scale: float
    zero: float
    absent: tuple[float, ...]
    valid: tuple[float, float]
    own: Mapping[str, Any] = field(default_factory=dict)

    @property
    def places(self) -> range:
        """Places from 0 on that it fills."""
        return range(self.first - 1, self.first - 1 + self.count)

    def text(self, key: str, place: int) -> str:
        """A text of the driver's own with the place's number put in; empty where the map has none."""
        return str(self.own.get(key, "")).replace("{n}", str(place + 1)).replace("{i}", str(place))


def mapped_points(points: object, own: Mapping[str, Any], required: Iterable[str]) -> tuple[Point, ...]:
    """The map that a site gives, checked.

    Parameters
    ----------
    points : tables, or the path of a TOML file with `[[points]]`
    own : what the driver itself asks for, with the defaults; their types are the allowed ones
    required : keys of `own` that every table must have

    Raises
    ------
    ConfigurationError
        The map cannot be read, or contradicts itself; names table and key.
    """
    tables = _tables_of(points)
    found = tuple(_point(number, table, own, tuple(required)) for number, table in enumerate(tables, 1))
    taken: dict[str, set[int]] = {}
    for number, point in enumerate(found, 1):
        places = taken.setdefault(point.value, set())
        if places & set(point.places):
            raise ConfigurationError(f"points, table {number}: {point.value} is mapped twice at the same place")
        places.update(point.places)
    for value, places in taken.items():
        if places != set(range(len(places))):
            raise ConfigurationError(f"points: {value} has gaps; number the array's own places from 1 on")
    return found


def capabilities_of(points: Iterable[Point]) -> frozenset[str]:
    """What an array with this map can tell, as a driver's capabilities."""
    return frozenset(_CAPABILITIES[point.value] for point in points if point.value in _CAPABILITIES)


def reading_of_values(points: Sequence[Point], values: Iterable[tuple[Point, int, float]]) -> DeviceReading:
    """The reading with these values, given with their point, their place from 0 on, and raw.

    Raises
    ------
    ImplausibleError
        Current or pack voltage is out of range: then nothing else can be trusted.
    """
    single: dict[str, float] = {}
    arrays: dict[str, FloatArray] = {}
    refused = []
    for point, place, raw in values:
        value, words = _value_of(point, place, raw)
        if words and point.value in _CARRY_THE_REST:
            raise ImplausibleError(words)
        refused += [words] if words else []
        if QUANTITIES[point.value].many:
            size = max(other.places.stop for other in points if other.value == point.value)
            arrays.setdefault(point.value, np.full(size, math.nan))[place] = value
        else:
            single[point.value] = value
    return DeviceReading(**single, **arrays, refused=tuple(refused))  # type: ignore[arg-type]  # names of QUANTITIES


def _value_of(point: Point, place: int, raw: float) -> tuple[float, str]:
    """The value, NaN where absent or refused, and the refusal in words."""
    if raw in point.absent or not math.isfinite(raw):
        return math.nan, ""
    value = (raw - point.zero) * point.scale
    if point.valid[0] <= value <= point.valid[1]:
        return value, ""
    quantity = QUANTITIES[point.value]
    where = f" {place + 1}" if quantity.many else ""
    return math.nan, f"{point.value}{where} {value:g} {quantity.unit}"


def _tables_of(points: object) -> Sequence[object]:
    if isinstance(points, str | Path):
        try:
            points = tomllib.loads(Path(points).read_text(encoding="utf-8")).get("points")
        except (OSError, ValueError) as error:
            raise ConfigurationError(f"the map {points} cannot be read: {error}") from error
    if not isinstance(points, list | tuple) or not points:
        raise ConfigurationError("points must be a list of tables, or the path of a TOML file with [[points]]")
    return points


def _point(number: int, table: object, own: Mapping[str, Any], required: Sequence[str]) -> Point:
    where = f"points, table {number}"
    if not isinstance(table, Mapping):
        raise ConfigurationError(f"{where}: must be a table")
    for key in table:
        if key not in _COMMON | own.keys():
            near = nearest_name(str(key), _COMMON | own.keys())
            raise ConfigurationError(f"{where}: unknown key '{key}'" + (f"; did you mean '{near}'?" if near else ""))
    for key in ("value", *required):
        if key not in table:
            raise ConfigurationError(f"{where}: needs '{key}'")
    value = table["value"]
    if value not in QUANTITIES:
        near = nearest_name(str(value), QUANTITIES)
        hint = f"did you mean '{near}'?" if near else f"there are: {', '.join(QUANTITIES)}"
        raise ConfigurationError(f"{where}: no quantity is called '{value}'; {hint}")
    quantity = QUANTITIES[value]
    first, count = _whole(where, table, "first"), _whole(where, table, "count")
    if not quantity.many and (first, count) != (1, 1):
        raise ConfigurationError(f"{where}: there is one {value} only")
    scale, zero = _number(where, table, "scale", 1.0), _number(where, table, "zero", 0.0)
    if scale == 0.0:
        raise ConfigurationError(f"{where}: scale must not be 0")
    return Point(
        value=value,
        first=first,
        count=count,
        scale=scale,
        zero=zero,
        absent=_numbers(where, "absent", table.get("absent", ())),
        valid=_range(where, table.get("valid", quantity.valid), quantity.valid),
        own={key: _typed(where, key, table.get(key, default), default) for key, default in own.items()},
    )


def _typed(where: str, key: str, value: object, default: object) -> object:
    if type(value) is not type(default):
        raise ConfigurationError(f"{where}: {key} must be a {type(default).__name__}")
    return value


def _whole(where: str, table: Mapping[str, Any], key: str) -> int:
    value = table.get(key, 1)
    if type(value) is not int or not 1 <= value <= _MOST_PLACES:
        raise ConfigurationError(f"{where}: {key} must be a whole number from 1 to {_MOST_PLACES}")
    return value


def _number(where: str, table: Mapping[str, Any], key: str, default: float) -> float:
    return _numbers(where, key, [table.get(key, default)])[0]


def _numbers(where: str, key: str, values: object) -> tuple[float, ...]:
    numbers = values if isinstance(values, list | tuple) else [values]
    found = [float(value) for value in numbers if isinstance(value, int | float) and not isinstance(value, bool)]
    if len(found) != len(numbers) or not all(map(math.isfinite, found)):
        raise ConfigurationError(f"{where}: {key} must be a finite number")
    return tuple(found)


def _range(where: str, values: object, widest: tuple[float, float]) -> tuple[float, float]:
    numbers = _numbers(where, "valid", values)
    if len(numbers) != 2 or not widest[0] <= numbers[0] < numbers[1] <= widest[1]:
        raise ConfigurationError(f"{where}: valid must be two rising numbers within {widest[0]:g} … {widest[1]:g}")
    return numbers[0], numbers[1]
