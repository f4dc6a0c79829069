"""What a detector says, and what becomes of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Evidence", "Finding", "Severity"]


class Severity(StrEnum):
    """How soon to act: `info` worth knowing, `warning` within weeks, `critical` now."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0, 1, 2 in the order of urgency."""
        return _RANK[self]


_RANK = {severity: rank for rank, severity in enumerate(Severity)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What one detector holds of one cell, sensor or pack at one moment.

    `severity` None says that the cause is absent now. `cell` counts from 1; both `cell` and `sensor` None means the
    pack. `first_seen_unix_time_second` is the first moment at which the cause can be seen in the data. `is_another`
    says that it is another event than what was held before; of an absent cause, that what was held is surely another
    finding's.
    Magnitudes are in the unit of the kind (see `docs/nomenclature.md`).
    """

    at_unix_time_second: float
    kind: str
    cell: int | None
    sensor: str | None
    severity: Severity | None
    magnitude: float = 0.0
    magnitude_low: float = 0.0
    magnitude_high: float = 0.0
    unit: str = ""
    confidence: float = 0.0
    first_seen_unix_time_second: float = 0.0
    explanation: str = ""
    advice: str = ""
    is_another: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One entry of `findings.json`, fields as there; magnitudes are 0 where no size is known, which there is null.

    The one at detection is known or not by itself: what was found without a size may be given one later, or lose it.
    """

    kind: str
    cell: int | None
    sensor: str | None
    first_seen_unix_time_second: float
    detected_unix_time_second: float
    cleared_unix_time_second: float | None
    severity: Severity
    magnitude: float
    magnitude_low: float
    magnitude_high: float
    magnitude_at_detection: float
    unit: str
    confidence: float
    explanation: str
    advice: str
    caused_by: int | None = None

    @property
    def has_size(self) -> bool:
        """Whether a size is told."""
        return any((self.magnitude, self.magnitude_low, self.magnitude_high))

    def is_unknown(self, field: str) -> bool:
        """Whether a field is a magnitude that is not known, by its name."""
        if field == "magnitude_at_detection":
            return self.magnitude_at_detection == 0.0
        return field.startswith("magnitude") and not self.has_size
