"""How the slow quantities of one cell became known: value and interval, an hour at the finest."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel

from cellwarden.web.errors import ApiError
from cellwarden.web.guard import Asking, guarded
from cellwarden.web.parts import parts_of
from cellwarden.web.role import Role
from cellwarden.web.routes.packs import PackId, record_named
from cellwarden.web.routes.time_span import Span

__all__ = ["ROUTER"]

ROUTER = APIRouter(tags=["history"])
_MOST_DOCUMENTS = 500
Quantity = Literal["soc_fraction", "capacity_ah", "resistance_ohm", "self_discharge_ampere", "voltage_offset_volt"]


class QuantityHistory(BaseModel):
    """One quantity of one cell, and the median of the pack beside it; null where it was not known."""

    unix_time_second: list[float]
    value: list[float | None]
    low: list[float | None]
    high: list[float | None]
    median: list[float | None]


@guarded(ROUTER, "GET", "/api/v1/packs/{pack:path}/cells/{cell}/history", Role.READER)
def history(
    request: Request,
    _asking: Asking,
    pack: PackId,
    cell: Annotated[int, Path(ge=1, le=1000)],
    span: Span,
    quantity: Annotated[Quantity, Query()],
) -> QuantityHistory:
    """One quantity of one cell over a span, at 500 moments at most."""
    with parts_of(request).readers.reader() as reader:
        record = record_named(reader, pack)
        if cell > record.layout.cells_in_series:
            raise ApiError(
                404, "unknown_cell", f"The pack has {record.layout.cells_in_series} cells in series.", where="cell"
            )
        documents = reader.state_history(pack, *span, most=_MOST_DOCUMENTS)
    stem, _, unit = quantity.rpartition("_")
    names = (quantity, f"{stem}_low_{unit}", f"{stem}_high_{unit}")
    rows = [(time, _numbers(document, cell, names), _median(document, quantity)) for time, document in documents]
    return QuantityHistory(
        unix_time_second=[time for time, _, _ in rows],
        value=[numbers[0] for _, numbers, _ in rows],
        low=[numbers[1] for _, numbers, _ in rows],
        high=[numbers[2] for _, numbers, _ in rows],
        median=[median for _, _, median in rows],
    )


def _numbers(document: dict[str, Any], cell: int, names: tuple[str, ...]) -> list[float | None]:
    entry: dict[str, Any] = next((item for item in document["cells"] if item["cell"] == cell), {})
    return [entry.get(name) for name in names]


def _median(document: dict[str, Any], quantity: str) -> float | None:
    values = sorted(item[quantity] for item in document["cells"] if item.get(quantity) is not None)
    return values[len(values) // 2] if values else None
