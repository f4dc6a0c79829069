"""A PACE BMS (SOK, Sunsynk and others) on RS485, ASCII protocol of version 25, 9600 8N1.

Four sensors at cells, then the switches and the box; currents above zero charge. What the device is doing stands in
bits 3 (discharging) and 5 (charging) of the system status, the switches in bits 2 and 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from cellwarden.simulator.live.live_reading import PackReading
from cellwarden.simulator.virtual.ascii_device import AsciiDevice
from cellwarden.simulator.virtual.ascii_frame import ascii_reply, parsed_request
from cellwarden.simulator.virtual.packing import held, held_signed, rounded

__all__ = ["DEVICE", "VirtualPace"]

_VERSION = 0x25
_UNKNOWN_COMMAND = 0x04
_CELL_SENSORS = 4
_FLAG = 0x00
_RESTING_AMPERE = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class VirtualPace(AsciiDevice):
    """One pack."""

    name: ClassVar[str] = "pace"
    title: ClassVar[str] = "PACE (SOK, Sunsynk …), RS485 (ASCII, version 25)"
    version: ClassVar[int] = _VERSION
    most_cells: ClassVar[int] = 16
    addresses: ClassVar[tuple[int, int]] = (1, 15)
    address: int | None = 1

    def answer(self, request: bytes, reading: PackReading) -> bytes:
        """The command's INFO; return code 04 for a command that is not known, or that would set something."""
        asked, address = parsed_request(request), self.address or 0
        if asked is None:
            return b""
        match asked.command:
            case 0x42:
                info = bytes((_FLAG, address)) + _analog(reading)
            case 0x44:
                info = bytes((_FLAG, address)) + _status(reading)
            case 0xC1:
                info = b"VIRTUAL-PACE-V2.5".ljust(20)
            case 0xC2:
                info = b"VIRTUAL000000001".ljust(40)
            case _:
                return ascii_reply(_VERSION, address, b"", _UNKNOWN_COMMAND)
        return ascii_reply(_VERSION, address, info)


def _celsius(value: float) -> bytes:
    return held(rounded(value + 273.0, 0.1), 2)


def _sensors(reading: PackReading) -> list[float]:
    """Four at cells, then switches and box."""
    cells = [float(value) for value in reading.temperature_celsius[:_CELL_SENSORS]]
    cells += [math.nan] * (_CELL_SENSORS - len(cells))
    return [*cells, reading.mos_temperature_celsius, reading.ambient_temperature_celsius]


def _analog(reading: PackReading) -> bytes:
    volts = [held(rounded(float(volt), 0.001), 2) for volt in reading.cell_voltage_volt]
    celsius = [_celsius(value) for value in _sensors(reading)]
    return b"".join(
        (
            bytes((len(volts),)),
            *volts,
            bytes((len(celsius),)),
            *celsius,
            held_signed(rounded(reading.current_ampere, 0.01), 2),
            held(rounded(reading.pack_voltage_volt, 0.001), 2),
            held(rounded(reading.remaining_ah, 0.01), 2),
            b"\x03",
            held(rounded(reading.full_ah, 0.01), 2),
            held(reading.cycle_count, 2),
            held(rounded(reading.nominal_ah, 0.01), 2),
        )
    )


def _status(reading: PackReading) -> bytes:
    """No warning and no protection; system, configuration, fault, balance bits, warnings."""
    cells, sensors = reading.cell_count, _CELL_SENSORS + 2
    system = (
        reading.charge_closed << 1
        | reading.discharge_closed << 2
        | (reading.current_ampere < -_RESTING_AMPERE) << 3
        | (reading.current_ampere > _RESTING_AMPERE) << 5
    )
    bleeds = sum(1 << cell for cell, on in enumerate(reading.balancing) if on)
    return b"".join(
        (
            bytes((cells,)),
            bytes(cells),
            bytes((sensors,)),
            bytes(sensors),
            bytes(3),
            bytes((0, 0, system, 0, 0)),
            held(bleeds, 2),
            bytes(2),
        )
    )


DEVICE = VirtualPace()
