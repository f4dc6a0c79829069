"""Resistance at 10 s, 25 °C and half charge, where the log holds cycles near room temperature."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bench.analysed_pack import AnalysedPack
from bench.cell_errors import inside, measured, rmse
from bench.target_row import TargetRow
from cellwarden.core.sample_block import FloatArray

GROUP = "Resistance"
VALUE = "resistance_ohm"
CYCLES = {"cycle", "solar"}
SLOWEST_SECOND = 10.0


def rows(packs: Sequence[AnalysedPack]) -> list[TargetRow]:
    """Errors at both sampling intervals and the interval."""
    cycled = [pack for pack in packs if pack.truth["duty"] in CYCLES and _interval(pack) <= SLOWEST_SECOND]
    return [
        TargetRow(
            group=GROUP,
            quantity=f"RMSE, a row every {words}",
            unit="%",
            high=high,
            baseline="prior alone",
            measured=measured(
                [pack for pack in cycled if (_interval(pack) > 1.0) == slow], VALUE, _whole, _relative, rmse
            ),
        )
        for words, high, slow in (("second", 3.0, False), ("10 s", 5.0, True))
    ] + [
        TargetRow(
            group=GROUP,
            quantity="truth inside the 95 % interval",
            unit="%",
            low=90.0,
            measured=inside(cycled, VALUE, _whole),
        )
    ]


def _interval(pack: AnalysedPack) -> float:
    return float(pack.truth["sample_second"])


def _whole(pack: AnalysedPack) -> FloatArray:
    """(n_cells,) what the program gives: resistance of the cell with its joints, planted ones included [ohm]."""
    return pack.true_cells("resistance_ohm") + pack.true_cells("connection_extra_ohm")


def _relative(values: FloatArray, truth: FloatArray) -> FloatArray:
    return np.asarray(values / truth - 1.0)
