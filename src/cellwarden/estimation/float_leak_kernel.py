"""Leak of every cell from how its voltage drifts at rest on a steep curve, the bleed's share taken out, in Numba.

While the string rests at one voltage, a cell's distance d from the median moves by what it loses above the others:
d' = −S·(l + b) with the leak l, the bleed b above the central cell, and the slope S of voltage by charge. S is known
badly: parameter sets miss the knee of a real cell by factors. So the filters run side by side for a ladder of slopes,
and the ladder's weights follow from how well each slope explains the drifts of all cells when their bleeds come and go.
A cell that the balancer holds at the others' voltage leaks what the others are bled, whatever S is.

Each slope and cell has three filters, whose leaks wander slowly, faster, and fast, as interacting multiple models (Blom
and Bar-Shalom, IEEE Trans. Autom. Control 33 (1988) 780): a step of the leak shows within hours, and where nothing
happens weeks are averaged.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.bare_kernel import bare_kernel, counted_kernel
from cellwarden.estimation.central_bleed import central_bleed
from cellwarden.estimation.float_leak_filter import (
    COVARIANCE,
    DRIFT,
    LEAK,
    RATES,
    VARIANCE_DRIFT,
    VARIANCE_LEAK,
    allow_jump,
    correct_drift,
    mix_rates,
)
from cellwarden.estimation.float_leak_wander import mean_median, wander_variance
from cellwarden.estimation.middle_value import finite_middle

__all__ = ["FloatLeakArrays", "FloatLeakRows", "SlopeLadder", "advance_float_leak", "close_slot", "slope_at"]

SLOT_SECOND = 1800.0
FULL_SHARE = 0.8  # of a slot's minutes that must be at rest

# rows of what is kept of every cell between slots
BLED_SINCE, BLEED_RATE, AWAY = range(3)
CELL_NUMBERS = 3
# slots of the pack's numbers
HOURS_SINCE, LAST_MEDIAN, INFORMED, CAPACITY, SLOT_SECONDS, REST_SECONDS, REST_WEIGHT, REST_SHARE = range(8)
BLEED_WEIGHT, SLOW_MEDIAN = range(8, 10)
NUMBERS = 10
# rows of what is summed over a slot, of every cell
SUM_AWAY, SUM_SQUARE, SUM_COUNT, SUM_BLEED = range(4)
SUMS = 4
# rows of the output
O_LEAK, O_LOW_SIGMA, O_HIGH_SIGMA, O_BLEED_RATE, O_AWAY = range(5)
OUTPUTS = 5
P_INFORMED, P_SLOPE, P_SLOPE_SIGMA, P_REST_SHARE = range(4)
PACK_OUTPUTS = 4

WALK_PER_DAY = np.array([2e-6, 5e-5, 4e-4])  # of the capacity in ampere: 0.2, 5 and 40 mA at 100 Ah
PRIOR_LEAK = 3e-5  # of the capacity in ampere
READING_VOLT = 0.0002  # beside the scatter of the minutes
FAR_ABOVE_VOLT = 0.015  # a cell so much fuller stands where the curve's shape is not known
FAR_BELOW_VOLT = 0.015  # the balancer works on the others and leaves such a cell alone
SLOPE_SHARE = 0.3  # of a movement that the slope's shape may be off by
JUMP = 5.0  # sigma
LIKELIHOOD_SHARE = 0.3  # readings of one slot share errors
TELLING_VOLT = 0.0005  # a movement by the bleed of this size tells half of it
FORGET_HOURS = 48.0
RATE_HOURS, FAST_RATE_HOURS = 36.0, 1.0  # the bleed is averaged for as long as the leak is
SETTLED_SECOND = 1.5 * 3600.0
OWN_STEEP_VOLT = 2.0  # of a cell
STEEP_VOLT = 0.6  # by unit of charge: below it a rest tells nothing


class FloatLeakArrays(NamedTuple):
    """State of the filters: H slopes, 3 rates, n cells. Changed in place.

    Attributes
    ----------
    x : (H, n, 3, 2) distance from the median [V] and leak [A]
    p : (H, n, 3, 3) variance of the distance, covariance, variance of the leak
    mode : (H, n, 3) how plausible each rate is
    opened : (n,) whether the cell's distance is not known from the slot before
    weight : (H,) logarithms, `prior` those before the log
    cell : (3, n) bleed since the middle of the last slot at rest [Ah], its rate [A], distance from the median at the
        last rest [V]
    number : (10,) hours since that middle, that slot's median [V], time last informed [s], nominal capacity [Ah],
        seconds of the open slot, and of them at rest, weight of the mean that follows, share of the last days at rest,
        weight of the bleeds' mean rate, mean of the medians over hours of rest [V]
    sums : (4, n) over the open slot: distances from the minutes' medians [V], their squares, their number, bleed [Ah]
    level : (1,) median of the open slot's last row that was read, NaN before it [V]
    """

    x: FloatArray
    p: FloatArray
    mode: FloatArray
    opened: FloatArray
    weight: FloatArray
    prior: FloatArray
    cell: FloatArray
    number: FloatArray
    sums: FloatArray
    level: FloatArray


class FloatLeakRows(NamedTuple):
    """A closed slot: (n,) mean readings [V], their variance, bleeds above the central cell [Ah]; its times [h]."""

    voltage: FloatArray
    noise: FloatArray
    bleed: FloatArray
    hours: float
    rest_hours: float
    whole: bool
    resting: bool
    stamp: float


class SlopeLadder(NamedTuple):
    """Slopes to choose from: (H,) factors on the set's slope, (G,) [V/Ah] at voltages from `first_volt` by `step`."""

    factor: FloatArray
    slope: FloatArray
    first_volt: float
    step_volt: float


