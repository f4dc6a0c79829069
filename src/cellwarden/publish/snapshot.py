"""What every publisher takes: one pack as it is now, in core units; what is not known is None or NaN, never old."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cellwarden.core.limits import Decision
from cellwarden.core.sample_block import SampleBlock

__all__ = ["PackSnapshot", "cell_entries", "last_row"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PackSnapshot:
    """One pack at one moment.

    Attributes
    ----------
    pack_id : as in its pack.toml
    description : mapping of pack.toml
    sensors : names of the temperature sensors, in the order of the sample
    sample : one row, the newest; None before the first
    age_second : since that row was measured [s]; None before the first
    document : mapping of cells.json, None before the first
    findings : open findings, entries of findings.json
    decision : latest limits, None before the first
    refused_frames : frames by the reason for which they were refused, over all sources
    """

    pack_id: str
    description: Mapping[str, Any]
    sensors: tuple[str, ...]
    sample: SampleBlock | None
    age_second: float | None
    document: Mapping[str, Any] | None
    findings: Sequence[Mapping[str, Any]] = ()
    decision: Decision | None = None
    refused_frames: Mapping[str, int] = field(default_factory=dict)

    @property
    def cells_in_series(self) -> int:
        """Number of cells."""
        return int(self.description["pack"]["cells_in_series"])

    def is_fresh(self, limit_second: float) -> bool:
        """Whether the newest sample is not older than that."""
        return self.age_second is not None and self.age_second <= limit_second


def last_row(snapshot: PackSnapshot, name: str) -> list[float | None]:
    """A column of the newest sample, cell by cell or sensor by sensor; empty where there is none."""
    if snapshot.sample is None:
        return []
    values = getattr(snapshot.sample, name)
    if values is None:
        return []
    row = values[-1]
    numbers = [float(row)] if getattr(row, "ndim", 0) == 0 else [float(item) for item in row]
    return [item if math.isfinite(item) else None for item in numbers]


def cell_entries(snapshot: PackSnapshot) -> list[Mapping[str, Any]]:
    """The cells of the state document, in string order; empty before the first."""
    return list((snapshot.document or {}).get("cells", ()))
