"""Faults of readings on packs of their own: found, and no cell blamed for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from bench.kept_outcomes import kept_outcomes
from bench.reading_faults import KINDS, Outcome, outcomes
from bench.target_row import TargetRow, pooled

__all__ = ["rows", "rows_of"]

GROUP = "Faults of readings"
SEEDS = 2
NAMES = {
    "sense_wires_swapped": "sense wires swapped on the way",
    "sense_wires_swapped_apart": "the same, of cells 2 % of charge apart",
    "sensor_stuck": "stuck sensor",
    "sensor_dropout": "missing sensor",
    "micro_short": "micro-shorts",
}


def rows() -> list[TargetRow]:
    """Rows of `bench.reading_faults`."""
    return rows_of({kind: kept_outcomes(f"readings-{kind}", Outcome, partial(outcomes, kind, SEEDS)) for kind in KINDS})


def rows_of(found: Mapping[str, Sequence[Outcome]]) -> list[TargetRow]:
    """The targets on these outcomes by kind."""
    told = [
        TargetRow(
            group=GROUP,
            quantity=f"{NAMES[kind]}: found",
            unit="%",
            low=100.0,
            measured=pooled(done, 100.0 * np.mean([np.isfinite(one.hours) for one in done])),
        )
        for kind, done in found.items()
    ]
    everyone = [one for done in found.values() for one in done]
    blamed = float(sum(bool(one.blamed) for one in everyone))
    fine = [one for one in found.get("micro_short", ()) if one.sample_second <= 1 and np.isfinite(one.magnitude)]
    dips = [abs(one.magnitude / one.truth - 1.0) for one in fine]
    return [
        *told,
        TargetRow(
            group=GROUP,
            quantity="packs on which a cell is blamed",
            unit="",
            high=0.0,
            measured=pooled(everyone, blamed),
        ),
        TargetRow(
            group=GROUP,
            quantity="dips of micro-shorts with a row a second, largest error of their number",
            unit="%",
            high=10.0,
            measured=pooled(dips, 100.0 * max(dips, default=0.0)),
        ),
    ]
