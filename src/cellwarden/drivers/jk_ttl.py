"""JK (Jikong) on the TTL or GPS port, "4E57" frames, 115200 8N1: one request, one list of tags.

Tags have mixed widths and their codes occur inside data, so the list is walked with a table of widths; it ends at a tag
that the table does not have. There is no address: one device to a port. The dialect has no cell resistance and no
balancer current, and tells only whether the balancer runs, not on which cell.

Sources: esphome-jk-bms `jk_bms.cpp`, `jk_modbus.cpp`; dbus-serialbattery `jkbms.py`; the widths add up to a captured
14-cell reply of 285 bytes. Where sources differ:

* temperatures above 100: 100 − x in one, 99 − x in the other's code though its comment agrees with 100 − x. Taken as
  100 − x; below 0 °C the reading may be 1 K too high.
* the current's sign bit is defined for protocol version 1 (tag C0); any other version gives no current.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from cellwarden.drivers.checksum import sum16
from cellwarden.drivers.device import DeviceProfile, Driver, Frame, Poll, Request, SerialSettings, TransportKind
from cellwarden.drivers.errors import FrameChecksumError, FrameLengthError, FrameTypeError
from cellwarden.drivers.field_table import Field, integer_at, named_bits, reading_from_table, text_at
from cellwarden.drivers.reading import DeviceIdentity, DeviceReading, merge_readings

__all__ = ["DRIVER", "JkTtl"]

TAGS = {
    0x83: Field(name="pack_voltage_volt", offset=0, type="u16", scale=0.01, unit="volt", valid=(0.0, 200.0)),
    0x85: Field(name="bms_soc_fraction", offset=0, type="u8", scale=0.01, unit="fraction", valid=(0.0, 1.0)),
    0x87: Field(name="cycle_count", offset=0, type="u16", unit="cycles", valid=(0.0, 6e4)),
    0x97: Field(name="discharge_current_limit_ampere", offset=0, type="u16", unit="ampere", valid=(0.0, 1000.0)),
    0x99: Field(name="charge_current_limit_ampere", offset=0, type="u16", unit="ampere", valid=(0.0, 1000.0)),
    0xAA: Field(name="nominal_capacity_ah", offset=0, type="u32", unit="ah", valid=(0.0, 1e4)),
    0xB9: Field(name="full_capacity_ah", offset=0, type="u32", unit="ah", valid=(0.0, 1e4)),
}
CELLS = Field(
    name="cell_voltage_volt", offset=1, type="u16", scale=0.001, unit="volt", valid=(0.0, 5.0), many=True, stride=3
)
CURRENT = Field(name="current_ampere", offset=0, type="u16", scale=0.01, unit="ampere", valid=(0.0, 328.0))
_TEMPERATURES = {0x80: "mos_temperature_celsius", 0x81: "ambient_temperature_celsius", 0x82: "temperature_celsius"}
_COLDEST, _HOTTEST = -39.0, 100.0  # −40 is an open sensor
_WIDTHS = {
    **dict.fromkeys((*range(0x80, 0x85), 0x87, *range(0x8A, 0x8D), *range(0x8E, 0x9D), *range(0x9E, 0xA9)), 2),
    **dict.fromkeys((0x85, 0x86, 0x9D, 0xA9, 0xAB, 0xAC, 0xAE, 0xAF, 0xB1, 0xB3, 0xB8, 0xC0), 1),
    **dict.fromkeys((0x89, 0xAA, 0xB5, 0xB6, 0xB9), 4),
    **dict.fromkeys((0xAD, 0xB0), 2),
    0xB2: 10,
    0xB4: 8,
    0xB7: 15,
    0xBA: 24,
}
_ALARMS = {
    0: "low state of charge",
    1: "switches too hot",
    2: "charge over-voltage",
    3: "discharge under-voltage",
    4: "too hot",
    5: "charge over-current",
    6: "discharge over-current",
    7: "cells too far apart",
    8: "box too hot",
    9: "too cold",
    10: "cell over-voltage",
    11: "cell under-voltage",
}
_READ_ALL = bytes.fromhex("4E5700130000000006030000000000006800000129")
_HEADER, _TRAILER, _MOST_CELLS = 11, 9, 24
_NEEDED = frozenset({0x79, 0x83, 0x84})


@dataclass(frozen=True, slots=True)
class JkTtl(Driver):
    """JK on its TTL port."""

    name: ClassVar[str] = "jk_ttl"
    title: ClassVar[str] = "JK (Jikong), TTL or GPS port"
    transports: ClassVar[tuple[TransportKind, ...]] = ("serial", "tcp")
    serial: ClassVar[SerialSettings | None] = SerialSettings(baud=115200)
    poll_plan: ClassVar[tuple[Poll, ...]] = (Poll(request="all", period_second=1.0),)
    capabilities: ClassVar[frozenset[str]] = frozenset(
        {"cell_voltage", "pack_voltage", "current", "temperature", "soc", "switches", "limits", "alarms", "identity"}
    )
    identity_request: ClassVar[str | None] = "all"
    head: ClassVar[bytes] = b"\x4e\x57"
    longest_frame: ClassVar[int] = 512

    def requests(self, profile: DeviceProfile) -> tuple[Request, ...]:
        """Read everything."""
        reply_length = 243 + 3 * (profile.cell_count or _MOST_CELLS)
        return (Request(name="all", payload=_READ_ALL, reply_length=reply_length, gap_second=0.05),)

    def length(self, buffer: bytes, request: Request | None) -> int | None:  # noqa: ARG002
        """Two bytes more than the length field says."""
        if len(buffer) < 4:
            return None
        length = 2 + int.from_bytes(buffer[2:4], "big")
        if not _HEADER + _TRAILER <= length <= self.longest_frame:
            raise FrameLengthError(f"no reply has {length} bytes")
        return length

    def open(self, raw: bytes, request: Request | None, profile: DeviceProfile) -> Frame:  # noqa: ARG002
        """The tag list of a reply to "read all"."""
        if len(raw) < _HEADER + _TRAILER or raw[-5] != 0x68:
            raise FrameLengthError("the frame does not end with 68 and its sum")
        if sum16(raw[:-4]) != int.from_bytes(raw[-2:], "big"):
            raise FrameChecksumError("sum differs")
        if raw[8] != 0x06 or raw[10] != 0x01:
            raise FrameTypeError(f"command {raw[8]:02x} of type {raw[10]:02x} is not a reply to read all")
        return Frame(kind="all", payload=raw[_HEADER:-_TRAILER])

    def learn(self, frame: Frame, profile: DeviceProfile) -> DeviceProfile:
        """Number of cells and identity."""
        tags = dict(_tags(frame.payload))
        return replace(profile, cell_count=len(tags.get(0x79, b"")) // 3, identity=_identity(tags))

    def decode(self, frames: Sequence[Frame], profile: DeviceProfile) -> DeviceReading:  # noqa: ARG002
        """All tags."""
        return merge_readings(_decode_tags(dict(_tags(frame.payload))) for frame in frames)


def _tags(payload: bytes) -> Iterator[tuple[int, bytes]]:
    """Tags with their data, up to the first that has no known width; of 79 without its count."""
    position = 0
    while position < len(payload):
        tag = payload[position]
        position += 1
        if tag == 0x79 and position < len(payload):
            width = payload[position]
            position += 1
        elif tag in _WIDTHS:
            width = _WIDTHS[tag]
        else:
            return
        if position + width > len(payload):
            return
        yield tag, payload[position : position + width]
        position += width


def _identity(tags: dict[int, bytes]) -> DeviceIdentity:
    return DeviceIdentity(
        firmware=text_at(tags.get(0xB7, b""), 0, 15), serial_number=text_at(tags.get(0xBA, b""), 0, 24)
    )


def _decode_tags(tags: dict[int, bytes]) -> DeviceReading:
    if not tags.keys() >= _NEEDED:
        raise FrameTypeError("the reply holds no cells, no voltage or no current: its tags are not those we know")
    readings = [reading_from_table(tags[tag], (field,)) for tag, field in TAGS.items() if tag in tags]
    readings += [_cells(tags[0x79]), _current(tags), _temperatures(tags)]
    if 0x8B in tags:
        readings.append(DeviceReading(alarms=named_bits(integer_at(tags[0x8B], 0, "u16"), _ALARMS)))
    if 0x8C in tags:
        state = integer_at(tags[0x8C], 0, "u16")
        readings.append(
            DeviceReading(charge_switch_fraction=float(state & 1), discharge_switch_fraction=float(state >> 1 & 1))
        )
    return merge_readings([*readings, DeviceReading(identity=_identity(tags))])


def _cells(data: bytes) -> DeviceReading:
    count = len(data) // 3
    if not count or len(data) % 3 or list(data[::3]) != list(range(1, count + 1)):
        raise FrameTypeError("the cells of the reply are not numbered 1, 2, 3, …")
    return reading_from_table(data, (CELLS,), {"cell_voltage_volt": count})


def _current(tags: dict[int, bytes]) -> DeviceReading:
    if tags.get(0xC0) != b"\x01":
        return DeviceReading(
            current_ampere=math.nan, refused=("current_ampere: sign unknown in this protocol version",)
        )
    raw = integer_at(tags[0x84], 0, "u16")
    amount = reading_from_table((raw & 0x7FFF).to_bytes(2, "big"), (CURRENT,))
    if raw & 0x7FFF == 0x7FFF:
        return DeviceReading(current_ampere=math.nan)
    return replace(amount, current_ampere=amount.current_or_nan * (1.0 if raw & 0x8000 else -1.0) + 0.0)


def _temperatures(tags: dict[int, bytes]) -> DeviceReading:
    values: dict[str, float] = {}
    refused = []
    for tag, name in _TEMPERATURES.items():
        if tag not in tags:
            continue
        raw = integer_at(tags[tag], 0, "u16")
        celsius = float(raw if raw <= 100 else 100 - raw)
        possible = _COLDEST <= celsius <= _HOTTEST
        values[name] = celsius if possible else math.nan
        if not possible and raw != 0xFFFF:
            refused.append(f"{name} {celsius:g} celsius")
    return DeviceReading(
        mos_temperature_celsius=values.get("mos_temperature_celsius"),
        ambient_temperature_celsius=values.get("ambient_temperature_celsius"),
        temperature_celsius=np.array([values["temperature_celsius"]]) if "temperature_celsius" in values else None,
        refused=tuple(refused),
    )


DRIVER = JkTtl()
