"""Marks of crossed sense wires, in Numba: levels exchanged, bleeds that the wrong reading switches or that pull it."""

from __future__ import annotations

import numpy as np

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.bare_kernel import bare_kernel, counted_kernel

__all__ = [
    "AGREED",
    "BLEED_SLOTS",
    "DECISION_SLOTS",
    "HOURS",
    "HOUR_SLOTS",
    "SUSPICION",
    "WINDOW_ROWS",
    "bleed_scores",
    "exchanged_pairs",
    "watch_bleed",
    "watch_decisions",
]

SIDE_ROWS = 10  # rows on either side of the moment of exchange; the row between may hold both
WINDOW_ROWS = 2 * SIDE_ROWS + 1
SIGNIFICANT = 8.0  # standard errors of the jump
SHARP = 8.0  # jump over the spread about either level: a slow crossing reaches 4
MIRRORED = 0.3  # what the exchanged levels may fail to mirror, as a share of the jump (channels keep their offsets)
STEADY_VOLT = 0.003
BLEED_STEP, BLEED_JUMP_VOLT = 0.3, 0.01  # a bleed that goes on or off moves its reading by less than that

# of a pair: minutes of the open hour with right and wrong choices of the balancer, right hours, suspicion
RIGHT, WRONG, AGREED, SUSPICION = range(4)
DECISION_SLOTS = 4
CLEAR_CHOICE, FEWEST_CHOICES, MOST_SUSPICION = 0.9, 10.0, 6.0
FORGET_HOUR = 240.0
FEWEST_ROWS = 30.0  # of an hour whose mean counts
# of a cell: Σ voltage, rows and bled charge of the open hour; mean voltage and bled charge of the last
V_SUM, ROWS, BLED, V_BEFORE, BLED_BEFORE = range(5)
HOUR_SLOTS = 5
# of a cell, relative to the pack's median: Σ change², Σ bled², Σ change · own bled, change · next's, change · previous'
CHANGE_2, BLED_2, OWN, NEXT, PREVIOUS, HOURS = range(6)
BLEED_SLOTS = 6


@bare_kernel
def exchanged_pairs(
    voltage: FloatArray,
    duty: FloatArray,
    current: FloatArray,
    begin: int,
    band: float,
    step_volt: float,
    out: FloatArray,
) -> None:
    """Mark in `out` (pairs,) the jump [V] of each pair that exchanged its levels in the middle of the window, else 0.

    Parameters
    ----------
    voltage, duty : (WINDOW_ROWS, n_cells) means of the minutes as a ring that begins at `begin`
    current : (WINDOW_ROWS, 2) lowest and highest of each minute
    band : width within which the current counts as calm [A]
    step_volt : the readings' resolution [V]
    """
    newest = (begin + WINDOW_ROWS - 1) % WINDOW_ROWS
    checked = False
    for j in range(out.shape[0]):
        out[j] = 0.0
        first = voltage[begin, j] - voltage[begin, j + 1]
        last = voltage[newest, j] - voltage[newest, j + 1]
        if first * last < 0.0 and abs(last - first) > step_volt:
            if not checked and not _is_calm(voltage, current, band):
                out[j:] = 0.0
                return
            checked = True
            out[j] = _jump(voltage, duty, begin, j, step_volt)


@bare_kernel
def _mean(values: FloatArray) -> float:
    """Mean of values (N,), N ≥ 1."""
    total = 0.0
    for value in values:
        total += value
    return total / len(values)


@bare_kernel
def _is_calm(voltage: FloatArray, current: FloatArray, band: float) -> bool:
    """Whether the current, or where it is not measured the mean voltage, kept still through the window."""
    low, high = np.inf, -np.inf
    for row in range(WINDOW_ROWS):
        if current[row, 0] == current[row, 0]:
            low, high = min(low, current[row, 0]), max(high, current[row, 1])
    if high >= low:
        return high - low <= band
    for row in range(WINDOW_ROWS):
        mean = _mean(voltage[row])
        low, high = min(low, mean), max(high, mean)
    return high - low <= STEADY_VOLT


