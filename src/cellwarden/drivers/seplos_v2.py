"""Seplos V2 (EMU10xx, EMU11xx) on RS485, ASCII frames, 19200 8N1 (9600 on early ones): one pack for each address, 0–15.

The request's INFO is the address, as the maker's table has it and as the device checks on RS485. Its reply holds a
"command group" there whose meaning is told in two ways, so only the address in the frame's head is compared.

Sources: Seplos "BMS communication protocol" V2.0; esphome-seplos-bms; dbus-serialbattery `seplos.py`. The binary V2
dialect on Bluetooth is unrelated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from cellwarden.drivers.ascii_frame import (
    AsciiDriver,
    Counted,
    ascii_reply_length,
    ascii_request,
    counted_info,
    kelvin_field,
    warned,
)
from cellwarden.drivers.device import DeviceProfile, Frame, Poll, Request, SerialSettings, TransportKind
from cellwarden.drivers.field_table import Field, named_bits, reading_from_table
from cellwarden.drivers.reading import DeviceReading, merge_readings

__all__ = ["DRIVER", "SeplosV2"]

CELLS = (Field(name="cell_voltage_volt", offset=0, type="u16", scale=0.001, unit="volt", valid=(0.0, 5.0), many=True),)
SENSORS = (
    kelvin_field("temperature_celsius", 0, 2731.0, many=True),
    kelvin_field("ambient_temperature_celsius", 8, 2731.0),
    kelvin_field("mos_temperature_celsius", 10, 2731.0),
)
PACK = (
    Field(name="current_ampere", offset=0, type="s16", scale=0.01, unit="ampere", valid=(-327.0, 327.0)),
    Field(name="pack_voltage_volt", offset=2, type="u16", scale=0.01, unit="volt", valid=(0.0, 200.0)),
    Field(name="remaining_capacity_ah", offset=4, type="u16", scale=0.01, unit="ah", valid=(0.0, 660.0)),
    Field(name="full_capacity_ah", offset=7, type="u16", scale=0.01, unit="ah", valid=(0.0, 660.0)),
    Field(name="bms_soc_fraction", offset=9, type="u16", scale=0.001, unit="fraction", valid=(0.0, 1.0)),
    Field(name="nominal_capacity_ah", offset=11, type="u16", scale=0.01, unit="ah", valid=(0.0, 660.0)),
    Field(name="cycle_count", offset=13, type="u16", unit="cycles", valid=(0.0, 60000.0)),
    Field(name="bms_soh_fraction", offset=15, type="u16", scale=0.001, unit="fraction", valid=(0.0, 1.0)),
)
# one byte each, from the sixth byte behind the sensors' states on
_EVENTS = (
    (
        "voltage sensor fails",
        "temperature sensor fails",
        "current sensor fails",
        "key switch fails",
        "large difference of cell voltages",
        "charge switch fails",
        "discharge switch fails",
        "current limiter fails",
    ),
    (
        "cell voltage high",
        "cell over-voltage",
        "cell voltage low",
        "cell under-voltage",
        "pack voltage high",
        "pack over-voltage",
        "pack voltage low",
        "pack under-voltage",
    ),
    (
        "hot while charging",
        "too hot to charge",
        "cold while charging",
        "too cold to charge",
        "hot while discharging",
        "too hot to discharge",
        "cold while discharging",
        "too cold to discharge",
    ),
    (
        "box hot",
        "box too hot",
        "box cold",
        "box too cold",
        "switches too hot",
        "switches hot",
        "heating",
        "event 4.7",
    ),
    (
        "charge current high",
        "charge over-current",
        "discharge current high",
        "discharge over-current",
        "transient over-current",
        "short circuit",
        "locked after transient over-current",
        "locked after short circuit",
    ),
    (
        "charge voltage too high",
        "waiting to charge again",
        "charge left is low",
        "charge left is too low",
        "cell voltage too low to charge",
        "polarity reversed",
        "output connection fails",
        "event 6.7",
    ),
)
_SETUP_EVENTS = {
    0: "storage fails",
    1: "clock fails",
    2: "voltage is not calibrated",
    3: "current is not calibrated",
    4: "zero is not calibrated",
}
_COMMANDS = {"analog": 0x42, "alarms": 0x44}
_MOST_CELLS, _SENSORS, _AT_CELLS = 16, 6, 4
_ANALOG_REST, _ALARM_REST = range(17, 28), range(17, 24)  # from the state of health, and from "event 8", to the reserve


@dataclass(frozen=True, slots=True)
class SeplosV2(AsciiDriver):
    """Seplos V2 on RS485."""

    name: ClassVar[str] = "seplos_v2"
    title: ClassVar[str] = "Seplos V2 (EMU10xx, EMU11xx), RS485"
    transports: ClassVar[tuple[TransportKind, ...]] = ("serial", "tcp")
    serial: ClassVar[SerialSettings | None] = SerialSettings(baud=19200)
    poll_plan: ClassVar[tuple[Poll, ...]] = (
        Poll(request="analog", period_second=1.0),
        Poll(request="alarms", period_second=2.0),
    )
    capabilities: ClassVar[frozenset[str]] = frozenset(
        {"cell_voltage", "pack_voltage", "current", "temperature", "soc", "balancing", "switches", "alarms"}
    )
    addresses: ClassVar[tuple[int, int]] = (0, 15)

    def requests(self, profile: DeviceProfile) -> tuple[Request, ...]:
        """One command each."""
        cells = profile.cell_count or _MOST_CELLS
        info_bytes = {"analog": 4 + 2 * (cells + _SENSORS) + 27, "alarms": 4 + cells + _SENSORS + 23}
        return tuple(
            Request(
                name=name,
                payload=ascii_request(0x20, profile.address, command, bytes((profile.address,))),
                reply_length=ascii_reply_length(info_bytes[name]),
                echo=(command,),
                gap_second=0.05,
            )
            for name, command in _COMMANDS.items()
        )

    def require_form(self, kind: str, info: bytes, address: int) -> None:  # noqa: ARG002
        """Counts of that kind."""
        _PARTS[kind](info)

    def learn(self, frame: Frame, profile: DeviceProfile) -> DeviceProfile:
        """Numbers of cells and of sensors at cells."""
        if frame.kind != "analog":
            return profile
        return replace(profile, cell_count=len(_analog_parts(frame.payload).cells) // 2, temperature_count=_AT_CELLS)

    def decode(self, frames: Sequence[Frame], profile: DeviceProfile) -> DeviceReading:  # noqa: ARG002
        """Replies, merged."""
        return merge_readings(_DECODERS[frame.kind](_PARTS[frame.kind](frame.payload)) for frame in frames)


def _analog_parts(info: bytes) -> Counted:
    return counted_info(info, 2, range(8, _MOST_CELLS + 1), range(_SENSORS, _SENSORS + 1), _ANALOG_REST)


def _alarm_parts(info: bytes) -> Counted:
    return counted_info(info, 1, range(8, _MOST_CELLS + 1), range(_SENSORS, _SENSORS + 1), _ALARM_REST)


def _analog(parts: Counted) -> DeviceReading:
    return merge_readings(
        (
            reading_from_table(parts.cells, CELLS, {"cell_voltage_volt": len(parts.cells) // 2}),
            reading_from_table(parts.sensors, SENSORS, {"temperature_celsius": _AT_CELLS}),
            reading_from_table(parts.rest, PACK),
        )
    )


def _alarms(parts: Counted) -> DeviceReading:
    current, voltage, _, *events = parts.rest
    switches, balancing, open_wires = events[6], _cell_bits(events[7:9]), _cell_bits(events[10:12])
    words = warned(
        (
            *((f"cell {index}", state) for index, state in enumerate(parts.cells, 1)),
            *((f"temperature {index}", state) for index, state in enumerate(parts.sensors, 1)),
            ("current", current),
            ("pack voltage", voltage),
        )
    )
    told = tuple(word for names, mask in zip(_EVENTS, events[:6], strict=True) for word in _bits_of(mask, names))
    wires = named_bits(open_wires, {cell: f"sense wire of cell {cell + 1} open" for cell in range(_MOST_CELLS)})
    return DeviceReading(
        balancing_fraction=np.array([float(balancing >> cell & 1) for cell in range(len(parts.cells))]),
        charge_switch_fraction=float(switches >> 1 & 1),
        discharge_switch_fraction=float(switches & 1),
        alarms=words + told + wires + named_bits(events[13] & 0x1F, _SETUP_EVENTS),
    )


def _cell_bits(pair: Sequence[int]) -> int:
    return pair[0] | pair[1] << 8


def _bits_of(mask: int, names: Sequence[str]) -> tuple[str, ...]:
    return named_bits(mask, dict(enumerate(names)))


_PARTS = {"analog": _analog_parts, "alarms": _alarm_parts}
_DECODERS = {"analog": _analog, "alarms": _alarms}
DRIVER = SeplosV2()
