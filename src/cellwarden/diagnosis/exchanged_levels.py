"""Two neighbouring readings that changed places from one minute to the next, in Numba.

An exchange moves two readings by the same amount in opposite directions at one moment: their difference steps, their
sum and all other readings go on, and but for the channels' own offsets the difference is mirrored. The step is
estimated together with a straight course and, where the current moved, with what follows the current and the minute
before; its error is that of the residuals, into which goes that the answer to the current is mirrored as well. While
the pack rests, half an hour on either side shows steps that are lost in the noise of ten minutes. A shared tap that
gives way moves two readings alike; it mirrors their difference by chance only, and by that the two are told apart.
"""

from __future__ import annotations

import math

import numpy as np

from cellwarden.core.minute_block import IntArray
from cellwarden.core.sample_block import FloatArray
from cellwarden.diagnosis.other_steps import (
    LEAST_BANDS,
    NEAR_ROWS,
    SHORT_SIDE,
    by_bleed,
    is_steady,
    left_of_course,
    others_moved,
    stands_out,
)
from cellwarden.estimation.bare_kernel import bare_kernel, counted_kernel

__all__ = [
    "CALM_ROWS",
    "CALM_VOLT",
    "JUMP",
    "JUMP_SLOTS",
    "SIDE",
    "SURE",
    "WINDOW_ROWS",
    "exchanged_pairs",
    "follow_calm",
]

LONG_SIDE = 30  # rows on either side of the moment of exchange; the row between may hold both
WINDOW_ROWS = 2 * LONG_SIDE + 2  # one more: the current of the row before
SCREEN_SIGMAS, SIGNIFICANT = 4.0, 7.0  # healthy packs reach 5.5 in weeks of cycles and years on float
SCREEN_SHARP, SHARP = 0.5, 0.6  # of the step, that those rows show: a straight course shows 0.36
# resolutions that those rows' sum moves by where the whole passes the screen, times the root of a side's rows
LEAST_NEAR = NEAR_ROWS * SCREEN_SHARP * SCREEN_SIGMAS / math.sqrt(6.0)
# the same of the whole, of the resolution's sigmas alone, and a little less, for sums that are taken otherwise
LEAST_WHOLE = 0.999 * SCREEN_SIGMAS / math.sqrt(6.0)
LEAST_ROWS_SHARE = 0.8  # of a side, that must hold readings of a channel, and of all that are compared
CALM_VOLT = 0.003  # of the mean cell, where the current is not measured
SUM_SHARE, MOST_SUM_SHARE, OTHERS_SHARE = 0.15, 0.6, 0.1  # of the step, that the sum and the others may have moved
LEAST_STEPS = 2.0  # of the resolution: two readings without noise flip by one each
STEEP_SHARE = 0.5  # of the step, that must be left of what those rows show without the course that they are on
BLEED_JUMP_VOLT = 0.01  # a bleed that goes on or off moves its reading by less than that
LEFT_SHARE = 0.01  # of a row: square of the step that course of time and current leave; without a current it is 1/16
TAP_CHANCE = 0.1  # that a step of that kind is a tap's, before the levels were looked at
LEAST_SURE, MOST_SURE = 0.89, 0.95  # an outage on float may mirror two cells' levels by chance, at up to 0.88

JUMP, SIDE, SURE = range(3)  # of a pair: step of the difference [V], rows back to it, how sure that it is an exchange
JUMP_SLOTS = 3
CALM_LOW, CALM_HIGH, CALM_ROWS = range(3)  # lowest and highest level of the calm so far, and its rows


@bare_kernel
def follow_calm(calm: FloatArray, low: float, high: float, band: float) -> None:
    """Count the rows of rest, for which the level, from `low` to `high` in this one, has stayed within `band`."""
    lowest, highest = min(calm[CALM_LOW], low), max(calm[CALM_HIGH], high)
    if calm[CALM_ROWS] > 0.0 and highest - lowest <= band:
        calm[CALM_LOW], calm[CALM_HIGH], calm[CALM_ROWS] = lowest, highest, calm[CALM_ROWS] + 1.0
    else:
        calm[CALM_LOW], calm[CALM_HIGH] = low, high
        calm[CALM_ROWS] = 1.0 if high - low <= band else 0.0


