"""State of charge after the first full charge."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from bench.analysed_pack import AnalysedPack
from bench.plain_counter import plain_counter
from bench.target_row import Measured, TargetRow
from cellwarden.core.sample_block import FloatArray

GROUP = "State of charge"
COUNTER = "plain counter"
DEEP_SOC = 0.6

Score = Callable[[FloatArray], float | None]


def rows(packs: Sequence[AnalysedPack]) -> list[TargetRow]:
    """Errors against the truth, after the first full charge."""
    judged = [pack for pack in packs if np.any(pack.minute >= pack.first_full)]
    known = [pack for pack in judged if pack.curve_is_known]
    other = [pack for pack in judged if not pack.curve_is_known]
    return [
        _row("RMSE over the pack, curve known", 0.5, known, rmse),
        _row("RMSE of the worst cell, curve known", 0.8, known, worst_rmse),
        _row("RMSE over the pack, curve not known", 1.0, other, rmse),
        _row("RMSE of the worst cell, curve not known", 1.5, other, worst_rmse),
        _row("largest error before a discharge deeper than 60 %", 6.0, judged, largest, deep=False),
        _row("largest error after a discharge deeper than 60 %", 2.0, judged, largest, deep=True),
        _row("RMSE of a cell with a short above the bleed current", 3.0, judged, worst_rmse, shorted=True),
        TargetRow(
            group=GROUP,
            quantity="minutes given",
            unit="%",
            low=99.0,
            measured=tuple(Measured(pack=pack.name, value=_given(pack)) for pack in packs),
        ),
    ]


def rmse(error: FloatArray) -> float | None:
    """Root mean square of all errors, None of none."""
    seen = error[np.isfinite(error)]
    return float(np.sqrt(np.mean(seen**2))) if len(seen) else None


def worst_rmse(error: FloatArray) -> float | None:
    """That of the cell with the largest one."""
    cells = [one for one in (rmse(column) for column in error.T) if one is not None]
    return max(cells, default=None)


def largest(error: FloatArray) -> float | None:
    """Largest error by amount."""
    seen = np.abs(error[np.isfinite(error)])
    return float(seen.max()) if len(seen) else None


def _row(
    quantity: str,
    high: float,
    packs: Sequence[AnalysedPack],
    score: Score,
    *,
    deep: bool | None = None,
    shorted: bool = False,
) -> TargetRow:
    measured = []
    for pack in packs:
        rows, cells = minutes_of(pack, deep=deep), _shorted(pack) == shorted
        if not rows.any() or not cells.any():
            continue
        error = 100.0 * (pack.soc - pack.true_soc)[rows][:, cells]
        guess = 100.0 * (plain_counter(pack)[:, None] - pack.true_soc)[rows][:, cells]
        measured.append(Measured(pack=pack.name, value=score(error), baseline=score(guess)))
    return TargetRow(group=GROUP, quantity=quantity, unit="%", high=high, baseline=COUNTER, measured=tuple(measured))


def _shorted(pack: AnalysedPack) -> FloatArray:
    """(n_cells,) whether the leak is above the bleed current."""
    return np.asarray(pack.true_cells("self_discharge_ampere") > pack.spec.balancing_current_ampere)


def minutes_of(pack: AnalysedPack, *, deep: bool | None) -> FloatArray:
    """(M,) the minutes after the first full charge, and on which side of the first deep discharge's end."""
    after = pack.minute >= pack.first_full
    if deep is None:
        return np.asarray(after)
    middle = np.nanmedian(np.where(after[:, None], pack.true_soc, np.nan)[after], axis=1)
    fallen = np.flatnonzero(np.maximum.accumulate(middle) - middle > DEEP_SOC)
    begin = pack.minute[after][fallen[0]] if len(fallen) else np.inf
    return np.asarray(after & ((pack.minute >= begin) == deep))


def _given(pack: AnalysedPack) -> float:
    """Share of the minutes with an estimate of every cell [%]."""
    return float(100.0 * np.mean(np.isfinite(pack.soc)))
