"""By how much charge each cell is behind the others, from when it climbs the knee in one charge.

A cell that is behind by s follows the same course of voltage as the median, s ampere-hours later. So the pack is its
own yardstick: no curve of a parameter set and no width of its knee is needed. What a cell's reading and resistance
differ by is taken from the plateau before, at the same current, and the shift is found where the median climbs
steeply, at voltages that both have reached.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.bare_kernel import counted_kernel
from cellwarden.estimation.middle_value import known_middle_values

__all__ = ["ChargeRows", "KneeShift", "knee_shift"]

PLATEAU_SOC = (0.72, 0.92)  # above the step of the graphite's staging, below the knee
LEAST_ROWS = 20  # on the plateau
SAME_CURRENT = 0.4  # of the plateau's: what is less has another polarisation
STEP_SHARE = 0.05  # of that current: steps of this size on the plateau tell as much of the resistance as the set does
SMOOTHED_ROWS = 5  # minutes, against the noise of the readings; a climb of the knee takes some ten
STEEP_VOLT = 0.6  # by unit of charge, from there to the end of the charge: above the plateau's several times
CLIMBED_VOLT = 0.005  # that a cell must have climbed of it
LEVELS = 40  # of voltage at which the two courses are compared
LEAST_RISE_VOLT, LEAST_STEP_AH = 1e-8, 1e-9  # so that a course that stands still has one place for each voltage
PASSES = 3  # the plateau slopes a little: a cell that is behind has its offset from a little further down
ALIKE_VOLT = 0.001  # by which knees of alike cells are unlike from one charge to the next
SHAPE_SHARE, PLATEAU_SHARE = 0.05, 0.3  # of the shift, of what the passes change
RESISTANCE_SHARE = 0.2  # of R times what the current differs by from the median's, and from the plateau's


@dataclass(frozen=True, slots=True)
class ChargeRows:
    """R rows of one charge: stamps [s], charged so far [Ah], currents [A], (R, n) readings [V], bled so far [Ah].

    `soc_fraction` (R,) is the median cell's, `voltage_volt` NaN where a cell was not read.
    """

    stamp: FloatArray
    charge_ah: FloatArray
    current_ampere: FloatArray
    soc_fraction: FloatArray
    voltage_volt: FloatArray
    bled_ah: FloatArray


@dataclass(frozen=True, slots=True)
class KneeShift:
    """Charge by which each cell is behind the median's course, (n_cells,) [Ah], with its sigma; NaN where not known.

    `scale_ah` is what of the sigma goes with how far the cell is behind, and is much alike from charge to charge;
    `least_ah` is what it is behind at least, also of a cell that did not reach the knee; `away_volt` how far above the
    median it is read at most, on the plateau and where that is highest. `bled_ah` (n_cells,) had been bled when the
    median stood in the middle of what was compared, at `stamp` [s].
    """

    stamp: float
    behind_ah: FloatArray
    sigma_ah: FloatArray
    scale_ah: FloatArray
    least_ah: FloatArray
    away_volt: FloatArray
    bled_ah: FloatArray


class _Course(NamedTuple):
    """The median's way: (R,) charge [Ah], current [A], voltage without the current's share, never falling [V].

    `plateau_ampere` is the mean current on the plateau, where the cells' readings are compared.
    """

    charge_ah: FloatArray
    current_ampere: FloatArray
    volt: FloatArray
    plateau: NDArray[np.bool_]
    plateau_ampere: float
    first: int
    scatter_volt: float
    resistance_ohm: float


def knee_shift(rows: ChargeRows, capacity_ah: float, resistance_ohm: float) -> KneeShift | None:
    """Compare the cells in one charge; None where it has no plateau, or ends before the knee.

    Parameters
    ----------
    resistance_ohm : of a cell, for currents that are not quite alike; steps of the current correct it
    """
    on_plateau = (rows.soc_fraction > PLATEAU_SOC[0]) & (rows.soc_fraction < PLATEAU_SOC[1])
    if int(on_plateau.sum()) < LEAST_ROWS:
        return None
    usual = float(np.median(rows.current_ampere[on_plateau]))
    strong = rows.current_ampere > SAME_CURRENT * usual
    kept = np.flatnonzero((rows.soc_fraction > PLATEAU_SOC[0]) & strong)
    if len(kept) < LEAST_ROWS + SMOOTHED_ROWS:
        return None
    current, volt = rows.current_ampere[kept], _filled(rows.voltage_volt[kept])
    if np.isnan(volt).all():
        return None
    plateau = on_plateau[kept]
    ohm = _resistance(current[plateau], volt[plateau], resistance_ohm, STEP_SHARE * usual)
    volt = _smoothed(volt - ohm * current[:, None])
    kept = kept[: int(np.argmax(known_middle_values(volt))) + 1]  # then the current tapers
    current, volt, plateau = current[: len(kept)], volt[: len(kept)], plateau[: len(kept)]
    course = _course(rows.charge_ah[kept], current, volt, plateau, capacity_ah, ohm)
    if course is None:
        return None
    found = np.array([_behind(course, np.ascontiguousarray(volt[:, j])) for j in range(volt.shape[1])])
    middle = int(kept[(course.first + len(kept)) // 2])
    away = volt - known_middle_values(volt)[:, None]
    highest = np.fmax(away[-1], away[plateau].mean(axis=0))
    behind, sigma, scale, least = found.T
    return KneeShift(float(rows.stamp[middle]), behind, sigma, scale, least, highest, rows.bled_ah[middle])


def _resistance(current: FloatArray, volt: FloatArray, prior_ohm: float, step_ampere: float) -> float:
    """The median cell's resistance by the steps of the current, joined with the prior as if that were one step."""
    steps = current[SMOOTHED_ROWS:] - current[:-SMOOTHED_ROWS]
    rises = known_middle_values(volt[SMOOTHED_ROWS:] - volt[:-SMOOTHED_ROWS])
    weight = float((steps**2).sum()) + step_ampere**2
    return (float((steps * rises).sum()) + prior_ohm * step_ampere**2) / weight


