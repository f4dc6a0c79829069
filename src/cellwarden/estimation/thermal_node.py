"""One thermal node: its equation, its gradient by the states, and the slots of the filter, in Numba.

Equation (one cell of the group; heat after Bernardi, Pawlikowski and Newman, J. Electrochem. Soc. 132 (1985) 5)::

    dT/dt = (W + i·u(z) + h·|i|) / C − (T − Ta) / tau + kappa·e^x · Σ (T_neighbour − T)
    reading = T + d + noise

with W the current times overpotential plus the parameter set's entropic heat; u(z), hat functions of the state of
charge, what both are wrong by (entropy, open-circuit voltage); h the loss in the hysteresis; x what the exchange with
neighbours is wrong by, which shows where their temperatures differ. Without an ambient column
d stays 0 and Ta is a state. The mean advances each minute; covariance and readings act on it every five minutes.
"""

from __future__ import annotations

import math

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.bare_kernel import bare_kernel

__all__ = [
    "AMBIENT_AGE",
    "AMPERE",
    "BLIND_WALK_KELVIN",
    "DAY_SECOND",
    "ERROR_WATT",
    "GRADIENT",
    "GROUP_SLOTS",
    "HAS_AMBIENT",
    "HEAT_SIGMA",
    "HELD_COUNT",
    "HELD_DAYS",
    "HELD_INNOVATION",
    "HELD_NOISE",
    "INFORMED",
    "JUMP_COUNT",
    "JUMP_KELVIN",
    "JUMP_KELVIN_MEAN",
    "LAST_AMBIENT",
    "LAST_STAMP",
    "LOG_CAPACITY",
    "LOG_EXCHANGE",
    "LOG_TAU",
    "LONGEST_STEP_SECOND",
    "LOSS_VOLT",
    "LOSS_WATT",
    "NODE_WALK",
    "NOMINAL_AH",
    "OFFSET",
    "OFFSET_WALK",
    "PACK_SLOTS",
    "PATH_SECOND",
    "PATH_WALK",
    "POTENTIAL_KNOTS",
    "POTENTIAL_VOLT",
    "READING_SIGMA",
    "SOC",
    "STATES",
    "WARMTH",
    "WATT",
    "WINDOW",
    "advance_row",
    "knot_place",
    "open_window",
    "spread_covariance",
]

# states of a group; OFFSET holds the equivalent ambient where the log has none
WARMTH, OFFSET, LOG_TAU, LOG_EXCHANGE, LOG_CAPACITY, LOSS_VOLT, POTENTIAL_VOLT = range(7)
POTENTIAL_KNOTS = 8
STATES = POTENTIAL_VOLT + POTENTIAL_KNOTS

# slots of a group: what the open five minutes hold (the gradient of the warmth follows), jumps, information
HELD_NOISE, HELD_INNOVATION, HELD_COUNT, HELD_DAYS, JUMP_COUNT, JUMP_KELVIN_MEAN, PATH_SECOND, INFORMED = range(8)
GRADIENT = 8
GROUP_SLOTS = GRADIENT + STATES

# slots of the pack
LAST_STAMP, LAST_AMBIENT, AMBIENT_AGE, WINDOW = range(4)
PACK_SLOTS = 4

# parameters
HAS_AMBIENT, READING_SIGMA, OFFSET_WALK, PATH_WALK, NODE_WALK, JUMP_KELVIN, HEAT_SIGMA, NOMINAL_AH = range(8)

# columns of the heat
WATT, AMPERE, SOC, ERROR_WATT, LOSS_WATT = range(5)

LONGEST_STEP_SECOND = 300.0
TELLING_KELVIN = 0.7  # smaller differences to the neighbours are as likely the sensors'
BLIND_WALK_KELVIN = 0.05  # in a minute, while the ambient sensor is silent
DAY_SECOND = 86400.0


@bare_kernel
def knot_place(soc: float, knots: FloatArray) -> tuple[int, float]:
    """Index of the knot below and the share of the one above."""
    last = knots.shape[0] - 1
    low = 0
    while low < last - 1 and knots[low + 1] <= soc:
        low += 1
    share = (soc - knots[low]) / (knots[low + 1] - knots[low])
    return low, min(max(share, 0.0), 1.0)


