"""Thermal filter of each group of cells under a sensor, in Numba: windows, readings, jumps, gaps.

The node's equation stands in `thermal_node`. The mean advances each minute; covariance and readings act on it every
five minutes. Without an ambient column the offset stays 0 and its slot holds the equivalent ambient.
"""

from __future__ import annotations

import math

import numpy as np

from cellwarden.core.minute_block import IntArray
from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.bare_kernel import bare_kernel, counted_kernel
from cellwarden.estimation.heat_balance import BALANCE_SLOTS, follow_balance, take_balance
from cellwarden.estimation.scalar_update import update_by
from cellwarden.estimation.thermal_node import (
    AMBIENT_AGE,
    GRADIENT,
    GROUP_SLOTS,
    HAS_AMBIENT,
    HELD_COUNT,
    HELD_DAYS,
    HELD_INNOVATION,
    HELD_NOISE,
    INFORMED,
    JUMP_COUNT,
    JUMP_KELVIN,
    JUMP_KELVIN_MEAN,
    LAST_AMBIENT,
    LAST_STAMP,
    LOG_CAPACITY,
    LOG_EXCHANGE,
    LOG_TAU,
    LOSS_VOLT,
    NOMINAL_AH,
    OFFSET,
    OFFSET_WALK,
    PATH_SECOND,
    PATH_WALK,
    POTENTIAL_KNOTS,
    POTENTIAL_VOLT,
    READING_SIGMA,
    STATES,
    WARMTH,
    WATT,
    WINDOW,
    advance_row,
    open_window,
    spread_covariance,
)

__all__ = [
    "BALANCE_SLOTS",
    "GRADIENT",
    "GROUP_SLOTS",
    "INFORMED",
    "LOG_CAPACITY",
    "LOG_EXCHANGE",
    "LOG_TAU",
    "LOSS_VOLT",
    "OFFSET",
    "OUTPUTS",
    "POTENTIAL_KNOTS",
    "POTENTIAL_VOLT",
    "STATES",
    "WARMTH",
    "WATT",
    "run_thermal_filters",
]

# outputs
OUT_WARMTH, OUT_OFFSET, OUT_OFFSET_VARIANCE, OUT_TAU, OUT_TAU_VARIANCE, OUT_CAPACITY, OUT_CAPACITY_VARIANCE = range(7)
OUT_COVARIANCE, OUT_AMBIENT, OUT_PATH_SECOND, OUT_INFORMED, OUT_BIAS_WATT = range(7, 12)
OUT_EXCHANGE, OUT_EXCHANGE_VARIANCE, OUT_EXCHANGE_COVARIANCE = range(12, 15)
OUT_LOSS = 15  # and the potential's knots after it
OUTPUTS = OUT_LOSS + 1 + POTENTIAL_KNOTS

LONGEST_GAP_SECOND = 3700.0
WINDOW_SECOND = 300.0
READING_FLOOR_KELVIN = 0.03  # what stays of the reading's error in the mean of five minutes
AMBIENT_WALK_KELVIN = 8.0  # in a day, of an equivalent ambient that no sensor sees
MEMORY_DAYS = 45.0  # of heat capacity and heat errors


@bare_kernel
def _forget(x: FloatArray, p: FloatArray, prior_x: FloatArray, prior_p: FloatArray, keep: float) -> None:
    """Draw heat capacity and heat errors back to their priors: what is systematic in the heat must not add up."""
    n = p.shape[0]
    for a in range(LOG_CAPACITY, n):
        x[a] = prior_x[a] + keep * (x[a] - prior_x[a])
        for b in range(n):
            p[a, b] *= keep
            p[b, a] *= keep
    lost = 1.0 - keep * keep
    for a in range(LOG_CAPACITY, n):
        for b in range(LOG_CAPACITY, n):
            p[a, b] += lost * prior_p[a, b]


