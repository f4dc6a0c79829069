"""Rows as integers: which columns a row has, at which resolution, and how it becomes the bytes of one record.

A row's record is the packed little-endian integers of its fields, in the order of its layout. The lowest value of an
integer type stands for "not measured"; what does not fit the type was not measured either.
"""

from __future__ import annotations

import functools
import hashlib
import json
import zlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from cellwarden.core.sample_block import FloatArray

__all__ = ["BASE_UNITS", "MICROSECONDS", "IntegerRows", "RowLayout", "StoredField", "row_checksum", "to_microsecond"]

MICROSECONDS = 1_000_000
_KINDS = {"int8": "<i1", "int16": "<i2", "int32": "<i4"}
_LOWEST = {kind: int(np.iinfo(kind).min) for kind in _KINDS}
BASE_UNITS: Mapping[str, tuple[str, float]] = {
    "millivolt": ("volt", 1e3),
    "microvolt": ("volt", 1e6),
    "milliampere": ("ampere", 1e3),
    "decicelsius": ("celsius", 10.0),
    "millicelsius": ("celsius", 1e3),
    "percent": ("fraction", 100.0),
    "ppm": ("fraction", 1e6),
    "microohm": ("ohm", 1e6),
}
"""Stored unit → the unit inside the program, and by what a stored number is divided to come to it."""

Kind = Literal["int8", "int16", "int32"]


@dataclass(frozen=True, slots=True)
class StoredField:
    """One quantity of a row: of the pack (labels ("",)), of each cell ("c1" …) or of each sensor ("t1" …)."""

    stem: str
    labels: tuple[str, ...]
    unit: str
    kind: Kind

    @property
    def key(self) -> str:
        """Its name in a record."""
        return f"{self.stem}_{self.unit}"

    @property
    def names(self) -> tuple[str, ...]:
        """Its columns' names, unit last."""
        return tuple(
            f"{self.stem}_{label}_{self.unit}" if label else f"{self.stem}_{self.unit}" for label in self.labels
        )

    @property
    def base_names(self) -> tuple[str, ...]:
        """Its columns' names in base units: `cell_voltage_c1_volt`."""
        unit = BASE_UNITS[self.unit][0]
        return tuple(f"{self.stem}_{label}_{unit}" if label else f"{self.stem}_{unit}" for label in self.labels)

    @property
    def divisor(self) -> float:
        """By what a stored number is divided to come to the base unit."""
        return BASE_UNITS[self.unit][1]

    @property
    def absent(self) -> int:
        """The number that stands for "not measured"."""
        return _LOWEST[self.kind]

    def integers(self, values: FloatArray) -> NDArray[Any]:
        """Values in the base unit as stored integers, of the same shape."""
        scaled = np.rint(values * self.divisor)
        fits = np.abs(scaled) < -self.absent  # False for NaN
        return np.where(fits, scaled, self.absent).astype(_KINDS[self.kind])

    def values(self, integers: NDArray[Any]) -> FloatArray:
        """Stored integers as values in the base unit, NaN where not measured. One division, as in a log's reader."""
        values: FloatArray = integers / self.divisor
        values[integers == self.absent] = np.nan
        return values


@dataclass(frozen=True, slots=True)
class RowLayout:
    """The fields of a row in their order."""

    fields: tuple[StoredField, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all columns, time not among them."""
        return tuple(name for field in self.fields for name in field.names)

    @property
    def base_names(self) -> tuple[str, ...]:
        """Names of all columns in base units."""
        return tuple(name for field in self.fields for name in field.base_names)

    @property
    def row_type(self) -> np.dtype[Any]:
        """NumPy type of a row's record: one field a quantity, an array where it has several columns."""
        return _row_type(self)

    def only(self, base_names: Collection[str]) -> RowLayout:
        """The layout of these columns alone."""
        fields = []
        for field in self.fields:
            chosen = zip(field.labels, field.base_names, strict=True)
            labels = tuple(label for label, name in chosen if name in base_names)
            if labels:
                fields.append(StoredField(field.stem, labels, field.unit, field.kind))
        return RowLayout(tuple(fields))

    def text(self) -> str:
        """The layout as text, for the database."""
        return json.dumps([[field.stem, list(field.labels), field.unit, field.kind] for field in self.fields])

    @staticmethod
    def from_text(text: str) -> RowLayout:
        """The layout that `text` gave."""
        return RowLayout(
            tuple(StoredField(stem, tuple(labels), unit, kind) for stem, labels, unit, kind in json.loads(text))
        )


@functools.lru_cache(maxsize=256)
def _row_type(layout: RowLayout) -> np.dtype[Any]:
    fields = layout.fields
    return np.dtype([(field.key, _KINDS[field.kind], (len(field.labels),)) for field in fields])


@dataclass(frozen=True, slots=True)
class IntegerRows:
    """R rows as stored: times [µs], strictly rising, and records of the layout's row type."""

    layout: RowLayout
    unix_time_microsecond: NDArray[np.int64]
    records: NDArray[Any]

    def __len__(self) -> int:
        return len(self.unix_time_microsecond)

    def where(self, chosen: NDArray[np.bool_] | slice) -> IntegerRows:
        """The chosen rows."""
        return IntegerRows(self.layout, self.unix_time_microsecond[chosen], self.records[chosen])

    def without_repeats(self) -> IntegerRows:
        """Of rows with the same time the first; times are sorted."""
        times = self.unix_time_microsecond
        first = np.concatenate(([True], times[1:] > times[:-1]))
        return self if first.all() else self.where(first)

    def digest(self) -> str:
        """A digest of all times and values."""
        return hashlib.sha256(self.unix_time_microsecond.tobytes() + self.records.tobytes()).hexdigest()

    def column(self, field: StoredField) -> NDArray[Any]:
        """(R, n_labels) integers of one field."""
        integers: NDArray[Any] = self.records[field.key]
        return integers

    def payloads(self) -> list[bytes]:
        """Each row's record as bytes."""
        size, data = self.records.dtype.itemsize, self.records.tobytes()
        return [data[begin : begin + size] for begin in range(0, len(data), size)]

    @staticmethod
    def from_payloads(layout: RowLayout, times: Sequence[int], payloads: Iterable[bytes]) -> IntegerRows:
        """Rows from what `payloads` gave."""
        records = np.frombuffer(b"".join(payloads), dtype=layout.row_type)
        return IntegerRows(layout, np.asarray(times, dtype=np.int64), records)


def row_checksum(unix_time_microsecond: int, payload: bytes) -> int:
    """Checksum of one row, by which a damaged record is told from a whole one."""
    return zlib.crc32(payload, unix_time_microsecond & 0xFFFFFFFF)


def to_microsecond(unix_time_second: float) -> int:
    """Seconds as the whole number of microseconds that is stored."""
    return round(unix_time_second * MICROSECONDS)
