"""SunSpec models 1, 802, 803, 804 and 805 of a pack: one string with one module that has all cells.

Scale factors differ between the models on purpose (cell voltages are 1 mV in 802–804, 0.1 mV in 805), and currents,
voltages and powers take a coarser one where the pack needs it. A temperature stands at the first cell that its sensor
touches; the other cells have none.
"""

from __future__ import annotations

import numpy as np

from cellwarden.simulator.live.live_reading import PackReading
from cellwarden.simulator.virtual.packing import present
from cellwarden.simulator.virtual.sunspec_block import SunspecBlock

__all__ = ["sunspec_models"]

_PERCENT, _CELL, _FINE_CELL, _CELSIUS = -1, -3, -4, -1  # scale factors
_DISCHARGING, _CHARGING, _HOLDING = 3, 4, 6  # ChaSt
_DISCONNECTED, _CONNECTED = 1, 3  # State
_LITHIUM_ION, _REMOTE, _CONNECT, _STARTED = 4, 0, 1, 3
_RESTING_AMPERE = 0.05
_ENABLED_AND_CLOSED = 0b11


def sunspec_models(reading: PackReading) -> list[int]:
    """Registers of all models in order, without the marker before and the end after them."""
    blocks = (_common(), _base(reading), _bank(reading), _string(reading), _module(reading))
    return [word for block in blocks for word in block.words]


def _current_scale(reading: PackReading) -> int:
    """Of currents: 10 mA up to 300 A, else 0.1 A."""
    return -2 if max(reading.discharge_current_limit_ampere, reading.charge_current_limit_ampere) <= 300.0 else -1


def _voltage_scale(reading: PackReading) -> int:
    """Of string voltages: 10 mV up to 600 V, else 0.1 V."""
    return -2 if reading.cell_count * 4.0 <= 600.0 else -1


def _power_scale(reading: PackReading) -> int:
    """Of powers and energies: 1 W up to 30 kW, else 10 W."""
    return 0 if reading.cell_count * 4.0 * reading.discharge_current_limit_ampere <= 30_000.0 else 1


def _common() -> SunspecBlock:
    block = SunspecBlock(1, 66, (67,))
    for offset, text, count in ((2, "cellwarden", 16), (18, "virtual pack", 16), (34, "", 8), (42, "1", 8)):
        block.text(offset, text, count)
    block.text(50, "VIRTUAL0001", 16)
    block.unsigned(66, 1)
    return block


def _base(reading: PackReading) -> SunspecBlock:
    block = SunspecBlock(802, 62, (44, 47, 49, *range(52, 64)))
    volt, ampere, watt = _voltage_scale(reading), _current_scale(reading), _power_scale(reading)
    nominal_watt_hour = reading.nominal_ah * 3.2 * reading.cell_count
    block.unsigned(2, reading.nominal_ah, -1)
    block.unsigned(3, nominal_watt_hour, watt)
    block.unsigned(4, reading.charge_current_limit_ampere * 3.2 * reading.cell_count, watt)
    block.unsigned(5, reading.discharge_current_limit_ampere * 3.2 * reading.cell_count, watt)
    block.unsigned(11, 100.0 * reading.soc_fraction, _PERCENT)
    block.unsigned(12, 100.0 * (1.0 - reading.soc_fraction), _PERCENT)
    block.unsigned(13, 100.0 * reading.soh_fraction, _PERCENT)
    block.long(14, reading.cycle_count)
    block.unsigned(16, _charge_state(reading))
    block.unsigned(17, _REMOTE)
    block.unsigned(18, int(reading.uptime_second) % 0xFFFF)
    block.unsigned(20, 0)
    block.unsigned(21, _LITHIUM_ION)
    block.unsigned(22, _CONNECTED if reading.charge_closed or reading.discharge_closed else _DISCONNECTED)
    for offset in (26, 28, 30, 32):
        block.long(offset, 0)
    block.unsigned(34, reading.pack_voltage_volt, volt)
    block.unsigned(35, reading.charge_voltage_limit_volt, volt)
    block.unsigned(36, 2.6 * reading.cell_count, volt)
    _cell_extremes(block, reading, high=37, low=40, mean=43, places=(1, 1), place_count=2)
    block.signed(44, reading.current_ampere, ampere)
    block.unsigned(45, reading.charge_current_limit_ampere, -1)
    block.unsigned(46, reading.discharge_current_limit_ampere, -1)
    block.signed(47, reading.pack_voltage_volt * reading.current_ampere, watt)
    block.unsigned(50, _CONNECT)
    block.unsigned(51, _STARTED)
    block.scales(52, -1, watt, watt, None, _PERCENT, _PERCENT, _PERCENT, volt, _CELL, ampere, -1, watt)
    return block


