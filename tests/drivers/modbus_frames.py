"""Modbus answers with right checks, written apart from the driver's own encoder."""

from __future__ import annotations

import struct

__all__ = ["crc", "mbap_answer", "rtu_answer", "rtu_refusal", "with_data"]


def crc(data: bytes) -> bytes:
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = (value >> 1) ^ 0xA001 if value & 1 else value >> 1
    return struct.pack("<H", value)


def rtu_answer(unit: int, function: int, data: bytes) -> bytes:
    body = bytes((unit, function, len(data))) + data
    return body + crc(body)


def rtu_refusal(unit: int, function: int, code: int) -> bytes:
    body = bytes((unit, function | 0x80, code))
    return body + crc(body)


def mbap_answer(transaction: int, unit: int, function: int, data: bytes) -> bytes:
    return struct.pack(">HHHBBB", transaction, 0, 3 + len(data), unit, function, len(data)) + data


def with_data(raw: bytes, position: int, value: bytes) -> bytes:
    """The RTU answer with other bytes at that position of its data."""
    data = bytearray(raw[3:-2])
    data[position : position + len(value)] = value
    return rtu_answer(raw[0], raw[1], bytes(data))
