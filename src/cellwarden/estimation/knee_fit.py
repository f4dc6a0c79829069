"""How far a cell is behind a course of voltage: roughly by all of the course, then closely by its knee.

A reading follows the course s ampere-hours later, and is off by a constant: v(q) = c(q − s) + o. Roughly, the offset is
taken out for each shift of a grid, and the shifts are weighed by what is left, so that a cell that never leaves the
plateau, where many shifts fit alike, is told as such. What cells differ by lasts over a knee: as many rows as share its
slope count as one reading. Closely, the offset is that on the plateau, where curves of cells differ by more than a
shift moves them, and the shift is found at the voltages of the knee that both have reached.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.bare_kernel import bare_kernel, counted_kernel

__all__ = ["Course", "Shift", "fit_shift", "rising_course"]

BEHIND_SHARE, AHEAD_SHARE = 0.15, 0.08  # of the capacity, as far as shifts are looked for
COARSE, FINE = 70, 16  # shifts over that, and within each step of them next to a place that fits
NEAR_LOG = 6.0  # by which a place may fit worse to be looked at
COMPARED_SHARE = 0.5  # of the course, that is compared at least
LEAST_QUANTILE, LEAST_SIGMAS = 0.025, 2.0
PASSES = 3  # the plateau slopes a little: a cell that is behind has its offset from a little further down
UNLIKE_SHARE = 0.004  # of the capacity, by which the rough shift is off where a plateau that slopes is not that of all
AGREE_SIGMAS = 3.0  # of the rough shift, beyond which the close one has lost its way
CLIMBED_VOLT = 0.005  # that a cell must have climbed of the knee
LEVELS = 40  # of voltage at which the two courses are compared
LEAST_RISE_VOLT, LEAST_STEP_AH = 1e-8, 1e-9  # so that a course that stands still has one place for each voltage
SHAPE_SHARE, PLATEAU_SHARE = 0.05, 0.3  # of the shift, and of what the slope of the plateau makes of it
MOST_SIGMA_SHARE, LEAST_SIGMA_SHARE = 0.01, 1e-4  # of the capacity: a shift that is less sure is none, nor is any surer
EDGE_SHARE = 0.1  # of the shifts that are looked for, at the far end


class Course(NamedTuple):
    """A way of voltage: (R,) charge [Ah], rising, current [A], and voltage without the current's share [V].

    `plateau` (R,) tells the rows below the knee, which begins at row `first`, `plateau_ampere` the mean current there.
    `sigma_volt` is by how much a reading of another cell strays from it where it is steepest, `weight` (R,) how much of
    a reading of its own a row is.
    """

    charge_ah: FloatArray
    current_ampere: FloatArray
    volt: FloatArray
    plateau: NDArray[np.bool_]
    plateau_ampere: float
    first: int
    weight: FloatArray
    sigma_volt: float


class Shift(NamedTuple):
    """How far one cell is behind [Ah]; NaN but for the last where many shifts fit.

    `sigma_ah` is without what of it scales with the shift, `scale_ah`, and what an unknown resistance adds,
    `current_ah`; `least_ah` is what the cell is behind at least.
    """

    behind_ah: float
    sigma_ah: float
    scale_ah: float
    current_ah: float
    least_ah: float


@counted_kernel
def fit_shift(course: Course, volt: FloatArray, capacity_ah: float, unknown_ohm: float) -> Shift:
    """Where one cell stands.

    Parameters
    ----------
    volt : (R,) readings without the current's share [V]
    unknown_ohm : by how much that share may be off, one sigma
    """
    if not np.isfinite(volt).all():
        return Shift(np.nan, np.nan, np.nan, np.nan, np.nan)
    rough, sigma, least = _rough_shift(course, volt, capacity_ah)
    sigma = np.hypot(sigma, UNLIKE_SHARE * capacity_ah)
    if sigma > MOST_SIGMA_SHARE * capacity_ah:
        return Shift(np.nan, np.nan, np.nan, np.nan, least)
    behind, by_current = rough, 0.0
    for _ in range(PASSES):
        close, slope, apart = _close_shift(course, volt - _offset(course, volt, behind))
        if not abs(close - rough) < AGREE_SIGMAS * sigma:
            break
        behind = close
    else:
        sigma = max(course.sigma_volt / slope, LEAST_SIGMA_SHARE * capacity_ah)
        by_current = unknown_ohm * apart / slope
    level, _, _ = _close_shift(course, volt - _offset(course, volt, 0.0))
    moved = behind - (level if level == level else 0.0)
    return Shift(behind, sigma, np.hypot(SHAPE_SHARE * behind, PLATEAU_SHARE * moved), by_current, least)


@counted_kernel
def _rough_shift(course: Course, volt: FloatArray, capacity_ah: float) -> tuple[float, float, float]:
    """Mean and sigma of the shifts that fit, and what the cell is behind at least [Ah]."""
    most = min(BEHIND_SHARE * capacity_ah, COMPARED_SHARE * (course.charge_ah[-1] - course.charge_ah[0]))
    first = -min(AHEAD_SHARE * capacity_ah, most)
    step = (most - first) / (COARSE - 1)
    coarse = np.empty(COARSE)
    for k in range(COARSE):
        coarse[k] = _misfit(course, volt, first + k * step)
    near = coarse.min() + NEAR_LOG * max(coarse.min(), 1.0)
    shifts, misfits = np.empty(COARSE * FINE), np.full(COARSE * FINE, np.inf)
    for k in range(COARSE):
        looked_at = coarse[max(k - 1, 0) : k + 2].min() < near
        for i in range(FINE):
            place = k * FINE + i
            shifts[place] = first + (k + i / FINE) * step
            if looked_at and shifts[place] <= most:
                misfits[place] = _misfit(course, volt, shifts[place])
    weight = np.exp(misfits.min() - misfits)
    weight /= weight.sum()
    mean = (weight * shifts).sum()
    sigma = np.sqrt((weight * (shifts - mean) ** 2).sum())
    # where nothing fits as well as it should, more may be meant
    doubted = np.exp((misfits.min() - misfits) / max(misfits.min(), 1.0))
    least = shifts[np.searchsorted(np.cumsum(doubted), LEAST_QUANTILE * doubted.sum())]
    if weight[shifts > most - EDGE_SHARE * (most - first)].sum() > LEAST_QUANTILE:
        sigma = np.inf  # what lies beyond may fit as well
    return mean, sigma, least - LEAST_SIGMAS * UNLIKE_SHARE * capacity_ah


@bare_kernel
def _misfit(course: Course, volt: FloatArray, shift_ah: float) -> float:
    """Half the sum of squares that is left at one shift, in sigmas; of rows that are not compared what is expected."""
    rows, place = volt.shape[0], 0
    weight, total, square, missed = 0.0, 0.0, 0.0, 0.0
    for k in range(rows):
        own = course.weight[k]
        charge = course.charge_ah[k] - shift_ah
        if charge < course.charge_ah[0] or charge > course.charge_ah[rows - 1]:
            missed += own
            continue
        while place < rows - 2 and course.charge_ah[place + 1] < charge:
            place += 1
        span = course.charge_ah[place + 1] - course.charge_ah[place]
        share = (charge - course.charge_ah[place]) / span if span > 0.0 else 0.0
        miss = volt[k] - course.volt[place] - share * (course.volt[place + 1] - course.volt[place])
        weight += own
        total += own * miss
        square += own * miss * miss
    return 0.5 * ((square - total * total / weight) / course.sigma_volt**2 + missed)


@counted_kernel
def _offset(course: Course, volt: FloatArray, behind_ah: float) -> float:
    """Mean of what a cell that is so far behind reads above the course on the plateau [V]."""
    expected = np.interp(course.charge_ah - behind_ah, course.charge_ah, course.volt)
    total, count, all_total, all_count = 0.0, 0, 0.0, 0
    for k in range(volt.shape[0]):
        place = course.charge_ah[k] - behind_ah
        if course.plateau[k]:
            all_total += volt[k] - expected[k]
            all_count += 1
            if course.charge_ah[0] <= place <= course.charge_ah[-1]:
                total += volt[k] - expected[k]
                count += 1
    return float(total / count if count > 0 else all_total / all_count)


@counted_kernel
def _close_shift(course: Course, volt: FloatArray) -> tuple[float, float, float]:
    """Charge by which the cell passes the steep voltages after the median [Ah], NaN if it does not.

    Beside it the slope there [V/Ah], and what the cell's current differs by from the median's and the plateau's [A].
    """
    rising = rising_course(volt)
    bottom, top = course.volt[course.first], min(course.volt[-1], rising[-1])
    if top < bottom + CLIMBED_VOLT:
        return np.nan, np.nan, np.nan
    levels = np.linspace(bottom, top, LEVELS)
    median_ah = np.interp(levels, course.volt, course.charge_ah)
    cell_ah = np.interp(levels, rising, course.charge_ah)
    median_ampere = np.interp(median_ah, course.charge_ah, course.current_ampere)
    cell_ampere = np.interp(cell_ah, course.charge_ah, course.current_ampere)
    total, behind, apart, square = 0.0, 0.0, 0.0, 0.0
    for k in range(1, LEVELS):
        step_ah = max(median_ah[k] - median_ah[k - 1], LEAST_STEP_AH)
        slope = (levels[k] - levels[k - 1]) / step_ah
        weight = slope * slope * step_ah
        total += weight
        behind += weight * 0.5 * (cell_ah[k] + cell_ah[k - 1] - median_ah[k] - median_ah[k - 1])
        apart += weight * (abs(median_ampere[k] - cell_ampere[k]) + abs(cell_ampere[k] - course.plateau_ampere))
        square += weight * slope * slope
    return behind / total, np.sqrt(square / total), apart / total


@counted_kernel
def rising_course(volt: FloatArray) -> FloatArray:
    """The same course without its falls, so that each voltage has one place."""
    rising, highest = np.empty_like(volt), -np.inf
    for k in range(volt.shape[0]):
        highest = max(highest, volt[k])
        rising[k] = highest + LEAST_RISE_VOLT * k
    return rising
