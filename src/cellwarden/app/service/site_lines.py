"""All lines of a site with the devices on them: one task a device, one request in flight a line."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Self

from cellwarden.app.service.bluetooth_poller import BluetoothPoller
from cellwarden.app.service.message_listener import MessageListener
from cellwarden.app.service.pack_setup import PackSetup, SourceSetup
from cellwarden.app.service.ports import bluetooth_device, message_line, stream_line
from cellwarden.app.service.site_toml import PortSettings, Site
from cellwarden.app.service.source_poller import SourcePoller
from cellwarden.drivers.device import DeviceProfile
from cellwarden.drivers.reading import DeviceReading
from cellwarden.drivers.session import Session
from cellwarden.drivers.transport.ble import BleDevice
from cellwarden.drivers.transport.link import DeviceLink
from cellwarden.drivers.transport.messages import MessageTransport
from cellwarden.drivers.transport.stream import StreamTransport

__all__ = ["AnyPoller", "SiteLines"]

AnyPoller = SourcePoller | MessageListener | BluetoothPoller

_Key = tuple[str, str]


class SiteLines:
    """Opens the lines and keeps the devices' tasks going while it is entered.

    Parameters
    ----------
    site : ports by name
    packs : with their sources
    on_reading : takes pack, source, reading and the monotonic moment of its reception [s]

    `pollers` holds the task's object of every (pack, source).
    """

    def __init__(
        self, site: Site, packs: Iterable[PackSetup], on_reading: Callable[[str, str, DeviceReading, float], None]
    ) -> None:
        self.pollers: dict[_Key, AnyPoller] = {}
        self.lines: dict[str, StreamTransport | MessageTransport | BleDevice] = {}
        self._on_reading = on_reading
        self._port_of: dict[_Key, str] = {}
        self._speed = site.site.clock_speed
        self._stack = contextlib.AsyncExitStack()
        self._tasks: list[asyncio.Task[None]] = []
        on_port: dict[str, list[tuple[PackSetup, SourceSetup]]] = {name: [] for name in site.ports}
        for pack in packs:
            for source in pack.sources:
                on_port[source.settings.port].append((pack, source))
        for name, users in on_port.items():
            if users:
                self._set_up(site.ports[name], users)

    def _set_up(self, port: PortSettings, users: list[tuple[PackSetup, SourceSetup]]) -> None:
        if port.kind in {"serial", "tcp"}:
            line = stream_line(port, [source.driver for _, source in users], 1.0 / self._speed)
            for pack, source in users:
                link = DeviceLink(line, Session(source.driver, _profile(source)), 1.0 / self._speed)
                key = (pack.pack_id, source.settings.name)
                period = source.settings.period_second / self._speed
                self._port_of[key] = port.name
                self.pollers[key] = SourcePoller(" ".join(key), link, period, self._taker(key))
            self.lines[port.name] = line
            return
        if port.kind == "ble":
            self._set_up_bluetooth(port, users)
            return
        bus = message_line(port, [(source.driver, _profile(source)) for _, source in users])
        for pack, source in users:
            key = (pack.pack_id, source.settings.name)
            session = Session(source.driver, _profile(source))
            period = source.settings.period_second / self._speed
            self._port_of[key] = port.name
            self.pollers[key] = MessageListener(" ".join(key), bus, session, period, self._taker(key))
        self.lines[port.name] = bus

    def _set_up_bluetooth(self, port: PortSettings, users: list[tuple[PackSetup, SourceSetup]]) -> None:
        device = bluetooth_device(port, [source.driver for _, source in users])
        ((pack, source),) = users
        key = (pack.pack_id, source.settings.name)
        self._port_of[key] = port.name
        period = source.settings.period_second / self._speed
        self.pollers[key] = BluetoothPoller(" ".join(key), device, period, self._taker(key))
        self.lines[port.name] = device

    def _taker(self, key: _Key) -> Callable[[DeviceReading, float], None]:
        def take(reading: DeviceReading, received_second: float) -> None:
            self._on_reading(*key, reading, received_second)

        return take

    def line_of(self, key: _Key) -> StreamTransport | MessageTransport | BleDevice:
        """The line that a source is on."""
        return self.lines[self._port_of[key]]

    def sharing(self, key: _Key) -> list[_Key]:
        """All sources on the line of one."""
        return [other for other, port in self._port_of.items() if port == self._port_of[key]]

    def raise_if_dead(self) -> None:
        """An error of the program in a task must not die unseen: the service ends and is started anew."""
        for task in self._tasks:
            if task.done() and not task.cancelled():
                task.result()

    async def __aenter__(self) -> Self:
        for line in self.lines.values():
            await self._stack.enter_async_context(line)
        for key, poller in self.pollers.items():
            self._tasks.append(asyncio.create_task(poller.run(), name=" ".join(key)))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._stack.aclose()


def _profile(source: SourceSetup) -> DeviceProfile:
    """What is known before the device is heard: its address. The number of cells it must tell by itself."""
    low, _ = source.driver.addresses
    address = source.settings.address
    return DeviceProfile(address=low if address is None else address)
