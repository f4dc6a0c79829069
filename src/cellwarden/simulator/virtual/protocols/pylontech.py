"""A Pylontech module on RS485, ASCII protocol V3.3, 115200 8N1.

Large modules tell capacities in 24 bits after two fields of FFFF. The first temperature is the board's, then one of
each group of cells. The discharge limit has a minus, as in the maker's paper. A sensor without a reading shows 0 K.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cellwarden.simulator.live.live_reading import PackReading
from cellwarden.simulator.virtual.ascii_device import AsciiDevice
from cellwarden.simulator.virtual.ascii_frame import ascii_reply, parsed_request
from cellwarden.simulator.virtual.packing import held, held_signed, rounded

__all__ = ["DEVICE", "VirtualPylontech"]

_VERSION = 0x20
_UNKNOWN_COMMAND = 0x04
_LARGE_AH = 65.0
_FLAG = 0x00  # nothing has changed that nobody has read


@dataclass(frozen=True, slots=True, kw_only=True)
class VirtualPylontech(AsciiDevice):
    """One module; its address is group · 16 + number, and the first number is 2."""

    name: ClassVar[str] = "pylontech"
    title: ClassVar[str] = "Pylontech, RS485 (ASCII protocol V3.3)"
    version: ClassVar[int] = _VERSION
    most_cells: ClassVar[int] = 24
    addresses: ClassVar[tuple[int, int]] = (2, 254)
    address: int | None = 2

    def answer(self, request: bytes, reading: PackReading) -> bytes:
        """The command's INFO; return code 04 for a command that is not known, or that would set something."""
        asked, address = parsed_request(request), self.address or 0
        if asked is None:
            return b""
        pack = bytes((address,))
        match asked.command:
            case 0x42:
                info = bytes((_FLAG,)) + pack + _analog(reading)
            case 0x44:
                info = bytes((_FLAG,)) + pack + _alarms(reading)
            case 0x47:
                info = bytes((_FLAG,)) + _limits(reading)
            case 0x4F:
                info = b""
            case 0x51:
                info = b"VIRTUAL".ljust(10, b"\x00") + b"\x01\x02" + b"cellwarden".ljust(20, b"\x00")
            case 0x92:
                info = pack + _management(reading)
            case 0x93:
                info = pack + b"VIRTUAL000000001"
            case 0x96:
                info = pack + bytes((1, 2, 1, 2, 3))
            case _:
                return ascii_reply(_VERSION, address, b"", _UNKNOWN_COMMAND)
        return ascii_reply(_VERSION, address, info)


def _celsius(value: float) -> bytes:
    return held(rounded(value + 273.1, 0.1), 2)


def _analog(reading: PackReading) -> bytes:
    volts = [held_signed(rounded(float(volt), 0.001), 2) for volt in reading.cell_voltage_volt]
    celsius = [_celsius(reading.mos_temperature_celsius), *(_celsius(float(v)) for v in reading.temperature_celsius)]
    return b"".join(
        (
            bytes((len(volts),)),
            *volts,
            bytes((len(celsius),)),
            *celsius,
            held_signed(rounded(reading.current_ampere, 0.1), 2),
            held(rounded(reading.pack_voltage_volt, 0.001), 2),
            _charge(reading),
        )
    )


def _charge(reading: PackReading) -> bytes:
    """Remaining, number of the fields that follow, total, cycles; large modules add both in 24 bits."""
    remaining, total = rounded(reading.remaining_ah, 0.001), rounded(reading.full_ah, 0.001)
    cycles = held(reading.cycle_count, 2)
    if reading.nominal_ah <= _LARGE_AH:
        return held(remaining, 2) + b"\x02" + held(total, 2) + cycles
    return b"\xff\xff\x04\xff\xff" + cycles + held(remaining, 3) + held(total, 3)


def _alarms(reading: PackReading) -> bytes:
    """All in order; status 2 has the switches."""
    cells, sensors = reading.cell_count, reading.temperature_celsius.size + 1
    switches = reading.charge_closed << 1 | reading.discharge_closed << 2
    status = bytes((0, switches, 0, 0, 0))
    return bytes((cells,)) + bytes(cells) + bytes((sensors,)) + bytes(sensors) + bytes(3) + status


def _limits(reading: PackReading) -> bytes:
    count = reading.cell_count
    return b"".join(
        (
            held(3650, 2),
            held(3000, 2),
            held(2500, 2),
            _celsius(55.0),
            _celsius(0.0),
            held(rounded(reading.charge_current_limit_ampere, 0.1), 2),
            held(rounded(3.6 * count, 0.001), 2),
            held(rounded(3.0 * count, 0.001), 2),
            held(rounded(2.6 * count, 0.001), 2),
            _celsius(60.0),
            _celsius(-20.0),
            held_signed(-rounded(reading.discharge_current_limit_ampere, 0.1), 2),
        )
    )


def _management(reading: PackReading) -> bytes:
    status = reading.charge_closed << 7 | reading.discharge_closed << 6
    return (
        held(rounded(reading.charge_voltage_limit_volt, 0.001), 2)
        + held(rounded(2.6 * reading.cell_count, 0.001), 2)
        + held_signed(rounded(reading.charge_current_limit_ampere, 0.1), 2)
        + held_signed(-rounded(reading.discharge_current_limit_ampere, 0.1), 2)
        + bytes((status,))
    )


DEVICE = VirtualPylontech()
