"""Modbus TCP: the MBAP header before each answer. The transaction number is the address that is read.

So a late answer to another question is known by its number, and one to the same question is as good as it would have
been. Source: Modbus Messaging on TCP/IP V1.0b.
"""

from __future__ import annotations

import struct
from typing import Literal

from cellwarden.drivers.errors import FrameAddressError, FrameLengthError, FrameTypeError
from cellwarden.drivers.modbus_read import Framing, ModbusRead, data_of, pdu_length, pdu_of

__all__ = ["TCP"]

_HEADER = struct.Struct(">HHHB")  # transaction, protocol 0, bytes that follow, unit


class _Tcp:
    """Modbus TCP."""

    name: Literal["rtu", "tcp"] = "tcp"
    longest_frame = 260

    def payload(self, read: ModbusRead) -> bytes:
        """Header and question."""
        pdu = pdu_of(read)
        return _HEADER.pack(read.start, 0, 1 + len(pdu), read.unit) + pdu

    def reply_length(self, read: ModbusRead) -> int:
        """Header, function and byte count before the data."""
        return 9 + read.data_length

    def length(self, buffer: bytes) -> int | None:
        """As the header says, and the byte count behind it: there is no checksum that would tell noise."""
        if len(buffer) < 9:
            return None
        _, protocol, following, _ = _HEADER.unpack(buffer[:7])
        if protocol or pdu_length(buffer[7:9]) != following - 1:
            raise FrameLengthError(f"protocol {protocol} with {following} bytes is no Modbus answer")
        return 6 + int(following)

    def data(self, raw: bytes, read: ModbusRead) -> bytes:
        """Data of the transaction and unit that were asked."""
        if len(raw) < 9:
            raise FrameLengthError(f"{len(raw)} bytes are no frame")
        transaction, _, _, unit = _HEADER.unpack(raw[:7])
        if transaction != read.start:
            raise FrameTypeError(f"transaction {transaction} was not asked")
        if unit != read.unit:
            raise FrameAddressError(f"unit {unit} answers instead of {read.unit}")
        return data_of(raw[7:], read)


TCP: Framing = _Tcp()
