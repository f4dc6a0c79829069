"""What the charge cascade's filters add up to for every cell after one minute row."""

from __future__ import annotations

import numpy as np

from cellwarden.core.minute_block import IntArray
from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation import cell_difference as cd
from cellwarden.estimation import central_cell as cc
from cellwarden.estimation.bare_kernel import bare_kernel
from cellwarden.estimation.charge_anchor import ANCHORED, BEST, COUNTED, GUESSED, TIED
from cellwarden.estimation.charge_arrays import ChargeArrays, ChargeOutputs
from cellwarden.estimation.charge_credit import (
    M_CAPACITY,
    M_DD,
    M_DEFICIT,
    M_DQ,
    M_LEARNT,
    M_LIKELY_CAPACITY,
    M_LIKELY_DEFICIT,
    M_QQ,
    M_QQ_HELD,
    MIXED,
    mix_curves,
)
from cellwarden.estimation.charge_handover import hypothesis_capacity
from cellwarden.estimation.charge_start import summarise_starts
from cellwarden.estimation.current_zero import ZERO, ZERO_VAR
from cellwarden.estimation.middle_value import finite_middle
from cellwarden.estimation.ocv_lookup import branch_voltage
from cellwarden.estimation.reading_jump import jumped_volt
from cellwarden.estimation.reading_offset import offset_of_reading, offset_variance, sound_offsets

# rows of the outputs
O_FULL_COUNT, O_REST, O_OFFSET, O_OFFSET_SIGMA, O_OFFSET_INFORMED, O_R0, O_R1, O_R2 = range(8)
O_R_SIGMA, O_ACTIVATION, O_CURVE, O_SPREAD, O_OFFSET_UNSEEN = range(8, 13)
PACK_OUTPUTS = 13
C_SOC, C_LOW, C_HIGH, C_OCV, C_SLOPE, C_DIFFERENCE, C_DIFFERENCE_SIGMA, C_CAPACITY, C_CAPACITY_SIGMA = range(9)
C_RATIO, C_RATIO_SIGMA, C_LEAK, C_LEAK_SIGMA, C_READING, C_READING_SIGMA = range(9, 15)
C_CAPACITY_INFORMED, C_LEAK_INFORMED, C_READING_INFORMED, C_POLARISATION, C_READING_TOLD = range(15, 20)
C_READING_JUMPED = 20
CELL_OUTPUTS = 21

# what is remembered of information, per quantity: reference variance and time
I_CAPACITY, I_LEAK, I_READING = range(3)
INFORMATION = 3
FIRST_SHARE = 0.5, 0.5, 0.7  # of the variance before the log, below which a quantity is first called informed

TWO_SIGMA = 1.96
START_MARGIN = 0.03
# shares of the odds of curves and of starts that count: at 80 simulated packs an interval before the first full charge
# held the truth in 54 % of the minutes with all of them, in 74 % with these, and the error fell by a fifth
CURVE_ODDS, START_ODDS = 0.15, 0.1
READING_SHARE = 1.3  # what the offset's sigma is worth, from the coverage pooled over packs
OWN_CURVE_VOLT = 0.0005  # by which a cell's own curve differs, pass after pass: no further one tells it from an offset
MISFIT_SHARE = 0.015
INFORMING_DEPTH = 0.25
# by which a knee that is learnt misjudges how far apart cells stand on it, and the depth down to which it is that knee
KNEE_APART_SHARE, KNEE_DEPTH = 0.4, 0.02
# of the charge of a pack that was never full, by where another make's curve has its steps; at this depth and below
UNTIED_SIGMA, UNTIED_DEPTH = 0.025, 0.1


@bare_kernel
def forget_information(state: ChargeArrays, quantities: int) -> None:
    """Forget what informed the first so many of the quantities, of all cells."""
    central, own = state.prior[0, 1, cc.LN_CAPACITY], state.prior_y
    for j in range(state.information.shape[1]):
        first = state.information[:, j, 0]
        for quantity in range(quantities):
            state.information[quantity, j, 1] = np.nan
            if quantity == I_CAPACITY:
                first[quantity] = FIRST_SHARE[quantity] * (central**2 + own[cd.LN_RATIO] ** 2)
            else:
                first[quantity] = FIRST_SHARE[quantity] * own[cd.LEAK if quantity == I_LEAK else cd.READING_OFFSET] ** 2


