"""A virtual device at work: it is reachable at a port while the context lasts, and its pack keeps up meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from cellwarden.core.errors import ConfigurationError
from cellwarden.simulator.virtual.background import in_background
from cellwarden.simulator.virtual.can_port import serving_can
from cellwarden.simulator.virtual.conversation import Conversation
from cellwarden.simulator.virtual.device import MessageDevice, PortKind, StreamDevice, VirtualDevice
from cellwarden.simulator.virtual.mqtt_port import serving_mqtt
from cellwarden.simulator.virtual.pty_port import serving_pty
from cellwarden.simulator.virtual.spoiled_wire import SpoiledWire
from cellwarden.simulator.virtual.tcp_port import serving_tcp

__all__ = ["Place", "serving"]

_KEEP_UP_SECOND = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a device is to be reached.

    Attributes
    ----------
    kind : of port
    host, port : of "tcp", where port 0 chooses a free one, and of the broker of "mqtt"
    interface, channel : of "can", as python-can names them
    link : of "pty": symbolic link to the device file
    """

    kind: PortKind
    host: str = "127.0.0.1"
    port: int = 0
    interface: str = "virtual"
    channel: str = "virtual"
    link: Path | None = None


@contextlib.asynccontextmanager
async def serving(device: VirtualDevice, wire: SpoiledWire, place: Place) -> AsyncIterator[str]:
    """Make the device reachable; gives where: a device file, host:port, or interface:channel.

    Raises
    ------
    ConfigurationError
        The device is not reached by such a port, or its protocol has no room for so many cells.
    """
    cells = wire.pack.pack.design.cells_in_series
    if place.kind not in device.ports:
        raise ConfigurationError(f"'{device.name}' is reached by {' or '.join(device.ports)}, not by {place.kind}")
    if cells > device.most_cells:
        raise ConfigurationError(f"'{device.name}' has room for {device.most_cells} cells; the pack has {cells}")
    async with _opened(device.at_port(place.kind), wire, place) as where, in_background(_keep_up(wire)):
        yield where


@contextlib.asynccontextmanager
async def _opened(device: VirtualDevice, wire: SpoiledWire, place: Place) -> AsyncIterator[str]:
    if isinstance(device, StreamDevice) and place.kind == "pty":
        async with serving_pty(Conversation(device, wire), place.link) as path:
            yield path
    elif isinstance(device, StreamDevice):
        async with serving_tcp(lambda: Conversation(device, wire), place.port, place.host) as port:
            yield f"{place.host}:{port}"
    elif isinstance(device, MessageDevice) and place.kind == "can":
        async with serving_can(device, wire, place.interface, place.channel):
            yield f"{place.interface}:{place.channel}"
    elif isinstance(device, MessageDevice):
        async with serving_mqtt(device, wire, place.host, place.port):
            yield f"{place.host}:{place.port}"


async def _keep_up(wire: SpoiledWire) -> None:
    """Step the pack also while nobody asks, so that the first answer after a pause does not take long."""
    while True:
        wire.pack.keep_up()
        await asyncio.sleep(_KEEP_UP_SECOND)
