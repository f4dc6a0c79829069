from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cellwarden.app.result_files import cells_document, findings_document, write_json_files
from cellwarden.core.finding import Finding, Severity
from cellwarden.core.pack_spec import PackSpec
from cellwarden.core.results import (
    AnalysisResult,
    CellResult,
    DataQuality,
    History,
    Interval,
    Readiness,
    SensorResult,
    Usage,
)
from cellwarden.web.finding_view import finding_of

# the key paths of the contract's example of cells.json
PACK_KEYS = {
    "pack", "from_unix_time_second", "until_unix_time_second", "samples", "cells", "current_offset_ampere",
    "current_offset_low_ampere", "current_offset_high_ampere", "temperature_sensors", "readiness", "usage",
}  # fmt: skip
CELL_KEYS = {
    "cell", "soc_fraction", "soc_low_fraction", "soc_high_fraction",
    "capacity_ah", "capacity_low_ah", "capacity_high_ah", "capacity_informed_unix_time_second",
    "resistance_ohm", "resistance_low_ohm", "resistance_high_ohm", "resistance_informed_unix_time_second",
    "self_discharge_ampere", "self_discharge_low_ampere", "self_discharge_high_ampere",
    "voltage_offset_volt", "voltage_offset_low_volt", "voltage_offset_high_volt",
}  # fmt: skip
SENSOR_KEYS = {
    "sensor", "offset_kelvin", "offset_low_kelvin", "offset_high_kelvin", "thermal_resistance_kelvin_per_watt",
    "thermal_resistance_low_kelvin_per_watt", "thermal_resistance_high_kelvin_per_watt",
    "thermal_time_constant_second", "thermal_resistance_informed_unix_time_second",
}  # fmt: skip
READINESS_KEYS = {"load_watt", "runtime_hour", "runtime_low_hour", "runtime_high_hour", "limiting_cell", "reason"}
USAGE_KEYS = {
    "equivalent_full_cycles", "charge_throughput_ah", "energy_charged_kilowatt_hour",
    "energy_discharged_kilowatt_hour", "round_trip_efficiency_fraction", "deep_discharges", "hours_above_45_celsius",
    "hours_below_0_celsius",
}  # fmt: skip
FINDING_KEYS = {
    "kind", "cell", "sensor", "first_seen_unix_time_second", "detected_unix_time_second", "cleared_unix_time_second",
    "severity", "magnitude", "magnitude_low", "magnitude_high", "magnitude_at_detection", "unit", "confidence",
    "explanation", "advice",
}  # fmt: skip


def a_finding(**changes: Any) -> Finding:
    finding = Finding(
        kind="self_discharge",
        cell=1,
        sensor=None,
        first_seen_unix_time_second=10.0,
        detected_unix_time_second=20.0,
        cleared_unix_time_second=None,
        severity=Severity.WARNING,
        magnitude=0.005,
        magnitude_low=0.004,
        magnitude_high=0.006,
        magnitude_at_detection=0.0045,
        unit="ampere",
        confidence=0.98,
        explanation="Cell 1 loses 5 mA – more than its neighbours.",
        advice="Watch it.",
    )
    return dataclasses.replace(finding, **changes)


def a_result(**changes: Any) -> AnalysisResult:
    known = CellResult(
        cell=1,
        soc_fraction=Interval(0.9, 0.88, 0.92),
        capacity_ah=Interval(98.0, 96.0, 100.0, 1234.0),
        resistance_ohm=Interval(0.001, 0.0009, 0.0011, 2345.0),
        self_discharge_ampere=Interval(0.005, 0.004, 0.006),
        voltage_offset_volt=Interval(math.nan, -math.inf, math.inf),
    )
    unknown = CellResult(
        cell=2,
        soc_fraction=None,
        capacity_ah=None,
        resistance_ohm=None,
        self_discharge_ampere=None,
        voltage_offset_volt=None,
    )
    result = AnalysisResult(
        pack=PackSpec(id="p", cells_in_series=2, nominal_capacity_ah=100.0),
        cell_model_name="lfp",
        from_unix_time_second=0.0,
        until_unix_time_second=3600.0,
        samples=60,
        cells=(known, unknown),
        current_offset_ampere=Interval(0.1, 0.05, 0.15),
        temperature_sensors=(
            SensorResult(
                sensor="t1",
                offset_kelvin=Interval(0.2, 0.1, 0.3),
                thermal_resistance_kelvin_per_watt=Interval(3.0, 2.0, 4.0, 77.0),
                thermal_time_constant_second=6000.0,
            ),
        ),
        readiness=Readiness(load_watt=2000.0, runtime_hour=Interval(2.0, 1.8, 2.2), limiting_cell=1, reason="weak"),
        usage=Usage(
            equivalent_full_cycles=1.5,
            charge_throughput_ah=300.0,
            energy_charged_kilowatt_hour=8.0,
            energy_discharged_kilowatt_hour=7.6,
            round_trip_efficiency_fraction=None,
            deep_discharges=1,
            hours_above_45_celsius=0.0,
            hours_below_0_celsius=None,
        ),
        findings=(a_finding(), a_finding(kind="soc_imbalance", severity=Severity.INFO, caused_by=0)),
        quality=DataQuality(
            rows_read=60,
            rows_used=60,
            rows_repeated=0,
            rows_out_of_order=0,
            rows_without_time=0,
            clock_steps=0,
            clock_step_seconds=(),
            gaps_over_a_minute=0,
            gap_seconds_total=0.0,
            values_implausible=0,
            values_missing={},
            median_interval_second=60.0,
            columns=(),
            columns_ignored=(),
        ),
        history=History(**{field.name: np.empty((0, 2)) for field in dataclasses.fields(History)}),
        assumptions=(),
        advice_next_log=(),
    )
    return dataclasses.replace(result, **changes)


