"""The way from hypotheses of where the pack stands to the filters, and back where its charge has become uncertain."""

from __future__ import annotations

import numpy as np
from numba import njit

from cellwarden.estimation import cell_difference as cd
from cellwarden.estimation import central_cell as cc
from cellwarden.estimation.bare_kernel import bare_kernel, counted_kernel
from cellwarden.estimation.charge_anchor import (
    ANCHORED,
    BEST,
    COUNTED,
    FULL_SOC,
    FULL_SOC_SIGMA,
    GUESSED,
    LAST_CURRENT,
    LAST_MEDIAN,
    LEAST_SETTLED_SOC,
    LISTENED_SECOND,
    SETTLED,
    STARTED,
    TIED,
    begin_curves,
    forget_cells,
    keep_zero,
    start_central,
)
from cellwarden.estimation.charge_arrays import ChargeArrays, CurveArrays
from cellwarden.estimation.charge_credit import SWEEP_NEWS
from cellwarden.estimation.charge_start import loosen_starts, summarise_starts, weigh_starts
from cellwarden.estimation.current_zero import soc_at
from cellwarden.estimation.ocv_lookup import branch_voltage

HANDOVER_SIGMA = 0.02
# by which a curve of another make misplaces a pack on the plateau, and towards an end of the curve as a share of the
# way to it: farther no straight line reaches up a knee
PLATEAU_SIGMA, END_SHARE = 0.05, 0.25
# a pack that rests so long, by so much below the voltage that its charge on the knee would have, is not on the knee;
# less is what a knee's shape is off by. How sure the charge is after that
WRONG_KNEE_SECOND, WRONG_KNEE_VOLT, WRONG_KNEE_SLOPE_VOLT, WRONG_KNEE_SIGMA = 1800.0, 0.03, 3.0, 0.05
OTHER_ODDS = 0.02  # of any other charge, once one has become uncertain
UNKNOWN_CURRENT_SECOND = 600.0
UNKNOWN_POLARISATION_VOLT = 0.02
RELAXED_SECOND = 7200.0  # over which what is left of it from before the log's first row decays
REST_C_RATE = 0.02
STEADY_VOLT = 0.01  # at a steady current a knee tells more with every such step


@njit(cache=True)
def lose_anchor(state: ChargeArrays, sigma: float) -> None:
    """Go back to hypotheses around a charge that has become uncertain."""
    x = state.x[int(state.scalars[BEST])]
    state.scalars[ANCHORED] = 0.0
    state.scalars[COUNTED] = 0.0
    mean = 1.0 - x[cc.DEFICIT] / np.exp(x[cc.LN_CAPACITY])
    hypotheses = state.weights.shape[2]
    for k in range(hypotheses):
        z = k / (hypotheses - 1.0)
        state.weights[:, :, k] = np.log(np.exp(-0.5 * ((z - mean) / sigma) ** 2) + OTHER_ODDS)
    state.scalars[STARTED] = 0.0
    state.scalars[SETTLED] = min(state.scalars[SETTLED], 0.0)


@counted_kernel
def leave_wrong_knee(state: ChargeArrays, median: float) -> bool:
    """Look anew for a charge that was never tied to a full pack and puts it on a knee where it does not stand.

    What the filters made of the difference is forgotten: it went into resistances, curves and the places of cells.
    Whether that was so; `median` is what the pack stands at [V].
    """
    best = int(state.scalars[BEST])
    x, memory = state.x[best], state.memory[best]
    if memory[cc.REST_SECOND] < WRONG_KNEE_SECOND or state.parameters[cc.P_HAS_KNEE] == 0.0:
        return False
    soc = 1.0 - x[cc.DEFICIT] / np.exp(x[cc.LN_CAPACITY])
    volt, slope = branch_voltage(state.learnt[0], state.learnt[1], memory[cc.HYSTERESIS], soc)
    if slope < WRONG_KNEE_SLOPE_VOLT or volt + x[cc.BETA] - median < WRONG_KNEE_VOLT or soc < LEAST_SETTLED_SOC:
        return False
    begin_curves(state, min(soc, 1.0), WRONG_KNEE_SIGMA)
    forget_cells(state)
    lose_anchor(state, WRONG_KNEE_SIGMA)
    keep_zero(state)
    return True


