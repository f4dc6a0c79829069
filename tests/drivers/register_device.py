"""A device with registers, for tests: it answers the reads of a driver, framed as they came."""

from __future__ import annotations

import struct
from collections.abc import Mapping

from cellwarden.drivers.session import Session
from tests.drivers.modbus_frames import crc, mbap_answer, rtu_answer, rtu_refusal

__all__ = ["answer", "discover", "polled", "registers_at"]


def registers_at(*blocks: tuple[int, bytes]) -> dict[int, int]:
    """Registers from blocks of bytes and their first addresses."""
    return {
        first + index: int.from_bytes(data[2 * index : 2 * index + 2], "big")
        for first, data in blocks
        for index in range(len(data) // 2)
    }


def answer(registers: Mapping[int, int], payload: bytes) -> bytes:
    """The answer to a read; a refusal where a register is not there."""
    rtu = payload[-2:] == crc(payload[:-2])
    unit, function, start, count = struct.unpack(">BBHH", payload[0 if rtu else 6 :][:6])
    try:
        data = b"".join(registers[start + index].to_bytes(2, "big") for index in range(count))
    except KeyError:
        if rtu:
            return rtu_refusal(unit, function, 2)
        return struct.pack(">HHHBBB", start, 0, 3, unit, function | 0x80, 2)
    return rtu_answer(unit, function, data) if rtu else mbap_answer(start, unit, function, data)


def discover(session: Session, registers: Mapping[int, int]) -> list[tuple[str, bytes]]:
    """Let the driver find the device's map; the names and answers of its steps."""
    steps: list[tuple[str, bytes]] = []
    while (request := session.driver.discovery(session.profile)) is not None and len(steps) < 100:
        session.begin(request)
        steps.append((request.name, answer(registers, request.payload)))
        assert session.feed(steps[-1][1]), request
    session.take()
    return steps


def polled(session: Session, registers: Mapping[int, int]) -> list[tuple[str, bytes]]:
    """Ask everything once; names and answers."""
    answers = []
    for poll in session.driver.polls(session.profile):
        request = session.driver.request(poll.request, session.profile)
        session.begin(request)
        answers.append((request.name, answer(registers, request.payload)))
        assert session.feed(answers[-1][1]), request
    return answers
