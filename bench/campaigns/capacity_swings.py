"""Capacity from two swings across the curve's step, without a deep discharge."""

from __future__ import annotations

from collections.abc import Sequence

from bench.capacity_swings import Swung, swung
from bench.kept_outcomes import kept_outcomes
from bench.target_row import Measured, TargetRow, pooled

__all__ = ["rows", "rows_of"]

GROUP = "Capacity"


def rows() -> list[TargetRow]:
    """Rows of `bench.capacity_swings`."""
    return rows_of(kept_outcomes("swings", Swung, swung))


def rows_of(outcomes: Sequence[Swung]) -> list[TargetRow]:
    """The targets on these packs."""
    cells = sum(one.cells for one in outcomes)
    share = 100.0 * sum(one.inside for one in outcomes) / max(cells, 1)
    return [
        TargetRow(
            group=GROUP,
            quantity="largest error against the median, two swings across the step and none deeper",
            unit="%",
            high=2.5,
            baseline="all cells alike",
            measured=tuple(
                Measured(pack=one.pack, value=100.0 * one.error, baseline=100.0 * one.error_alike) for one in outcomes
            ),
        ),
        TargetRow(
            group=GROUP,
            quantity="truth inside the 95 % interval there",
            unit="%",
            low=90.0,
            measured=pooled(outcomes, share),
        ),
    ]
