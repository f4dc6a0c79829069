"""Checksums of the serial protocols."""

from __future__ import annotations

__all__ = ["crc16_modbus", "sum8", "sum16"]


def sum8(data: bytes) -> int:
    """Sum of all bytes modulo 256."""
    return sum(data) & 0xFF


def sum16(data: bytes) -> int:
    """Sum of all bytes modulo 65536."""
    return sum(data) & 0xFFFF


def _crc_table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
        table.append(crc)
    return tuple(table)


_TABLE = _crc_table()


def crc16_modbus(data: bytes) -> bytes:
    """CRC-16 of Modbus RTU (polynomial 0xA001 reflected, start 0xFFFF), low byte first as it is sent."""
    crc = 0xFFFF
    for byte in data:
        crc = (crc >> 8) ^ _TABLE[(crc ^ byte) & 0xFF]
    return crc.to_bytes(2, "little")
