"""The client that speaks to the broker, for as long as the web process runs; a broker that is away is tried again."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable, Sequence
from pathlib import Path

import aiomqtt

from cellwarden.publish.mqtt.message import MqttMessage
from cellwarden.publish.mqtt.settings import MqttSettings
from cellwarden.publish.mqtt.speaker import Speaker
from cellwarden.publish.snapshot import PackSnapshot

__all__ = ["publish_forever"]

_LOG = logging.getLogger(__name__)
_FIRST_WAIT_SECOND = 2.0
_LONGEST_WAIT_SECOND = 300.0
# without it a message of QoS 0 after one of QoS 1 waits 20 ms for an acknowledgement that is itself delayed
_NO_DELAY = (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
_GREETING = "status"


async def publish_forever(
    settings: MqttSettings, version: str, snapshots: Callable[[], Sequence[PackSnapshot]], identifier: str
) -> None:
    """Publish until cancelled.

    Parameters
    ----------
    settings : of the broker
    version : of the program, for discovery
    snapshots : packs as they are now; called off the event loop, once a period
    identifier : client id, the same after every start, so that the broker drops a half-open earlier connection
    """
    speaker = Speaker(settings, version)
    wait = _FIRST_WAIT_SECOND
    while True:
        try:
            async with _client(settings, speaker, identifier) as client:
                wait = _FIRST_WAIT_SECOND
                _LOG.info("connected to the broker %s:%s", settings.host, settings.port)
                await _speak(client, speaker, snapshots)
        except (aiomqtt.MqttError, OSError) as error:
            _heed_cancellation(error)
            _LOG.warning("no connection to the broker %s:%s (%s)", settings.host, settings.port, error)
        await asyncio.sleep(wait)
        wait = min(2.0 * wait, _LONGEST_WAIT_SECOND)


def _heed_cancellation(cause: BaseException | None = None) -> None:
    """Stop where we were told to: the client's waits may lose it (a race in `asyncio.wait_for`), its errors hide it."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError from cause


def _client(settings: MqttSettings, speaker: Speaker, identifier: str) -> aiomqtt.Client:
    will = speaker.last_will()
    password = None
    if settings.password_file is not None:
        password = Path(settings.password_file).read_text(encoding="utf-8").strip()
    return aiomqtt.Client(
        settings.host,
        settings.port,
        identifier=identifier,
        username=settings.username,
        password=password,
        tls_context=None if settings.ca_file is None else ssl.create_default_context(cafile=settings.ca_file),
        will=aiomqtt.Will(will.topic, will.payload, will.qos, will.retain),
        socket_options=[_NO_DELAY],
        timeout=10.0,
    )


async def _speak(client: aiomqtt.Client, speaker: Speaker, snapshots: Callable[[], Sequence[PackSnapshot]]) -> None:
    for message in speaker.connected():
        await _publish(client, message)
    listening = asyncio.create_task(_listen(client, speaker))
    try:
        while True:
            for message in speaker.due(await asyncio.to_thread(snapshots)):
                await _publish(client, message)
            if listening.done():
                listening.result()
            _heed_cancellation()
            await asyncio.sleep(speaker.settings.period_second)
    finally:
        listening.cancel()
        await _farewell(client, speaker)


async def _listen(client: aiomqtt.Client, speaker: Speaker) -> None:
    """Home Assistant's own birth message; nothing else is listened to, and no command is."""
    if not speaker.settings.discovery_prefix:
        return
    await client.subscribe(f"{speaker.settings.discovery_prefix}/{_GREETING}")
    async for message in client.messages:
        if message.payload == b"online" and not message.retain:
            speaker.home_assistant_started()


async def _farewell(client: aiomqtt.Client, speaker: Speaker) -> None:
    """Say that we go, where the broker is still there: the last will is for a sudden end only."""
    try:
        await _publish(client, speaker.last_will())
    except aiomqtt.MqttError:
        _LOG.info("the broker is gone; it says our last will")


async def _publish(client: aiomqtt.Client, message: MqttMessage) -> None:
    await client.publish(message.topic, message.payload, qos=message.qos, retain=message.retain)
