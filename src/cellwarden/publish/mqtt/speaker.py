"""What is due to be said to the broker: pure, so that every promise about it can be tested without one.

After a connection everything retained is said once (availability, discovery, findings), then values in their period
and findings when they change. Nothing is kept while the broker is away: values of that time are in the store, and
findings are said as they are when it is back, so a return floods nobody.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from cellwarden.publish.mqtt.discovery import discovery_messages
from cellwarden.publish.mqtt.message import MqttMessage, Topics
from cellwarden.publish.mqtt.pack_messages import (
    availability_message,
    findings_message,
    limits_message,
    state_message,
)
from cellwarden.publish.mqtt.settings import MqttSettings
from cellwarden.publish.snapshot import PackSnapshot

__all__ = ["Speaker"]


@dataclass(slots=True)
class Speaker:
    """Remembers what the broker was told in this connection."""

    settings: MqttSettings
    version: str
    _said: dict[str, bytes] = field(default_factory=dict)
    _shapes: dict[str, tuple[int, tuple[str, ...]]] = field(default_factory=dict)

    @property
    def topics(self) -> Topics:
        """Topics of this site."""
        return Topics(base=self.settings.base_topic, discovery=self.settings.discovery_prefix)

    def last_will(self) -> MqttMessage:
        """What the broker says for us when we are gone."""
        return MqttMessage(topic=self.topics.service(), payload=b"offline", qos=1, retain=True)

    def connected(self) -> Iterator[MqttMessage]:
        """First words of a connection; what was said in earlier ones counts for nothing."""
        self._said.clear()
        self._shapes.clear()
        yield MqttMessage(topic=self.topics.service(), payload=b"online", qos=1, retain=True)

    def home_assistant_started(self) -> None:
        """Home Assistant says that it is back: it reads discovery anew."""
        self._shapes.clear()

    def due(self, snapshots: Sequence[PackSnapshot]) -> Iterator[MqttMessage]:
        """Messages of one period."""
        for snapshot in snapshots:
            yield from self._discovery(snapshot)
            is_fresh = snapshot.is_fresh(self.settings.stale_second)
            yield from self._changed(availability_message(snapshot.pack_id, is_fresh=is_fresh, topics=self.topics))
            yield from self._changed(findings_message(snapshot, self.topics))
            limits = limits_message(snapshot, self.topics)
            if is_fresh:
                yield state_message(snapshot, self.topics)
                if limits is not None:
                    yield from self._changed(limits)

    def _discovery(self, snapshot: PackSnapshot) -> Iterator[MqttMessage]:
        shape = (snapshot.cells_in_series, snapshot.sensors)
        if self.settings.discovery_prefix and self._shapes.get(snapshot.pack_id) != shape:
            self._shapes[snapshot.pack_id] = shape
            yield from discovery_messages(
                snapshot, self.topics, version=self.version, period_second=self.settings.period_second
            )

    def _changed(self, message: MqttMessage) -> Iterator[MqttMessage]:
        """A message unless its topic was told the same before."""
        if self._said.get(message.topic) != message.payload:
            self._said[message.topic] = message.payload
            yield message