@counted_kernel
def doubt_hypotheses(state: ChargeArrays, sigma: float) -> None:
    """Spread the hypotheses by what may have flowed while nothing was logged; the next reading is a new one.

    `sigma` is a share of the capacity.
    """
    loosen_starts(state.weights, min(sigma, 1.0), OTHER_ODDS * min(sigma / HANDOVER_SIGMA, 1.0))
    state.scalars[STARTED] = 0.0


@bare_kernel
def watch_guess(state: ChargeArrays) -> bool:
    """Whether the filters go on from a charge that only hypotheses told, by curves that no whole sweep has tested yet.

    They learn beside it, and are as sure as if it were so: what is told of the charge stays with the hypotheses.
    """
    if state.memory[int(state.scalars[BEST]), cc.NEWS] >= SWEEP_NEWS:
        state.scalars[GUESSED] = 0.0
    return bool(state.scalars[GUESSED] > 0.0)


@bare_kernel
def hypothesis_capacity(state: ChargeArrays, k: int) -> float:
    """Capacity by which hypotheses of filter k's curve are counted on [Ah]: beside a guess that of before the log."""
    ln_capacity = state.prior[k, 0, cc.LN_CAPACITY] if state.scalars[GUESSED] > 0.0 else state.x[k, cc.LN_CAPACITY]
    return float(np.exp(ln_capacity))


@counted_kernel
def weigh_hypotheses(
    state: ChargeArrays,
    curves: CurveArrays,
    median: float,
    current: float,
    charge_ah: float,
    elapsed: float,
    temperature: float,
) -> None:
    """Weigh the hypotheses of all curves by one minute, as far as it is a new reading.

    A curve is what its filter has learnt of it since a full pack, and as sure as that; nothing beside a guess.
    """
    share = _share_of_news(state, median, current, charge_ah, elapsed)
    known = current == current
    left_volt = UNKNOWN_POLARISATION_VOLT * np.exp(-state.scalars[LISTENED_SECOND] / RELAXED_SECOND)
    g = cc.resistance_factor(state.parameters[cc.P_ACTIVATION], temperature)
    learnt, spread = np.empty((2, curves.discharge.shape[1])), np.empty(curves.discharge.shape[1])
    for k in range(state.weights.shape[0]):
        count, own = curves.mode_count[k], _own_filter(state, k)
        memory, states = state.memory[own], cc.STATES + count
        if state.scalars[GUESSED] > 0.0:
            x, p = state.prior[own, 0, :states], np.diag(state.prior[own, 1] ** 2)
        else:
            x, p = state.x[own, :states], state.p[own]
        modes = curves.modes[k, :, :count]
        cc.learn_curve(x, curves.discharge[k], curves.charge[k], modes, learnt)
        cc.learnt_spread(p, modes, spread)
        polarisation = 0.0
        if known:
            polarisation = g * (
                np.exp(x[cc.LN_R0]) * current
                + np.exp(x[cc.LN_R1]) * memory[cc.FILTERED_1]
                + np.exp(x[cc.LN_R2]) * memory[cc.FILTERED_2]
            )
        weigh_starts(
            state.weights[k],
            state.scalars[COUNTED] - 0.5 * charge_ah,
            hypothesis_capacity(state, own),
            learnt[0],
            learnt[1],
            spread,
            memory[cc.HYSTERESIS],
            1.0 - memory[cc.HYSTERESIS] ** 2,
            median,
            polarisation,
            left_volt if known else UNKNOWN_POLARISATION_VOLT,
            share,
        )
    state.weights[:] -= state.weights.max()


@bare_kernel
def _own_filter(state: ChargeArrays, k: int) -> int:
    """Of the filters of curve k the one that is gone on with, or that was not given up; else the first."""
    sibling = int(state.memory[k, cc.SIBLING])
    if sibling >= 0 and (state.memory[k, cc.GIVEN_UP] > 0.0 or sibling == int(state.scalars[BEST])):
        return sibling
    return k


