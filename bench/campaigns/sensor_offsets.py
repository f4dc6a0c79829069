"""Small offsets of sensors on packs of their own: how soon they are found, and no cell blamed for them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

from bench.kept_outcomes import kept_outcomes
from bench.sensor_offsets import KINDS, OffsetOutcome, offset_outcomes
from bench.target_row import Measured, TargetRow, known, pooled

__all__ = ["rows", "rows_of"]

GROUP = "Offsets of sensors"
SEEDS = 2


def rows() -> list[TargetRow]:
    """Rows of `bench.sensor_offsets`."""
    parts = [kept_outcomes(f"offsets-{kind}", OffsetOutcome, partial(offset_outcomes, kind, SEEDS)) for kind in KINDS]
    return rows_of([one for part in parts for one in part])


def rows_of(outcomes: Sequence[OffsetOutcome]) -> list[TargetRow]:
    """The targets on these outcomes."""
    volt = [one for one in outcomes if one.kind == "voltage_sensor_offset"]
    standing = [one for one in volt if one.onset_day == 0.0]
    jumped = [one for one in volt if one.onset_day > 0.0]
    return [
        _hours("0.05 A on the current sensor found after", 36.0, _of(outcomes, "current_sensor_offset")),
        _hours("1.5 K on a temperature sensor found after", 12.0, _of(outcomes, "temperature_sensor_offset")),
        _found("5 mV from the first row on, on a cell's sensor: found", standing),
        _found("5 mV that come after two days: found", jumped),
        TargetRow(
            group=GROUP,
            quantity="5 mV: packs on which the cell is blamed",
            unit="",
            high=0.0,
            measured=pooled(volt, float(sum(bool(one.blamed) for one in volt))),
        ),
    ]


def _of(outcomes: Sequence[OffsetOutcome], kind: str) -> list[OffsetOutcome]:
    return [one for one in outcomes if one.kind == kind]


def _hours(quantity: str, high: float, outcomes: Sequence[OffsetOutcome]) -> TargetRow:
    found = [Measured(pack=f"{one.pack}, seed {one.seed}", value=known(one.hours)) for one in outcomes]
    return TargetRow(group=GROUP, quantity=quantity, unit="h", high=high, measured=tuple(found))


def _found(quantity: str, outcomes: Sequence[OffsetOutcome]) -> TargetRow:
    share = 100.0 * sum(math.isfinite(one.hours) for one in outcomes) / max(len(outcomes), 1)
    return TargetRow(group=GROUP, quantity=quantity, unit="%", low=100.0, measured=pooled(outcomes, share))
