"""What ties the count to the truth: full charges, and the current's zero."""

from __future__ import annotations

import numpy as np
from numba import njit

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation import cell_difference as cd
from cellwarden.estimation import central_cell as cc
from cellwarden.estimation.bare_kernel import bare_kernel, counted_kernel
from cellwarden.estimation.capacity_prior import start_site
from cellwarden.estimation.charge_arrays import ChargeArrays
from cellwarden.estimation.current_zero import (
    AGAIN_SIGMAS,
    LAST_APART,
    MOVED,
    MOVED_CHANCE,
    ZERO,
    ZERO_VAR,
    watch_closure,
    watch_idle,
)
from cellwarden.estimation.still_reading import still_stands

# slots of the pack's scalars
ANCHORED, COUNTED, BEST, STARTED, WAITING_SECOND, SILENT_SECOND, LAST_MEDIAN, LAST_CURRENT, ROW_CURRENT = range(9)
LAST_NEWS, SETTLED, TIED = 9, 10, 11  # the last: whether a full pack was ever what the filters began at
LISTENED_SECOND = 12  # without a gap: what flowed before it left a polarisation that nobody saw begin
GUESSED = 13  # whether the filters began where only hypotheses put the pack
SCALARS = 14

FULL_SECOND = 600.0
SETTLED_SECOND = 3600.0  # after which next to nothing of a charge's polarisation is left in the voltage
# there, if the voltage is above what the learnt hysteresis holds up; a count that is further off is wrong, not unsure
SETTLED_SOC, SETTLED_SOC_SIGMA, LEAST_SETTLED_SOC = 0.97, 0.02, 0.87
SETTLED_ABOVE_VOLT = 0.008
FULL_SOC, FULL_SOC_SIGMA = 0.99, 0.008
# one and a half sigmas, and as far as the knee's shape may say that a full pack is from full
HELD_BELOW_SOC, TOLD_BELOW_SOC = 0.012, 0.02
UNEXPECTED_FULL_SOC, LOST_FULL_SOC = 0.015, 0.03  # at the first full row, and hour by hour while it stays full
DRAWN_C_RATE = 0.02
IDLE_REST_SECOND = 900.0
NEAR_FULL_SOC = 0.93
FLOAT_REGULATION_VOLT = 0.005  # by which a charger and the readings miss the float's set point, a cell
LOW_FLOAT_VOLT = 0.02  # by which a float may lie below the voltage that counts as full
LOWEST_FLOAT_VOLT = 0.04  # the same of one whose set point is stated; below lie plateaus with a wide hysteresis
FAR_SIGMAS = 4.0


@bare_kernel
def watch_full(memory: FloatArray, parameters: FloatArray, voltage: float, current: float, elapsed: float) -> float:
    """Count full charges; 1 while the current has tapered and the voltage stands on the top knee, else 0."""
    tapered = abs(current) <= parameters[cc.P_CAPACITY] / 20.0 and voltage >= parameters[cc.P_FULL_VOLT]
    if not tapered:
        memory[cc.TAPER_SECOND] = 0.0
        if voltage < parameters[cc.P_FULL_VOLT] - 0.03:
            memory[cc.IS_FULL] = 0.0
        return 0.0
    memory[cc.TAPER_SECOND] += elapsed
    if memory[cc.TAPER_SECOND] >= FULL_SECOND and memory[cc.IS_FULL] == 0.0:
        memory[cc.IS_FULL] = 1.0
        memory[cc.FULL_COUNT] += 1.0
    return 1.0


@bare_kernel
def stays_up(state: ChargeArrays, cells: FloatArray, voltage: float, current: float, elapsed: float) -> bool:
    """Whether the pack has stood above the plateau for an hour of next to no current, whatever was counted.

    `cells` (n_cells,) are the readings, `voltage` their median. Below a usual float only a charger holds a pack up
    there: a wide hysteresis does as well, but at no set point.
    """
    above = voltage >= state.parameters[cc.P_FULL_VOLT] - LOW_FLOAT_VOLT
    rests = abs(current) <= state.parameters[cc.P_CAPACITY] / 50.0
    up = rests and (above or _is_on_float(state, cells))
    state.scalars[SETTLED] = state.scalars[SETTLED] + elapsed if up else 0.0
    return bool(
        state.scalars[SETTLED] >= SETTLED_SECOND and voltage >= _usual_volt(state.learnt[1]) + SETTLED_ABOVE_VOLT
    )


