"""Discovery by Home Assistant's own schemas, where `make nightly` has set them up; and that the check can fail."""

from __future__ import annotations

from typing import Any

import pytest

from scripts.check_home_assistant import ENVIRONMENT, judged, messages

pytestmark = pytest.mark.skipif(not (ENVIRONMENT / "ready").exists(), reason="`make nightly` sets up Home Assistant")


def changed(key: str, **values: Any) -> list[dict[str, Any]]:
    """The messages, those of one entity with other values."""
    return [
        one | {"configuration": one["configuration"] | values} if one["topic"].endswith(f"{key}/config") else one
        for one in messages()
    ]


def test_home_assistant_takes_every_message() -> None:
    status, words = judged(messages())
    assert status == 0, words
    assert f"{len(messages())} discovery messages, 0 faults" in words


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        (changed("_voltage_volt", unit_of_measurement="kWh"), "unit kWh is none of class voltage"),
        (changed("energy_in_kilowatt_hour", state_class="measurement"), "state class measurement is none"),
        (changed("_voltage_volt", device_class="volts"), "device_class"),
        (changed("_voltage_volt", expires=30), "extra keys not allowed"),
        (changed("problem", value_template="{{ value_json.voltage_volt }}"), "neither on nor off"),
        (changed("_current_ampere", unique_id="twice") + changed("_current_ampere", unique_id="twice"), "2 times"),
        ([messages()[0] | {"topic": "homeassistant/sensor/a b/config"}], "no discovery topic"),
    ],
)
def test_what_it_would_refuse_or_drop_is_named(said: list[dict[str, Any]], fault: str) -> None:
    status, words = judged(said)
    assert status == 1
    assert fault in words
