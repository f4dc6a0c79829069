"""`estimates.parquet`: one row a minute, written as the analysis goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from cellwarden.core.sample_block import FloatArray
from cellwarden.runtime.analysis import EstimateRows

__all__ = ["estimates_schema", "estimates_table", "estimates_writer"]

_ROWS_PER_GROUP = 14_400  # ten days
_SOC_DECIMALS = 5  # a thousandth of a percent: far below what the intervals tell apart, and half the size
_TEMPERATURE_DECIMALS = 3


def _column_names(cell_count: int, sensors: Sequence[str]) -> list[str]:
    cells = range(1, cell_count + 1)
    soc = [f"cell_soc_{bound}c{cell}_fraction" for cell in cells for bound in ("", "low_", "high_")]
    return ["unix_time_second", *soc, *(f"temperature_forecast_{sensor}_celsius" for sensor in sensors)]


def estimates_schema(cell_count: int, sensors: Sequence[str]) -> pa.Schema:
    """Columns of the file, all float64.

    Parameters
    ----------
    cell_count : number of cells in series
    sensors : (n_sensors,) names of the temperature sensors
    """
    return pa.schema([(name, pa.float64()) for name in _column_names(cell_count, sensors)])


def estimates_table(rows: EstimateRows, sensors: Sequence[str]) -> pa.Table:
    """The rows as a table, NaN as null.

    Parameters
    ----------
    rows : R ≥ 0 minutes
    sensors : (n_sensors,) names of the temperature sensors, in the order of the forecast's columns
    """
    cell_count = rows.soc_fraction.shape[1]
    columns: list[FloatArray] = [rows.unix_time_second]
    bounds = [
        np.ascontiguousarray(bound.T).round(_SOC_DECIMALS)
        for bound in (rows.soc_fraction, rows.soc_low_fraction, rows.soc_high_fraction)
    ]
    for cell in range(cell_count):
        columns += [bound[cell] for bound in bounds]
    columns += list(rows.temperature_forecast_celsius.T.round(_TEMPERATURE_DECIMALS))
    arrays = [pa.array(column, from_pandas=True) for column in columns]
    return pa.table(arrays, schema=estimates_schema(cell_count, sensors))


@contextmanager
def estimates_writer(file: Path, cell_count: int, sensors: Sequence[str]) -> Iterator[Callable[[EstimateRows], None]]:
    """A function that takes rows in pieces of any size; they are all in `file` when the block ends.

    Parameters
    ----------
    file : to be written
    cell_count : number of cells in series
    sensors : (n_sensors,) names of the temperature sensors
    """
    waiting: list[pa.Table] = []

    def flush() -> None:
        if waiting:
            writer.write_table(pa.concat_tables(waiting).combine_chunks())
            waiting.clear()

    def append(rows: EstimateRows) -> None:
        waiting.append(estimates_table(rows, sensors))
        if sum(len(table) for table in waiting) >= _ROWS_PER_GROUP:
            flush()

    schema = estimates_schema(cell_count, sensors)
    with pq.ParquetWriter(file, schema, compression="zstd", use_dictionary=False) as writer:
        yield append
        flush()
