"""How the site speaks to its broker."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["MqttSettings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MqttSettings:
    """Settings of the `[publish.mqtt]` table.

    Attributes
    ----------
    host, port : of the broker
    username, password_file : the password is read from a file, never from the site's description
    ca_file : certificate that the broker's must be signed by; with it the connection is encrypted
    base_topic, discovery_prefix : see `Topics`; an empty prefix publishes no discovery
    period_second : between two state messages of a pack
    stale_second : older values are no longer published, and the pack is told to be offline
    """

    host: str
    port: int = 1883
    username: str | None = None
    password_file: str | None = None
    ca_file: str | None = None
    base_topic: str = "cellwarden"
    discovery_prefix: str = "homeassistant"
    period_second: float = 10.0
    stale_second: float = 30.0
