"""Several sources of one pack made into one row: aligned, compared, and fused by what their data sheets promise.

A row is made at each sample of the leading source, the first in order that is not silent. Cells are weighted by the
inverse square of the stated tolerance. The slow difference of every source to the fused value is remembered, so that
the fused value does not step when a source falls silent; a source that is known to be wrong for a cell is left out
there. Everything else is the leading source's, filled up from the others where it has no value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace

import numpy as np

from cellwarden.core.finding import Evidence
from cellwarden.core.sample_block import FloatArray, SampleBlock
from cellwarden.runtime.source_check import SourceCheck, SourcePair, advance_check, initial_check
from cellwarden.runtime.source_lag import SourceLag, advance_lag
from cellwarden.runtime.source_watch import SourceWatch, advance_watch, initial_watch

__all__ = ["HybridSetup", "HybridState", "advance_hybrid", "initial_hybrid"]

_DIFFERENCE_KEEP = 0.999  # a time constant of a quarter of an hour at one sample a second
_MOST_CARRIED = 1.0  # of the tolerance: a larger difference is an error, not to be carried on


@dataclass(frozen=True, slots=True, kw_only=True)
class HybridSetup:
    """Sources in their order, with the tolerance of their cell voltages, two sigma [V], and ages that count [s]."""

    tolerance_volt: Mapping[str, float]
    cells: int
    fresh_second: float = 3.0

    @property
    def names(self) -> tuple[str, ...]:
        """The sources."""
        return tuple(self.tolerance_volt)

    def fused_tolerance_volt(self, names: tuple[str, ...]) -> float:
        """Two sigma of a cell's voltage when these sources give it."""
        return float(1.0 / np.sqrt(sum(self.tolerance_volt[name] ** -2.0 for name in names)))

    def pair(self, second: str) -> SourcePair:
        """The first source beside another."""
        first = self.names[0]
        return SourcePair(
            first=first,
            second=second,
            first_tolerance_volt=self.tolerance_volt[first],
            second_tolerance_volt=self.tolerance_volt[second],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class HybridState:
    """By source: newest row, watch, lag and comparison with the first, slow difference to the fusion (n_cells,)."""

    rows: Mapping[str, SampleBlock] = field(default_factory=dict)
    watches: Mapping[str, SourceWatch] = field(default_factory=dict)
    lags: Mapping[str, SourceLag] = field(default_factory=dict)
    checks: Mapping[str, SourceCheck] = field(default_factory=dict)
    differences: Mapping[str, FloatArray] = field(default_factory=dict)
    fused_from: tuple[str, ...] = ()


def initial_hybrid(setup: HybridSetup) -> HybridState:
    """Before the first sample."""
    others = setup.names[1:]
    return HybridState(
        watches={name: initial_watch(setup.cells) for name in setup.names},
        lags={name: SourceLag() for name in others},
        checks={name: initial_check(setup.cells) for name in others},
        differences={name: np.zeros(setup.cells) for name in setup.names},
    )


def advance_hybrid(
    state: HybridState, source: str, row: SampleBlock, setup: HybridSetup
) -> tuple[HybridState, SampleBlock | None, list[Evidence]]:
    """Take one sample of one source.

    Returns
    -------
    the new state, the fused row where this sample makes one, and what the comparison holds
    """
    watches = {**state.watches, source: advance_watch(state.watches[source], row)}
    state = replace(state, rows={**state.rows, source: row}, watches=watches)
    state, evidence = _compared(state, source, row, setup)
    now = float(row.unix_time_second[0])
    fresh = tuple(name for name in setup.names if name in state.rows and _age(state, name, now) <= setup.fresh_second)
    if source != fresh[0]:
        return state, None, evidence
    state, fused = _fused(state, fresh, row, setup)
    return state, fused, evidence


def _age(state: HybridState, name: str, now: float) -> float:
    return now - float(state.rows[name].unix_time_second[0])


def _compared(
    state: HybridState, source: str, row: SampleBlock, setup: HybridSetup
) -> tuple[HybridState, list[Evidence]]:
    """Lag and comparison of the sources that this sample concerns, if both are fresh."""
    first = setup.names[0]
    now = float(row.unix_time_second[0])
    evidence: list[Evidence] = []
    lags, checks = dict(state.lags), dict(state.checks)
    for name in setup.names[1:] if source == first else (source,):
        if first not in state.rows or name not in state.rows:
            continue
        pair = (state.watches[first], state.watches[name])
        lags[name] = advance_lag(lags[name], *pair)
        if max(_age(state, first, now), _age(state, name, now)) <= setup.fresh_second and source == name:
            checks[name], held = advance_check(checks[name], setup.pair(name), pair, state.rows[first])
            evidence += held
    return replace(state, lags=lags, checks=checks), evidence


def _fused(
    state: HybridState, fresh: tuple[str, ...], row: SampleBlock, setup: HybridSetup
) -> tuple[HybridState, SampleBlock]:
    volts = np.stack([_aligned(state, name, fresh[0]) for name in fresh])
    weights = np.array([setup.tolerance_volt[name] ** -2.0 for name in fresh])[:, None] * _trust(state, fresh, setup)
    weights = np.where(np.isfinite(volts), weights, 0.0)
    carried = np.stack([_carried(state, name, setup) for name in fresh])
    total = weights.sum(axis=0)
    is_whole = len(fresh) == len(setup.names)
    values = np.nan_to_num(volts if is_whole else volts - carried)
    with np.errstate(invalid="ignore"):
        cells = np.where(total > 0.0, (weights * values).sum(axis=0) / np.maximum(total, 1e-12), np.nan)
    differences = dict(state.differences)
    if is_whole:
        for place, name in enumerate(fresh):
            apart = np.nan_to_num(volts[place] - cells)
            differences[name] = _DIFFERENCE_KEEP * differences[name] + (1.0 - _DIFFERENCE_KEEP) * apart
    whole = _filled(row, [state.rows[name] for name in fresh[1:]])
    return replace(state, differences=differences, fused_from=fresh), replace(whole, cell_voltage_volt=cells[None, :])


def _aligned(state: HybridState, name: str, leading: str) -> FloatArray:
    """A source's cells; NaN where its sample is from the other side of a load edge than the leading one's."""
    volt: FloatArray = state.rows[name].cell_voltage_volt[0]
    if name == leading:
        return volt
    lag = state.lags[name].lag_second if name in state.lags else 0.0
    taken = float(state.rows[name].unix_time_second[0]) - max(lag, 0.0)
    edge = state.watches[leading].edge_unix_time_second
    if taken < edge:
        return np.full(volt.shape, np.nan)
    return volt


def _trust(state: HybridState, fresh: tuple[str, ...], setup: HybridSetup) -> FloatArray:
    """(len(fresh), n_cells): 0 where a source is known to be wrong for a cell and another is not."""
    trust = np.ones((len(fresh), setup.cells))
    for place, name in enumerate(fresh):
        if name == setup.names[0]:
            accused = np.any([check.wrong == 1.0 for check in state.checks.values()], axis=0)
        else:
            accused = state.checks[name].wrong == 2.0
        trust[place] = np.where(accused, 0.0, 1.0)
    return np.where(trust.sum(axis=0) > 0.0, trust, 1.0)


def _carried(state: HybridState, name: str, setup: HybridSetup) -> FloatArray:
    most = _MOST_CARRIED * setup.tolerance_volt[name]
    carried: FloatArray = np.clip(state.differences[name], -most, most)
    return carried


def _filled(row: SampleBlock, others: list[SampleBlock]) -> SampleBlock:
    """The leading source's row with what it lacks taken from the others."""
    for other in others:
        changes = {}
        for item in fields(SampleBlock):
            mine, theirs = getattr(row, item.name), getattr(other, item.name)
            if mine is not None and theirs is not None and np.isnan(mine).any():
                changes[item.name] = np.where(np.isnan(mine), theirs, mine)
        row = replace(row, **changes)
    return row
