"""How faults come into a live pack: what each kind changes when it begins."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cellwarden.simulator.cell_arrays import CellArrays
from cellwarden.simulator.fault import Fault
from cellwarden.simulator.live.equilibrium_points import equilibrium_points
from cellwarden.simulator.live.live_pack import LivePack, sensor_index
from cellwarden.simulator.live.live_state import LiveState, curves_of
from cellwarden.simulator.pack_setup import copied

__all__ = ["begin_due_faults"]


def begin_due_faults(pack: LivePack, state: LiveState) -> LiveState:
    """The state with those faults that have their onset now or had it before."""
    for index, fault in enumerate(pack.faults):
        if index not in state.begun and fault.onset_day * 86400.0 <= state.second + 1e-6:
            state = replace(_begun(pack, state, index, fault), begun=state.begun | {index})
    return state


def _begun(pack: LivePack, state: LiveState, index: int, fault: Fault) -> LiveState:
    if fault.kind == "sensor_stuck":
        return replace(state, held={**state.held, index: _reading_now(state, pack, fault)})
    if fault.kind == "soc_imbalance":
        return _unbalanced(pack, state, fault)
    if fault.kind == "voltage_sensor_offset":
        # a stuck-on offset is the channel's whole offset from now on
        after = replace(state, pack=copied(state.pack))
        after.pack.channel_offset_volt[list(pack.cells_of(fault))] = fault.size
        return after
    cells, cell_state = copied(state.cells), copied(state.cell)
    for k in pack.cells_of(fault):
        _change(cells, fault, k)
    cell_state.cached_step_second[:] = np.nan  # factors of the old parameters
    after = replace(state, cells=cells, cell=cell_state)
    return _with_lost_capacity(pack, state, after, fault) if fault.kind == "capacity_low" else after


def _change(cells: CellArrays, fault: Fault, k: int) -> None:
    """Change what belongs to one cell."""
    match fault.kind:
        case "self_discharge" if fault.short_ohm is not None:
            cells.short_siemens[k] += 1.0 / fault.short_ohm
        case "self_discharge":
            cells.leak_ampere[k] += fault.size
        case "connection_resistance_high":
            cells.extra_joint_ohm[k] += fault.size
        case "thermal_path_degraded":
            cells.ambient_resistance_kelvin_per_watt[k] *= fault.size
        case "resistance_high":
            for resistance in (cells.ohmic_ohm, cells.electrolyte_ohm):
                resistance[k] *= 1.0 + fault.size
            for exchange in (cells.negative_exchange_ampere, cells.positive_exchange_ampere):
                exchange[k] /= 1.0 + fault.size
        case "capacity_low":
            for amount in (cells.negative_capacity_ah, cells.positive_capacity_ah, cells.total_lithium_ah):
                amount[k] *= 1.0 - fault.size


def _with_lost_capacity(pack: LivePack, before: LiveState, after: LiveState, fault: Fault) -> LiveState:
    """Points of the smaller cell; the charge missing to full stays as it was."""
    full_ah, empty_ah = equilibrium_points(after.cells, curves_of(pack.design.cell))
    changed = replace(after, full_ah=full_ah, empty_ah=empty_ah)
    for k in pack.cells_of(fault):
        missing_ah = before.full_ah[k] - before.cell.negative_lithium_ah[k]
        _set_lithium(changed, k, full_ah[k] - missing_ah)
    return changed


def _unbalanced(pack: LivePack, state: LiveState, fault: Fault) -> LiveState:
    """A cell that is fuller than the median by the fault's size [Ah], seen from the full point."""
    after = replace(state, cell=copied(state.cell))
    gap_ah = float(np.median(state.full_ah - state.cell.negative_lithium_ah)) - fault.size
    for k in pack.cells_of(fault):
        _set_lithium(after, k, state.full_ah[k] - gap_ah)
    return after


def _set_lithium(state: LiveState, k: int, lithium_ah: float) -> None:
    """Put that charge into a cell, within what it holds; the hysteresis goes with it."""
    low = state.empty_ah[k] + 0.02 * (state.full_ah[k] - state.empty_ah[k])
    moved = min(max(lithium_ah, low), state.full_ah[k]) - state.cell.negative_lithium_ah[k]
    state.cell.negative_lithium_ah[k] += moved
    state.cell.hysteresis_centre[k] += moved / state.cells.positive_capacity_ah[k]


def _reading_now(state: LiveState, pack: LivePack, fault: Fault) -> float:
    """What a sensor reads at this moment, to three decimals, and goes on reading."""
    if fault.cell is not None:
        k = fault.cell - 1
        return round(float(state.pack.volt[k] + state.pack.channel_offset_volt[k]), 3)
    touched = pack.design.temperature_cells[sensor_index(fault.sensor or "")]
    return round(float(np.mean(state.cell.temperature_celsius[[cell - 1 for cell in touched]])), 1)