@bare_kernel
def _close_window(
    x: FloatArray,
    p: FloatArray,
    group: FloatArray,
    prior_x: FloatArray,
    prior_p: FloatArray,
    h: FloatArray,
    work: FloatArray,
    parameters: FloatArray,
) -> None:
    """Covariance over the five minutes, then the mean of their readings."""
    estimated = parameters[HAS_AMBIENT] == 0.0
    spread_covariance(p, group[GRADIENT:], work)
    p[WARMTH, WARMTH] += group[HELD_NOISE]
    walk = AMBIENT_WALK_KELVIN if estimated else parameters[OFFSET_WALK]
    p[OFFSET, OFFSET] += walk * walk * group[HELD_DAYS]
    if not estimated:
        p[LOG_TAU, LOG_TAU] += parameters[PATH_WALK] ** 2 * group[HELD_DAYS]
    if group[HELD_DAYS] > 0.0:
        _forget(x, p, prior_x, prior_p, math.exp(-group[HELD_DAYS] / MEMORY_DAYS))
    if group[HELD_COUNT] > 0.0:
        variance = parameters[READING_SIGMA] ** 2 / group[HELD_COUNT] + READING_FLOOR_KELVIN**2
        update_by(x, p, h, work, group[HELD_INNOVATION] / group[HELD_COUNT], variance, 4.0)
        x[LOG_CAPACITY] = min(max(x[LOG_CAPACITY], -3.0), 16.0)
        x[LOG_TAU] = min(max(x[LOG_TAU], 4.0), 13.0)
        x[LOG_EXCHANGE] = min(max(x[LOG_EXCHANGE], -3.0), 3.0)
    open_window(group)


@bare_kernel
def _jumped(group: FloatArray, innovation: float, threshold: float) -> int:
    """Follow the surprise of a group: 0 take the reading, 1 wait, 2 the reading has jumped for good."""
    if abs(innovation) < threshold:
        group[JUMP_COUNT] = 0.0
        return 0
    if group[JUMP_COUNT] > 0.0 and innovation * group[JUMP_KELVIN_MEAN] < 0.0:
        group[JUMP_COUNT] = 0.0
    group[JUMP_KELVIN_MEAN] = innovation
    group[JUMP_COUNT] += 1.0
    return 2 if group[JUMP_COUNT] >= 4.0 else 1


@bare_kernel
def _take_reading(
    x: FloatArray,
    p: FloatArray,
    group: FloatArray,
    prior_x: FloatArray,
    prior_p: FloatArray,
    reading: float,
    lone: int,
    parameters: FloatArray,
    h: FloatArray,
    work: FloatArray,
) -> None:
    """Hold one reading for the window's end; a jump that other sensors do not share belongs to the sensor."""
    innovation = reading - x[WARMTH] - h[OFFSET] * x[OFFSET]
    spread = p[WARMTH, WARMTH] + h[OFFSET] * (2.0 * p[WARMTH, OFFSET] + p[OFFSET, OFFSET])
    sigma = math.sqrt(spread + group[HELD_NOISE] + parameters[READING_SIGMA] ** 2)
    verdict = _jumped(group, innovation, max(parameters[JUMP_KELVIN], 6.0 * sigma)) if lone > 0 else 0
    if verdict == 2:
        _close_window(x, p, group, prior_x, prior_p, h, work, parameters)
        _admit_jump(x, p, group, innovation, h)
    elif verdict == 0:
        group[HELD_INNOVATION] += innovation
        group[HELD_COUNT] += 1.0


@bare_kernel
def _admit_jump(x: FloatArray, p: FloatArray, group: FloatArray, innovation: float, h: FloatArray) -> None:
    """The sensor's offset takes the whole jump and is as uncertain as it was large."""
    square = 0.25 * innovation * innovation
    x[OFFSET] += innovation
    p[OFFSET, OFFSET] += square
    if h[OFFSET] == 0.0:  # readings are the frame: the warmth jumps with the equivalent ambient
        x[WARMTH] += innovation
        p[WARMTH, WARMTH] += square
        p[WARMTH, OFFSET] += square
        p[OFFSET, WARMTH] += square
    group[JUMP_COUNT] = 0.0


