"""A small store with three packs, one of them with a name that tries to be a script; and the application over it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from fastapi.testclient import TestClient

from cellwarden.app.pack_snapshots import pack_snapshot
from cellwarden.app.page_words import ReportWords
from cellwarden.core.json_value import JsonValue
from cellwarden.core.limits import Authority, Decision, Limits, LimitTerm
from cellwarden.core.sample_block import FloatArray, SampleBlock
from cellwarden.publish.battery_passport import passport_document
from cellwarden.store.batch import (
    MAIN_SOURCE,
    EstimateMinutes,
    PackDecision,
    PackFindings,
    PackLayout,
    PackRows,
    SourceTelemetry,
    StateDocument,
    StoreBatch,
)
from cellwarden.store.landing import Landing
from cellwarden.web.accounts import Accounts
from cellwarden.web.app_factory import create_app
from cellwarden.web.controller import Controller, NoController
from cellwarden.web.parts import WebParts
from cellwarden.web.readers import ReaderPool
from cellwarden.web.settings import WebSettings
from cellwarden.web.summaries import Summaries

__all__ = [
    "BEGIN",
    "CELLS",
    "EVIL",
    "NOW",
    "PACK",
    "PASSWORD",
    "SmallSite",
    "fill",
    "finding",
    "pack_toml",
    "samples",
    "small_site",
]

BEGIN, NOW = 1_700_000_000.0, 1_700_007_205.0
PACK, EVIL = "pack-a", "<script>document.title='owned'</script>"
CELLS, ROWS = 4, 720
PASSWORD = "a long enough password"  # noqa: S105  # of a test's account


def pack_toml(name: str) -> str:
    """A description with a backup load."""
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    return (
        f'[pack]\nid = "{quoted}"\ncells_in_series = {CELLS}\nnominal_capacity_ah = 100.0\n'
        "[sensors]\ntemperature_cells = { t1 = [1, 2], t2 = [3, 4] }\n"
        "[backup]\nload_watt = 300.0\nduration_hour = 2.0\n"
    )


def samples(count: int = CELLS) -> SampleBlock:
    """Two hours at a row every 10 s; cell 3 falls, cell 2 has no reading in the last row."""
    time: FloatArray = BEGIN + 10.0 * np.arange(1, ROWS + 1, dtype=np.float64)
    volts = np.full((ROWS, count), 3.4)
    volts[:, 2] -= np.linspace(0.0, 0.05, ROWS)
    volts[-1, 1] = np.nan
    return SampleBlock(
        unix_time_second=time,
        current_ampere=np.full(ROWS, -12.5),
        pack_voltage_volt=np.nansum(volts, axis=1),
        cell_voltage_volt=volts,
        temperature_celsius=np.full((ROWS, 2), 24.5),
        ambient_temperature_celsius=np.full(ROWS, np.nan),
    )


def document(name: str) -> dict[str, JsonValue]:
    """A state document; cell 4 was never measured."""
    cells: list[JsonValue] = [
        {
            "cell": k,
            "soc_fraction": 0.9 - 0.01 * k,
            "soc_low_fraction": 0.88 - 0.01 * k,
            "soc_high_fraction": 0.92 - 0.01 * k,
            "capacity_ah": 98.0 + k,
            "capacity_low_ah": 95.0,
            "capacity_high_ah": 105.0,
            "capacity_informed_unix_time_second": None if k == CELLS else BEGIN,
            "resistance_ohm": 0.001,
            "resistance_low_ohm": 0.0009,
            "resistance_high_ohm": 0.0011,
            "resistance_informed_unix_time_second": BEGIN,
            "self_discharge_ampere": 0.03 if k == 3 else 0.0,
            "self_discharge_low_ampere": -0.001,
            "self_discharge_high_ampere": 0.035,
            "voltage_offset_volt": 0.0,
            "voltage_offset_low_volt": -0.001,
            "voltage_offset_high_volt": 0.001,
        }
        for k in range(1, CELLS + 1)
    ]
    return {
        "pack": name,
        "until_unix_time_second": NOW,
        "cells": cells,
        "readiness": {
            "load_watt": 300.0,
            "runtime_hour": 2.5,
            "runtime_low_hour": 2.2,
            "runtime_high_hour": 2.9,
            "limiting_cell": 3,
            "reason": "Cell 3 reaches its minimum of 2.50 V first.",
        },
        "usage": {
            "equivalent_full_cycles": 1.5,
            "charge_throughput_ah": 300.0,
            "energy_charged_kilowatt_hour": 2.0,
            "energy_discharged_kilowatt_hour": 1.8,
            "round_trip_efficiency_fraction": 0.9,
            "hours_above_45_celsius": 0.0,
            "hours_below_0_celsius": 0.5,
        },
    }


def finding(cell: int, severity: str, kind: str = "self_discharge") -> dict[str, JsonValue]:
    """One open entry of findings.json."""
    return {
        "kind": kind,
        "cell": cell,
        "sensor": None,
        "first_seen_unix_time_second": BEGIN + 600.0,
        "detected_unix_time_second": BEGIN + 1200.0,
        "cleared_unix_time_second": None,
        "severity": severity,
        "magnitude": 0.03,
        "magnitude_low": 0.025,
        "magnitude_high": 0.035,
        "magnitude_at_detection": 0.03,
        "unit": "ampere",
        "confidence": 0.97,
        "explanation": f"Cell {cell} loses 30 mA.",
        "advice": f"Replace cell {cell}.",
    }


def decision() -> Decision:
    """Limits with cell 3 binding the charge."""

    def term(kind: str, value: float, cell: int | None) -> LimitTerm:
        return LimitTerm(rule="cell_voltage_high", kind=kind, value=value, cell=cell, reason="Because.")  # type: ignore[arg-type]  # one of three

    binding = (
        term("charge_current_ampere", 20.0, 3),
        term("discharge_current_ampere", 100.0, None),
        term("charge_voltage_volt", 14.0, 3),
    )
    limits = Limits(charge_current_ampere=20.0, discharge_current_ampere=100.0, charge_voltage_volt=14.0)
    return Decision(unix_time_second=NOW, authority=Authority.MONITOR, limits=limits, binding=binding, terms=binding)


def fill(folder: Path) -> None:
    """Write the three packs: one to act on now, one with a hostile name, one that is well."""
    found = {
        PACK: [finding(3, "critical"), finding(1, "info", "soc_imbalance")],
        EVIL: [finding(2, "warning")],
        "well": [],
    }
    with Landing(folder) as landing:
        for name, entries in found.items():
            landing.register_pack(name, pack_toml(name), PackLayout(cells_in_series=CELLS, sensors=("t1", "t2")))
            minutes: FloatArray = BEGIN + 60.0 * np.arange(1, 121, dtype=np.float64)
            charge = np.full((120, CELLS), 0.9)
            landing.write(
                StoreBatch(
                    rows=(PackRows(name, MAIN_SOURCE, samples()),),
                    estimates=(
                        EstimateMinutes(
                            pack_id=name,
                            unix_time_second=minutes,
                            soc_fraction=charge,
                            soc_low_fraction=charge - 0.02,
                            soc_high_fraction=charge + 0.02,
                            temperature_forecast_celsius=np.full((120, 2), 26.0),
                        ),
                    ),
                    states=(StateDocument(name, NOW, document(name)),),
                    findings=(PackFindings(name, entries),),
                    decisions=(PackDecision(name, decision()),),
                    telemetry=(
                        SourceTelemetry(
                            pack_id=name,
                            source="bms",
                            unix_time_second=NOW,
                            rate_hertz=0.1,
                            latency_p50_second=0.1,
                            latency_p99_second=0.2,
                            jitter_second=0.01,
                            gaps=0,
                            refused_frames={"checksum": 2},
                        ),
                    ),
                )
            )


@dataclass(slots=True)
class Recorder:
    """A controller that remembers what it was asked, and records it in the store as the real one does."""

    folder: Path
    asked: list[tuple[str, str, str]]

    def acknowledge(self, finding_key: str, note: str, who: str) -> None:
        """Write it."""
        self.asked.append((finding_key, note, who))
        with Landing(self.folder) as landing:
            landing.acknowledge(finding_key, note, who, NOW)


@dataclass(slots=True)
class SmallSite:
    """The application over a small store, and clients of every role."""

    folder: Path
    parts: WebParts

    def client(self) -> TestClient:
        """A client that has not signed in."""
        return TestClient(create_app(self.parts), base_url="http://localhost")

    def operator(self) -> TestClient:
        """A client that has signed in."""
        client = self.client()
        if not self.parts.accounts.has_operator():
            self.parts.accounts.set_password("ada", PASSWORD)
        answer = client.post("/api/v1/session", json={"name": "ada", "password": PASSWORD})
        if answer.status_code != 201:
            raise AssertionError(answer.text)
        return client

    def token(self) -> TestClient:
        """A client with a read-only token."""
        client = self.client()
        client.headers["authorization"] = f"Bearer {self.parts.accounts.make_token('test', NOW)}"
        return client


def small_site(
    folder: Path,
    controller: Controller | None = None,
    now: Callable[[], float] = lambda: NOW,
    settings: WebSettings | None = None,
    clock_speed: float = 1.0,
) -> SmallSite:
    """A small site in a folder that `fill` has filled."""
    words = ReportWords()
    parts = WebParts(
        site_name="test site",
        version="1.2.3",
        readers=ReaderPool(folder),
        accounts=Accounts(folder / "accounts.sqlite"),
        controller=controller or NoController(),
        words=words,
        settings=settings or replace(WebSettings(), requests_per_second=1e6, burst_requests=1_000_000),
        now=now,
        summaries=Summaries(words, now, clock_speed),
        clock_speed=clock_speed,
        passport=lambda reader, record: passport_document(pack_snapshot(reader, record, now())),
    )
    return SmallSite(folder, parts)
