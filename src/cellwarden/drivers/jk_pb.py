"""JK (Jikong) PB models on RS485, 115200 8N1: a Modbus FC10 trigger answered by a 300-byte block and the trigger's ACK.

The block holds no address, so it is taken only with the ACK of the device that was asked. Which offsets it has depends
on the software, and the wrong ones give plausible wrong values: the about block comes first and chooses, and without it
no status is decoded. Software below 11 is JK02_24S, from 11 on JK02_32S, from 14 on the PB form of it with two more
sensors. The float dialect JK04 (hardware 3) is refused.

Sources: dbus-serialbattery `JKBMS-PB.md`; esphome-jk-bms `protocol-design-ble.md`; captured frames of software 7, 8,
10, 11, 14, 15 and 19. Where sources differ:

* T3 and T4: at 256 and 258, or the other way round. Taken as 256, 258; both are sensors at cells, so only names change.
* 254 is the switches' temperature again, or a fifth sensor. In captured frames of software 14 and 15 it repeats 144:
  not read.
* below 0 °C: plain signed tenths, or 100 − x above 99.0. Taken as signed; −200.0 is "no sensor". No frame shows it.
* alarm bit 4: cell over-voltage, or "full". Told as both.
* resistances at 80 (64) are of sense lead and connector, and their scale differs by model: read their change, not
  their value.
* a device with all address switches off is itself a master on the bus; its unasked frames are counted and dropped.

Keep no second master on the bus.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from cellwarden.core.sample_block import FloatArray
from cellwarden.drivers.checksum import crc16_modbus, sum8
from cellwarden.drivers.device import DeviceProfile, Driver, Frame, Poll, Request, SerialSettings, TransportKind
from cellwarden.drivers.errors import (
    FrameAddressError,
    FrameChecksumError,
    FrameLengthError,
    FrameTypeError,
    ImplausibleError,
)
from cellwarden.drivers.field_table import Field, integer_at, named_bits, reading_from_table, text_at
from cellwarden.drivers.reading import DeviceIdentity, DeviceReading, merge_readings

__all__ = ["DRIVER", "JkPb"]

_NO_SENSOR = (-2000,)


def _celsius(name: str, offset: int, *, many: bool = False, stride: int = 0) -> Field:
    return Field(
        name=name,
        offset=offset,
        type="s16le",
        scale=0.1,
        unit="celsius",
        valid=(-39.0, 120.0),
        absent=_NO_SENSOR,
        many=many,
        stride=stride,
    )


def _status(lead: int, shift: int, temperature: int, mos: int) -> tuple[Field, ...]:
    """Fields from the cells on; `shift` is how far 24S stands before 32S from the pack voltage on."""
    return (
        Field(name="cell_voltage_volt", offset=6, type="u16le", scale=0.001, unit="volt", valid=(0.0, 5.0), many=True),
        Field(
            name="sense_lead_resistance_ohm",
            offset=lead,
            type="u16le",
            scale=0.001,
            unit="ohm",
            valid=(0.0, 20.0),
            many=True,
        ),
        _celsius("mos_temperature_celsius", mos),
        Field(name="pack_voltage_volt", offset=150 - shift, type="u32le", scale=0.001, unit="volt", valid=(0.0, 200.0)),
        Field(
            name="current_ampere", offset=158 - shift, type="s32le", scale=0.001, unit="ampere", valid=(-1000.0, 1000.0)
        ),
        _celsius("temperature_celsius", temperature, many=True),
        Field(
            name="balancer_current_ampere",
            offset=170 - shift,
            type="s16le",
            scale=0.001,
            unit="ampere",
            valid=(-20.0, 20.0),
        ),
        Field(name="bms_soc_fraction", offset=173 - shift, type="u8", scale=0.01, unit="fraction", valid=(0.0, 1.0)),
        Field(name="remaining_capacity_ah", offset=174 - shift, type="u32le", scale=0.001, unit="ah", valid=(0.0, 1e4)),
        Field(name="full_capacity_ah", offset=178 - shift, type="u32le", scale=0.001, unit="ah", valid=(0.0, 1e4)),
        Field(name="cycle_count", offset=182 - shift, type="u32le", unit="cycles", valid=(0.0, 1e5)),
        Field(name="bms_soh_fraction", offset=190 - shift, type="u8", scale=0.01, unit="fraction", valid=(0.0, 1.0)),
        Field(name="bms_uptime_second", offset=194 - shift, type="u32le", unit="second", valid=(0.0, 4e9)),
        Field(name="charge_switch_fraction", offset=198 - shift, type="u8", unit="fraction", valid=(0.0, 1.0)),
        Field(name="discharge_switch_fraction", offset=199 - shift, type="u8", unit="fraction", valid=(0.0, 1.0)),
    )


STATUS_32S = _status(lead=80, shift=0, temperature=162, mos=144)
STATUS_24S = _status(lead=64, shift=32, temperature=130, mos=134)
MORE_SENSORS = _celsius("temperature_celsius", 256, many=True)
SETTINGS = (
    Field(name="charge_current_limit_ampere", offset=50, type="u32le", scale=0.001, unit="ampere", valid=(0.0, 1000.0)),
    Field(
        name="discharge_current_limit_ampere", offset=62, type="u32le", scale=0.001, unit="ampere", valid=(0.0, 1000.0)
    ),
    Field(name="nominal_capacity_ah", offset=130, type="u32le", scale=0.001, unit="ah", valid=(0.0, 1e4)),
)
_ALARMS = {
    0: "sense lead resistance",
    1: "switches too hot",
    2: "wrong cell count",
    3: "current sensor fails",
    4: "cell over-voltage or full",
    5: "pack over-voltage",
    6: "charge over-current",
    7: "short circuit while charging",
    8: "too hot to charge",
    9: "too cold to charge",
    10: "coprocessor fails",
    11: "cell under-voltage",
    12: "pack under-voltage",
    13: "discharge over-current",
    14: "short circuit",
    15: "too hot to discharge",
    16: "charge switch fails",
    17: "discharge switch fails",
    21: "battery too hot",
    22: "temperature sensor fails",
}
_REGISTERS = {"settings": 0x161E, "status": 0x1620, "about": 0x161C}
_TYPES = {1: "settings", 2: "status", 3: "about"}
_BLOCK = 300
_FRAME = _BLOCK + 1 + 8  # a zero byte and the ACK; another zero byte follows and is stepped over


@dataclass(frozen=True, slots=True)
class JkPb(Driver):
    """JK PB on RS485."""

    name: ClassVar[str] = "jk_pb"
    title: ClassVar[str] = "JK (Jikong) PB models, RS485"
    transports: ClassVar[tuple[TransportKind, ...]] = ("serial", "tcp")
    serial: ClassVar[SerialSettings | None] = SerialSettings(baud=115200)
    poll_plan: ClassVar[tuple[Poll, ...]] = (
        Poll(request="about", period_second=0.0),
        Poll(request="settings", period_second=600.0),
        Poll(request="status", period_second=1.0),
    )
    capabilities: ClassVar[frozenset[str]] = frozenset(
        {
            "cell_voltage",
            "pack_voltage",
            "current",
            "temperature",
            "soc",
            "switches",
            "limits",
            "alarms",
            "identity",
            "sense_lead_resistance",
        }
    )
    identity_request: ClassVar[str | None] = "about"
    addresses: ClassVar[tuple[int, int]] = (1, 15)
    head: ClassVar[bytes] = b"\x55\xaa\xeb\x90"
    padding: ClassVar[bytes] = b"\x00"
    longest_frame: ClassVar[int] = _FRAME + 1

    def requests(self, profile: DeviceProfile) -> tuple[Request, ...]:
        """Triggers of the three blocks."""
        return tuple(
            Request(
                name=name,
                payload=_trigger(profile.address, register),
                reply_length=_FRAME + 1,
                echo=(register,),
                gap_second=0.1,
            )
            for name, register in _REGISTERS.items()
        )

    def length(self, buffer: bytes, request: Request | None) -> int | None:  # noqa: ARG002
        """Block, zero byte and ACK."""
        return _FRAME if len(buffer) >= len(self.head) else None

    def open(self, raw: bytes, request: Request | None, profile: DeviceProfile) -> Frame:
        """The block, if ACK, address and kind are those of the trigger."""
        block, ack = raw[:_BLOCK], raw[_BLOCK + 1 :]
        if len(raw) != _FRAME or raw[_BLOCK] != 0:
            raise FrameLengthError("the block is not followed by its ACK")
        if sum8(block[:-1]) != block[-1] or crc16_modbus(ack[:-2]) != ack[-2:]:
            raise FrameChecksumError("sum of the block or CRC of the ACK differs")
        if ack[0] != profile.address:
            raise FrameAddressError(f"device {ack[0]} answers instead of {profile.address}")
        kind = _TYPES.get(block[4], "")
        register = int.from_bytes(ack[2:4], "big")
        if ack[1] != 0x10 or _REGISTERS.get(kind) != register:
            raise FrameTypeError(f"block {block[4]} came with the ACK of {register:04x}")
        if request is not None and request.echo != (register,):
            raise FrameTypeError(f"block '{kind}' was not asked")
        return Frame(kind=kind, payload=block)

    def learn(self, frame: Frame, profile: DeviceProfile) -> DeviceProfile:
        """Variant and identity from the about block, number of cells from the status."""
        if frame.kind == "about":
            return replace(profile, variant=_variant(frame.payload), identity=_identity(frame.payload))
        if frame.kind == "status" and profile.variant in _MASKS:
            return replace(profile, cell_count=_cell_mask(frame.payload, profile.variant).bit_length())
        return profile

    def decode(self, frames: Sequence[Frame], profile: DeviceProfile) -> DeviceReading:
        """Blocks, merged."""
        return merge_readings(_decode_block(frame, profile) for frame in frames)


def _trigger(address: int, register: int) -> bytes:
    body = bytes((address, 0x10)) + register.to_bytes(2, "big") + b"\x00\x01\x02\x00\x00"
    return body + crc16_modbus(body)


def _identity(block: bytes) -> DeviceIdentity:
    return DeviceIdentity(
        model=text_at(block, 6, 16),
        hardware=text_at(block, 22, 8),
        firmware=text_at(block, 30, 8),
        serial_number=text_at(block, 86, 11),
    )


def _variant(about: bytes) -> str:
    major = text_at(about, 30, 8).split(".")[0]
    hardware = text_at(about, 22, 8)
    if not major.isdigit() or hardware.startswith("3"):
        return "unknown"
    if int(major) < 11:
        return "jk02_24s"
    return "jk02_32s" if int(major) < 14 else "jk02_pb"


_MASKS = {"jk02_24s": (54, 24), "jk02_32s": (70, 32), "jk02_pb": (70, 32)}


def _cell_mask(block: bytes, variant: str) -> int:
    offset, most = _MASKS[variant]
    return integer_at(block, offset, "u32le") & ((1 << most) - 1)


def _decode_block(frame: Frame, profile: DeviceProfile) -> DeviceReading:
    if len(frame.payload) != _BLOCK:
        raise FrameLengthError(f"a block has {_BLOCK} bytes, not {len(frame.payload)}")
    if frame.kind == "about":
        return DeviceReading(identity=_identity(frame.payload))
    if profile.variant not in _MASKS:
        raise FrameTypeError(
            f"offsets of variant '{profile.variant}' are not known"
            if profile.variant
            else "the variant is not known before the about block has come"
        )
    if frame.kind == "settings":
        return reading_from_table(frame.payload, SETTINGS)
    return _decode_status(frame.payload, profile.variant)


def _decode_status(block: bytes, variant: str) -> DeviceReading:
    mask = _cell_mask(block, variant)
    cells = mask.bit_length()
    if not cells:
        raise ImplausibleError("the block says that no cell is connected")
    narrow = variant == "jk02_24s"
    table = STATUS_24S if narrow else STATUS_32S
    counts = {"cell_voltage_volt": cells, "sense_lead_resistance_ohm": cells, "temperature_celsius": 2}
    reading = reading_from_table(block, table, counts)
    present = np.array([bool(mask >> cell & 1) for cell in range(cells)])
    alarms = integer_at(block, 136, "u16le") if narrow else integer_at(block, 166, "u32le")
    reading = replace(
        reading,
        cell_voltage_volt=_only(reading.cell_voltage_volt, present),
        sense_lead_resistance_ohm=_only(reading.sense_lead_resistance_ohm, present),
        alarms=named_bits(alarms, _ALARMS),
    )
    return _with_sensors(reading, block, variant)


def _only(values: FloatArray | None, present: FloatArray) -> FloatArray | None:
    return None if values is None else np.where(present, values, np.nan)


def _with_sensors(reading: DeviceReading, block: bytes, variant: str) -> DeviceReading:
    """Temperatures with T3 and T4 where the variant has them; a sensor that the mask does not name is NaN."""
    mask = integer_at(block, 182 if variant == "jk02_24s" else 214, "u8")
    more = DeviceReading()
    if variant == "jk02_pb":
        more = reading_from_table(block, (MORE_SENSORS,), {"temperature_celsius": 2})
    sensors = _joined(reading.temperature_celsius, more.temperature_celsius)
    fitted = np.array([bool(mask >> (1 + sensor) & 1) for sensor in range(sensors.size)])
    return replace(
        reading, temperature_celsius=np.where(fitted, sensors, np.nan), refused=reading.refused + more.refused
    )


def _joined(first: FloatArray | None, second: FloatArray | None) -> FloatArray:
    return np.concatenate([part for part in (first, second) if part is not None])


DRIVER = JkPb()