@bare_kernel
def _restart(x: FloatArray, p: FloatArray, group: FloatArray, reading: float, ambient: float, h: FloatArray) -> None:
    """Begin anew at a reading: after the start or a long gap the temperature is unknown."""
    estimated = h[OFFSET] == 0.0
    p[WARMTH, :] = 0.0
    p[:, WARMTH] = 0.0
    p[WARMTH, WARMTH] = 100.0
    if estimated:
        p[OFFSET, :] = 0.0
        p[:, OFFSET] = 0.0
        p[OFFSET, OFFSET] = 25.0
        x[OFFSET] = reading if reading == reading else x[OFFSET]
    if reading == reading:
        x[WARMTH] = reading - h[OFFSET] * x[OFFSET]
    elif ambient == ambient:
        x[WARMTH] = ambient
    group[JUMP_COUNT] = 0.0
    open_window(group)


@bare_kernel
def _ambient_now(pack: FloatArray, reading: float, dt: float) -> float:
    """The ambient reading, the last one where it is missing; ages it."""
    if reading == reading:
        pack[LAST_AMBIENT] = reading
        pack[AMBIENT_AGE] = 0.0
    else:
        pack[AMBIENT_AGE] += dt
    return float(pack[LAST_AMBIENT])


@bare_kernel
def _surprised(x: FloatArray, reading: FloatArray, h: FloatArray, kelvin: float) -> int:
    """Number of groups whose reading is far from what was expected."""
    count = 0
    for g in range(reading.shape[0]):
        count += abs(reading[g] - x[g, WARMTH] - h[OFFSET] * x[g, OFFSET]) > kelvin
    return count


@bare_kernel
def _note_information(x: FloatArray, group: FloatArray, heat: float, ambient: float, dt: float, stamp: float) -> None:
    """Time for which the cells stood off ambient, and the last minute with heat enough to tell the resistance."""
    if abs(x[WARMTH] - ambient) > 1.0:
        group[PATH_SECOND] += min(dt, 600.0)
    if abs(heat) * math.exp(x[LOG_TAU] - x[LOG_CAPACITY]) > 1.0:
        group[INFORMED] = stamp


@bare_kernel
def _write(x: FloatArray, p: FloatArray, group: FloatArray, ambient: float, out: FloatArray) -> None:
    """One group's row of the outputs."""
    out[OUT_WARMTH] = x[WARMTH]
    out[OUT_OFFSET] = x[OFFSET]
    out[OUT_OFFSET_VARIANCE] = p[OFFSET, OFFSET]
    out[OUT_TAU] = x[LOG_TAU]
    out[OUT_TAU_VARIANCE] = p[LOG_TAU, LOG_TAU]
    out[OUT_CAPACITY] = x[LOG_CAPACITY]
    out[OUT_CAPACITY_VARIANCE] = p[LOG_CAPACITY, LOG_CAPACITY]
    out[OUT_COVARIANCE] = p[LOG_TAU, LOG_CAPACITY]
    out[OUT_EXCHANGE] = x[LOG_EXCHANGE]
    out[OUT_EXCHANGE_VARIANCE] = p[LOG_EXCHANGE, LOG_EXCHANGE]
    out[OUT_EXCHANGE_COVARIANCE] = p[LOG_TAU, LOG_EXCHANGE]
    out[OUT_AMBIENT] = ambient
    out[OUT_PATH_SECOND] = group[PATH_SECOND]
    out[OUT_INFORMED] = group[INFORMED]
    for k in range(LOSS_VOLT, STATES):
        out[OUT_LOSS + k - LOSS_VOLT] = x[k]


