"""Samples of a span as a file: the pack log that `cellwarden analyze` reads, as CSV or Parquet."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse

from cellwarden.core.errors import InputError
from cellwarden.web.errors import ApiError
from cellwarden.web.guard import Asking, guarded
from cellwarden.web.parts import parts_of
from cellwarden.web.role import Role
from cellwarden.web.routes.packs import PackId, record_named
from cellwarden.web.routes.time_span import Span

__all__ = ["ROUTER"]

ROUTER = APIRouter(tags=["history"])
_TYPES = {"csv": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet"}
_PIECE_BYTE = 1 << 18


@guarded(ROUTER, "GET", "/api/v1/packs/{pack:path}/export", Role.READER, response_class=StreamingResponse)
def export(
    request: Request,
    _asking: Asking,
    pack: PackId,
    span: Span,
    form: Annotated[Literal["csv", "parquet"], Query(alias="format")] = "csv",
) -> StreamingResponse:
    """The samples of a span as a pack log."""
    name = f"{re.sub(r'[^A-Za-z0-9_.-]', '_', pack)[:80]}-{int(span[0])}-{int(span[1])}.{form}"
    folder = tempfile.TemporaryDirectory(prefix="cellwarden-export-")
    path = Path(folder.name) / f"log.{form}"
    try:
        with parts_of(request).readers.reader() as reader:
            record_named(reader, pack)
            reader.export(pack, path, *span)
    except InputError as cause:
        folder.cleanup()
        raise ApiError(404, "no_rows", "There are no samples in this span.") from cause
    except BaseException:
        folder.cleanup()
        raise
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(_pieces(path, folder), media_type=_TYPES[form], headers=headers)


def _pieces(path: Path, folder: tempfile.TemporaryDirectory[str]) -> Iterator[bytes]:
    """The file piece by piece; it is gone afterwards."""
    with folder, path.open("rb") as file:
        while piece := file.read(_PIECE_BYTE):
            yield piece
