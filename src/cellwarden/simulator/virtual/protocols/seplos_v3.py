"""A Seplos V3 (XZH) BMS on RS485, Modbus RTU, 19200 8N1: input registers in blocks, alarms as coils.

A cell without a reading shows 0 mV; a place without a sensor holds 0AAB (0 °C), as on the real device.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from cellwarden.simulator.live.live_reading import PackReading
from cellwarden.simulator.virtual.device import PortKind
from cellwarden.simulator.virtual.packing import present, rounded, text_words, word, word_signed
from cellwarden.simulator.virtual.register_device import COILS, INPUT, Blocks, RegisterDevice

__all__ = ["DEVICE", "VirtualSeplosV3"]

_NO_SENSOR = 0x0AAB
_PACK, _CELLS, _ALARMS, _SETTINGS, _MAKER = 0x1000, 0x1100, 0x1200, 0x1300, 0x1700
_BALANCE_COILS, _SWITCH_COILS, _COIL_COUNT = 0x30, 0x78, 0x90
_CELL_PLACES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class VirtualSeplosV3(RegisterDevice):
    """One pack."""

    name: ClassVar[str] = "seplos-v3"
    title: ClassVar[str] = "Seplos V3 (XZH), Modbus RTU"
    ports: ClassVar[tuple[PortKind, ...]] = ("pty", "tcp")
    most_cells: ClassVar[int] = _CELL_PLACES

    def blocks(self, function: int, reading: PackReading) -> Blocks:
        """Blocks by the maker's map."""
        if function == INPUT:
            return {_PACK: _pack(reading), _CELLS: _cells(reading), _SETTINGS: _settings(reading), _MAKER: _maker()}
        return {_ALARMS: _coils(reading)} if function == COILS else {}


def _celsius(value: float) -> int:
    return word(rounded(value + 273.1, 0.1, _NO_SENSOR))


def _pack(reading: PackReading) -> list[int]:
    volt, celsius = present(reading.cell_voltage_volt), present(reading.temperature_celsius)
    return [
        word(rounded(reading.pack_voltage_volt, 0.01)),
        word_signed(rounded(reading.current_ampere, 0.01)),
        word(rounded(reading.remaining_ah, 0.01)),
        word(rounded(reading.full_ah, 0.01)),
        word(rounded(reading.cycle_count * reading.nominal_ah, 10.0)),
        word(rounded(reading.soc_fraction, 0.001)),
        word(rounded(reading.soh_fraction, 0.001)),
        word(reading.cycle_count),
        word(rounded(float(volt.mean()), 0.001)),
        _celsius(float(celsius.mean())),
        word(rounded(float(volt.max()), 0.001)),
        word(rounded(float(volt.min()), 0.001)),
        _celsius(float(celsius.max())),
        _celsius(float(celsius.min())),
        0,
        word(rounded(reading.discharge_current_limit_ampere, 1.0)),
        word(rounded(reading.charge_current_limit_ampere, 1.0)),
        1000,  # pre-charge is complete
    ]


def _cells(reading: PackReading) -> list[int]:
    volts = [word(rounded(float(volt), 0.001)) for volt in reading.cell_voltage_volt]
    celsius = [float(value) for value in reading.temperature_celsius[:4]]
    places = [*celsius, *([math.nan] * (8 - len(celsius)))]
    return [
        *volts,
        *([0] * (_CELL_PLACES - len(volts))),
        *(_celsius(value) for value in places),
        _celsius(reading.ambient_temperature_celsius),
        _celsius(reading.mos_temperature_celsius),
    ]


def _settings(reading: PackReading) -> list[int]:
    words = [0] * 0x6A
    words[0x00] = min(4, reading.temperature_celsius.size)
    words[0x01] = reading.cell_count
    words[0x0D] = 3650
    words[0x11] = 2500
    words[0x58] = word(rounded(reading.nominal_ah, 0.01))
    words[0x59] = word(rounded(reading.full_ah, 0.01))
    words[0x5A] = word(rounded(reading.remaining_ah, 0.01))
    words[0x65] = word(rounded(reading.charge_voltage_limit_volt, 0.01))
    words[0x66] = word_signed(rounded(reading.charge_current_limit_ampere, 1.0))
    words[0x67] = word_signed(-rounded(reading.discharge_current_limit_ampere, 1.0))
    return words


def _maker() -> list[int]:
    maker, device = text_words("XZH-ElecTech Co.,Ltd", 10), text_words("VIRTUAL-SP", 10)
    return [*maker, *device, *text_words("16", 1), *text_words("VIRTUAL00000001", 15), *text_words("PACK1", 15)]


def _coils(reading: PackReading) -> list[int]:
    """No alarm; balance bits, and switches (bit 0 discharge, 1 charge)."""
    bits = [0] * _COIL_COUNT
    for cell, on in enumerate(reading.balancing):
        bits[_BALANCE_COILS + cell] = int(on)
    bits[_SWITCH_COILS] = int(reading.discharge_closed)
    bits[_SWITCH_COILS + 1] = int(reading.charge_closed)
    return bits


DEVICE = VirtualSeplosV3()
