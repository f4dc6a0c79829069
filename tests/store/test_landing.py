"""What is written can be read, once, as it was."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from cellwarden.core.limits import Authority, Decision, Limits, LimitTerm
from cellwarden.core.sample_block import FloatArray, SampleBlock
from cellwarden.store.batch import (
    AuditRecord,
    PackDecision,
    PackFindings,
    PackRows,
    SourceTelemetry,
    StateDocument,
    StoreBatch,
)
from cellwarden.store.landing import Landing
from cellwarden.store.reader import StoreReader
from cellwarden.store.sample_rows import quantised
from tests.store.store_batches import LAYOUT, START, block, estimates, joined, landing, rows_batch


def same(one: SampleBlock, other: SampleBlock) -> None:
    for name in SampleBlock.__slots__:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)


def test_rows_come_back_as_they_were(tmp_path: Path) -> None:
    with landing(tmp_path) as store:
        receipt = store.write(rows_batch("a", START + np.arange(10)))
        (found,) = StoreReader(tmp_path).rows("a")
    assert (receipt.rows_new, receipt.rows_repeated) == (10, 0)
    same(found, block(START + np.arange(10)))


def test_every_array_that_a_block_can_have_is_stored(tmp_path: Path) -> None:
    shapes = {"cell_voltage_volt": (4, 3), "temperature_celsius": (4, 2)}
    shapes |= dict.fromkeys(("balancing_fraction", "balancing_current_ampere", "impedance_ohm"), (4, 3))
    generator = np.random.default_rng(0)

    def some(name: str) -> FloatArray:
        return np.asarray(generator.integers(0, 10, shapes.get(name, (4,))) / 10.0, dtype=np.float64)

    arrays = {field.name: some(field.name) for field in fields(SampleBlock)}
    given = SampleBlock(**arrays | {"unix_time_second": START + np.arange(4.0)})
    with landing(tmp_path) as store:
        store.write(StoreBatch(rows=(PackRows("a", "main", given),)))
        (found,) = StoreReader(tmp_path).rows("a")
    same(found, given)


def test_a_repeated_batch_changes_nothing(tmp_path: Path) -> None:
    with landing(tmp_path) as store:
        store.write(rows_batch("a", START + np.arange(10)))
        receipt = store.write(rows_batch("a", START + np.arange(5, 15)))
        again = store.write(rows_batch("a", START + np.arange(5, 15)))
        reader = StoreReader(tmp_path)
        times = joined(reader.rows("a"))
    assert (receipt.rows_new, again.rows_new, again.rows_repeated) == (5, 0, 10)
    np.testing.assert_array_equal(times, START + np.arange(15))


def test_what_is_finer_than_the_sensor_or_impossible_is_quantised_or_null(tmp_path: Path) -> None:
    given = block([START, START + 1.0])
    cells = given.cell_voltage_volt.copy()
    cells[0] = 3.30049, 99.0, np.inf
    given = replace(given, cell_voltage_volt=cells)
    with landing(tmp_path) as store:
        store.write(StoreBatch(rows=(PackRows("a", "main", given),)))
        (found,) = StoreReader(tmp_path).rows("a")
    np.testing.assert_array_equal(found.cell_voltage_volt[0], [3.3, np.nan, np.nan])
    same(found, quantised(given, LAYOUT))


def test_estimates_come_back_as_they_were(tmp_path: Path) -> None:
    given = estimates("a", START + 60.0 * np.arange(5))
    with landing(tmp_path) as store:
        store.write(StoreBatch(estimates=(given,)))
        (found,) = StoreReader(tmp_path).estimates("a", START, START + 301.0)
    for name in type(given).__slots__:
        np.testing.assert_array_equal(getattr(found, name), getattr(given, name), err_msg=name)


def _decision(time: float, ampere: float, reason: str = "") -> Decision:
    term = LimitTerm(rule="cold", kind="charge_current_ampere", value=ampere, sensor="t1", reason=reason)
    return Decision(
        unix_time_second=time,
        authority=Authority.MONITOR,
        limits=Limits(charge_current_ampere=ampere, discharge_current_ampere=100.0, charge_voltage_volt=54.0),
        binding=(term, term, term),
        terms=(term,),
    )


def test_decisions_are_kept_when_they_change_and_the_latest_always(tmp_path: Path) -> None:
    made = [_decision(START, 50.0), _decision(START + 1, 50.0, "at 3.1 °C"), _decision(START + 2, 20.0)]
    made.append(_decision(START + 3, 20.0))
    with landing(tmp_path) as store:
        for decision in made:
            store.write(StoreBatch(decisions=(PackDecision("a", decision),)))
        reader = StoreReader(tmp_path)
        assert reader.decision("a") == made[3]
        assert reader.decisions("a", START, START + 10) == (made[0], made[2])
        assert reader.decision("b") is None


def _finding(kind: str, detected: float, cleared: float | None = None) -> dict[str, float | str | int | None]:
    return {
        "kind": kind,
        "cell": 2,
        "sensor": None,
        "detected_unix_time_second": detected,
        "cleared_unix_time_second": cleared,
        "magnitude": float("nan"),
    }


def test_findings_replace_the_present_list_and_keep_their_acknowledgement(tmp_path: Path) -> None:
    leak, cold = _finding("self_discharge", START), _finding("cold_charge", START + 60)
    with landing(tmp_path) as store:
        store.write(StoreBatch(findings=(PackFindings("a", [leak, cold]),)))
        reader = StoreReader(tmp_path)
        key = reader.findings("a")[0]["key"]
        store.acknowledge(key, "cell ordered", "anna", START + 100)
        store.write(StoreBatch(findings=(PackFindings("a", [leak | {"cleared_unix_time_second": START + 300}]),)))
        found = reader.findings()
    assert [(entry["kind"], entry["is_current"]) for entry in found] == [
        ("cold_charge", False),
        ("self_discharge", True),
    ]
    assert found[1]["acknowledgements"] == [{"note": "cell ordered", "who": "anna", "unix_time_second": START + 100}]
    assert found[1]["magnitude"] is None
    assert reader.findings(open_only=True) == ()


def test_states_keep_the_latest_and_one_an_hour(tmp_path: Path) -> None:
    with landing(tmp_path) as store:
        for minute in range(90):
            state = StateDocument("a", START + 60.0 * minute, {"pack": "a", "samples": minute})
            store.write(StoreBatch(states=(state,)))
        store.write(rows_batch("a", [START + 5400.0]))
        reader = StoreReader(tmp_path)
        now = reader.state("a")
        assert now.document == {"pack": "a", "samples": 89}
        assert now.age_second(START + 5402.5) == pytest.approx(2.5)
        history = reader.state_history("a", START, START + 86400)
        thinned = reader.state_history("a", START, START + 86400, most=1)
    assert [document["samples"] for _, document in history] == [59, 89]
    assert thinned == history[-1:]


def test_telemetry_and_audit_can_be_read(tmp_path: Path) -> None:
    told = SourceTelemetry(
        pack_id="a",
        source="bms",
        unix_time_second=START,
        rate_hertz=1.0,
        latency_p50_second=0.05,
        latency_p99_second=0.2,
        jitter_second=0.01,
        gaps=3,
        refused_frames={"checksum": 2},
    )
    record = AuditRecord(unix_time_second=START, actor="program", action="start", detail={"version": "1"})
    with landing(tmp_path) as store:
        store.write(StoreBatch(telemetry=(told,), audit=(record,)))
        reader = StoreReader(tmp_path)
        (found,) = reader.telemetry("a")
        assert reader.audit(START, START + 1) == (record,)
    assert found["refused_frames"] == {"checksum": 2}
    assert found["source"] == "bms"


def test_a_batch_that_cannot_be_stored_leaves_nothing(tmp_path: Path) -> None:
    good, unknown = rows_batch("a", [START]).rows, rows_batch("b", [START]).rows
    with landing(tmp_path) as store:
        with pytest.raises(KeyError):
            store.write(StoreBatch(rows=(*good, *unknown)))
        assert list(StoreReader(tmp_path).rows("a")) == []
        assert store.write(StoreBatch(rows=good)).rows_new == 1


def test_series_agrees_with_the_rows(tmp_path: Path) -> None:
    given = block(START + np.arange(5000))
    with landing(tmp_path) as store:
        for begin in range(0, 5000, 250):
            store.write(StoreBatch(rows=(PackRows("a", "main", given.rows(begin, begin + 250)),)))
        reader = StoreReader(tmp_path)
        for points in (1, 2, 10, 60, 700, 20000):
            found = reader.series(
                "a", ["cell_voltage_c2_volt", "current_ampere", "no_such_volt"], START, START + 5000, points
            )
            starts = np.floor(given.unix_time_second / found.bucket_second) * found.bucket_second
            np.testing.assert_allclose(found.unix_time_second, np.unique(starts))
            for name, values in (
                ("cell_voltage_c2_volt", given.cell_voltage_volt[:, 1]),
                ("current_ampere", given.current_ampere),
            ):
                means = [np.nanmean(values[starts == start]) for start in np.unique(starts) if points < 1000]
                if means:
                    np.testing.assert_allclose(found.columns[name].mean, means, atol=1e-9)
                assert np.nanmin(found.columns[name].minimum) == np.nanmin(values)
                assert np.nanmax(found.columns[name].maximum) == np.nanmax(values)
            assert np.isnan(found.columns["no_such_volt"].mean).all()


def test_registration_is_read_back(tmp_path: Path) -> None:
    with landing(tmp_path) as store:
        store.write(rows_batch("a", [START], source="array"))
        (record,) = StoreReader(tmp_path).packs()
    assert (record.pack_id, record.layout, record.sources) == ("a", LAYOUT, ("array",))
    with Landing(tmp_path):
        assert record.pack_toml_text == StoreReader(tmp_path).packs()[0].pack_toml_text
