"""An external sensor array that talks by itself on CAN, its messages described by a DBC file.

Signals are known by their names: `CellV1` … [V], `Temp1` … [°C], `Current` [A, positive charges], `PackV` [V],
`Ambient` [°C], `Uptime` [s]; any other signal is told as missing. Without a file of its own the array uses
`array_dbc`: four cells a message from identifier 300 on in 0.1 mV, four sensors a message from 380 on in 0.01 °C, and
totals in 2F0 (Intel) and 2F1 (Motorola order).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

from cellwarden.core.errors import ConfigurationError
from cellwarden.simulator.live.live_reading import PackReading
from cellwarden.simulator.virtual.dbc_encoding import DbcMessage, encoded, parsed_dbc
from cellwarden.simulator.virtual.device import Message, MessageDevice, PortKind

__all__ = ["DEVICE", "VirtualCanArray", "array_dbc"]

_TOTALS, _AIR, _CELLS, _SENSORS = 0x2F0, 0x2F1, 0x300, 0x380
_EACH = 4
_OTHER_DEVICE = 0x400  # bit that another array's identifiers have
_NUMBERED = re.compile(r"(CellV|Temp)(\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class VirtualCanArray(MessageDevice):
    """One array; `dbc` is the path of a DBC file, empty for the array's own."""

    name: ClassVar[str] = "can-array"
    title: ClassVar[str] = "Sensor array on CAN, by a DBC file"
    ports: ClassVar[tuple[PortKind, ...]] = ("can",)
    dbc: str = ""

    def messages(self, reading: PackReading) -> tuple[Message, ...]:
        """Every message of the DBC file."""
        described = _described(self.dbc, reading.cell_count, int(reading.temperature_celsius.size))
        return tuple(Message(item.channel, encoded(item, lambda name: _value(name, reading))) for item in described)

    def misdirected(self, message: Message) -> Message:
        """With an identifier of another array."""
        width = len(message.channel)
        return replace(message, channel=f"{int(message.channel, 16) ^ _OTHER_DEVICE:0{width}X}")


@lru_cache(maxsize=16)
def _described(path: str, cell_count: int, sensor_count: int) -> tuple[DbcMessage, ...]:
    if not path:
        return parsed_dbc(array_dbc(cell_count, sensor_count))
    try:
        return parsed_dbc(Path(path).read_text(encoding="cp1252"))
    except (OSError, ValueError) as cause:
        raise ConfigurationError(f"the DBC file {path} cannot be used: {cause}") from cause


def _value(name: str, reading: PackReading) -> float:
    """A signal's value; NaN where the pack has none of that name."""
    match = _NUMBERED.fullmatch(name)
    if match:
        values = reading.cell_voltage_volt if match[1] == "CellV" else reading.temperature_celsius
        place = int(match[2]) - 1
        return float(values[place]) if 0 <= place < values.size else math.nan
    singles = {
        "Current": reading.current_ampere,
        "PackV": reading.pack_voltage_volt,
        "Ambient": reading.ambient_temperature_celsius,
        "Uptime": reading.uptime_second,
    }
    return singles.get(name, math.nan)


def array_dbc(cell_count: int, sensor_count: int) -> str:
    """The DBC text of an array with so many cells and temperature sensors."""
    return "\n".join(('VERSION ""', "BS_:", "BU_: ARRAY", *_lines(cell_count, sensor_count), ""))


def _lines(cell_count: int, sensor_count: int) -> Iterator[str]:
    yield f"BO_ {_TOTALS} Totals: 8 ARRAY"
    yield ' SG_ Current : 0|32@1- (0.001,0) [0|0] "A" Vector__XXX'
    yield ' SG_ PackV : 32|32@1+ (0.001,0) [0|0] "V" Vector__XXX'
    yield f"BO_ {_AIR} Air: 8 ARRAY"
    yield ' SG_ Ambient : 7|16@0- (0.1,0) [0|0] "degC" Vector__XXX'
    yield ' SG_ Uptime : 23|32@0+ (1,0) [0|0] "s" Vector__XXX'
    yield from _rows(_CELLS, "Cells", "CellV", cell_count, '+ (0.0001,0) [0|0] "V"')
    yield from _rows(_SENSORS, "Temperatures", "Temp", sensor_count, '- (0.01,0) [0|0] "degC"')


def _rows(identifier: int, message: str, signal: str, count: int, form: str) -> Iterator[str]:
    for row, first in enumerate(range(1, count + 1, _EACH)):
        yield f"BO_ {identifier + row} {message}{row + 1}: 8 ARRAY"
        for place, number in enumerate(range(first, min(first + _EACH, count + 1))):
            yield f" SG_ {signal}{number} : {16 * place}|16@1{form} Vector__XXX"


DEVICE = VirtualCanArray()
