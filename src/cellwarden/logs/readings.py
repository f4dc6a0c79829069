"""Columns of a record batch as numbers, with what is missing or impossible found and counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cellwarden.core.errors import InputError
from cellwarden.core.pack_spec import PackSpec
from cellwarden.logs.columns import Column
from cellwarden.logs.layout import Place

__all__ = ["Reading", "ReadingCheck", "column_numbers"]

Numbers = NDArray[Any]
_HOT_CELSIUS = {"temperature_celsius": 55.0, "ambient_temperature_celsius": 50.0}  # no site, no pack in most of a log


@dataclass(frozen=True, slots=True)
class Reading:
    """One column of a batch: value = numbers / divisor.

    `lowest` and `highest` of the numbers; NaN where they were not looked for, or where one is NaN.
    """

    column: Column
    numbers: Numbers
    divisor: float
    lowest: float = np.nan
    highest: float = np.nan


@dataclass(frozen=True, slots=True)
class _Range:
    """What a reading can be, in base units; exactly zero is a dropout for `zero_is_missing`."""

    low: float
    high: float
    zero_is_missing: bool = False


def _ranges(pack: PackSpec) -> dict[str, _Range]:
    current = 20.0 * pack.nominal_capacity_ah
    fraction, celsius = _Range(-0.001, 1.001), _Range(-60.0, 150.0)
    return {
        "current_ampere": _Range(-current, current),
        "pack_voltage_volt": _Range(-1.0, 6.0 * pack.cells_in_series, zero_is_missing=True),
        "cell_voltage_volt": _Range(-1.0, 6.0, zero_is_missing=True),
        "temperature_celsius": celsius,
        "ambient_temperature_celsius": celsius,
        "balancing_fraction": fraction,
        "balancing_current_ampere": _Range(-current, current),
        "impedance_ohm": _Range(0.0, 10.0),
        "bms_soc_fraction": _Range(-0.2, 1.2),
        "charge_switch_fraction": fraction,
        "discharge_switch_fraction": fraction,
        "charge_voltage_limit_volt": _Range(-0.001, 6.0 * pack.cells_in_series),
        "charge_current_limit_ampere": _Range(-0.001, current),
        "discharge_current_limit_ampere": _Range(-0.001, current),
    }


def _text_error(file: str, column: str, values: pa.Array, first_row: int, cause: Exception) -> InputError:
    """Name the first value that is not a number; rows count from 1, without a header."""
    for row, value in enumerate(values.to_pylist(), start=first_row + 1):
        try:
            float("nan" if value is None else value)
        except (TypeError, ValueError):
            return InputError(
                f"{file}: column '{column}' holds '{value}' in row {row} where a number should be; correct it or "
                "leave it empty."
            )
    return InputError(f"{file}: column '{column}' does not hold numbers ({cause}); write it as numbers.")


def _from_zero(batch: pa.RecordBatch, column: Column, file: str, first_row: int) -> Numbers:
    """A column as numbers (T,) that count from its unit's zero."""
    numbers = column_numbers(batch, column.name, file, first_row)
    return numbers if column.zero == 0.0 else np.subtract(numbers, column.zero, dtype=np.float64)


def column_numbers(batch: pa.RecordBatch, name: str, file: str, first_row: int) -> Numbers:
    """A column as numbers (T,): the file's own integers where nothing is null, float64 with NaN otherwise.

    Raises
    ------
    InputError
        Text, or another type that is no number; names the row (`first_row` rows came before the batch).
    """
    values = batch.column(batch.schema.get_field_index(name))
    kind = values.type
    if values.null_count == 0 and (pa.types.is_integer(kind) or kind in (pa.float32(), pa.float64())):
        numbers: Numbers = values.to_numpy()
        return numbers
    if pa.types.is_boolean(kind):
        values = values.cast(pa.int8())
    if pa.types.is_temporal(kind):
        raise InputError(f"{file}: column '{name}' holds {kind} where numbers should be; write it as numbers.")
    try:
        plain: Numbers = values.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as cause:
        raise _text_error(file, name, values, first_row, cause) from cause
    return plain


@dataclass(slots=True)
class ReadingCheck:
    """Checks columns; counts `missing` and `implausible` readings by column, and good ones of cells.

    `temperatures` counts the good readings of each temperature column, `hot` those at which no pack rests.
    """

    pack: PackSpec
    missing: Counter[str] = field(default_factory=Counter)
    implausible: Counter[str] = field(default_factory=Counter)
    temperatures: Counter[str] = field(default_factory=Counter)
    hot: Counter[str] = field(default_factory=Counter)
    finite_cells: int = 0
    _limits: dict[str, _Range] = field(init=False)

    def __post_init__(self) -> None:
        self._limits = _ranges(self.pack)

    def reading(self, batch: pa.RecordBatch, place: Place, file: str, first_row: int) -> Reading:
        """The place's column of a batch, impossible values replaced by NaN.

        Raises
        ------
        InputError
            Text or an infinite value; names file, column and row.
        """
        column = place.column
        numbers, divisor = _from_zero(batch, column, file, first_row), column.divisor
        if place.stand_in is not None and numbers.dtype.kind == "f" and np.isnan(numbers).any():
            spare = _from_zero(batch, place.stand_in, file, first_row) / place.stand_in.divisor
            numbers, divisor = np.where(np.isnan(numbers), spare, numbers / divisor), 1.0
        limits = self._limits.get(column.field)
        if limits is None or not len(numbers):
            return Reading(column, numbers, divisor)
        is_cell = column.field == "cell_voltage_volt"
        lowest, highest = float(numbers.min()), float(numbers.max())
        low, high = lowest / divisor, highest / divisor
        if limits.low <= low and high <= limits.high and not (limits.zero_is_missing and low <= 0.0):
            self.finite_cells += len(numbers) if is_cell else 0
            self._count_hot(column, numbers, divisor)
            return Reading(column, numbers, divisor, lowest, highest)
        values = np.divide(numbers, divisor, dtype=np.float64)
        endless = np.isinf(values)
        if endless.any():
            row = first_row + 1 + int(endless.argmax())
            raise InputError(
                f"{file}: column '{column.name}' holds an infinite value in row {row}, which no sensor measures; "
                "leave it empty where nothing was measured."
            )
        absent = np.isnan(values)
        impossible = ~absent & ~((values >= limits.low) & (values <= limits.high))
        if limits.zero_is_missing:
            impossible |= values == 0.0
        values[impossible] = np.nan
        absent_count, impossible_count = int(absent.sum()), int(impossible.sum())
        if absent_count:
            self.missing[column.name] += absent_count
        if impossible_count:
            self.implausible[column.name] += impossible_count
        self.finite_cells += len(numbers) - absent_count - impossible_count if is_cell else 0
        self._count_hot(column, values[np.isfinite(values)], 1.0)
        return Reading(column, values, 1.0)

    def _count_hot(self, column: Column, numbers: Numbers, divisor: float) -> None:
        """Count good readings of a temperature."""
        hot = _HOT_CELSIUS.get(column.field)
        if hot is not None:
            self.temperatures[column.name] += len(numbers)
            self.hot[column.name] += int((numbers > hot * divisor).sum())
