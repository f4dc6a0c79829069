"""What is said of one pack: values only while they are fresh, findings and availability retained."""

from __future__ import annotations

from cellwarden.core.json_value import JsonValue
from cellwarden.publish.mqtt.message import MqttMessage, Topics, json_payload
from cellwarden.publish.snapshot import PackSnapshot, cell_entries, last_row

__all__ = ["availability_message", "findings_message", "limits_message", "pack_state", "state_message"]

_FINDING_KEYS = (
    "kind",
    "cell",
    "sensor",
    "severity",
    "magnitude",
    "magnitude_low",
    "magnitude_high",
    "unit",
    "confidence",
    "first_seen_unix_time_second",
    "detected_unix_time_second",
    "explanation",
    "advice",
)


def pack_state(snapshot: PackSnapshot) -> dict[str, JsonValue]:
    """A pack's values under the names that discovery refers to; `unix_time_second` is that of the sample."""
    state: dict[str, JsonValue] = {"pack": snapshot.pack_id}
    if snapshot.sample is None:
        return state
    state["unix_time_second"] = float(snapshot.sample.unix_time_second[-1])
    volts = last_row(snapshot, "cell_voltage_volt")
    known = [value for value in volts if value is not None]
    current = last_row(snapshot, "current_ampere")[0]
    pack_volt = last_row(snapshot, "pack_voltage_volt")[0]
    if pack_volt is None and len(known) == len(volts):
        pack_volt = sum(known)
    state["voltage_volt"] = pack_volt
    state["current_ampere"] = current
    state["power_watt"] = None if pack_volt is None or current is None else pack_volt * current
    state["cell_voltage_spread_volt"] = max(known) - min(known) if known else None
    for number, value in enumerate(volts, start=1):
        state[f"cell_voltage_c{number}_volt"] = value
    for sensor, value in zip(snapshot.sensors, last_row(snapshot, "temperature_celsius"), strict=False):
        state[f"temperature_{sensor}_celsius"] = value
    return state | _estimates(snapshot)


def _estimates(snapshot: PackSnapshot) -> dict[str, JsonValue]:
    state: dict[str, JsonValue] = {}
    entries = cell_entries(snapshot)
    charges = sorted(entry["soc_fraction"] for entry in entries if entry.get("soc_fraction") is not None)
    if charges:
        state["soc_percent"] = 100.0 * charges[0]  # a string ends with its emptiest cell
    for entry in entries:
        cell, leak, ohm = entry["cell"], entry.get("self_discharge_ampere"), entry.get("resistance_ohm")
        soc = entry.get("soc_fraction")
        state[f"cell_soc_c{cell}_percent"] = None if soc is None else 100.0 * soc
        state[f"cell_capacity_c{cell}_ah"] = entry.get("capacity_ah")
        state[f"cell_resistance_c{cell}_milliohm"] = None if ohm is None else 1000.0 * ohm
        state[f"cell_self_discharge_c{cell}_milliampere"] = None if leak is None else 1000.0 * leak
    ready = (snapshot.document or {}).get("readiness")
    if ready is not None:
        state["runtime_hour"] = ready.get("runtime_hour")
        state["runtime_low_hour"] = ready.get("runtime_low_hour")
    usage = (snapshot.document or {}).get("usage") or {}
    state["energy_in_kilowatt_hour"] = usage.get("energy_charged_kilowatt_hour")
    state["energy_out_kilowatt_hour"] = usage.get("energy_discharged_kilowatt_hour")
    worst = max(
        (entry["severity"] for entry in snapshot.findings), key=("info", "warning", "critical").index, default=None
    )
    state["problem"] = "ON" if worst in {"warning", "critical"} else "OFF"
    return state


def state_message(snapshot: PackSnapshot, topics: Topics) -> MqttMessage:
    """Values, not retained: after a reconnect stale ones must not look fresh."""
    return MqttMessage(
        topic=topics.state(snapshot.pack_id), payload=json_payload(pack_state(snapshot)), qos=0, retain=False
    )


def availability_message(pack_id: str, *, is_fresh: bool, topics: Topics) -> MqttMessage:
    """Whether a pack's values are fresh; retained, for who subscribes later must know."""
    payload = b"online" if is_fresh else b"offline"
    return MqttMessage(topic=topics.availability(pack_id), payload=payload, qos=1, retain=True)


def findings_message(snapshot: PackSnapshot, topics: Topics) -> MqttMessage:
    """Open findings, retained; without any the retained message is taken away."""
    entries = [{key: entry.get(key) for key in _FINDING_KEYS} for entry in snapshot.findings]
    payload = json_payload({"findings": entries}) if entries else b""
    return MqttMessage(topic=topics.findings(snapshot.pack_id), payload=payload, qos=1, retain=True)


def limits_message(snapshot: PackSnapshot, topics: Topics) -> MqttMessage | None:
    """Limits with what binds each, None before the first decision."""
    decision = snapshot.decision
    if decision is None:
        return None
    terms: list[JsonValue] = [
        {"limit": term.kind, "value": term.value, "rule": term.rule, "cell": term.cell, "reason": term.reason}
        for term in decision.binding
    ]
    document: dict[str, JsonValue] = {
        "unix_time_second": decision.unix_time_second,
        "authority": decision.authority.value,
        "charge_current_ampere": decision.limits.charge_current_ampere,
        "discharge_current_ampere": decision.limits.discharge_current_ampere,
        "charge_voltage_volt": decision.limits.charge_voltage_volt,
        "binding": terms,
    }
    return MqttMessage(topic=topics.limits(snapshot.pack_id), payload=json_payload(document), qos=1, retain=False)
