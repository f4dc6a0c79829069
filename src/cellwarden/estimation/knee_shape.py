"""The shape of the top knee, from cells that are bled while the string rests, and how far from full a voltage is.

A curve's error above the last reading of a log is what no count corrects: of two makes that stand at 3.42 V one may
lack 1.1 % to full, the other 0.5 %. What the log does show is the shape below: a cell that is bled loses a known
charge at no current, and its voltage falls. On the knee the logarithm of dz/dV falls about evenly with the voltage,

    dz/dV = exp(a − c·(V − V_r)),

with c near 1/(V − V₀) where the potential of LFP ends exponentially and near 1/a₀ where it ends as a₀·ln(1 + y₀/y); its
integral up to the voltage that counts as full is what is missing there. Hypotheses of (a, c) on a grid are weighed by
how far a cell's voltage falls, given what was bled from it, and what the string as a whole lost: that is told by the
fall of the median, free of the current's zero, or by the current, whichever is surer.
"""

from __future__ import annotations

import numpy as np

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.bare_kernel import bare_kernel

__all__ = ["CELL_SLOTS", "KNEE_SLOTS", "begin_again", "initial_shapes", "missing_to_full", "watch_knee"]

# slots of the string's memory, and of each cell's
ROWS, MEDIAN_SUM, STRING_LOST, STRING_SUM, READINGS = range(5)
KNEE_SLOTS = 5
VOLT_SUM, LOST_SUM, LOST, FROM_VOLT, FROM_MEDIAN, FROM_LOST, FROM_STRING, AGE = range(8)
CELL_SLOTS = 8

REFERENCE_VOLT = 3.42
LN_WIDTHS, STEEPENINGS = np.linspace(-3.7, -0.3, 25), np.exp(np.linspace(np.log(5.0), np.log(80.0), 18))
# over the families of the sets and the designs of the simulator
LN_WIDTH_PRIOR, LN_WIDTH_SIGMA = -2.2, 0.6
LN_STEEPENING_PRIOR, LN_STEEPENING_SIGMA = np.log(22.0), 0.6
FULL_VOLT = 3.70  # where the form ends best over those curves: polarisation at C/50 is little beside it
FORM_SHARE, FORM_FLOOR = 0.2, 0.0008  # one sigma of what the form leaves there, of what is missing and of z
BRANCH_VOLT = 0.01  # of a half width of the hysteresis, where between its branches a cell stands on float: it creeps
LEAST_VOLT, MOST_VOLT = 3.399, 3.50  # between which the form was tried
BLOCK_ROWS = 30.0
LEAST_FALL_VOLT = 0.007  # before a fall is worth a reading
OLDEST_BLOCKS = 48.0
READING_VOLT, FALL_SHARE = 0.001, 0.1  # of means of half an hour, whose hysteresis turns as they fall
MEDIAN_VOLT, MEDIAN_SHARE = 0.0004, 0.1  # of the median's, in which the cells' noise is less
CLEAR_SHARE = 0.4  # a fall that is less sure than this tells nothing
REPEATS = 2.0  # of falls that share a mean with the one before and the form's error with all
FAR = 30.0  # logarithm, of a hypothesis that a single fall may not rule out for good
LEAST_LEFT = 1e-6  # of exp(−c·voltage), where a shape leaves nothing
TAIL = 4.0  # degrees of freedom of Student's distribution


def initial_shapes() -> FloatArray:
    """Logarithms of the weights of (a, c) before anything was read, (widths, steepenings)."""
    a = (LN_WIDTHS - LN_WIDTH_PRIOR) / LN_WIDTH_SIGMA
    c = (np.log(STEEPENINGS) - LN_STEEPENING_PRIOR) / LN_STEEPENING_SIGMA
    return np.asarray(-0.5 * (a[:, None] ** 2 + c[None, :] ** 2))


