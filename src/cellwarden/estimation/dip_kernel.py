"""Transient dips of one cell against the mean of the others, in Numba, while the current keeps still.

A dip is a reading below the cell's own recent level by 15 mV (three resolutions of a coarse sensor) or six sigma of its
own noise, whichever is more, that comes back within 90 s. Where noise hides short dips, the mean of the last samples
may show longer ones. A step of the current starts the level anew. A cell that crosses a step of its curve a few minutes
before or after the others stays behind them as long: where they moved by half of a dip's depth since the cell was last
at its level, it is none.

But a charger that holds the string's voltage answers the dip of a cell with current. More charge lifts every sound
cell, so one that falls while it rises is dipping; that dip is over when half of its depth is made good, whatever the
current does meanwhile. Such a dip is told by a negative time in DIP_SECOND, with its depth in DIP_SLOW.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation import minute_slots as at
from cellwarden.estimation.bare_kernel import bare_kernel

__all__ = ["CALM_BANDS", "DIP_VOLT", "FIRST_VARIANCE", "plan_dips", "watch_dips"]

DIP_VOLT = 0.015
DIP_LONGEST_SECOND = 90.0
SIGMAS_SQUARED = 36.0
QUIET_SHARE, NOISY_SHARE = 1.0 / 20.0, 1.0 / 100.0  # of a sample in a cell's level
TRUSTED_SAMPLES, TRUSTED_NOISY_SAMPLES, TRUSTED_MEAN_SAMPLES = 5.0, 10.0, 40.0
NOISE_SHARE = 0.003
FIRST_VARIANCE = 1e-4  # [V²] until the noise is known, a few hundred samples later
SLOW_SECOND = 8.0  # of the running mean; its variance is share / (2 − share) of the noise's
BACK_SHARE = 0.5  # of the depth: a cell relaxes for minutes after a deep dip
PASSED_SHARE = 0.5  # of the depth, by which the others moved: the cell passes, later or sooner, where they pass
CALM_BANDS = 4.0  # of the steady band: 2 % of C
CALM_VOLT = 0.005  # of the median cell, where the current is not measured


@njit(cache=True, inline="always")
def plan_dips(
    pack: FloatArray, band: float, plan: FloatArray, k: int, current: float, interval: float, level: float
) -> int:
    """Whether the cells' levels hold at sample k or start anew, as bits.

    Parameters
    ----------
    band : within which the current is calm [A]
    plan : (PLAN_ROWS, PLAN_SLOTS) gets the sample's weight in the levels, and the mean before it
    interval : time since the sample before, 0 at the first one [s]
    level : the current, or the median cell where no current is measured [A or V]
    """
    mean, measured = plan[k, at.MEAN], current == current
    if not measured:
        band = CALM_VOLT
    trusted = pack[at.CALM_COUNT] >= TRUSTED_SAMPLES
    plan[k, at.MEAN_BEFORE] = pack[at.CALM_MEAN]
    if mean == mean:
        pack[at.CALM_MEAN] = mean
    close = 0.0 < interval <= DIP_LONGEST_SECOND
    if not (close and abs(level - pack[at.CALM_LEVEL]) <= band):
        answered = close and measured and trusted and level > pack[at.CALM_LEVEL]
        pack[at.CALM_LEVEL] = level
        pack[at.CALM_COUNT] = 1.0
        return at.RESTART_DIPS | at.ANSWERED if answered else at.RESTART_DIPS
    share = NOISY_SHARE
    if pack[at.CALM_COUNT] * NOISY_SHARE < 1.0:
        pack[at.CALM_COUNT] += 1.0
        share = 1.0 / pack[at.CALM_COUNT]
    plan[k, at.DIP_SHARE] = share
    pack[at.CALM_LEVEL] += max(share, QUIET_SHARE) * (level - pack[at.CALM_LEVEL])
    return at.TRUST_DIPS if trusted else 0


@njit(cache=True, inline="always")
def watch_dips(cells: int, cell: FloatArray, least: float, plan: FloatArray, row: int, bits: int) -> None:
    """Take one sample of a group of cells.

    Parameters
    ----------
    cells : how many lanes of the group are cells
    cell : (CELL_SLOTS × LANES,) the group's state, the readings in V_NOW
    least : square of the least depth [V²]
    plan, row : (PLAN_ROWS, PLAN_SLOTS) what the samples ask for, and which of them it is
    bits : what is asked of the cells
    """
    mean, scale, share = plan[row, at.MEAN], plan[row, at.SCALE], plan[row, at.DIP_SHARE]
    slow_share = min(1.0, plan[row, at.INTERVAL] / SLOW_SECOND)
    if bits & at.RESTART_DIPS:
        before = plan[row, at.MEAN_BEFORE] if bits & at.ANSWERED else np.nan
        _restart(cells, cell, mean, scale, before, plan[row, at.INTERVAL], least)
    elif _all_quiet(cells, cell, mean, scale, 0.25 * least):
        _follow_noise(cells, cell, mean, scale, share, slow_share, least)
    else:
        trusted, interval = bits & at.TRUST_DIPS, plan[row, at.INTERVAL]
        for k in range(cells):
            deviation = (cell[at.V_NOW * at.LANES + k] - mean) * scale
            if deviation == deviation:
                _watch_cell(cell, k, deviation, mean, share, slow_share, least, interval, trusted)


@bare_kernel
def _restart(
    cells: int, cell: FloatArray, mean: float, scale: float, mean_before: float, interval: float, least: float
) -> None:
    """Start every level anew but those of cells that dip; `mean_before` is NaN where the charge did not rise."""
    for k in range(cells):
        reading, second = cell[at.V_NOW * at.LANES + k], cell[at.DIP_SECOND * at.LANES + k]
        deviation = (reading - mean) * scale
        if deviation != deviation:
            continue
        base = cell[at.DIP_BASE * at.LANES + k]
        if mean_before == mean_before and second >= 0.0:
            fall, error = reading - mean_before - base / scale, deviation - base
            deep = max(least, SIGMAS_SQUARED * cell[at.DIP_VARIANCE * at.LANES + k])
            # who rises with the others was only read before them
            goes_on = second > 0.0 and error < 0.0 and error * error > 0.25 * least
            if goes_on or (fall < 0.0 and fall * fall > deep):
                cell[at.DIP_SLOW * at.LANES + k] = min(cell[at.DIP_SLOW * at.LANES + k], -np.sqrt(least))
                cell[at.DIP_SECOND * at.LANES + k] = min(-second, -1e-9)
        if cell[at.DIP_SECOND * at.LANES + k] < 0.0 and _still_answered(cell, k, deviation - base, interval):
            continue
        cell[at.DIP_BASE * at.LANES + k] = deviation
        cell[at.DIP_SLOW * at.LANES + k] = 0.0
        cell[at.DIP_SECOND * at.LANES + k] = 0.0
        cell[at.DIP_MEAN * at.LANES + k], cell[at.DIP_DEPTH * at.LANES + k] = mean, 0.0


@njit(cache=True, inline="always")
def _still_answered(cell: FloatArray, k: int, error: float, interval: float) -> bool:
    """Whether a dip that the charge answered goes on, `error` below its level; one that is over is counted."""
    depth = min(cell[at.DIP_SLOW * at.LANES + k], error)
    if error > BACK_SHARE * depth:
        cell[at.DIPS * at.LANES + k] += 1.0
        return False
    second = cell[at.DIP_SECOND * at.LANES + k] - interval
    cell[at.DIP_SLOW * at.LANES + k], cell[at.DIP_SECOND * at.LANES + k] = depth, second
    return bool(interval > 0.0 and second >= -DIP_LONGEST_SECOND)


@njit(cache=True, inline="always")
def _all_quiet(cells: int, cell: FloatArray, mean: float, scale: float, quiet: float) -> bool:
    """Whether no cell is, or was, anywhere near a dip; the usual case, in which all go in step."""
    near = 0
    for k in range(cells):
        error = (cell[at.V_NOW * at.LANES + k] - mean) * scale - cell[at.DIP_BASE * at.LANES + k]
        slow, second = cell[at.DIP_SLOW * at.LANES + k], cell[at.DIP_SECOND * at.LANES + k]
        near += not (error * error <= quiet and slow * slow <= quiet and second == 0.0)
    return near == 0


@njit(cache=True, inline="always")
def _follow_noise(
    cells: int, cell: FloatArray, mean: float, scale: float, share: float, slow_share: float, least: float
) -> None:
    """Advance level and noise of all cells; the same sums as in `_watch_cell`."""
    clip = 0.01 * least
    quiet_share = max(share, QUIET_SHARE)
    for k in range(cells):
        base, variance = cell[at.DIP_BASE * at.LANES + k], cell[at.DIP_VARIANCE * at.LANES + k]
        deviation = (cell[at.V_NOW * at.LANES + k] - mean) * scale
        error = deviation - base
        slow = cell[at.DIP_SLOW * at.LANES + k]
        cell[at.DIP_SLOW * at.LANES + k] = (1.0 - slow_share) * slow + slow_share * error
        pull = quiet_share if SIGMAS_SQUARED * variance <= least else share
        cell[at.DIP_BASE * at.LANES + k] = (1.0 - pull) * base + pull * deviation
        cell[at.DIP_MEAN * at.LANES + k] = mean
        square = min(error * error, 9.0 * variance + clip)
        cell[at.DIP_VARIANCE * at.LANES + k] = (1.0 - NOISE_SHARE) * variance + NOISE_SHARE * square


@bare_kernel
def _watch_cell(
    cell: FloatArray,
    k: int,
    deviation: float,
    mean: float,
    share: float,
    slow_share: float,
    least: float,
    interval: float,
    trusted: int,
) -> None:
    """Advance the cell in lane k by one reading that may belong to a dip; `mean` is that of all cells [V]."""
    base_at, second_at = at.DIP_BASE * at.LANES + k, at.DIP_SECOND * at.LANES + k
    slow_at, variance_at = at.DIP_SLOW * at.LANES + k, at.DIP_VARIANCE * at.LANES + k
    mean_at, depth_at = at.DIP_MEAN * at.LANES + k, at.DIP_DEPTH * at.LANES + k
    base, variance, second = cell[base_at], cell[variance_at], cell[second_at]
    error = deviation - base
    if second < 0.0:
        if not _still_answered(cell, k, error, interval):
            cell[base_at], cell[slow_at], cell[second_at] = deviation, 0.0, 0.0
            cell[mean_at], cell[depth_at] = mean, 0.0
        return
    slow = (1.0 - slow_share) * cell[slow_at] + slow_share * error
    cell[slow_at] = slow
    if trusted and _is_down(error, slow, variance, share, slow_share, least, second):
        cell[second_at], cell[depth_at] = second + interval, min(cell[depth_at], error)
        if second + interval > DIP_LONGEST_SECOND:  # a new level, not a dip
            cell[base_at], cell[slow_at], cell[second_at] = deviation, 0.0, 0.0
            cell[mean_at], cell[depth_at] = mean, 0.0
        return
    if second > 0.0:
        passed = abs(mean - cell[mean_at]) > -PASSED_SHARE * cell[depth_at]
        cell[at.DIPS * at.LANES + k] += 0.0 if passed else 1.0
        cell[second_at], cell[depth_at] = 0.0, 0.0
    if error * error <= 0.25 * least:
        cell[mean_at] = mean
    pull = max(share, QUIET_SHARE) if SIGMAS_SQUARED * variance <= least else share
    cell[base_at] = (1.0 - pull) * base + pull * deviation
    square = min(error * error, 9.0 * variance + 0.01 * least)
    cell[variance_at] = (1.0 - NOISE_SHARE) * variance + NOISE_SHARE * square


@bare_kernel
def _is_down(
    error: float, slow: float, variance: float, share: float, slow_share: float, least: float, second: float
) -> bool:
    """Whether a reading is below its level; half the threshold suffices for one that was down before."""
    part = 0.25 if second > 0.0 else 1.0
    noise = SIGMAS_SQUARED * variance
    if noise <= least:
        return bool(error < 0.0 and error * error > part * least)
    if share * TRUSTED_NOISY_SAMPLES > 1.0:
        return False
    if error < 0.0 and error * error > part * noise:
        return True
    if share * TRUSTED_MEAN_SAMPLES > 1.0:
        return False
    slow_noise = slow_share / (2.0 - slow_share) * noise
    return bool(slow < 0.0 and slow * slow > part * max(least, slow_noise))
