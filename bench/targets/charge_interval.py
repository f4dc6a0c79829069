"""Whether the intervals of charge are honest, and whether they say more than one constant width."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import ndtri

from bench.analysed_pack import AnalysedPack
from bench.target_row import Measured, TargetRow, pooled
from cellwarden.core.sample_block import FloatArray

Part = tuple[str, FloatArray, FloatArray, FloatArray]  # pack, errors, and bounds minus estimate

GROUP = "Interval of charge"
OUTSIDE_WEIGHT = 40.0  # 2 / 5 %
LEAST_HALF_WIDTH = 0.001
QUANTILES = np.linspace(0.0, 1.0, 101)
SEEN_WIDTHS = 2001  # of a log's widths, evenly over them
EQUALLY_LIKELY = (np.arange(21) + 0.5) / 21.0


def rows(packs: Sequence[AnalysedPack]) -> list[TargetRow]:
    """Coverage and interval score, by pack and pooled."""
    judged = [pack for pack in packs if np.any(pack.minute >= pack.first_full)]
    parts = [(pack.name, *_errors(pack)) for pack in judged]
    groups = [
        (words, [part for part, pack in zip(parts, judged, strict=True) if pack.curve_is_known == known])
        for known, words in ((True, "curve known"), (False, "curve not known"))
    ]
    inside = [
        TargetRow(
            group=GROUP,
            quantity=f"truth inside the 95 % interval, pooled, {words}",
            unit="%",
            low=90.0,
            high=98.0,
            measured=_pooled(group),
        )
        for words, group in groups
    ]
    scores = [
        TargetRow(
            group=GROUP,
            quantity=f"interval score over that of the best constant width, pooled, {words}",
            unit="×",
            high=1.0,
            measured=_pooled_score(group),
        )
        for words, group in groups
    ]
    return [*inside, *scores, _by_pack(parts)]


def _by_pack(parts: Sequence[Part]) -> TargetRow:
    """The interval score of each pack against the width that its own errors would have called for."""
    right = float(np.median([right_intervals(high - low) for _, _, low, high in parts])) if parts else np.nan
    return TargetRow(
        group=GROUP,
        quantity="interval score over that of the best constant width",
        unit="×",
        high=1.0,
        note="the constant width is chosen by the pack's own errors, which no program knows beforehand; intervals of "
        f"these widths that are right, for one error that lasts, reach {right:.3g} × (median)",
        measured=tuple(
            Measured(pack=name, value=interval_score(error, low, high) / best_constant(error))
            for name, error, low, high in parts
        ),
    )


def _errors(pack: AnalysedPack) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Estimate minus truth, and the bounds minus the estimate, after the first full charge; flat."""
    after = pack.minute >= pack.first_full
    low, high = pack.soc_bounds
    error = (pack.soc - pack.true_soc)[after].ravel()
    seen = np.isfinite(error)
    return error[seen], (low - pack.soc)[after].ravel()[seen], (high - pack.soc)[after].ravel()[seen]


def _pooled(parts: Sequence[Part]) -> tuple[Measured, ...]:
    if not parts:
        return ()
    inside = np.concatenate([(low <= -error + 1e-6) & (-error <= high + 1e-6) for _, error, low, high in parts])
    return pooled(parts, 100.0 * inside.mean())


def _pooled_score(parts: Sequence[Part]) -> tuple[Measured, ...]:
    """Mean score over the packs, each weighing as much, over the least that one width for all of them has."""
    if not parts:
        return ()
    reached = np.mean([interval_score(error, low, high) for _, error, low, high in parts])
    widths = np.concatenate([_spread(error) for _, error, _, _ in parts])
    constant = np.mean([_constant_scores(error, _candidates(widths)) for _, error, _, _ in parts], axis=0)
    return pooled(parts, reached / constant.min())


def _spread(error: FloatArray) -> FloatArray:
    """As many of the amounts of each pack's errors."""
    return np.asarray(np.quantile(np.abs(error), QUANTILES))


def right_intervals(width: FloatArray) -> float:
    """Score over that of the best constant width where the intervals are right, as a median over what may happen.

    The error is a multiple of the interval's sigma that lasts for the whole log, as that of a level at full, of a
    capacity or of a curve does; the multiple is that of a normal distribution.
    """
    width = np.quantile(width, np.linspace(0.0, 1.0, SEEN_WIDTHS))
    sigma = width / (2.0 * ndtri(0.975))
    scores = [
        interval_score(many * sigma, -0.5 * width, 0.5 * width) / best_constant(many * sigma)
        for many in ndtri(0.5 + 0.5 * EQUALLY_LIKELY)
    ]
    return float(np.median(scores))


def interval_score(error: FloatArray, low: FloatArray, high: FloatArray) -> float:
    """Mean score of Winkler (J. Am. Stat. Assoc. 67 (1972) 187) of 95 % intervals; the truth lies at −error."""
    outside = np.maximum(0.0, np.maximum(low + error, -error - high))
    return float(np.mean(high - low + OUTSIDE_WEIGHT * outside))


def best_constant(error: FloatArray) -> float:
    """The least score of any one half-width."""
    return float(_constant_scores(error, _candidates(np.abs(error))).min())


def _candidates(amounts: FloatArray) -> FloatArray:
    """Half-widths to choose from, for errors of these amounts."""
    return np.maximum(LEAST_HALF_WIDTH, np.quantile(amounts, QUANTILES))


def _constant_scores(error: FloatArray, half_widths: FloatArray) -> FloatArray:
    """Mean score of the intervals of each constant half-width."""
    amount = np.abs(error)
    return np.array([np.mean(2.0 * w + OUTSIDE_WEIGHT * np.maximum(0.0, amount - w)) for w in half_widths])