@bare_kernel
def _side(voltage: FloatArray, begin: int, from_row: int, j: int) -> tuple[float, float, float]:
    """Mean difference and sum of a pair on one side, and the variance of the difference about its mean."""
    difference, total, square = 0.0, 0.0, 0.0
    for k in range(from_row, from_row + SIDE_ROWS):
        row = (begin + k) % WINDOW_ROWS
        d = voltage[row, j] - voltage[row, j + 1]
        difference += d
        square += d * d
        total += voltage[row, j] + voltage[row, j + 1] - 2.0 * _mean(voltage[row])
    mean = difference / SIDE_ROWS
    return mean, total / SIDE_ROWS, max(square / SIDE_ROWS - mean * mean, 0.0)


@bare_kernel
def _jump(voltage: FloatArray, duty: FloatArray, begin: int, j: int, step_volt: float) -> float:
    """The jump of the pair's difference, 0 unless levels were exchanged sharply and nothing else moved."""
    before, sum_before, variance_before = _side(voltage, begin, 0, j)
    after, sum_after, variance_after = _side(voltage, begin, SIDE_ROWS + 1, j)
    jump = after - before
    spread = np.sqrt(0.5 * (variance_before + variance_after) + step_volt**2 / 12.0)
    error = spread * np.sqrt(2.0 / SIDE_ROWS)
    if not abs(jump) > max(SIGNIFICANT * error, 2.0 * step_volt) or SHARP * spread > abs(jump):
        return 0.0
    if abs(after + before) > MIRRORED * abs(jump) or abs(sum_after - sum_before) > 4.0 * error + 0.15 * abs(jump):
        return 0.0
    if abs(jump) < BLEED_JUMP_VOLT and _bleed_switched(duty, begin, j):
        return 0.0
    return jump if _others_kept_still(voltage, begin, j, 4.0 * error + 0.15 * abs(jump)) else 0.0


@counted_kernel
def _others_kept_still(voltage: FloatArray, begin: int, j: int, limit: float) -> bool:
    """Whether no cell but the pair moved against the mean of all by more than `limit` [V]."""
    shift = np.zeros(voltage.shape[1])
    for k in range(SIDE_ROWS):
        shift += voltage[(begin + SIDE_ROWS + 1 + k) % WINDOW_ROWS] - voltage[(begin + k) % WINDOW_ROWS]
    shift /= SIDE_ROWS
    shift -= shift.mean()
    shift[j] = 0.0
    shift[j + 1] = 0.0
    return bool(np.abs(shift).max() <= limit)


@bare_kernel
def _bleed_switched(duty: FloatArray, begin: int, j: int) -> bool:
    """Whether the difference of the pair's bleeds changed from one side to the other."""
    change = 0.0
    for k in range(SIDE_ROWS):
        early, late = (begin + k) % WINDOW_ROWS, (begin + SIDE_ROWS + 1 + k) % WINDOW_ROWS
        change += duty[late, j] - duty[late, j + 1] - duty[early, j] + duty[early, j + 1]
    return abs(change) / SIDE_ROWS > BLEED_STEP


@bare_kernel
def watch_decisions(decision: FloatArray, voltage: FloatArray, duty: FloatArray, ends: int, least_volt: float) -> None:
    """Hold the balancer's choice between two neighbours against their readings: it bleeds the higher one.

    Parameters
    ----------
    decision : (DECISION_SLOTS, pairs); SUSPICION rises with each hour of contrary choices and falls with each other one
    voltage, duty : (n_cells,) means of the minute
    ends : 1 where the minute ends an hour
    least_volt : difference from which readings count as different [V]
    """
    for j in range(decision.shape[1]):
        chosen = duty[j] - duty[j + 1]
        higher = voltage[j] - voltage[j + 1]
        if abs(chosen) > CLEAR_CHOICE and abs(higher) > least_volt:
            if chosen * higher > 0.0:
                decision[RIGHT, j] += 1.0
            elif _fits_exchanged(voltage, duty, j):
                decision[WRONG, j] += 1.0
        if ends == 1:
            right, wrong = decision[RIGHT, j], decision[WRONG, j]
            if max(right, wrong) >= FEWEST_CHOICES:
                decision[AGREED, j] += right > wrong
                change = 1.0 if wrong > right else -1.0
                decision[SUSPICION, j] = min(max(decision[SUSPICION, j] + change, 0.0), MOST_SUSPICION)
            decision[RIGHT, j] = 0.0
            decision[WRONG, j] = 0.0