@bare_kernel
def note_information(information: FloatArray, variance: float, stamp: float) -> None:
    """Remember when a variance last fell by more than a hundredth: [reference variance, time]."""
    if variance < 0.99 * information[0]:
        information[0] = variance
        information[1] = stamp
    elif variance > information[0]:
        information[0] = variance


@bare_kernel
def write_row(
    state: ChargeArrays, learns: IntArray, out: ChargeOutputs, work: FloatArray, m: int, gap_ah: float, stamp: float
) -> None:
    """Write row m: the pack's values, then every cell's.

    `gap_ah` is what flowed since the last sample, unseen; `work` (3, ≥ n_cells, K and MIXED) is scratch.
    """
    best = int(state.scalars[BEST])
    x, memory = state.x[best], state.memory[best]
    out.pack[O_FULL_COUNT, m] = memory[cc.FULL_COUNT]
    out.pack[O_REST, m] = memory[cc.REST_SECOND]
    offset, sigma, unseen = _offset_known(state)
    out.pack[O_OFFSET, m], out.pack[O_OFFSET_SIGMA, m], out.pack[O_OFFSET_UNSEEN, m] = offset, sigma, unseen
    out.pack[O_OFFSET_INFORMED, m] = state.offset_information[1]
    out.pack[O_CURVE, m] = best
    for a in range(cc.LN_WIDTH, x.shape[0]):
        out.curve[m, a - cc.LN_WIDTH] = x[a]
    _write_polarisation(state, out, m, best)
    _write_cells(state, learns, out, work, m, gap_ah, stamp)
    if state.scalars[ANCHORED] == 0.0 or state.scalars[GUESSED] > 0.0:
        _write_hypotheses(state, out.cell, m, gap_ah)


@bare_kernel
def _offset_known(state: ChargeArrays) -> tuple[float, float, float]:
    """The current's zero with its sigma, and by how much it may be lower because bleeds are not logged [A].

    The count balances the knee with the zero and the bleed of the central cell in one, which stays as it is for as long
    as the cells leak alike. What was read while nothing flowed, and counted over hours off the knee, goes first where
    it bounds the zero more closely.
    """
    best = int(state.scalars[BEST])
    unseen, sigma = state.parameters[cc.P_UNLOGGED_BLEED], np.sqrt(state.p[best, cc.OFFSET, cc.OFFSET])
    measured = np.sqrt(state.zero[ZERO_VAR])
    if unseen > 0.0 and 2.0 * TWO_SIGMA * (measured - sigma) < unseen:
        return state.zero[ZERO], measured, 0.0
    return state.x[best, cc.OFFSET], sigma, unseen


@bare_kernel
def _write_polarisation(state: ChargeArrays, out: ChargeOutputs, m: int, best: int) -> None:
    """Write the resistances of the central cell and the sigma of their sum's logarithm."""
    x, p = state.x[best], state.p[best]
    total, variance = 0.0, 0.0
    for a in range(3):
        out.pack[O_R0 + a, m] = np.exp(x[cc.LN_R0 + a])
        total += out.pack[O_R0 + a, m]
    for a in range(3):
        for b in range(3):
            variance += out.pack[O_R0 + a, m] * out.pack[O_R0 + b, m] * p[cc.LN_R0 + a, cc.LN_R0 + b]
    out.pack[O_R_SIGMA, m] = np.sqrt(max(variance, 0.0)) / total
    out.pack[O_ACTIVATION, m] = state.parameters[cc.P_ACTIVATION] + 1000.0 * x[cc.ACTIVATION]


