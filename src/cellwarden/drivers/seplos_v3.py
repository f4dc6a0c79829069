"""Seplos V3 (XZH-ElecTech) on RS485, Modbus RTU, 19200 8N1: input registers and coils, one unit for each pack.

Every block has another length, so that a late answer to another block is refused by its length. The blocks of the whole
system, which the maker puts at unit 0, are not read.

Sources: "XZH BMS Modbus-RTU protocol" V0.1 and V0.3; aiobmsble `seplos_bms.py`; dbus-serialbattery `seplosv3.py`;
captured replies. Where sources differ or are alone:

* zero of the temperatures: 2731, 2731.5 or 2730. Taken as 2731.
* a place without a sensor holds 0AAB, which is 0.0 °C: told as no value, so a sensor at exactly 0.0 °C is too.
* order of the bytes in texts is told in one source: the identity may read turned round, and is good for comparing only.
* balance bits: two sources use other coils for them; taken as in the maker's map.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from cellwarden.drivers.device import DeviceProfile, Frame, Poll, Request, SerialSettings, TransportKind
from cellwarden.drivers.errors import FrameLengthError
from cellwarden.drivers.field_table import Field, integer_at, named_bits, reading_from_table, text_at
from cellwarden.drivers.modbus_read import COILS, INPUT_REGISTERS, Framing, ModbusDriver, ModbusRead
from cellwarden.drivers.modbus_rtu import RTU
from cellwarden.drivers.reading import DeviceIdentity, DeviceReading, merge_readings

__all__ = ["DRIVER", "SeplosV3"]


def _celsius(name: str, offset: int, *, absent: tuple[int, ...] = (0,), many: bool = False) -> Field:
    return Field(
        name=name,
        offset=offset,
        type="u16",
        zero=2731.0,
        scale=0.1,
        unit="celsius",
        valid=(-39.0, 120.0),
        absent=absent,
        many=many,
    )


PACK = (
    Field(name="pack_voltage_volt", offset=0, type="u16", scale=0.01, unit="volt", valid=(0.0, 200.0)),
    Field(name="current_ampere", offset=2, type="s16", scale=0.01, unit="ampere", valid=(-327.0, 327.0)),
    Field(name="remaining_capacity_ah", offset=4, type="u16", scale=0.01, unit="ah", valid=(0.0, 660.0)),
    Field(name="full_capacity_ah", offset=6, type="u16", scale=0.01, unit="ah", valid=(0.0, 660.0)),
    Field(name="bms_soc_fraction", offset=10, type="u16", scale=0.001, unit="fraction", valid=(0.0, 1.0)),
    Field(name="bms_soh_fraction", offset=12, type="u16", scale=0.001, unit="fraction", valid=(0.0, 1.0)),
    Field(name="cycle_count", offset=14, type="u16", unit="cycles", valid=(0.0, 60000.0)),
    Field(name="discharge_current_limit_ampere", offset=30, type="u16", unit="ampere", valid=(0.0, 1000.0)),
    Field(name="charge_current_limit_ampere", offset=32, type="u16", unit="ampere", valid=(0.0, 1000.0)),
)
CELLS = (
    Field(name="cell_voltage_volt", offset=0, type="u16", scale=0.001, unit="volt", valid=(0.0, 5.0), many=True),
    _celsius("temperature_celsius", 32, absent=(0, 2731), many=True),
    _celsius("ambient_temperature_celsius", 48),
    _celsius("mos_temperature_celsius", 50),
)
SETTINGS = (
    Field(name="nominal_capacity_ah", offset=176, type="u16", scale=0.01, unit="ah", valid=(0.0, 660.0)),
    Field(name="charge_voltage_limit_volt", offset=202, type="u16", scale=0.01, unit="volt", valid=(0.0, 200.0)),
)
_EVENTS = {
    9: (
        "cell voltage high",
        "cell over-voltage",
        "cell voltage low",
        "cell under-voltage",
        "pack voltage high",
        "pack over-voltage",
        "pack voltage low",
        "pack under-voltage",
    ),
    10: (
        "hot while charging",
        "too hot to charge",
        "cold while charging",
        "too cold to charge",
        "hot while discharging",
        "too hot to discharge",
        "cold while discharging",
        "too cold to discharge",
    ),
    11: ("box hot", "box too hot", "box cold", "box too cold", "switches hot", "switches too hot", "heating"),
    12: (
        "charge current high",
        "charge over-current",
        "charge over-current, second level",
        "discharge current high",
        "discharge over-current",
        "discharge over-current, second level",
        "short circuit",
    ),
    13: ("locked after short circuit", "event 13.1", "locked after charging", "locked after discharging"),
    14: ("event 14.0", "event 14.1", "charge left is low", "charge left is too low", "large difference of cells"),
    17: (
        "temperature sensor fails",
        "measuring chip fails",
        "charge switch fails",
        "discharge switch fails",
        "cell fails",
        "sense wire open",
        "key switch fails",
        "aerosol",
    ),
}
_BLOCKS = {
    "maker": (INPUT_REGISTERS, 0x1700, 0x0A),
    "serial": (INPUT_REGISTERS, 0x1715, 0x0F),
    "settings": (INPUT_REGISTERS, 0x1300, 0x6A),
    "pack": (INPUT_REGISTERS, 0x1000, 0x11),
    "cells": (INPUT_REGISTERS, 0x1100, 0x1A),
    "alarms": (COILS, 0x1200, 0x90),
}
_MOST_CELLS, _SENSORS = 16, 4
_CELL_COUNT_AT = 2


@dataclass(frozen=True, slots=True)
class SeplosV3(ModbusDriver):
    """Seplos V3 on RS485."""

    name: ClassVar[str] = "seplos_v3"
    title: ClassVar[str] = "Seplos V3, RS485"
    transports: ClassVar[tuple[TransportKind, ...]] = ("serial", "tcp")
    serial: ClassVar[SerialSettings | None] = SerialSettings(baud=19200)
    poll_plan: ClassVar[tuple[Poll, ...]] = (
        Poll(request="maker", period_second=0.0),
        Poll(request="serial", period_second=0.0),
        Poll(request="settings", period_second=600.0),
        Poll(request="pack", period_second=1.0),
        Poll(request="cells", period_second=1.0),
        Poll(request="alarms", period_second=2.0),
    )
    capabilities: ClassVar[frozenset[str]] = frozenset(
        {
            "cell_voltage",
            "pack_voltage",
            "current",
            "temperature",
            "soc",
            "balancing",
            "switches",
            "limits",
            "alarms",
            "identity",
        }
    )
    identity_request: ClassVar[str | None] = "serial"
    addresses: ClassVar[tuple[int, int]] = (0, 15)
    longest_frame: ClassVar[int] = RTU.longest_frame

    @property
    def framing(self) -> Framing:
        """Modbus RTU."""
        return RTU

    def requests(self, profile: DeviceProfile) -> tuple[Request, ...]:
        """One block each."""
        return tuple(
            self.ask(name, ModbusRead(profile.address, *block), optional=name in {"maker", "serial", "settings"})
            for name, block in _BLOCKS.items()
        )

    def learn(self, frame: Frame, profile: DeviceProfile) -> DeviceProfile:
        """Number of cells from the settings, and the identity."""
        if frame.kind in {"maker", "serial"}:
            return replace(profile, identity=_identity((frame,), profile.identity))
        cells = integer_at(frame.payload, _CELL_COUNT_AT, "u16") if frame.kind == "settings" else 0
        if 1 <= cells <= _MOST_CELLS:
            return replace(profile, cell_count=cells, temperature_count=_SENSORS)
        return profile

    def decode(self, frames: Sequence[Frame], profile: DeviceProfile) -> DeviceReading:
        """Blocks, merged."""
        reading = merge_readings(_decode_block(frame, profile.cell_count or _MOST_CELLS) for frame in frames)
        return replace(reading, identity=_identity(frames, None))


def _identity(frames: Sequence[Frame], known: DeviceIdentity | None) -> DeviceIdentity | None:
    for frame in frames:
        text = text_at(frame.payload, 0, len(frame.payload)).strip()
        if frame.kind == "maker":
            known = replace(known or DeviceIdentity(), model=text)
        elif frame.kind == "serial":
            known = replace(known or DeviceIdentity(), serial_number=text)
    return known


def _decode_block(frame: Frame, cells: int) -> DeviceReading:
    function, _, count = _BLOCKS[frame.kind]
    if len(frame.payload) != (count // 8 if function == COILS else 2 * count):
        raise FrameLengthError(f"{len(frame.payload)} bytes are not the block '{frame.kind}'")
    if frame.kind == "alarms":
        return _alarms(frame.payload, cells)
    tables = {"pack": PACK, "cells": CELLS, "settings": SETTINGS}
    counts = {"cell_voltage_volt": cells, "temperature_celsius": _SENSORS}
    return reading_from_table(frame.payload, tables.get(frame.kind, ()), counts)


def _alarms(coils: bytes, cells: int) -> DeviceReading:
    words = (
        *_each(coils, 0, 2, "cell {} voltage low"),
        *_each(coils, 2, 2, "cell {} voltage high"),
        *_each(coils, 4, 1, "temperature {} low"),
        *_each(coils, 5, 1, "temperature {} high"),
        *(word for byte, names in _EVENTS.items() for word in named_bits(coils[byte], dict(enumerate(names)))),
    )
    balancing = integer_at(coils, 6, "u16le")
    return DeviceReading(
        balancing_fraction=np.array([float(balancing >> cell & 1) for cell in range(cells)]),
        charge_switch_fraction=float(coils[15] >> 1 & 1),
        discharge_switch_fraction=float(coils[15] & 1),
        alarms=words,
    )


def _each(coils: bytes, byte: int, width: int, words: str) -> tuple[str, ...]:
    mask = int.from_bytes(coils[byte : byte + width], "little")
    return named_bits(mask, {bit: words.format(bit + 1) for bit in range(8 * width)})


DRIVER = SeplosV3()
