"""The charge cascade over minute rows, in Numba: start, central cell, differences, and what they add up to."""

from __future__ import annotations

import numpy as np

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation import cell_difference as cd
from cellwarden.estimation import central_cell as cc
from cellwarden.estimation.bare_kernel import bare_kernel, counted_kernel
from cellwarden.estimation.capacity_prior import weigh_capacities
from cellwarden.estimation.central_bleed import bleeds, central_bleed
from cellwarden.estimation.changed_curve import begin_rests_again, doubt_places
from cellwarden.estimation.charge_anchor import (
    ANCHORED,
    BEST,
    COUNTED,
    GUESSED,
    LISTENED_SECOND,
    LOST_FULL_SOC,
    ROW_CURRENT,
    SETTLED,
    SILENT_SECOND,
    TIED,
    UNEXPECTED_FULL_SOC,
    WAITING_SECOND,
    begin_at_full,
    check_anchor,
    forget_zero,
    hold_full,
    keep_zero,
    read_closure,
    read_zero,
    stays_up,
    watch_full,
    watch_settled,
)
from cellwarden.estimation.charge_arrays import ChargeArrays, ChargeOutputs, CurveArrays, MinuteArrays
from cellwarden.estimation.charge_credit import choose_curve, unsure_steps
from cellwarden.estimation.charge_handover import (
    doubt_hypotheses,
    hand_over_settled,
    leave_wrong_knee,
    lose_anchor,
    try_handover,
    watch_guess,
    weigh_hypotheses,
)
from cellwarden.estimation.charge_jumps import follow_reading_jumps
from cellwarden.estimation.charge_rows import I_READING, INFORMATION, forget_information, write_row
from cellwarden.estimation.charge_surface import surface_beside
from cellwarden.estimation.charge_top import level_due, level_full, moved_on_curve, watch_top
from cellwarden.estimation.current_zero import SAMPLING_SHARE, count_for_zero
from cellwarden.estimation.curve_news import news_of_place
from cellwarden.estimation.middle_value import finite_middle
from cellwarden.estimation.misplaced_cell import find_misplaced
from cellwarden.estimation.moved_capacity import learn_again
from cellwarden.estimation.moved_leak import follow_leak
from cellwarden.estimation.still_reading import is_still
from cellwarden.estimation.unseen_charge import charge_unseen
from cellwarden.estimation.unsure_centre import any_located, unsure_soc

LOST_SIGMA = 0.10
OVERFULL_SOC = 0.06  # above full: no error of a count or a capacity explains that, it began at a wrong charge
OVERFULL_SIGMA = 0.2  # of the charge then: nobody knows how wrong, and three sigma reach to the middle of the plateau
SPARSE_SECOND = 20.0
# of a log as slow, in jumps from row to row: where a load changes within seconds each row is a draw of its own, and the
# count misses the draws' sigma a row, which is a jump over the root of two
SPARSE_DOUBT = 0.7071 / SAMPLING_SHARE
CLEAR_VOLT = 0.005  # a polarisation that is less sure than this says little of the curve
UNSEEN_LOST = 0.03  # of the capacity, an hour and a half at rest: no error of a count that a Gaussian could hold
STEP_VOLT = 0.03  # between stages of graphite lie 20 to 30 mV at rest
RESTED_SECOND = 1800.0
RESTED_INTERVAL_SECOND = 300
LEARN_INTERVAL_SECOND = 1200
HOUR_SECOND = 3600


@counted_kernel
def advance_charge(state: ChargeArrays, curves: CurveArrays, minutes: MinuteArrays, out: ChargeOutputs) -> None:
    """Advance the whole cascade over minute rows, in place."""
    widest = max(state.x.shape[0], state.x.shape[1], state.y.shape[0], state.y.shape[1], minutes.temperature.shape[1])
    _advance_rows(state, curves, np.empty((3, widest)), minutes, out)


