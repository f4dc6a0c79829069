"""One model of a SunSpec map: registers that begin as "not implemented" and are then filled point by point."""

from __future__ import annotations

import math
from collections.abc import Iterable

from cellwarden.simulator.virtual.packing import text_words

__all__ = ["SunspecBlock"]

_NOT_IMPLEMENTED, _NOT_IMPLEMENTED_SIGNED = 0xFFFF, 0x8000


class SunspecBlock:
    """Registers of one model, offsets counted from its identifier.

    Parameters
    ----------
    identifier : of the model
    length : registers after the length itself
    signed : offsets of points of type int16, sunssf and pad, whose "not implemented" is 8000
    """

    def __init__(self, identifier: int, length: int, signed: Iterable[int]):
        self.words = [identifier, length, *([_NOT_IMPLEMENTED] * length)]
        for offset in signed:
            self.words[offset] = _NOT_IMPLEMENTED_SIGNED

    def unsigned(self, offset: int, value: float, scale: int = 0) -> None:
        """A uint16 with its scale factor as a power of ten; NaN stays "not implemented"."""
        if not math.isnan(value):
            self.words[offset] = min(max(round(value / 10.0**scale), 0), _NOT_IMPLEMENTED - 1)

    def signed(self, offset: int, value: float, scale: int = 0) -> None:
        """An int16 with its scale factor; NaN becomes "not implemented"."""
        if not math.isnan(value):
            self.words[offset] = min(max(round(value / 10.0**scale), -0x7FFF), 0x7FFF) & 0xFFFF

    def long(self, offset: int, value: int) -> None:
        """A uint32 or bitfield32, high word first."""
        self.words[offset : offset + 2] = [value >> 16 & 0xFFFF, value & 0xFFFF]

    def scales(self, first_offset: int, *powers: int | None) -> None:
        """Scale factors one after the other; None stays "not implemented"."""
        for offset, power in enumerate(powers, first_offset):
            if power is not None:
                self.words[offset] = power & 0xFFFF

    def text(self, offset: int, text: str, count: int) -> None:
        """A string of `count` registers."""
        self.words[offset : offset + count] = text_words(text, count)
