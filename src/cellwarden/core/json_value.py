"""Values that JSON can hold, and taking out of a document what it cannot."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

__all__ = ["JsonValue", "finite_document"]

JsonValue = str | int | float | bool | None | Sequence["JsonValue"] | Mapping[str, "JsonValue"]


def finite_document(value: JsonValue) -> JsonValue:
    """The same document with None for every NaN and infinity."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: finite_document(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [finite_document(item) for item in value]
    return value
