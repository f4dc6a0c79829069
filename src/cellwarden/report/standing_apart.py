"""Cells that stand far from the others at the end of a log, though no finding names them: a log may be too short."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

from cellwarden.core.results import AnalysisResult
from cellwarden.core.sample_block import FloatArray
from cellwarden.report.history_chart import row_median
from cellwarden.report.mistrust import unit_doubt
from cellwarden.report.numbers import HumanUnit, number_text
from cellwarden.report.urgency import open_findings

__all__ = ["ApartCell", "apart_advice", "apart_clause", "cells_apart"]

_LOOKED_AT_SECOND = 3600.0
_CALM_C_RATE = 0.05  # above it a cell's resistance pulls its voltage
_FEWEST_CELLS = 3  # of fewer, the median is no yardstick for one
_BELOW_VOLT, _ABOVE_VOLT = 0.03, 0.05  # the top of the curve is steep: what is a little fuller stands far above
_SPREADS = 5.0  # of the pack's own scatter
_MAD_TO_SIGMA = 1.4826


@dataclass(frozen=True, slots=True)
class ApartCell:
    """A cell, counted from 1, and how far its mean reading is from the median cell's [V]."""

    cell: int
    volt: float


def cells_apart(result: AnalysisResult) -> list[ApartCell]:
    """Cells that no open finding names and whose voltage stands far from the others', the furthest first.

    Compared are the means over the rows of the log's last hour in which little current flows.
    """
    if len(result.cells) < _FEWEST_CELLS or unit_doubt(result.quality):
        return []
    difference = _last_difference(result)
    middle = float(np.median(np.abs(difference[np.isfinite(difference)]))) if np.isfinite(difference).any() else 0.0
    least = np.where(difference < 0.0, _BELOW_VOLT, _ABOVE_VOLT)
    far = np.abs(difference) > np.maximum(least, _SPREADS * _MAD_TO_SIGMA * middle)
    named = {finding.cell for finding in open_findings(result)}
    found = [ApartCell(int(k) + 1, float(difference[k])) for k in np.flatnonzero(far) if int(k) + 1 not in named]
    return sorted(found, key=lambda one: -abs(one.volt))


def _last_difference(result: AnalysisResult) -> FloatArray:
    """(n_cells,) mean difference to the median cell [V]; NaN where no calm row of the last hour told it."""
    history = result.history
    late = history.unix_time_second > result.until_unix_time_second - _LOOKED_AT_SECOND
    late[-1:] = True  # rows may be longer than an hour
    calm = np.abs(history.current_ampere) <= _CALM_C_RATE * result.pack.nominal_capacity_ah
    volt = history.voltage_volt[late & calm]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of cells or rows without a reading
        means: FloatArray = np.nanmean(volt - row_median(volt)[:, None], axis=0)
    return means


def apart_clause(apart: list[ApartCell]) -> str:
    """`cell 12 reads 116 mV below its neighbours at the end of the log`, of the furthest; how many more."""
    first = apart[0]
    size = HumanUnit("mV").attach(number_text(1e3 * abs(first.volt)))
    more = f", and {len(apart) - 1} more stand apart" if len(apart) > 1 else ""
    side = "below" if first.volt < 0.0 else "above"
    return f"cell\u00a0{first.cell} reads {size} {side} its neighbours at the end of the log{more}"


def apart_advice(first: ApartCell) -> str:
    """What to do about a cell that stands apart for a reason not known."""
    return (
        f"Check the reading of cell\u00a0{first.cell} with a voltmeter. If it is right, keep the pack charged for a "
        "few days and log it: whether the cell nears the others or moves further away tells why."
    )