@bare_kernel
def _advance_rows(
    state: ChargeArrays,
    curves: CurveArrays,
    work: FloatArray,
    minutes: MinuteArrays,
    out: ChargeOutputs,
) -> None:
    """Go through the rows; `work` is scratch."""
    scalars = state.scalars
    for m in range(minutes.stamp.shape[0]):
        median = finite_middle(minutes.voltage[m], work[1])
        gap_ah = 0.0
        if minutes.sample_count[m] == 0.0:
            scalars[SILENT_SECOND] += 60.0
            last = minutes.current_last[m]
            gap_ah = last * scalars[SILENT_SECOND] / 3600.0 if last == last else 0.0
        else:
            scalars[SILENT_SECOND] = 0.0
            bled = central_bleed(minutes.bleed[m], minutes.voltage[m]) if bleeds(minutes.bleed[m]) else 0.0
            _predict(state, curves, minutes, m, bled)
            if median == median:
                _correct(state, curves, work, minutes, m, median, bled)
        write_row(state, curves.mode_count, out, work, m, gap_ah, minutes.stamp[m])


@bare_kernel
def _predict(state: ChargeArrays, curves: CurveArrays, minutes: MinuteArrays, m: int, bled: float) -> None:
    """Count the row's charge in every filter; `bled` is what was bled from the central cell [Ah]."""
    capacity = state.parameters[cc.P_CAPACITY]
    current = minutes.current[m]
    spread = minutes.current_max[m] - minutes.current_min[m] if current == current else 0.0
    jump = 0.0  # what a log of one row a minute and slower leaves open between its rows
    before = state.scalars[ROW_CURRENT]
    if current == current:
        jump = abs(minutes.current_last[m] - before)
        state.scalars[ROW_CURRENT] = minutes.current_last[m]
    missed = max(spread, SPARSE_DOUBT * jump if minutes.gap[m] > SPARSE_SECOND else 0.0)
    state.scalars[COUNTED] += minutes.charge_ah[m] - bled
    hours = minutes.elapsed[m] / 3600.0
    lost = bled + state.parameters[cc.P_LEAK] * hours
    unseen_ah = charge_unseen(minutes, m, before, capacity)
    count_for_zero(state.zero, minutes.charge_ah[m], lost, hours, missed, minutes.gap[m], capacity)
    if unseen_ah > 0.0:
        # nobody saw what the polarisation was and whether the pack stood still: no time of the row that ends it counts
        state.scalars[LISTENED_SECOND] = state.scalars[SETTLED] = -minutes.elapsed[m]
        if state.scalars[ANCHORED] == 0.0 or state.scalars[GUESSED] > 0.0:
            doubt_hypotheses(state, unseen_ah / capacity)
    for k in range(state.x.shape[0]):
        if state.memory[k, cc.GIVEN_UP] == 0.0:
            states = cc.STATES + curves.mode_count[k]
            cc.predict_central(
                state.x[k, :states],
                state.p[k],
                state.memory[k],
                state.parameters,
                minutes.charge_ah[m],
                minutes.elapsed[m],
                bled,
                current,
                missed,
                minutes.gap[m],
                unseen_ah,
            )
    best = int(state.scalars[BEST])
    unseen = state.parameters[cc.P_UNLOGGED_BLEED] if state.memory[best, cc.IS_FULL] > 0.0 else 0.0
    moved = minutes.charge_ah[m] if abs(current) > cc.MOVING_C_RATE * capacity else 0.0
    for j in range(state.y.shape[0]):
        cd.predict_difference(
            state.y[j],
            state.q[j],
            state.memory_y[j],
            minutes.elapsed[m],
            minutes.bleed[m, j] - bled,
            capacity,
            unseen,
            moved,
            state.parameters[cc.P_HYSTERESIS_RATE],
        )
    deficit_sigma = np.sqrt(state.p[best, cc.DEFICIT, cc.DEFICIT]) / capacity
    doubtful = deficit_sigma > LOST_SIGMA or unseen_ah > UNSEEN_LOST * capacity
    if state.scalars[ANCHORED] > 0.0 and doubtful:
        lose_anchor(state, deficit_sigma)
    elif state.scalars[ANCHORED] > 0.0 and state.x[best, cc.DEFICIT] < -OVERFULL_SOC * capacity:
        lose_anchor(state, OVERFULL_SIGMA)
        forget_zero(state)  # it was bent to explain a count that began at a wrong charge


