"""Steps of the current and discharges until a fault is told, and a joint told from an aged cell."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from bench.edges import AGED, DISCHARGES, EDGES, JOINT, PARTS, SLOW, SPAN_KELVIN, TOLD_SHARE, Outcome
from bench.kept_outcomes import kept_outcomes
from bench.target_row import Measured, TargetRow, known, pooled

__all__ = ["rows", "rows_of"]

RESISTANCE, PATH = "Resistance", "Thermal path"
SEED = 301


def rows() -> list[TargetRow]:
    """Rows of `bench.edges` with one seed."""
    parts = [kept_outcomes(f"edges-{part}", Outcome, partial(run, SEED)) for part, run in PARTS.items()]
    return rows_of([one for part in parts for one in part])


def rows_of(outcomes: Sequence[Outcome]) -> list[TargetRow]:
    """The targets on these outcomes."""
    named = [one for one in outcomes if one.part in {JOINT, AGED}]
    wide = [one for one in named if one.span_kelvin >= SPAN_KELVIN]
    narrow = [one for one in named if one.span_kelvin < SPAN_KELVIN]
    slow = [one for one in outcomes if one.part == SLOW]
    return [
        _counted(RESISTANCE, "+25 % told after steps of 0.1C within 10 K of 25 °C", "steps", EDGES, outcomes, "rise"),
        _share(
            "joint told from an aged cell, the temperature spanned 10 K",
            [one.named == one.part and not one.undecided for one in wide],
            guess=max(sum(one.part == kind for one in wide) for kind in (JOINT, AGED)),
        ),
        _share(
            "called undecided or not told, it spanned less", [one.undecided or one.named == "nothing" for one in narrow]
        ),
        _share(
            "+40 % of a cell or by a joint, a row a minute: told of that cell", [one.named != "nothing" for one in slow]
        ),
        _counted(PATH, "+60 % told after discharges", "", DISCHARGES, outcomes, "path"),
    ]


def _counted(group: str, quantity: str, unit: str, most: int, outcomes: Sequence[Outcome], part: str) -> TargetRow:
    found = [Measured(pack=one.pack, value=known(one.count)) for one in outcomes if one.part == part]
    return TargetRow(group=group, quantity=quantity, unit=unit, high=float(most), measured=tuple(found))


def _share(quantity: str, held: Sequence[bool], guess: int | None = None) -> TargetRow:
    """Share of the cases; `guess`: how many the same answer to all would get right."""
    scale = 100.0 / max(len(held), 1)
    return TargetRow(
        group=RESISTANCE,
        quantity=quantity,
        unit="%",
        low=100.0 * TOLD_SHARE,
        baseline="" if guess is None else "the same answer to all",
        measured=pooled(held, scale * sum(held), None if guess is None else scale * guess),
    )
