"""Lines from the site's description."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from importlib.util import find_spec

from cellwarden.app.service.site_toml import PortSettings
from cellwarden.core.errors import ConfigurationError
from cellwarden.drivers.bluetooth import Bluetooth
from cellwarden.drivers.device import DeviceProfile, Driver, SerialSettings
from cellwarden.drivers.transport.ble import BleDevice
from cellwarden.drivers.transport.messages import MessageTransport
from cellwarden.drivers.transport.stream import StreamTransport

__all__ = ["bluetooth_device", "message_line", "serial_settings", "stream_line"]


def serial_settings(port: PortSettings, drivers: Iterable[Driver]) -> SerialSettings:
    """How the port is set: as the devices leave the factory, with the site's baud rate.

    Raises
    ------
    ConfigurationError
        Devices that cannot share the line as they are.
    """
    wanted = {driver.serial for driver in drivers if driver.serial is not None} or {SerialSettings(baud=9600)}
    if port.baud is not None:
        wanted = {
            SerialSettings(baud=port.baud, data_bits=one.data_bits, parity=one.parity, stop_bits=one.stop_bits)
            for one in wanted
        }
    if len(wanted) > 1:
        rates = ", ".join(sorted(f"{one.baud} {one.data_bits}{one.parity}{one.stop_bits}" for one in wanted))
        raise ConfigurationError(f"port '{port.name}': its devices want different settings ({rates}); set 'baud'.")
    return wanted.pop()


def stream_line(port: PortSettings, drivers: Iterable[Driver], time_scale: float = 1.0) -> StreamTransport:
    """A serial or TCP line; it opens when it is first used. `time_scale` shortens its silences, for fast clocks."""
    gap_second = port.gap_second * time_scale
    if port.serial is not None:
        from cellwarden.drivers.transport.serial_line import SerialLine

        return SerialLine(port.serial, serial_settings(port, drivers), gap_second)
    from cellwarden.drivers.transport.tcp import TcpLine

    host, _, number = (port.tcp or "").rpartition(":")
    return TcpLine(host, int(number), gap_second=gap_second)


def message_line(port: PortSettings, devices: Iterable[tuple[Driver, DeviceProfile]]) -> MessageTransport:
    """A CAN bus or an MQTT broker, listening to what the devices send."""
    channels = sorted({channel for driver, profile in devices for channel in driver.channels(profile)})
    if port.can is not None:
        from cellwarden.drivers.transport.can_bus import CanBus

        interface, _, channel = port.can.partition(":")
        return CanBus(interface, channel, port.bitrate, channels)
    from cellwarden.drivers.transport.mqtt import MqttFeed

    host, _, number = (port.mqtt or "").rpartition(":")
    return MqttFeed(host, channels, int(number))


def bluetooth_device(port: PortSettings, drivers: Iterable[Driver]) -> BleDevice:
    """The device in the air; it connects when it is first read.

    Raises
    ------
    ConfigurationError
        The extra is not installed, the kind of device is not named, or two sources share the device.
    """
    named = [driver for driver in drivers if isinstance(driver, Bluetooth)]
    if len(named) != 1:
        raise ConfigurationError(f"port '{port.name}': a Bluetooth device can be one source only.")
    if not named[0].kind:
        raise ConfigurationError(
            f"port '{port.name}': say what kind of device it is, for example settings = {{ kind = \"jikong_bms\" }}."
        )
    if any(find_spec(package) is None for package in ("aiobmsble", "bleak")):
        version = ".".join(map(str, sys.version_info[:2]))
        raise ConfigurationError(
            f"port '{port.name}': Bluetooth needs cellwarden[ble] and Python 3.12 or newer; this is {version}."
        )
    return BleDevice(named[0].kind, port.ble or "", named[0].pack)
