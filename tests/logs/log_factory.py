"""Small logs for the tests of this folder."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from cellwarden.core.pack_spec import PackSpec
from cellwarden.core.sample_block import FloatArray, SampleBlock
from cellwarden.logs.repair import Repairer
from cellwarden.logs.rows import Rows

START = 1_700_000_000.0


def pack(cells: int = 2) -> PackSpec:
    return PackSpec(id="p", cells_in_series=cells, nominal_capacity_ah=100.0)


def table(rows: int = 50, cells: int = 2, **changes: Sequence[object] | pa.Array | None) -> pa.Table:
    """A log in integer units; a change replaces or adds a column, None removes it."""
    count = np.arange(rows)
    columns: dict[str, object] = {
        "unix_time_millisecond": (START * 1000 + count * 1000).astype(np.int64),
        "current_milliampere": (count * 10 - 200).astype(np.int32),
        **{f"cell_voltage_c{k}_millivolt": (3300 + k + count % 7).astype(np.int16) for k in range(1, cells + 1)},
        "temperature_t1_decicelsius": np.full(rows, 215, dtype=np.int16),
    }
    columns.update(changes)
    return pa.table({name: column for name, column in columns.items() if column is not None})


def save(path: Path, what: pa.Table, row_group: int | None = None) -> Path:
    pq.write_table(what, path, row_group_size=row_group)
    return path


def joined(blocks: Iterable[SampleBlock], field: str) -> FloatArray:
    parts = [getattr(block, field) for block in blocks]
    return np.concatenate(parts) if parts else np.empty(0)


def rows_at(times: Sequence[float] | FloatArray, tags: Sequence[float] | FloatArray | None = None) -> Rows:
    """Rows whose cell voltage is their tag (by default their place), so that each can be told from the others."""
    stamps = np.asarray(times, dtype=np.float64)
    marks = np.arange(len(stamps), dtype=np.float64) if tags is None else np.asarray(tags, dtype=np.float64)
    empty = np.full(len(stamps), np.nan)
    block = SampleBlock(
        unix_time_second=stamps,
        current_ampere=empty,
        pack_voltage_volt=empty,
        cell_voltage_volt=marks[:, None].copy(),
        temperature_celsius=np.empty((len(stamps), 0)),
        ambient_temperature_celsius=empty,
    )
    return Rows(block, None)


def repaired(rows: Rows, cuts: Iterable[int] = ()) -> tuple[FloatArray, FloatArray, Repairer]:
    """Times and tags after repair, when the rows come in pieces."""
    repairer = Repairer()
    out: list[Rows] = []
    edges = [0, *sorted(set(cuts)), len(rows)]
    for begin, end in itertools.pairwise(edges):
        out.extend(repairer.push(rows.cut(begin, end)))
    out.extend(repairer.finish())
    blocks = [part.block for part in out]
    return joined(blocks, "unix_time_second"), joined(blocks, "cell_voltage_volt").ravel(), repairer


def strictly_rising(times: NDArray[np.float64]) -> bool:
    return bool(np.all(np.diff(times) > 0.0))
