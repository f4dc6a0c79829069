"""From a record batch of a file to rows in base units.

A number becomes its base unit by one division (`3305 / 1000`), which gives the double nearest to the true quotient:
the same reading in volt, millivolt, Parquet or CSV is the same double.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from cellwarden.core.pack_spec import PackSpec
from cellwarden.core.sample_block import FloatArray, SampleBlock
from cellwarden.logs.layout import FilePlan, LogLayout
from cellwarden.logs.readings import Reading, ReadingCheck
from cellwarden.logs.rows import Rows

__all__ = ["Converter"]

_PIECE_ROWS = 16384  # arrays of 2 MB: the next stage still finds them in the cache
_TILE_ROWS = 4096  # a tile of all columns stays in the cache while they are woven into rows


class Converter:
    """Converts the batches of one file; `check` counts what was missing or impossible in all of them."""

    def __init__(self, plan: FilePlan, layout: LogLayout, pack: PackSpec) -> None:
        self.check = ReadingCheck(pack)
        self._plan = plan
        self._layout = layout
        self._rows_before = 0

    def rows(self, batch: pa.RecordBatch) -> Iterator[Rows]:
        """The batch in pieces of at most 16,384 rows."""
        by_field: dict[str, list[Reading]] = {}
        for place in self._plan.places:
            reading = self.check.reading(batch, place, self._plan.file, self._rows_before)
            by_field.setdefault(place.column.field, []).append(reading)
        self._rows_before += batch.num_rows
        for begin in range(0, batch.num_rows, _PIECE_ROWS):
            yield self._piece(by_field, begin, min(begin + _PIECE_ROWS, batch.num_rows))

    def _shapes(self, rows: int) -> dict[str, tuple[int, ...]]:
        """Shape of every array that the log's blocks have."""
        cells = (rows, self._layout.cell_count)
        always = {
            "unix_time_second": (rows,),
            "current_ampere": (rows,),
            "pack_voltage_volt": (rows,),
            "cell_voltage_volt": cells,
            "temperature_celsius": (rows, len(self._layout.sensors)),
            "ambient_temperature_celsius": (rows,),
        }
        per_cell = ("balancing_fraction", "balancing_current_ampere", "impedance_ohm")
        present = self._layout.fields - always.keys()
        return always | {name: cells if name in per_cell else (rows,) for name in present}

    def _piece(self, by_field: dict[str, list[Reading]], begin: int, end: int) -> Rows:
        arrays: dict[str, Any] = {}
        targets: list[tuple[FloatArray, Reading]] = []
        for name, shape in self._shapes(end - begin).items():
            readings = by_field.get(name, [])
            width = shape[1] if len(shape) > 1 else 1
            only = _only_value(readings, begin, end)
            rows = _rows_of(readings, begin, end) if len(readings) == width > 1 and only is None else None
            if rows is not None:
                arrays[name] = rows.reshape(shape)
                continue
            if len(readings) < width:
                arrays[name] = np.full(shape, np.nan)
            elif only is not None:
                arrays[name] = np.full(shape, only)
                continue
            else:
                arrays[name] = np.empty(shape)
            targets.extend((self._target(arrays[name], reading), reading) for reading in readings)
        _weave(targets, begin, end)
        uptime = arrays.pop("bms_uptime_second", None)
        return Rows(SampleBlock(**arrays), uptime)

    def _target(self, array: FloatArray, reading: Reading) -> FloatArray:
        """Where in the array the reading goes."""
        column = reading.column
        if column.field == "temperature_celsius":
            return array[:, self._layout.sensors.index(column.index)]
        return array if array.ndim == 1 else array[:, column.index - 1]


def _only_value(readings: Sequence[Reading], begin: int, end: int) -> float | None:
    """The value that all readings have in rows begin … end−1, as a resting balancer's do; None for several."""
    first = None
    for reading in readings:
        numbers = reading.numbers[begin:end]
        if numbers[0] != numbers[-1] or (first is not None and numbers[0] != first):
            return None
        first = numbers[0]
    if any(_varies(reading, begin, end) for reading in readings):
        return None
    divisors = {reading.divisor for reading in readings}
    return float(first) / divisors.pop() if first is not None and len(divisors) == 1 else None


def _varies(reading: Reading, begin: int, end: int) -> bool:
    """Whether rows begin … end−1, of which the first and the last are alike, hold more than one value, or a NaN."""
    numbers = reading.numbers[begin:end]
    return reading.lowest != reading.highest and bool(numbers.min() != numbers.max())


def _rows_of(readings: Sequence[Reading], begin: int, end: int) -> FloatArray | None:
    """Rows begin … end−1 of whole numbers that stand in order and share a unit; None for others."""
    from cellwarden.logs.weave import woven  # not before there is something to read: it brings the compiler

    places = [reading.column.index for reading in readings]
    if places != sorted(places) or len({reading.divisor for reading in readings}) > 1:
        return None
    return woven(
        [reading.numbers[begin:end] for reading in readings],
        readings[0].divisor,
        min(reading.lowest for reading in readings),
        max(reading.highest for reading in readings),
    )


def _weave(targets: Sequence[tuple[FloatArray, Reading]], begin: int, end: int) -> None:
    """Divide the readings of rows begin … end−1 into their places, tile by tile."""
    for tile in range(0, end - begin, _TILE_ROWS):
        stop = min(tile + _TILE_ROWS, end - begin)
        for where, reading in targets:
            numbers = reading.numbers[begin + tile : begin + stop]
            np.divide(numbers, reading.divisor, out=where[tile:stop], dtype=np.float64)
