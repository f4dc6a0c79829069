"""Columns over time for charts: lowest, mean and highest of each bucket, so that no peak is lost by zooming out."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel

from cellwarden.web.errors import ApiError
from cellwarden.web.guard import Asking, guarded
from cellwarden.web.parts import parts_of
from cellwarden.web.role import Role
from cellwarden.web.routes.packs import PackId, record_named
from cellwarden.web.routes.time_span import Span
from cellwarden.web.sample_view import numbers_or_none

__all__ = ["ROUTER"]

ROUTER = APIRouter(tags=["history"])
_COLUMN = re.compile(r"[a-z][a-z0-9_]{0,63}")
_MOST_COLUMNS = 64


class BucketColumn(BaseModel):
    """One column: null where nothing was measured."""

    minimum: list[float | None]
    mean: list[float | None]
    maximum: list[float | None]


class SeriesView(BaseModel):
    """Buckets that hold something, by their starts; columns by the names that were asked for."""

    bucket_second: float
    unix_time_second: list[float]
    columns: dict[str, BucketColumn]


@guarded(ROUTER, "GET", "/api/v1/packs/{pack:path}/series", Role.READER)
def series(
    request: Request,
    _asking: Asking,
    pack: PackId,
    span: Span,
    columns: Annotated[str, Query(max_length=4096, description="Names of the pack log, with commas between.")],
    points: Annotated[int, Query(ge=1, le=5000)] = 1000,
) -> SeriesView:
    """Columns of samples (`cell_voltage_c1_volt`) and of estimates (`cell_soc_c1_fraction`) over a span."""
    names = list(dict.fromkeys(columns.split(",")))
    if len(names) > _MOST_COLUMNS or not all(_COLUMN.fullmatch(name) for name in names):
        raise ApiError(422, "malformed", "columns: up to 64 names of the pack log's columns.", where="columns")
    with parts_of(request).readers.reader() as reader:
        record_named(reader, pack)
        found = reader.series(pack, names, span[0], span[1], points)
    return SeriesView(
        bucket_second=found.bucket_second,
        unix_time_second=found.unix_time_second.tolist(),
        columns={
            name: BucketColumn(
                minimum=numbers_or_none(column.minimum),
                mean=numbers_or_none(column.mean),
                maximum=numbers_or_none(column.maximum),
            )
            for name, column in found.columns.items()
        },
    )
