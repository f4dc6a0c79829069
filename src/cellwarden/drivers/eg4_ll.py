"""EG4-LL on RS485, Modbus RTU, 9600 8N1: three blocks of holding registers, each with a length of its own.

Sources: dbus-serialbattery `eg4_ll.py` (RS485); aiobmsble `eg4_bms.py` (Bluetooth, the same registers) with a captured
reply. Where sources differ or are alone:

* unit of the current: 10 mA by the first, 0.1 A by the second, and the captured reply is sensible only with 0.1 A.
  Taken as 0.1 A: a current told too high throttles too early, one told too low hides an overload. A site changes it
  with `current_unit_ampere = 0.01`; compare the Ah that the BMS counts with the integral of the current first.
* unit of the remaining charge: 1 Ah by the first, 0.1 Ah by the second. Taken as 0.1 Ah, the smaller;
  `remaining_unit_ah = 1.0` changes it.
* charge limit: 0.1 A, for 750 in the captured reply can't be 750 A.
* sensors 3 and 4 show 0 where there is none, as the first takes it; −56 means the same in the captured reply.
* zero capacity is no value. Which cell is being balanced is not told: every cell is NaN while one is.
* bits of warning, protection and error are told by number.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from cellwarden.core.errors import ConfigurationError
from cellwarden.drivers.device import DeviceProfile, Frame, Poll, Request, SerialSettings, TransportKind
from cellwarden.drivers.errors import FrameLengthError, FrameTypeError
from cellwarden.drivers.field_table import Field, integer_at, named_bits, reading_from_table, text_at
from cellwarden.drivers.modbus_read import HOLDING_REGISTERS, Framing, ModbusDriver, ModbusRead
from cellwarden.drivers.modbus_rtu import RTU
from cellwarden.drivers.plausibility import require_direction
from cellwarden.drivers.reading import DeviceIdentity, DeviceReading, merge_readings

__all__ = ["DRIVER", "Eg4Ll"]

_NO_SENSOR = -56


def _sensors(offset: int, absent: tuple[int, ...]) -> Field:
    return Field(
        name="temperature_celsius",
        offset=offset,
        type="s8",
        unit="celsius",
        valid=(-39.0, 120.0),
        absent=absent,
        many=True,
    )


STATUS = (
    Field(name="pack_voltage_volt", offset=0, type="u16", scale=0.01, unit="volt", valid=(0.0, 200.0)),
    Field(name="cell_voltage_volt", offset=4, type="u16", scale=0.001, unit="volt", valid=(0.0, 5.0), many=True),
    Field(name="mos_temperature_celsius", offset=36, type="s16", unit="celsius", valid=(-39.0, 120.0)),
    Field(name="charge_current_limit_ampere", offset=44, type="u16", scale=0.1, unit="ampere", valid=(0.0, 1000.0)),
    Field(name="bms_soh_fraction", offset=46, type="u16", scale=0.01, unit="fraction", valid=(0.0, 1.0)),
    Field(name="bms_soc_fraction", offset=48, type="u16", scale=0.01, unit="fraction", valid=(0.0, 1.0)),
    Field(name="cycle_count", offset=58, type="u32", unit="cycles", valid=(0.0, 1e5)),
    Field(name="full_capacity_ah", offset=62, type="u32", scale=1 / 3.6e6, unit="ah", valid=(0.0, 1193.0), absent=(0,)),
)
SENSORS = ((_sensors(66, (_NO_SENSOR,)),), (_sensors(68, (_NO_SENSOR, 0)),))
_BLOCKS = {"hardware": (0x69, 0x17), "status": (0x00, 0x27)}
_MOST_CELLS, _SENSORS, _STATUS_LENGTH, _CELL_COUNT_AT = 16, 4, 2 * 0x27, 72
_EVENTS = {52: "warning", 54: "protection", 56: "error"}


@dataclass(frozen=True, slots=True)
class Eg4Ll(ModbusDriver):
    """EG4-LL on RS485; the two settings are the units in which sources differ."""

    current_unit_ampere: float = 0.1
    remaining_unit_ah: float = 0.1

    name: ClassVar[str] = "eg4_ll"
    title: ClassVar[str] = "EG4-LL, RS485"
    transports: ClassVar[tuple[TransportKind, ...]] = ("serial", "tcp")
    serial: ClassVar[SerialSettings | None] = SerialSettings(baud=9600)
    poll_plan: ClassVar[tuple[Poll, ...]] = (
        Poll(request="hardware", period_second=0.0),
        Poll(request="status", period_second=1.0),
    )
    capabilities: ClassVar[frozenset[str]] = frozenset(
        {"cell_voltage", "pack_voltage", "current", "temperature", "soc", "balancing", "limits", "alarms", "identity"}
    )
    identity_request: ClassVar[str | None] = "hardware"
    addresses: ClassVar[tuple[int, int]] = (1, 64)
    longest_frame: ClassVar[int] = RTU.longest_frame

    def __post_init__(self) -> None:
        if self.current_unit_ampere not in {0.01, 0.1}:
            raise ConfigurationError("current_unit_ampere must be 0.01 or 0.1")
        if self.remaining_unit_ah not in {0.1, 1.0}:
            raise ConfigurationError("remaining_unit_ah must be 0.1 or 1.0")

    @property
    def framing(self) -> Framing:
        """Modbus RTU."""
        return RTU

    def requests(self, profile: DeviceProfile) -> tuple[Request, ...]:
        """One block each."""
        return tuple(
            self.ask(name, ModbusRead(profile.address, HOLDING_REGISTERS, *block), optional=name == "hardware")
            for name, block in _BLOCKS.items()
        )

    def learn(self, frame: Frame, profile: DeviceProfile) -> DeviceProfile:
        """Number of cells, and the identity."""
        if frame.kind == "hardware":
            return replace(profile, identity=_identity(frame.payload))
        cells = integer_at(frame.payload, _CELL_COUNT_AT, "u16")
        if 1 <= cells <= _MOST_CELLS:
            return replace(profile, cell_count=cells, temperature_count=_SENSORS)
        return profile

    def decode(self, frames: Sequence[Frame], profile: DeviceProfile) -> DeviceReading:  # noqa: ARG002
        """Blocks, merged."""
        return merge_readings(
            DeviceReading(identity=_identity(frame.payload))
            if frame.kind == "hardware"
            else self._status(frame.payload)
            for frame in frames
        )

    def _status(self, data: bytes) -> DeviceReading:
        if len(data) != _STATUS_LENGTH:
            raise FrameLengthError(f"{len(data)} bytes are no status")
        cells = integer_at(data, _CELL_COUNT_AT, "u16")
        if not 1 <= cells <= _MOST_CELLS:
            raise FrameTypeError(f"{cells} cells do not fit the protocol")
        units = (
            Field(
                name="current_ampere",
                offset=2,
                type="s16",
                scale=self.current_unit_ampere,
                unit="ampere",
                valid=(-1000.0, 1000.0),
            ),
            Field(
                name="remaining_capacity_ah",
                offset=42,
                type="u16",
                scale=self.remaining_unit_ah,
                unit="ah",
                valid=(0.0, 1193.0),
                absent=(0,),
            ),
        )
        first, more = (reading_from_table(data, table, {"temperature_celsius": 2}) for table in SENSORS)
        reading = merge_readings((reading_from_table(data, STATUS + units, {"cell_voltage_volt": cells}), first, more))
        require_direction(reading.current_ampere, charging=data[51] == 1, discharging=data[51] == 2)
        return replace(
            reading,
            temperature_celsius=np.concatenate([first.temperature_celsius, more.temperature_celsius]),
            balancing_fraction=np.full(cells, math.nan if integer_at(data, 76, "u16") == 1 else 0.0),
            alarms=_alarms(data),
        )


def _identity(data: bytes) -> DeviceIdentity:
    return DeviceIdentity(
        model=text_at(data, 0, 22).strip(),
        hardware=text_at(data, 24, 6).strip(),
        serial_number=text_at(data, 30, 15).strip(),
    )


def _alarms(data: bytes) -> tuple[str, ...]:
    return tuple(
        word
        for offset, kind in _EVENTS.items()
        for word in named_bits(integer_at(data, offset, "u16"), {bit: f"{kind} {bit}" for bit in range(16)})
    )


DRIVER = Eg4Ll()
