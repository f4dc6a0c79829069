"""MQTT by aiomqtt: subscribes and listens, publishes nothing."""

from __future__ import annotations

from collections.abc import Iterable

from cellwarden.drivers.transport.messages import MessageTransport

__all__ = ["MqttFeed"]

_LARGEST_PAYLOAD = 1 << 16


class MqttFeed(MessageTransport):
    """Topics of one broker.

    Parameters
    ----------
    host, port : the broker
    topics : to subscribe to, wildcards allowed
    username, password : where the broker asks for them
    encrypted : TLS with the system's certificates

    A retained message is of unknown age, so it is counted and marked. One larger than 64 KiB is counted and dropped.
    """

    def __init__(
        self,
        host: str,
        topics: Iterable[str],
        port: int = 1883,
        username: str | None = None,
        password: str | None = None,
        *,
        encrypted: bool = False,
    ):
        super().__init__(f"mqtt {host}:{port}")
        self._where = (host, port)
        self._login = (username, password)
        self._encrypted = encrypted
        self._topics = tuple(topics)

    async def _listen(self) -> None:
        import aiomqtt

        tls = aiomqtt.TLSParameters() if self._encrypted else None
        username, password = self._login
        try:
            async with aiomqtt.Client(
                *self._where, username=username, password=password, tls_params=tls, max_queued_incoming_messages=1024
            ) as client:
                for topic in self._topics:
                    await client.subscribe(topic)
                async for message in client.messages:
                    self._take(str(message.topic), message.payload, retained=message.retain)
        except aiomqtt.MqttError as error:
            raise OSError(str(error)) from error

    def _take(self, topic: str, payload: object, *, retained: bool) -> None:
        if not isinstance(payload, bytes) or len(payload) > _LARGEST_PAYLOAD:
            self.counters["unusable"] += 1
            return
        self.counters["retained"] += retained
        self._deliver(topic, payload, retained=retained)