@bare_kernel
def exchanged_pairs(
    voltage: FloatArray,
    duty: FloatArray,
    current: FloatArray,
    newest: int,
    calm_rows: float,
    band: float,
    step_volt: float,
    offset_volt: float,
    near: FloatArray,
    out: FloatArray,
) -> None:
    """Write into `out` (JUMP_SLOTS, pairs) what an exchange ten minutes or half an hour before the newest row shows.

    Parameters
    ----------
    voltage, duty : (WINDOW_ROWS, n_cells) means of the minutes as a ring whose last row is `newest`; a duty is NaN
        where bleeds may be on that no log tells
    current : (WINDOW_ROWS,) mean, NaN where it is not measured [A]
    calm_rows : for how many rows the pack has rested; `band` [A] within which its current counts as none
    step_volt, offset_volt : the readings' resolution, and one sigma of a channel's offset [V]
    near : (2, n_cells) scratch
    """
    for k in range(2 if calm_rows > 2 * LONG_SIDE else 1):
        side = LONG_SIDE if k else SHORT_SIDE
        _near_steps(voltage, newest, side, near[0, : out.shape[1]])
        _whole_steps(voltage, newest, side, near[1])
        first = _first_step(voltage, newest, side, step_volt, near, out[JUMP], 0)
        if first < out.shape[1]:
            _test_pairs(voltage, duty, current, newest, side, first, band, step_volt, offset_volt, near, out)


@bare_kernel
def _first_step(
    voltage: FloatArray, newest: int, side: int, step_volt: float, near: FloatArray, jumps: FloatArray, begin: int
) -> int:
    """The first pair from `begin` on that may have stepped and shows nothing yet; the number of pairs for none."""
    least, least_whole = LEAST_NEAR**2 * step_volt**2 / side, LEAST_WHOLE**2 * step_volt**2 / side
    for j in range(begin, jumps.shape[0]):
        stands = (near[1, j] - near[1, j + 1]) ** 2 <= least_whole  # false where one is not known
        if stands or near[0, j] ** 2 <= least or jumps[j] != 0.0:
            continue
        if _may_step(voltage, newest, j, side, step_volt):
            return j
    return int(jumps.shape[0])


@bare_kernel
def _may_step(voltage: FloatArray, newest: int, j: int, side: int, step_volt: float) -> bool:
    """Whether the pair's difference stands apart on both sides of the middle row; a quick look."""
    row, after = (newest - 2 * side + WINDOW_ROWS) % WINDOW_ROWS, (newest - side + 1 + WINDOW_ROWS) % WINDOW_ROWS
    early, late, square, near = 0.0, 0.0, 0.0, 0.0
    for k in range(side):
        first, last = voltage[row, j] - voltage[row, j + 1], voltage[after, j] - voltage[after, j + 1]
        if first == first and last == last:
            early += first
            late += last
            square += first * first + last * last
            near += (last if k < NEAR_ROWS else 0.0) - (first if k >= side - NEAR_ROWS else 0.0)
        row = row + 1 if row + 1 < WINDOW_ROWS else 0
        after = after + 1 if after + 1 < WINDOW_ROWS else 0
    early, late = early / side, late / side
    variance = max(square / side - early * early - late * late, 0.0) / side + step_volt**2 / (6.0 * side)
    moved = late - early
    sharp = near * moved > NEAR_ROWS * SCREEN_SHARP * moved * moved
    return bool(sharp and moved * moved > SCREEN_SIGMAS**2 * variance)


@bare_kernel
def _near_steps(voltage: FloatArray, newest: int, side: int, near: FloatArray) -> None:
    """Write into `near` (pairs,) each pair's difference, summed over the rows next behind the middle, less before [V].

    A row counts where the one that lies as far into the other side is known as well.
    """
    begin = newest - 2 * side + WINDOW_ROWS
    near[:] = 0.0
    for n in range(2 * NEAR_ROWS):
        k = n if n < NEAR_ROWS else side - 2 * NEAR_ROWS + n
        early, late = voltage[(begin + k) % WINDOW_ROWS], voltage[(begin + side + 1 + k) % WINDOW_ROWS]
        for j in range(near.shape[0]):  # without branches, so that the compiler takes pairs in step
            first, last = early[j] - early[j + 1], late[j] - late[j + 1]
            moved = last if n < NEAR_ROWS else -first
            near[j] += moved if (first == first) & (last == last) else 0.0


@bare_kernel
def _whole_steps(voltage: FloatArray, newest: int, side: int, moved: FloatArray) -> None:
    """Write into `moved` (n_cells,) by how much each cell's mean behind the middle is above that before it [V]."""
    begin = newest - 2 * side + WINDOW_ROWS
    moved[:] = 0.0
    for n in range(side):
        early, late = voltage[(begin + n) % WINDOW_ROWS], voltage[(begin + side + 1 + n) % WINDOW_ROWS]
        for j in range(moved.shape[0]):
            moved[j] += (late[j] - early[j]) / side


