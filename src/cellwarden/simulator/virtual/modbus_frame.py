"""Modbus frames at the server's side: RTU with its CRC, and TCP with its MBAP header."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from cellwarden.simulator.virtual.checksums import crc16_modbus
from cellwarden.simulator.virtual.device import Taken

__all__ = ["Framing", "ModbusRequest", "framed_reply", "opened_request", "take_modbus"]

Framing = Literal["rtu", "tcp"]
_HEADER = 6  # transaction, protocol, number of bytes that follow
_LONGEST = 260
_FIXED = 8  # an RTU request that holds no data
_WITH_DATA = frozenset({15, 16})


@dataclass(frozen=True, slots=True)
class ModbusRequest:
    """Unit, function and what follows the function."""

    unit: int
    function: int
    body: bytes

    @property
    def start(self) -> int:
        """First register or coil."""
        return int.from_bytes(self.body[:2], "big")

    @property
    def count(self) -> int:
        """How many are asked for."""
        return int.from_bytes(self.body[2:4], "big")


def take_modbus(buffer: bytes, framing: Framing) -> Taken:
    """A whole request at the front of the bytes; what begins none is dropped byte by byte."""
    return _take_rtu(buffer) if framing == "rtu" else _take_tcp(buffer)


def _take_rtu(buffer: bytes) -> Taken:
    if len(buffer) < _FIXED:
        return Taken(0)
    length = 9 + buffer[6] if buffer[1] in _WITH_DATA else _FIXED
    if length > _LONGEST or (
        len(buffer) >= length and crc16_modbus(buffer[: length - 2]) != buffer[length - 2 : length]
    ):
        return Taken(1)
    return Taken(length, buffer[:length]) if len(buffer) >= length else Taken(0)


def _take_tcp(buffer: bytes) -> Taken:
    if len(buffer) < _HEADER:
        return Taken(0)
    following = int.from_bytes(buffer[4:6], "big")
    if buffer[2:4] != b"\x00\x00" or not 2 <= following <= _LONGEST - _HEADER:
        return Taken(1)
    length = _HEADER + following
    return Taken(length, buffer[:length]) if len(buffer) >= length else Taken(0)


def opened_request(frame: bytes, framing: Framing) -> ModbusRequest:
    """What a frame that was taken says."""
    inner = frame[:-2] if framing == "rtu" else frame[_HEADER:]
    return ModbusRequest(inner[0], inner[1], inner[2:])


def framed_reply(request_frame: bytes, unit: int, pdu: bytes, framing: Framing) -> bytes:
    """A reply as it goes out; on TCP it repeats the request's transaction number."""
    inner = bytes((unit,)) + pdu
    if framing == "rtu":
        return inner + crc16_modbus(inner)
    return request_frame[:4] + len(inner).to_bytes(2, "big") + inner
