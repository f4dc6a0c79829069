"""What is said to a broker and when: fresh values only, retained topics few, nothing repeated, nothing hoarded."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from cellwarden.publish.mqtt.discovery import discovery_messages, entities_of
from cellwarden.publish.mqtt.message import MqttMessage, Topics, topic_word
from cellwarden.publish.mqtt.pack_messages import pack_state
from cellwarden.publish.mqtt.settings import MqttSettings
from cellwarden.publish.mqtt.speaker import Speaker
from tests.publish.snapshots import CELLS, snapshot

# Home Assistant's own table (sensor.const.DEVICE_CLASS_UNITS and the state classes of each class), the rows we use
UNITS = {
    "voltage": {"V", "mV"},
    "current": {"A", "mA"},
    "power": {"W", "kW"},
    "temperature": {"°C", "°F", "K"},
    "battery": {"%"},
    "energy": {"Wh", "kWh", "MWh", "MJ", "GJ"},
    "duration": {"s", "min", "h", "d", "ms"},
}
STATE_CLASSES = {"energy": {"total", "total_increasing"}}


def speaker() -> Speaker:
    return Speaker(MqttSettings(host="localhost"), "1.0")


def topics_of(messages: list[MqttMessage]) -> list[str]:
    return [message.topic for message in messages]


def test_every_entity_has_a_class_a_unit_of_that_class_and_a_value() -> None:
    state = pack_state(snapshot())
    names = set()
    for entity in entities_of(snapshot()):
        names.add(entity.key)
        assert entity.key in state
        if entity.device_class in UNITS:
            assert entity.unit in UNITS[entity.device_class]
            assert entity.state_class in STATE_CLASSES.get(entity.device_class, {"measurement"})
    assert len(names) == len(list(entities_of(snapshot()))) == 10 + 2 + 5 * CELLS


def test_only_the_pack_is_a_battery_and_estimates_of_cells_are_switched_off() -> None:
    entities = list(entities_of(snapshot()))
    assert [entity.key for entity in entities if entity.device_class == "battery"] == ["soc_percent"]
    assert all(not entity.is_enabled for entity in entities if entity.key.startswith("cell_capacity"))


def test_discovery_is_retained_unique_and_free_of_wildcards() -> None:
    messages = list(discovery_messages(snapshot("a/b#+ü"), Topics(), version="1", period_second=10.0))
    documents = [json.loads(message.payload) for message in messages]
    assert all(message.retain and message.qos == 1 for message in messages)
    assert len({document["unique_id"] for document in documents}) == len(documents)
    assert all(not set("#+ü ") & set(message.topic) and message.topic.count("/") == 3 for message in messages)
    assert {document["expire_after"] for document in documents} == {30}
    assert {document["availability_mode"] for document in documents} == {"all"}


def test_values_are_never_retained_and_carry_the_time_of_the_sample() -> None:
    said = list(speaker().due([snapshot()]))
    states = [message for message in said if message.topic.endswith("/state")]
    assert len(states) == 1
    assert not states[0].retain
    document = json.loads(states[0].payload)
    assert document["unix_time_second"] == 1_700_000_000.0
    assert document["cell_voltage_c2_volt"] is None
    assert document["power_watt"] == pytest.approx(-12.5 * 13.25)


def test_a_silent_pack_is_offline_and_says_nothing_more() -> None:
    said = list(speaker().due([snapshot(age_second=100.0)]))
    assert [m.payload for m in said if m.topic.endswith("availability")] == [b"offline"]
    assert not [m for m in said if m.topic.endswith(("/state", "/limits"))]


def test_the_second_period_says_values_only() -> None:
    talker = speaker()
    list(talker.due([snapshot()]))
    assert topics_of(list(talker.due([snapshot()]))) == [talker.topics.state("rack 1/pack")]


def test_a_finding_that_goes_takes_its_retained_message_with_it() -> None:
    talker = speaker()
    list(talker.due([snapshot()]))
    said = list(talker.due([replace(snapshot(), findings=())]))
    gone = next(message for message in said if message.topic.endswith("/findings"))
    assert (gone.payload, gone.retain) == (b"", True)


def test_after_an_hour_without_a_broker_the_return_is_one_round_and_no_flood() -> None:
    talker = speaker()
    first = list(talker.connected()) + list(talker.due([snapshot()]))
    again = list(talker.connected()) + list(talker.due([snapshot()]))
    assert topics_of(again) == topics_of(first)


def test_home_assistants_restart_brings_discovery_again() -> None:
    talker = speaker()
    list(talker.due([snapshot()]))
    talker.home_assistant_started()
    assert sum(topic.endswith("/config") for topic in topics_of(list(talker.due([snapshot()])))) == 32


def test_the_last_will_is_the_topic_that_every_entity_watches() -> None:
    talker = speaker()
    document = json.loads(next(discovery_messages(snapshot(), talker.topics, version="1", period_second=10.0)).payload)
    assert talker.last_will().topic in [entry["topic"] for entry in document["availability"]]
    assert (talker.last_will().payload, talker.last_will().retain) == (b"offline", True)


@pytest.mark.parametrize(("name", "word"), [("a b/c", "a_b_c"), ("", "_"), ("+#$", "___"), ("ok-1_2", "ok-1_2")])
def test_names_become_one_level_of_a_topic(name: str, word: str) -> None:
    assert topic_word(name) == word
