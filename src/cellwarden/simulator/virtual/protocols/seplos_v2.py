"""A Seplos V2 BMS on RS485, ASCII protocol of version 20, 19200 8N1.

A request's INFO must be the address, as on the real device. Six sensors: four at cells, box, switches. Cell 1 is the
lowest bit of the first balance byte; a cell that gives no reading has its open-wire bit set.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cellwarden.simulator.live.live_reading import PackReading
from cellwarden.simulator.virtual.ascii_device import AsciiDevice
from cellwarden.simulator.virtual.ascii_frame import ascii_reply, parsed_request
from cellwarden.simulator.virtual.packing import held, held_signed, put, rounded

__all__ = ["DEVICE", "VirtualSeplosV2"]

_VERSION = 0x20
_UNKNOWN_COMMAND, _WRONG_ADDRESS = 0x04, 0x90
_CELL_SENSORS, _SENSORS = 4, 6
_STATUS_BYTES = 23  # after the sensors


@dataclass(frozen=True, slots=True, kw_only=True)
class VirtualSeplosV2(AsciiDevice):
    """One pack; addresses are 0 to 15."""

    name: ClassVar[str] = "seplos-v2"
    title: ClassVar[str] = "Seplos V2, RS485 (ASCII, version 20)"
    version: ClassVar[int] = _VERSION
    most_cells: ClassVar[int] = 16
    addresses: ClassVar[tuple[int, int]] = (0, 15)
    address: int | None = 0

    def answer(self, request: bytes, reading: PackReading) -> bytes:
        """The command's INFO, or a return code."""
        asked, address = parsed_request(request), self.address or 0
        if asked is None:
            return b""
        if asked.command not in {0x42, 0x44}:
            return ascii_reply(_VERSION, address, b"", _UNKNOWN_COMMAND)
        if asked.info and asked.info != bytes((request_address(request),)):
            return ascii_reply(_VERSION, address, b"", _WRONG_ADDRESS)
        info = _analog(reading) if asked.command == 0x42 else _alarms(reading)
        return ascii_reply(_VERSION, address, bytes((0, address)) + info)


def request_address(request: bytes) -> int:
    """Address in a request's head."""
    return int(request[3:5], 16)


def _celsius(value: float) -> bytes:
    return held(rounded(value + 273.1, 0.1), 2)


def _analog(reading: PackReading) -> bytes:
    cells = [float(value) for value in reading.temperature_celsius[:_CELL_SENSORS]]
    cells += [math.nan] * (_CELL_SENSORS - len(cells))
    sensors = [*cells, reading.ambient_temperature_celsius, reading.mos_temperature_celsius]
    volts = [held(rounded(float(volt), 0.001), 2) for volt in reading.cell_voltage_volt]
    return b"".join(
        (
            bytes((len(volts),)),
            *volts,
            bytes((_SENSORS,)),
            *(_celsius(value) for value in sensors),
            held_signed(rounded(reading.current_ampere, 0.01), 2),
            held(rounded(reading.pack_voltage_volt, 0.01), 2),
            held(rounded(reading.remaining_ah, 0.01), 2),
            b"\x0a",
            held(rounded(reading.full_ah, 0.01), 2),
            held(rounded(reading.soc_fraction, 0.001), 2),
            held(rounded(reading.nominal_ah, 0.01), 2),
            held(reading.cycle_count, 2),
            held(rounded(reading.soh_fraction, 0.001), 2),
            held(rounded(reading.pack_voltage_volt, 0.01), 2),
            bytes(8),
        )
    )


def _alarms(reading: PackReading) -> bytes:
    """All in order; offsets of what follows the sensors are the paper's, less those of 16 cells."""
    cells = reading.cell_count
    rest = bytearray(_STATUS_BYTES)
    base = 26  # where `rest` begins with 16 cells
    bleeds = sum(1 << cell for cell, on in enumerate(reading.balancing) if on)
    open_wires = sum(1 << cell for cell, volt in enumerate(reading.cell_voltage_volt) if np.isnan(volt))
    put(rest, 35 - base, "<B", reading.discharge_closed | reading.charge_closed << 1)
    put(rest, 36 - base, "<H", bleeds)
    put(rest, 39 - base, "<H", open_wires)
    return bytes((cells,)) + bytes(cells) + bytes((_SENSORS,)) + bytes(_SENSORS) + bytes(rest)


DEVICE = VirtualSeplosV2()
