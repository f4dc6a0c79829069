"""Opening a file as a pack log: as it is where its columns are the format's, through a column map otherwise."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from cellwarden.core.errors import InputError
from cellwarden.logs.column_map import ColumnMap, Match, find_time, match_names, shipped_maps
from cellwarden.logs.columns import nearest_column
from cellwarden.logs.mapped import LongTable, MappedTable
from cellwarden.logs.slashed_dates import dated
from cellwarden.logs.tables import Table, open_table

__all__ = ["open_pack_log_file"]

_SHOWN_NAMES = 12


def _through(table: Table, column_map: ColumnMap) -> MappedTable | LongTable | None:
    """The file seen through a map, None where the map does not fit it."""
    if column_map.long is not None:
        return LongTable.read(table, column_map)
    match = match_names(column_map, table.names, table.names, table.file)
    return None if match is None else MappedTable(table, dated(table, column_map, match.time), match)


def open_pack_log_file(path: Path, column_map: ColumnMap | None = None, cell_count: int = 1) -> Table:
    """Open one file of a pack log; without a map, find the shipped one that fits best a pack of so many cells.

    Raises
    ------
    InputError
        Unreadable, or neither in the format nor matched by a map.
    """
    if column_map is not None:
        given = column_map.file
        table = open_table(
            path, delimiter=given.delimiter, decimal_comma=given.decimal_comma, skip_rows=given.skip_rows
        )
        seen = _through(table, column_map)
        if seen is None:
            raise InputError(
                f"{table.file}: the column map '{column_map.name}' finds no time or no cell voltages among the columns "
                f"{_shown(table)}; correct its [time] and [columns]."
            )
        return seen
    table = open_table(path)
    if any(name.startswith("cell_voltage_c") for name in table.names):
        return _with_other_time(table)
    found = [seen for shipped in shipped_maps() if (seen := _through(table, shipped)) is not None]
    if found:
        best = max(found, key=_known_count)
        _check_cells_known(best, cell_count)
        return best
    if any(name.startswith("unix_time_") for name in table.names):
        return table
    raise _not_recognised(table)


def _with_other_time(table: Table) -> Table:
    """A file in the format but for its time, which is told by another column, as text or under another name."""
    if any(name.startswith("unix_time_") for name in table.names):
        return table
    for shipped in sorted(shipped_maps(), key=lambda shipped: -len(shipped.time.formats)):
        time = find_time(table.names, shipped.time.columns)
        if shipped.long is None and time is not None:
            own = Match(time, {name: (name, None) for name in table.names if name != time})
            return MappedTable(table, dated(table, shipped, time), own)
    return table


def _not_recognised(table: Table) -> InputError:
    timed = [shipped for shipped in shipped_maps() if find_time(table.names, shipped.time.columns) is not None]
    for shipped in timed:
        long = shipped.long
        if long is not None and {long.name, long.value} <= set(table.names):
            entities = LongTable.entities(table, long.name)
            return InputError(
                f"{table.file}: this is an export of the kind '{shipped.name}', but none of its entities has the name "
                f"of a cell's voltage; they are: {_listed(entities)}. Export one entity for each cell; if they are "
                "there under other names, say with --map FILE which they are."
            )
    maps = ", ".join(shipped.name for shipped in shipped_maps())
    if timed:
        return InputError(
            f"{table.file}: none of the columns {_shown(table)} has the name of a cell's voltage, and nothing can be "
            "said without the voltage of every cell; name them cell_voltage_c1_volt …, or say with --map FILE "
            "which columns they are."
        )
    return InputError(
        f"{table.file}: the columns {_shown(table)} are neither a pack log's (unix_time_second, cell_voltage_c1_volt) "
        f"nor those of a known logger ({maps}); rename them, or say with --map FILE which columns they are."
    )


def _check_cells_known(seen: Table, cell_count: int) -> None:
    """Refuse a file of a pack's whole voltage whose cells have names that are not known."""
    if cell_count == 1 or any(name.startswith("cell_voltage_c2_") for name in seen.names):
        return
    strange = _like_cells([name.strip("'") for name in seen.names if name.startswith("'")], cell_count)
    if not strange:
        return
    near = nearest_column(strange[0]) or ""
    meant = near if near.startswith("cell_voltage_c") else "cell_voltage_c1_volt"
    raise InputError(
        f"{seen.file}: no column was recognised as a cell's voltage. Not known are {_listed(strange)}; did you "
        f"mean '{meant}'? Name them so, from the negative end, or say with --map FILE which columns they are."
    )


def _like_cells(names: Sequence[str], cell_count: int) -> list[str]:
    """Those of unknown names that may be cells: near a cell voltage's name, else as many with a number as cells."""
    near = [name for name in names if (nearest_column(name) or "").startswith("cell_voltage_c")]
    if near:
        return near
    families: dict[str, list[str]] = {}
    for name in names:
        families.setdefault(re.sub(r"\d+", "#", name), []).append(name)
    return next((family for family in families.values() if len(family) == cell_count), [])


def _known_count(table: Table) -> int:
    return sum(not name.startswith("'") for name in table.names)


def _shown(table: Table) -> str:
    return _listed(table.names)


def _listed(all_names: Sequence[str]) -> str:
    names = ", ".join(f"'{name}'" for name in all_names[:_SHOWN_NAMES])
    return names + (f" … ({len(all_names)} in all)" if len(all_names) > _SHOWN_NAMES else "")