def _bank(reading: PackReading) -> SunspecBlock:
    """Model 803 with its one string."""
    block = SunspecBlock(803, 58, (4, 7, 10, 16, 18, 20, *range(22, 28), 34, 40, 42, 44, 58, 59))
    ampere, celsius = _current_scale(reading), present(reading.temperature_celsius)
    block.unsigned(2, 1)
    block.unsigned(3, 1)
    for offset, value in ((4, celsius.max()), (7, celsius.min()), (10, celsius.mean())):
        block.signed(offset, float(value), _CELSIUS)
    for offset in (5, 6, 8, 9):
        block.unsigned(offset, 1)
    block.unsigned(21, int(reading.balancing.sum()))
    block.scales(22, _CELL, _CELSIUS, ampere, _PERCENT, _PERCENT, _voltage_scale(reading))
    string = 28
    block.unsigned(string, 1)
    block.long(string + 1, _switches(reading))
    block.unsigned(string + 3, 0)
    block.unsigned(string + 4, 100.0 * reading.soc_fraction, _PERCENT)
    block.unsigned(string + 5, 100.0 * reading.soh_fraction, _PERCENT)
    block.signed(string + 6, reading.current_ampere, ampere)
    _cell_extremes(block, reading, high=string + 7, low=string + 9, mean=string + 11, places=(1,), place_count=1)
    for offset, value in ((12, celsius.max()), (14, celsius.min()), (16, celsius.mean())):
        block.signed(string + offset, float(value), _CELSIUS)
    block.unsigned(string + 13, 1)
    block.unsigned(string + 15, 1)
    block.long(string + 20, 0)
    return block


def _string(reading: PackReading) -> SunspecBlock:
    """Model 804 with its one module."""
    block = SunspecBlock(804, 62, (13, 20, 22, 24, 25, *range(38, 48), 56, 58, 60, 61, 62, 63))
    celsius = present(reading.temperature_celsius)
    block.unsigned(2, 1)
    block.unsigned(3, 1)
    block.long(4, _switches(reading))
    block.unsigned(6, 0)
    block.unsigned(7, int(reading.balancing.sum()))
    block.unsigned(8, 100.0 * reading.soc_fraction, _PERCENT)
    block.unsigned(9, 100.0 * (1.0 - reading.soc_fraction), _PERCENT)
    block.long(10, reading.cycle_count)
    block.unsigned(12, 100.0 * reading.soh_fraction, _PERCENT)
    block.signed(13, reading.current_ampere, _current_scale(reading))
    block.unsigned(14, reading.pack_voltage_volt, _voltage_scale(reading))
    _cell_extremes(block, reading, high=15, low=17, mean=19, places=(1,), place_count=1)
    for offset, value in ((20, celsius.max()), (22, celsius.min()), (24, celsius.mean())):
        block.signed(offset, float(value), _CELSIUS)
    block.unsigned(21, 1)
    block.unsigned(23, 1)
    block.long(28, 0)
    scales = (_PERCENT, _PERCENT, _PERCENT, _current_scale(reading), _voltage_scale(reading), _CELL, _CELSIUS)
    block.scales(38, *scales)
    module = 48
    block.unsigned(module, reading.cell_count)
    block.unsigned(module + 1, 100.0 * reading.soc_fraction, _PERCENT)
    block.unsigned(module + 2, 100.0 * reading.soh_fraction, _PERCENT)
    _cell_extremes(block, reading, high=module + 3, low=module + 5, mean=module + 7)
    _temperature_extremes(block, reading, module + 8)
    return block


