"""One MQTT message, and the topics under which a site speaks."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from cellwarden.core.json_value import JsonValue, finite_document

__all__ = ["MqttMessage", "Topics", "json_payload", "topic_word"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MqttMessage:
    """What is published: an empty retained payload takes a retained message away."""

    topic: str
    payload: bytes
    qos: int
    retain: bool


def topic_word(name: str) -> str:
    """A pack's id as one level of a topic and as an entity's id: no wildcard, no slash, nothing but plain letters."""
    return re.sub(r"[^a-zA-Z0-9_-]", "_", name) or "_"


def json_payload(document: Mapping[str, JsonValue]) -> bytes:
    """JSON without NaN or infinity, which strict readers refuse."""
    return json.dumps(finite_document(document), allow_nan=False, separators=(",", ":")).encode("utf-8")


@dataclass(frozen=True, slots=True, kw_only=True)
class Topics:
    """Topics of a site; `discovery` is where Home Assistant looks."""

    base: str = "cellwarden"
    discovery: str = "homeassistant"

    def service(self) -> str:
        """Whether the program is there at all: its last will."""
        return f"{self.base}/availability"

    def availability(self, pack: str) -> str:
        """Whether a pack's values are fresh."""
        return f"{self.base}/{topic_word(pack)}/availability"

    def state(self, pack: str) -> str:
        """A pack's values."""
        return f"{self.base}/{topic_word(pack)}/state"

    def limits(self, pack: str) -> str:
        """A pack's limits, each with what binds it."""
        return f"{self.base}/{topic_word(pack)}/limits"

    def findings(self, pack: str) -> str:
        """A pack's open findings."""
        return f"{self.base}/{topic_word(pack)}/findings"
