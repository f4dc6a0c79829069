"""Whether the intervals of charge are honest, and whether they say more than one constant width."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bench.analysed_pack import AnalysedPack
from bench.target_row import Measured, TargetRow
from cellwarden.core.sample_block import FloatArray

GROUP = "Interval of charge"
OUTSIDE_WEIGHT = 40.0  # 2 / 5 %
LEAST_HALF_WIDTH = 0.001


def rows(packs: Sequence[AnalysedPack]) -> list[TargetRow]:
    """Coverage and interval score, by pack and pooled."""
    judged = [pack for pack in packs if np.any(pack.minute >= pack.first_full)]
    parts = [(pack.name, *_errors(pack)) for pack in judged]
    return [
        TargetRow(
            group=GROUP,
            quantity=f"truth inside the 95 % interval, pooled, {words}",
            unit="%",
            low=90.0,
            high=98.0,
            measured=_pooled([part for part, pack in zip(parts, judged, strict=True) if pack.curve_is_known == known]),
        )
        for known, words in ((True, "curve known"), (False, "curve not known"))
    ] + [
        TargetRow(
            group=GROUP,
            quantity="interval score over that of the best constant width",
            unit="×",
            high=1.0,
            measured=tuple(
                Measured(pack=name, value=interval_score(error, low, high) / best_constant(error))
                for name, error, low, high in parts
            ),
        )
    ]


def _errors(pack: AnalysedPack) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Estimate minus truth, and the bounds minus the estimate, after the first full charge; flat."""
    after = pack.minute >= pack.first_full
    low, high = pack.soc_bounds
    error = (pack.soc - pack.true_soc)[after].ravel()
    seen = np.isfinite(error)
    return error[seen], (low - pack.soc)[after].ravel()[seen], (high - pack.soc)[after].ravel()[seen]


def _pooled(parts: Sequence[tuple[str, FloatArray, FloatArray, FloatArray]]) -> tuple[Measured, ...]:
    if not parts:
        return ()
    inside = np.concatenate([(low <= -error + 1e-6) & (-error <= high + 1e-6) for _, error, low, high in parts])
    return (Measured(pack=f"{len(parts)} packs", value=float(100.0 * inside.mean())),)


def interval_score(error: FloatArray, low: FloatArray, high: FloatArray) -> float:
    """Mean score of Winkler (J. Am. Stat. Assoc. 67 (1972) 187) of 95 % intervals; the truth lies at −error."""
    outside = np.maximum(0.0, np.maximum(low + error, -error - high))
    return float(np.mean(high - low + OUTSIDE_WEIGHT * outside))


def best_constant(error: FloatArray) -> float:
    """The least score of any one half-width."""
    amount = np.abs(error)
    widths = np.maximum(LEAST_HALF_WIDTH, np.quantile(amount, np.linspace(0.0, 1.0, 101)))
    return min(float(np.mean(2.0 * w + OUTSIDE_WEIGHT * np.maximum(0.0, amount - w))) for w in widths)