def read_cells(folder: Path) -> Any:
    def refuse(word: str) -> None:
        pytest.fail(f"{word} is not JSON")

    return json.loads((folder / "cells.json").read_text(encoding="utf-8"), parse_constant=refuse)


def test_every_object_has_exactly_the_keys_of_the_contract(tmp_path: Path) -> None:
    write_json_files(a_result(), tmp_path)
    document = read_cells(tmp_path)
    assert set(document) == PACK_KEYS
    assert [set(cell) for cell in document["cells"]] == [CELL_KEYS, CELL_KEYS]
    assert set(document["temperature_sensors"][0]) == SENSOR_KEYS
    assert set(document["readiness"]) == READINESS_KEYS
    assert set(document["usage"]) == USAGE_KEYS


def test_values_stand_under_their_names(tmp_path: Path) -> None:
    write_json_files(a_result(), tmp_path)
    document = read_cells(tmp_path)
    cell, sensor = document["cells"][0], document["temperature_sensors"][0]
    assert (cell["capacity_low_ah"], cell["capacity_ah"], cell["capacity_high_ah"]) == (96.0, 98.0, 100.0)
    assert cell["capacity_informed_unix_time_second"] == 1234.0
    assert cell["resistance_informed_unix_time_second"] == 2345.0
    assert sensor["thermal_resistance_informed_unix_time_second"] == 77.0
    assert sensor["thermal_time_constant_second"] == 6000.0
    assert document["current_offset_high_ampere"] == 0.15
    assert document["readiness"]["runtime_low_hour"] == 1.8


def test_what_is_not_known_is_null(tmp_path: Path) -> None:
    write_json_files(a_result(current_offset_ampere=None), tmp_path)
    document = read_cells(tmp_path)
    assert {value for key, value in document["cells"][1].items() if key != "cell"} == {None}
    assert document["cells"][0]["voltage_offset_volt"] is None
    assert document["cells"][0]["voltage_offset_high_volt"] is None
    assert document["current_offset_ampere"] is None
    assert document["usage"]["hours_below_0_celsius"] is None


def test_readiness_is_null_without_a_load() -> None:
    assert cells_document(a_result(readiness=None))["readiness"] is None


def test_findings_keep_their_order_and_name_their_cause_where_there_is_one(tmp_path: Path) -> None:
    write_json_files(a_result(), tmp_path)
    findings = json.loads((tmp_path / "findings.json").read_text(encoding="utf-8"))
    assert [set(entry) for entry in findings] == [FINDING_KEYS, FINDING_KEYS | {"caused_by"}]
    assert findings[1]["caused_by"] == 0
    assert findings[0]["severity"] == "warning"
    assert "– more" in findings[0]["explanation"]


def test_a_size_that_is_not_known_is_null(tmp_path: Path) -> None:
    hint = a_finding(magnitude=0.0, magnitude_low=0.0, magnitude_high=0.0, magnitude_at_detection=0.0)
    write_json_files(a_result(findings=(hint,)), tmp_path)
    entry = json.loads((tmp_path / "findings.json").read_text(encoding="utf-8"))[0]
    assert set(entry) == FINDING_KEYS
    assert {value for key, value in entry.items() if key.startswith("magnitude")} == {None}
    assert finding_of(entry) == hint


def test_a_size_at_detection_is_null_by_itself() -> None:
    sized_later = a_finding(magnitude_at_detection=0.0)
    sized_once = a_finding(magnitude=0.0, magnitude_low=0.0, magnitude_high=0.0)
    later, once = findings_document((sized_later, sized_once))
    assert (later["magnitude"], later["magnitude_at_detection"]) == (0.005, None)
    assert (once["magnitude"], once["magnitude_high"], once["magnitude_at_detection"]) == (None, None, 0.0045)
    assert [finding_of(later), finding_of(once)] == [sized_later, sized_once]


def test_what_rests_on_a_current_of_another_unit_says_so(tmp_path: Path) -> None:
    known = a_result(findings=(a_finding(), a_finding(kind="sensor_stuck")))
    wrong = dataclasses.replace(known.quality, values_implausible_by_column={"current_ampere": known.quality.rows_read})
    write_json_files(dataclasses.replace(known, quality=wrong), tmp_path)
    leak, stuck = json.loads((tmp_path / "findings.json").read_text(encoding="utf-8"))
    assert leak["explanation"].startswith("Not to be trusted: the log's current is hardly in amperes. Cell 1 loses")
    assert stuck["explanation"].startswith("Cell 1 loses")


def test_a_pack_without_findings_gets_an_empty_list(tmp_path: Path) -> None:
    write_json_files(a_result(findings=()), tmp_path)
    assert json.loads((tmp_path / "findings.json").read_text()) == []
    assert findings_document(()) == []
