"""From a record batch of a file to rows in base units, with what was missing or impossible counted.

A number becomes its base unit by one division (`3305 / 1000`), which gives the double nearest to the true quotient:
the same reading in volt, millivolt, Parquet or CSV is the same double. Values that no sensor can have measured become
NaN.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cellwarden.core.errors import InputError
from cellwarden.core.pack_spec import PackSpec
from cellwarden.core.sample_block import FloatArray, SampleBlock
from cellwarden.logs.columns import Column
from cellwarden.logs.layout import FilePlan, LogLayout
from cellwarden.logs.rows import Rows

__all__ = ["Converter"]

_PIECE_ROWS = 32768
_TILE_ROWS = 2048  # a tile of all columns stays in the cache while they are woven into rows
_Numbers = NDArray[np.generic]


@dataclass(frozen=True, slots=True)
class _Range:
    """What a reading can be, in base units; exactly zero is a dropout for `zero_is_missing`."""

    low: float
    high: float
    zero_is_missing: bool = False


def _ranges(pack: PackSpec) -> dict[str, _Range]:
    current = 20.0 * pack.nominal_capacity_ah
    fraction = _Range(-0.001, 1.001)
    return {
        "current_ampere": _Range(-current, current),
        "pack_voltage_volt": _Range(-1.0, 6.0 * pack.cells_in_series, zero_is_missing=True),
        "cell_voltage_volt": _Range(-1.0, 6.0, zero_is_missing=True),
        "temperature_celsius": _Range(-60.0, 150.0),
        "ambient_temperature_celsius": _Range(-60.0, 150.0),
        "balancing_fraction": fraction,
        "balancing_current_ampere": _Range(-current, current),
        "impedance_ohm": _Range(0.0, 10.0),
        "bms_soc_fraction": _Range(-0.2, 1.2),
        "charge_switch_fraction": fraction,
        "discharge_switch_fraction": fraction,
    }


def _text_error(file: str, column: str, values: pa.Array, first_row: int, cause: Exception) -> InputError:
    """Name the first value that is not a number; rows count from 1, without a header."""
    for row, value in enumerate(values.to_pylist(), start=first_row + 1):
        try:
            float("nan" if value is None else value)
        except (TypeError, ValueError):
            return InputError(
                f"{file}: column '{column}' holds '{value}' in row {row} where a number should be; correct it or leave it empty."
            )
    return InputError(f"{file}: column '{column}' does not hold numbers ({cause}); write it as numbers.")


@dataclass(slots=True)
class Converter:
    """Converts the batches of one file. `missing` and `implausible` count over all batches so far."""

    plan: FilePlan
    layout: LogLayout
    pack: PackSpec
    missing: Counter[str] = field(default_factory=Counter)
    implausible: int = 0
    finite_cells: int = 0
    _rows_before: int = 0

    def rows(self, batch: pa.RecordBatch) -> Iterator[Rows]:
        """The batch in pieces of at most 32,768 rows."""
        ranges = _ranges(self.pack)
        sources: list[tuple[Column, _Numbers, FloatArray | None]] = []
        for place in self.plan.places:
            numbers = self._numbers(batch, place.column.name)
            if place.stand_in is not None and numbers.dtype.kind == "f":
                spare = self._numbers(batch, place.stand_in.name) / place.stand_in.divisor
                numbers = np.where(np.isnan(numbers), spare * place.column.divisor, numbers)
            limits = ranges.get(place.column.field)
            whole = None if limits is None else self._checked(numbers, place.column, limits)
            sources.append((place.column, numbers, whole))
        self._rows_before += batch.num_rows
        for begin in range(0, batch.num_rows, _PIECE_ROWS):
            yield self._piece(sources, begin, min(begin + _PIECE_ROWS, batch.num_rows))

    def _numbers(self, batch: pa.RecordBatch, name: str) -> _Numbers:
        """A column as numbers: the file's own integers where nothing is null, float64 with NaN otherwise."""
        values = batch.column(batch.schema.get_field_index(name))
        kind = values.type
        if values.null_count == 0 and (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
            numbers: _Numbers = values.to_numpy(zero_copy_only=False)
            return numbers.astype(np.float32) if numbers.dtype == np.float16 else numbers
        try:
            if pa.types.is_timestamp(kind):
                raise pa.ArrowInvalid(f"it holds {kind}")
            if pa.types.is_boolean(kind):
                values = values.cast(pa.int8())
            plain: _Numbers = values.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as cause:
            raise _text_error(self.plan.file, name, values, self._rows_before, cause) from cause
        return plain

    def _checked(self, numbers: _Numbers, column: Column, limits: _Range) -> FloatArray | None:
        """Count what is missing or impossible; the column in base units where there is any, else None."""
        if not len(numbers):
            return None
        is_cell = column.field == "cell_voltage_volt"
        low, high = float(numbers.min()) / column.divisor, float(numbers.max()) / column.divisor
        if limits.low <= low and high <= limits.high and not (limits.zero_is_missing and low <= 0.0):
            self.finite_cells += len(numbers) if is_cell else 0
            return None
        values: FloatArray = np.divide(numbers, column.divisor, dtype=np.float64)
        absent = np.isnan(values)
        impossible = ~absent & ~((values >= limits.low) & (values <= limits.high))
        if limits.zero_is_missing:
            impossible |= values == 0.0
        values[impossible] = np.nan
        absent_count, impossible_count = int(absent.sum()), int(impossible.sum())
        if absent_count:
            self.missing[column.name] += absent_count
        self.implausible += impossible_count
        self.finite_cells += len(numbers) - absent_count - impossible_count if is_cell else 0
        return values

    def _empty(self, rows: int) -> dict[str, FloatArray]:
        """Uninitialised arrays for what the file has, NaN for what only other files of the log have."""
        cells, sensors = self.layout.cell_count, len(self.layout.sensors)
        shapes = {
            "unix_time_second": (rows,),
            "current_ampere": (rows,),
            "pack_voltage_volt": (rows,),
            "cell_voltage_volt": (rows, cells),
            "temperature_celsius": (rows, sensors),
            "ambient_temperature_celsius": (rows,),
        }
        optional = {
            "balancing_fraction": (rows, cells),
            "balancing_current_ampere": (rows, cells),
            "impedance_ohm": (rows, cells),
            "bms_soc_fraction": (rows,),
            "charge_switch_fraction": (rows,),
            "discharge_switch_fraction": (rows,),
            "bms_uptime_second": (rows,),
        }
        shapes.update({name: shape for name, shape in optional.items() if name in self.layout.fields})
        width = {name: shape[1] if len(shape) > 1 else 1 for name, shape in shapes.items()}
        return {
            name: np.empty(shape) if len(self.plan.indices(name)) == width[name] else np.full(shape, np.nan)
            for name, shape in shapes.items()
        }

    def _piece(self, sources: list[tuple[Column, _Numbers, FloatArray | None]], begin: int, end: int) -> Rows:
        arrays: dict[str, Any] = self._empty(end - begin)
        targets = []
        for column, numbers, whole in sources:
            array = arrays[column.field]
            where = array
            if array.ndim == 2:
                per_sensor = column.field == "temperature_celsius"
                where = array[:, self.layout.sensors.index(column.index) if per_sensor else column.index - 1]
            targets.append(
                (where, numbers[begin:end] if whole is None else whole[begin:end], column.divisor, whole is None)
            )
        for tile in range(0, end - begin, _TILE_ROWS):
            for where, numbers, divisor, is_raw in targets:
                cut = slice(tile, tile + _TILE_ROWS)
                if is_raw:
                    np.divide(numbers[cut], divisor, out=where[cut], dtype=np.float64)
                else:
                    where[cut] = numbers[cut]
        uptime = arrays.pop("bms_uptime_second", None)
        return Rows(SampleBlock(**arrays), uptime)
