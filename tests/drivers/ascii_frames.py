"""Frames of the ASCII family with other content and right checks, written apart from the driver's own encoder."""

from __future__ import annotations


def ascii_frame(version: int, address: int, code: int, info: bytes, device: int = 0x46) -> bytes:
    """A whole frame."""
    digits = f"{2 * len(info):03X}"
    nibble = (16 - sum(int(digit, 16) for digit in digits) % 16) % 16
    body = f"{version:02X}{address:02X}{device:02X}{code:02X}{nibble:X}{digits}{info.hex().upper()}"
    return f"~{body}{(0x10000 - sum(map(ord, body))) % 0x10000:04X}\r".encode("ascii")


def info_of(raw: bytes) -> bytes:
    """INFO as bytes."""
    return bytes.fromhex(raw[13:-5].decode("ascii"))


def with_info(raw: bytes, position: int, value: bytes) -> bytes:
    """The frame with other bytes at that position of its INFO."""
    info = bytearray(info_of(raw))
    info[position : position + len(value)] = value
    version, address, device, code = bytes.fromhex(raw[1:9].decode("ascii"))
    return ascii_frame(version, address, code, bytes(info), device)