@bare_kernel
def missing_to_full(shapes: FloatArray, volt: float) -> tuple[float, float]:
    """What a cell that stands at this open-circuit voltage on the knee lacks to full, and its sigma; both of z.

    The middle is that of the logarithms: half and twice as much are as far off.
    """
    total, mean, square, log_mean, slope = 0.0, 0.0, 0.0, 0.0, 0.0
    for k in range(shapes.shape[1]):
        c = STEEPENINGS[k]
        steepness = np.exp(-c * (volt - REFERENCE_VOLT))
        reach = (steepness - np.exp(-c * (FULL_VOLT - REFERENCE_VOLT))) / c
        log_reach = np.log(reach)
        for i in range(shapes.shape[0]):
            weight = np.exp(shapes[i, k])
            missing = np.exp(LN_WIDTHS[i]) * reach
            total += weight
            mean += weight * missing
            square += weight * missing * missing
            log_mean += weight * (LN_WIDTHS[i] + log_reach)
            slope += weight * np.exp(LN_WIDTHS[i]) * steepness
    mean /= total
    middle = np.exp(log_mean / total)
    variance = max(square / total - mean * mean, 0.0) + (slope / total * BRANCH_VOLT) ** 2
    return middle, np.sqrt(variance + (FORM_SHARE * middle) ** 2 + FORM_FLOOR**2)


@bare_kernel
def watch_knee(
    shapes: FloatArray,
    knee: FloatArray,
    cells: FloatArray,
    voltage: FloatArray,
    lost_ah: FloatArray,
    median: float,
    string_lost_ah: float,
    zero_sigma_ampere: float,
    capacity_ah: float,
) -> bool:
    """Take one minute row of a string that has rested for long; whether the shapes were weighed.

    Parameters
    ----------
    shapes, knee, cells : (widths, steepenings), (KNEE_SLOTS,) and (n_cells, CELL_SLOTS), changed
    voltage : (n_cells,) [V]
    lost_ah : (n_cells,) what each cell lost in the row above the central one [Ah]
    median : of the voltages [V]
    string_lost_ah : what the central cell lost by the current that is read and its bleed [Ah]
    zero_sigma_ampere : of the current's zero, by which that may be off at every moment
    """
    if not LEAST_VOLT < median < MOST_VOLT:
        begin_again(knee, cells)
        return False
    knee[ROWS] += 1.0
    knee[MEDIAN_SUM] += median
    knee[STRING_LOST] += string_lost_ah / capacity_ah
    knee[STRING_SUM] += knee[STRING_LOST]
    for j in range(cells.shape[0]):
        cells[j, LOST] += lost_ah[j] / capacity_ah
        cells[j, LOST_SUM] += cells[j, LOST]
        cells[j, VOLT_SUM] += voltage[j]
    if knee[ROWS] < BLOCK_ROWS:
        return False
    return _close_block(shapes, knee, cells, zero_sigma_ampere / capacity_ah)


@bare_kernel
def begin_again(knee: FloatArray, cells: FloatArray) -> None:
    """Forget the falls that were begun."""
    if knee[ROWS] == 0.0 and knee[STRING_LOST] == 0.0:
        return
    knee[:READINGS] = 0.0
    cells[:] = 0.0


