"""Judges discovery messages by Home Assistant's own schemas; runs in Home Assistant's environment, not in ours.

Reads a list of `{"topic": …, "configuration": {…}, "state": {…}}` from standard input, prints the counts and what Home
Assistant would refuse, drop or complain of. See `scripts/check_home_assistant.py`.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from importlib import import_module
from typing import Any

_DISCOVERY = import_module("homeassistant.components.mqtt.discovery")
_CONST = import_module("homeassistant.components.sensor.const")
_PLATFORMS = {name: import_module(f"homeassistant.components.mqtt.{name}") for name in ("sensor", "binary_sensor")}
_INVALID = import_module("voluptuous").Invalid
_TEMPLATES = import_module("jinja2").Environment(autoescape=False)  # a number, and no page


def main() -> int:
    """0 where Home Assistant takes everything as it is meant."""
    messages = json.load(sys.stdin)
    counts: Counter[str] = Counter()
    faults = [fault for message in messages for fault in _faults(message, counts)]
    seen = Counter(message["configuration"].get("unique_id") for message in messages)
    faults += [f"unique_id {name} is there {count} times" for name, count in seen.items() if count > 1]
    version = import_module("homeassistant.const").__version__
    print(f"Home Assistant {version}: {len(messages)} discovery messages, {len(faults)} faults")
    for name, count in sorted(counts.items()):
        print(f"  {count:4} {name}")
    for fault in faults:
        print(f"  FAULT {fault}")
    return 1 if faults or not messages else 0


def _faults(message: dict[str, Any], counts: Counter[str]) -> Iterator[str]:
    """What is wrong with one message."""
    topic, configuration = message["topic"], message["configuration"]
    match = _DISCOVERY.TOPIC_MATCHER.fullmatch(topic.partition("/")[2])
    if match is None or match.group("component") not in _PLATFORMS:
        yield f"{topic}: no discovery topic"
        return
    platform = _PLATFORMS[match.group("component")]
    try:
        # discovery drops unknown keys silently; the schema of the configuration file names them
        platform.PLATFORM_SCHEMA_MODERN(configuration)
        checked = platform.DISCOVERY_SCHEMA(configuration)
    except _INVALID as error:
        yield f"{topic}: {error}"
        return
    counts[f"{match.group('component')}, class {checked.get('device_class') or 'none'}"] += 1
    if match.group("component") == "sensor":
        yield from _unit_faults(topic, checked)
    yield from _value_faults(topic, checked, message["state"])


def _unit_faults(topic: str, checked: dict[str, Any]) -> Iterator[str]:
    """By the tables with which a sensor complains in Home Assistant's log."""
    kind, unit, state = (checked.get(key) for key in ("device_class", "unit_of_measurement", "state_class"))
    if kind is None:
        return
    if unit not in _CONST.DEVICE_CLASS_UNITS.get(kind, {unit}):
        yield f"{topic}: unit {unit} is none of class {kind}"
    if state is not None and state not in _CONST.DEVICE_CLASS_STATE_CLASSES.get(kind, {state}):
        yield f"{topic}: state class {state} is none of class {kind}"


def _value_faults(topic: str, checked: dict[str, Any], state: dict[str, Any]) -> Iterator[str]:
    """What the template makes of a state message: a number or nothing, for a binary sensor one of its two payloads."""
    text = _TEMPLATES.from_string(checked["value_template"].template).render(value_json=state)
    if text == "None":
        return
    if "payload_on" in checked:
        if text not in {checked["payload_on"], checked["payload_off"]}:
            yield f"{topic}: {text!r} is neither on nor off"
        return
    try:
        float(text)
    except ValueError:
        yield f"{topic}: {text!r} is no number"


if __name__ == "__main__":
    sys.exit(main())
