"""Encoding CAN messages from a DBC file: as much of the format as messages of plain signals need.

Read are `BO_` (message) and `SG_` (signal) lines; multiplexed signals are refused. Bits are counted as in the DBC
format: Intel (`@1`) from the lowest bit up, Motorola (`@0`) from the highest bit, whose number counts bytes from the
front and bits from the right.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cellwarden.core.errors import ConfigurationError

__all__ = ["DbcMessage", "DbcSignal", "encoded", "parsed_dbc"]

_MESSAGE = re.compile(r"^BO_\s+(\d+)\s+(\w+)\s*:\s*(\d+)\s")
_SIGNAL = re.compile(r"^SG_\s+(\w+)\s*(\w*)\s*:\s*(\d+)\|(\d+)@([01])([+-])\s*\(([^,]+),([^)]+)\)")
_EXTENDED = 0x80000000


@dataclass(frozen=True, slots=True, kw_only=True)
class DbcSignal:
    """One signal: where its bits are, and value = raw · scale + offset."""

    name: str
    start: int
    length: int
    is_intel: bool
    is_signed: bool
    scale: float
    offset: float

    def raw(self, value: float) -> int:
        """Raw value, held within its bits; NaN is all bits set, or the lowest one of a signed signal."""
        most = (1 << self.length) - 1
        if math.isnan(value):
            return 1 << (self.length - 1) if self.is_signed else most
        steps = round((value - self.offset) / self.scale)
        if self.is_signed:
            half = 1 << (self.length - 1)
            return min(max(steps, 1 - half), half - 2) & most
        return min(max(steps, 0), most - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class DbcMessage:
    """One message with its signals."""

    identifier: int
    is_extended: bool
    name: str
    length: int
    signals: tuple[DbcSignal, ...]

    @property
    def channel(self) -> str:
        """Identifier in hexadecimal: three digits, eight where it is extended."""
        return f"{self.identifier:08X}" if self.is_extended else f"{self.identifier:03X}"


def parsed_dbc(text: str) -> tuple[DbcMessage, ...]:
    """Messages of a DBC text.

    Raises
    ------
    ConfigurationError
        A message or signal that cannot be understood, or none at all.
    """
    found: list[tuple[re.Match[str], list[DbcSignal]]] = []
    for line in map(str.strip, text.splitlines()):
        if line.startswith("BO_ "):
            found.append((_matched(_MESSAGE, line), []))
        elif line.startswith("SG_ "):
            if not found:
                raise ConfigurationError(f"DBC: a signal stands before any message: {line}")
            found[-1][1].append(_signal(_matched(_SIGNAL, line), 8 * int(found[-1][0][3])))
    if not found:
        raise ConfigurationError("DBC: there is no message in the file")
    return tuple(_message(head, signals) for head, signals in found)


def encoded(message: DbcMessage, value_of: Callable[[str], float]) -> bytes:
    """Payload of a message; `value_of` gives each signal's value by its name."""
    bits = 0
    for signal in message.signals:
        raw = signal.raw(value_of(signal.name))
        for place, position in enumerate(_positions(signal)):
            bits |= (raw >> place & 1) << position
    return bits.to_bytes(message.length, "little")


def _positions(signal: DbcSignal) -> Sequence[int]:
    """Bit numbers (byte · 8 + bit) of a signal, its lowest bit first."""
    if signal.is_intel:
        return range(signal.start, signal.start + signal.length)
    position, places = signal.start, []
    for _ in range(signal.length):
        places.append(position)
        position = position - 1 if position % 8 else position + 15
    return places[::-1]


def _matched(pattern: re.Pattern[str], line: str) -> re.Match[str]:
    match = pattern.match(line)
    if match is None:
        raise ConfigurationError(f"DBC: this line cannot be understood: {line}")
    return match


def _message(head: re.Match[str], signals: list[DbcSignal]) -> DbcMessage:
    identifier = int(head[1])
    return DbcMessage(
        identifier=identifier & ~_EXTENDED,
        is_extended=bool(identifier & _EXTENDED),
        name=head[2],
        length=int(head[3]),
        signals=tuple(signals),
    )


def _signal(match: re.Match[str], bits: int) -> DbcSignal:
    if match[2]:
        raise ConfigurationError(f"DBC: signal {match[1]} is multiplexed; a virtual array sends plain ones only")
    signal = DbcSignal(
        name=match[1],
        start=int(match[3]),
        length=int(match[4]),
        is_intel=match[5] == "1",
        is_signed=match[6] == "-",
        scale=float(match[7]),
        offset=float(match[8]),
    )
    if not signal.length or signal.scale == 0.0 or max(_positions(signal)) >= bits:
        raise ConfigurationError(f"DBC: signal {signal.name} does not fit into its message")
    return signal