@bare_kernel
def watch_settled(state: ChargeArrays, cells: FloatArray, voltage: float, current: float, elapsed: float) -> bool:
    """Begin again where the pack stays up, far from full by count.

    A charger that goes to its float at once leaves no time at the knee. Whether that was so.
    """
    if not stays_up(state, cells, voltage, current, elapsed):
        return False
    state.scalars[GUESSED] = 0.0
    x = state.x[int(state.scalars[BEST])]
    if 1.0 - x[cc.DEFICIT] / np.exp(x[cc.LN_CAPACITY]) > LEAST_SETTLED_SOC:
        return False
    begin_curves(state, SETTLED_SOC, SETTLED_SOC_SIGMA)
    state.scalars[TIED] = 1.0
    forget_cells(state)
    return True


@bare_kernel
def _usual_volt(charge: FloatArray) -> float:
    """Voltage of the charge branch (G,) at the least charge of a settled pack: what a wide hysteresis leaves there."""
    return float(charge[int(LEAST_SETTLED_SOC * (charge.shape[0] - 1))])


@bare_kernel
def check_anchor(state: ChargeArrays, current: float, tolerance_soc: float) -> bool:
    """Begin again at a full charge that the filters did not expect: what they had learnt stood on a wrong charge.

    So did a zero by which a full pack would be discharged by its charger. Whether that was so.
    """
    wrong, best = False, int(state.scalars[BEST])
    for k in range(state.x.shape[0]):
        soc = 1.0 - state.x[k, cc.DEFICIT] / np.exp(state.x[k, cc.LN_CAPACITY])
        drawn = state.x[k, cc.OFFSET] - current > DRAWN_C_RATE * state.parameters[cc.P_CAPACITY]
        if state.memory[k, cc.GIVEN_UP] == 0.0 and (drawn or abs(soc - FULL_SOC) > tolerance_soc):
            wrong = wrong or k == best or state.memory[k, cc.IS_AGED] == 0.0  # what others expect, few cells are
            _restart(state.x[k], state.p[k], state.memory[k], state.prior[k], FULL_SOC, FULL_SOC_SIGMA)
    if not wrong:
        return False
    for k in range(state.x.shape[0]):
        if state.memory[k, cc.GIVEN_UP] > 0.0:
            _restart(state.x[k], state.p[k], state.memory[k], state.prior[k], FULL_SOC, FULL_SOC_SIGMA)
    forget_cells(state)
    _weigh_curves_again(state)
    return True


@bare_kernel
def hold_full(state: ChargeArrays) -> None:
    """Keep the count of a pack that stays full near full: it runs off with the current's zero."""
    for k in range(state.x.shape[0]):
        x, p = state.x[k], state.p[k]
        capacity = np.exp(x[cc.LN_CAPACITY])
        below = TOLD_BELOW_SOC if state.memory[k, cc.TOP_SIGMA] > 0.0 else HELD_BELOW_SOC
        missing = (1.0 - FULL_SOC + below) * capacity
        if state.memory[k, cc.GIVEN_UP] == 0.0 and x[cc.DEFICIT] > missing:
            x[cc.DEFICIT] = missing
            p[cc.DEFICIT, cc.DEFICIT] = max(p[cc.DEFICIT, cc.DEFICIT], (FULL_SOC_SIGMA * capacity) ** 2)


@counted_kernel
def forget_cells(state: ChargeArrays) -> None:
    """Find the cells' differences anew."""
    for j in range(state.y.shape[0]):
        cd.restart_difference(state.y[j], state.q[j], state.memory_y[j], state.prior_y)


@counted_kernel
def _weigh_curves_again(state: ChargeArrays) -> None:
    """Give every curve, also those given up, the odds that it had before the log, and its cells those of new ones."""
    for k in range(state.x.shape[0]):
        state.memory[k, cc.GIVEN_UP] = 0.0
        state.memory[k, cc.LIKELIHOOD] = state.memory[k, cc.PRIOR_LIKELIHOOD]
        state.memory[k, cc.NEWS] = 0.0
    best = int(state.scalars[BEST])
    if state.memory[best, cc.IS_AGED] > 0.0:
        state.scalars[BEST] = state.memory[best, cc.SIBLING]


@counted_kernel
def begin_curves(state: ChargeArrays, soc: float, sigma: float) -> None:
    """Begin all filters anew at a charge and its sigma, with their curves' odds before the log."""
    for k in range(state.x.shape[0]):
        _restart(state.x[k], state.p[k], state.memory[k], state.prior[k], soc, sigma)
    _weigh_curves_again(state)


@counted_kernel
def begin_at_full(state: ChargeArrays) -> None:
    """Find the cells' differences anew at the first full charge: before it they stood on a charge that was guessed.

    So did the curves; where one was given up, all begin anew.
    """
    if state.scalars[TIED] == 0.0 and state.memory[:, cc.GIVEN_UP].max() > 0.0:
        begin_curves(state, FULL_SOC, FULL_SOC_SIGMA)
    state.scalars[TIED], state.scalars[GUESSED] = 1.0, 0.0
    for j in range(state.y.shape[0]):
        cd.relocate_difference(state.y[j], state.q[j], state.memory_y[j], state.prior_y)


