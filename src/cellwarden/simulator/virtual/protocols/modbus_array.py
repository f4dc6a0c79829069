"""An external sensor array with Modbus registers: every cell's voltage, temperatures, current.

Input and holding registers are the same:

| register | type | content |
|---|---|---|
| 0 / 1 | u16 | number of cells / of temperature sensors |
| 2 | s32, high word first | current, mA, positive charges |
| 4 | u32, high word first | pack voltage, mV |
| 6 | s16 | ambient temperature, 0.1 °C |
| 7 | u16 | seconds since the start, running over |
| 100 … | u16 | cells, 0.1 mV; FFFF: no reading |
| 600 … | s16 | temperature sensors, 0.01 °C; 8000: no reading |
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cellwarden.simulator.live.live_reading import PackReading
from cellwarden.simulator.virtual.device import PortKind
from cellwarden.simulator.virtual.packing import rounded, word, word_signed
from cellwarden.simulator.virtual.register_device import HOLDING, INPUT, Blocks, RegisterDevice

__all__ = ["DEVICE", "VirtualModbusArray"]

_CELLS, _SENSORS = 100, 600
_NO_CELL, _NO_SENSOR = 0xFFFF, -0x8000


@dataclass(frozen=True, slots=True, kw_only=True)
class VirtualModbusArray(RegisterDevice):
    """One array."""

    name: ClassVar[str] = "modbus-array"
    title: ClassVar[str] = "Sensor array with Modbus registers, RTU or TCP"
    ports: ClassVar[tuple[PortKind, ...]] = ("tcp", "pty")
    speaks_modbus_tcp: ClassVar[bool] = True

    def blocks(self, function: int, reading: PackReading) -> Blocks:
        """Totals, cells and sensors."""
        if function not in {HOLDING, INPUT}:
            return {}
        current = rounded(reading.current_ampere, 0.001) & 0xFFFFFFFF
        volt = rounded(reading.pack_voltage_volt, 0.001)
        totals = [
            reading.cell_count,
            int(reading.temperature_celsius.size),
            current >> 16,
            current & 0xFFFF,
            volt >> 16,
            volt & 0xFFFF,
            word_signed(rounded(reading.ambient_temperature_celsius, 0.1)),
            int(reading.uptime_second) % 0x10000,
        ]
        cells = [word(rounded(float(value), 0.0001, _NO_CELL)) for value in reading.cell_voltage_volt]
        sensors = [word_signed(rounded(float(value), 0.01, _NO_SENSOR)) for value in reading.temperature_celsius]
        return {0: totals, _CELLS: cells, _SENSORS: sensors}


DEVICE = VirtualModbusArray()
