"""JBD, also sold as Xiaoxiang, LLT and Overkill: `DD` frames, 9600 8N1.

Source: maker's "Jiabaida communication protocol" V4 as kept by esphome-jbd-bms. Not known for certain: the nine bytes
that newer firmware adds after the temperatures; they are not read. Models called UP16S speak another protocol and never
answer. The device has no address: one to a port.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from cellwarden.drivers.checksum import sum16
from cellwarden.drivers.device import DeviceProfile, Driver, Frame, Poll, Request, SerialSettings, TransportKind
from cellwarden.drivers.errors import FrameChecksumError, FrameLengthError, FrameTypeError
from cellwarden.drivers.field_table import Field, integer_at, named_bits, reading_from_table, text_at
from cellwarden.drivers.reading import DeviceIdentity, DeviceReading, merge_readings

__all__ = ["DRIVER", "Jbd"]

# offsets count from the first data byte
BASIC = (
    Field(name="pack_voltage_volt", offset=0, type="u16", scale=0.01, unit="volt", valid=(0.0, 200.0)),
    Field(name="current_ampere", offset=2, type="s16", scale=0.01, unit="ampere", valid=(-330.0, 330.0)),
    Field(name="remaining_capacity_ah", offset=4, type="u16", scale=0.01, unit="ah", valid=(0.0, 660.0)),
    Field(name="nominal_capacity_ah", offset=6, type="u16", scale=0.01, unit="ah", valid=(0.0, 660.0)),
    Field(name="cycle_count", offset=8, type="u16", unit="cycles", valid=(0.0, 60000.0)),
    Field(name="bms_soc_fraction", offset=19, type="u8", scale=0.01, unit="fraction", valid=(0.0, 1.0)),
    # −40 °C and +125 °C are an open and a shorted sensor
    Field(
        name="temperature_celsius",
        offset=23,
        type="u16",
        scale=0.1,
        zero=2731.0,
        unit="celsius",
        valid=(-39.0, 120.0),
        absent=(0,),
        many=True,
    ),
)
CELLS = (Field(name="cell_voltage_volt", offset=0, type="u16", scale=0.001, unit="volt", valid=(0.0, 5.0), many=True),)
_ALARMS = {
    0: "cell over-voltage",
    1: "cell under-voltage",
    2: "pack over-voltage",
    3: "pack under-voltage",
    4: "too hot to charge",
    5: "too cold to charge",
    6: "too hot to discharge",
    7: "too cold to discharge",
    8: "charge over-current",
    9: "discharge over-current",
    10: "short circuit",
    11: "measuring chip fails",
    12: "locked by software",
}
_REGISTERS = {"basic": 0x03, "cells": 0x04, "name": 0x05}
_MOST_CELLS, _MOST_SENSORS, _NAME_LENGTH = 32, 8, 32


@dataclass(frozen=True, slots=True)
class Jbd(Driver):
    """JBD over serial line."""

    name: ClassVar[str] = "jbd"
    title: ClassVar[str] = "JBD, Xiaoxiang, LLT, Overkill"
    transports: ClassVar[tuple[TransportKind, ...]] = ("serial", "tcp")
    serial: ClassVar[SerialSettings | None] = SerialSettings(baud=9600)
    poll_plan: ClassVar[tuple[Poll, ...]] = (
        Poll(request="name", period_second=0.0),
        Poll(request="basic", period_second=1.0),
        Poll(request="cells", period_second=1.0),
    )
    capabilities: ClassVar[frozenset[str]] = frozenset(
        {"cell_voltage", "pack_voltage", "current", "temperature", "soc", "balancing", "switches", "alarms", "identity"}
    )
    identity_request: ClassVar[str | None] = "name"
    head: ClassVar[bytes] = b"\xdd"
    longest_frame: ClassVar[int] = 7 + 255

    def requests(self, profile: DeviceProfile) -> tuple[Request, ...]:
        """Basic values, cells, name."""
        cells, sensors = (
            profile.cell_count or _MOST_CELLS,
            profile.temperature_count if profile.cell_count else _MOST_SENSORS,
        )
        data_length = {"basic": 23 + 2 * sensors + 9, "cells": 2 * cells, "name": _NAME_LENGTH}
        return tuple(
            Request(
                name=name,
                payload=_read(register),
                reply_length=7 + data_length[name],
                echo=(register,),
                optional=name == "name",
            )
            for name, register in _REGISTERS.items()
        )

    def length(self, buffer: bytes, request: Request | None) -> int | None:  # noqa: ARG002
        """Seven bytes around the data."""
        return 7 + buffer[3] if len(buffer) >= 4 else None

    def open(self, raw: bytes, request: Request | None, profile: DeviceProfile) -> Frame:  # noqa: ARG002
        """Data of a reply to the register that was asked."""
        if raw[-1] != 0x77:
            raise FrameLengthError("the frame does not end with 77")
        if (sum16(raw[2:-3]) + int.from_bytes(raw[-3:-1], "big")) & 0xFFFF:
            raise FrameChecksumError("check differs")
        kind = next((name for name, register in _REGISTERS.items() if register == raw[1]), "")
        if not kind or raw[2] != 0 or (request is not None and request.echo != (raw[1],)):
            raise FrameTypeError(f"register {raw[1]:02x} with status {raw[2]:02x} was not asked")
        return Frame(kind=kind, payload=raw[4:-3])

    def learn(self, frame: Frame, profile: DeviceProfile) -> DeviceProfile:
        """Numbers of cells and sensors, and the name."""
        if frame.kind == "basic" and len(frame.payload) >= 23:
            return replace(profile, cell_count=frame.payload[21], temperature_count=frame.payload[22])
        if frame.kind == "name":
            return replace(profile, identity=_identity(frame.payload))
        return profile

    def decode(self, frames: Sequence[Frame], profile: DeviceProfile) -> DeviceReading:
        """Basic values and cells, merged."""
        for frame in frames:
            if frame.kind == "cells" and profile.cell_count and len(frame.payload) != 2 * profile.cell_count:
                raise FrameLengthError(f"{len(frame.payload)} bytes are not {profile.cell_count} cells")
        return merge_readings(_DECODERS[frame.kind](frame.payload) for frame in frames)


def _read(register: int) -> bytes:
    check = -register & 0xFFFF
    return bytes((0xDD, 0xA5, register, 0x00)) + check.to_bytes(2, "big") + b"\x77"


def _identity(payload: bytes) -> DeviceIdentity:
    return DeviceIdentity(model=text_at(payload, 0, len(payload)))


def _basic(payload: bytes) -> DeviceReading:
    cells, sensors = integer_at(payload, 21, "u8"), integer_at(payload, 22, "u8")
    if cells > _MOST_CELLS or sensors > _MOST_SENSORS:
        raise FrameLengthError(f"{cells} cells and {sensors} sensors do not fit the protocol")
    reading = reading_from_table(payload, BASIC, {"temperature_celsius": sensors})
    bleeding = integer_at(payload, 12, "u16") | integer_at(payload, 14, "u16") << 16
    switches = integer_at(payload, 20, "u8")
    return replace(
        reading,
        balancing_fraction=np.array([float(bleeding >> cell & 1) for cell in range(cells)]),
        charge_switch_fraction=float(switches & 1),
        discharge_switch_fraction=float(switches >> 1 & 1),
        alarms=named_bits(integer_at(payload, 16, "u16"), _ALARMS),
    )


def _cells(payload: bytes) -> DeviceReading:
    if not payload or len(payload) % 2:
        raise FrameLengthError(f"{len(payload)} bytes are no cell voltages")
    return reading_from_table(payload, CELLS, {"cell_voltage_volt": len(payload) // 2})


def _name(payload: bytes) -> DeviceReading:
    return DeviceReading(identity=_identity(payload))


_DECODERS = {"basic": _basic, "cells": _cells, "name": _name}
DRIVER = Jbd()
