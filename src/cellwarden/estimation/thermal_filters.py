"""Thermal filters of a pack's groups: their state, their start, and one run over minute rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cellwarden.core.minute_block import IntArray, MinuteBlock
from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation import thermal_kernel as kernel

__all__ = ["ThermalFilters", "ThermalInputs", "initial_filters", "run_filters"]


@dataclass(frozen=True, slots=True)
class ThermalFilters:
    """x (S, n), p (S, n, n), group (S, GROUP_SLOTS), pack (4,), balance (S, BALANCE_SLOTS)."""

    x: FloatArray
    p: FloatArray
    group: FloatArray
    pack: FloatArray
    balance: FloatArray

    def copy(self) -> ThermalFilters:
        """The same in arrays of its own."""
        return ThermalFilters(self.x.copy(), self.p.copy(), self.group.copy(), self.pack.copy(), self.balance.copy())


@dataclass(frozen=True, slots=True)
class ThermalInputs:
    """What the filters run on, see `run_thermal_filters`; `reading` (M, S) is NaN where there is none to trust."""

    parameters: FloatArray
    prior_x: FloatArray
    prior_p: FloatArray
    knots: FloatArray
    kappa: FloatArray
    neighbour: IntArray
    minutes: MinuteBlock
    reading: FloatArray
    heat: FloatArray
    offset_sigma: FloatArray


def initial_filters(sensors: int, prior_x: FloatArray, prior_p: FloatArray) -> ThermalFilters:
    """Filters that have seen nothing; `prior_x` (n,) and `prior_p` (n, n) hold for each of the sensors."""
    group = np.zeros((sensors, kernel.GROUP_SLOTS))
    group[:, kernel.INFORMED] = np.nan
    group[:, kernel.GRADIENT + kernel.WARMTH] = 1.0
    return ThermalFilters(
        x=np.tile(prior_x, (sensors, 1)),
        p=np.tile(prior_p, (sensors, 1, 1)),
        group=group,
        pack=np.array([np.nan, np.nan, 0.0, np.nan]),
        balance=np.zeros((sensors, kernel.BALANCE_SLOTS)),
    )


def run_filters(filters: ThermalFilters, given: ThermalInputs, ambient_celsius: FloatArray) -> FloatArray:
    """Advance the filters, in place, against an ambient (M,) [°C]; returns the kernel's outputs (M, S, OUTPUTS)."""
    out = np.empty((*given.reading.shape, kernel.OUTPUTS))
    kernel.run_thermal_filters(
        filters.x,
        filters.p,
        filters.group,
        filters.pack,
        given.parameters,
        given.prior_x,
        given.prior_p,
        given.knots,
        given.kappa,
        given.neighbour,
        given.minutes.unix_time_second,
        given.minutes.elapsed_second,
        given.reading,
        ambient_celsius,
        given.heat,
        given.offset_sigma,
        filters.balance,
        out,
    )
    return out