@bare_kernel
def _write_cells(
    state: ChargeArrays, learns: IntArray, outputs: ChargeOutputs, work: FloatArray, m: int, gap_ah: float, stamp: float
) -> None:
    """Write what the filters hold of every cell; leaks and offsets against the pack's median."""
    best = int(state.scalars[BEST])
    memory, y, q = state.memory[best], state.y, state.q
    out = outputs.cell
    leak, reading, spread, common = _middle_cell(y, q, state.parameters[cc.P_READING_SPREAD], work)
    outputs.pack[O_SPREAD, m] = spread
    mixed = work[0, :MIXED]
    top_variance = mix_curves(state, learns, mixed, work[1]) + _untied_variance(state, mixed)
    capacity, mean_capacity = np.exp(mixed[M_LIKELY_CAPACITY]), np.exp(mixed[M_CAPACITY])
    apart = mixed[M_LIKELY_CAPACITY] - mixed[M_CAPACITY]
    # A curve that fits badly misplaces empty: what the capacity is off by grows with the misfit.
    misfit = MISFIT_SHARE * max(memory[cc.CURVE_SIGMA] / memory[cc.CURVE_PRIOR] - 1.0, 0.0)
    for j in range(y.shape[0]):
        ratio = np.exp(y[j, cd.LN_RATIO])
        own = capacity * ratio
        own_variance = cd.ratio_variance(y[j], q[j], state.memory_y[j])
        mean, sigma = _soc_and_sigma(mixed, y[j], q[j], mean_capacity * ratio, own_variance, gap_ah, top_variance)
        soc = 1.0 - (mixed[M_LIKELY_DEFICIT] + y[j, cd.DIFFERENCE] - gap_ah) / own
        ocv, slope = branch_voltage(state.learnt[0], state.learnt[1], memory[cc.HYSTERESIS], soc)
        variance = mixed[M_QQ_HELD] + own_variance + misfit**2 + apart**2
        out[C_SOC, m, j] = min(max(soc, 0.0), 1.0)
        out[C_LOW, m, j] = max(min(mean - TWO_SIGMA * sigma, soc, 1.0), 0.0)
        out[C_HIGH, m, j] = min(max(mean + TWO_SIGMA * sigma, soc, 0.0), 1.0)
        out[C_OCV, m, j] = ocv
        out[C_SLOPE, m, j] = slope
        out[C_DIFFERENCE, m, j] = y[j, cd.DIFFERENCE]
        out[C_DIFFERENCE_SIGMA, m, j] = np.sqrt(q[j, cd.DIFFERENCE, cd.DIFFERENCE])
        out[C_CAPACITY, m, j] = own
        out[C_CAPACITY_SIGMA, m, j] = own * np.sqrt(variance)
        out[C_RATIO, m, j] = ratio
        out[C_RATIO_SIGMA, m, j] = np.sqrt(own_variance)
        out[C_LEAK, m, j] = y[j, cd.LEAK] - leak
        out[C_LEAK_SIGMA, m, j] = np.sqrt(q[j, cd.LEAK, cd.LEAK])
        doubt = _reading_variance(q[j])
        deviation = y[j, cd.READING_OFFSET] - reading
        out[C_READING, m, j] = offset_of_reading(deviation, doubt, spread)
        out[C_READING_TOLD, m, j] = np.sqrt(doubt)
        out[C_READING_JUMPED, m, j] = jumped_volt(state.jumps, y.shape[0], j)
        out[C_READING_SIGMA, m, j] = np.sqrt(offset_variance(deviation, doubt, spread, common))
        out[C_POLARISATION, m, j] = np.exp(y[j, cd.LN_POLARISATION])
        if 1.0 - soc > INFORMING_DEPTH:  # near full neither a capacity nor an offset can be told from a charge
            note_information(state.information[I_CAPACITY, j], variance, stamp)
            note_information(state.information[I_READING, j], q[j, cd.READING_OFFSET, cd.READING_OFFSET], stamp)
        note_information(state.information[I_LEAK, j], q[j, cd.LEAK, cd.LEAK], stamp)
        out[C_CAPACITY_INFORMED, m, j] = state.information[I_CAPACITY, j, 1]
        out[C_LEAK_INFORMED, m, j] = state.information[I_LEAK, j, 1]
        out[C_READING_INFORMED, m, j] = state.information[I_READING, j, 1]


