"""Numbers into bytes as devices do it: rounded to the protocol's step, held at the ends of the type's range."""

from __future__ import annotations

import math
import struct

import numpy as np

from cellwarden.core.sample_block import FloatArray

__all__ = ["held", "held_signed", "present", "put", "put_text", "rounded", "text_words", "word", "word_signed"]

_RANGES = {
    "B": (0, 0xFF),
    "b": (-0x80, 0x7F),
    "H": (0, 0xFFFF),
    "h": (-0x8000, 0x7FFF),
    "I": (0, 0xFFFFFFFF),
    "i": (-0x80000000, 0x7FFFFFFF),
    "Q": (0, 0xFFFFFFFFFFFFFFFF),
}


def rounded(value: float, step: float, missing: int = 0) -> int:
    """The value in whole steps; `missing` where there is none (NaN)."""
    return missing if math.isnan(value) else round(value / step)


def present(values: FloatArray) -> FloatArray:
    """Values that are there; one NaN where there is none, so that mean and extremes of it are none too."""
    there = values[~np.isnan(values)]
    return there if there.size else np.full(1, np.nan)


def put(block: bytearray, offset: int, form: str, number: int) -> None:
    """Write a number in a struct format such as "<H"; it stays within the type's range."""
    low, high = _RANGES[form[-1]]
    struct.pack_into(form, block, offset, min(max(number, low), high))


def put_text(block: bytearray, offset: int, text: str, length: int) -> None:
    """Write text of at most `length` bytes, filled up with zeros."""
    block[offset : offset + length] = text.encode("ascii")[:length].ljust(length, b"\x00")


def held(number: int, width: int) -> bytes:
    """An unsigned number in `width` bytes, highest first, held within what they can tell."""
    return min(max(number, 0), (1 << 8 * width) - 1).to_bytes(width, "big")


def held_signed(number: int, width: int) -> bytes:
    """A signed number in `width` bytes, highest first, held within what they can tell."""
    most = 1 << (8 * width - 1)
    return min(max(number, -most), most - 1).to_bytes(width, "big", signed=True)


def word(number: int) -> int:
    """An unsigned number held within 16 bits."""
    return min(max(number, 0), 0xFFFF)


def word_signed(number: int) -> int:
    """A signed number held within 16 bits, as the word that stands for it."""
    return min(max(number, -0x8000), 0x7FFF) & 0xFFFF


def text_words(text: str, count: int) -> list[int]:
    """Text as 16-bit words, first character in the high byte, filled up with zeros."""
    data = text.encode("ascii")[: 2 * count].ljust(2 * count, b"\x00")
    return [data[index] << 8 | data[index + 1] for index in range(0, len(data), 2)]