def _filled(volt: FloatArray) -> FloatArray:
    """Readings with gaps bridged by straight lines; all NaN where less than half of a cell's rows were read."""
    if np.isfinite(volt).all():
        return volt
    filled, rows = volt.copy(), np.arange(len(volt))
    for j in range(volt.shape[1]):
        read = np.isfinite(volt[:, j])
        enough = 2 * int(read.sum()) > len(rows)
        filled[:, j] = np.interp(rows, rows[read], volt[read, j]) if enough else np.nan
    return filled


def _smoothed(volt: FloatArray) -> FloatArray:
    """Running means over `SMOOTHED_ROWS` rows."""
    aside = SMOOTHED_ROWS // 2
    padded = np.pad(volt, ((aside + 1, aside), (0, 0)), mode="edge")
    padded[0] = 0.0
    total = np.cumsum(padded, axis=0)
    return np.asarray((total[SMOOTHED_ROWS:] - total[:-SMOOTHED_ROWS]) / SMOOTHED_ROWS)


@counted_kernel
def _rising(volt: FloatArray) -> FloatArray:
    """The same course without its falls, so that each voltage has one place."""
    rising, highest = np.empty_like(volt), -np.inf
    for k in range(volt.shape[0]):
        highest = max(highest, volt[k])
        rising[k] = highest + LEAST_RISE_VOLT * k
    return rising


def _course(
    charge_ah: FloatArray,
    current: FloatArray,
    volt: FloatArray,
    plateau: NDArray[np.bool_],
    capacity_ah: float,
    resistance_ohm: float,
) -> _Course | None:
    """The median's course, None if it does not climb a knee."""
    median = known_middle_values(volt)
    rising = _rising(median)
    if len(rising) <= SMOOTHED_ROWS:
        return None
    ahead_ah, ahead_volt = charge_ah[-1] - charge_ah, rising[-1] - rising
    flat = ahead_volt[:-SMOOTHED_ROWS] < STEEP_VOLT / capacity_ah * ahead_ah[:-SMOOTHED_ROWS]
    first = int(np.flatnonzero(flat)[-1]) + 1 if flat.any() else 0
    if ahead_volt[first] < 2.0 * CLIMBED_VOLT or not plateau[:first].any():
        return None
    scatter = float(np.sqrt(np.mean((rising - median)[first:] ** 2)))
    usual = float(current[plateau].mean())
    return _Course(charge_ah, current, rising, plateau, usual, first, scatter, resistance_ohm)


@counted_kernel
def _behind(course: _Course, volt: FloatArray) -> tuple[float, float, float, float]:
    """One cell's charge behind the median, its sigma and what scales of it, and what it is behind at least [Ah]."""
    if not np.isfinite(volt).all():
        return np.nan, np.nan, np.nan, np.nan
    behind, first_behind, sigma = 0.0, np.nan, np.nan
    for k in range(PASSES):
        behind, sigma = _shift(course, _rising(volt - _offset(course, volt, behind)))
        if behind != behind:
            unseen = float(course.charge_ah[-1] - course.charge_ah[course.first])
            return np.nan, np.nan, np.nan, unseen if k == 0 else first_behind
        first_behind = behind if k == 0 else first_behind
    scale = np.hypot(PLATEAU_SHARE * (behind - first_behind), SHAPE_SHARE * behind)
    return behind, np.hypot(sigma, scale), scale, min(behind, first_behind)


@counted_kernel
def _offset(course: _Course, volt: FloatArray, behind_ah: float) -> float:
    """Mean of what a cell that is so far behind reads above the median's course on the plateau [V]."""
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
def _shift(course: _Course, volt: FloatArray) -> tuple[float, float]:
    """Charge by which the cell passes the steep voltages after the median, its scatter [Ah]; NaN if it does not."""
    bottom, top = course.volt[course.first], min(course.volt[-1], volt[-1])
    if top < bottom + CLIMBED_VOLT:
        return np.nan, np.nan
    levels = np.linspace(bottom, top, LEVELS)
    median_ah = np.interp(levels, course.volt, course.charge_ah)
    cell_ah = np.interp(levels, volt, course.charge_ah)
    median_ampere = np.interp(median_ah, course.charge_ah, course.current_ampere)
    cell_ampere = np.interp(cell_ah, course.charge_ah, course.current_ampere)
    total, behind, apart, square = 0.0, 0.0, 0.0, 0.0
    for k in range(1, LEVELS):
        step_ah = max(median_ah[k] - median_ah[k - 1], LEAST_STEP_AH)
        slope = (levels[k] - levels[k - 1]) / step_ah  # V/Ah
        weight = slope * slope * step_ah
        total += weight
        behind += weight * 0.5 * (cell_ah[k] + cell_ah[k - 1] - median_ah[k] - median_ah[k - 1])
        apart += weight * (abs(median_ampere[k] - cell_ampere[k]) + abs(cell_ampere[k] - course.plateau_ampere))
        square += weight * slope * slope
    behind /= total
    by_current = RESISTANCE_SHARE * course.resistance_ohm * apart / total
    return behind, np.sqrt(ALIKE_VOLT**2 + course.scatter_volt**2 + by_current**2) / np.sqrt(square / total)
