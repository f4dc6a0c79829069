"""A JBD (Xiaoxiang, LLT, Overkill), 9600 8N1: `DD` frames with a 16-bit complement sum.

A sensor without a reading shows 0 K, a cell without one 0 mV. Currents reach ±327 A.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cellwarden.simulator.live.live_reading import PackReading
from cellwarden.simulator.virtual.device import PortKind, StreamDevice, Taken
from cellwarden.simulator.virtual.packing import held, held_signed, rounded

__all__ = ["DEVICE", "VirtualJbd"]

_HEAD, _READ, _WRITE, _TAIL = 0xDD, 0xA5, 0x5A, 0x77
_OK, _ERROR = 0x00, 0x80
_MADE = (26 << 9) | (1 << 5) | 15  # 2026-01-15


@dataclass(frozen=True, slots=True, kw_only=True)
class VirtualJbd(StreamDevice):
    """JBD on its UART."""

    name: ClassVar[str] = "jbd"
    title: ClassVar[str] = "JBD, Xiaoxiang, LLT, Overkill"
    ports: ClassVar[tuple[PortKind, ...]] = ("pty", "tcp")
    most_cells: ClassVar[int] = 32

    def take(self, buffer: bytes) -> Taken:
        """A frame from `DD` to `77` with a good check."""
        if buffer[0] != _HEAD or (len(buffer) > 1 and buffer[1] not in {_READ, _WRITE}):
            return Taken(1)
        if len(buffer) < 4:
            return Taken(0)
        length = 7 + buffer[3]
        if len(buffer) < length:
            return Taken(0)
        frame = buffer[:length]
        if frame[-1] != _TAIL or _check(frame[2:-3]) != frame[-3:-1]:
            return Taken(1)
        return Taken(length, frame)

    def answer(self, request: bytes, reading: PackReading) -> bytes:
        """The register's data; a write or an unknown register gets the error status."""
        register, data, status = request[2], b"", _OK
        if request[1] != _READ:
            status = _ERROR
        elif register == 0x03:
            data = _basic(reading)
        elif register == 0x04:
            data = b"".join(held(rounded(float(volt), 0.001), 2) for volt in reading.cell_voltage_volt)
        elif register == 0x05:
            data = b"VIRTUAL-JBD"
        elif register == 0xAA:
            data = bytes(22)
        else:
            status = _ERROR
        body = bytes((status, len(data))) + data
        return bytes((_HEAD, register)) + body + _check(body) + bytes((_TAIL,))


def _check(data: bytes) -> bytes:
    return (-sum(data) & 0xFFFF).to_bytes(2, "big")


def _basic(reading: PackReading) -> bytes:
    bits = sum(1 << cell for cell, on in enumerate(reading.balancing) if on)
    celsius = reading.temperature_celsius
    return b"".join(
        (
            held(rounded(reading.pack_voltage_volt, 0.01), 2),
            held_signed(rounded(reading.current_ampere, 0.01), 2),
            held(rounded(reading.remaining_ah, 0.01), 2),
            held(rounded(reading.nominal_ah, 0.01), 2),
            held(reading.cycle_count, 2),
            held(_MADE, 2),
            held(bits & 0xFFFF, 2),
            held(bits >> 16, 2),
            held(0, 2),  # no protection has acted
            bytes((0x16, rounded(reading.soc_fraction, 0.01))),
            bytes((reading.charge_closed | reading.discharge_closed << 1, reading.cell_count, celsius.size)),
            *(held(rounded(float(value) + 273.1, 0.1), 2) for value in celsius),
        )
    )


DEVICE = VirtualJbd()
