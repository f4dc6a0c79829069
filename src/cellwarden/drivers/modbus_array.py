"""A sensor array whose values are in Modbus registers; a map says which (`sensor_map`). RTU or TCP.

Besides the keys that every map has a table takes::

    address = 100         # of the first register, as it is sent (from 0 on, without the 30001 or 40001 of some manuals)
    type = "u16"          # u16, s16, u32, s32 or f32
    stride = 1            # registers from one place to the next; the width of the type where 0
    function = "input"    # "input" or "holding" registers
    word_order = "high"   # which word of a 32-bit value comes first, "high" or "low"

Full-scale codes are absent without being named. Registers that lie near each other are read together. On RTU two blocks
of equal length are told apart by the transport only, which is quiet after a time-out: where it can, give them different
lengths.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal, Self

from cellwarden.core.errors import ConfigurationError
from cellwarden.drivers.device import DeviceProfile, Driver, Frame, Poll, Request, SerialSettings, TransportKind
from cellwarden.drivers.field_table import FULL_SCALE, raw_at
from cellwarden.drivers.modbus_read import HOLDING_REGISTERS, INPUT_REGISTERS, Framing, ModbusDriver, ModbusRead
from cellwarden.drivers.modbus_rtu import RTU
from cellwarden.drivers.modbus_tcp import TCP
from cellwarden.drivers.reading import DeviceReading
from cellwarden.drivers.sensor_map import Point, capabilities_of, mapped_points, reading_of_values

__all__ = ["DRIVER", "ModbusArray"]

_WIDTHS = {"u16": 1, "s16": 1, "u32": 2, "s32": 2, "f32": 2}
_FUNCTIONS = {"input": INPUT_REGISTERS, "holding": HOLDING_REGISTERS}
_OWN: Mapping[str, Any] = {"address": 0, "type": "u16", "stride": 0, "function": "input", "word_order": "high"}
_CHOICES = {"type": tuple(_WIDTHS), "function": tuple(_FUNCTIONS), "word_order": ("high", "low")}
_MOST_REGISTERS, _GAP = 120, 16


@dataclass(frozen=True, slots=True)
class _Block:
    """Registers that are read together."""

    function: int
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class ModbusArray(ModbusDriver):
    """Modbus registers by a map; `period_second` is how often all of them are read."""

    points: tuple[Point, ...] = ()
    framing_name: Literal["rtu", "tcp"] = "rtu"
    period_second: float = 1.0

    name: ClassVar[str] = "modbus_array"
    title: ClassVar[str] = "Sensor array in Modbus registers, by a map"
    transports: ClassVar[tuple[TransportKind, ...]] = ("serial", "tcp")
    file_settings: ClassVar[tuple[str, ...]] = ("points",)
    serial: ClassVar[SerialSettings | None] = SerialSettings(baud=9600)
    addresses: ClassVar[tuple[int, int]] = (1, 247)
    longest_frame: ClassVar[int] = TCP.longest_frame

    def __post_init__(self) -> None:
        if self.framing_name not in {"rtu", "tcp"}:
            raise ConfigurationError("framing_name must be 'rtu' or 'tcp'")
        if type(self.period_second) not in {int, float} or not 0.05 <= self.period_second <= 3600.0:
            raise ConfigurationError("period_second must be from 0.05 to 3600")

    @property
    def capabilities(self) -> frozenset[str]:
        """What the map holds."""
        return capabilities_of(self.points)

    def configured(self, settings: Mapping[str, Any]) -> Self:
        """The driver with a site's map."""
        if "points" in settings:
            points = mapped_points(settings["points"], _OWN, ("address",))
            for number, point in enumerate(points, 1):
                _require_registers(f"points, table {number}", point)
            settings = {**settings, "points": points}
        return Driver.configured(self, settings)

    @property
    def framing(self) -> Framing:
        """Modbus RTU, or TCP."""
        return RTU if self.framing_name == "rtu" else TCP

    def requests(self, profile: DeviceProfile) -> tuple[Request, ...]:
        """One read for each block of registers."""
        return tuple(
            self.ask(_name(block), ModbusRead(profile.address, block.function, block.start, block.stop - block.start))
            for block in _blocks(self.points)
        )

    def polls(self, profile: DeviceProfile) -> tuple[Poll, ...]:  # noqa: ARG002
        """Every block."""
        return tuple(Poll(request=_name(block), period_second=self.period_second) for block in _blocks(self.points))

    def decode(self, frames: Sequence[Frame], profile: DeviceProfile) -> DeviceReading:  # noqa: ARG002
        """Values at the places of the map; NaN at those whose block is not among the frames."""
        data = {frame.kind: frame.payload for frame in frames}
        blocks = [block for block in _blocks(self.points) if _name(block) in data]
        return reading_of_values(
            self.points, [value for block in blocks for value in _values(self.points, block, data[_name(block)])]
        )


def _require_registers(where: str, point: Point) -> None:
    for key, choices in _CHOICES.items():
        if point.own[key] not in choices:
            raise ConfigurationError(f"{where}: {key} must be one of {', '.join(choices)}")
    if point.own["stride"] < 0 or point.own["address"] < 0 or _registers(point)[-1].stop > 0x10000:
        raise ConfigurationError(f"{where}: registers go from 0 to 65535")


def _registers(point: Point) -> list[range]:
    """Registers of each of the point's values."""
    width = _WIDTHS[point.own["type"]]
    first, stride = point.own["address"], point.own["stride"] or width
    return [range(first + stride * index, first + stride * index + width) for index in range(point.count)]


def _blocks(points: Sequence[Point]) -> list[_Block]:
    """Reads that hold all registers: near ones together, none longer than a Modbus answer."""
    wanted = sorted(
        (_FUNCTIONS[point.own["function"]], registers.start, registers.stop)
        for point in points
        for registers in _registers(point)
    )
    blocks: list[_Block] = []
    for function, start, stop in wanted:
        last = blocks[-1] if blocks else None
        near = last and last.function == function and start <= last.stop + _GAP and stop - last.start <= _MOST_REGISTERS
        if last and near:
            blocks[-1] = replace(last, stop=max(last.stop, stop))
        else:
            blocks.append(_Block(function, start, stop))
    return blocks


def _name(block: _Block) -> str:
    kind = "input" if block.function == INPUT_REGISTERS else "holding"
    return f"{kind}_{block.start}"


def _values(points: Sequence[Point], block: _Block, data: bytes) -> Iterator[tuple[Point, int, float]]:
    for point in points:
        if _FUNCTIONS[point.own["function"]] != block.function:
            continue
        for place, registers in zip(point.places, _registers(point), strict=True):
            if block.start <= registers.start and registers.stop <= block.stop:
                yield point, place, _raw(point, data[2 * (registers.start - block.start) :])


def _raw(point: Point, data: bytes) -> float:
    """The raw value at the start of these bytes, NaN where it is full scale."""
    kind = point.own["type"]
    if _WIDTHS[kind] == 2 and point.own["word_order"] == "low":
        data = data[2:4] + data[:2]
    raw = raw_at(data, 0, kind)
    return float("nan") if raw in FULL_SCALE.get(kind, ()) else raw


DRIVER = ModbusArray()
