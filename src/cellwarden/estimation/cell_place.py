"""Where on the curve a cell stands that is seen beside a pack on its upper knee, by search: no straight line reaches.

Near the pack's own place the knee is steep, and one difference of charge fits. Far below, a cell is on the plateau,
where many do: all of them count, the likelier the nearer the curve comes to the reading on either branch, and the
likelier the nearer they are to the others, for cells are charged as one string.
"""

from __future__ import annotations

import numpy as np

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.bare_kernel import bare_kernel
from cellwarden.estimation.ocv_lookup import branch_voltage

__all__ = [
    "PLATEAU_SOC",
    "RESTED_SECOND",
    "STEEP_VOLT",
    "is_steep",
    "place_beside",
    "stands_far",
    "weigh_far",
]

STEEP_VOLT = 2.0  # slope above which a drift is charge rather than the sensor
NEAR_FIRST, NEAR_LAST, NEAR_STEPS = -0.02, 0.05, 141  # of the capacity
NEAR_VOLT, NEAR_SIGMA, NEAR_WIDEST = 0.004, 0.002, 0.02
FAR_STEPS = 201
FAR_SHARE = 0.15  # of the capacity over which a difference becomes e times less likely: judged, for few fall further
FAR_SIGMA_VOLT = 0.012  # by which plateaus of the makes of the simulator lie beside the parameter set's
FAR_VOLT = 0.03  # below the others: more than the foot of a knee
# after which a reading off the knee is a new one: the cell has moved to where the curve's error is another. With a
# third of that a short of 150 mA in a simulated pack ended 25 % too small in place of 12 %
FAR_SECOND = 240 * 3600.0
PLATEAU_SOC = 0.95  # where the charge branch has come down from the upper knee to the plateau
RESTED_SECOND = 3600.0  # after which polarisation is gone
GRID_SIGMAS, GRID_STEPS = 4.0, 161


@bare_kernel
def is_steep(discharge: FloatArray, charge: FloatArray, hysteresis: float, soc: float) -> bool:
    """Whether z is on a knee."""
    _, slope = branch_voltage(discharge, charge, hysteresis, soc)
    return bool(abs(slope) >= STEEP_VOLT)


@bare_kernel
def place_beside(
    discharge: FloatArray, charge: FloatArray, hysteresis: float, central: float, seen_volt: float
) -> tuple[float, float, bool]:
    """By how much a cell is emptier than the pack at z = `central`, its sigma, and whether it is off the knee.

    Both are shares of the capacity. `seen_volt` is its voltage less the pack's, `hysteresis` that of the pack.
    """
    reference, _ = branch_voltage(discharge, charge, hysteresis, central)
    best, least, first, last = 0.0, np.inf, np.inf, -np.inf
    for step in range(NEAR_STEPS):
        difference = NEAR_FIRST + step * (NEAR_LAST - NEAR_FIRST) / (NEAR_STEPS - 1.0)
        voltage, _ = branch_voltage(discharge, charge, hysteresis, central - difference)
        miss = abs(voltage - reference - seen_volt)
        if miss < NEAR_VOLT:
            first, last = min(first, difference), max(last, difference)
        if miss < least:
            best, least = difference, miss
    ends = max(last, best) > NEAR_LAST - 1e-9
    if ends and seen_volt < 0.0 and central >= PLATEAU_SOC:  # further down as many fit, on a plateau
        far, sigma = _far_below(discharge, charge, central, reference + seen_volt)
        return far, sigma, True
    if last < first:
        return best, NEAR_WIDEST, False
    # of all that fit, the one that needs the least difference
    sigma = min(max(0.5 * (last - first), NEAR_SIGMA), NEAR_WIDEST)
    return min(max(0.0, first), last), sigma, False


@bare_kernel
def _far_below(discharge: FloatArray, charge: FloatArray, central: float, volt: float) -> tuple[float, float]:
    """Mean and sigma of how far below the pack a cell of that voltage stands, as shares of the capacity."""
    total, mean, square = 0.0, 0.0, 0.0
    for step in range(FAR_STEPS):
        difference = step / (FAR_STEPS - 1.0) * central
        outside = min(_outside(discharge, charge, central - difference, volt), 600.0)
        odds = np.exp(-0.5 * outside - difference / FAR_SHARE)
        total += odds
        mean += odds * difference
        square += odds * difference * difference
    mean /= total
    return mean, np.sqrt(max(square / total - mean * mean, NEAR_WIDEST * NEAR_WIDEST))


@bare_kernel
def stands_far(charge: FloatArray, central: float, volt: float, seen_volt: float, rest_second: float) -> bool:
    """Whether a cell at rest stands on the plateau while the pack, at z = `central`, is on its upper knee.

    `volt` is the cell's open-circuit voltage, `seen_volt` the same less the pack's, negative below it [V].
    """
    end, _ = branch_voltage(charge, charge, 1.0, PLATEAU_SOC)
    on_knee = central >= PLATEAU_SOC and rest_second > RESTED_SECOND
    return bool(on_knee and seen_volt < -FAR_VOLT and volt < end)


@bare_kernel
def weigh_far(
    y: FloatArray,
    p: FloatArray,
    index: int,
    discharge: FloatArray,
    charge: FloatArray,
    deficit: float,
    own_ah: float,
    volt: float,
    elapsed_second: float,
    gain: FloatArray,
) -> None:
    """Weigh where a cell may be that stands far below the others by its open-circuit voltage, in place.

    State `index` of `y` is by how much it is emptier than they are [Ah], who miss `deficit` to full. Its Gaussian is
    weighed by the whole curve on a grid and made one again by its moments; what else rests on it follows.
    `gain` (n_states,) is scratch.
    """
    mean, variance = y[index], p[index, index]
    sigma = np.sqrt(variance)
    share = min(elapsed_second / FAR_SECOND, 1.0)
    total, first, square, all_before, square_before = 0.0, 0.0, 0.0, 0.0, 0.0
    for step in range(GRID_STEPS):
        apart = GRID_SIGMAS * (2.0 * step / (GRID_STEPS - 1.0) - 1.0)
        soc = 1.0 - (deficit + mean + apart * sigma) / own_ah
        before = np.exp(-0.5 * apart * apart)
        odds = before * np.exp(-0.5 * share * min(_outside(discharge, charge, soc, volt), 600.0))
        total += odds
        first += odds * apart
        square += odds * apart * apart
        all_before += before
        square_before += before * apart * apart
    first /= total
    # against the same grid, or the ends that it leaves out would make every reading tell a little
    kept = max((square / total - first * first) * all_before / square_before, 1e-3)
    for a in range(y.shape[0]):
        gain[a] = p[a, index] / variance
        y[a] += gain[a] * first * sigma
    for a in range(y.shape[0]):
        for b in range(y.shape[0]):
            p[a, b] += gain[a] * gain[b] * (kept - 1.0) * variance


@bare_kernel
def _outside(discharge: FloatArray, charge: FloatArray, soc: float, volt: float) -> float:
    """By how many sigma a voltage lies outside the two branches at z, squared."""
    low, _ = branch_voltage(discharge, charge, -1.0, soc)
    high, _ = branch_voltage(discharge, charge, 1.0, soc)
    outside = max(low - volt, volt - high, 0.0) / FAR_SIGMA_VOLT
    return float(outside * outside)
