"""An EG4-LL battery on RS485, Modbus RTU, 9600 8N1: holding registers.

Two decoders of this device differ in the units of current and remaining charge; `current_unit_ampere` and
`remaining_unit_ah` choose. Temperatures are whole degrees, C8 (−56) is no sensor. Of the block of settings only
the balancer's are filled.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cellwarden.simulator.live.live_reading import PackReading
from cellwarden.simulator.virtual.device import PortKind
from cellwarden.simulator.virtual.packing import put, put_text, rounded
from cellwarden.simulator.virtual.register_device import HOLDING, Blocks, RegisterDevice

__all__ = ["DEVICE", "VirtualEg4Ll"]

_REPLY_HEAD = 3  # bytes before the data in a reply: the maker's offsets count from the reply's first byte
_NO_SENSOR = -56
_SENSOR_PLACES = 6
_RESTING_AMPERE = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class VirtualEg4Ll(RegisterDevice):
    """One battery."""

    name: ClassVar[str] = "eg4-ll"
    title: ClassVar[str] = "EG4-LL, Modbus RTU"
    ports: ClassVar[tuple[PortKind, ...]] = ("pty", "tcp")
    most_cells: ClassVar[int] = 16
    current_unit_ampere: float = 0.1
    remaining_unit_ah: float = 0.1

    def blocks(self, function: int, reading: PackReading) -> Blocks:
        """Status, settings and hardware."""
        if function != HOLDING:
            return {}
        return {0x00: _words(self._status(reading)), 0x2D: _words(_settings()), 0x69: _words(_hardware())}

    def _status(self, reading: PackReading) -> bytearray:
        data = bytearray(78)

        def at(offset: int, form: str, number: int) -> None:
            put(data, offset - _REPLY_HEAD, form, number)

        at(3, ">H", rounded(reading.pack_voltage_volt, 0.01))
        at(5, ">h", rounded(reading.current_ampere, self.current_unit_ampere))
        for cell, volt in enumerate(reading.cell_voltage_volt):
            at(7 + 2 * cell, ">H", rounded(float(volt), 0.001))
        at(39, ">h", rounded(reading.mos_temperature_celsius, 1.0))
        at(45, ">H", rounded(reading.remaining_ah, self.remaining_unit_ah))
        at(47, ">H", rounded(reading.charge_current_limit_ampere, 0.1))
        at(49, ">H", rounded(reading.soh_fraction, 0.01))
        at(51, ">H", rounded(reading.soc_fraction, 0.01))
        at(
            54,
            ">B",
            2 if reading.current_ampere < -_RESTING_AMPERE else 1 if reading.current_ampere > _RESTING_AMPERE else 0,
        )
        at(61, ">I", reading.cycle_count)
        at(65, ">I", rounded(reading.full_ah * 3600.0, 0.001))
        for place in range(_SENSOR_PLACES):
            fitted = place < reading.temperature_celsius.size
            value = float(reading.temperature_celsius[place]) if fitted else np.nan
            at(69 + place, ">b", rounded(value, 1.0, _NO_SENSOR))
        at(75, ">H", reading.cell_count)
        at(79, ">H", int(reading.balancing.any()))
        return data


def _settings() -> bytearray:
    data = bytearray(182)
    put(data, 25 - _REPLY_HEAD, ">H", 3400)
    put(data, 27 - _REPLY_HEAD, ">H", 4)
    return data


def _hardware() -> bytearray:
    data = bytearray(46)
    put_text(data, 0, "VIRTUAL-LL-51.2V100AH", 24)
    put_text(data, 24, "Z02T04", 6)
    put_text(data, 30, "2026-01-15", 16)
    return data


def _words(data: bytearray) -> list[int]:
    return [data[index] << 8 | data[index + 1] for index in range(0, len(data), 2)]


DEVICE = VirtualEg4Ll()
