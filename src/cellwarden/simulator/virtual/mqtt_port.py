"""A virtual device that publishes to an MQTT broker."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator

from cellwarden.core.errors import ConfigurationError
from cellwarden.simulator.virtual.background import in_background
from cellwarden.simulator.virtual.device import Message, MessageDevice
from cellwarden.simulator.virtual.message_rounds import send_rounds
from cellwarden.simulator.virtual.spoiled_wire import SpoiledWire

__all__ = ["serving_mqtt"]

_LOG = logging.getLogger(__name__)
_RETRY_SECOND = 2.0


@contextlib.asynccontextmanager
async def serving_mqtt(device: MessageDevice, wire: SpoiledWire, host: str, port: int) -> AsyncIterator[None]:
    """Publish the device's messages while the context lasts; a broker that goes away is tried again every 2 s.

    Raises
    ------
    ConfigurationError
        aiomqtt is missing.
    """
    try:
        import aiomqtt  # noqa: F401  # here for its message; `_publish` uses it
    except ImportError as cause:
        raise ConfigurationError("MQTT needs the extra 'mqtt'") from cause
    async with in_background(_publish(device, wire, host, port)):
        yield


async def _publish(device: MessageDevice, wire: SpoiledWire, host: str, port: int) -> None:
    import aiomqtt

    while True:
        try:
            async with aiomqtt.Client(host, port) as client:

                async def send(message: Message, client: aiomqtt.Client = client) -> None:
                    await client.publish(message.channel, message.payload)

                await send_rounds(device, wire, send)
        except* aiomqtt.MqttError as errors:
            _LOG.warning("mqtt %s:%s: %s; next try in %.0f s", host, port, errors.exceptions[0], _RETRY_SECOND)
        await asyncio.sleep(_RETRY_SECOND)
