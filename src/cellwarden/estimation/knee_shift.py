"""By how much charge each cell is behind the others, from when it climbs the knee in one charge.

A cell that is behind by s follows the same course of voltage as the median, s ampere-hours later. So the pack is its
own yardstick: no curve of a parameter set and no width of its knee is needed. Plateau and knee are compared at like
currents, without what the current adds by each cell's resistance.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.knee_fit import Course, fit_shift, rising_course
from cellwarden.estimation.middle_value import known_middle_values

__all__ = ["ChargeRows", "KneeShift", "knee_shift"]

PLATEAU_SOC = (0.72, 0.92)  # above the step of the graphite's staging, below the knee
LEAST_ROWS = 20  # on the plateau
SAME_CURRENT = 0.4  # of the plateau's: what is less has another polarisation
MOST_TIMES = 4.0  # by which a resistance may differ from the set's
GAP_SECOND = 3600.0  # beyond which a log's charge is not counted through
STEP_SHARE = 0.05  # of that current: steps of this size on the plateau tell as much of the resistance as the set does
SMOOTHED_ROWS = 5  # minutes, against the noise of the readings; a climb of the knee takes some ten
STEEP_VOLT = 0.6  # by unit of charge, from there to the end of the charge: above the plateau's several times
LEAST_CLIMB_VOLT = 0.010  # of a knee that tells
LEAST_STEP_AH = 1e-9  # so that a charge that stands still has a slope
PLATEAU_READINGS = 1.0  # that all of it is worth: there curves differ from cell to cell
ALIKE_VOLT = 0.001  # by which knees of alike cells are unlike from one charge to the next
# of R, how unlike cells are in their slow polarisation, and of what R differs by, whether that goes along
RESISTANCE_SHARE, SLOW_SHARE = 0.1, 0.5


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

    `scale_ah` is what of the sigma goes with how far the cell is behind, and is much alike from charge to charge,
    `current_ah` what of it goes with a current that was not steady, and is another for each cell and charge;
    `least_ah` is what it is behind at least, also of a cell that did not reach the knee; `away_volt` how far above the
    median it is read at most, on the plateau and where that is highest. `bled_ah` (n_cells,) had been bled when the
    median stood in the middle of what was compared, at `stamp` [s].
    """

    stamp: float
    behind_ah: FloatArray
    sigma_ah: FloatArray
    scale_ah: FloatArray
    current_ah: FloatArray
    least_ah: FloatArray
    away_volt: FloatArray
    bled_ah: FloatArray


def knee_shift(
    rows: ChargeRows, capacity_ah: float, resistance_ohm: float, relative: FloatArray, relative_sigma: FloatArray
) -> KneeShift | None:
    """Compare the cells in one charge; None where it has no plateau, or ends before the knee.

    Parameters
    ----------
    resistance_ohm : of a cell, for currents that are not quite alike; steps of the current correct it
    relative, relative_sigma : (n_cells,) each cell's resistance over the median's, and its sigma
    """
    rows = _after_gaps(rows)
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
    ohm = _resistance(
        rows.charge_ah[kept][plateau], current[plateau], volt[plateau], resistance_ohm, STEP_SHARE * usual
    )
    volt = _smoothed(volt - ohm * relative * current[:, None])
    kept = kept[: int(np.argmax(known_middle_values(volt))) + 1]  # then the current tapers
    current, volt, plateau = current[: len(kept)], volt[: len(kept)], plateau[: len(kept)]
    median = known_middle_values(volt)
    first = _knee(rows.charge_ah[kept], median, plateau, capacity_ah)
    if first is None:
        return None
    course = _course(rows.charge_ah[kept], current, median, plateau, first)
    unknown = ohm * np.sqrt(RESISTANCE_SHARE**2 + relative_sigma**2 + (SLOW_SHARE * (relative - 1.0)) ** 2)
    found = [fit_shift(course, np.ascontiguousarray(volt[:, j]), capacity_ah, unknown[j]) for j in range(volt.shape[1])]
    behind, sigma, scale, by_current, least = (np.array(values) for values in zip(*found, strict=True))
    away = volt - median[:, None]
    middle = int(kept[(first + len(kept)) // 2])
    return KneeShift(
        stamp=float(rows.stamp[middle]),
        behind_ah=behind,
        sigma_ah=np.sqrt(sigma**2 + by_current**2 + scale**2),
        scale_ah=scale,
        current_ah=by_current,
        least_ah=least,
        away_volt=np.fmax(away[-1], away[plateau].mean(axis=0)),
        bled_ah=rows.bled_ah[middle],
    )


def _after_gaps(rows: ChargeRows) -> ChargeRows:
    """The rows since the last gap: what was charged in it nobody counted."""
    gaps = np.flatnonzero(np.diff(rows.stamp) > GAP_SECOND)
    return rows if not len(gaps) else ChargeRows(*(getattr(rows, f.name)[gaps[-1] + 1 :] for f in fields(ChargeRows)))


def _resistance(
    charge_ah: FloatArray, current: FloatArray, volt: FloatArray, prior_ohm: float, step_ampere: float
) -> float:
    """The median cell's resistance by the steps of the current, joined with the prior as if that were one step.

    What the voltage climbs with the charge is taken out of both.
    """
    steps, charged = (values[SMOOTHED_ROWS:] - values[:-SMOOTHED_ROWS] for values in (current, charge_ah))
    rises = known_middle_values(volt[SMOOTHED_ROWS:] - volt[:-SMOOTHED_ROWS])
    square = float((charged**2).sum())
    if square > 0.0:
        steps = steps - charged * float((charged * steps).sum()) / square
    weight = float((steps**2).sum()) + step_ampere**2
    ohm = (float((steps * rises).sum()) + prior_ohm * step_ampere**2) / weight
    return float(np.clip(ohm, prior_ohm / MOST_TIMES, prior_ohm * MOST_TIMES))


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


def _knee(charge_ah: FloatArray, median_volt: FloatArray, plateau: NDArray[np.bool_], capacity_ah: float) -> int | None:
    """The row at which the median begins to climb a knee, None if it does not."""
    rising = rising_course(median_volt)
    if len(rising) <= SMOOTHED_ROWS:
        return None
    ahead_ah, ahead_volt = charge_ah[-1] - charge_ah, rising[-1] - rising
    flat = ahead_volt[:-SMOOTHED_ROWS] < STEEP_VOLT / capacity_ah * ahead_ah[:-SMOOTHED_ROWS]
    first = int(np.flatnonzero(flat)[-1]) + 1 if flat.any() else 0
    return None if ahead_volt[first] < LEAST_CLIMB_VOLT or not plateau[:first].any() else first


def _course(
    charge_ah: FloatArray, current: FloatArray, median_volt: FloatArray, plateau: NDArray[np.bool_], first: int
) -> Course:
    """The median's course, whose knee begins at row `first`."""
    rising = rising_course(median_volt)
    scatter = float(np.sqrt(np.mean((rising - median_volt)[first:] ** 2)))
    slope = np.gradient(rising, np.maximum.accumulate(charge_ah) + LEAST_STEP_AH * np.arange(len(rising)))
    together = float((slope**2).sum() ** 2 / (slope**4).sum())
    weight = (slope / slope.max()) ** 2 / together + PLATEAU_READINGS / len(slope)
    usual = float(current[plateau].mean())
    return Course(charge_ah, current, rising, plateau, usual, first, weight, float(np.hypot(ALIKE_VOLT, scatter)))