@counted_kernel
def _test_pairs(
    voltage: FloatArray,
    duty: FloatArray,
    current: FloatArray,
    newest: int,
    side: int,
    first: int,
    band: float,
    step_volt: float,
    offset_volt: float,
    near: FloatArray,
    out: FloatArray,
) -> None:
    """Test every pair that passes the quick look, `first` the first, with the courses that all pairs share."""
    channels = _read_channels(voltage, newest, side)
    rows = _known_rows(voltage, channels, newest, side)
    if len(channels) < 2:
        return
    if np.sum(rows < 0) < LEAST_ROWS_SHARE * side or np.sum(rows > 0) < LEAST_ROWS_SHARE * side:
        return
    place = (rows + newest - side + WINDOW_ROWS) % WINDOW_ROWS
    course = _courses(rows, current, place, side, band)
    step = np.where(rows > 0, 1.0, 0.0)
    for known in course:
        step -= (known * step).sum() * known
    degrees = len(rows) - len(course) - 1
    if (step * step).sum() < LEFT_SHARE * len(rows) or degrees < side // 2:
        return
    steady = 1.0 if side == SHORT_SIDE and is_steady(current, rows, place, band) else 0.0
    j = first
    while j < out.shape[1]:
        at = int(np.searchsorted(channels, j))
        if at + 1 < len(channels) and channels[at] == j and channels[at + 1] == j + 1:
            _test(
                voltage,
                duty,
                channels,
                rows,
                place,
                at,
                step,
                course,
                degrees,
                side,
                steady,
                step_volt,
                offset_volt,
                out[:, j],
            )
        j = _first_step(voltage, newest, side, step_volt, near, out[JUMP], j + 1)


@counted_kernel
def _test(
    voltage: FloatArray,
    duty: FloatArray,
    channels: IntArray,
    rows: IntArray,
    place: IntArray,
    j: int,
    step: FloatArray,
    course: FloatArray,
    degrees: int,
    side: int,
    steady: float,
    step_volt: float,
    offset_volt: float,
    out: FloatArray,
) -> None:
    """Estimate the step of the pair and of all others, and write what it shows into `out` (JUMP_SLOTS,).

    Parameters
    ----------
    channels, j : (channels,) those that are read, and place among them of the pair's first
    rows, place : (rows,) counted from the middle, and where they stand in the ring
    step, course : (rows,) and (terms, rows), the step without the courses
    steady : 1 where the current stands still in the rows next to the middle
    """
    left = (step * step).sum()
    first, apart = channels[j], np.empty(len(rows))
    for k in range(len(rows)):
        apart[k] = voltage[place[k], first] - voltage[place[k], first + 1]
    jump, own = _fit_step(apart, step, course, degrees)
    if not abs(jump) > max(SIGNIFICANT * np.sqrt(own / left), LEAST_STEPS * step_volt):
        return  # whatever the others' fits show
    seen, duties = np.empty((len(rows), len(channels))), np.empty(len(rows))
    for k in range(len(rows)):
        for c in range(len(channels)):
            seen[k, c] = voltage[place[k], channels[c]]
        duties[k] = duty[place[k], first] - duty[place[k], first + 1]
    error, sum_moved, sum_error = _errors(seen, j, own, step, course, degrees, step_volt)
    if not abs(jump) > max(SIGNIFICANT * error, LEAST_STEPS * step_volt):
        return
    if abs(sum_moved) > min(SUM_SHARE * abs(jump) + 2.5 * sum_error, MOST_SUM_SHARE * abs(jump) - 2.0 * sum_error):
        return
    if others_moved(seen, step / left, j) > OTHERS_SHARE * abs(jump) + 0.4 * error:
        return
    if abs(jump) < BLEED_JUMP_VOLT and (np.isnan(duties).any() or by_bleed(duties, rows, jump)):
        return
    if steady > 0.0 and left_of_course(apart, rows) * jump < STEEP_SHARE * jump * jump:
        return
    sure, near = _how_sure(seen, rows, j, offset_volt)
    if sure >= LEAST_SURE and near * jump > SHARP * jump * jump and stands_out(seen, rows, j, near):
        out[JUMP], out[SIDE], out[SURE] = jump, side, sure


@counted_kernel
def _read_channels(voltage: FloatArray, newest: int, side: int) -> IntArray:
    """Channels that are read in most rows of the window: one that is dead hides no exchange of others."""
    kept = np.empty(voltage.shape[1], dtype=np.int64)
    count = 0
    for j in range(voltage.shape[1]):
        read = 0
        for k in range(-side, side + 1):
            read += 1 if np.isfinite(voltage[(newest - side + k + WINDOW_ROWS) % WINDOW_ROWS, j]) else 0
        if read >= LEAST_ROWS_SHARE * (2 * side + 1):
            kept[count] = j
            count += 1
    return kept[:count]


