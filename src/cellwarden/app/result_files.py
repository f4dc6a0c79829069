"""`cells.json` and `findings.json`: the results of an analysis as documents."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Protocol

from cellwarden.core.finding import Finding
from cellwarden.core.json_value import JsonValue, finite_document
from cellwarden.core.pack_spec import PackSpec
from cellwarden.core.results import AnalysisResult, CellResult, Interval, Readiness, SensorResult, Usage
from cellwarden.report.mistrust import is_trusted, unit_doubt

__all__ = ["CellsState", "cells_document", "findings_document", "marked_findings", "write_json_files"]


def _bounded(quantity: str, unit: str, interval: Interval | None) -> dict[str, JsonValue]:
    """`quantity_unit`, `quantity_low_unit` and `quantity_high_unit`."""
    value, low, high = (interval.value, interval.low, interval.high) if interval else (None, None, None)
    return {f"{quantity}_{unit}": value, f"{quantity}_low_{unit}": low, f"{quantity}_high_{unit}": high}


def _informed(quantity: str, interval: Interval | None) -> dict[str, JsonValue]:
    return {f"{quantity}_informed_unix_time_second": interval.informed_unix_time_second if interval else None}


def _cell(cell: CellResult) -> dict[str, JsonValue]:
    return {
        "cell": cell.cell,
        **_bounded("soc", "fraction", cell.soc_fraction),
        **_bounded("capacity", "ah", cell.capacity_ah),
        **_informed("capacity", cell.capacity_ah),
        **_bounded("resistance", "ohm", cell.resistance_ohm),
        **_informed("resistance", cell.resistance_ohm),
        **_bounded("self_discharge", "ampere", cell.self_discharge_ampere),
        **_bounded("voltage_offset", "volt", cell.voltage_offset_volt),
    }


def _sensor(sensor: SensorResult) -> dict[str, JsonValue]:
    return {
        "sensor": sensor.sensor,
        **_bounded("offset", "kelvin", sensor.offset_kelvin),
        **_bounded("thermal_resistance", "kelvin_per_watt", sensor.thermal_resistance_kelvin_per_watt),
        "thermal_time_constant_second": sensor.thermal_time_constant_second,
        **_informed("thermal_resistance", sensor.thermal_resistance_kelvin_per_watt),
    }


def _readiness(readiness: Readiness) -> dict[str, JsonValue]:
    return {
        "load_watt": readiness.load_watt,
        **_bounded("runtime", "hour", readiness.runtime_hour),
        "limiting_cell": readiness.limiting_cell,
        "reason": readiness.reason,
    }


class CellsState(Protocol):
    """What `cells.json` says: at the end of a log, or of a pack that is followed live."""

    @property
    def pack(self) -> PackSpec: ...  # noqa: D102  # names and meaning as in `AnalysisResult`
    @property
    def from_unix_time_second(self) -> float: ...  # noqa: D102
    @property
    def until_unix_time_second(self) -> float: ...  # noqa: D102
    @property
    def samples(self) -> int: ...  # noqa: D102
    @property
    def cells(self) -> tuple[CellResult, ...]: ...  # noqa: D102
    @property
    def current_offset_ampere(self) -> Interval | None: ...  # noqa: D102
    @property
    def temperature_sensors(self) -> tuple[SensorResult, ...]: ...  # noqa: D102
    @property
    def readiness(self) -> Readiness | None: ...  # noqa: D102
    @property
    def usage(self) -> Usage: ...  # noqa: D102


def cells_document(result: CellsState) -> dict[str, JsonValue]:
    """`cells.json` as a mapping, NaN and infinity not yet taken out."""
    return {
        "pack": result.pack.id,
        "from_unix_time_second": result.from_unix_time_second,
        "until_unix_time_second": result.until_unix_time_second,
        "samples": result.samples,
        "cells": [_cell(cell) for cell in result.cells],
        **_bounded("current_offset", "ampere", result.current_offset_ampere),
        "temperature_sensors": [_sensor(sensor) for sensor in result.temperature_sensors],
        "readiness": _readiness(result.readiness) if result.readiness else None,
        "usage": asdict(result.usage),
    }


def findings_document(findings: Sequence[Finding]) -> list[dict[str, JsonValue]]:
    """`findings.json` as a list in the order given, to which `caused_by` refers; it is left out where there is none.

    Nothing is marked here: a pack that is followed live, its store and what is published of it know no share of
    readings that no such pack can have. Of an analysis give `marked_findings`.
    """
    return [_finding(finding) for finding in findings]


def _finding(finding: Finding) -> dict[str, JsonValue]:
    entry: dict[str, JsonValue] = asdict(finding)
    if finding.caused_by is None:
        del entry["caused_by"]
    return {key: None if finding.is_unknown(key) else value for key, value in entry.items()}


def _write_json(document: JsonValue, file: Path) -> None:
    text = json.dumps(finite_document(document), indent=1, allow_nan=False, ensure_ascii=False)
    file.write_text(text + "\n", encoding="utf-8")


def write_json_files(result: AnalysisResult, folder: Path) -> None:
    """Write `cells.json` and `findings.json`.

    Parameters
    ----------
    result : of an analysis
    folder : exists

    Raises
    ------
    OSError
        The files cannot be written.
    """
    _write_json(cells_document(result), folder / "cells.json")
    _write_json(findings_document(marked_findings(result)), folder / "findings.json")


def marked_findings(result: AnalysisResult) -> list[Finding]:
    """Findings that say first where they are not to be trusted: who reads them alone does not see the report."""
    doubt = unit_doubt(result.quality)
    if doubt is None:
        return list(result.findings)
    said = f"Not to be trusted: the log's {doubt.what} {doubt.wrong}."
    return [
        finding
        if is_trusted(result.quality, finding)
        else replace(finding, explanation=f"{said} {finding.explanation}")
        for finding in result.findings
    ]
