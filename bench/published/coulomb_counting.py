"""Enhanced Coulomb counting of every cell: reset when full, capacity learnt when nearly empty, efficiency between.

Ng, Moo, Chen and Hsieh, "Enhanced coulomb counting method for estimating state-of-charge and state-of-health of
lithium-ion batteries", Applied Energy 86 (2009) 1506, § 3: a cell that is full is reset, one that is fully discharged
tells its capacity by what was drawn, and the Coulombic efficiency of charging is what came out over what went in
between two full charges. "Fully discharged" is taken as below 3.1 V without the drop, where the curve tells the rest.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from bench.published.circuit import Circuit, charge_of_voltage
from bench.published.full_charge import FULL_SOC
from bench.published.peer_log import PeerLog
from cellwarden.core.sample_block import FloatArray

__all__ = ["CountTrack", "CountTuning", "coulomb_counting"]

LEAST_OUT_SOC = 0.05  # between two full charges, for an efficiency
EFFICIENCY_SPAN = 0.1
LEAST_SWING_SOC = 0.5  # for a capacity
START_SIGMA = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class CountTuning:
    """What its user chooses: where empty begins [V], errors of a reset and of the current (one sigma), of capacity."""

    empty_volt: float = 3.1
    full_sigma: float = 0.005
    current_sigma_ampere: float = 0.05
    capacity_sigma: float = 0.025
    learns_efficiency: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class CountTrack:
    """(S, n) charge and its sigma; (n,) capacity at the end [Ah], and whether it was learnt."""

    soc_fraction: FloatArray
    soc_sigma: FloatArray
    capacity_ah: FloatArray
    learnt: NDArray[np.bool_]


def coulomb_counting(log: PeerLog, circuit: Circuit, tuning: CountTuning, full: NDArray[np.bool_]) -> CountTrack:
    """Count a log from its first step to its last; `full` (S, n): steps at which a cell counts as full."""
    drop = circuit.resistance_ohm * (log.current_ampere[:, None] - log.bled_ampere)
    bare = log.voltage_volt - drop
    low = np.where(bare < tuning.empty_volt, charge_of_voltage(circuit, bare, -1.0), np.nan)
    moved = (log.mean_ampere[:, None] - log.bled_ampere) * log.step_second[:, None] / 3600.0
    first = np.argmax(np.isfinite(bare), axis=0)
    started = charge_of_voltage(circuit, bare[first, np.arange(bare.shape[1])], float(np.sign(log.current_ampere[0])))
    soc, sigma, capacity, learnt = _counted(
        np.nan_to_num(started, nan=0.5),
        moved,
        log.step_second / 3600.0,
        low,
        full,
        circuit.capacity_ah,
        np.array([tuning.full_sigma, tuning.current_sigma_ampere, tuning.capacity_sigma]),
        tuning.learns_efficiency,
    )
    return CountTrack(soc_fraction=soc, soc_sigma=sigma, capacity_ah=capacity, learnt=learnt)


@njit(cache=True)
def _counted(
    start_soc: FloatArray,
    moved_ah: FloatArray,
    hour: FloatArray,
    low_soc: FloatArray,
    full: NDArray[np.bool_],
    nominal_ah: float,
    sigmas: FloatArray,
    learns: bool,  # noqa: FBT001
) -> tuple[FloatArray, FloatArray, FloatArray, NDArray[np.bool_]]:
    """(S, n) charge and sigma, (n,) capacity and whether it was learnt."""
    steps, cells = moved_ah.shape
    soc, sigma = np.empty((steps, cells)), np.empty((steps, cells))
    capacity, learnt = np.full(cells, nominal_ah), np.zeros(cells, np.bool_)
    for cell in range(cells):
        z, base, efficiency = start_soc[cell], START_SIGMA, 1.0
        ah_in, ah_out, hours, net, anchored = 0.0, 0.0, 0.0, 0.0, False
        for s in range(steps):
            ah = moved_ah[s, cell]
            if ah > 0.0:
                ah_in += ah
                ah *= efficiency
            else:
                ah_out -= ah
            z, net, hours = z + ah / capacity[cell], net + ah, hours + hour[s]
            if full[s, cell]:
                if learns and anchored and ah_out > LEAST_OUT_SOC * nominal_ah:
                    share = ah_out / max(ah_in, 1e-9)
                    efficiency = min(max(share, 1.0 - EFFICIENCY_SPAN), 1.0 + EFFICIENCY_SPAN)
                z, base, anchored = FULL_SOC, sigmas[0], True
                ah_in, ah_out, hours, net = 0.0, 0.0, 0.0, 0.0
            elif not math.isnan(low_soc[s, cell]) and moved_ah[s, cell] < 0.0:
                swing = FULL_SOC - low_soc[s, cell]
                if anchored and swing > LEAST_SWING_SOC and net < 0.0:
                    capacity[cell], learnt[cell] = -net / swing, True
                z = low_soc[s, cell]
            z = min(max(z, 0.0), 1.0)
            soc[s, cell] = z
            drift = sigmas[1] * hours / capacity[cell]
            gain = sigmas[2] * net / capacity[cell]
            sigma[s, cell] = math.sqrt(base**2 + drift**2 + gain**2)
    return soc, sigma, capacity, learnt
