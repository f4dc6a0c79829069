"""A virtual device on a CAN bus, by any interface of python-can: `virtual`, `udp_multicast`, `socketcan` and others."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from cellwarden.core.errors import ConfigurationError
from cellwarden.simulator.virtual.background import in_background
from cellwarden.simulator.virtual.device import Message, MessageDevice
from cellwarden.simulator.virtual.message_rounds import send_rounds
from cellwarden.simulator.virtual.spoiled_wire import SpoiledWire

__all__ = ["serving_can"]


@contextlib.asynccontextmanager
async def serving_can(device: MessageDevice, wire: SpoiledWire, interface: str, channel: str) -> AsyncIterator[None]:
    """Send the device's messages while the context lasts; what the bus cannot take is lost, as on a real one.

    Raises
    ------
    ConfigurationError
        python-can is missing, or has no such bus.
    """
    try:
        import can
    except ImportError as cause:
        raise ConfigurationError("CAN needs the extra 'can'") from cause
    try:
        bus = await asyncio.to_thread(can.Bus, interface=interface, channel=channel)
    except (can.CanError, OSError, ValueError) as cause:
        raise ConfigurationError(f"there is no CAN bus {interface}:{channel} ({cause})") from cause

    async def send(message: Message) -> None:
        extended = len(message.channel) > 3
        frame = can.Message(
            arbitration_id=int(message.channel, 16), is_extended_id=extended, data=message.payload, check=True
        )
        with contextlib.suppress(can.CanError):
            bus.send(frame)

    try:
        async with in_background(send_rounds(device, wire, send)):
            yield
    finally:
        bus.shutdown()