@bare_kernel
def _close_block(shapes: FloatArray, knee: FloatArray, cells: FloatArray, zero_sigma: float) -> bool:
    """Compare the means of the rows gathered with those of the block that each cell's fall is counted from."""
    rows = knee[ROWS]
    median, string = knee[MEDIAN_SUM] / rows, knee[STRING_SUM] / rows
    taken = False
    for j in range(cells.shape[0]):
        cell = cells[j]
        volt, lost = cell[VOLT_SUM] / rows, cell[LOST_SUM] / rows
        inside = LEAST_VOLT < volt < MOST_VOLT
        cell[AGE] += 1.0
        done = False
        if inside and cell[FROM_VOLT] > 0.0:
            doubt = zero_sigma * cell[AGE] * BLOCK_ROWS / 60.0
            done = _take_fall(shapes, cell, volt, median, lost - cell[FROM_LOST], string - cell[FROM_STRING], doubt)
            taken = taken or done
        if done or cell[FROM_VOLT] == 0.0 or cell[AGE] > OLDEST_BLOCKS:
            cell[FROM_VOLT] = volt if inside else 0.0
            cell[FROM_MEDIAN], cell[FROM_LOST], cell[FROM_STRING], cell[AGE] = median, lost, string, 0.0
        cell[VOLT_SUM], cell[LOST_SUM] = 0.0, 0.0
        knee[READINGS] += done
    knee[ROWS], knee[MEDIAN_SUM], knee[STRING_SUM] = 0.0, 0.0, 0.0
    return taken


@bare_kernel
def _take_fall(
    shapes: FloatArray, cell: FloatArray, volt: float, median: float, lost: float, string_lost: float, doubt: float
) -> bool:
    """Weigh the shapes by one cell's fall; whether it was clear enough for the likeliest of them."""
    start, before = cell[FROM_VOLT] - REFERENCE_VOLT, cell[FROM_MEDIAN] - REFERENCE_VOLT
    now, after = volt - REFERENCE_VOLT, median - REFERENCE_VOLT
    best = _likeliest(shapes)
    c = STEEPENINGS[best % shapes.shape[1]]
    slope = np.exp(c * now - LN_WIDTHS[best // shapes.shape[1]])
    unsure = MEDIAN_VOLT + MEDIAN_SHARE * abs(after - before)
    with_median = np.exp(c * (now - after)) * unsure < slope * doubt
    doubted = np.exp(c * (now - after)) * unsure if with_median else slope * doubt
    if not with_median:
        lost += string_lost
        before, after = 0.0, 0.0
    left = np.exp(-c * start) + np.exp(-c * after) - np.exp(-c * before)
    left += c * np.exp(-LN_WIDTHS[best // shapes.shape[1]]) * lost
    expected = np.log(max(left, LEAST_LEFT)) / c + start
    if lost <= 0.0 or expected < LEAST_FALL_VOLT or doubted > CLEAR_SHARE * expected:
        return False
    most = -np.inf
    for k in range(shapes.shape[1]):
        c = STEEPENINGS[k]
        left = np.exp(-c * start) + np.exp(-c * after) - np.exp(-c * before)
        shared = np.exp(c * (now - after)) * unsure if with_median else 0.0
        for i in range(shapes.shape[0]):
            narrow = np.exp(-LN_WIDTHS[i])
            own = 0.0 if with_median else np.exp(c * now) * narrow * doubt
            variance = READING_VOLT**2 + (FALL_SHARE * (now - start)) ** 2 + shared * shared + own * own
            shapes[i, k] += _chance(now, left + c * narrow * lost, c, variance) / REPEATS
            most = max(most, shapes[i, k])
    for k in range(shapes.shape[1]):
        for i in range(shapes.shape[0]):
            shapes[i, k] -= most
    return True


@bare_kernel
def _chance(now: float, left: float, c: float, variance: float) -> float:
    """Logarithm of Student's density of a voltage above the reference, where exp(−c·voltage) should be `left`."""
    if left <= 0.0:
        return -FAR
    miss = now + np.log(left) / c
    density = -0.5 * (TAIL + 1.0) * np.log(1.0 + miss * miss / (TAIL * variance)) - 0.5 * np.log(variance)
    return float(max(density - np.log(1.0 / READING_VOLT), -FAR))


@bare_kernel
def _likeliest(shapes: FloatArray) -> int:
    """Flat index of the largest weight."""
    best, most = 0, -np.inf
    for i in range(shapes.shape[0]):
        for k in range(shapes.shape[1]):
            if shapes[i, k] > most:
                best, most = i * shapes.shape[1] + k, shapes[i, k]
    return best
