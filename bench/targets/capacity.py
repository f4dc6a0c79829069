"""Capacity, where a discharge deeper than 60 % followed a full charge."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bench.analysed_pack import AnalysedPack
from bench.cell_errors import against_median, inside, largest, measured, rmse
from bench.target_row import TargetRow
from cellwarden.core.sample_block import FloatArray

GROUP = "Capacity"
VALUE = TRUTH = "capacity_ah"
DEEP_SOC = 0.6


def rows(packs: Sequence[AnalysedPack]) -> list[TargetRow]:
    """Errors relative to the truth and to the median, and the interval."""
    deep = [pack for pack in packs if fell_by(pack, DEEP_SOC)]
    prior, alike = "prior alone", "all cells alike"
    return [
        TargetRow(
            group=GROUP,
            quantity="RMSE",
            unit="%",
            high=1.2,
            baseline=prior,
            measured=measured(deep, VALUE, TRUTH, _relative, rmse),
        ),
        TargetRow(
            group=GROUP,
            quantity="largest error",
            unit="%",
            high=2.5,
            baseline=prior,
            measured=measured(deep, VALUE, TRUTH, _relative, largest),
        ),
        TargetRow(
            group=GROUP,
            quantity="RMSE against the pack's median",
            unit="%",
            high=0.7,
            baseline=alike,
            measured=measured(deep, VALUE, TRUTH, against_median, rmse, baseline=_alike),
        ),
        TargetRow(
            group=GROUP,
            quantity="truth inside the 95 % interval, all packs with current",
            unit="%",
            low=90.0,
            measured=inside(packs, VALUE, TRUTH),
        ),
    ]


def fell_by(pack: AnalysedPack, swing: float) -> bool:
    """Whether every cell's true charge fell by so much after the first full charge."""
    soc = pack.true_soc[(pack.minute >= pack.first_full) & np.isfinite(pack.true_soc).all(axis=1)]
    if not len(soc):
        return False
    return bool(np.min(np.max(np.maximum.accumulate(soc, axis=0) - soc, axis=0)) >= swing)


def _relative(values: FloatArray, truth: FloatArray) -> FloatArray:
    return np.asarray(values / truth - 1.0)


def _alike(pack: AnalysedPack) -> FloatArray:
    return np.ones(pack.cell_count)
