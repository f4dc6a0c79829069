"""PACE ("paceic") on RS485 or RS232: SOK, Sunsynk, SunGoldPower and others; ASCII frames of version 25, 9600 8N1.

The first four sensors are at cells, then come the switches and the box. There is another PACE dialect with version 20
and a binary one on Bluetooth; both are refused.

Sources: batmon-ha `pace.py`; esphome-pace-bms by nkinnan (`pace_bms_protocol_v25.h`) with captured replies. Where
sources differ or are alone:

* sign of the current: written as positive while charging in one source, called unknown in another. Taken as charging; a
  site changes it with `raw_current_rises_when = "discharging"`. The device's own word for what it does, in reply 44,
  must agree above 1 A, otherwise the reading is refused, so that a wrong sign can't pass.
* zero of the temperatures: 2730 (2731 in the other dialects), 0.1 K apart.
* order of the balance bits: lowest bit of the second byte is cell 1, by one source.
* bit 7 of the second protection byte means "full" and is no alarm.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np

from cellwarden.core.errors import ConfigurationError
from cellwarden.drivers.ascii_frame import (
    AsciiDriver,
    Counted,
    ascii_reply_length,
    ascii_request,
    counted_info,
    kelvin_field,
    of_pack,
    warned,
)
from cellwarden.drivers.device import DeviceProfile, Frame, Poll, Request, SerialSettings, TransportKind
from cellwarden.drivers.errors import FrameTypeError
from cellwarden.drivers.field_table import Field, named_bits, reading_from_table, text_at
from cellwarden.drivers.plausibility import require_direction
from cellwarden.drivers.reading import DeviceIdentity, DeviceReading, merge_readings

__all__ = ["DRIVER", "Pace"]

CELLS = (Field(name="cell_voltage_volt", offset=0, type="u16", scale=0.001, unit="volt", valid=(0.0, 5.0), many=True),)
SENSORS = (kelvin_field("temperature_celsius", 0, 2730.0, many=True),)
MORE_SENSORS = (
    kelvin_field("mos_temperature_celsius", 8, 2730.0),
    kelvin_field("ambient_temperature_celsius", 10, 2730.0),
)
PACK = (
    Field(name="current_ampere", offset=0, type="s16", scale=0.01, unit="ampere", valid=(-327.0, 327.0)),
    Field(name="pack_voltage_volt", offset=2, type="u16", scale=0.001, unit="volt", valid=(0.0, 65.534)),
    Field(name="remaining_capacity_ah", offset=4, type="u16", scale=0.01, unit="ah", valid=(0.0, 660.0)),
    Field(name="full_capacity_ah", offset=7, type="u16", scale=0.01, unit="ah", valid=(0.0, 660.0)),
    Field(name="cycle_count", offset=9, type="u16", unit="cycles", valid=(0.0, 60000.0)),
    Field(name="nominal_capacity_ah", offset=11, type="u16", scale=0.01, unit="ah", valid=(0.0, 660.0)),
)
_PROTECTIONS = {
    0: "cell over-voltage",
    1: "cell under-voltage",
    2: "pack over-voltage",
    3: "pack under-voltage",
    4: "charge over-current",
    5: "discharge over-current",
    6: "short circuit",
    8: "too hot to charge",
    9: "too hot to discharge",
    10: "too cold to charge",
    11: "too cold to discharge",
    12: "switches too hot",
    13: "box too hot",
    14: "box too cold",
}
_FULL = 1 << 15
_FAULTS = {
    0: "charge switch fails",
    1: "discharge switch fails",
    2: "temperature sensor fails",
    4: "cell fails",
    5: "measuring chip fails",
}
_COMMANDS = {"serial": 0xC2, "analog": 0x42, "alarms": 0x44}
_MOST_CELLS, _MOST_SENSORS, _AT_CELLS, _SERIAL_BYTES = 16, 8, 4, 40
_ANALOG_REST, _ALARM_REST = range(13, 14), range(12, 13)


@dataclass(frozen=True, slots=True)
class Pace(AsciiDriver):
    """PACE over serial line; `raw_current_rises_when` says which way the current counts."""

    raw_current_rises_when: Literal["charging", "discharging"] = "charging"

    name: ClassVar[str] = "pace"
    title: ClassVar[str] = "PACE (SOK, Sunsynk, SunGoldPower), RS485 or RS232"
    transports: ClassVar[tuple[TransportKind, ...]] = ("serial", "tcp")
    serial: ClassVar[SerialSettings | None] = SerialSettings(baud=9600)
    poll_plan: ClassVar[tuple[Poll, ...]] = (
        Poll(request="serial", period_second=0.0),
        Poll(request="analog", period_second=1.0),
        Poll(request="alarms", period_second=2.0),
    )
    capabilities: ClassVar[frozenset[str]] = frozenset(
        {"cell_voltage", "pack_voltage", "current", "temperature", "balancing", "switches", "alarms", "identity"}
    )
    identity_request: ClassVar[str | None] = "serial"
    addresses: ClassVar[tuple[int, int]] = (1, 15)

    def __post_init__(self) -> None:
        if self.raw_current_rises_when not in {"charging", "discharging"}:
            raise ConfigurationError("raw_current_rises_when must be 'charging' or 'discharging'")

    def requests(self, profile: DeviceProfile) -> tuple[Request, ...]:
        """One command each."""
        cells = profile.cell_count or _MOST_CELLS
        info_bytes = {
            "serial": _SERIAL_BYTES,
            "analog": 4 + 2 * (cells + _MOST_SENSORS) + 13,
            "alarms": 4 + cells + _MOST_SENSORS + 12,
        }
        return tuple(
            Request(
                name=name,
                payload=ascii_request(
                    0x25, profile.address, command, b"" if name == "serial" else bytes((profile.address,))
                ),
                reply_length=ascii_reply_length(info_bytes[name]),
                echo=(command,),
                gap_second=0.05,
                optional=name == "serial",
            )
            for name, command in _COMMANDS.items()
        )

    def require_form(self, kind: str, info: bytes, address: int) -> None:
        """Counts or length of that kind, and the pack's number."""
        if kind == "serial":
            if len(info) not in {20, _SERIAL_BYTES}:
                raise FrameTypeError(f"{len(info)} bytes are no serial number")
            return
        of_pack((_analog_parts(info) if kind == "analog" else _alarm_parts(info)).pack, address)

    def learn(self, frame: Frame, profile: DeviceProfile) -> DeviceProfile:
        """Numbers of cells and of sensors at cells, and the serial number."""
        if frame.kind == "serial":
            return replace(profile, identity=_identity(frame.payload))
        if frame.kind == "analog":
            parts = _analog_parts(frame.payload)
            return replace(profile, cell_count=len(parts.cells) // 2, temperature_count=_at_cells(parts))
        return profile

    def decode(self, frames: Sequence[Frame], profile: DeviceProfile) -> DeviceReading:  # noqa: ARG002
        """Replies, merged."""
        reading = merge_readings(_DECODERS[frame.kind](frame.payload) for frame in frames)
        if reading.current_ampere is not None and self.raw_current_rises_when == "discharging":
            reading = replace(reading, current_ampere=0.0 - reading.current_ampere)
        for frame in frames:
            if frame.kind == "alarms":
                system = _alarm_parts(frame.payload).rest[5]
                require_direction(
                    reading.current_ampere, charging=bool(system >> 5 & 1), discharging=bool(system >> 3 & 1)
                )
        return reading


def _analog_parts(info: bytes) -> Counted:
    return counted_info(info, 2, range(1, _MOST_CELLS + 1), range(_MOST_SENSORS + 1), _ANALOG_REST)


def _alarm_parts(info: bytes) -> Counted:
    return counted_info(info, 1, range(1, _MOST_CELLS + 1), range(_MOST_SENSORS + 1), _ALARM_REST)


def _at_cells(parts: Counted) -> int:
    return min(_AT_CELLS, len(parts.sensors) // 2)


def _identity(info: bytes) -> DeviceIdentity:
    return DeviceIdentity(serial_number=text_at(info, 0, len(info)).strip())


def _serial(info: bytes) -> DeviceReading:
    return DeviceReading(identity=_identity(info))


def _analog(info: bytes) -> DeviceReading:
    parts = _analog_parts(info)
    more = max(0, len(parts.sensors) // 2 - _AT_CELLS)
    return merge_readings(
        (
            reading_from_table(parts.cells, CELLS, {"cell_voltage_volt": len(parts.cells) // 2}),
            reading_from_table(parts.sensors, SENSORS, {"temperature_celsius": _at_cells(parts)}),
            reading_from_table(parts.sensors, MORE_SENSORS[:more]),
            reading_from_table(parts.rest, PACK),
        )
    )


def _alarms(info: bytes) -> DeviceReading:
    parts = _alarm_parts(info)
    charge, voltage, discharge, protect, protect_more, system, _, fault, high, low, _, _ = parts.rest
    balancing = high << 8 | low
    words = warned(
        (
            *((f"cell {index}", state) for index, state in enumerate(parts.cells, 1)),
            *((f"temperature {index}", state) for index, state in enumerate(parts.sensors, 1)),
            ("charge current", charge),
            ("pack voltage", voltage),
            ("discharge current", discharge),
        )
    )
    return DeviceReading(
        balancing_fraction=np.array([float(balancing >> cell & 1) for cell in range(len(parts.cells))]),
        charge_switch_fraction=float(system >> 1 & 1),
        discharge_switch_fraction=float(system >> 2 & 1),
        alarms=words + named_bits((protect | protect_more << 8) & ~_FULL, _PROTECTIONS) + named_bits(fault, _FAULTS),
    )


_DECODERS = {"serial": _serial, "analog": _analog, "alarms": _alarms}
DRIVER = Pace()
