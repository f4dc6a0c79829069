"""A pack as the publishers take it, for their tests."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cellwarden.core.limits import Authority, Decision, Limits, LimitTerm
from cellwarden.core.sample_block import SampleBlock
from cellwarden.publish.snapshot import PackSnapshot

CELLS = 4


def sample() -> SampleBlock:
    """One row: cell 2 without a reading, cell 3 bled."""
    return SampleBlock(
        unix_time_second=np.array([1_700_000_000.0]),
        current_ampere=np.array([-12.5]),
        pack_voltage_volt=np.array([13.25]),
        cell_voltage_volt=np.array([[3.301, np.nan, 3.35, 3.302]]),
        temperature_celsius=np.array([[24.5, 21.0]]),
        ambient_temperature_celsius=np.array([np.nan]),
        balancing_fraction=np.array([[0.0, 0.0, 1.0, 0.0]]),
    )


def decision() -> Decision:
    """Limits with cell 3 binding the charge."""
    charge = LimitTerm(
        rule="cell_voltage_high", kind="charge_current_ampere", value=20.0, cell=3, reason="Cell 3 is high."
    )
    discharge = replace(charge, rule="manufacturer", kind="discharge_current_ampere", value=100.0, cell=None)
    volt = replace(charge, kind="charge_voltage_volt", value=14.0)
    limits = Limits(charge_current_ampere=20.0, discharge_current_ampere=100.0, charge_voltage_volt=14.0)
    return Decision(
        unix_time_second=1_700_000_000.0,
        authority=Authority.MONITOR,
        limits=limits,
        binding=(charge, discharge, volt),
        terms=(charge, discharge, volt),
    )


def snapshot(pack_id: str = "rack 1/pack", *, age_second: float | None = 1.0) -> PackSnapshot:
    """A pack with a leaking cell 3 and a cell 4 whose capacity nothing has measured."""
    cells = [
        {
            "cell": k,
            "soc_fraction": 0.9 - 0.1 * k,
            "capacity_ah": 100.0 - k,
            "capacity_informed_unix_time_second": None if k == CELLS else 1_699_000_000.0,
            "resistance_ohm": 0.001 * k,
            "resistance_informed_unix_time_second": 1_699_000_000.0,
            "self_discharge_ampere": 0.03 if k == 3 else None,
        }
        for k in range(1, CELLS + 1)
    ]
    finding = {
        "kind": "self_discharge",
        "cell": 3,
        "sensor": None,
        "severity": "critical",
        "magnitude": 0.03,
        "magnitude_low": 0.02,
        "magnitude_high": 0.04,
        "unit": "ampere",
        "confidence": 0.99,
        "first_seen_unix_time_second": 1_699_000_000.0,
        "detected_unix_time_second": 1_699_100_000.0,
        "explanation": "Cell 3 loses 30 mA.",
        "advice": "Replace cell 3.",
        "key": "k",
        "pack": pack_id,
    }
    return PackSnapshot(
        pack_id=pack_id,
        description={
            "pack": {"id": pack_id, "cells_in_series": CELLS, "nominal_capacity_ah": 100.0},
            "sensors": {"temperature_cells": {"t1": [1, 2], "t2": [4]}},
        },
        sensors=("t1", "t2"),
        sample=sample(),
        age_second=age_second,
        document={
            "until_unix_time_second": 1_700_000_000.0,
            "cells": cells,
            "readiness": {"load_watt": 300.0, "runtime_hour": 2.5, "runtime_low_hour": 2.2},
            "usage": {
                "equivalent_full_cycles": 12.4,
                "charge_throughput_ah": 2480.0,
                "energy_charged_kilowatt_hour": 33.0,
                "energy_discharged_kilowatt_hour": 31.0,
                "round_trip_efficiency_fraction": 0.94,
                "hours_above_45_celsius": 0.5,
                "hours_below_0_celsius": 0.0,
            },
        },
        findings=(finding,),
        decision=decision(),
        refused_frames={"checksum": 3},
    )