@bare_kernel
def _bias_watt(x: FloatArray, heat: FloatArray, low: int, share: float) -> float:
    """Heat that the parameter set does not know of [W]."""
    volt = (1.0 - share) * x[POTENTIAL_VOLT + low] + share * x[POTENTIAL_VOLT + low + 1]
    return float(heat[AMPERE] * volt + abs(heat[AMPERE]) * x[LOSS_VOLT])


@bare_kernel
def advance_part(
    x: FloatArray,
    group: FloatArray,
    heat: FloatArray,
    ambient: float,
    near: FloatArray,
    kappa: float,
    knots: FloatArray,
    dt: float,
    parameters: FloatArray,
) -> float:
    """Advance the warmth of one group by dt, its gradient by the states and its noise; returns the unknown heat."""
    estimated = parameters[HAS_AMBIENT] == 0.0
    rate = math.exp(-x[LOG_TAU])
    capacity = math.exp(x[LOG_CAPACITY])
    cold = x[OFFSET] if estimated else ambient
    low, share = knot_place(heat[SOC], knots)
    bias = _bias_watt(x, heat, low, share)
    power = (heat[WATT] + bias) / capacity
    flow = 0.0
    exchange = rate
    own_kappa = kappa * math.exp(x[LOG_EXCHANGE])
    for q in range(near.shape[0]):
        if near[q] == near[q]:
            flow += near[q] - x[WARMTH]
            exchange += own_kappa
    decay = math.exp(-exchange * dt)
    phi = (1.0 - decay) / exchange
    slope = power - rate * (x[WARMTH] - cold) + own_kappa * flow
    for a in range(STATES):
        group[GRADIENT + a] *= decay
    if estimated:
        group[GRADIENT + OFFSET] += phi * rate
    group[GRADIENT + LOG_TAU] += phi * rate * (x[WARMTH] - cold)
    if abs(flow) > TELLING_KELVIN:
        group[GRADIENT + LOG_EXCHANGE] += phi * own_kappa * flow
    group[GRADIENT + LOG_CAPACITY] -= phi * power
    group[GRADIENT + LOSS_VOLT] += phi * abs(heat[AMPERE]) / capacity
    group[GRADIENT + POTENTIAL_VOLT + low] += phi * heat[AMPERE] * (1.0 - share) / capacity
    group[GRADIENT + POTENTIAL_VOLT + low + 1] += phi * heat[AMPERE] * share / capacity
    error = phi * (heat[ERROR_WATT] + parameters[HEAT_SIGMA]) / capacity
    group[HELD_NOISE] = (
        decay * decay * group[HELD_NOISE] + parameters[NODE_WALK] ** 2 * dt / 60.0 + error * error * 60.0 / dt
    )
    group[HELD_DAYS] += dt / DAY_SECOND
    x[WARMTH] += phi * slope
    return bias


@bare_kernel
def advance_row(
    x: FloatArray,
    group: FloatArray,
    heat: FloatArray,
    ambient: float,
    near: FloatArray,
    kappa: float,
    knots: FloatArray,
    dt: float,
    parameters: FloatArray,
    blind: int,
) -> float:
    """Advance over a row in steps of five minutes at most; without an ambient (blind) the warmth may wander."""
    steps = math.ceil(dt / LONGEST_STEP_SECOND)
    bias = 0.0
    for _ in range(steps):
        cold = ambient if ambient == ambient else x[WARMTH]
        bias = advance_part(x, group, heat, cold, near, kappa, knots, dt / steps, parameters)
    group[HELD_NOISE] += blind * BLIND_WALK_KELVIN**2 * dt / 60.0
    return bias


@bare_kernel
def spread_covariance(p: FloatArray, gradient: FloatArray, row: FloatArray) -> None:
    """P ← F P Fᵀ where only the first row of F, the gradient, differs from the identity's; `row` (n,) is scratch."""
    n = p.shape[0]
    row[:] = 0.0
    corner = 0.0
    for b in range(n):
        weight = gradient[b]
        for a in range(n):
            row[a] += weight * p[b, a]
    for a in range(n):
        corner += gradient[a] * row[a]
    for a in range(1, n):
        p[0, a] = row[a]
        p[a, 0] = row[a]
    p[0, 0] = corner


@bare_kernel
def open_window(group: FloatArray) -> None:
    """Begin five minutes."""
    group[HELD_NOISE] = 0.0
    group[HELD_INNOVATION] = 0.0
    group[HELD_COUNT] = 0.0
    group[HELD_DAYS] = 0.0
    group[GRADIENT:] = 0.0
    group[GRADIENT + WARMTH] = 1.0
