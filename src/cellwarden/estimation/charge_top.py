"""What a full pack lacks to full: the level from which everything is counted, by the shape of the knee."""

from __future__ import annotations

import numpy as np

from cellwarden.core.minute_block import IntArray
from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation import central_cell as cc
from cellwarden.estimation.bare_kernel import bare_kernel, counted_kernel
from cellwarden.estimation.charge_anchor import BEST
from cellwarden.estimation.charge_arrays import ChargeArrays
from cellwarden.estimation.knee_shape import FULL_VOLT, LEAST_VOLT, begin_again, missing_to_full, watch_knee
from cellwarden.estimation.scalar_update import scalar_update

SETTLED_SECOND = 5400.0  # a knee's polarisation decays for an hour and more
GAP_SECOND = 600.0
LEVEL_SECOND = 6 * 3600
# of the charge of a full pack over all makes, as a curve that is learnt places it; 0.5 % in the five at hand
LEARNT_TOP_SIGMA = 0.006
KNOWN_TOP_SIGMA = 0.0015  # by which a known curve's top may differ from cell to cell of its make
MOST_MISS = 25.0
STEEP_VOLT = 2.0  # of the curve's slope, below which what it is off by is a voltage and no charge
FARTHEST = 0.02


@bare_kernel
def watch_top(
    state: ChargeArrays,
    work: FloatArray,
    voltage: FloatArray,
    bleed_ah: FloatArray,
    median: float,
    bled_ah: float,
    charge_ah: float,
    elapsed: float,
) -> None:
    """Learn the knee's shape from a string that rests while its cells are bled; `work` (2, ≥ n_cells) is scratch."""
    best, parameters = int(state.scalars[BEST]), state.parameters
    rested = state.memory[best, cc.REST_SECOND] > SETTLED_SECOND and elapsed < GAP_SECOND
    if not rested or parameters[cc.P_UNLOGGED_BLEED] > 0.0 or parameters[cc.P_HAS_KNEE] == 0.0:
        begin_again(state.knee, state.knee_cells)
        return
    x, p, hours = state.x[best], state.p[best], elapsed / 3600.0
    lost = work[0, : voltage.shape[0]]
    for j in range(voltage.shape[0]):
        lost[j] = bleed_ah[j] - bled_ah
    watch_knee(
        state.shapes,
        state.knee,
        state.knee_cells,
        voltage,
        lost,
        median,
        bled_ah + parameters[cc.P_LEAK] * hours - (charge_ah - x[cc.OFFSET] * hours),
        np.sqrt(p[cc.OFFSET, cc.OFFSET]),
        np.exp(x[cc.LN_CAPACITY]),
    )


@bare_kernel
def level_due(state: ChargeArrays, elapsed: float, stamp: float) -> bool:
    """Whether a full pack has come to rest, or has rested on for hours."""
    memory = state.memory[int(state.scalars[BEST])]
    if memory[cc.IS_FULL] == 0.0 or memory[cc.REST_SECOND] < SETTLED_SECOND:
        return False
    return bool(memory[cc.REST_SECOND] < SETTLED_SECOND + elapsed or int(stamp) % LEVEL_SECOND == 0)


@counted_kernel
def level_full(state: ChargeArrays, charge: FloatArray, mode_count: IntArray, median: float) -> None:
    """Set the charge of a full pack to what the knee's shape says, in each curve that is learnt.

    Of a known curve is only kept by how much it contradicts. Each full charge has the same error of the shape, so the
    variance does not fall below that of one. `charge` (K, G) are the curves' charge branches.
    """
    if state.parameters[cc.P_HAS_KNEE] == 0.0 or not LEAST_VOLT < median < FULL_VOLT:
        return
    missing, sigma = missing_to_full(state.shapes, median)
    last = charge.shape[1] - 1
    for k in range(state.x.shape[0]):
        memory = state.memory[k]
        if memory[cc.GIVEN_UP] > 0.0:
            continue
        x, p = state.x[k, : cc.STATES + mode_count[k]], state.p[k]
        capacity = np.exp(x[cc.LN_CAPACITY])
        soc = 1.0 - x[cc.DEFICIT] / capacity
        memory[cc.TOP_SIGMA] = sigma
        if mode_count[k] == 0:
            miss = 1.0 - missing - soc
            memory[cc.TOP_APART] = miss
            memory[cc.TOP_MISS] = min(miss * miss / (sigma * sigma + KNOWN_TOP_SIGMA**2), MOST_MISS)
            continue
        place = min(max(int(soc * last), 1), last - 1)
        slope = 0.5 * (charge[k, place + 1] - charge[k, place - 1]) * last / capacity
        top = (LEARNT_TOP_SIGMA * capacity) ** 2  # another top of the curve leaves the voltage as it is
        p[cc.DEFICIT, cc.DEFICIT] += top
        p[cc.DEFICIT, cc.BETA] += top * slope
        p[cc.BETA, cc.DEFICIT] += top * slope
        p[cc.BETA, cc.BETA] += top * slope * slope
        h = np.zeros(x.shape[0])
        h[cc.DEFICIT] = 1.0
        variance = (sigma * capacity) ** 2
        scalar_update(x, p, h, missing * capacity - x[cc.DEFICIT], variance, 5.0)
        p[cc.DEFICIT, cc.DEFICIT] = max(p[cc.DEFICIT, cc.DEFICIT], variance)


@bare_kernel
def moved_on_curve(state: ChargeArrays, best: int) -> float:
    """By how much of z further from full the learnt curve has the central cell's voltage, where it is steep.

    What the curve is off by at the level that the knee's shape tells is another place on it, with another slope.
    """
    x, curve = state.x[best], state.learnt[1]
    last = curve.shape[0] - 1
    place = min(max((1.0 - x[cc.DEFICIT] / np.exp(x[cc.LN_CAPACITY])) * last, 1.0), last - 1.0)
    low = int(place)
    slope = (curve[low + 1] - curve[low]) * last
    if slope < STEEP_VOLT:
        return 0.0
    volt = curve[low] + (curve[low + 1] - curve[low]) * (place - low) + x[cc.BETA]
    reach = int(FARTHEST * last)
    there = float(max(low - reach, 0))
    for g in range(max(low - reach, 0), min(low + reach, last)):
        if curve[g] < volt:
            there = g + min((volt - curve[g]) / (curve[g + 1] - curve[g]), 1.0)
    return float((place - there) / last)