@bare_kernel
def _untied_variance(state: ChargeArrays, mixed: FloatArray) -> float:
    """Variance of every charge of a pack that was never full: it stands where a curve says, on a knee or a step."""
    if state.scalars[TIED] > 0.0 or state.parameters[cc.P_HAS_KNEE] == 0.0:
        return 0.0
    missing = max(mixed[M_DEFICIT] / np.exp(mixed[M_CAPACITY]), 0.0)
    return float((UNTIED_SIGMA * min(missing / UNTIED_DEPTH, 1.0)) ** 2)


@bare_kernel
def _middle_cell(y: FloatArray, q: FloatArray, usual: float, work: FloatArray) -> tuple[float, float, float, float]:
    """Median of the cells' leaks; middle and spread of sound sensors, and the middle's variance.

    `usual` is the spread to expect; `work` (3, ≥ n_cells) is scratch.
    """
    for j in range(y.shape[0]):
        work[0, j] = _reading_variance(q[j])
    reading, spread, variance = sound_offsets(y[:, cd.READING_OFFSET], work, usual)
    return finite_middle(y[:, cd.LEAK], work[1]), reading, spread, variance


@bare_kernel
def _reading_variance(q: FloatArray) -> float:
    """Variance of a cell's offset [V²] from its covariance (S, S)."""
    return float(READING_SHARE**2 * q[cd.READING_OFFSET, cd.READING_OFFSET] + OWN_CURVE_VOLT**2)


@bare_kernel
def _soc_and_sigma(
    mixed: FloatArray,
    y: FloatArray,
    q: FloatArray,
    own: float,
    own_variance: float,
    gap_ah: float,
    top_variance: float,
) -> tuple[float, float]:
    """Mean state of charge of one cell over all filters, with the sigma that they and the curve's top leave."""
    deficit = mixed[M_DEFICIT] + y[cd.DIFFERENCE] - gap_ah
    d, c = 1.0 / own, deficit / own
    depth = (mixed[M_DEFICIT] - gap_ah) / np.exp(mixed[M_CAPACITY])
    on_knee = min(KNEE_DEPTH / max(depth, KNEE_DEPTH), 1.0)
    variance = (
        d * d * (mixed[M_DD] + q[cd.DIFFERENCE, cd.DIFFERENCE])
        + c * c * (mixed[M_QQ] + own_variance)
        - 2.0 * d * c * (mixed[M_DQ] + q[cd.DIFFERENCE, cd.LN_RATIO])
        + mixed[M_LEARNT] * (KNEE_APART_SHARE * on_knee * (c - depth)) ** 2
        + (0.5 * gap_ah / own) ** 2
    )
    return 1.0 - c, float(np.sqrt(max(variance, 0.0) + top_variance))


@bare_kernel
def _write_hypotheses(state: ChargeArrays, out: FloatArray, m: int, gap_ah: float) -> None:
    """Write the state of charge that the hypotheses give, the same for every cell.

    Where on the curve that is, is theirs as well before the filters began.
    """
    best = int(state.scalars[BEST])
    mean, _, low, high = summarise_starts(state.weights, CURVE_ODDS, START_ODDS)
    counted = (state.scalars[COUNTED] + gap_ah) / hypothesis_capacity(state, best)
    soc = min(max(mean + counted, 0.0), 1.0)
    out[C_SOC, m] = soc
    out[C_LOW, m] = min(max(low + counted - START_MARGIN, 0.0), 1.0)
    out[C_HIGH, m] = min(max(high + counted + START_MARGIN, 0.0), 1.0)
    if state.scalars[ANCHORED] == 0.0:
        hysteresis = state.memory[best, cc.HYSTERESIS]
        out[C_OCV, m], out[C_SLOPE, m] = branch_voltage(state.learnt[0], state.learnt[1], hysteresis, soc)
