"""Home Assistant discovery: every value of a pack as an entity with its class, unit and expiry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cellwarden.core.json_value import JsonValue
from cellwarden.publish.mqtt.message import MqttMessage, Topics, json_payload, topic_word
from cellwarden.publish.snapshot import PackSnapshot

__all__ = ["Entity", "discovery_messages", "entities_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """One value: `key` is its name in the state message.

    `device_class` and `unit` keep to Home Assistant's table of classes; None where it has no class for the quantity. A
    difference of temperatures has no class on purpose: as a temperature it would be converted like an absolute one.
    """

    key: str
    name: str
    unit: str | None
    device_class: str | None = None
    state_class: str | None = "measurement"
    digits: int = 1
    component: str = "sensor"
    is_diagnostic: bool = False
    is_enabled: bool = True


_PACK = (
    Entity(key="voltage_volt", name="Voltage", unit="V", device_class="voltage", digits=2),
    Entity(key="current_ampere", name="Current", unit="A", device_class="current", digits=2),
    Entity(key="power_watt", name="Power", unit="W", device_class="power", digits=0),
    Entity(key="soc_percent", name="State of charge", unit="%", device_class="battery", digits=0),
    Entity(key="cell_voltage_spread_volt", name="Cell spread", unit="V", device_class="voltage", digits=3),
    Entity(key="runtime_hour", name="Runtime at the backup load", unit="h", device_class="duration", digits=2),
    Entity(key="runtime_low_hour", name="Runtime, at least", unit="h", device_class="duration", digits=2),
    Entity(
        key="energy_in_kilowatt_hour",
        name="Energy charged",
        unit="kWh",
        device_class="energy",
        state_class="total_increasing",
        digits=2,
    ),
    Entity(
        key="energy_out_kilowatt_hour",
        name="Energy discharged",
        unit="kWh",
        device_class="energy",
        state_class="total_increasing",
        digits=2,
    ),
    Entity(
        key="problem",
        name="Problem",
        unit=None,
        device_class="problem",
        state_class=None,
        component="binary_sensor",
    ),
)


def entities_of(snapshot: PackSnapshot) -> Iterator[Entity]:
    """Entities of a pack: its own, its sensors', and those of every cell as diagnostics."""
    yield from _PACK
    for sensor in snapshot.sensors:
        yield Entity(
            key=f"temperature_{sensor}_celsius", name=f"Temperature {sensor}", unit="°C", device_class="temperature"
        )
    for cell in range(1, snapshot.cells_in_series + 1):
        yield Entity(
            key=f"cell_voltage_c{cell}_volt",
            name=f"Cell {cell} voltage",
            unit="V",
            device_class="voltage",
            digits=3,
            is_diagnostic=True,
        )
        yield _quiet(f"cell_soc_c{cell}_percent", f"Cell {cell} charge", "%", 1)
        yield _quiet(f"cell_capacity_c{cell}_ah", f"Cell {cell} capacity", "Ah", 1)
        yield _quiet(f"cell_resistance_c{cell}_milliohm", f"Cell {cell} resistance", "mΩ", 2)
        yield _quiet(f"cell_self_discharge_c{cell}_milliampere", f"Cell {cell} leak", "mA", 1)


def _quiet(key: str, name: str, unit: str, digits: int) -> Entity:
    """An estimate of one cell: 16 cells of them would flood a dashboard, so who wants one switches it on."""
    return Entity(key=key, name=name, unit=unit, digits=digits, is_diagnostic=True, is_enabled=False)


def discovery_messages(
    snapshot: PackSnapshot, topics: Topics, *, version: str, period_second: float
) -> Iterator[MqttMessage]:
    """The configuration of every entity of a pack, retained.

    Parameters
    ----------
    period_second : of the state messages; values expire after three of them, 30 s at least
    """
    for entity in entities_of(snapshot):
        name = topic_word(snapshot.pack_id)
        yield MqttMessage(
            topic=f"{topics.discovery}/{entity.component}/{name}_{entity.key}/config",
            payload=json_payload(_configuration(entity, snapshot, topics, version, period_second)),
            qos=1,
            retain=True,
        )


def _configuration(
    entity: Entity, snapshot: PackSnapshot, topics: Topics, version: str, period_second: float
) -> dict[str, JsonValue]:
    name = topic_word(snapshot.pack_id)
    configuration: dict[str, JsonValue] = {
        "name": entity.name,
        "unique_id": f"{name}_{entity.key}",
        "object_id": f"{name}_{entity.key}",
        "state_topic": topics.state(snapshot.pack_id),
        "value_template": f"{{{{ value_json.{entity.key} }}}}",
        "expire_after": max(30, round(3.0 * period_second)),
        "availability": [{"topic": topics.service()}, {"topic": topics.availability(snapshot.pack_id)}],
        "availability_mode": "all",
        "device": {
            "identifiers": [name],
            "name": snapshot.pack_id,
            "manufacturer": "cellwarden",
            "model": "Battery pack",
        },
        "origin": {"name": "cellwarden", "sw_version": version},
        "enabled_by_default": entity.is_enabled,
    }
    optional: dict[str, JsonValue] = {
        "device_class": entity.device_class,
        "unit_of_measurement": entity.unit,
        "state_class": entity.state_class if entity.component == "sensor" else None,
        "suggested_display_precision": entity.digits if entity.component == "sensor" else None,
        "entity_category": "diagnostic" if entity.is_diagnostic else None,
    }
    return configuration | {key: value for key, value in optional.items() if value is not None}
