"""Attributes of a battery passport (EU 2023/1542) that a monitor can fill; the rest is the maker's to state.

Names follow the Battery Pass data model, "Performance and durability" 1.2.1. What has not been measured is left out,
and what only the maker can state is listed, so that nobody takes silence for a value.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from cellwarden.core.json_value import JsonValue, finite_document
from cellwarden.publish.snapshot import PackSnapshot, cell_entries

__all__ = ["MAKER_ATTRIBUTES", "passport_document"]

MAKER_ATTRIBUTES = (
    "ratedCapacity",
    "ratedEnergy",
    "ratedMaximumPower",
    "initialInternalResistance",
    "initialSelfDischargingRate",
    "initialRoundTripEnergyEfficiency",
    "expectedLifetime",
    "lifetimeReferenceTest",
    "capacityThresholdForExhaustion",
    "stateOfCertifiedEnergy",
)
_HOURS_PER_MONTH = 730.5


def passport_document(snapshot: PackSnapshot) -> dict[str, JsonValue]:
    """The attributes that are known, each with the moment of its last update.

    Parameters
    ----------
    snapshot : one pack; without a state document only the list of what the maker must state comes back
    """
    nominal = float(snapshot.description["pack"]["nominal_capacity_ah"])
    document = snapshot.document or {}
    until = document.get("until_unix_time_second")
    update = None if until is None else datetime.fromtimestamp(float(until), UTC).isoformat()
    known = {**_usage(document), **_cells(snapshot, nominal), **_events(snapshot)}
    attributes = {name: {"value": value, "lastUpdate": update} for name, value in known.items() if value is not None}
    result = finite_document(
        {"batteryPassId": snapshot.pack_id, "attributes": attributes, "statedByTheMaker": list(MAKER_ATTRIBUTES)}
    )
    if not isinstance(result, dict):
        raise TypeError("a document is a mapping")
    return result


def _usage(document: Mapping[str, Any]) -> dict[str, JsonValue]:
    usage = document.get("usage") or {}
    out, throughput = usage.get("energy_discharged_kilowatt_hour"), usage.get("charge_throughput_ah")
    efficiency = usage.get("round_trip_efficiency_fraction")
    return {
        "energyThroughput": out,
        "capacityThroughput": throughput,
        "numberOfFullCycles": usage.get("equivalent_full_cycles"),
        "remainingRoundTripEnergyEfficiency": None if efficiency is None else 100.0 * efficiency,
        "timeAboveUpperTemperatureBoundaryMinutes": _minutes(usage.get("hours_above_45_celsius")),
        "timeBelowLowerTemperatureBoundaryMinutes": _minutes(usage.get("hours_below_0_celsius")),
    }


def _minutes(hours: float | None) -> float | None:
    return None if hours is None else 60.0 * hours


def _cells(snapshot: PackSnapshot, nominal: float) -> dict[str, JsonValue]:
    """A string is as full as its emptiest cell, and holds what its smallest cell holds."""
    entries = cell_entries(snapshot)
    charge = _known(entries, "soc_fraction")
    # a capacity that nothing has measured is the program's assumption, and no property of the battery
    measured = [e for e in entries if e.get("capacity_informed_unix_time_second") is not None]
    capacity = _known(measured, "capacity_ah")
    leak = _known(entries, "self_discharge_ampere")
    return {
        "stateOfCharge": 100.0 * min(charge) if charge else None,
        "remainingCapacity": min(capacity) if capacity else None,
        "capacityFade": 100.0 * (1.0 - min(capacity) / nominal) if capacity else None,
        "currentSelfDischargingRate": 100.0 * max(leak) * _HOURS_PER_MONTH / nominal if leak else None,
        "cellInternalResistance": [
            {"cell": entry["cell"], "ohm": entry.get("resistance_ohm")}
            for entry in entries
            if entry.get("resistance_informed_unix_time_second") is not None
        ]
        or None,
    }


def _known(entries: list[Mapping[str, Any]], key: str) -> list[float]:
    return [float(entry[key]) for entry in entries if entry.get(key) is not None]


def _events(snapshot: PackSnapshot) -> dict[str, JsonValue]:
    return {"negativeEvents": [str(entry["explanation"]) for entry in snapshot.findings] or None}
