"""The cells' pass over the samples of a minute, in Numba: a group of cells goes in step, sample by sample.

Loops over the lanes of a group have no branches and work on one flat array, so that the compiler can vectorise them; of
the order of sums over samples nothing is left to it.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from cellwarden.core.minute_block import IntArray
from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation import minute_slots as at
from cellwarden.estimation.bare_kernel import bare_kernel
from cellwarden.estimation.dip_kernel import watch_dips
from cellwarden.estimation.edge_kernel import follow_edges

__all__ = ["add_active", "add_impedance", "pass_over_group"]

HOURS_PER_SECOND = 1.0 / 3600.0
BLEED_VOLT = 3.4  # the voltage at which descriptions state the bleed current


@bare_kernel
def pass_over_group(
    cell: FloatArray,
    first: int,
    parameters: FloatArray,
    pending_before: FloatArray,
    pending_after: FloatArray,
    voltage: FloatArray,
    duty: FloatArray,
    plan: FloatArray,
    bits: IntArray,
    begin: int,
    end: int,
) -> None:
    """Add samples begin … end−1 of one minute to a group's sums and do what the pack's pass planned.

    Parameters
    ----------
    cell : (CELL_SLOTS × LANES,) the group's state
    first : number of its first cell
    pending_before, pending_after : (edges, n_cells) where complete edges are stored [V]
    voltage : (T, n_cells) [V]
    duty : (T, n_cells) of the passive balancer, or empty
    plan, bits : (PLAN_ROWS, PLAN_SLOTS), (PLAN_ROWS,) what these samples ask for
    """
    cells = min(at.LANES, voltage.shape[1] - first)
    least, ampere = parameters[at.DIP_THRESHOLD] ** 2, parameters[at.BLEED_AMPERE]
    alone, balanced = voltage.shape[1] == 1, duty.shape[0] > 0
    cell[at.DUTY_NOW * at.LANES : (at.DUTY_NOW + 1) * at.LANES] = np.nan
    for k in range(begin, end):
        row = k - begin
        readings = voltage[k, first : first + cells]  # indices from 0 on need no look at their sign
        for j in range(cells):
            cell[at.V_NOW * at.LANES + j] = readings[j]
        if balanced:
            duties = duty[k, first : first + cells]
            for j in range(cells):
                cell[at.DUTY_NOW * at.LANES + j] = duties[j]
        if bits[row] & (at.STORE_EDGE | at.ADD_TO_EDGE | at.OPEN_EDGE):
            follow_edges(cells, cell, pending_before, pending_after, first, plan, row, bits[row])
        share = plan[row, at.SHARE] if bits[row] & at.FOLLOW_STEADY else 0.0
        restart = np.nan if bits[row] & at.RESTART_STEADY else 0.0
        charge, moved, interval = plan[row, at.CHARGE_STEP], plan[row, at.MOVED], plan[row, at.INTERVAL]
        _add_sample(cells, cell, charge, moved, interval, share, restart, ampere)
        if not alone:
            watch_dips(cells, cell, least, plan, row, bits[row])


@njit(cache=True, inline="always")
def _add_sample(
    cells: int,
    cell: FloatArray,
    charge: float,
    moved: float,
    interval: float,
    share: float,
    restart: float,
    ampere: float,
) -> None:
    """Sums, extremes, energy, time without change and without a reading, bleed and steady voltage of one sample.

    All in one loop: in shorter ones the compiler would take more cells in step than a group has. `restart` is NaN where
    the steady voltage starts anew, else 0.
    """
    for k in range(cells):
        v, before = cell[at.V_NOW * at.LANES + k], cell[at.V_LAST * at.LANES + k]
        low, high = cell[at.V_MIN * at.LANES + k], cell[at.V_MAX * at.LANES + k]
        same, missing = cell[at.UNCHANGED * at.LANES + k], cell[at.MISSING * at.LANES + k]
        given = v == v
        level = v if given else 0.0
        cell[at.V_SUM * at.LANES + k] += level
        cell[at.V_COUNT * at.LANES + k] += 1.0 if given else 0.0
        cell[at.V_MIN * at.LANES + k] = min(low, v)
        cell[at.V_MAX * at.LANES + k] = max(high, v)
        step = charge * 0.5 * (v + (before if before == before else v))
        cell[at.ENERGY * at.LANES + k] += step if given else 0.0
        fresh = same + moved if v == before else 0.0
        cell[at.UNCHANGED * at.LANES + k] = fresh if given else same
        cell[at.V_LAST * at.LANES + k] = v if given else before
        cell[at.MISSING * at.LANES + k] = 0.0 if given else missing + interval
        duty = cell[at.DUTY_NOW * at.LANES + k]
        on = duty if duty == duty else 0.0
        cell[at.DUTY_SUM * at.LANES + k] += on * interval
        cell[at.DUTY_TIME * at.LANES + k] += interval if duty == duty else 0.0
        cell[at.BLEED * at.LANES + k] += on * ampere * level * interval * (HOURS_PER_SECOND / BLEED_VOLT)
        steady = cell[at.STEADY_V * at.LANES + k] + restart
        drawn = (1.0 - share) * (steady if steady == steady else v) + share * v
        cell[at.STEADY_V * at.LANES + k] = drawn if given else steady


@bare_kernel
def add_active(cell: FloatArray, first: int, active: FloatArray, plan: FloatArray) -> None:
    """Add what active balancing (T, n_cells) [A] put into the cells of a group."""
    for k in range(active.shape[0]):
        for j in range(min(at.LANES, active.shape[1] - first)):
            current = active[k, first + j]
            if current == current:
                cell[at.BLEED * at.LANES + j] -= current * plan[k, at.INTERVAL] * HOURS_PER_SECOND


@bare_kernel
def add_impedance(cell: FloatArray, first: int, impedance: FloatArray) -> None:
    """Add measured impedances (T, n_cells) [ohm] of a group's cells."""
    for k in range(impedance.shape[0]):
        for j in range(min(at.LANES, impedance.shape[1] - first)):
            if impedance[k, first + j] == impedance[k, first + j]:
                cell[at.IMPEDANCE_SUM * at.LANES + j] += impedance[k, first + j]
                cell[at.IMPEDANCE_COUNT * at.LANES + j] += 1.0