def _module(reading: PackReading) -> SunspecBlock:
    """Model 805: its length tells the number of cells."""
    block = SunspecBlock(805, 42 + 4 * reading.cell_count, (16, 18, 20, *range(38, 44)))
    block.unsigned(2, 1)
    block.unsigned(3, 1)
    block.unsigned(4, reading.cell_count)
    block.unsigned(5, 100.0 * reading.soc_fraction, _PERCENT)
    block.unsigned(6, 100.0 * (1.0 - reading.soc_fraction), _PERCENT)
    block.unsigned(7, 100.0 * reading.soh_fraction, _PERCENT)
    block.long(8, reading.cycle_count)
    block.unsigned(10, reading.pack_voltage_volt, _voltage_scale(reading))
    _cell_extremes(block, reading, high=11, low=13, mean=15, scale=_FINE_CELL)
    _temperature_extremes(block, reading, 16)
    block.unsigned(21, int(reading.balancing.sum()))
    block.text(22, "VIRTUAL0001", 16)
    block.scales(38, _PERCENT, _PERCENT, _PERCENT, _voltage_scale(reading), _FINE_CELL, _CELSIUS)
    at_cell = {
        touched[0]: float(value)
        for touched, value in zip(reading.temperature_cells, reading.temperature_celsius, strict=True)
    }
    for index, volt in enumerate(reading.cell_voltage_volt):
        offset = 44 + 4 * index
        block.words[offset + 1] = 0x8000
        block.unsigned(offset, float(volt), _FINE_CELL)
        block.signed(offset + 1, at_cell.get(index + 1, np.nan), _CELSIUS)
        block.long(offset + 2, int(reading.balancing[index]))
    return block


def _charge_state(reading: PackReading) -> int:
    if abs(reading.current_ampere) < _RESTING_AMPERE:
        return _HOLDING
    return _CHARGING if reading.current_ampere > 0.0 else _DISCHARGING


def _switches(reading: PackReading) -> int:
    """Bit 0 enabled, bit 1 the contactor."""
    return _ENABLED_AND_CLOSED if reading.charge_closed or reading.discharge_closed else 1


def _cell_extremes(
    block: SunspecBlock,
    reading: PackReading,
    *,
    high: int,
    low: int,
    mean: int,
    scale: int = _CELL,
    places: tuple[int, ...] | None = None,
    place_count: int = 1,
) -> None:
    """Highest, lowest and mean cell; after each extreme its place: `places`, or the cell's own number."""
    volt = reading.cell_voltage_volt
    there = present(volt)
    block.unsigned(high, float(there.max()), scale)
    block.unsigned(low, float(there.min()), scale)
    block.unsigned(mean, float(there.mean()), scale)
    for extreme, offset in ((there.max(), high), (there.min(), low)):
        cell = int(np.flatnonzero(volt == extreme)[0]) + 1 if not np.isnan(extreme) else np.nan
        for index in range(place_count):
            block.unsigned(offset + 1 + index, cell if places is None else places[index])


def _temperature_extremes(block: SunspecBlock, reading: PackReading, offset: int) -> None:
    """Highest with its cell, lowest with its cell, mean."""
    celsius = reading.temperature_celsius
    there = present(celsius)
    for position, extreme in ((offset, there.max()), (offset + 2, there.min())):
        block.signed(position, float(extreme), _CELSIUS)
        if not np.isnan(extreme):
            block.unsigned(position + 1, reading.temperature_cells[int(np.flatnonzero(celsius == extreme)[0])][0])
    block.signed(offset + 4, float(there.mean()), _CELSIUS)