@bare_kernel
def _correct(
    state: ChargeArrays,
    curves: CurveArrays,
    work: FloatArray,
    minutes: MinuteArrays,
    m: int,
    median: float,
    bled: float,
) -> None:
    """Take the row's voltages: by the hypotheses before the first anchor, by the filters after it."""
    current = minutes.current[m]
    follow_reading_jumps(state, work, minutes, m, median)
    full, before = 0.0, state.memory[0, cc.FULL_COUNT]
    if current == current:
        for k in range(state.x.shape[0]):
            full = watch_full(state.memory[k], state.parameters, median, current, minutes.elapsed[m])
        if read_closure(state, minutes.voltage[m], median, current, minutes.elapsed[m]):
            state.offset_information[1] = minutes.stamp[m]
    state.scalars[WAITING_SECOND] += minutes.elapsed[m]
    state.scalars[LISTENED_SECOND] += minutes.elapsed[m]
    if state.scalars[ANCHORED] == 0.0 or watch_guess(state):
        warm = finite_middle(minutes.temperature[m], work[1])
        weigh_hypotheses(state, curves, median, current, minutes.charge_ah[m], minutes.elapsed[m], warm)
    if state.scalars[ANCHORED] == 0.0:
        up = current == current and stays_up(state, minutes.voltage[m], median, current, minutes.elapsed[m])
        if up and full == 0.0:
            if hand_over_settled(state, median):
                forget_information(state, INFORMATION)
                keep_zero(state)
                learn_best(state, curves)
        else:
            try_handover(state, full)
    elif current == current:
        _tie_to_full(state, curves, minutes, m, median, full, before)
        charge_ah, elapsed = minutes.charge_ah[m], minutes.elapsed[m]
        watch_top(state, work, minutes.voltage[m], minutes.bleed[m], median, bled, charge_ah, elapsed)
        if level_due(state, elapsed, minutes.stamp[m]):
            level_full(state, curves.charge, curves.mode_count, median)
        if state.scalars[TIED] == 0.0 and leave_wrong_knee(state, median):
            forget_information(state, INFORMATION)
            learn_best(state, curves)
            return
        _filter(state, curves, work, minutes, m, median)


@bare_kernel
def _tie_to_full(
    state: ChargeArrays, curves: CurveArrays, minutes: MinuteArrays, m: int, median: float, full: float, before: float
) -> None:
    """Hold the filters against a pack that is full; `before` is how often it had been when the row began."""
    current = minutes.current[m]
    if state.memory[0, cc.FULL_COUNT] > before:
        if before == 0.0:
            begin_at_full(state)
            forget_information(state, I_READING)  # all but the offset, which stays as it was
        if check_anchor(state, current, UNEXPECTED_FULL_SOC):
            forget_information(state, INFORMATION)
        keep_zero(state)
        level_full(state, curves.charge, curves.mode_count, median)
    elif watch_settled(state, minutes.voltage[m], median, current, minutes.elapsed[m]):
        forget_information(state, INFORMATION)
        keep_zero(state)
    elif full > 0.0 and state.scalars[GUESSED] > 0.0:  # as hypotheses are left there, so is a guess
        if check_anchor(state, current, UNEXPECTED_FULL_SOC):
            forget_information(state, INFORMATION)
            keep_zero(state)
        state.scalars[GUESSED] = 0.0
    elif full > 0.0 and state.memory[0, cc.IS_FULL] > 0.0 and int(minutes.stamp[m]) % HOUR_SECOND == 0:
        if check_anchor(state, current, LOST_FULL_SOC):
            forget_information(state, INFORMATION)
        hold_full(state)
        keep_zero(state)