@bare_kernel
def slope_at(ladder: SlopeLadder, volt: float) -> float:
    """Slope of the parameter set at a voltage [V/Ah]."""
    place = int((volt - ladder.first_volt) / ladder.step_volt)
    return float(ladder.slope[min(max(place, 0), ladder.slope.shape[0] - 1)])


@counted_kernel
def advance_float_leak(
    state: FloatLeakArrays,
    ladder: SlopeLadder,
    stamp: FloatArray,
    elapsed_second: FloatArray,
    voltage: FloatArray,
    bleed_ah: FloatArray,
    rest_second: FloatArray,
    out: FloatArray,
    pack: FloatArray,
) -> None:
    """Advance over M minute rows, in place.

    Parameters
    ----------
    stamp, elapsed_second, rest_second : (M,) of the rows [s]
    voltage, bleed_ah : (M, n) mean readings [V] and charge bled [Ah]
    out : (5, M, n) leak above the median [A], its sigmas downwards and upwards, the bleed above the central cell [A]
        over the time that the leak is averaged, and the distance from the median at the last rest [V]
    pack : (4, M) stamp of the last slot at rest [s], mean and sigma of the logarithm of the slope's factor, share of
        the last days at rest
    """
    number, sums, kept = state.number, state.sums, np.empty(voltage.shape[1])
    for m in range(stamp.shape[0]):
        number[SLOT_SECONDS] += elapsed_second[m]
        resting = rest_second[m] > SETTLED_SECOND
        number[REST_SECONDS] += elapsed_second[m] if resting else 0.0
        median = finite_middle(voltage[m], kept)
        _add_row(sums, voltage[m], bleed_ah[m], median)
        if median == median:
            state.level[0] = median
        closes = stamp[m] % SLOT_SECOND == 0.0
        if closes:
            close_slot(state, _slot(state, ladder, stamp[m], rest_second[m]), ladder)
            sums[:] = 0.0
            state.level[0] = np.nan
            number[SLOT_SECONDS] = 0.0
            number[REST_SECONDS] = 0.0
        if m == 0 or closes:
            _write(state, ladder, out[:, m], pack[:, m])
        else:
            _repeat_row(out, pack, m)


@bare_kernel
def _add_row(sums: FloatArray, voltage: FloatArray, bleed_ah: FloatArray, median: float) -> None:
    """Add a row to the open slot."""
    for j in range(voltage.shape[0]):
        sums[SUM_BLEED, j] += bleed_ah[j]
        if np.isfinite(voltage[j]):
            sums[SUM_AWAY, j] += voltage[j] - median
            sums[SUM_SQUARE, j] += (voltage[j] - median) ** 2
            sums[SUM_COUNT, j] += 1.0


@bare_kernel
def _repeat_row(out: FloatArray, pack: FloatArray, m: int) -> None:
    """Row m says what the one before said."""
    for k in range(out.shape[0]):
        for j in range(out.shape[2]):
            out[k, m, j] = out[k, m - 1, j]
    for k in range(pack.shape[0]):
        pack[k, m] = pack[k, m - 1]


@counted_kernel
def _write(state: FloatLeakArrays, ladder: SlopeLadder, out: FloatArray, pack: FloatArray) -> None:
    """Write what is known after a slot."""
    pack[P_INFORMED] = state.number[INFORMED]
    pack[P_REST_SHARE] = state.number[REST_SHARE]
    out[O_BLEED_RATE] = state.cell[BLEED_RATE]
    out[O_AWAY] = state.cell[AWAY]
    _mix(state, ladder, out, pack)


