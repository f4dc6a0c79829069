"""Runtime of an outage, forecast when it begins, against what followed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from bench.analysed_pack import AnalysedPack, kept_json, sources_digest
from bench.readiness import cases
from bench.target_row import Measured, TargetRow

GROUP = "Readiness"
LEAST_HOURS = 0.5  # a share of less says little
NAMEPLATE = "nominal energy over the load"


def rows(packs: Sequence[AnalysedPack]) -> list[TargetRow]:
    """Errors of the last outages that ended near a cut-off, and of the backup load at the end of the log."""
    held: list[bool] = []
    measured = []
    for pack in packs:
        key = f"{sources_digest()}-{(pack.folder / 'log.parquet').stat().st_size}"
        found = kept_json(f"readiness-{pack.name}", key, partial(_forecasts, pack))
        long = [one for one in found if one["true"] >= LEAST_HOURS]
        errors = [_percent(one["said"], one["true"]) for one in long]
        guesses = [_percent(one["nameplate"], one["true"]) for one in long]
        held += [one["low"] <= one["true"] <= one["high"] for one in found if one["said"] is not None]
        if long:
            measured.append(Measured(pack=pack.name, value=_worst(errors), baseline=_worst(guesses)))
    return [
        TargetRow(
            group=GROUP,
            quantity="largest error of the runtime at constant power, half an hour and more",
            unit="%",
            high=5.0,
            baseline=NAMEPLATE,
            measured=tuple(measured),
            note="outages that ended near a cut-off, the last three of a pack, and the backup load at its end",
        ),
        TargetRow(
            group=GROUP,
            quantity="truth inside the 95 % interval",
            unit="%",
            low=90.0,
            measured=(Measured(pack=f"{len(held)} forecasts", value=100.0 * float(np.mean(held))),) if held else (),
        ),
    ]


def _percent(said: float | None, true: float) -> float | None:
    return None if said is None else 100.0 * abs(said / true - 1.0)


def _worst(errors: Sequence[float | None]) -> float | None:
    """The largest, None where an answer is missing."""
    known = [one for one in errors if one is not None]
    return max(known) if len(known) == len(errors) else None


def _forecasts(pack: AnalysedPack) -> list[dict[str, Any]]:
    """What was said of each case, and what the nameplate would say of a full pack."""
    found = []
    for case in cases(pack.folder, last=3):
        said = None if case.readiness is None else case.readiness.runtime_hour
        found.append(
            {
                "true": case.runtime_hour,
                "said": None if said is None else said.value,
                "low": None if said is None else said.low,
                "high": None if said is None else said.high,
                "nameplate": pack.spec.nominal_capacity_ah * case.nominal_volt / case.load_watt,
            }
        )
    return found
