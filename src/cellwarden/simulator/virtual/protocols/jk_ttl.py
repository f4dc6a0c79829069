"""A JK (Jikong) on its TTL or GPS port, 115200 8N1: "4E57" frames with a list of tags of mixed widths.

Protocol version 1: bit 15 of the current says that it charges. Temperatures are whole degrees; below zero they are
written as 100 − x. A cell without a reading shows 0 mV, a sensor without one is left out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from cellwarden.simulator.live.live_reading import PackReading
from cellwarden.simulator.virtual.device import PortKind, StreamDevice, Taken
from cellwarden.simulator.virtual.packing import held, rounded

__all__ = ["DEVICE", "VirtualJkTtl"]

_HEAD = b"\x4e\x57"
_READ_ALL, _REPLY = 6, 1
_SHORTEST, _LONGEST = 21, 64
_END = b"\x00\x00\x00\x00\x68\x00\x00"


@dataclass(frozen=True, slots=True, kw_only=True)
class VirtualJkTtl(StreamDevice):
    """JK on its TTL port."""

    name: ClassVar[str] = "jk-ttl"
    title: ClassVar[str] = "JK (Jikong) TTL or GPS port"
    ports: ClassVar[tuple[PortKind, ...]] = ("pty", "tcp")
    most_cells: ClassVar[int] = 32

    def take(self, buffer: bytes) -> Taken:
        """A frame of the length that it states, with a good sum."""
        if not buffer.startswith(_HEAD[: len(buffer)]):
            return Taken(1)
        if len(buffer) < 4:
            return Taken(0)
        length = int.from_bytes(buffer[2:4], "big") + 2
        if not _SHORTEST <= length <= _LONGEST:
            return Taken(1)
        if len(buffer) < length:
            return Taken(0)
        frame = buffer[:length]
        if sum(frame[:-2]) & 0xFFFF != int.from_bytes(frame[-2:], "big"):
            return Taken(1)
        return Taken(length, frame)

    def answer(self, request: bytes, reading: PackReading) -> bytes:
        """Every tag; activation, passwords and writes are not answered."""
        if request[8] != _READ_ALL or request[10] != 0:
            return b""
        body = bytes(4) + bytes((_READ_ALL, 0, _REPLY)) + _tags(reading) + _END
        frame = _HEAD + (len(body) + 4).to_bytes(2, "big") + body
        return frame + (sum(frame) & 0xFFFF).to_bytes(2, "big")


def _tags(reading: PackReading) -> bytes:
    cells = b"".join(
        bytes((index,)) + held(rounded(float(volt), 0.001), 2)
        for index, volt in enumerate(reading.cell_voltage_volt, start=1)
    )
    tags = bytes((0x79, len(cells))) + cells
    return tags + b"".join(bytes((tag,)) + held(value, width) for tag, width, value in _values(reading)) + _texts()


def _values(reading: PackReading) -> list[tuple[int, int, int]]:
    """Tag, width and value of what is a number, in the order of the tags."""
    count = reading.cell_count
    switches = reading.charge_closed | reading.discharge_closed << 1 | bool(reading.balancing.any()) << 2
    return [
        (0x80, 2, _celsius(reading.mos_temperature_celsius)),
        (0x81, 2, _celsius(reading.ambient_temperature_celsius)),
        *((0x82, 2, _celsius(float(celsius))) for celsius in reading.temperature_celsius[:1] if math.isfinite(celsius)),
        (0x83, 2, rounded(reading.pack_voltage_volt, 0.01)),
        (0x84, 2, rounded(abs(reading.current_ampere), 0.01) | (0x8000 if reading.current_ampere > 0.0 else 0)),
        (0x85, 1, rounded(reading.soc_fraction, 0.01)),
        (0x86, 1, 2),
        (0x87, 2, reading.cycle_count),
        (0x89, 4, round(reading.cycle_count * reading.nominal_ah)),
        (0x8A, 2, count),
        (0x8B, 2, 0),
        (0x8C, 2, switches),
        (0x8E, 2, 365 * count),
        (0x8F, 2, 250 * count),
        (0x90, 2, 3650),
        (0x91, 2, 3450),
        (0x92, 2, 5),
        (0x93, 2, 2500),
        (0x94, 2, 3050),
        (0x95, 2, 5),
        (0x96, 2, 1000),
        (0x97, 2, rounded(reading.discharge_current_limit_ampere, 1.0)),
        (0x98, 2, 30),
        (0x99, 2, rounded(reading.charge_current_limit_ampere, 1.0)),
        (0x9A, 2, 30),
        (0x9B, 2, 3400),
        (0x9C, 2, 4),
        (0x9D, 1, 1),
        (0xAA, 4, rounded(reading.nominal_ah, 1.0)),
        (0xAB, 1, int(reading.charge_closed)),
        (0xAC, 1, int(reading.discharge_closed)),
    ]


def _texts() -> bytes:
    return b"\xb7" + b"11.XW_S11.25___" + b"\xba" + b"VIRTUAL0001".ljust(24) + b"\xc0\x01"


def _celsius(value: float) -> int:
    """Whole degrees; below zero 100 − x."""
    whole = rounded(value, 1.0)
    return whole if whole >= 0 else 100 - whole


DEVICE = VirtualJkTtl()
