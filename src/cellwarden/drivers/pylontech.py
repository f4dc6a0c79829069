"""Pylontech on RS485, ASCII protocol V3.3, 115200 8N1 (9600 by DIP switch): one module for each address.

The address is that of the module, group · 16 + number, and the first number is 2. A module answers for itself only. The
board's temperature is told as that of the switches.

Source: Pylontech "RS485 protocol" V3.3 (2018) as kept by esphome-seplos-bms; python-pylontech. Where sources differ:

* the sign of the discharge limit: minus in the document, plus in some firmware. Its size is taken.
* a limit whose "ok" bit is off is told as 0.
* bits of the first status byte are told by number, for one source names them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from cellwarden.drivers.ascii_frame import (
    AsciiDriver,
    Counted,
    ascii_reply_length,
    ascii_request,
    counted_info,
    kelvin_field,
    of_pack,
    warned,
)
from cellwarden.drivers.device import DeviceProfile, Frame, Poll, Request, SerialSettings, TransportKind
from cellwarden.drivers.errors import FrameTypeError
from cellwarden.drivers.field_table import Field, integer_at, named_bits, reading_from_table, text_at
from cellwarden.drivers.reading import DeviceIdentity, DeviceReading, merge_readings

__all__ = ["DRIVER", "Pylontech"]


CELLS = (Field(name="cell_voltage_volt", offset=0, type="s16", scale=0.001, unit="volt", valid=(0.0, 5.0), many=True),)
SENSORS = (
    kelvin_field("mos_temperature_celsius", 0, 2731.0),
    kelvin_field("temperature_celsius", 2, 2731.0, many=True),
)
PACK = (
    Field(name="current_ampere", offset=0, type="s16", scale=0.1, unit="ampere", valid=(-1000.0, 1000.0)),
    Field(name="pack_voltage_volt", offset=2, type="u16", scale=0.001, unit="volt", valid=(0.0, 65.534)),
    Field(name="cycle_count", offset=9, type="u16", unit="cycles", valid=(0.0, 60000.0)),
)
SMALL_PACK = (
    Field(name="remaining_capacity_ah", offset=4, type="u16", scale=0.001, unit="ah", valid=(0.0, 66.0)),
    Field(name="full_capacity_ah", offset=7, type="u16", scale=0.001, unit="ah", valid=(0.0, 66.0)),
)
LARGE_PACK = (
    Field(name="remaining_capacity_ah", offset=11, type="u24", scale=0.001, unit="ah", valid=(0.0, 1e4)),
    Field(name="full_capacity_ah", offset=14, type="u24", scale=0.001, unit="ah", valid=(0.0, 1e4)),
)
MANAGEMENT = (
    Field(name="charge_voltage_limit_volt", offset=1, type="u16", scale=0.001, unit="volt", valid=(0.0, 65.534)),
    Field(name="charge_current_limit_ampere", offset=5, type="s16", scale=0.1, unit="ampere", valid=(0.0, 1000.0)),
    Field(
        name="discharge_current_limit_ampere", offset=7, type="s16", scale=0.1, unit="ampere", valid=(-1000.0, 1000.0)
    ),
)
_COMMANDS = {"serial": 0x93, "analog": 0x42, "alarms": 0x44, "management": 0x92}
_INFO_BYTES = {"serial": 17, "management": 10}
_MOST_CELLS, _MOST_SENSORS = 16, 8
_ANALOG_REST = range(11, 18, 6)  # with the capacities of large packs behind it
_ALARM_REST = range(8, 9)


@dataclass(frozen=True, slots=True)
class Pylontech(AsciiDriver):
    """Pylontech on RS485."""

    name: ClassVar[str] = "pylontech"
    title: ClassVar[str] = "Pylontech, RS485"
    transports: ClassVar[tuple[TransportKind, ...]] = ("serial", "tcp")
    serial: ClassVar[SerialSettings | None] = SerialSettings(baud=115200)
    poll_plan: ClassVar[tuple[Poll, ...]] = (
        Poll(request="serial", period_second=0.0),
        Poll(request="analog", period_second=1.0),
        Poll(request="alarms", period_second=5.0),
        Poll(request="management", period_second=5.0),
    )
    capabilities: ClassVar[frozenset[str]] = frozenset(
        {"cell_voltage", "pack_voltage", "current", "temperature", "switches", "limits", "alarms", "identity"}
    )
    identity_request: ClassVar[str | None] = "serial"
    addresses: ClassVar[tuple[int, int]] = (2, 0xFE)

    def requests(self, profile: DeviceProfile) -> tuple[Request, ...]:
        """One command each."""
        cells, sensors = profile.cell_count or _MOST_CELLS, 1 + (profile.temperature_count or _MOST_SENSORS - 1)
        info_bytes = {"analog": 4 + 2 * (cells + sensors) + 17, "alarms": 4 + cells + sensors + 8, **_INFO_BYTES}
        return tuple(
            Request(
                name=name,
                payload=ascii_request(0x20, profile.address, command, bytes((profile.address,))),
                reply_length=ascii_reply_length(info_bytes[name]),
                echo=(command,),
                gap_second=0.02,
                optional=name in {"serial", "management"},
            )
            for name, command in _COMMANDS.items()
        )

    def require_form(self, kind: str, info: bytes, address: int) -> None:
        """Counts or length of that kind, and the module's number."""
        of_pack(_pack_of(kind, info), address)

    def learn(self, frame: Frame, profile: DeviceProfile) -> DeviceProfile:
        """Numbers of cells and of sensors at cells, and the serial number."""
        if frame.kind == "serial":
            return replace(profile, identity=_identity(frame.payload))
        if frame.kind == "analog":
            parts = _analog_parts(frame.payload)
            sensors = max(0, len(parts.sensors) // 2 - 1)
            return replace(profile, cell_count=len(parts.cells) // 2, temperature_count=sensors)
        return profile

    def decode(self, frames: Sequence[Frame], profile: DeviceProfile) -> DeviceReading:  # noqa: ARG002
        """Replies, merged."""
        return merge_readings(_DECODERS[frame.kind](frame.payload) for frame in frames)


def _pack_of(kind: str, info: bytes) -> int:
    """Number of the pack in INFO of that kind."""
    if kind == "analog":
        return _analog_parts(info).pack
    if kind == "alarms":
        return _alarm_parts(info).pack
    if len(info) != _INFO_BYTES[kind]:
        raise FrameTypeError(f"{len(info)} bytes are not the reply '{kind}'")
    return info[0]


def _analog_parts(info: bytes) -> Counted:
    return counted_info(info, 2, range(1, _MOST_CELLS + 1), range(_MOST_SENSORS + 1), _ANALOG_REST)


def _alarm_parts(info: bytes) -> Counted:
    return counted_info(info, 1, range(1, _MOST_CELLS + 1), range(_MOST_SENSORS + 1), _ALARM_REST)


def _identity(info: bytes) -> DeviceIdentity:
    return DeviceIdentity(serial_number=text_at(info, 1, 16))


def _serial(info: bytes) -> DeviceReading:
    return DeviceReading(identity=_identity(info))


def _analog(info: bytes) -> DeviceReading:
    parts = _analog_parts(info)
    sensors = len(parts.sensors) // 2
    large = len(parts.rest) > _ANALOG_REST[0]
    return merge_readings(
        (
            reading_from_table(parts.cells, CELLS, {"cell_voltage_volt": len(parts.cells) // 2}),
            reading_from_table(parts.sensors, SENSORS[: 1 if sensors else 0]),
            reading_from_table(parts.sensors, SENSORS[1:], {"temperature_celsius": max(0, sensors - 1)}),
            reading_from_table(parts.rest, PACK + (LARGE_PACK if large else SMALL_PACK)),
        )
    )


def _alarms(info: bytes) -> DeviceReading:
    parts = _alarm_parts(info)
    charge, voltage, discharge, status, switches, _, low, high = parts.rest
    errors = low | high << 8
    words = warned(
        (
            *((f"cell {index}", state) for index, state in enumerate(parts.cells, 1)),
            *((f"temperature {index}" if index else "board temperature", s) for index, s in enumerate(parts.sensors)),
            ("charge current", charge),
            ("pack voltage", voltage),
            ("discharge current", discharge),
        )
    )
    return DeviceReading(
        charge_switch_fraction=float(switches >> 1 & 1),
        discharge_switch_fraction=float(switches >> 2 & 1),
        alarms=words + named_bits(status, {}) + named_bits(errors, {n: f"cell {n + 1} error" for n in range(16)}),
    )


def _management(info: bytes) -> DeviceReading:
    reading = reading_from_table(info, MANAGEMENT)
    status = integer_at(info, 9, "u8")
    charge, discharge = reading.charge_current_limit_ampere, reading.discharge_current_limit_ampere
    return replace(
        reading,
        charge_current_limit_ampere=charge if status >> 7 & 1 else 0.0,
        discharge_current_limit_ampere=math.fabs(discharge or 0.0) if status >> 6 & 1 else 0.0,
    )


_DECODERS = {"serial": _serial, "analog": _analog, "alarms": _alarms, "management": _management}
DRIVER = Pylontech()
