"""Which column of a file fills which place of a sample block, for one file and for the whole log."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cellwarden.core.errors import InputError
from cellwarden.logs.columns import Column, nearest_column

__all__ = ["FilePlan", "LogLayout", "Place", "log_layout", "plan_file"]

_PER_CELL = ("cell_voltage_volt", "balancing_fraction", "balancing_current_ampere", "impedance_ohm")


@dataclass(frozen=True, slots=True)
class Place:
    """One column of a sample block: the file's column for it, and one that steps in where that is null."""

    column: Column
    stand_in: Column | None


@dataclass(frozen=True, slots=True)
class FilePlan:
    """What of one file is read. `ignored` names the columns that are not."""

    file: str
    places: tuple[Place, ...]
    ignored: tuple[str, ...]
    other_sources: tuple[str, ...]

    def has(self, field: str) -> bool:
        """Whether the file has a column for that array."""
        return any(place.column.field == field for place in self.places)

    def indices(self, field: str) -> tuple[int, ...]:
        """The indices of the columns for that array, rising."""
        return tuple(sorted(place.column.index for place in self.places if place.column.field == field))

    @property
    def column_names(self) -> tuple[str, ...]:
        """Every column to be read, once."""
        names = [place.column.name for place in self.places]
        return (*names, *(place.stand_in.name for place in self.places if place.stand_in is not None))


@dataclass(frozen=True, slots=True)
class LogLayout:
    """The arrays that the log's blocks have. `sensors` holds the indices of the temperature columns, rising."""

    cell_count: int
    sensors: tuple[int, ...]
    fields: frozenset[str]


def _check_cells(plan: FilePlan, names: Iterable[str], cell_count: int) -> None:
    cells = plan.indices("cell_voltage_volt")
    if not cells:
        found = ", ".join(list(names)[:12]) or "none"
        raise InputError(
            f"{plan.file}: no cell voltage columns (cell_voltage_c1_volt … cell_voltage_c{cell_count}_volt); the "
            f"columns are: {found}. Name them so, or say with --map FILE which columns they are."
        )
    missing = sorted(set(range(1, max(cells) + 1)) - set(cells))
    if missing:
        raise InputError(
            f"{plan.file}: column cell_voltage_c{missing[0]}_… is missing although there is c{max(cells)}; add it "
            "(empty where the cell was not measured) or number the cells without a gap."
        )
    if max(cells) != cell_count:
        raise InputError(
            f"{plan.file}: {max(cells)} cell voltage column{'s' * (max(cells) > 1)}, but the pack description says "
            f"cells_in_series = {cell_count}; correct pack.toml or give the log of that pack.{_perhaps_meant(plan)}"
        )


def _perhaps_meant(plan: FilePlan) -> str:
    """The first column that was not read although its name is near a cell voltage's, as a sentence; else nothing."""
    for name in plan.ignored:
        plain = name.strip("'")
        near = nearest_column(plain)
        if near is not None and near.startswith("cell_voltage_c"):
            return f" Column '{plain}' was not read: did you mean '{near}'?"
    return ""


def plan_file(
    file: str,
    names: Sequence[str],
    columns: Iterable[Column],
    ignored: tuple[str, ...],
    cell_count: int,
    source: str | None,
) -> FilePlan:
    """Choose the columns of one file.

    Columns of `source` (None: those without a source's name) are read. Where the chosen source lacks a quantity or has
    a null, the first other source in the file that has it steps in.

    Raises
    ------
    InputError
        No time column, or cell columns that do not fit the pack.
    """
    ranked: dict[tuple[str, int], list[Column]] = {}
    by_choice = sorted(columns, key=lambda column: (column.source != source, column.source is not None))
    for column in by_choice:
        ranked.setdefault((column.field, column.index), []).append(column)
    places = tuple(Place(found[0], found[1] if len(found) > 1 else None) for found in ranked.values())
    others = sorted({column.source or "main" for column in by_choice if column.source != source})
    plan = FilePlan(file, places, ignored, tuple(others))
    if not plan.has("unix_time_second"):
        raise InputError(
            f"{file}: no time column; name it unix_time_second, unix_time_millisecond or unix_time_microsecond (UTC), "
            "or say with --map FILE which column it is."
        )
    _check_cells(plan, names, cell_count)
    for field in _PER_CELL[1:]:
        beyond = [index for index in plan.indices(field) if index > cell_count]
        if beyond:
            raise InputError(
                f"{file}: {field.rsplit('_', 1)[0]} names cell {beyond[0]}, but the pack has {cell_count}."
            )
    return plan


def log_layout(plans: Sequence[FilePlan], cell_count: int) -> LogLayout:
    """What the blocks of a log hold when it consists of these files."""
    fields = frozenset(place.column.field for plan in plans for place in plan.places)
    sensors = sorted({index for plan in plans for index in plan.indices("temperature_celsius")})
    return LogLayout(cell_count, tuple(sensors), fields)
