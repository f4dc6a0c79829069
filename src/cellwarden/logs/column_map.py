"""Column maps: which columns of a foreign file are which of the format, as data files.

A map is a TOML file::

    name = "my-logger"

    [file]                      # all optional
    delimiter = ";"
    decimal_comma = true
    skip_rows = 0               # lines before the header

    [time]
    columns = ["Date"]          # the first that the file has
    format = "unix"             # "unix", "iso8601", "slashes" (15/06/2025 15:20, day or month first as the column
                                # shows), a pattern such as "%d.%m.%Y %H:%M:%S", or a list of them: the first that
                                # reads the file's first stamp
    unit = "second"             # of unix time: "second", "millisecond" or "microsecond"
    zone = "Europe/Berlin"      # of stamps that do not say their zone; "UTC" by default

    [current]
    positive = "discharge"      # "charge" by default

    [columns]                   # contract's name = what the file may call it; {k} is the index, * is anything
    "cell_voltage_c{k}_volt" = ["Cell {k} (V)", "V{k}"]
    "current_ampere" = ["I (A)"]

    [scale]                     # only for units that no suffix has: what the file's numbers are multiplied by
    "current_ampere" = 0.1

    [long]                      # only for files with one value per row
    name = "entity_id"
    value = "state"
    row_second = 1.0            # rows of the wide table are made this far apart, where anything changed

Headers are compared without regard to case and outer blanks; an index that begins at 0 is moved to 1. Columns with a
name of the format are read as what they are, so that a map needs to name only the others; `positive` and `[scale]` are
of the columns that the map names.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from cellwarden.core.errors import ConfigurationError, InputError, nearest_name, plain_cause
from cellwarden.logs.columns import Column, known_column, quantity_names

__all__ = ["SLASHES", "ColumnMap", "Match", "TimeColumn", "find_time", "match_names", "read_map", "shipped_maps"]

SLASHES = "slashes"
_STRICT = ConfigDict(extra="forbid", frozen=True)


class _File(BaseModel):
    model_config = _STRICT
    delimiter: str | None = None
    decimal_comma: bool | None = None
    skip_rows: Annotated[int, Field(ge=0)] = 0


class TimeColumn(BaseModel):
    """Where a file has its time, and in which form."""

    model_config = _STRICT
    columns: list[str]
    format: str | list[str] = "unix"
    unit: Literal["second", "millisecond", "microsecond"] = "second"
    zone: str = "UTC"

    @property
    def formats(self) -> list[str]:
        """The forms that a stamp may have, in the order in which they are tried."""
        return [self.format] if isinstance(self.format, str) else self.format

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError) as cause:
            raise ValueError(f"'{zone}' is no time zone; give one such as Europe/Berlin") from cause
        return zone


class _Current(BaseModel):
    model_config = _STRICT
    positive: Literal["charge", "discharge"] = "charge"


class _Long(BaseModel):
    model_config = _STRICT
    name: str
    value: str
    row_second: Annotated[float, Field(gt=0.0)] = 1.0


class ColumnMap(BaseModel):
    """One column map, as in its file."""

    model_config = _STRICT
    name: str
    file: _File = _File()
    time: TimeColumn
    current: _Current = _Current()
    columns: dict[str, list[str]] = {}
    scale: dict[str, float] = {}
    long: _Long | None = None

    @field_validator("columns", "scale")
    @classmethod
    def _known_names(cls, value: dict[str, object]) -> dict[str, object]:
        for name in value:
            if name not in quantity_names():
                near = nearest_name(name, quantity_names())
                raise ValueError(f"'{name}' is no column of a pack log" + (f"; did you mean '{near}'?" if near else ""))
        return value


@dataclass(frozen=True, slots=True)
class Match:
    """What a map finds in a file: the time column, and for each contract name (column in the file, key in the map).

    The key is None of a column that has its name from the format and not from the map.
    """

    time: str
    columns: dict[str, tuple[str, str | None]]


def _parse(text: str, where: str) -> ColumnMap:
    try:
        return ColumnMap.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as cause:
        raise ConfigurationError(f"{where}: not readable as TOML ({cause}); correct that line.") from cause
    except ValidationError as cause:
        first = cause.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise ConfigurationError(f"{where}: {key}: {first['msg'].removeprefix('Value error, ')}.") from cause


def read_map(path: Path) -> ColumnMap:
    """Read a column map.

    Raises
    ------
    ConfigurationError
        No such file, not TOML, or a key or value that a map cannot have.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as cause:
        raise ConfigurationError(
            f"{path}: the column map cannot be read ({plain_cause(cause)}); check the path."
        ) from cause
    return _parse(text, path.name)


