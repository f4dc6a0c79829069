"""A span of time in a query: from ≤ time < until, in seconds since 1970."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query

from cellwarden.web.errors import ApiError

__all__ = ["Span"]

_Second = Annotated[float, Query(ge=0.0, le=4_102_444_800.0, allow_inf_nan=False, description="Seconds since 1970.")]


def _span(from_unix_time_second: _Second, until_unix_time_second: _Second) -> tuple[float, float]:
    if until_unix_time_second <= from_unix_time_second:
        raise ApiError(422, "malformed", "The span ends before it begins.", where="until_unix_time_second")
    return from_unix_time_second, until_unix_time_second


Span = Annotated[tuple[float, float], Depends(_span)]