@bare_kernel
def _filter(
    state: ChargeArrays, curves: CurveArrays, work: FloatArray, minutes: MinuteArrays, m: int, median: float
) -> None:
    """Take the row's voltages in the filters; every fifth minute is enough while the pack rests."""
    best = int(state.scalars[BEST])
    current = minutes.current[m]
    spread = minutes.current_max[m] - minutes.current_min[m]
    rested = state.memory[best, cc.REST_SECOND] > RESTED_SECOND
    due = not rested or int(minutes.stamp[m]) % RESTED_INTERVAL_SECOND == 0
    # One share for all curves: each reading's likelihood must weigh the same in all of them.
    clear = min((CLEAR_VOLT / (state.memory[best, cc.POLARISATION_SIGMA] + 1e-6)) ** 2, 1.0)
    news = clear * news_of_place(state)
    warm = finite_middle(minutes.temperature[m], work[1])
    if read_zero(state, minutes.voltage[m], current, spread, minutes.elapsed[m], minutes.switch_open[m], work[0]):
        state.offset_information[1] = minutes.stamp[m]
    for k in range(state.x.shape[0]):
        states = cc.STATES + curves.mode_count[k]
        x, p, memory = state.x[k, :states], state.p[k], state.memory[k]
        if memory[cc.GIVEN_UP] > 0.0:
            continue
        if due:
            likelihood = cc.correct_by_voltage(
                x,
                p,
                memory,
                state.parameters,
                curves.discharge[k],
                curves.charge[k],
                curves.modes[k, :, : curves.mode_count[k]],
                curves.remainder[k],
                curves.soc_factor,
                median,
                current,
                spread,
                minutes.charge_ah[m],
                warm,
                curves.entropy[k, _place(x, curves.entropy)],
                work,
            )
            memory[cc.LIKELIHOOD] += news * likelihood
            memory[cc.NEWS] += news
    before = best
    best = choose_curve(state, work[0])
    if int(minutes.stamp[m]) % LEARN_INTERVAL_SECOND == 0:
        weigh_capacities(state, curves.mode_count)
        learn_again(state, curves.mode_count)
    if best != before or int(minutes.stamp[m]) % LEARN_INTERVAL_SECOND == 0:
        learn_best(state, curves)
    if best != before:
        begin_rests_again(state, state.memory[best, cc.REST_SECOND])
        if curves.mode_count[before] == 0:
            doubt_places(state, np.exp(state.x[best, cc.LN_CAPACITY]))
    around = unsure_soc(state.x[best], state.p[best], state.parameters[cc.P_CAPACITY])
    # A curve that slopes all over leaves a charge unsure only where something is amiss.
    if state.y.shape[0] > 1 and due and (around == 0.0 or any_located(state)):
        step_volt = STEP_VOLT * unsure_steps(state.memory, best, curves.mode_count[best])
        beside = moved_on_curve(state, best) if curves.mode_count[best] > 0 else 0.0
        charge_ah = minutes.charge_ah[m]
        beside += surface_beside(state, best, median, charge_ah)
        if around == 0.0:
            find_misplaced(state, best, beside, minutes.voltage[m], median)
        _correct_cells(state, best, work, minutes.voltage[m], median, charge_ah, around, step_volt, beside)
        state.scalars[WAITING_SECOND] = 0.0


@bare_kernel
def learn_best(state: ChargeArrays, curves: CurveArrays) -> None:
    """Renew the best curve with what its filter has learnt."""
    best = int(state.scalars[BEST])
    modes = curves.modes[best, :, : curves.mode_count[best]]
    x = state.x[best, : cc.STATES + curves.mode_count[best]]
    cc.learn_curve(x, curves.discharge[best], curves.charge[best], modes, state.learnt)


@bare_kernel
def _place(x: FloatArray, grid: FloatArray) -> int:
    """Index on the grid of z that is nearest to the central cell."""
    last = grid.shape[1] - 1
    return int(min(max((1.0 - x[cc.DEFICIT] / np.exp(x[cc.LN_CAPACITY])) * last, 0.0), last))


@bare_kernel
def _correct_cells(
    state: ChargeArrays,
    best: int,
    work: FloatArray,
    voltage: FloatArray,
    median: float,
    charge_ah: float,
    around: float,
    step_volt: float,
    beside: float,
) -> None:
    """Take one minute's reading of every cell; the curve is read `beside` of z further from full."""
    x, memory = state.x[best], state.memory[best]
    capacity = np.exp(x[cc.LN_CAPACITY])
    rest_second = memory[cc.REST_SECOND]
    for j in range(voltage.shape[0]):
        if around > 0.0 and state.memory_y[j, cd.LOCATED] == 0.0:
            continue
        if np.isfinite(voltage[j]) and not is_still(state.memory_y[j, cd.STILL :], voltage[j], median, rest_second):
            cd.correct_difference(
                state.y[j],
                state.q[j],
                state.memory_y[j],
                state.learnt[0],
                state.learnt[1],
                memory[cc.HYSTERESIS],
                x[cc.DEFICIT] + 0.5 * charge_ah,
                beside,
                around,
                capacity,
                memory[cc.POLARISATION],
                memory[cc.CURVE_SIGMA],
                step_volt,
                voltage[j] - median,
                state.scalars[WAITING_SECOND],
                rest_second,
                work,
            )
            follow_leak(state.y[j], state.q[j], state.memory_y[j], capacity, state.scalars[WAITING_SECOND])
