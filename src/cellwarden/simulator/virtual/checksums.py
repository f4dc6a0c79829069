"""Checks of the protocols, written from their definitions."""

from __future__ import annotations

__all__ = ["crc16_modbus", "sum8"]


def sum8(data: bytes) -> int:
    """Sum of the bytes, lowest eight bits."""
    return sum(data) % 256


def crc16_modbus(data: bytes) -> bytes:
    """CRC of Modbus RTU (polynomial A001 reflected, start FFFF), low byte first."""
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            carry = value & 1
            value >>= 1
            if carry:
                value ^= 0xA001
    return bytes((value & 0xFF, value >> 8))