@njit(cache=True)
def _share_of_news(state: ChargeArrays, median: float, current: float, charge_ah: float, elapsed: float) -> float:
    """How much of an independent reading this minute is, 0 to 1."""
    scalars, capacity = state.scalars, state.parameters[cc.P_CAPACITY]
    share = abs(charge_ah) / (0.03 * capacity) + elapsed / 21600.0
    flows = abs(current) > REST_C_RATE * capacity  # a rest's voltage comes down by itself
    if flows and abs(current - scalars[LAST_CURRENT]) < 0.02 * capacity:
        share += abs(median - scalars[LAST_MEDIAN]) / STEADY_VOLT
    scalars[LAST_MEDIAN] = median
    scalars[LAST_CURRENT] = current
    if scalars[STARTED] == 0.0:
        scalars[STARTED] = 1.0
        return 1.0
    if current != current:  # without a current nothing says that the charge stayed: only the present voltage counts
        keep = np.exp(-elapsed / UNKNOWN_CURRENT_SECOND)
        state.weights[:] *= keep
        return float(1.0 - keep)
    return float(min(share, 1.0))


@bare_kernel
def _curve_sigma(soc: float) -> float:
    """One sigma of z by which a pack is misplaced that was placed by its voltage alone, on a curve with a plateau."""
    return float(min(PLATEAU_SIGMA, END_SHARE * max(min(soc, 1.0 - soc), 0.0)))


@counted_kernel
def hand_over_settled(state: ChargeArrays, median: float) -> bool:
    """Hand over to the filters of a pack that has settled above the plateau at that voltage [V].

    They begin where the curve has it: from elsewhere on the knee a straight line reaches past full. Returned is whether
    they begin anew, which they do not where they have learnt from a full pack.
    """
    soc = min(max(soc_at(state.learnt[1], median), LEAST_SETTLED_SOC), FULL_SOC)
    sigma = max(FULL_SOC_SIGMA, _curve_sigma(soc))
    begins_anew = state.scalars[TIED] == 0.0
    if begins_anew:
        begin_curves(state, soc, sigma)
    else:
        for k in range(state.x.shape[0]):
            start_central(state.x[k], state.p[k], state.memory[k], soc, sigma)
    state.scalars[GUESSED] = 0.0
    _begin_filters(state)
    return bool(begins_anew)


@counted_kernel
def try_handover(state: ChargeArrays, full: float) -> None:
    """Hand over to the filters when the hypotheses agree or the pack is full."""
    mean, sigma, _, _ = summarise_starts(state.weights, 1.0, 1.0)
    if full == 0.0 and (sigma > HANDOVER_SIGMA or state.memory[0, cc.CURRENT_SEEN] == 0.0):
        return
    if full > 0.0 and state.scalars[TIED] == 0.0:
        begin_curves(state, FULL_SOC, FULL_SOC_SIGMA)
        state.scalars[TIED] = 1.0
    else:
        for k in range(state.x.shape[0]):
            now = mean + state.scalars[COUNTED] / hypothesis_capacity(state, k)
            unsure = max(sigma, _curve_sigma(now) if state.parameters[cc.P_HAS_KNEE] > 0.0 else 0.0)
            if full > 0.0:
                now, unsure = FULL_SOC, FULL_SOC_SIGMA
            start_central(state.x[k], state.p[k], state.memory[k], now, unsure)
    untied = state.scalars[TIED] == 0.0 and state.parameters[cc.P_HAS_KNEE] > 0.0
    state.scalars[GUESSED] = 1.0 if untied and full == 0.0 else 0.0
    _begin_filters(state)


@counted_kernel
def _begin_filters(state: ChargeArrays) -> None:
    """Go on with the filters, all cells at the central one's charge."""
    state.scalars[ANCHORED] = 1.0
    for j in range(state.y.shape[0]):
        cd.share_charge(state.y[j], state.q[j], state.x[int(state.scalars[BEST]), cc.DEFICIT])
