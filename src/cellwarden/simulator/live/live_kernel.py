"""Kernel that steps a live pack: a stretch of equal steps under one demand."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from cellwarden.simulator.cell_arrays import CellArrays, CellState, Curves
from cellwarden.simulator.cell_kernel import SCRATCH_COLUMNS, prepare_cells
from cellwarden.simulator.pack_arrays import PackSettings, PackState
from cellwarden.simulator.pack_kernel import (
    advance_string,
    balance_cells,
    decide,
    draw_aside,
    exchange_heat,
    string_current,
)

__all__ = ["run_steps"]


@njit(cache=True)
def run_steps(
    cells: CellArrays,
    curves: Curves,
    settings: PackSettings,
    state: CellState,
    pack: PackState,
    load_watt: float,
    charge_limit_ampere: float,
    ambient_celsius: float,
    begin_second: float,
    step_second: float,
    step_count: int,
) -> float:
    """Step that often; states are changed in place. Returns the charge drawn from the string meanwhile [Ah]."""
    scratch = np.zeros((pack.volt.shape[0], SCRATCH_COLUMNS))
    period, drawn_ah = float(settings.bleed_period_second), 0.0
    for index in range(step_count):
        before = begin_second + index * step_second
        prepare_cells(cells, curves, state, 0, pack.volt.shape[0], step_second, scratch)
        draw_aside(settings, pack, scratch, step_second)
        pack.ampere[0] = string_current(cells, curves, settings, pack, scratch, load_watt, charge_limit_ampere)
        advance_string(cells, curves, settings, state, pack, scratch, step_second)
        exchange_heat(cells, state, pack, settings, ambient_celsius, step_second)
        decide(settings, state, pack, step_second, before + step_second, charge_limit_ampere)
        if math.floor((before + step_second) / period) > math.floor(before / period):
            balance_cells(settings, pack)
        drawn_ah += max(0.0, -pack.ampere[0]) * step_second / 3600.0
    return drawn_ah
