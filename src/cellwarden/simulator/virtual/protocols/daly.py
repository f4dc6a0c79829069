"""A Daly on UART or RS485, 9600 8N1: 13-byte "A5" frames; long answers are several of them.

Currents above zero in the frame discharge, as two of three open decoders have it. A cell without a reading shows
0 mV, a sensor without one the code 0 (−40 °C).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cellwarden.simulator.live.live_reading import PackReading
from cellwarden.simulator.virtual.checksums import sum8
from cellwarden.simulator.virtual.device import PortKind, StreamDevice, Taken
from cellwarden.simulator.virtual.packing import held, rounded

__all__ = ["DEVICE", "VirtualDaly"]

_HEAD, _LENGTH, _FIRST_HOST = 0xA5, 13, 0x40
_RESTING_AMPERE = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class VirtualDaly(StreamDevice):
    """Daly board; the address is the board's number."""

    name: ClassVar[str] = "daly"
    title: ClassVar[str] = "Daly, UART or RS485 (A5 frames)"
    ports: ClassVar[tuple[PortKind, ...]] = ("pty", "tcp")
    most_cells: ClassVar[int] = 48
    addresses: ClassVar[tuple[int, int]] = (1, 16)
    address: int | None = 1

    def take(self, buffer: bytes) -> Taken:
        """A frame of 13 bytes with a good sum."""
        if buffer[0] != _HEAD:
            return Taken(1)
        if len(buffer) < _LENGTH:
            return Taken(0)
        frame = buffer[:_LENGTH]
        if frame[3] != 8 or sum8(frame[:-1]) != frame[-1]:
            return Taken(1)
        return Taken(_LENGTH, frame)

    def is_addressed(self, request: bytes) -> bool:
        """Board n is asked as 40 + n − 1 (hexadecimal)."""
        return request[1] == _FIRST_HOST + (self.address or 1) - 1

    def answer(self, request: bytes, reading: PackReading) -> bytes:
        """The frames of the command; commands that write are not answered."""
        command = request[2]
        head = bytes((_HEAD, self.address or 1, command, 8))
        frames = (head + data.ljust(8, b"\x00") for data in _data(command, reading))
        return b"".join(frame + bytes((sum8(frame),)) for frame in frames)


def _data(command: int, reading: PackReading) -> Iterator[bytes]:
    """Eight data bytes of each frame, or fewer where the rest is zero."""
    match command:
        case 0x90:
            yield _pack(reading)
        case 0x91:
            yield _extremes([rounded(float(volt), 0.001) for volt in reading.cell_voltage_volt], 2)
        case 0x92:
            yield _extremes(_sensor_codes(reading), 1)
        case 0x93:
            yield _state(reading)
        case 0x94:
            yield bytes((reading.cell_count, reading.temperature_celsius.size, 0, 0, 0)) + held(reading.cycle_count, 2)
        case 0x95:
            cells = [held(rounded(float(volt), 0.001), 2) for volt in reading.cell_voltage_volt]
            yield from _numbered(cells, 3)
        case 0x96:
            yield from _numbered([bytes((code,)) for code in _sensor_codes(reading)], 7)
        case 0x97:
            yield sum(1 << cell for cell, on in enumerate(reading.balancing) if on).to_bytes(8, "little")
        case 0x98:
            yield bytes(8)
        case 0x50:
            yield held(rounded(reading.nominal_ah, 0.001), 4) + held(3200, 4)
        case 0x57:
            yield from _numbered([bytes((byte,)) for byte in b"VIRTUAL-DALY".ljust(35)], 7)


def _pack(reading: PackReading) -> bytes:
    volt = held(rounded(reading.pack_voltage_volt, 0.1), 2)
    current = held(30000 - rounded(reading.current_ampere, 0.1), 2)
    return volt + bytes(2) + current + held(rounded(reading.soc_fraction, 0.001), 2)


def _state(reading: PackReading) -> bytes:
    state = 0 if abs(reading.current_ampere) < _RESTING_AMPERE else 1 if reading.current_ampere > 0.0 else 2
    life = int(reading.uptime_second) % 256
    return bytes((state, reading.charge_closed, reading.discharge_closed, life)) + held(
        rounded(reading.remaining_ah, 0.001), 4
    )


def _sensor_codes(reading: PackReading) -> list[int]:
    """Degrees above −40 °C."""
    return [0 if np.isnan(value) else rounded(float(value) + 40.0, 1.0) for value in reading.temperature_celsius]


def _extremes(codes: Sequence[int], width: int) -> bytes:
    """Highest value with its place, lowest with its own; places count from 1."""
    high, low = max(codes), min(codes)
    places = (codes.index(high) + 1, codes.index(low) + 1)
    return held(high, width) + bytes((places[0],)) + held(low, width) + bytes((places[1],))


def _numbered(items: Sequence[bytes], each: int) -> Iterator[bytes]:
    for frame, begin in enumerate(range(0, len(items), each), start=1):
        yield bytes((frame,)) + b"".join(items[begin : begin + each])


DEVICE = VirtualDaly()
