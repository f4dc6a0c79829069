"""A cell that ages on float, told by a sensor that measures impedance; without it, it waits for an outage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bench.impedance import RISE, aged_on_float, ageing_pack
from bench.kept_outcomes import kept_outcomes
from bench.target_row import Measured, TargetRow

__all__ = ["Told", "rows", "rows_of"]

SEEDS = (401, 402)
HIGH_HOURS = 24.0


@dataclass(frozen=True, slots=True)
class Told:
    """Hours from the onset to the finding with and without the columns, None for never; further cells named."""

    seed: int
    hours: float | None
    hours_without: float | None
    others: tuple[int, ...]


def rows() -> list[TargetRow]:
    """Rows of `bench.impedance`."""
    return rows_of(kept_outcomes("impedance", Told, lambda: [_told(seed) for seed in SEEDS]))


def _told(seed: int) -> Told:
    told, without = (aged_on_float(ageing_pack(), seed, measured=measured) for measured in (True, False))
    return Told(seed, told.hours, without.hours, told.others)


def rows_of(told: Sequence[Told]) -> list[TargetRow]:
    """The target on these packs, beside the same logs without the columns."""
    return [
        TargetRow(
            group="Resistance",
            quantity=f"+{100 * RISE:.0f} % on float, impedance logged: told after",
            unit="h",
            high=HIGH_HOURS,
            baseline="without the columns",
            measured=tuple(
                Measured(pack=f"seed {one.seed}", value=None if one.others else one.hours, baseline=one.hours_without)
                for one in told
            ),
        )
    ]
