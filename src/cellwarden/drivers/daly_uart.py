"""Daly on UART or RS485, "A5" frames of 13 bytes, 9600 8N1. Newer units with Modbus ("D2") are another dialect.

Board n is asked as 40 + n − 1 (hexadecimal) and answers as n. How many cells and sensors there are the reply to 94
says; it comes first, for cells arrive three and temperatures seven to a frame.

Sources: batmon-ha `daly.py`, `daly_uart.py`; dbus-serialbattery `daly.py`; esphome-daly-bms `protocol-register-map.md`.
Where sources differ or are alone:

* sign of the current: raw − 30000 above 0 is discharge in two sources, charge in one (for another dialect). Taken as
  discharge; a site changes it with `raw_current_rises_when = "charging"`. The state in reply 93 must agree above 1 A,
  otherwise the reading is refused, so that a wrong sign can't pass.
* switches in reply 93 are said not to follow the real switch: not told.
* order of the balance bits in reply 97: told where all are off; where one is on, every cell's value is NaN.
* bits of the alarm reply 98 come from one source: told by group and number.
* replies 97, 98 and the code in 57 may not come; nothing else waits for them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np

from cellwarden.core.errors import ConfigurationError
from cellwarden.core.sample_block import FloatArray
from cellwarden.drivers.checksum import sum8
from cellwarden.drivers.device import DeviceProfile, Driver, Frame, Poll, Request, SerialSettings, TransportKind
from cellwarden.drivers.errors import (
    FrameAddressError,
    FrameChecksumError,
    FrameLengthError,
    FrameTypeError,
)
from cellwarden.drivers.field_table import Field, integer_at, reading_from_table, text_at
from cellwarden.drivers.plausibility import require_direction
from cellwarden.drivers.reading import DeviceIdentity, DeviceReading, merge_readings

__all__ = ["DRIVER", "DalyUart"]

# offsets count in the eight data bytes, or in the data of several frames without their numbers
TABLES: Mapping[str, tuple[Field, ...]] = {
    "pack": (
        Field(name="pack_voltage_volt", offset=0, type="u16", scale=0.1, unit="volt", valid=(0.0, 1000.0)),
        Field(
            name="current_ampere",
            offset=4,
            type="u16",
            zero=30000.0,
            scale=0.1,
            unit="ampere",
            valid=(-2000.0, 2000.0),
        ),
        Field(name="bms_soc_fraction", offset=6, type="u16", scale=0.001, unit="fraction", valid=(0.0, 1.0)),
    ),
    "state": (Field(name="remaining_capacity_ah", offset=4, type="u32", scale=0.001, unit="ah", valid=(0.0, 1e4)),),
    "counts": (Field(name="cycle_count", offset=5, type="u16", unit="cycles", valid=(0.0, 6e4)),),
    "rating": (Field(name="nominal_capacity_ah", offset=0, type="u32", scale=0.001, unit="ah", valid=(0.0, 1e4)),),
    "cells": (
        Field(name="cell_voltage_volt", offset=0, type="u16", scale=0.001, unit="volt", valid=(0.0, 5.0), many=True),
    ),
    "temperatures": (
        Field(
            name="temperature_celsius",
            offset=0,
            type="u8",
            zero=40.0,
            unit="celsius",
            valid=(-39.0, 120.0),
            absent=(0, 0xFF),
            many=True,
        ),
    ),
}
_COMMANDS = {
    "pack": 0x90,
    "state": 0x93,
    "counts": 0x94,
    "cells": 0x95,
    "temperatures": 0x96,
    "balancing": 0x97,
    "alarms": 0x98,
    "rating": 0x50,
    "code": 0x57,
}
_NUMBERED = {"cells": 6, "temperatures": 7, "code": 7}  # data bytes of a frame behind its number
_OPTIONAL = frozenset({"balancing", "alarms", "rating", "code"})
_KINDS = {command: name for name, command in _COMMANDS.items()}
_ALARM_GROUPS = ("voltage", "temperature", "current or charge", "difference", "switches", "device", "device", "fault")
_FRAME, _MOST_CELLS, _MOST_SENSORS, _CODE_FRAMES = 13, 48, 16, 5


@dataclass(frozen=True, slots=True)
class DalyUart(Driver):
    """Daly on UART or RS485; `raw_current_rises_when` says which way the current counts."""

    raw_current_rises_when: Literal["discharging", "charging"] = "discharging"

    name: ClassVar[str] = "daly_uart"
    title: ClassVar[str] = "Daly, UART or RS485"
    transports: ClassVar[tuple[TransportKind, ...]] = ("serial", "tcp")
    serial: ClassVar[SerialSettings | None] = SerialSettings(baud=9600)
    poll_plan: ClassVar[tuple[Poll, ...]] = (
        Poll(request="code", period_second=0.0),
        Poll(request="rating", period_second=0.0),
        Poll(request="counts", period_second=60.0),
        Poll(request="pack", period_second=1.0),
        Poll(request="state", period_second=1.0),
        Poll(request="cells", period_second=1.0),
        Poll(request="temperatures", period_second=5.0),
        Poll(request="balancing", period_second=10.0),
        Poll(request="alarms", period_second=10.0),
    )
    capabilities: ClassVar[frozenset[str]] = frozenset(
        {"cell_voltage", "pack_voltage", "current", "temperature", "soc", "balancing", "alarms", "identity"}
    )
    identity_request: ClassVar[str | None] = "code"
    addresses: ClassVar[tuple[int, int]] = (1, 16)
    head: ClassVar[bytes] = b"\xa5"
    longest_frame: ClassVar[int] = 16 * _FRAME

    def __post_init__(self) -> None:
        if self.raw_current_rises_when not in {"discharging", "charging"}:
            raise ConfigurationError("raw_current_rises_when must be 'discharging' or 'charging'")

    def requests(self, profile: DeviceProfile) -> tuple[Request, ...]:
        """One command each."""
        sensors = profile.temperature_count if profile.cell_count else _MOST_SENSORS
        frames = {
            "cells": math.ceil((profile.cell_count or _MOST_CELLS) / 3),
            "temperatures": math.ceil(max(1, sensors) / 7),
            "code": _CODE_FRAMES,
        }
        return tuple(
            Request(
                name=name,
                payload=_ask(profile.address, command),
                reply_length=_FRAME * frames.get(name, 1),
                frame_count=frames.get(name, 1),
                echo=(command,),
                timeout_second=0.5,
                optional=name in _OPTIONAL,
            )
            for name, command in _COMMANDS.items()
        )

    def length(self, buffer: bytes, request: Request | None) -> int | None:  # noqa: ARG002
        """Always 13 bytes."""
        if len(buffer) >= 4 and buffer[3] != 8:
            raise FrameLengthError(f"a frame holds 8 data bytes, not {buffer[3]}")
        return _FRAME

    def open(self, raw: bytes, request: Request | None, profile: DeviceProfile) -> Frame:
        """Eight data bytes of the board and command that were asked."""
        if len(raw) != _FRAME:
            raise FrameLengthError(f"a frame has {_FRAME} bytes, not {len(raw)}")
        if sum8(raw[:-1]) != raw[-1]:
            raise FrameChecksumError("sum differs")
        if raw[1] != profile.address:
            raise FrameAddressError(f"board {raw[1]} answers instead of {profile.address}")
        kind = _KINDS.get(raw[2], "")
        if not kind or (request is not None and request.echo != (raw[2],)):
            raise FrameTypeError(f"command {raw[2]:02x} was not asked")
        number = raw[4] if kind in _NUMBERED else 0
        if kind in _NUMBERED and (number == 0 or (request is not None and number > request.frame_count)):
            raise FrameTypeError(f"frame {number} of '{kind}' does not exist")
        return Frame(kind=kind, payload=raw[4:12], index=number)

    def learn(self, frame: Frame, profile: DeviceProfile) -> DeviceProfile:
        """Numbers of cells and sensors."""
        if frame.kind != "counts":
            return profile
        cells, sensors = frame.payload[0], frame.payload[1]
        if not 1 <= cells <= _MOST_CELLS or sensors > _MOST_SENSORS:
            return profile
        return replace(profile, cell_count=cells, temperature_count=sensors)

    def decode(self, frames: Sequence[Frame], profile: DeviceProfile) -> DeviceReading:
        """Replies, merged; cells and temperatures only where all their frames are there."""
        replies = _assembled(frames)
        reading = merge_readings(_decode_reply(kind, data, profile) for kind, data in replies.items())
        if reading.current_ampere is not None and self.raw_current_rises_when == "discharging":
            reading = replace(reading, current_ampere=0.0 - reading.current_ampere)
        if "state" in replies:
            state = replies["state"][0]
            require_direction(reading.current_ampere, charging=state == 1, discharging=state == 2)
        return reading


def _ask(address: int, command: int) -> bytes:
    body = bytes((0xA5, 0x3F + address, command, 8)) + bytes(8)
    return body + bytes((sum8(body),))


def _assembled(frames: Sequence[Frame]) -> dict[str, bytes]:
    """Data of each reply; numbered frames in their order, without the numbers."""
    pieces: dict[str, dict[int, bytes]] = {}
    for frame in frames:
        if len(frame.payload) != 8:
            raise FrameLengthError(f"a frame holds 8 data bytes, not {len(frame.payload)}")
        width = _NUMBERED.get(frame.kind)
        data = frame.payload if width is None else frame.payload[1 : 1 + width]
        pieces.setdefault(frame.kind, {})[frame.index] = data
    for kind, parts in pieces.items():
        if kind in _NUMBERED and sorted(parts) != list(range(1, len(parts) + 1)):
            raise FrameLengthError(f"of the reply '{kind}' there are only the frames {sorted(parts)}")
    return {kind: b"".join(parts[index] for index in sorted(parts)) for kind, parts in pieces.items()}


def _decode_reply(kind: str, data: bytes, profile: DeviceProfile) -> DeviceReading:
    if kind == "balancing":
        return DeviceReading(balancing_fraction=_balancing(data, profile.cell_count))
    if kind == "alarms":
        return DeviceReading(alarms=_alarms(data))
    if kind == "code":
        return DeviceReading(identity=DeviceIdentity(model=text_at(data, 0, len(data))))
    if kind in {"cells", "temperatures"} and not profile.cell_count:
        raise FrameTypeError("the number of cells is not known before the reply to 94 has come")
    counts = {"cell_voltage_volt": profile.cell_count, "temperature_celsius": profile.temperature_count}
    return reading_from_table(data, TABLES[kind], counts)


def _balancing(data: bytes, cells: int) -> FloatArray:
    return np.full(cells, 0.0 if not any(data) else math.nan)


def _alarms(data: bytes) -> tuple[str, ...]:
    return tuple(
        f"{group} alarm {byte}.{bit}"
        for byte, group in enumerate(_ALARM_GROUPS)
        for bit in range(8)
        if integer_at(data, byte, "u8") >> bit & 1
    )


DRIVER = DalyUart()
