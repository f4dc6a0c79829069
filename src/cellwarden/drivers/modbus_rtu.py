"""Modbus RTU: unit, answer, CRC. The line's silence that marks a frame's end is not seen here; length and CRC are.

A late answer has a good CRC and does not say which address it is of. One with another function, unit or length is
refused here; against one of equal length stands the transport, which after a time-out listens until the line is silent.
So drivers choose blocks of different lengths where they can.
"""

from __future__ import annotations

from typing import Literal

from cellwarden.drivers.checksum import crc16_modbus
from cellwarden.drivers.errors import FrameAddressError, FrameChecksumError, FrameLengthError
from cellwarden.drivers.modbus_read import Framing, ModbusRead, data_of, pdu_length, pdu_of

__all__ = ["RTU"]


class _Rtu:
    """Modbus RTU on a serial line, or through a gateway that passes its bytes on."""

    name: Literal["rtu", "tcp"] = "rtu"
    longest_frame = 256

    def payload(self, read: ModbusRead) -> bytes:
        """Unit, question, CRC."""
        body = bytes((read.unit,)) + pdu_of(read)
        return body + crc16_modbus(body)

    def reply_length(self, read: ModbusRead) -> int:
        """Unit, function, byte count and CRC around the data."""
        return 5 + read.data_length

    def length(self, buffer: bytes) -> int | None:
        """As the byte count says."""
        length = pdu_length(buffer[1:])
        return None if length is None else 3 + length

    def data(self, raw: bytes, read: ModbusRead) -> bytes:
        """Data behind a good CRC, of the unit and length that were asked."""
        if len(raw) < 5:
            raise FrameLengthError(f"{len(raw)} bytes are no frame")
        if crc16_modbus(raw[:-2]) != raw[-2:]:
            raise FrameChecksumError("CRC differs")
        if raw[0] != read.unit:
            raise FrameAddressError(f"unit {raw[0]} answers instead of {read.unit}")
        return data_of(raw[1:-2], read)


RTU: Framing = _Rtu()
