"""Values as registers: scaled by their model's factors; what is not known or does not fit is "not implemented"."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from cellwarden.publish.sunspec.layouts import LAYOUTS, REPEATED

__all__ = ["Values", "model_words", "string_words"]

Values = Mapping[str, float | str | None]
_ABSENT = {"u": (0xFFFF,), "s": (0x8000,), "e": (0xFFFF,), "b": (0xFFFF, 0xFFFF), "l": (0xFFFF, 0xFFFF), "f": (0x8000,)}
_RANGE = {
    "u": (0, 0xFFFE),
    "s": (-0x7FFF, 0x7FFF),
    "e": (0, 0xFFFE),
    "b": (0, 0x7FFFFFFF),
    "l": (0, 0xFFFFFFFE),
    "f": (-10, 10),
}
_PAD = 0x8000
_TEXT_WORDS = 16


def model_words(model: int, values: Values, repeated: Sequence[Values] = ()) -> list[int]:
    """A model with its head: number, length, points, and its repeating group once for each of `repeated`.

    Parameters
    ----------
    model : 802 … 805
    values : points by name, scale factors among them; what is missing is "not implemented"
    """
    words = _group(LAYOUTS[model], values, values)
    for group in repeated:
        words += _group(REPEATED[model], group, values)
    return [model, len(words), *words]


def _group(layout: str, values: Values, factors: Values) -> list[int]:
    words: list[int] = []
    for point in layout.split():
        name, kind, *factor = point.split(":")
        value = values.get(name)
        if kind == "p":
            words.append(_PAD)
        elif kind == "t":
            words += string_words(str(value or ""), _TEXT_WORDS)
        else:
            words += _number(kind, value, factors.get(factor[0]) if factor else 0.0)
    return words


def _number(kind: str, value: float | str | None, factor: float | str | None) -> tuple[int, ...]:
    """One number; it is never clamped into its range."""
    if not isinstance(value, int | float) or not isinstance(factor, int | float) or not math.isfinite(value):
        return _ABSENT[kind]
    number = round(value / 10.0**factor)
    low, high = _RANGE[kind]
    if not low <= number <= high:
        return _ABSENT[kind]
    if len(_ABSENT[kind]) == 2:
        return (number >> 16 & 0xFFFF, number & 0xFFFF)
    return (number & 0xFFFF,)


def string_words(text: str, count: int) -> list[int]:
    """Text as registers, filled up with zeros."""
    content = text.encode("utf-8", "replace")[: 2 * count].ljust(2 * count, b"\0")
    return [content[i] << 8 | content[i + 1] for i in range(0, 2 * count, 2)]
