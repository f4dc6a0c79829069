"""Writing pack logs: sample blocks as Parquet or CSV in the format's columns, integers with the unit in the name."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from cellwarden.core.errors import InputError
from cellwarden.core.sample_block import FloatArray, SampleBlock

__all__ = ["LogUnits", "write_pack_log"]

_ROW_GROUP_ROWS = 86400
_MULTIPLE = {
    "second": 1.0,
    "millisecond": 1e3,
    "microsecond": 1e6,
    "milliampere": 1e3,
    "millivolt": 1e3,
    "microvolt": 1e6,
    "decicelsius": 10.0,
    "millicelsius": 1e3,
    "percent": 100.0,
    "microohm": 1e6,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LogUnits:
    """Units of the integers, to be chosen at the sensors' own resolution: what is finer is rounded away."""

    time: Literal["millisecond", "microsecond"] = "millisecond"
    voltage: Literal["millivolt", "microvolt"] = "millivolt"
    temperature: Literal["decicelsius", "millicelsius"] = "decicelsius"


@dataclass(frozen=True, slots=True)
class _Out:
    """One column of the file: its name, its integer type and where a block has it."""

    name: str
    kind: pa.DataType
    values: Callable[[SampleBlock], FloatArray | None]

    def array(self, block: SampleBlock) -> pa.Array:
        """The block's values as integers of the column's unit, null where not measured."""
        values = self.values(block)
        if values is None:
            return pa.nulls(len(block), self.kind)
        scaled = np.rint(values * _MULTIPLE[self.name.rsplit("_", 1)[1]])
        absent = np.isnan(scaled)
        return pa.array(np.where(absent, 0.0, scaled).astype(np.int64), mask=absent).cast(self.kind)


def _column(field: str, index: int | None) -> Callable[[SampleBlock], FloatArray | None]:
    def values(block: SampleBlock) -> FloatArray | None:
        array: FloatArray | None = getattr(block, field)
        return array if array is None or index is None else array[:, index]

    return values


def _plan(first: SampleBlock, sensors: Sequence[str], units: LogUnits, leave_out: Collection[str]) -> list[_Out]:
    """The columns for blocks like the first one, in the format's order."""
    small, wide, long = pa.int16(), pa.int32(), pa.int64()
    cell_kind = small if units.voltage == "millivolt" else wide
    warm_kind = small if units.temperature == "decicelsius" else wide
    cells = range(first.cell_count)
    plan = [
        _Out(f"unix_time_{units.time}", long, _column("unix_time_second", None)),
        _Out("current_milliampere", wide, _column("current_ampere", None)),
    ]
    if "pack_voltage_volt" not in leave_out:
        plan.append(_Out(f"voltage_{units.voltage}", wide, _column("pack_voltage_volt", None)))
    plan += [_Out(f"cell_voltage_c{k + 1}_{units.voltage}", cell_kind, _column("cell_voltage_volt", k)) for k in cells]
    plan += [
        _Out(f"temperature_{sensor}_{units.temperature}", warm_kind, _column("temperature_celsius", k))
        for k, sensor in enumerate(sensors)
    ]
    if "ambient_temperature_celsius" not in leave_out:
        ambient = _column("ambient_temperature_celsius", None)
        plan.append(_Out(f"ambient_temperature_{units.temperature}", warm_kind, ambient))
    for field, stem, unit, kind in (
        ("balancing_fraction", "balancing", "percent", pa.int8()),
        ("balancing_current_ampere", "balancing", "milliampere", wide),
        ("impedance_ohm", "impedance", "microohm", wide),
    ):
        if getattr(first, field) is not None:
            plan += [_Out(f"{stem}_c{k + 1}_{unit}", kind, _column(field, k)) for k in cells]
    for stem, base, unit, kind in (
        ("bms_soc", "fraction", "percent", pa.int8()),
        ("charge_switch", "fraction", "percent", pa.int8()),
        ("discharge_switch", "fraction", "percent", pa.int8()),
        ("charge_voltage_limit", "volt", units.voltage, wide),
        ("charge_current_limit", "ampere", "milliampere", wide),
        ("discharge_current_limit", "ampere", "milliampere", wide),
    ):
        if getattr(first, f"{stem}_{base}") is not None:
            plan.append(_Out(f"{stem}_{unit}", kind, _column(f"{stem}_{base}", None)))
    return plan


