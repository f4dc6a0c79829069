"""Frames of the ASCII family (Pylontech, PACE, Seplos V2): `~`, pairs of hexadecimal characters, CR.

VER ADR CID1 CID2 LENGTH INFO CHKSUM. LENGTH counts INFO's characters in 12 bits under a nibble that makes the sum of
all four nibbles zero; CHKSUM makes the sum of all character codes zero.
"""

from __future__ import annotations

from dataclasses import dataclass

from cellwarden.simulator.virtual.device import Taken

__all__ = ["AsciiRequest", "ascii_reply", "parsed_request", "take_ascii"]

_BEGIN, _END = 0x7E, 0x0D
_SHORTEST, _LONGEST = 18, 256
BATTERY = 0x46


@dataclass(frozen=True, slots=True)
class AsciiRequest:
    """What a request says."""

    version: int
    address: int
    command: int
    info: bytes


def take_ascii(buffer: bytes) -> Taken:
    """A frame from `~` to CR with good checks."""
    if buffer[0] != _BEGIN:
        return Taken(1)
    end = buffer.find(_END)
    if end < 0:
        return Taken(1 if len(buffer) > _LONGEST else 0)
    frame = buffer[: end + 1]
    return Taken(len(frame), frame) if parsed_request(frame) is not None else Taken(1)


def parsed_request(frame: bytes) -> AsciiRequest | None:
    """The request in a frame; None where it is none."""
    text = frame[1:-1]
    if len(frame) < _SHORTEST or len(text) % 2 or not all(chr(code) in "0123456789ABCDEF" for code in text):
        return None
    raw = bytes.fromhex(text.decode("ascii"))
    length = int.from_bytes(raw[4:6], "big")
    good_sum = (sum(text[:-4]) + int.from_bytes(raw[-2:], "big")) & 0xFFFF == 0
    if not good_sum or length != _with_check(len(text) - 16) or raw[2] != BATTERY:
        return None
    return AsciiRequest(version=raw[0], address=raw[1], command=raw[3], info=raw[6:-2])


def ascii_reply(version: int, address: int, info: bytes, return_code: int = 0) -> bytes:
    """A whole reply; the return code stands where a request has its command."""
    head = bytes((version, address, BATTERY, return_code)) + _with_check(2 * len(info)).to_bytes(2, "big")
    text = (head + info).hex().upper().encode("ascii")
    check = f"{-sum(text) & 0xFFFF:04X}".encode("ascii")
    return b"~" + text + check + b"\r"


def _with_check(count: int) -> int:
    """The number of characters under its check nibble."""
    nibbles = sum(count >> shift & 0xF for shift in (0, 4, 8))
    return (-nibbles & 0xF) << 12 | count
