"""A device whose readings stand in Modbus registers and coils; it can be read only."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Self

from cellwarden.simulator.live.live_reading import PackReading
from cellwarden.simulator.virtual.device import PortKind, StreamDevice, Taken
from cellwarden.simulator.virtual.modbus_frame import (
    Framing,
    ModbusRequest,
    framed_reply,
    opened_request,
    take_modbus,
)

__all__ = ["COILS", "HOLDING", "INPUT", "Blocks", "RegisterDevice"]

COILS, HOLDING, INPUT = 1, 3, 4
_ILLEGAL_FUNCTION, _ILLEGAL_ADDRESS, _ILLEGAL_VALUE = 1, 2, 3
_MOST_REGISTERS, _MOST_COILS = 125, 2000

Blocks = Mapping[int, Sequence[int]]
"""Registers or coils that stand together, by the address of the first; values are raw 16-bit words or bits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterDevice(StreamDevice):
    """Base of devices that speak Modbus.

    Attributes
    ----------
    speaks_modbus_tcp : whether it has the MBAP header on TCP; otherwise TCP is a bridge to its serial line
    address : unit
    framing : set by the port
    """

    speaks_modbus_tcp: ClassVar[bool] = False
    address: int | None = 1
    framing: Framing = "rtu"

    @abstractmethod
    def blocks(self, function: int, reading: PackReading) -> Blocks:
        """What can be read with that function; none where the device does not have the function."""

    def at_port(self, kind: PortKind) -> Self:
        """The device with the framing of that port."""
        return replace(self, framing="tcp" if kind == "tcp" and self.speaks_modbus_tcp else "rtu")

    def take(self, buffer: bytes) -> Taken:
        """A Modbus request."""
        return take_modbus(buffer, self.framing)

    def is_addressed(self, request: bytes) -> bool:
        """Whether the unit is this device's."""
        return opened_request(request, self.framing).unit == self.address

    def answer(self, request: bytes, reading: PackReading) -> bytes:
        """Registers or coils; an exception for writes and for what is not there."""
        asked = opened_request(request, self.framing)
        pdu = self._pdu(asked, reading)
        return framed_reply(request, self.address or 0, pdu, self.framing)

    def _pdu(self, asked: ModbusRequest, reading: PackReading) -> bytes:
        blocks = self.blocks(asked.function, reading) if asked.function in {COILS, HOLDING, INPUT} else {}
        if not blocks:
            return bytes((asked.function | 0x80, _ILLEGAL_FUNCTION))
        if not 1 <= asked.count <= (_MOST_COILS if asked.function == COILS else _MOST_REGISTERS):
            return bytes((asked.function | 0x80, _ILLEGAL_VALUE))
        values = _found(blocks, asked.start, asked.count)
        if values is None:
            return bytes((asked.function | 0x80, _ILLEGAL_ADDRESS))
        data = _coil_bytes(values) if asked.function == COILS else _register_bytes(values)
        return bytes((asked.function, len(data))) + data


def _found(blocks: Blocks, start: int, count: int) -> Sequence[int] | None:
    """Values that stand together from `start` on; None where they do not."""
    for first, values in blocks.items():
        if first <= start and start + count <= first + len(values):
            return values[start - first : start - first + count]
    return None


def _register_bytes(values: Sequence[int]) -> bytes:
    return b"".join((value & 0xFFFF).to_bytes(2, "big") for value in values)


def _coil_bytes(bits: Sequence[int]) -> bytes:
    packed = sum(1 << index for index, bit in enumerate(bits) if bit)
    return packed.to_bytes((len(bits) + 7) // 8, "little")