@counted_kernel
def _slot(state: FloatLeakArrays, ladder: SlopeLadder, stamp: float, rest_second: float) -> FloatLeakRows:
    """The slot that is open, closed; its level is that of the last row that was read."""
    number, sums = state.number, state.sums
    voltage = np.full(sums.shape[1], np.nan)
    noise = np.zeros(sums.shape[1])
    for j in range(voltage.shape[0]):
        count = sums[SUM_COUNT, j]
        if count > 1.0:
            away = sums[SUM_AWAY, j] / count
            voltage[j] = state.level[0] + away
            noise[j] = READING_VOLT**2 + max(sums[SUM_SQUARE, j] / count - away * away, 0.0) / (count - 1.0)
    level = finite_middle(voltage, np.empty(voltage.shape[0]))
    steep = level == level and slope_at(ladder, level) * number[CAPACITY] > STEEP_VOLT
    whole = abs(number[SLOT_SECONDS] - SLOT_SECOND) < (1.0 - FULL_SHARE) * SLOT_SECOND
    rested = number[REST_SECONDS] > FULL_SHARE * SLOT_SECOND
    return FloatLeakRows(
        voltage,
        noise,
        sums[SUM_BLEED] - central_bleed(sums[SUM_BLEED], voltage),
        number[SLOT_SECONDS] / 3600.0,
        rest_second / 3600.0,
        whole,
        steep and whole and rested,
        stamp,
    )


@counted_kernel
def _mix(state: FloatLeakArrays, ladder: SlopeLadder, out: FloatArray, pack: FloatArray) -> None:
    """Mean and sigmas over the ladder of slopes, apart for what lies below the mean and above it; and of the slopes."""
    weight = np.exp(state.weight)
    weight /= weight.sum()
    log_factor = np.log(ladder.factor)
    pack[P_SLOPE] = (weight * log_factor).sum()
    pack[P_SLOPE_SIGMA] = np.sqrt((weight * (log_factor - pack[P_SLOPE]) ** 2).sum())
    for j in range(out.shape[1]):
        mean = 0.0
        for k in range(weight.shape[0]):
            for rate in range(RATES):
                mean += weight[k] * state.mode[k, j, rate] * state.x[k, j, rate, LEAK]
        low, high = 0.0, 0.0
        for k in range(weight.shape[0]):
            for rate in range(RATES):
                share = weight[k] * state.mode[k, j, rate]
                away, variance = state.x[k, j, rate, LEAK] - mean, state.p[k, j, rate, VARIANCE_LEAK]
                low += share * (variance + (2.0 * away * away if away < 0.0 else 0.0))
                high += share * (variance + (2.0 * away * away if away > 0.0 else 0.0))
        out[O_LEAK, j] = mean
        out[O_LOW_SIGMA, j] = np.sqrt(max(low, 0.0))
        out[O_HIGH_SIGMA, j] = np.sqrt(max(high, 0.0))
    out[O_LEAK] -= np.median(out[O_LEAK])


@counted_kernel
def close_slot(state: FloatLeakArrays, slot: FloatLeakRows, ladder: SlopeLadder) -> None:
    """Take one slot."""
    cell, number = state.cell, state.number
    keep = np.exp(-slot.hours / RATE_HOURS)
    number[REST_WEIGHT] = keep * number[REST_WEIGHT] + (1.0 - keep)
    new = (1.0 - keep) / number[REST_WEIGHT] if slot.hours > 0.0 else 0.0
    number[REST_SHARE] += new * ((1.0 if slot.resting else 0.0) - number[REST_SHARE])
    if not slot.whole:
        state.opened[:] = 1.0
    number[HOURS_SINCE] += 0.5 * slot.hours
    cell[BLED_SINCE] += 0.5 * slot.bleed
    if slot.resting:
        _average_bleed(state)
        _take_rest(state, slot, ladder)
        number[HOURS_SINCE] = 0.0
        cell[BLED_SINCE] = 0.0
    number[HOURS_SINCE] += 0.5 * slot.hours
    cell[BLED_SINCE] += 0.5 * slot.bleed


@counted_kernel
def _average_bleed(state: FloatLeakArrays) -> None:
    """Mean bleed from rest to rest: over a day, over hours where the leak is new or the cell far below."""
    cell, number = state.cell, state.number
    hours = number[HOURS_SINCE]
    if hours <= 0.0:
        return
    keep, soon = np.exp(-hours / RATE_HOURS), 1.0 - np.exp(-hours / FAST_RATE_HOURS)
    number[BLEED_WEIGHT] = keep * number[BLEED_WEIGHT] + (1.0 - keep)
    slow = (1.0 - keep) / number[BLEED_WEIGHT]
    plausible = np.exp(state.weight)
    plausible /= plausible.sum()
    for j in range(cell.shape[1]):
        far = min(-cell[AWAY, j] / FAR_BELOW_VOLT, 1.0)
        new_leak = 0.0
        for k in range(plausible.shape[0]):
            new_leak += plausible[k] * state.mode[k, j, RATES - 1]
        gain = max(slow, soon * max(far, new_leak))
        cell[BLEED_RATE, j] += gain * (cell[BLED_SINCE, j] / hours - cell[BLEED_RATE, j])


