"""Common offset of several temperature sensors and the ambient one, in Numba."""

from __future__ import annotations

import math

import numpy as np

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.bare_kernel import bare_kernel, counted_kernel
from cellwarden.estimation.middle_value import finite_middle

__all__ = ["common_offsets", "follow_quiet_differences"]

HEAVY_TAIL = 3.0  # degrees of freedom: a sensor far off the others counts little
ROUNDS = 12

# slots of a sensor: quiet mean of its difference from the others, weight behind it [s]; the recent heating; mean and
# weight of the last hour, which takes over where it has left the long one; what cells with a bad path would show now
QUIET_MEAN, QUIET_SECOND, WARMING, RECENT_MEAN, RECENT_SECOND, COURSE_MEAN, COURSE_SECOND = range(7)
QUIET_SLOTS = 7
RECENT_WINDOW_SECOND, RESTART_SECOND, JUMP_KELVIN = 3600.0, 600.0, 0.7
QUIET_KELVIN = 0.5
FORGET_SECOND = 43200.0
# by which cells with a bad path may follow the others: no jump, it goes as the course does; judged: of a large cell
# (5 kg of 1 kJ/kg/K) that still air cools (5 W/m²/K on 0.11 m²)
LATER_SECOND = 9000.0


@counted_kernel
def common_offsets(difference: FloatArray, sigma: FloatArray, frame_sigma: float, out: FloatArray) -> None:
    """Offset of the frame in which the sensors' differences stand, and its standard deviation.

    The sensors' own offsets are differences plus the frame's; all come from Student distributions about 0 (three
    degrees of freedom; Lange, Little and Taylor, J. Am. Stat. Assoc. 84 (1989) 881, by iterated weights).

    Parameters
    ----------
    difference : (M, S) offset of each sensor minus the frame's [K], NaN where there is none
    sigma : (S,) scale of the sensors' own offsets [K]
    frame_sigma : scale of the frame's own offset [K], infinite where the frame is the sensors' own
    out : (M, 2) filled: offset of the frame and its sigma [K]
    """
    scratch = np.empty((2, difference.shape[1] + 1))
    _each_offset(difference, sigma, frame_sigma, out, scratch[0], scratch[1])


@bare_kernel
def _each_offset(
    difference: FloatArray, sigma: FloatArray, frame_sigma: float, out: FloatArray, held: FloatArray, kept: FloatArray
) -> None:
    """As `common_offsets`, with scratch `held`, `kept` (S + 1,)."""
    sensors = difference.shape[1]
    for k in range(difference.shape[0]):
        for g in range(sensors):
            held[g] = difference[k, g]
        held[sensors] = 0.0 if frame_sigma < np.inf else np.nan  # the frame's own
        middle = finite_middle(held, kept)
        out[k, 0] = -middle if middle == middle else 0.0
        for _ in range(ROUNDS):
            total, weighted = _weights(difference[k], sigma, frame_sigma, out[k, 0])
            if total == 0.0:
                break
            before = out[k, 0]
            out[k, 0] = -weighted / total
            out[k, 1] = 1.0 / math.sqrt(total)
            if out[k, 0] == before:
                break  # further rounds give the same
        if total == 0.0:
            out[k, 1] = np.nan


@bare_kernel
def _weights(difference: FloatArray, sigma: FloatArray, frame_sigma: float, frame: float) -> tuple[float, float]:
    """Sum of the weights, and of the weighted differences, at an offset of the frame."""
    total = 0.0
    weighted = 0.0
    if frame_sigma < np.inf:
        total = 1.0 / (frame_sigma**2 * (1.0 + (frame / frame_sigma) ** 2 / HEAVY_TAIL))
    for g in range(difference.shape[0]):
        if difference[g] == difference[g]:
            own = (difference[g] + frame) / sigma[g]
            weight = 1.0 / (sigma[g] ** 2 * (1.0 + own * own / HEAVY_TAIL))
            total += weight
            weighted += weight * difference[g]
    return total, weighted


@bare_kernel
def _average(own: FloatArray, mean: int, second: int, value: float, dt: float, window_second: float) -> None:
    """Draw a mean towards a value; its weight grows to the window."""
    own[second] = min(own[second] + dt, window_second)
    own[mean] += (dt / own[second] if own[second] > 0.0 else 1.0) * (value - own[mean])


@bare_kernel
def follow_quiet_differences(
    state: FloatArray, elapsed: FloatArray, warming: FloatArray, reading: FloatArray, out: FloatArray, kept: FloatArray
) -> None:
    """Mean difference of each reading from the others' median while no heat parts them.

    Parameters
    ----------
    state : (S, 7) what the slots say, changed
    elapsed : (M,) [s]
    warming : (M, S) kelvin per second that the heat alone would give
    reading : (M, S) [°C]
    out : (M, S, 2) filled: the mean [K] and the quiet time behind it [s]
    kept : (S,) scratch
    """
    for k in range(elapsed.shape[0]):
        middle = finite_middle(reading[k], kept)
        dt = min(elapsed[k], FORGET_SECOND)
        for g in range(reading.shape[1]):
            if middle == middle:
                _average(state[g], COURSE_MEAN, COURSE_SECOND, middle, dt, LATER_SECOND)
            state[g, WARMING] = state[g, WARMING] * math.exp(-dt / 7200.0) + abs(warming[k, g]) * dt
            difference = reading[k, g] - middle
            if difference == difference and state[g, WARMING] < QUIET_KELVIN:
                _average(state[g], QUIET_MEAN, QUIET_SECOND, difference, dt, FORGET_SECOND)
                _average(state[g], RECENT_MEAN, RECENT_SECOND, difference, dt, RECENT_WINDOW_SECOND)
                settled = state[g, RECENT_SECOND] >= RECENT_WINDOW_SECOND
                moved = state[g, RECENT_MEAN] - state[g, QUIET_MEAN]
                later = (state[g, COURSE_MEAN] - middle) * (1.0 if moved > 0.0 else -1.0)
                if settled and abs(moved) > JUMP_KELVIN + max(later, 0.0):
                    state[g, QUIET_MEAN] = state[g, RECENT_MEAN]
                    state[g, QUIET_SECOND] = RESTART_SECOND
                    state[g, RECENT_SECOND] = 0.0
            out[k, g, 0] = state[g, QUIET_MEAN]
            out[k, g, 1] = state[g, QUIET_SECOND]
