"""Leaks on packs of their own: on float and on cycled packs, beside the plain threshold that a BMS has."""

from __future__ import annotations

import math
from collections.abc import Sequence

from bench.leak_cases import RUNGS, Rung
from bench.leak_ladder import Outcome, kept_rung
from bench.target_row import Measured, TargetRow, known, pooled

__all__ = ["FULL_CHARGES", "climbed", "cycled_rows", "float_rows", "leak_name", "rows", "unlogged_rows"]

GROUP = "Self-discharge, ladder of leaks"
FULL_CHARGES = 2
ASKED = tuple(rung for rung in RUNGS if math.isfinite(rung.target_hours))
UNLOGGED = (0.033, 0.011)
THRESHOLD = "a cell 10 mV below the mean"

Climbed = Sequence[tuple[Rung, Sequence[Outcome]]]


def rows() -> list[TargetRow]:
    """Rows of `bench.leak_ladder`."""
    return [
        *float_rows(climbed("float")),
        *cycled_rows(climbed("cycle")),
        *unlogged_rows(climbed("unlogged")),
    ]


def climbed(duty: str) -> list[tuple[Rung, list[Outcome]]]:
    """The rungs that have a target for that duty, with what became of their leaks."""
    asked = [rung for rung in ASKED if duty != "unlogged" or rung.ampere in UNLOGGED]
    return [(rung, kept_rung(duty, rung)) for rung in asked]


def float_rows(climbed: Climbed) -> list[TargetRow]:
    """Hours to the warning by rung, and the magnitude that it names."""
    told = [
        TargetRow(
            group=GROUP,
            quantity=f"{1e3 * rung.ampere:g} mA at 100 Ah, on float: told after",
            unit="h",
            high=rung.target_hours,
            baseline=THRESHOLD,
            measured=tuple(
                Measured(pack=one.pack, value=known(one.warning_hours), baseline=known(one.threshold_hours[0]))
                for one in outcomes
            ),
        )
        for rung, outcomes in climbed
    ]
    found = [one for _, outcomes in climbed for one in outcomes if math.isfinite(one.ratio)]
    below = [one for one in found if one.ampere <= one.bleed_ampere]
    held = [one.low_ratio <= 1.0 <= one.high_ratio for one in found]
    return [
        *told,
        _magnitude("magnitude told, leak below the bleed current", 20.0, below),
        _magnitude("magnitude told, leak above the bleed current", 50.0, [one for one in found if one not in below]),
        _share("magnitude told: truth inside the interval", 90.0, held),
    ]


def cycled_rows(climbed: Climbed) -> list[TargetRow]:
    """Full charges to the warning by rung."""
    return [
        TargetRow(
            group=GROUP,
            quantity=f"{1e3 * rung.ampere:g} mA at 100 Ah, cycled each day: told after full charges",
            unit="",
            high=float(FULL_CHARGES),
            measured=tuple(Measured(pack=one.pack, value=known(one.fulls)) for one in outcomes),
        )
        for rung, outcomes in climbed
    ]


def unlogged_rows(climbed: Climbed) -> list[TargetRow]:
    """Whether the leak is told of, be it as worth knowing, where the balancer is not in the log."""
    return [
        _share(
            f"{1e3 * rung.ampere:g} mA at 100 Ah, on float without the balancing log: told or hinted at",
            100.0,
            [math.isfinite(one.info_hours) or math.isfinite(one.warning_hours) for one in outcomes],
        )
        for rung, outcomes in climbed
    ]


def leak_name(outcome: Outcome) -> str:
    """The pack and its leak."""
    return f"{outcome.pack} {1e3 * outcome.ampere:.3g} mA"


def _magnitude(quantity: str, high: float, found: Sequence[Outcome]) -> TargetRow:
    return TargetRow(
        group=GROUP,
        quantity=quantity,
        unit="%",
        high=high,
        baseline="no leak",
        measured=tuple(
            Measured(pack=leak_name(one), value=100.0 * abs(one.ratio - 1.0), baseline=100.0) for one in found
        ),
    )


def _share(quantity: str, low: float, held: Sequence[bool]) -> TargetRow:
    share = 100.0 * sum(held) / max(len(held), 1)
    return TargetRow(group=GROUP, quantity=quantity, unit="%", low=low, measured=pooled(held, share))
