"""A JK (Jikong) PB model on RS485, 115200 8N1: a Modbus FC10 trigger, a 300-byte block, a zero, the ACK, a zero.

Offsets of the 32S form, firmware 15. The balancer of the twin is a passive one; the device says "discharging" while
any bleed is on, and no current, for its field has no room for which cell it is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from cellwarden.simulator.live.live_reading import PackReading
from cellwarden.simulator.virtual.checksums import crc16_modbus, sum8
from cellwarden.simulator.virtual.device import PortKind, StreamDevice, Taken
from cellwarden.simulator.virtual.packing import put, put_text, rounded

__all__ = ["DEVICE", "VirtualJkPb"]

_TRIGGER_LENGTH = 11
_SETTINGS, _STATUS, _ABOUT = 0x161E, 0x1620, 0x161C
_TYPES = {_SETTINGS: 1, _STATUS: 2, _ABOUT: 3}
_SENSOR_OFFSETS = (162, 164, 256, 258)
_NO_SENSOR = -2000
_LEAD_MILLIOHM = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class VirtualJkPb(StreamDevice):
    """JK PB on RS485.

    Attributes
    ----------
    ambient_sensor : number of the sensor input, 1 to 4, whose probe hangs in the air beside the pack; None: none does
    """

    name: ClassVar[str] = "jk-pb"
    title: ClassVar[str] = "JK (Jikong) PB model, RS485 or through a TCP bridge"
    ports: ClassVar[tuple[PortKind, ...]] = ("pty", "tcp")
    most_cells: ClassVar[int] = 32
    addresses: ClassVar[tuple[int, int]] = (1, 15)
    address: int | None = 1
    ambient_sensor: int | None = None

    def take(self, buffer: bytes) -> Taken:
        """A trigger; a byte that begins none is dropped."""
        if len(buffer) >= 2 and buffer[1] != 0x10:
            return Taken(1)
        if len(buffer) < _TRIGGER_LENGTH:
            return Taken(0)
        frame = buffer[:_TRIGGER_LENGTH]
        if crc16_modbus(frame[:-2]) != frame[-2:]:
            return Taken(1)
        return Taken(_TRIGGER_LENGTH, frame)

    def is_addressed(self, request: bytes) -> bool:
        """Whether the trigger names this device."""
        return request[0] == self.address

    def answer(self, request: bytes, reading: PackReading) -> bytes:
        """The block that was triggered; other registers are writes, and a virtual device is not written to."""
        register = int.from_bytes(request[2:4], "big")
        if register not in _TYPES:
            return b""
        block = bytearray(300)
        block[:6] = bytes((0x55, 0xAA, 0xEB, 0x90, _TYPES[register], int(reading.uptime_second) % 256))
        {_SETTINGS: _fill_settings, _STATUS: _fill_status, _ABOUT: _fill_about}[register](block, self._seen(reading))
        block[299] = sum8(bytes(block[:299]))
        acknowledge = bytes((self.address or 0, 0x10)) + request[2:6]
        return bytes(block) + b"\x00" + acknowledge + crc16_modbus(acknowledge) + b"\x00"

    def _seen(self, reading: PackReading) -> PackReading:
        """The reading with the probe in the air among its sensors."""
        if self.ambient_sensor is None:
            return reading
        celsius = reading.temperature_celsius
        place = min(self.ambient_sensor - 1, celsius.size)
        return replace(reading, temperature_celsius=np.insert(celsius, place, reading.ambient_temperature_celsius))


def _fill_about(block: bytearray, reading: PackReading) -> None:
    put_text(block, 6, "JK-PB2A16S20P", 16)
    put_text(block, 22, "15A", 8)
    put_text(block, 30, "15.38", 8)
    put(block, 38, "<I", int(reading.uptime_second))
    put(block, 42, "<I", 1)
    put_text(block, 46, "virtual", 16)
    put_text(block, 86, "VIRTUAL0001", 11)


def _fill_settings(block: bytearray, reading: PackReading) -> None:
    """Values by register number: block offset 6 + 4·(register − 1)."""
    count = reading.cell_count
    values = {
        0x02: 2500,
        0x03: 3050,
        0x04: 3650,
        0x05: 3450,
        0x06: 4,
        0x07: 3450,
        0x08: 2600,
        0x09: rounded(reading.charge_voltage_limit_volt / count, 0.001),
        0x0A: 3400,
        0x0C: rounded(reading.charge_current_limit_ampere, 0.001),
        0x0F: rounded(reading.discharge_current_limit_ampere, 0.001),
        0x1C: count,
        0x1D: 1,
        0x1E: 1,
        0x1F: 1,
        0x20: rounded(reading.nominal_ah, 0.001),
    }
    for register, value in values.items():
        put(block, 6 + 4 * (register - 1), "<I", value)


def _fill_status(block: bytearray, reading: PackReading) -> None:
    volt = reading.cell_voltage_volt
    present = ~np.isnan(volt)
    for cell in range(volt.size):
        put(block, 6 + 2 * cell, "<H", rounded(float(volt[cell]), 0.001))
        put(block, 80 + 2 * cell, "<H", _LEAD_MILLIOHM)
    put(block, 70, "<I", sum(1 << cell for cell in range(volt.size) if present[cell]))
    if present.any():
        put(block, 74, "<H", rounded(float(volt[present].mean()), 0.001))
        put(block, 76, "<H", rounded(float(np.ptp(volt[present])), 0.001))
    _fill_pack(block, reading)
    _fill_temperatures(block, reading)


def _fill_pack(block: bytearray, reading: PackReading) -> None:
    put(block, 150, "<I", rounded(reading.pack_voltage_volt, 0.001))
    put(block, 154, "<I", rounded(abs(reading.pack_voltage_volt * reading.current_ampere), 0.001))
    put(block, 158, "<i", rounded(reading.current_ampere, 0.001))
    put(block, 172, "<B", 2 if reading.balancing.any() else 0)
    put(block, 173, "<B", rounded(reading.soc_fraction, 0.01))
    put(block, 174, "<I", rounded(reading.remaining_ah, 0.001))
    put(block, 178, "<I", rounded(reading.full_ah, 0.001))
    put(block, 182, "<I", reading.cycle_count)
    put(block, 190, "<B", rounded(reading.soh_fraction, 0.01))
    put(block, 194, "<I", int(reading.uptime_second))
    put(block, 198, "<B", int(reading.charge_closed))
    put(block, 199, "<B", int(reading.discharge_closed))


def _fill_temperatures(block: bytearray, reading: PackReading) -> None:
    """Up to four sensors at cells; mask 214 has bit 0 for the switches, then one bit a sensor."""
    for offset in (144, 254):
        put(block, offset, "<h", rounded(reading.mos_temperature_celsius, 0.1))
    celsius = [float(value) for value in reading.temperature_celsius[: len(_SENSOR_OFFSETS)]]
    mask = 1
    for index, offset in enumerate(_SENSOR_OFFSETS):
        value = celsius[index] if index < len(celsius) else np.nan
        put(block, offset, "<h", rounded(value, 0.1, _NO_SENSOR))
        if not np.isnan(value):
            mask |= 2 << index
    put(block, 214, "<B", mask)


DEVICE = VirtualJkPb()