@cache
def shipped_maps() -> tuple[ColumnMap, ...]:
    """The maps of this package, by name."""
    folder = resources.files("cellwarden.logs") / "maps"
    files = sorted((item for item in folder.iterdir() if item.name.endswith(".toml")), key=lambda item: item.name)
    return tuple(_parse(item.read_text(encoding="utf-8"), item.name) for item in files)


@cache
def _pattern(text: str) -> re.Pattern[str]:
    escaped = re.escape(text.strip()).replace(r"\{k\}", "0*([0-9]+)").replace(r"\*", ".*")
    return re.compile(escaped, re.IGNORECASE)


def find_time(names: tuple[str, ...], choices: list[str]) -> str | None:
    """The name of the time column, the first choice that is there."""
    for choice in choices:
        for name in names:
            if _pattern(choice).fullmatch(name.strip()):
                return name
    return None


def match_names(column_map: ColumnMap, header: tuple[str, ...], names: tuple[str, ...], file: str) -> Match | None:
    """Match a file against a map: the time column among `header`, quantities among `names`.

    `names` is the header too, or in a long file the names in its name column. None where time or cell voltages are
    not found.

    Raises
    ------
    InputError
        Two columns match the same quantity.
    """
    time = find_time(header, column_map.time.columns) or _native_time(header)
    if time is None:
        return None
    found: dict[str, tuple[str, str | None]] = {}
    for key, choices in column_map.columns.items():
        hits = _hits(names, choices, file, key)
        shift = 1 if 0 in hits else 0
        for index, name in hits.items():
            found[key.replace("{k}", str(index + shift))] = (name, key)
    found |= _native(names, {time, *(name for name, _ in found.values())}, tuple(found))
    if not any(name.startswith("cell_voltage_c") for name in found):
        return None
    return Match(time, found)


def _native_time(header: tuple[str, ...]) -> str | None:
    """The time column that has a name of the format."""
    for name in header:
        column = known_column(name)
        if column is not None and column.field == "unix_time_second":
            return name
    return None


def _quantity(column: Column) -> tuple[str, int, str | None]:
    return column.field, column.index, column.source


def _native(names: tuple[str, ...], used: set[str], found: tuple[str, ...]) -> dict[str, tuple[str, str | None]]:
    """Columns that have a name of the format, of quantities for which the map found none."""
    taken = {_quantity(column) for name in found if (column := known_column(name)) is not None}
    own: dict[str, tuple[str, str | None]] = {}
    for name in names:
        column = known_column(name)
        if column is None or name in used or column.field == "unix_time_second" or _quantity(column) in taken:
            continue
        own[name] = (name, None)
    return own


def _hits(names: tuple[str, ...], choices: list[str], file: str, key: str) -> dict[int, str]:
    """Names for one key by index, from the first choice that matches any."""
    for choice in choices:
        hits: dict[int, str] = {}
        for name in names:
            matched = _pattern(choice).fullmatch(name.strip())
            if matched is None:
                continue
            index = int(matched.group(1)) if matched.groups() else 1
            if index in hits:
                raise InputError(
                    f"{file}: both '{hits[index]}' and '{name}' could be {key.replace('{k}', str(index))}; "
                    "name the right ones in a column map and give it with --map FILE."
                )
            hits[index] = name
        if hits:
            return hits
    return {}