@counted_kernel
def run_thermal_filters(
    x: FloatArray,
    p: FloatArray,
    group: FloatArray,
    pack: FloatArray,
    parameters: FloatArray,
    prior_x: FloatArray,
    prior_p: FloatArray,
    knots: FloatArray,
    kappa: FloatArray,
    neighbour: IntArray,
    stamp: FloatArray,
    elapsed: FloatArray,
    reading: FloatArray,
    ambient_reading: FloatArray,
    heat: FloatArray,
    offset_sigma: FloatArray,
    balance: FloatArray,
    out: FloatArray,
) -> None:
    """Run the filters of all groups over the rows, in place.

    Parameters
    ----------
    x, p : (S, n), (S, n, n) states and covariances, n = 15, changed
    group, pack : (S, 23), (4,) what the filters keep beside their states, changed
    parameters : (8,) see the constants above
    prior_x, prior_p : (n,), (n, n) what heat capacity and heat errors are drawn back to
    knots : (8,) state of charge of the knots of u
    kappa : (S,) exchange with each neighbour [1/s]
    neighbour : (S, 2) index of the groups beside, −1 for none
    stamp, elapsed : (M,) [s]
    reading : (M, S) [°C], NaN where there is none to trust
    ambient_reading : (M,) [°C]
    heat : (M, S, 5) W [W], current [A], state of charge, error of W as white noise of a minute [W], loss at the
        terminals [W]
    offset_sigma : (M,) standard deviation of what is left of the current's offset [A]
    balance : (S, BALANCE_SLOTS) energy of the cycle from the top of charge, changed
    out : (M, S, 24) filled
    """
    h = np.zeros(STATES)
    h[WARMTH] = 1.0
    h[OFFSET] = 0.0 if parameters[HAS_AMBIENT] == 0.0 else 1.0
    _run_rows(
        x,
        p,
        group,
        pack,
        parameters,
        prior_x,
        prior_p,
        knots,
        kappa,
        neighbour,
        stamp,
        elapsed,
        reading,
        ambient_reading,
        heat,
        offset_sigma,
        balance,
        out,
        h,
        np.empty(STATES),
        np.empty(2),
        np.empty(x.shape[0]),
    )


@bare_kernel
def _run_rows(
    x: FloatArray,
    p: FloatArray,
    group: FloatArray,
    pack: FloatArray,
    parameters: FloatArray,
    prior_x: FloatArray,
    prior_p: FloatArray,
    knots: FloatArray,
    kappa: FloatArray,
    neighbour: IntArray,
    stamp: FloatArray,
    elapsed: FloatArray,
    reading: FloatArray,
    ambient_reading: FloatArray,
    heat: FloatArray,
    offset_sigma: FloatArray,
    balance: FloatArray,
    out: FloatArray,
    h: FloatArray,
    work: FloatArray,
    near: FloatArray,
    warmth: FloatArray,
) -> None:
    """As `run_thermal_filters`, with the gradient `h` of a reading and scratch for a state, two and S warmths."""
    groups = x.shape[0]
    estimated = parameters[HAS_AMBIENT] == 0.0
    for k in range(stamp.shape[0]):
        dt = max(elapsed[k], 0.0)
        gap = not (dt <= LONGEST_GAP_SECOND and stamp[k] - pack[LAST_STAMP] <= LONGEST_GAP_SECOND)
        pack[LAST_STAMP] = stamp[k]
        window = math.ceil(stamp[k] / WINDOW_SECOND)
        if window != pack[WINDOW]:
            pack[WINDOW] = window
            for g in range(groups):
                _close_window(x[g], p[g], group[g], prior_x, prior_p, h, work, parameters)
                take_balance(x[g], p[g], balance[g], offset_sigma[k], parameters[NOMINAL_AH])
        ambient = _ambient_now(pack, ambient_reading[k], dt)
        blind = int(not estimated and not pack[AMBIENT_AGE] <= 1800.0)
        for g in range(groups):
            warmth[g] = x[g, WARMTH]
        for g in range(groups if not gap else 0):
            for q in range(2):
                near[q] = warmth[neighbour[g, q]] if neighbour[g, q] >= 0 else np.nan
            bias = advance_row(x[g], group[g], heat[k, g], ambient, near, kappa[g], knots, dt, parameters, blind)
            out[k, g, OUT_BIAS_WATT] = bias
        for g in range(groups):
            follow_balance(balance[g], heat[k, g], knots, np.nan if gap else dt, parameters[NOMINAL_AH])
        surprised = _surprised(x, reading[k], h, 0.5 * parameters[JUMP_KELVIN])
        lone = int(not gap and dt < 600.0 and (surprised <= 1 or 2 * surprised < groups))
        for g in range(groups):
            if gap:
                out[k, g, OUT_BIAS_WATT] = 0.0
                _restart(x[g], p[g], group[g], reading[k, g], ambient, h)
            if reading[k, g] == reading[k, g]:
                _take_reading(x[g], p[g], group[g], prior_x, prior_p, reading[k, g], lone, parameters, h, work)
                _note_information(x[g], group[g], heat[k, g, WATT], ambient, dt, stamp[k])
            _write(x[g], p[g], group[g], x[g, OFFSET] if estimated else ambient, out[k, g])