@counted_kernel
def _restart(x: FloatArray, p: FloatArray, memory: FloatArray, prior: FloatArray, soc: float, sigma: float) -> None:
    """Forget everything: a wrong charge bends all that is learnt beside it."""
    x[:] = prior[0]
    p[:] = np.diag(prior[1] ** 2)
    start_site(memory[cc.SITE :], prior[0, cc.LN_CAPACITY], prior[1, cc.LN_CAPACITY])
    memory[cc.CURVE_SQUARES] = 0.0
    memory[cc.CURVE_WEIGHT] = 0.0
    memory[cc.TOP_MISS] = 0.0
    memory[cc.TOP_SIGMA] = 0.0
    memory[cc.LEARNT_AT] = prior[0, cc.LN_CAPACITY]
    start_central(x, p, memory, soc, sigma)


@bare_kernel
def may_be_charged(voltage: FloatArray, parameters: FloatArray) -> bool:
    """Whether a charger may hold the cells: one stands on the top knee, or their mean is at the float's set point.

    A balancer and cells that are still being filled draw a small and steady current then.
    """
    for value in voltage:
        if value >= parameters[cc.P_FULL_VOLT] - LOW_FLOAT_VOLT:
            return True
    return _is_regulated(voltage, parameters[cc.P_FLOAT_VOLT])


@bare_kernel
def _is_regulated(voltage: FloatArray, set_point_volt: float) -> bool:
    """Whether the cells that are read (n_cells,) stand at the float's set point, all in all."""
    total, count = 0.0, 0.0
    for value in voltage:
        if value == value:
            total, count = total + value, count + 1.0
    return bool(count > 0.0 and abs(total - count * set_point_volt) <= count * FLOAT_REGULATION_VOLT)


@bare_kernel
def _sound_readings(state: ChargeArrays, voltage: FloatArray, sound: FloatArray) -> None:
    """Write into `sound` (n_cells,) what the cells stand at [V]: without offsets, NaN of channels that stand still."""
    for j in range(voltage.shape[0]):
        sound[j] = voltage[j] - state.y[j, cd.READING_OFFSET]
        if still_stands(state.memory_y[j, cd.STILL :], voltage[j]):
            sound[j] = np.nan


@bare_kernel
def read_zero(
    state: ChargeArrays,
    voltage: FloatArray,
    current: float,
    spread: float,
    elapsed: float,
    switch_open: float,
    work: FloatArray,
) -> bool:
    """Read the current's zero where nothing is connected: steady, tiny, rested, and not on float.

    `voltage` (n_cells,) are the cells' readings, of which one that is off by itself shows no charger; `work`
    (≥ n_cells,) is scratch.
    """
    best, parameters = int(state.scalars[BEST]), state.parameters
    x = state.x[best]
    near_full = 1.0 - x[cc.DEFICIT] / np.exp(x[cc.LN_CAPACITY]) > NEAR_FULL_SOC
    small = abs(current) <= 3.0 * parameters[cc.P_OFFSET_SIGMA] and spread <= 20.0 * parameters[cc.P_RESOLUTION]
    idle = small and state.memory[best, cc.REST_SECOND] > IDLE_REST_SECOND and not near_full
    if idle:
        _sound_readings(state, voltage, work)
        idle = not may_be_charged(work[: voltage.shape[0]], parameters)
    hours, sigma, moved = elapsed / 3600.0, parameters[cc.P_IDLE_SIGMA], state.zero[MOVED]
    if not watch_idle(
        state.zero, 1.0 if idle else 0.0, switch_open, current, hours, sigma, parameters[cc.P_OFFSET_SIGMA]
    ):
        if state.zero[MOVED] != moved:
            for k in range(state.x.shape[0]):
                state.p[k, cc.OFFSET, cc.OFFSET] += MOVED_CHANCE * state.zero[MOVED] ** 2
        return False
    zero, variance = state.zero[ZERO], state.zero[ZERO_VAR]
    for k in range(state.x.shape[0]):
        if not _take_far_zero(state.x[k], state.p[k], state.zero, 0.0):
            cc.correct_by_idle(state.x[k], state.p[k], zero, np.sqrt(variance))
    return True


