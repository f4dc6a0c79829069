"""Errors of the numbers in `cells.json`, beside those of the prior: the same program's answer after two hours."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from bench.analysed_pack import AnalysedPack
from bench.target_row import Measured
from cellwarden.core.sample_block import FloatArray

__all__ = ["against_median", "inside", "largest", "measured", "rmse"]

Errors = Callable[[FloatArray, FloatArray], FloatArray]
Truth = str | Callable[[AnalysedPack], FloatArray]  # a number of the truth's cells, or what is made of several


def rmse(error: FloatArray) -> float | None:
    """Root mean square of what is known, None of nothing."""
    seen = error[np.isfinite(error)]
    return float(np.sqrt(np.mean(seen**2))) if len(seen) else None


def largest(error: FloatArray) -> float | None:
    """Largest amount of what is known, None of nothing."""
    seen = np.abs(error[np.isfinite(error)])
    return float(seen.max()) if len(seen) else None


def against_median(values: FloatArray, truth: FloatArray) -> FloatArray:
    """Errors of the cells' differences from the median, as shares of it."""
    share: FloatArray = (values - np.nanmedian(values) - truth + np.median(truth)) / np.median(truth)
    return share


def measured(
    packs: Sequence[AnalysedPack],
    value: str,
    truth: Truth,
    errors: Errors,
    score: Callable[[FloatArray], float | None],
    *,
    scale: float = 100.0,
    baseline: Callable[[AnalysedPack], FloatArray] | None = None,
) -> tuple[Measured, ...]:
    """For each pack the score of its cells' errors and the prior's (or what `baseline` makes of the pack)."""
    found = []
    for pack in packs:
        true = _true(pack, truth)
        guess = pack.cell_values(value, prior=True) if baseline is None else baseline(pack)
        found.append(
            Measured(
                pack=pack.name,
                value=score(scale * errors(pack.cell_values(value), true)),
                baseline=score(scale * errors(guess, true)),
            )
        )
    return tuple(found)


def inside(packs: Sequence[AnalysedPack], value: str, truth: Truth) -> tuple[Measured, ...]:
    """Share of all packs' cells whose truth lies in the interval [%]."""
    stem, unit = value.rsplit("_", 1)
    held = []
    for pack in packs:
        low, high = pack.cell_values(f"{stem}_low_{unit}"), pack.cell_values(f"{stem}_high_{unit}")
        true = _true(pack, truth)
        held.append((low <= true) & (true <= high))
    if not held:
        return ()
    return (Measured(pack=f"{len(packs)} packs", value=float(100.0 * np.concatenate(held).mean())),)


def _true(pack: AnalysedPack, truth: Truth) -> FloatArray:
    return pack.true_cells(truth) if isinstance(truth, str) else truth(pack)
