"""Column names of a pack log: quantity, index and unit, as the format describes them.

Imports core only. A name is `quantity[_index]_unit[__source]`: `cell_voltage_c3_millivolt__array` is the third cell's
voltage in millivolt, from the source "array".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cellwarden.core.errors import InputError, nearest_name

__all__ = ["Column", "Quantity", "known_column", "nearest_column", "parse_columns", "quantity_names"]

_VOLT = {"volt": 1.0, "millivolt": 1e3, "microvolt": 1e6}
_AMPERE = {"ampere": 1.0, "milliampere": 1e3}
_CELSIUS = {"celsius": 1.0, "decicelsius": 10.0, "millicelsius": 1e3, "fahrenheit": 1.8}
_ZERO = {"fahrenheit": 32.0}
_FRACTION = {"fraction": 1.0, "percent": 100.0}


@dataclass(frozen=True, slots=True)
class Quantity:
    """One row of the format's table. `units` maps a suffix to the number that divides to the quantity's base unit.

    `field` names the array that it fills.
    """

    stem: str
    index_letter: str
    units: Mapping[str, float]
    field: str


_QUANTITIES = (
    Quantity("unix_time", "", {"second": 1.0, "millisecond": 1e3, "microsecond": 1e6}, "unix_time_second"),
    Quantity("current", "", _AMPERE, "current_ampere"),
    Quantity("voltage", "", _VOLT, "pack_voltage_volt"),
    Quantity("cell_voltage", "c", _VOLT, "cell_voltage_volt"),
    Quantity("temperature", "t", _CELSIUS, "temperature_celsius"),
    Quantity("ambient_temperature", "", _CELSIUS, "ambient_temperature_celsius"),
    Quantity("balancing", "c", _FRACTION, "balancing_fraction"),
    Quantity("balancing", "c", _AMPERE, "balancing_current_ampere"),
    Quantity("impedance", "c", {"ohm": 1.0, "microohm": 1e6}, "impedance_ohm"),
    Quantity("bms_soc", "", _FRACTION, "bms_soc_fraction"),
    Quantity("charge_switch", "", _FRACTION, "charge_switch_fraction"),
    Quantity("discharge_switch", "", _FRACTION, "discharge_switch_fraction"),
    Quantity("bms_uptime", "", {"second": 1.0, "millisecond": 1e3, "microsecond": 1e6}, "bms_uptime_second"),
    Quantity("charge_voltage_limit", "", _VOLT, "charge_voltage_limit_volt"),
    Quantity("charge_current_limit", "", _AMPERE, "charge_current_limit_ampere"),
    Quantity("discharge_current_limit", "", _AMPERE, "discharge_current_limit_ampere"),
)


def _pattern(stem: str, index_letter: str) -> re.Pattern[str]:
    index = f"_{index_letter}([1-9][0-9]*)" if index_letter else "()"
    return re.compile(f"{stem}{index}(?:_([a-z]+))?")


_BY_PATTERN = tuple(
    (_pattern(stem, letter), tuple(q for q in _QUANTITIES if (q.stem, q.index_letter) == (stem, letter)))
    for stem, letter in dict.fromkeys((q.stem, q.index_letter) for q in _QUANTITIES)
)


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a file: what it fills and how its numbers become the base unit ((number − zero) / divisor).

    `index` counts from 1, 0 for a quantity without index; `source` is None for the log's own source.
    """

    name: str
    field: str
    index: int
    divisor: float
    source: str | None
    zero: float = 0.0


def quantity_names() -> tuple[str, ...]:
    """Every contract name with `{k}` for the index: what a column map may name on its left side."""
    return tuple(
        f"{q.stem}{f'_{q.index_letter}{{k}}' if q.index_letter else ''}_{unit}" for q in _QUANTITIES for unit in q.units
    )


def nearest_column(name: str) -> str | None:
    """The column of a pack log whose name is most like this one's, None where none is near."""
    numbers = re.findall(r"\d+", name)
    near = nearest_name(re.sub(r"\d+", "{k}", name), quantity_names())
    return near if near is None else near.replace("{k}", numbers[0] if numbers else "1")


def _parse(name: str, file: str) -> Column | None:
    """The column behind a name, None where the format knows no such quantity."""
    plain, _, source = name.partition("__")
    for pattern, same in _BY_PATTERN:
        match = pattern.fullmatch(plain)
        if match is None:
            continue
        index, unit = match.groups()
        for quantity in same:
            if unit in quantity.units:
                divisor, zero = quantity.units[unit], _ZERO.get(unit, 0.0)
                return Column(name, quantity.field, int(index or 0), divisor, source or None, zero)
        stem = plain.removesuffix(f"_{unit}") if unit else plain
        accepted = ", ".join(f"{stem}_{accepted}" for quantity in same for accepted in quantity.units)
        has = f"has the unit '{unit}', which it cannot have" if unit else "has no unit in its name"
        raise InputError(f"{file}: column '{name}' {has}; convert it to and name it one of: {accepted}.")
    return None


def known_column(name: str) -> Column | None:
    """The column behind a name of the format, None where it is none, or has a unit that it cannot have."""
    try:
        return _parse(name, "")
    except InputError:
        return None


def parse_columns(names: Iterable[str], file: str) -> tuple[tuple[Column, ...], tuple[str, ...]]:
    """Sort a file's column names into known columns and ignored names.

    Raises
    ------
    InputError
        A known quantity with a unit that it cannot have, or the same quantity twice.
    """
    columns: dict[tuple[str, int, str | None], Column] = {}
    ignored = []
    for name in names:
        column = _parse(name, file)
        if column is None:
            ignored.append(name)
            continue
        key = (column.field, column.index, column.source)
        if key in columns:
            raise InputError(
                f"{file}: the columns '{columns[key].name}' and '{name}' hold the same quantity; keep one of them."
            )
        columns[key] = column
    return tuple(columns.values()), tuple(ignored)
