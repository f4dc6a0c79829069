"""The current sensor's zero by positive evidence: idle readings, and what was counted from full to full.

A constant standby load and an offset read alike while nothing else flows. They differ in what comes of them: an offset
is counted all the time, a load is really drawn and has to be recharged. So the charge counted from one full moment to
the next, over the hours between, is the offset (the closure). Two bounds come on top: nothing that is merely connected
charges, so the offset is no lower than an idle reading; and a full pack takes no less than nothing from its charger,
so the offset is no higher than the reading there. An idle reading is the zero only where one of these says so.

An idle reading that leaves the zero for a level not seen before is a new load, or a zero that has moved. Until the next
full moment tells, the zero is doubted by that much; there the count over the hours since shows which of the two it was.

The state is one array of ZERO_SLOTS values: what was counted since the reference, which is the last full moment, and
what is known of the zero.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from cellwarden.core.sample_block import FloatArray

# since the reference: charge counted less bleeds and self-discharge [Ah], time [h], variance of the count [Ah²]
HAS_REFERENCE, COUNTED_AH, HOURS, COUNT_VAR, WAS_VOLT, WAS_AMPERE = range(6)
# of the last full row: the count and its time and variance there, voltage and current low-passed
LAST_AH, LAST_HOURS, LAST_VAR, HELD_VOLT, HELD_AMPERE, FULL_HOURS, SINCE_FULL_HOURS = range(6, 13)
# of an idle stretch: charge read [Ah] and time [h]
IDLE_AH, IDLE_HOURS = range(13, 15)
# the estimate and its variance [A, A²], infinite before the first
ZERO, ZERO_VAR = range(15, 17)
CHARGER_AMPERE = 17  # low-passed reading of the last stay on the charger, an upper bound of the zero
LAST_APART = 18  # by how many sigmas the last measurement was apart, 0 where it began anew
# of idle readings: the last that was no zero, the last that the one before it bore out, and the hours at which one was
# the zero last, NaN before the first
LAST_OTHER, OTHER_LEVEL, LEVEL_HOURS = range(19, 22)
# of a zero that may have moved: by how much, 0 where none has; hours at which; its variance before
MOVED, MOVED_HOURS, MOVED_VAR = range(22, 25)
UNSEEN_AH = 25  # since the reference: charge that bleeds may have taken of which there is no log [Ah]
ZERO_SLOTS = 26

FULL_SHARE = 0.0025  # of the capacity: by how much two full moments differ after a discharge
STEADY_SHARE = 0.0004  # the same while the pack stayed full
VOLTAGE_SHARE = 0.5  # of the charge between two full voltages
TAPER_HOURS = 0.7  # what is missing at a full moment, over the current that still flows
SAMPLING_SHARE = 0.2
MOST_C_RATE = 0.02  # of a zero: more is no zero, but a pack that was taken for full and was not
COUNT_SHARE = 0.001  # of the charge moved: what the sensor counts differently on the way out and in
GAP_SECOND, GAP_SHARE = 600.0, 0.02
STEADY_HOURS, SETTLED_HOURS, LEAST_HOURS = 6.0, 0.5, 1.0
HELD_MEMORY_HOURS, HELD_VALID_HOURS = 0.4, 60.0
FALLING_VOLT = 0.006
TWO_SIGMA = 1.96
JUMP_SIGMAS = 4.0
JUMP_SHARE = 0.25  # of a jump, by which a count that began before it misses the new zero
AGAIN_SIGMAS = 2.5  # of two measurements in a row, to the same side
IDLE_ENOUGH_HOURS = 0.5
OPEN_SHARE = 0.99
CONFIRMING_ODDS = 3.0
APART_SIGMAS = 2.0
NEW_LEVEL_SIGMAS = 4.0
MOVED_CHANCE = 0.1  # that a new level is the sensor's: loads are switched far more often than sensors drift off
MOVED_ODDS = 2.0 * np.log((1.0 - MOVED_CHANCE) / MOVED_CHANCE)  # difference of squared sigmas that says otherwise


def initial_zero() -> FloatArray:
    """Nothing known yet, (ZERO_SLOTS,)."""
    zero = np.zeros(ZERO_SLOTS)
    zero[CHARGER_AMPERE] = np.inf
    zero[SINCE_FULL_HOURS] = np.inf
    zero[ZERO_VAR] = np.inf
    zero[LAST_OTHER] = zero[OTHER_LEVEL] = zero[LEVEL_HOURS] = np.nan
    return zero


@njit(cache=True)
def count_for_zero(
    zero: FloatArray,
    charge_ah: float,
    lost_ah: float,
    hours: float,
    missed_ampere: float,
    gap_second: float,
    capacity: float,
) -> None:
    """Add a row: its charge, what was bled and lost, and what sampling may have missed."""
    if charge_ah != charge_ah or lost_ah != lost_ah:
        zero[HAS_REFERENCE] = 0.0
        return
    zero[COUNTED_AH] += charge_ah - lost_ah
    zero[HOURS] += hours
    sampling = SAMPLING_SHARE * missed_ampere * min(gap_second, 3600.0) / 3600.0
    zero[COUNT_VAR] += sampling**2 + (COUNT_SHARE * charge_ah) ** 2
    if gap_second > GAP_SECOND:
        zero[COUNT_VAR] += (GAP_SHARE * capacity * min(gap_second / 3600.0, 10.0)) ** 2


@njit(cache=True)
def watch_closure(
    zero: FloatArray,
    full: float,
    voltage: float,
    current: float,
    hours: float,
    charge_branch: FloatArray,
    capacity: float,
    unseen_ampere: float,
) -> bool:
    """Take a row after it was counted; whether the closure measured the zero anew.

    Parameters
    ----------
    full : 1 while the pack stands near full with its current tapered, else 0; a voltage that falls is off the charger
    charge_branch : (G,) open-circuit voltage of the charge branch [V], rising
    unseen_ampere : a bleed that may have flowed in this row without being logged
    """
    zero[UNSEEN_AH] += unseen_ampere * hours
    if full == 0.0 or (zero[FULL_HOURS] > 0.0 and voltage < zero[HELD_VOLT] - FALLING_VOLT):
        zero[SINCE_FULL_HOURS] += hours
        return _leave_full(zero, charge_branch, capacity)
    if zero[FULL_HOURS] == 0.0:
        zero[HELD_AMPERE], zero[HELD_VOLT] = current, voltage
    keep = np.exp(-hours / HELD_MEMORY_HOURS)
    zero[HELD_AMPERE] = keep * zero[HELD_AMPERE] + (1.0 - keep) * current
    zero[HELD_VOLT] = keep * zero[HELD_VOLT] + (1.0 - keep) * voltage
    zero[FULL_HOURS] += hours
    if zero[FULL_HOURS] >= LEAST_HOURS:
        zero[SINCE_FULL_HOURS] = 0.0
        zero[CHARGER_AMPERE] = zero[HELD_AMPERE]
    zero[LAST_AH], zero[LAST_HOURS], zero[LAST_VAR] = zero[COUNTED_AH], zero[HOURS], zero[COUNT_VAR]
    if zero[FULL_HOURS] < SETTLED_HOURS or (zero[HAS_REFERENCE] > 0.0 and zero[HOURS] < STEADY_HOURS):
        return False
    if zero[HAS_REFERENCE] > 0.0 and zero[FULL_HOURS] < zero[HOURS] and zero[FULL_HOURS] < STEADY_HOURS:
        return False  # it may yet become fuller
    return _close(zero, charge_branch, capacity)


@njit(cache=True)
def _leave_full(zero: FloatArray, charge_branch: FloatArray, capacity: float) -> bool:
    """Close the count at the last full row."""
    held = zero[FULL_HOURS]
    new = False
    if held >= SETTLED_HOURS:
        new = _close(zero, charge_branch, capacity)
    zero[FULL_HOURS] = 0.0
    return new


@njit(cache=True)
def _close(zero: FloatArray, charge_branch: FloatArray, capacity: float) -> bool:
    """Measure the zero from the reference to the last full row, and refer to that one from then on."""
    hours, had = zero[LAST_HOURS], zero[HAS_REFERENCE] > 0.0
    if had and hours >= LEAST_HOURS:
        gained = capacity * (soc_at(charge_branch, zero[HELD_VOLT]) - soc_at(charge_branch, zero[WAS_VOLT]))
        tapered = TAPER_HOURS * (zero[WAS_AMPERE] - zero[HELD_AMPERE])
        share = STEADY_SHARE if zero[FULL_HOURS] >= hours else FULL_SHARE
        unseen = zero[UNSEEN_AH] / hours / TWO_SIGMA
        variance = (share * capacity) ** 2 + VOLTAGE_SHARE**2 * (gained**2 + tapered**2) + zero[LAST_VAR]
        measured = (zero[LAST_AH] - gained - tapered) / hours
        believable = abs(measured) <= MOST_C_RATE * capacity
        if believable and not _take_move(zero, measured, variance / hours**2 + unseen**2):
            _take_count(zero, measured, variance / hours**2, unseen)
    zero[HAS_REFERENCE], zero[UNSEEN_AH] = 1.0, 0.0
    zero[WAS_VOLT], zero[WAS_AMPERE] = zero[HELD_VOLT], zero[HELD_AMPERE]
    zero[COUNTED_AH] -= zero[LAST_AH]
    for clock in (HOURS, LEVEL_HOURS, MOVED_HOURS):
        zero[clock] -= zero[LAST_HOURS]
    zero[COUNT_VAR] -= zero[LAST_VAR]
    zero[LAST_AH] = zero[LAST_HOURS] = zero[LAST_VAR] = 0.0  # they counted from the reference that was left
    return bool(had and hours >= LEAST_HOURS)


@njit(cache=True)
def _take_move(zero: FloatArray, measured: float, variance: float) -> bool:
    """Decide by a closure whether the zero has moved to the new idle level; whether it has."""
    after, hours = zero[LAST_HOURS] - zero[MOVED_HOURS], zero[LAST_HOURS]
    if zero[MOVED] == 0.0 or after <= 0.0:
        return False
    unsure = max(zero[MOVED_HOURS] - zero[LEVEL_HOURS], 0.0)  # when it moved under a load, nobody saw
    expected = zero[MOVED] * min((after + 0.5 * unsure) / hours, 1.0)
    total = variance + zero[MOVED_VAR] + (zero[MOVED] * unsure / hours) ** 2 / 12.0
    stayed, moved = (measured - zero[ZERO]) ** 2 / total, (measured - zero[ZERO] - expected) ** 2 / total
    has_moved = moved < JUMP_SIGMAS**2 and stayed - moved > MOVED_ODDS
    if has_moved:
        zero[ZERO] += zero[MOVED]
        zero[LAST_APART] = 0.0
    zero[ZERO_VAR] = zero[MOVED_VAR]
    zero[MOVED] = 0.0
    return bool(has_moved)


@njit(cache=True)
def _take_count(zero: FloatArray, measured: float, variance: float, unseen_sigma: float) -> None:
    """Take what a count gives [A], of which a bleed that is not logged may be a part that is no zero.

    Counts share that part, however many there are: they say nothing of a zero that is known better than it, but where
    no bleed can be what they differ by. A bleed adds and takes nothing away: what lies clearly below is a lower zero.
    """
    if unseen_sigma**2 <= zero[ZERO_VAR]:
        take_zero(zero, measured, variance, unseen_sigma)
        return
    miss, own = measured - zero[ZERO], zero[ZERO_VAR] + variance
    if miss < -JUMP_SIGMAS * np.sqrt(own) or miss > JUMP_SIGMAS * np.sqrt(own + unseen_sigma**2):
        # within these hours, nobody saw when
        zero[ZERO], zero[ZERO_VAR] = measured, variance + unseen_sigma**2 + (JUMP_SHARE * miss) ** 2
        zero[LAST_APART] = 0.0


@njit(cache=True)
def soc_at(branch: FloatArray, voltage: float) -> float:
    """Charge of a rising branch at a voltage, by interpolation."""
    last = branch.shape[0] - 1
    place = min(max(int(np.searchsorted(branch, voltage)), 1), last)
    share = (voltage - branch[place - 1]) / (branch[place] - branch[place - 1])
    return float((place - 1.0 + min(max(share, 0.0), 1.0)) / last)


@njit(cache=True)
def take_zero(zero: FloatArray, measured: float, variance: float, common_sigma: float) -> None:
    """Take one measurement; `common_sigma` is an error that all of its kind share.

    One that does not fit begins anew, as do two in a row that hardly fit to the same side.
    """
    miss, total = measured - zero[ZERO], variance + common_sigma**2
    apart = miss / np.sqrt(zero[ZERO_VAR] + total)
    again = apart * zero[LAST_APART] > AGAIN_SIGMAS**2
    zero[LAST_APART] = apart
    if not np.isfinite(zero[ZERO_VAR]) or abs(apart) > JUMP_SIGMAS or again:
        zero[ZERO], zero[ZERO_VAR], zero[LAST_APART] = measured, total, 0.0
        return
    gain = zero[ZERO_VAR] / (zero[ZERO_VAR] + total)
    least = min(zero[ZERO_VAR], common_sigma**2)
    zero[ZERO] += gain * miss
    zero[ZERO_VAR] = max((1.0 - gain) * zero[ZERO_VAR], least)


@njit(cache=True)
def watch_idle(
    zero: FloatArray,
    idle: float,
    switch_open: float,
    current: float,
    hours: float,
    sigma: float,
    prior_sigma: float,
) -> bool:
    """Take a row on which nothing seems to be connected; whether it was enough to read the zero.

    Parameters
    ----------
    idle : 1 while the current is steady and tiny, the pack rested and off its charger, else 0
    switch_open : share for which its switches are reported open, NaN where they are not
    sigma : of a mean over half an hour [A]
    prior_sigma : of the sensor's zero before anything was read [A]
    """
    surely_idle = switch_open > OPEN_SHARE
    if not (idle > 0.0 or surely_idle):
        zero[IDLE_AH] = zero[IDLE_HOURS] = 0.0
        return False
    zero[IDLE_AH] += current * hours
    zero[IDLE_HOURS] += hours
    if zero[IDLE_HOURS] < IDLE_ENOUGH_HOURS:
        return False
    reading, began = zero[IDLE_AH] / zero[IDLE_HOURS], zero[HOURS] - zero[IDLE_HOURS]
    zero[IDLE_AH] = zero[IDLE_HOURS] = 0.0
    returned = zero[MOVED] != 0.0 and abs(reading - zero[ZERO]) < APART_SIGMAS * np.sqrt(sigma**2 + zero[MOVED_VAR])
    if not (surely_idle or returned or is_zero_reading(zero, reading, sigma, prior_sigma)):
        _see_level(zero, reading, began, sigma)
        return False
    if zero[MOVED] != 0.0:
        zero[ZERO_VAR], zero[MOVED] = zero[MOVED_VAR], 0.0
    zero[LEVEL_HOURS] = zero[HOURS]
    take_zero(zero, reading, sigma * sigma, sigma)
    return True


@njit(cache=True)
def _see_level(zero: FloatArray, reading: float, began_hours: float, sigma: float) -> None:
    """Doubt the zero where idle readings that were the zero have left it for a level not seen before.

    Two in a row have to show it: the first may have begun before the step.
    """
    borne_out = abs(reading - zero[LAST_OTHER]) <= NEW_LEVEL_SIGMAS * sigma  # false for NaN, as are the next two
    is_old = abs(reading - zero[OTHER_LEVEL]) <= NEW_LEVEL_SIGMAS * sigma
    was_zero = zero[LEVEL_HOURS] == zero[LEVEL_HOURS] and zero[MOVED] == 0.0
    zero[LAST_OTHER] = reading
    if not borne_out:
        return
    zero[OTHER_LEVEL] = reading
    moved = reading - zero[ZERO]
    if was_zero and not is_old and abs(moved) > NEW_LEVEL_SIGMAS * np.sqrt(sigma**2 + zero[ZERO_VAR]):
        zero[MOVED], zero[MOVED_HOURS] = moved, began_hours - IDLE_ENOUGH_HOURS
        zero[MOVED_VAR] = zero[ZERO_VAR] + sigma**2
        zero[ZERO_VAR] += MOVED_CHANCE * moved**2


@njit(cache=True)
def is_zero_reading(zero: FloatArray, reading: float, sigma: float, prior_sigma: float) -> bool:
    """Whether a steady small current while nothing seems connected is the sensor's zero rather than a load."""
    known = np.isfinite(zero[ZERO_VAR])
    held = zero[CHARGER_AMPERE] if zero[SINCE_FULL_HOURS] < HELD_VALID_HOURS else np.inf
    before = zero[ZERO] if known else 0.0
    if held <= 0.5 * (reading + before) - sigma:
        return True  # the reading on the charger fell as well
    if not known:
        return reading >= -sigma
    near, far = zero[ZERO_VAR] + sigma**2, zero[ZERO_VAR] + prior_sigma**2
    apart = (reading - before) / np.sqrt(near)
    if abs(apart) > APART_SIGMAS:
        return bool(apart > 0.0 and reading >= -sigma)
    odds = np.sqrt(far / near) * np.exp(0.5 * before**2 / far - 0.5 * apart**2)
    return bool(odds > CONFIRMING_ODDS or reading >= -sigma)
