"""Results of an analysis as Arrow tables, columns named as in the result files; what is not known is null."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

import pyarrow as pa

from cellwarden.app.result_files import cells_document, findings_document, marked_findings
from cellwarden.core.json_value import JsonValue, finite_document
from cellwarden.core.results import AnalysisResult, History
from cellwarden.core.sample_block import FloatArray

__all__ = ["cells_table", "findings_table", "history_table", "temperature_sensors_table"]

_FINDING_TYPES = {
    "kind": pa.string(),
    "cell": pa.int64(),
    "sensor": pa.string(),
    "severity": pa.string(),
    "unit": pa.string(),
    "explanation": pa.string(),
    "advice": pa.string(),
    "caused_by": pa.int64(),
}
_FINDING_COLUMNS = (
    "kind", "cell", "sensor", "first_seen_unix_time_second", "detected_unix_time_second", "cleared_unix_time_second",
    "severity", "magnitude", "magnitude_low", "magnitude_high", "magnitude_at_detection", "unit", "confidence",
    "explanation", "advice", "caused_by",
)  # fmt: skip
_OF_THE_PACK = frozenset({"unix_time_second", "current_ampere", "ambient_temperature_celsius"})


def cells_table(result: AnalysisResult) -> pa.Table:
    """One row a cell, in string order: the entries under `cells` in `cells.json`."""
    return _of_entries(cells_document(result)["cells"], {"cell": pa.int64()})


def temperature_sensors_table(result: AnalysisResult) -> pa.Table:
    """One row a sensor: the entries under `temperature_sensors` in `cells.json`; no columns where there is none."""
    return _of_entries(cells_document(result)["temperature_sensors"], {"sensor": pa.string()})


def findings_table(result: AnalysisResult) -> pa.Table:
    """One row a finding, oldest first: `findings.json`; `caused_by` is the row of the cause, counted from 0."""
    schema = pa.schema([(name, _FINDING_TYPES.get(name, pa.float64())) for name in _FINDING_COLUMNS])
    return pa.Table.from_pylist(finite_document(findings_document(marked_findings(result))), schema=schema)


def history_table(result: AnalysisResult) -> pa.Table:
    """The course of the log, evenly long rows of a minute to some hours; see `cellwarden.core.results.History`.

    Columns are those of a pack log and of `estimates.parquet` where these have the quantity, and like them for the
    others: quantity, cell or sensor, unit.
    """
    sensors = [sensor.sensor for sensor in result.temperature_sensors]
    columns = dict(_history_columns(result.history, sensors))
    return pa.table({name: pa.array(values, pa.float64(), from_pandas=True) for name, values in columns.items()})


def _of_entries(entries: JsonValue, types: dict[str, pa.DataType]) -> pa.Table:
    finite = finite_document(entries)
    if not isinstance(finite, list):
        raise TypeError("entries of a document are a list")
    names = [str(name) for entry in finite[:1] if isinstance(entry, dict) for name in entry]
    return pa.Table.from_pylist(finite, schema=pa.schema([(name, types.get(name, pa.float64())) for name in names]))


def _history_columns(history: History, sensors: list[str]) -> Iterator[tuple[str, FloatArray]]:
    for field in fields(history):
        values: FloatArray = getattr(history, field.name)
        if field.name in _OF_THE_PACK:
            yield field.name, values
            continue
        quantity, _, unit = field.name.rpartition("_")
        if quantity == "temperature":
            places = sensors
        else:
            places = [f"c{cell}" for cell in range(1, values.shape[1] + 1)]
            quantity = quantity if quantity == "balancing" else f"cell_{quantity}"
        yield from ((f"{quantity}_{place}_{unit}", values[:, k]) for k, place in enumerate(places))
