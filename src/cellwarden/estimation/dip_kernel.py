"""Transient dips of one cell against the mean of the others, in Numba, while the current keeps still.

A dip is a reading below the cell's own recent level by 15 mV (three resolutions of a coarse sensor) or six sigma of its
own noise, whichever is more, that comes back within 90 s. Where noise hides short dips, the mean of the last samples
may show longer ones. A step of the current starts the level anew.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from cellwarden.core.minute_block import IntArray
from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation import minute_slots as at

__all__ = ["CALM_BANDS", "DIP_VOLT", "FIRST_VARIANCE", "plan_dips", "watch_dips"]

DIP_VOLT = 0.015
DIP_LONGEST_SECOND = 90.0
SIGMAS_SQUARED = 36.0
QUIET_SHARE, NOISY_SHARE = 1.0 / 20.0, 1.0 / 100.0  # of a sample in a cell's level
TRUSTED_SAMPLES, TRUSTED_NOISY_SAMPLES, TRUSTED_MEAN_SAMPLES = 5.0, 10.0, 40.0
NOISE_SHARE = 0.003
FIRST_VARIANCE = 1e-4  # [V²] until the noise is known, a few hundred samples later
SLOW_SECOND = 8.0  # of the running mean; its variance is share / (2 − share) of the noise's
CALM_BANDS = 4.0  # of the steady band: 2 % of C
CALM_VOLT = 0.005  # of the median cell, where the current is not measured


@njit(cache=True)
def plan_dips(
    pack: FloatArray, band: float, plan: FloatArray, k: int, current: float, interval: float, voltage: FloatArray
) -> int:
    """Whether the cells' levels hold at sample k or start anew, as bits.

    Parameters
    ----------
    band : within which the current is calm [A]
    plan : (T, PLAN_SLOTS) gets the sample's weight in the levels
    interval : time since the sample before, 0 at the first one [s]
    voltage : (T, n_cells) readings, which stand in for a current that is not measured [V]
    """
    level = current
    if current != current:
        level = np.nanmedian(voltage[k])
        band = CALM_VOLT
    if not (0.0 < interval <= DIP_LONGEST_SECOND and abs(level - pack[at.CALM_LEVEL]) <= band):
        pack[at.CALM_LEVEL] = level
        pack[at.CALM_COUNT] = 1.0
        return at.RESTART_DIPS
    trusted = pack[at.CALM_COUNT] >= TRUSTED_SAMPLES
    share = NOISY_SHARE
    if pack[at.CALM_COUNT] * NOISY_SHARE < 1.0:
        pack[at.CALM_COUNT] += 1.0
        share = 1.0 / pack[at.CALM_COUNT]
    plan[k, at.DIP_SHARE] = share
    pack[at.CALM_LEVEL] += max(share, QUIET_SHARE) * (level - pack[at.CALM_LEVEL])
    return at.TRUST_DIPS if trusted else 0


@njit(cache=True)
def watch_dips(cell: FloatArray, threshold: float, voltage: FloatArray, plan: FloatArray, bits: IntArray) -> None:
    """Count every cell's dips over some samples."""
    least = threshold * threshold
    base, variance, slow, second = cell[at.DIP_BASE], cell[at.DIP_VARIANCE], cell[at.DIP_SLOW], cell[at.DIP_SECOND]
    for k in range(voltage.shape[0]):
        mean, scale, share = plan[k, at.MEAN], plan[k, at.SCALE], plan[k, at.DIP_SHARE]
        slow_share = min(1.0, plan[k, at.INTERVAL] / SLOW_SECOND)
        if bits[k] & at.RESTART_DIPS:
            _restart(base, slow, second, voltage[k], mean, scale)
        elif _all_quiet(base, slow, second, voltage[k], mean, scale, 0.25 * least):
            _follow_noise(base, variance, slow, voltage[k], mean, scale, share, slow_share, least)
        else:
            trusted, interval = bits[k] & at.TRUST_DIPS, plan[k, at.INTERVAL]
            for j in range(cell.shape[1]):
                deviation = (voltage[k, j] - mean) * scale
                if deviation == deviation:
                    _watch_cell(cell, j, deviation, share, slow_share, least, interval, trusted)


@njit(cache=True)
def _restart(
    base: FloatArray, slow: FloatArray, second: FloatArray, voltage: FloatArray, mean: float, scale: float
) -> None:
    """Start every level anew."""
    for j in range(voltage.shape[0]):
        deviation = (voltage[j] - mean) * scale
        if deviation == deviation:
            base[j], slow[j], second[j] = deviation, 0.0, 0.0


@njit(cache=True)
def _all_quiet(
    base: FloatArray,
    slow: FloatArray,
    second: FloatArray,
    voltage: FloatArray,
    mean: float,
    scale: float,
    quiet: float,
) -> bool:
    """Whether no cell is, or was, anywhere near a dip; the usual case, which goes the vectorised way."""
    near = 0
    for j in range(voltage.shape[0]):
        error = (voltage[j] - mean) * scale - base[j]
        near += not (error * error <= quiet and slow[j] * slow[j] <= quiet and second[j] == 0.0)
    return near == 0


@njit(cache=True)
def _follow_noise(
    base: FloatArray,
    variance: FloatArray,
    slow: FloatArray,
    voltage: FloatArray,
    mean: float,
    scale: float,
    share: float,
    slow_share: float,
    least: float,
) -> None:
    """Advance level and noise of all cells; the same sums as in `_watch_cell`."""
    clip = 0.01 * least
    quiet_share = max(share, QUIET_SHARE)
    for j in range(voltage.shape[0]):
        deviation = (voltage[j] - mean) * scale
        error = deviation - base[j]
        slow[j] = (1.0 - slow_share) * slow[j] + slow_share * error
        pull = quiet_share if SIGMAS_SQUARED * variance[j] <= least else share
        base[j] = (1.0 - pull) * base[j] + pull * deviation
        square = min(error * error, 9.0 * variance[j] + clip)
        variance[j] = (1.0 - NOISE_SHARE) * variance[j] + NOISE_SHARE * square


@njit(cache=True)
def _watch_cell(
    cell: FloatArray,
    j: int,
    deviation: float,
    share: float,
    slow_share: float,
    least: float,
    interval: float,
    trusted: int,
) -> None:
    """Advance one cell by one reading that may belong to a dip."""
    base, variance, second = cell[at.DIP_BASE, j], cell[at.DIP_VARIANCE, j], cell[at.DIP_SECOND, j]
    error = deviation - base
    slow = (1.0 - slow_share) * cell[at.DIP_SLOW, j] + slow_share * error
    cell[at.DIP_SLOW, j] = slow
    if trusted and _is_down(error, slow, variance, share, slow_share, least, second):
        cell[at.DIP_SECOND, j] = second + interval
        if second + interval > DIP_LONGEST_SECOND:  # a new level, not a dip
            cell[at.DIP_BASE, j], cell[at.DIP_SLOW, j], cell[at.DIP_SECOND, j] = deviation, 0.0, 0.0
        return
    if second > 0.0:
        cell[at.DIPS, j] += 1.0
        cell[at.DIP_SECOND, j] = 0.0
    pull = max(share, QUIET_SHARE) if SIGMAS_SQUARED * variance <= least else share
    cell[at.DIP_BASE, j] = (1.0 - pull) * base + pull * deviation
    square = min(error * error, 9.0 * variance + 0.01 * least)
    cell[at.DIP_VARIANCE, j] = (1.0 - NOISE_SHARE) * variance + NOISE_SHARE * square


@njit(cache=True)
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
