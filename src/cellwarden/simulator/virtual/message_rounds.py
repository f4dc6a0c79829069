"""The rounds of a device that talks by itself, on whatever carries its messages."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from cellwarden.simulator.virtual.device import Message, MessageDevice
from cellwarden.simulator.virtual.spoiled_wire import SpoiledWire

__all__ = ["send_rounds"]


async def send_rounds(device: MessageDevice, wire: SpoiledWire, send: Callable[[Message], Awaitable[None]]) -> None:
    """Send a round each period, for ever; late ones follow by themselves."""
    loop = asyncio.get_running_loop()
    due = loop.time()
    async with asyncio.TaskGroup() as late_ones:
        while True:
            for delay, message in wire.round(device):
                if delay > 0.0:
                    late_ones.create_task(_later(delay, message, send))
                else:
                    await send(message)
            due = max(due + device.period_second, loop.time())
            await asyncio.sleep(due - loop.time())


async def _later(delay_second: float, message: Message, send: Callable[[Message], Awaitable[None]]) -> None:
    await asyncio.sleep(delay_second)
    await send(message)
