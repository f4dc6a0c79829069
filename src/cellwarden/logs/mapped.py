"""Foreign files seen as pack logs: columns renamed and converted by a column map, long files made wide."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cellwarden.core.errors import InputError
from cellwarden.core.sample_block import FloatArray
from cellwarden.logs.column_map import SLASHES, ColumnMap, Match, TimeColumn, find_time, match_names
from cellwarden.logs.columns import known_column
from cellwarden.logs.tables import Table

__all__ = ["LongTable", "MappedTable"]

_TIME = "unix_time_second"
_LATER_THAN = ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3))
_EXAMPLE = datetime(2025, 6, 15, 15, 20, tzinfo=UTC)
_UNIX_DIVISOR = {"second": 1.0, "millisecond": 1e3, "microsecond": 1e6}


def _is_text_time(column_map: ColumnMap) -> bool:
    return column_map.time.formats != ["unix"]


def _unix_times(values: pa.Array, column_map: ColumnMap, file: str, column: str) -> FloatArray:
    """Stamps of a column as unix time (T,) [s], NaN where empty."""
    stamp = column_map.time
    if pa.types.is_timestamp(values.type):
        return _seconds(values if values.type.tz else _zoned(values, stamp.zone))
    known = values.drop_null()
    if not len(known):
        return np.full(len(values), np.nan)
    wrong = str(known[0].as_py())
    for form in stamp.formats:
        if form == SLASHES:  # the file has no such dates, else the map would say which
            continue
        try:
            _parsed(known.slice(0, 1), form, stamp)
        except pa.ArrowInvalid:
            continue
        try:
            return _parsed(values, form, stamp)
        except pa.ArrowInvalid as cause:
            quoted = re.search(r"'(.*?)'", str(cause))
            wrong = quoted.group(1) if quoted else wrong
            break
    raise InputError(
        f"{file}: column '{column}' does not hold times of the form {' or '.join(map(_shown, stamp.formats))}: it has "
        f"'{wrong}'; correct them, or say their form in a column map (--map FILE)."
    )


def _shown(form: str) -> str:
    """A form as a reader knows it: a pattern by an example."""
    if form == SLASHES:
        return "dates with slashes"
    return _EXAMPLE.strftime(form) if "%" in form else form


def _divisor_seen(stamps: FloatArray) -> float:
    """1 for seconds; a thousand, a million for numbers that as seconds would be thousands of years ahead."""
    known = np.abs(stamps[np.isfinite(stamps)])
    middle = float(np.median(known)) if len(known) else 0.0
    return next((divisor for bound, divisor in _LATER_THAN if middle >= bound), 1.0)


def _parsed(values: pa.Array, form: str, stamp: TimeColumn) -> FloatArray:
    """Numbers or text of one form as unix time (T,) [s]."""
    if form == "unix":
        number: FloatArray = values.cast(pa.float64()).to_numpy(zero_copy_only=False)
        return number / (_divisor_seen(number) if stamp.unit == "second" else _UNIX_DIVISOR[stamp.unit])
    text = values.cast(pa.string())
    if form != "iso8601":
        return _seconds(_zoned(pc.strptime(text, format=form, unit="us"), stamp.zone))
    first = text.drop_null().slice(0, 1)
    if len(first) and pc.match_substring_regex(first, r"(Z|[+-]\d\d:?\d\d)$")[0].as_py():
        return _seconds(text.cast(pa.timestamp("us", "UTC")))
    return _seconds(_zoned(text.cast(pa.timestamp("us")), stamp.zone))


def _zoned(stamps: pa.Array, zone: str) -> pa.Array:
    """Stamps of a local clock; of an hour that comes twice the first is meant, the second shows as a step back."""
    return pc.assume_timezone(stamps, zone, ambiguous="earliest", nonexistent="earliest")


def _seconds(stamps: pa.Array) -> FloatArray:
    micro = stamps.cast(pa.timestamp("us", stamps.type.tz), safe=False).cast(pa.int64())
    seconds: FloatArray = micro.to_numpy(zero_copy_only=False) / 1e6
    return seconds


def _factor(column_map: ColumnMap, contract_name: str, key: str | None) -> float:
    """What a column's numbers are multiplied by; one with a name of the format says itself what they are."""
    if key is None:
        return 1.0
    sign = -1.0 if contract_name.startswith("current_") and column_map.current.positive == "discharge" else 1.0
    return sign * column_map.scale.get(key, 1.0)


