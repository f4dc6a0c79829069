"""Stepping a live pack: `begin` makes its first state, `advance` brings a state forward; both are pure."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from cellwarden.simulator.live.fault_begin import begin_due_faults
from cellwarden.simulator.live.live_kernel import run_steps
from cellwarden.simulator.live.live_pack import LivePack
from cellwarden.simulator.live.live_state import LiveState, curves_of, new_live_state
from cellwarden.simulator.pack_setup import copied

__all__ = ["LONGEST_STEP_SECOND", "SHORTEST_STEP_SECOND", "advance", "begin"]

SHORTEST_STEP_SECOND, LONGEST_STEP_SECOND = 0.1, 10.0
_AIR_SECOND = 60.0  # the air's temperature is taken anew that often
_SETTLE_SECOND = 1.0
_ROUNDING_SECOND = 1e-6


def begin(pack: LivePack) -> LiveState:
    """The pack one second after it was switched on, with the faults that it starts with."""
    state = begin_due_faults(pack, new_live_state(pack))
    return advance(pack, state, _SETTLE_SECOND)


def advance(pack: LivePack, state: LiveState, until_second: float, step_second: float = 1.0) -> LiveState:
    """The pack at a later time.

    Parameters
    ----------
    pack : description of the pack
    state : left as it is
    until_second : since the pack's start [s]; an earlier time than the state's gives the state itself
    step_second : longest step [s], from 0.1 to 10

    Returns
    -------
    LiveState
        At `until_second`, or less than 0.1 s before it: no step is shorter than that.

    Raises
    ------
    ValueError
        A step outside its range, or a time that is not finite.
    """
    if not SHORTEST_STEP_SECOND <= step_second <= LONGEST_STEP_SECOND or not math.isfinite(until_second):
        raise ValueError(f"cannot advance to {until_second} s in steps of {step_second} s")
    while until_second - state.second >= SHORTEST_STEP_SECOND - _ROUNDING_SECOND:
        state = begin_due_faults(pack, _stretch(pack, state, until_second, step_second))
    return state


def _stretch(pack: LivePack, state: LiveState, until_second: float, step_second: float) -> LiveState:
    """Steps up to the next moment at which something changes."""
    demand = pack.duty.demand(state.second + _ROUNDING_SECOND)
    onsets = [fault.onset_day * 86400.0 for index, fault in enumerate(pack.faults) if index not in state.begun]
    due = min(until_second, demand.until_second, state.second + _AIR_SECOND, *onsets)
    length = max(due - state.second, SHORTEST_STEP_SECOND)
    count = math.ceil(length / step_second - _ROUNDING_SECOND)
    after = replace(state, second=state.second + length, cell=copied(state.cell), pack=copied(state.pack))
    drawn_ah = run_steps(
        state.cells,
        curves_of(pack.design.cell),
        state.settings,
        after.cell,
        after.pack,
        demand.load_watt,
        demand.charge_limit_ampere,
        pack.ambient.celsius(state.second + 0.5 * length),
        state.second,
        length / count,
        count,
    )
    if not np.isfinite(after.pack.volt).all():
        raise ArithmeticError(f"the pack's state is lost at {after.second} s: a fault beyond what a cell can bear")
    return replace(after, drawn_ah=state.drawn_ah + drawn_ah)