@counted_kernel
def _take_rest(state: FloatLeakArrays, slot: FloatLeakRows, ladder: SlopeLadder) -> None:
    """Take the distances of a slot at rest; what lies between it and the one before is bridged."""
    cell, number = state.cell, state.number
    hours = number[HOURS_SINCE]
    median = np.nanmedian(slot.voltage)
    number[SLOW_MEDIAN] = mean_median(number[SLOW_MEDIAN], median, hours)
    wander = wander_variance(hours, slot.rest_hours, median - number[LAST_MEDIAN], median - number[SLOW_MEDIAN])
    state.weight[:] = state.prior + np.exp(-hours / FORGET_HOURS) * (state.weight - state.prior)
    scratch = np.empty((RATES, 2)), np.empty((RATES, 3)), np.empty((2, RATES))
    for j in range(slot.voltage.shape[0]):
        reading = slot.voltage[j] - median
        if reading == reading:
            cell[AWAY, j] = reading
        if not reading < FAR_ABOVE_VOLT:
            state.opened[j] = 1.0
            continue
        if state.opened[j] > 0.0:
            _open(state, j, reading, slot.noise[j])
            continue
        slope = slope_at(ladder, slot.voltage[j])
        if slope * number[CAPACITY] < OWN_STEEP_VOLT:
            state.opened[j] = 1.0  # off the knee nothing shows any more
            continue
        # Only what the bleed moves, or leaves where it is, tells the slope.
        told = (slope * cell[BLED_SINCE, j]) ** 2
        told *= LIKELIHOOD_SHARE / (told + TELLING_VOLT**2)
        for k in range(ladder.factor.shape[0]):
            s = ladder.factor[k] * slope
            state.weight[k] += told * _take(
                state, k, j, scratch, reading, slot.noise[j], s * cell[BLED_SINCE, j], s * hours, wander, hours
            )
    state.weight[:] -= state.weight.max()
    number[INFORMED] = slot.stamp
    number[LAST_MEDIAN] = median


@counted_kernel
def _open(state: FloatLeakArrays, j: int, reading: float, noise: float) -> None:
    """Begin a cell's distance anew; what is known of its leak stays."""
    state.opened[j] = 0.0
    state.x[:, j, :, DRIFT] = reading
    state.p[:, j, :, VARIANCE_DRIFT] = noise
    state.p[:, j, :, COVARIANCE] = 0.0


@bare_kernel
def _take(
    state: FloatLeakArrays,
    k: int,
    j: int,
    scratch: tuple[FloatArray, FloatArray, FloatArray],
    reading: float,
    noise: float,
    bled: float,
    away: float,
    wander: float,
    hours: float,
) -> float:
    """Take one cell's distance at one slope; the log-likelihood that it adds to the slope.

    Parameters
    ----------
    scratch : (3, 2), (3, 3) and (2, 3)
    noise : variance of the reading [V²]
    bled : movement by the bleed [V]
    away : movement by 1 A of leak [V/A]
    wander : variance that the distance gains [V²]
    """
    x, p, mode, likelihood = scratch[0], scratch[1], scratch[2][0], scratch[2][1]
    mix_rates(state.x[k, j], state.p[k, j], state.mode[k, j], x, p, mode)
    for rate in range(RATES):
        x[rate, DRIFT] -= away * x[rate, LEAK] + bled
        p[rate, VARIANCE_DRIFT] += away * away * p[rate, VARIANCE_LEAK] - 2.0 * away * p[rate, COVARIANCE]
        p[rate, VARIANCE_DRIFT] += wander + (SLOPE_SHARE * bled) ** 2
        p[rate, COVARIANCE] -= away * p[rate, VARIANCE_LEAK]
        walk = WALK_PER_DAY[rate] * state.number[CAPACITY]
        p[rate, VARIANCE_LEAK] += walk * walk * hours / 24.0
    error = reading - x[RATES - 1, DRIFT]
    if error * error > JUMP * JUMP * (p[RATES - 1, VARIANCE_DRIFT] + noise):
        allow_jump(p, mode, error, away)
    top, total = -np.inf, 0.0
    for rate in range(RATES):
        likelihood[rate] = correct_drift(x[rate], p[rate], reading, noise)
        top = max(top, likelihood[rate])
    for rate in range(RATES):
        mode[rate] *= np.exp(likelihood[rate] - top)
        total += mode[rate]
    for rate in range(RATES):
        state.mode[k, j, rate] = mode[rate] / total
        for a in range(2):
            state.x[k, j, rate, a] = x[rate, a]
        for a in range(3):
            state.p[k, j, rate, a] = p[rate, a]
    return float(top + np.log(total))
