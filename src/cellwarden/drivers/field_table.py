"""Fields of a frame as data: where they are, how they are coded, what they may be."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from cellwarden.core.sample_block import FloatArray
from cellwarden.drivers.errors import FrameLengthError, ImplausibleError
from cellwarden.drivers.reading import DeviceReading

__all__ = [
    "FULL_SCALE",
    "Field",
    "integer_at",
    "named_bits",
    "raw_at",
    "read_field",
    "reading_from_table",
    "text_at",
]

# code letter and width of struct; u24 is read as its three bytes
_CODES = {"u8": "B", "s8": "b", "u16": "H", "s16": "h", "u32": "I", "s32": "i", "u64": "Q", "f32": "f"}
_WIDTHS = {"u8": 1, "s8": 1, "u16": 2, "s16": 2, "u24": 3, "u32": 4, "s32": 4, "u64": 8, "f32": 4}
# full scale is what a device sends for "I have no value": absent, never a measurement; bytes are too small for a rule
FULL_SCALE: Mapping[str, tuple[int, ...]] = {
    "u16": (0xFFFF,),
    "s16": (0x7FFF, -0x8000),
    "u24": (0xFFFFFF,),
    "u32": (0xFFFFFFFF,),
    "s32": (0x7FFFFFFF, -0x80000000),
    "u64": (0xFFFFFFFFFFFFFFFF,),
}
_CARRY_THE_REST = frozenset({"current_ampere", "pack_voltage_volt"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field: `value = (raw − zero) · scale`.

    Attributes
    ----------
    name : an attribute of `DeviceReading`
    offset : bytes from the start of what `decode` reads
    type : u8, s8, u16, s16, u24, u32, s32, u64, f32, with `le` behind it for little-endian
    unit : unit of the value after scaling
    valid : lowest and highest value that a battery can have; outside it the value is refused (NaN), never clamped
    absent : raw codes that mean "no value", beside the full-scale codes of the type
    many : the field is an array; how long it is the frame or the profile tells
    stride : bytes from one element to the next, the width of the type where 0
    """

    name: str
    offset: int
    type: str
    unit: str
    valid: tuple[float, float]
    scale: float = 1.0
    zero: float = 0.0
    absent: tuple[int, ...] = ()
    many: bool = False
    stride: int = 0

    def __post_init__(self) -> None:
        if self.type.removesuffix("le") not in _WIDTHS:
            raise ValueError(f"field {self.name}: unknown type {self.type}")
        if not self.valid[0] < self.valid[1]:
            raise ValueError(f"field {self.name}: empty range {self.valid}")


def integer_at(payload: bytes, offset: int, type_name: str) -> int:
    """The raw whole number at `offset`.

    Raises
    ------
    FrameLengthError
        The payload ends before it.
    """
    return int(raw_at(payload, offset, type_name))


def raw_at(payload: bytes, offset: int, type_name: str) -> float:
    """The raw number at `offset`.

    Raises
    ------
    FrameLengthError
        The payload ends before it.
    """
    base, little = type_name.removesuffix("le"), type_name.endswith("le")
    piece = payload[offset : offset + _WIDTHS[base]]
    if offset < 0 or len(piece) < _WIDTHS[base]:
        raise FrameLengthError(f"a frame of {len(payload)} bytes has no {type_name} at {offset}")
    if base == "u24":
        return int.from_bytes(piece, "little" if little else "big")
    value: float = struct.unpack(("<" if little else ">") + _CODES[base], piece)[0]
    return value


def text_at(payload: bytes, offset: int, length: int) -> str:
    """Printable ASCII up to the first zero byte; anything else in it becomes '?'."""
    piece = payload[offset : offset + length].split(b"\0")[0]
    return "".join(chr(byte) if 32 <= byte < 127 else "?" for byte in piece).strip()


def named_bits(mask: int, names: Mapping[int, str]) -> tuple[str, ...]:
    """Names of the bits that are set; a set bit without a name is told by its number."""
    return tuple(names.get(bit, f"alarm bit {bit}") for bit in range(mask.bit_length()) if mask >> bit & 1)


def read_field(payload: bytes, field: Field, count: int = 1) -> tuple[FloatArray, tuple[str, ...]]:
    """Values of `count` elements (count,) with NaN where absent or refused, and the refusals in words."""
    base = field.type.removesuffix("le")
    absent = field.absent + FULL_SCALE.get(base, ())
    values = np.full(count, math.nan)
    refused = []
    for index in range(count):
        raw = raw_at(payload, field.offset + index * (field.stride or _WIDTHS[base]), field.type)
        if raw in absent or not math.isfinite(raw):
            continue
        value = (raw - field.zero) * field.scale
        if field.valid[0] <= value <= field.valid[1]:
            values[index] = value
        else:
            place = f" {index + 1}" if field.many else ""
            refused.append(f"{field.name}{place} {value:g} {field.unit}")
    return values, tuple(refused)


def reading_from_table(
    payload: bytes, table: Iterable[Field], counts: Mapping[str, int] | None = None
) -> DeviceReading:
    """A reading with every field of the table; `counts` gives the length of each array by name (0: leave out).

    Raises
    ------
    FrameLengthError
        The payload ends before a field does.
    ImplausibleError
        Current or pack voltage is out of range: then nothing else in the frame can be trusted.
    """
    values: dict[str, float | FloatArray] = {}
    refused: tuple[str, ...] = ()
    for field in table:
        count = (counts or {}).get(field.name, 0) if field.many else 1
        if count == 0:
            continue
        array, words = read_field(payload, field, count)
        values[field.name] = array if field.many else float(array[0])
        if words and field.name in _CARRY_THE_REST:
            raise ImplausibleError(words[0])
        refused += words
    return DeviceReading(**values, refused=refused)  # type: ignore[arg-type]  # names are checked by the contract test