@dataclass(slots=True)
class MappedTable:
    """A wide foreign file under contract names; columns that the map does not know keep their own."""

    table: Table
    column_map: ColumnMap
    match: Match

    @property
    def file(self) -> str:
        """Name for messages."""
        return self.table.file

    @property
    def names(self) -> tuple[str, ...]:
        """Contract names of what the map found; the others as they are, marked as not the format's."""
        used = {name for name, _ in self.match.columns.values()} | {self.match.time}
        return (_TIME, *self.match.columns, *(f"'{name}'" for name in self.table.names if name not in used))

    @property
    def torn_lines(self) -> int:
        """Lines that the last reading had to pass over."""
        return self.table.torn_lines

    def row_count_estimate(self) -> int:
        """Rows, exact or from the file's size."""
        return self.table.row_count_estimate()

    def all_null(self) -> frozenset[str]:
        """Contract names of columns of which the file itself says that they hold nothing."""
        empty = self.table.all_null()
        return frozenset(name for name, (theirs, _) in self.match.columns.items() if theirs in empty)

    @property
    def _native_second(self) -> float | None:
        """How many units of the time column a second has, where its name is the format's and not one of the map's."""
        if find_time((self.match.time,), self.column_map.time.columns) is not None:
            return None
        column = known_column(self.match.time)
        return None if column is None else column.divisor

    def batches(self, columns: Sequence[str], text: frozenset[str] = frozenset()) -> Iterator[pa.RecordBatch]:
        """These columns, by contract name, in base form piece by piece."""
        theirs = [self.match.time if name == _TIME else self.match.columns[name][0] for name in columns]
        is_text = _is_text_time(self.column_map) and self._native_second is None
        as_text = frozenset({self.match.time}) if is_text else text
        for batch in self.table.batches(theirs, as_text):
            arrays = [self._array(batch, name, own) for name, own in zip(columns, theirs, strict=True)]
            yield pa.RecordBatch.from_arrays(arrays, names=list(columns))

    def _array(self, batch: pa.RecordBatch, name: str, own: str) -> pa.Array:
        values = batch.column(batch.schema.get_field_index(own))
        if name == _TIME:
            if self._native_second is not None:
                return pc.divide(values.cast(pa.float64(), safe=False), self._native_second)
            return pa.array(_unix_times(values, self.column_map, self.file, own))
        factor = _factor(self.column_map, name, self.match.columns[name][1])
        return values if factor == 1.0 else pc.multiply(values.cast(pa.float64()), factor)


@dataclass(slots=True)
class LongTable:
    """A foreign file with one value per row, made wide in memory: each value holds until the next of its name.

    A row is made at each multiple of the map's `row_second` by which something has changed; a value that is not a
    number ("unavailable") is missing until the next.
    """

    wide: pa.Table
    file: str
    torn_lines: int = 0

    @property
    def names(self) -> tuple[str, ...]:
        """Contract names, then the names in the file that the map does not know."""
        return tuple(self.wide.column_names)

    def row_count_estimate(self) -> int:
        """Rows, exactly."""
        return int(self.wide.num_rows)

    def all_null(self) -> frozenset[str]:
        """Columns that hold nothing."""
        return frozenset(name for name in self.names if self.wide[name].null_count == self.wide.num_rows)

    def batches(self, columns: Sequence[str], text: frozenset[str] = frozenset()) -> Iterator[pa.RecordBatch]:
        """These columns piece by piece."""
        del text
        yield from self.wide.select(list(columns)).to_batches(max_chunksize=131072)

    @staticmethod
    def entities(table: Table, name_column: str) -> tuple[str, ...]:
        """The names of the values in a long file's first piece, in their order."""
        first = next(iter(table.batches([name_column], frozenset({name_column}))), None)
        found = [] if first is None else pc.unique(first.column(0)).to_pylist()
        return tuple(str(name) for name in found if name is not None)

    @classmethod
    def read(cls, table: Table, column_map: ColumnMap) -> LongTable | None:
        """Read a long file whole; None where the map does not fit it."""
        long = column_map.long
        time = next((name for name in table.names if name.lower() in map(str.lower, column_map.time.columns)), None)
        if long is None or time is None or not {long.name, long.value} <= set(table.names):
            return None
        wanted = [long.name, time, long.value]
        text = frozenset(wanted if _is_text_time(column_map) else [long.name, long.value])
        whole = pa.Table.from_batches(list(table.batches(wanted, text)))
        entities = whole[long.name].combine_chunks().dictionary_encode()
        present = tuple(str(name) for name in entities.dictionary.to_pylist() if name is not None)
        match = match_names(column_map, table.names, present, table.file)
        if match is None:
            return None
        times = _unix_times(whole[time].combine_chunks(), column_map, table.file, time)
        values = _numbers(whole[long.value].combine_chunks())
        codes = entities.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        return cls(_pivot(times, codes, values, present, column_map, match), table.file, table.torn_lines)


def _numbers(text: pa.Array) -> FloatArray:
    """Texts as numbers, NaN where they are none: a state such as "unavailable" is no reading."""
    trimmed = pc.utf8_trim_whitespace(text)
    is_number = pc.match_substring_regex(trimmed, r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$")
    chosen = pc.if_else(pc.fill_null(is_number, False), trimmed, pa.scalar(None, pa.string()))  # noqa: FBT003
    numbers: FloatArray = chosen.cast(pa.float64()).to_numpy(zero_copy_only=False)
    return numbers


def _pivot(
    times: FloatArray,
    codes: FloatArray,
    values: FloatArray,
    present: tuple[str, ...],
    column_map: ColumnMap,
    match: Match,
) -> pa.Table:
    """One column per matched name on a common time, each value held until the next."""
    step = column_map.long.row_second if column_map.long is not None else 1.0
    slots = np.ceil(times / step)
    position = {name: place for place, name in enumerate(present)}
    used = np.isin(codes, [position[name] for name, _ in match.columns.values()]) & np.isfinite(slots)
    rows = np.unique(slots[used])
    columns: dict[str, FloatArray] = {_TIME: rows * step}
    for contract_name, (name, key) in match.columns.items():
        own = np.flatnonzero((codes == position[name]) & used)
        own = own[np.argsort(times[own], kind="stable")]
        place = np.searchsorted(slots[own], rows, side="right") - 1
        held = np.where(place >= 0, values[own][np.maximum(place, 0)], np.nan)
        columns[contract_name] = held * _factor(column_map, contract_name, key)
    matched = {name for name, _ in match.columns.values()}
    rest: dict[str, FloatArray] = {f"'{name}'": np.full(len(rows), np.nan) for name in present if name not in matched}
    return pa.table({name: pa.array(column, from_pandas=True) for name, column in (columns | rest).items()})
