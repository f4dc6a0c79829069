"""Twenty minutes ahead under the present load, in Numba."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.bare_kernel import bare_kernel
from cellwarden.estimation.thermal_node import knot_place

__all__ = ["built_up", "forecast_temperature"]

HORIZON_SECOND = 1200.0
STEPS = 8
KELVIN = 273.15

# columns of the group's inputs
WARMTH, AMBIENT, TAU, CAPACITY, OVERPOTENTIAL, SOC, SOC_RATE = range(7)
INPUTS = 7


@bare_kernel
def forecast_temperature(
    current: FloatArray,
    missing: FloatArray,
    built: FloatArray,
    group: FloatArray,
    correction: FloatArray,
    knots: FloatArray,
    entropy: FloatArray,
    limit: FloatArray,
    out: FloatArray,
) -> None:
    """March every group through the horizon and note the highest temperature.

    Parameters
    ----------
    current : (M,) the present load [A]
    missing : (M, 2) slow polarisation that this load has yet to build up [V]
    built : (STEPS, 2) share of it that the middle of each step has
    group : (M, S, 7) temperature, ambient [°C], time constant [s], heat capacity [J/K], overpotential now [V], state
        of charge, its rate [1/s]
    correction : (M, S, 9) loss voltage and potential at the knots [V]
    knots : (8,) state of charge of the knots
    entropy : (G,) dU/dT on a uniform grid of the state of charge [V/K]
    limit : (M,) [°C]
    out : (M, S, 3) filled: highest temperature [°C], time until the limit [s], highest without the heat [°C]
    """
    dt = HORIZON_SECOND / STEPS
    for k in range(current.shape[0]):
        for g in range(group.shape[1]):
            at = group[k, g]
            here = at[WARMTH]
            idle = at[WARMTH]
            out[k, g, 0] = here
            out[k, g, 1] = 0.0 if here > limit[k] else np.inf
            decay = math.exp(-dt / at[TAU])
            for step in range(STEPS):
                ahead = (step + 0.5) * dt
                soc = min(max(at[SOC] + at[SOC_RATE] * ahead, 0.0), 1.0)
                volt = at[OVERPOTENTIAL]
                for e in range(built.shape[1]):
                    volt += missing[k, e] * built[step, e]
                volt += _correction_volt(correction[k, g], knots, soc, here, entropy)
                watt = current[k] * volt + abs(current[k]) * correction[k, g, 0]
                steady = at[AMBIENT] + watt * at[TAU] / at[CAPACITY]
                before = here
                here = steady + (here - steady) * decay
                idle = at[AMBIENT] + (idle - at[AMBIENT]) * decay
                out[k, g, 0] = max(out[k, g, 0], here)
                if here > limit[k] and out[k, g, 1] == np.inf:
                    out[k, g, 1] = dt * (step + (limit[k] - before) / (here - before))
            out[k, g, 2] = here - idle


@njit(cache=True)
def built_up(tau: FloatArray) -> FloatArray:
    """(STEPS, elements) share of the missing polarisation that the middle of each step has."""
    built = np.empty((STEPS, tau.shape[0]))
    for step in range(STEPS):
        for e in range(tau.shape[0]):
            built[step, e] = 1.0 - math.exp(-(step + 0.5) * HORIZON_SECOND / STEPS / tau[e])
    return built


@bare_kernel
def _correction_volt(
    correction: FloatArray, knots: FloatArray, soc: float, celsius: float, entropy: FloatArray
) -> float:
    """Entropic potential T·dU/dT and what the log adds to it, at a state of charge [V]."""
    low, share = knot_place(soc, knots)
    learnt = (1.0 - share) * correction[1 + low] + share * correction[2 + low]
    slope = entropy[min(int(soc * (entropy.shape[0] - 1) + 0.5), entropy.shape[0] - 1)]
    return float(learnt + (celsius + KELVIN) * slope)
