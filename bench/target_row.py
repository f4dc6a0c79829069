"""One row of the table of targets: what was asked for, and for each pack what was measured and what a guess scores.

A file in `bench/targets` makes some rows; `python -m bench.target_table` finds the files and prints the table:

    def rows(packs: Sequence[AnalysedPack]) -> Sequence[TargetRow]
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Measured", "TargetRow", "known", "pooled"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """The figure of one pack (or run); None where the program gave no answer, which is a miss.

    `baseline` is what the plain guess named in the row scores on the same pack, None where no guess makes sense.
    """

    pack: str
    value: float | None
    baseline: float | None = None


def known(value: float) -> float | None:
    """The value, None where it is not finite: no answer."""
    return value if math.isfinite(value) else None


def pooled(cases: Sequence[object], value: float, baseline: float | None = None) -> tuple[Measured, ...]:
    """One figure over all cases, nothing measured where there is none."""
    return (Measured(pack=f"{len(cases)} packs", value=float(value), baseline=baseline),) if cases else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetRow:
    """One target.

    Attributes
    ----------
    quantity : what is measured, with the condition, in words
    low, high : the figure must lie between them
    unit : of figure, bounds and baseline
    baseline : the plain guess in words, "" where there is none
    measured : one entry for each pack on which the target can be judged; empty: not judged
    group : heading under which the row stands
    note : what else the reader must know
    """

    group: str
    quantity: str
    unit: str
    measured: tuple[Measured, ...]
    low: float = -math.inf
    high: float = math.inf
    baseline: str = ""
    note: str = ""

    @property
    def target(self) -> str:
        """The bounds in words."""
        if math.isinf(self.low):
            return f"≤ {self.high:g} {self.unit}".strip()
        if math.isinf(self.high):
            return f"≥ {self.low:g} {self.unit}".strip()
        return f"{self.low:g}–{self.high:g} {self.unit}".strip()

    def meets(self, one: Measured) -> bool:
        """Within the bounds and, where the plain guess is so too, with at most half of its error."""
        if one.value is None or not self._within(one.value):
            return False
        guess_meets = one.baseline is not None and self._within(one.baseline)
        return not guess_meets or abs(one.value) <= 0.5 * abs(one.baseline or 0.0)

    def missed(self) -> tuple[Measured, ...]:
        """The packs on which the target is missed."""
        return tuple(one for one in self.measured if not self.meets(one))

    def worst(self) -> Measured | None:
        """The pack that is farthest from meeting the target."""
        return max(self.measured, key=self._distance, default=None)

    def _within(self, value: float) -> bool:
        return self.low <= value <= self.high

    def _distance(self, one: Measured) -> tuple[bool, bool, float]:
        if one.value is None:
            return True, True, 0.0
        return not self.meets(one), False, max(self.low - one.value, one.value - self.high)
