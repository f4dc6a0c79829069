"""Minute estimates as integer rows, and back. Charges at 0.001 %, as `estimates.parquet` has them."""

from __future__ import annotations

import numpy as np

from cellwarden.store.batch import EstimateMinutes, PackLayout
from cellwarden.store.row_layout import MICROSECONDS, IntegerRows, RowLayout, StoredField

__all__ = ["estimate_minutes", "estimate_rows", "is_estimate"]

_SOC_DECIMALS = 5
_BOUNDS = {"cell_soc": "soc_fraction", "cell_soc_low": "soc_low_fraction", "cell_soc_high": "soc_high_fraction"}
_FORECAST = "temperature_forecast"


def _fields(layout: PackLayout) -> tuple[StoredField, ...]:
    cells = tuple(f"c{cell}" for cell in range(1, layout.cells_in_series + 1))
    soc = tuple(StoredField(stem, cells, "ppm", "int32") for stem in _BOUNDS)
    forecast = StoredField(_FORECAST, layout.sensors, "millicelsius", "int32")
    return (*soc, forecast) if layout.sensors else soc


def estimate_rows(minutes: EstimateMinutes, layout: PackLayout) -> IntegerRows:
    """Estimates as integer rows.

    Raises
    ------
    ValueError
        Another number of cells or sensors than the layout.
    """
    row_layout = RowLayout(_fields(layout))
    records = np.empty(len(minutes.unix_time_second), dtype=row_layout.row_type)
    for field in row_layout.fields:
        name = _BOUNDS.get(field.stem)
        values = minutes.temperature_forecast_celsius if name is None else getattr(minutes, name).round(_SOC_DECIMALS)
        if values.shape[1] != len(field.labels):
            raise ValueError(
                f"{values.shape[1]} columns of {field.stem} for a pack registered with {len(field.labels)}"
            )
        records[field.key] = field.integers(values)
    times = np.rint(minutes.unix_time_second * MICROSECONDS).astype(np.int64)
    return IntegerRows(row_layout, times, records).without_repeats()


def estimate_minutes(pack_id: str, rows: IntegerRows) -> EstimateMinutes:
    """Integer rows as estimates."""
    by_stem = {field.stem: field.values(rows.column(field)) for field in rows.layout.fields}
    return EstimateMinutes(
        pack_id=pack_id,
        unix_time_second=rows.unix_time_microsecond / MICROSECONDS,
        **{name: by_stem[stem] for stem, name in _BOUNDS.items()},
        temperature_forecast_celsius=by_stem.get(_FORECAST, np.empty((len(rows), 0))),
    )


def is_estimate(column: str) -> bool:
    """Whether a column's base name is one of the estimates'."""
    return column.startswith(("cell_soc_", f"{_FORECAST}_"))