@contextlib.contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """A path beside the target that takes its place at the end, or goes where the writing fails."""
    beside = path.with_name(f".{path.name}.part")
    try:
        yield beside
        with beside.open("rb") as written:
            os.fsync(written.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _row_groups(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Batches joined to tables of one row group each."""
    waiting: list[pa.RecordBatch] = []
    count = 0
    for batch in batches:
        rest = batch
        while count + len(rest) >= _ROW_GROUP_ROWS:
            taken = _ROW_GROUP_ROWS - count
            yield pa.Table.from_batches([*waiting, rest.slice(0, taken)])
            waiting, count, rest = [], 0, rest.slice(taken)
        if len(rest):
            waiting.append(rest)
            count += len(rest)
    if waiting:
        yield pa.Table.from_batches(waiting)


def _write_parquet(path: Path, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> None:
    encoding = dict.fromkeys(schema.names, "DELTA_BINARY_PACKED")
    with pq.ParquetWriter(
        path, schema, compression="zstd", compression_level=3, use_dictionary=False, column_encoding=encoding
    ) as writer:
        for table in _row_groups(batches):
            writer.write_table(table, row_group_size=_ROW_GROUP_ROWS)


def _write_csv(path: Path, schema: pa.Schema, batches: Iterable[pa.RecordBatch], *, is_packed: bool) -> None:
    options = pa_csv.WriteOptions(quoting_style="needed", quoting_header="none")
    with (
        pa.output_stream(path, compression="gzip" if is_packed else None) as stream,
        pa_csv.CSVWriter(stream, schema, write_options=options) as writer,
    ):
        for batch in batches:
            writer.write_batch(batch)


def write_pack_log(
    path: Path,
    blocks: Iterable[SampleBlock],
    *,
    sensors: Sequence[str] = (),
    units: LogUnits | None = None,
    leave_out: Collection[str] = (),
) -> int:
    """Write blocks as a pack log: Parquet, or CSV where the name ends with .csv or .csv.gz.

    The file appears whole or not at all. Columns are chosen by the first block.

    Parameters
    ----------
    sensors : names of the temperature columns, "t1" …; in the order of the blocks
    units : units of the integers; millisecond, millivolt and decicelsius by default
    leave_out : "pack_voltage_volt" or "ambient_temperature_celsius", where they are known to be NaN throughout

    Returns
    -------
    int
        Rows written.

    Raises
    ------
    InputError
        No blocks, or sensors that do not fit them.
    """
    stream = iter(blocks)
    first = next(stream, None)
    if first is None:
        raise InputError(f"{path.name}: there is nothing to write; the log has no rows.")
    if len(sensors) != first.temperature_sensor_count:
        raise InputError(
            f"{path.name}: {len(sensors)} sensor names for {first.temperature_sensor_count} temperature columns."
        )
    plan = _plan(first, sensors, units or LogUnits(), leave_out)
    schema = pa.schema([(out.name, out.kind) for out in plan])
    count = 0

    def batches() -> Iterator[pa.RecordBatch]:
        nonlocal count
        block: SampleBlock | None = first
        while block is not None:
            count += len(block)
            yield pa.RecordBatch.from_arrays([out.array(block) for out in plan], schema=schema)
            block = next(stream, None)

    with _replacing(path) as beside:
        if path.name.endswith((".csv", ".csv.gz")):
            _write_csv(beside, schema, batches(), is_packed=path.suffix == ".gz")
        else:
            _write_parquet(beside, schema, batches())
    return count
