"""Dates with slashes, as spreadsheets write them: whether day or month comes first, the column itself has to tell."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from cellwarden.core.errors import InputError
from cellwarden.logs.column_map import SLASHES, ColumnMap
from cellwarden.logs.tables import Table

__all__ = ["dated"]

_DATE = r"^\s*(?P<one>\d{1,2})/(?P<two>\d{1,2})/\d{4}\s+\d{1,2}:\d\d(?::\d\d)?\s*$"
_MONTHS = 12


def dated(table: Table, column_map: ColumnMap, time: str) -> ColumnMap:
    """The map with the one form in which a file writes dates with slashes, for a map that leaves it to the file.

    A file without such dates leaves the map as it is.

    Raises
    ------
    InputError
        No number over 12 in the column tells days from months, or there are such in both places.
    """
    if SLASHES not in column_map.time.formats:
        return column_map
    one, two, example = _largest(table, time)
    if not example:
        return column_map
    if (one > _MONTHS) == (two > _MONTHS):
        raise _undecided(table.file, time, example, known=one > _MONTHS)
    date = "%d/%m/%Y" if one > _MONTHS else "%m/%d/%Y"
    forms = [f"{date} %H:%M:%S", f"{date} %H:%M"]
    return column_map.model_copy(update={"time": column_map.time.model_copy(update={"format": forms})})


def _largest(table: Table, time: str) -> tuple[int, int, str]:
    """The largest first and second number of all dates, and the first date; none where they have no slashes."""
    one, two, example = 0, 0, ""
    for batch in table.batches([time], frozenset({time})):
        values = batch.column(0).drop_null()
        if not len(values):
            continue
        if not (pa.types.is_string(values.type) or pa.types.is_large_string(values.type)):
            break
        found = pc.extract_regex(values, _DATE).drop_null()
        if not example and not pc.match_substring_regex(values.slice(0, 1), _DATE)[0].as_py():
            break
        example = example or str(values[0].as_py())
        if len(found):
            one = max(one, pc.max(found.field("one").cast(pa.int64())).as_py())
            two = max(two, pc.max(found.field("two").cast(pa.int64())).as_py())
    return one, two, example


def _undecided(file: str, time: str, example: str, *, known: bool) -> InputError:
    why = "the day stands first in some and the month in others" if known else "day or month may stand first"
    seconds = ":%S" if example.count(":") > 1 else ""
    return InputError(
        f"{file}: in the dates of column '{time}', such as '{example}', {why}; write them as 2025-06-15 15:20, or say "
        f'with --map FILE how they are written (under [time], format = "%d/%m/%Y %H:%M{seconds}").'
    )