@counted_kernel
def _known_rows(voltage: FloatArray, channels: IntArray, newest: int, side: int) -> IntArray:
    """Rows of the window that hold all those channels' readings, counted from its middle, without that."""
    kept = np.empty(2 * side, dtype=np.int64)
    count = 0
    for k in range(-side, side + 1):
        known = k != 0
        for j in channels:
            known = known and np.isfinite(voltage[(newest - side + k + WINDOW_ROWS) % WINDOW_ROWS, j])
        if known:
            kept[count] = k
            count += 1
    return kept[:count]


@counted_kernel
def _courses(rows: IntArray, current: FloatArray, place: IntArray, side: int, band: float) -> FloatArray:
    """(terms, rows) orthonormal courses of a reading without a step: level, slope, current, current a row before."""
    raw = np.empty((4, len(rows)))
    raw[0] = 1.0
    raw[1] = rows / side
    for k in range(len(rows)):
        raw[2, k] = current[place[k]] / band
        raw[3, k] = current[(place[k] - 1 + WINDOW_ROWS) % WINDOW_ROWS] / band
    terms = np.empty((4, len(rows)))
    count = 0
    for k in range(4):
        course = raw[k].copy()
        if not np.isfinite(course).all() or (k > 1 and course.max() - course.min() < LEAST_BANDS):
            continue
        for known in terms[:count]:
            course -= (known * course).sum() * known
        size = np.sqrt((course * course).sum())
        if size > 1e-3:
            terms[count] = course / size
            count += 1
    return terms[:count]


@counted_kernel
def _fit_step(seen: FloatArray, step: FloatArray, course: FloatArray, degrees: int) -> tuple[float, float]:
    """Step of a series (rows,) and the variance about the fit."""
    moved = (seen * step).sum() / (step * step).sum()
    left = seen - moved * step
    for known in course:
        left -= (known * left).sum() * known
    return moved, (left * left).sum() / degrees


@counted_kernel
def _errors(
    seen: FloatArray, j: int, own: float, step: FloatArray, course: FloatArray, degrees: int, step_volt: float
) -> tuple[float, float, float]:
    """Error of the pair's step, whose fit leaves the variance `own`; step and error of its sum against the others [V].

    The difference's variance is at least the mean one of all pairs: that of one pair may be small by chance.
    """
    cells = seen.shape[1]
    mean = 0.0
    for k in range(cells - 1):
        variance = own if k == j else _fit_step(seen[:, k] - seen[:, k + 1], step, course, degrees)[1]
        mean += variance / (cells - 1)
    total = seen[:, j] + seen[:, j + 1]
    if cells > 2:
        total -= 2.0 * (seen.sum(axis=1) - total) / (cells - 2)
    sum_moved, sum_variance = _fit_step(total, step, course, degrees)
    left = (step * step).sum()
    least = step_volt**2 / 6.0 * 0.01  # a minute of equal readings has no noise that shows
    return np.sqrt(max(own, mean, least) / left), sum_moved, np.sqrt(sum_variance / left)


@counted_kernel
def _how_sure(seen: FloatArray, rows: IntArray, j: int, offset_volt: float) -> tuple[float, float]:
    """Chance that a step is an exchange and not a shared tap's, by how well the levels are mirrored; the near step [V].

    The mean of the levels before and after an exchange is the difference of the channels' offsets, that of a tap that
    moved is half the step beside the level before, which is as wide as neighbours stand apart in this pack.
    """
    begin = np.sum(rows < 0)
    apart = np.empty(seen.shape[1] - 1)
    for k in range(seen.shape[1] - 1):
        apart[k] = (seen[begin - NEAR_ROWS : begin, k] - seen[begin - NEAR_ROWS : begin, k + 1]).mean()
    after = (seen[begin : begin + NEAR_ROWS, j] - seen[begin : begin + NEAR_ROWS, j + 1]).mean()
    middle = 0.5 * (apart[j] + after)
    width = 2.0 * offset_volt * offset_volt
    spread = width + (apart * apart).mean()
    exchange = np.exp(-0.5 * middle * middle / width) / np.sqrt(width)
    tap = np.exp(-0.5 * apart[j] * apart[j] / spread) / np.sqrt(spread)
    sure = exchange / (exchange + TAP_CHANCE / (1.0 - TAP_CHANCE) * tap)
    return min(sure, MOST_SURE), after - apart[j]
