"""Whether the pack carries its load: numbers of `cells.json` beside what is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel

from cellwarden.core.capacity_told import is_capacity_assumed

__all__ = ["ReadinessView", "readiness_view"]


class ReadinessView(BaseModel):
    """Runtime at the stated load with its 95 % interval [h].

    `answer`: `yes` where even the lower bound reaches what is asked for, `no` where even the upper one does not,
    `unsure` between, `open` where nothing is asked for, `unknown` where the log does not tell.
    `is_capacity_assumed`: fewer than half of the cells had their capacity measured, the others count as they are named.
    """

    answer: Literal["yes", "no", "unsure", "open", "unknown"]
    load_watt: float | None = None
    needed_hour: float | None = None
    runtime_hour: float | None = None
    runtime_low_hour: float | None = None
    runtime_high_hour: float | None = None
    limiting_cell: int | None = None
    reason: str = ""
    is_capacity_assumed: bool = False


def readiness_view(document: Mapping[str, Any] | None, description: Mapping[str, Any]) -> ReadinessView:
    """Readiness out of a state document.

    Parameters
    ----------
    document : mapping of `cells.json`, None before the first
    description : mapping of `pack.toml`
    """
    backup = description.get("backup")
    ready = (document or {}).get("readiness")
    if backup is None:
        return ReadinessView(answer="open")
    needed = float(backup.get("duration_hour", 2.0))
    if ready is None or ready.get("runtime_low_hour") is None:
        return ReadinessView(answer="unknown", load_watt=backup.get("load_watt"), needed_hour=needed)
    low, high = float(ready["runtime_low_hour"]), float(ready["runtime_high_hour"])
    answer: Literal["yes", "no", "unsure"] = "yes" if low >= needed else "no" if high < needed else "unsure"
    cells = (document or {}).get("cells", ())
    measured = sum(cell.get("capacity_informed_unix_time_second") is not None for cell in cells)
    assumed = is_capacity_assumed(measured, len(cells))
    return ReadinessView(answer=answer, needed_hour=needed, is_capacity_assumed=assumed, **ready)