@bare_kernel
def _fits_exchanged(voltage: FloatArray, duty: FloatArray, j: int) -> bool:
    """Whether the pair's readings, exchanged, fit the choices between it and all other cells.

    This tells the crossed pair from its neighbours, which share one reading with it.
    """
    high, low = max(voltage[j], voltage[j + 1]), min(voltage[j], voltage[j + 1])
    for k in range(voltage.shape[0]):
        if k in (j, j + 1):
            continue
        if duty[k] < 1.0 - CLEAR_CHOICE and voltage[k] > high:
            return False
        if duty[k] > CLEAR_CHOICE and voltage[k] < low:
            return False
    return True


@bare_kernel
def watch_bleed(
    hour: FloatArray, bleed: FloatArray, voltage: FloatArray, bled: FloatArray, ends: int, calm: int
) -> None:
    """Add a float minute; at the end of an hour compare it with the last one; `calm` 0 breaks the chain.

    Parameters
    ----------
    hour : (HOUR_SLOTS, n_cells)
    bleed : (BLEED_SLOTS, n_cells)
    voltage, bled : (n_cells,) mean reading [V] and charge bled [Ah] of the minute
    ends : 1 where the minute ends an hour
    """
    if calm == 0 and hour[ROWS, 0] == 0.0 and hour[V_BEFORE, 0] != hour[V_BEFORE, 0]:
        return
    for j in range(hour.shape[1]):
        if calm == 0:
            hour[V_SUM, j] = hour[ROWS, j] = hour[BLED, j] = 0.0
            hour[V_BEFORE, j] = np.nan
        elif voltage[j] == voltage[j]:
            hour[V_SUM, j] += voltage[j]
            hour[ROWS, j] += 1.0
            hour[BLED, j] += bled[j]
    if ends == 1 and calm == 1:
        _end_hour(hour, bleed)


@counted_kernel
def _end_hour(hour: FloatArray, bleed: FloatArray) -> None:
    """Compare the open hour with the last one, and open the next."""
    mean = hour[V_SUM] / np.maximum(hour[ROWS], 1.0)
    level = np.median(mean)
    if abs(level - np.median(hour[V_BEFORE])) <= STEADY_VOLT and hour[ROWS].min() >= FEWEST_ROWS:
        change = mean - hour[V_BEFORE]
        charge = 0.5 * (hour[BLED] + hour[BLED_BEFORE])
        _add_hour(bleed, change - np.median(change), charge - np.median(charge))
    hour[V_BEFORE] = mean
    hour[BLED_BEFORE] = hour[BLED]
    hour[:V_BEFORE] = 0.0


@counted_kernel
def _add_hour(bleed: FloatArray, change: FloatArray, charge: FloatArray) -> None:
    """Add the products of one hour to the sums that fade."""
    cells = change.shape[0]
    bleed *= np.exp(-1.0 / FORGET_HOUR)
    for j in range(cells):
        bleed[CHANGE_2, j] += change[j] * change[j]
        bleed[BLED_2, j] += charge[j] * charge[j]
        bleed[OWN, j] += change[j] * charge[j]
        bleed[NEXT, j] += change[j] * charge[j + 1] if j + 1 < cells else 0.0
        bleed[PREVIOUS, j] += change[j] * charge[j - 1] if j > 0 else 0.0
        bleed[HOURS, j] += 1.0


def bleed_scores(bleed: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """How each reading follows a bleed, as correlation times the root of the hours: below 0 it is pulled down by it.

    Parameters
    ----------
    bleed : (…, BLEED_SLOTS, n_cells)

    Returns
    -------
    own : (…, n_cells) by the cell's own bleed; other_first, other_second : (…, pairs) of the first cell by the second's
    bleed and of the second by the first's; 0 where nothing was bled
    """
    change, bled = bleed[..., CHANGE_2, :], bleed[..., BLED_2, :]
    root = np.sqrt(bleed[..., HOURS, :])

    def score(product: FloatArray, change: FloatArray, bled: FloatArray) -> FloatArray:
        scale = np.sqrt(change * bled)
        result: FloatArray = root[..., : product.shape[-1]] * np.divide(
            product, scale, out=np.zeros_like(product), where=scale > 0.0
        )
        return result

    own = score(bleed[..., OWN, :], change, bled)
    by_next = score(bleed[..., NEXT, :-1], change[..., :-1], bled[..., 1:])
    return own, by_next, score(bleed[..., PREVIOUS, 1:], change[..., 1:], bled[..., :-1])