@bare_kernel
def read_closure(state: ChargeArrays, cells: FloatArray, voltage: float, current: float, elapsed: float) -> bool:
    """Take the zero that the count between two stays on the charger gives; whether there is a new one.

    `cells` (n_cells,) are the readings, `voltage` their median. A current that still flows in lifts a cell by what
    would pass for a float's voltage: with one the pack is held on the knee itself only.
    """
    parameters = state.parameters
    rests = abs(current) <= parameters[cc.P_CAPACITY] / 50.0
    tapered = abs(current) <= parameters[cc.P_CAPACITY] / 20.0
    high = voltage >= parameters[cc.P_FULL_VOLT] - LOW_FLOAT_VOLT
    held = (rests and (high or _is_on_float(state, cells))) or (tapered and voltage >= parameters[cc.P_FULL_VOLT])
    state.zero[ZERO_VAR] += (cc.OFFSET_WALK_PER_DAY * parameters[cc.P_OFFSET_SIGMA]) ** 2 * elapsed / 86400.0
    capacity, unseen = parameters[cc.P_CAPACITY], parameters[cc.P_UNLOGGED_BLEED] if high else 0.0
    hours = elapsed / 3600.0
    if not watch_closure(state.zero, 1.0 if held else 0.0, voltage, current, hours, state.learnt[1], capacity, unseen):
        return False
    keep_zero(state)
    return True


@bare_kernel
def _is_on_float(state: ChargeArrays, cells: FloatArray) -> bool:
    """Whether the cells (n_cells,) are held at a set point that lies above the plateau, where a voltage is a charge."""
    set_point = state.parameters[cc.P_FLOAT_VOLT]
    least = max(state.parameters[cc.P_FULL_VOLT] - LOWEST_FLOAT_VOLT, _usual_volt(state.learnt[1]) + SETTLED_ABOVE_VOLT)
    return bool(np.isfinite(set_point) and set_point >= least and _is_regulated(cells, set_point))


@bare_kernel
def keep_zero(state: ChargeArrays) -> None:
    """Give filters that know less of the zero, or something else, what full charges and idle readings told.

    The filters count with what balances the knee, a bleed that is not logged in it: so much more is nothing else.
    """
    zero, variance, unseen = state.zero[ZERO], state.zero[ZERO_VAR], state.parameters[cc.P_UNLOGGED_BLEED]
    if not np.isfinite(variance):
        return
    for k in range(state.x.shape[0]):
        x, p = state.x[k], state.p[k]
        if not _take_far_zero(x, p, state.zero, unseen) and p[cc.OFFSET, cc.OFFSET] > variance + unseen**2:
            cc.correct_by_idle(x, p, zero, np.sqrt(variance + unseen**2))


@bare_kernel
def _take_far_zero(x: FloatArray, p: FloatArray, measured: FloatArray, unseen_ampere: float) -> bool:
    """Set a filter's zero that is far from the one that was measured; whether it was.

    One that begins anew contradicts what the filter was sure of: less is far then. By `unseen_ampere` the filter's may
    be higher.
    """
    zero, variance = measured[ZERO], measured[ZERO_VAR]
    sigmas = AGAIN_SIGMAS if measured[LAST_APART] == 0.0 else FAR_SIGMAS
    apart = x[cc.OFFSET] - zero
    apart -= min(max(apart, 0.0), unseen_ampere)
    if apart**2 <= sigmas**2 * (p[cc.OFFSET, cc.OFFSET] + variance):
        return False
    for a in range(x.shape[0]):
        p[cc.OFFSET, a] = 0.0
        p[a, cc.OFFSET] = 0.0
    x[cc.OFFSET] = zero
    p[cc.OFFSET, cc.OFFSET] = variance
    return True


@counted_kernel
def forget_zero(state: ChargeArrays) -> None:
    """Forget what the filters took for the current's zero, but for what was measured of it."""
    for k in range(state.x.shape[0]):
        x, p = state.x[k], state.p[k]
        x[cc.OFFSET] = state.prior[k, 0, cc.OFFSET]
        p[cc.OFFSET, :] = 0.0
        p[:, cc.OFFSET] = 0.0
        p[cc.OFFSET, cc.OFFSET] = state.prior[k, 1, cc.OFFSET] ** 2
    keep_zero(state)


@njit(cache=True)
def start_central(x: FloatArray, p: FloatArray, memory: FloatArray, mean: float, sigma: float) -> None:
    """Give the filter its charge."""
    capacity = np.exp(x[cc.LN_CAPACITY])
    x[cc.DEFICIT] = (1.0 - mean) * capacity
    for a in range(x.shape[0]):
        p[cc.DEFICIT, a] = 0.0
        p[a, cc.DEFICIT] = 0.0
    p[cc.DEFICIT, cc.DEFICIT] = (sigma * capacity) ** 2
    memory[cc.LAST_SOC] = mean
