"""The charge cascade over minute rows, in Numba: start, central cell, differences, and what they add up to."""

from __future__ import annotations

import numpy as np
from numba import njit

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation import cell_difference as cd
from cellwarden.estimation import central_cell as cc
from cellwarden.estimation.charge_start import summarise_starts, weigh_starts
from cellwarden.estimation.ocv_lookup import branch_voltage

# slots of the pack's scalars
ANCHORED, COUNTED, BEST, STARTED, WAITING_SECOND, SILENT_SECOND, LAST_MEDIAN, LAST_CURRENT = range(8)
SCALARS = 8

# rows of the outputs
(
    O_FULL_COUNT,
    O_REST,
    O_OFFSET,
    O_OFFSET_SIGMA,
    O_OFFSET_INFORMED,
    O_R0,
    O_R1,
    O_R2,
    O_R_SIGMA,
    O_ACTIVATION,
    O_CURVE,
) = range(11)
PACK_OUTPUTS = 11
C_SOC, C_LOW, C_HIGH, C_OCV, C_SLOPE, C_DIFFERENCE, C_DIFFERENCE_SIGMA, C_CAPACITY, C_CAPACITY_SIGMA = range(9)
C_RATIO, C_RATIO_SIGMA, C_LEAK, C_LEAK_SIGMA, C_READING, C_READING_SIGMA = range(9, 15)
C_CAPACITY_INFORMED, C_LEAK_INFORMED, C_READING_INFORMED, C_POLARISATION = range(15, 19)
CELL_OUTPUTS = 19

# slots of what is remembered of information: reference variance and time, per quantity
I_CAPACITY, I_LEAK, I_READING = range(3)
INFORMATION = 3

HANDOVER_SIGMA = 0.02
FULL_SECOND = 600.0
LOST_SIGMA = 0.10
RESTED_SECOND = 1800.0
RESTED_INTERVAL_SECOND = 300
WORSE_CURVE = 25.0  # a curve whose log-likelihood is that much lower is given up
BETTER_CURVE = 6.0
UNKNOWN_CURRENT_SECOND = 600.0
UNKNOWN_POLARISATION_VOLT = 0.02


@njit(cache=True)
def finite_median(values: FloatArray) -> float:
    """Median of what is finite, NaN where nothing is."""
    kept = values[np.isfinite(values)]
    return float(np.median(kept)) if kept.shape[0] > 0 else np.nan


@njit(cache=True)
def watch_full(memory: FloatArray, parameters: FloatArray, voltage: float, current: float, elapsed: float) -> bool:
    """Count full charges; True while the current has tapered and the voltage stands on the top knee."""
    tapered = abs(current) <= parameters[cc.P_CAPACITY] / 20.0 and voltage >= parameters[cc.P_FULL_VOLT]
    if not tapered:
        memory[cc.TAPER_SECOND] = 0.0
        if voltage < parameters[cc.P_FULL_VOLT] - 0.03:
            memory[cc.IS_FULL] = 0.0
        return False
    memory[cc.TAPER_SECOND] += elapsed
    if memory[cc.TAPER_SECOND] >= FULL_SECOND and memory[cc.IS_FULL] == 0.0:
        memory[cc.IS_FULL] = 1.0
        memory[cc.FULL_COUNT] += 1.0
    return True


@njit(cache=True)
def start_central(x: FloatArray, p: FloatArray, memory: FloatArray, mean: float, sigma: float) -> None:
    """Hand the charge over from the hypotheses to the filter."""
    capacity = np.exp(x[cc.LN_CAPACITY])
    x[cc.DEFICIT] = (1.0 - mean) * capacity
    for a in range(cc.STATES):
        p[cc.DEFICIT, a] = 0.0
        p[a, cc.DEFICIT] = 0.0
    p[cc.DEFICIT, cc.DEFICIT] = (sigma * capacity) ** 2
    memory[cc.LAST_SOC] = mean


@njit(cache=True)
def _lose_anchor(scalars: FloatArray, weights: FloatArray, x: FloatArray, sigma: float) -> None:
    """Go back to hypotheses around a charge that has become uncertain."""
    scalars[ANCHORED] = 0.0
    scalars[COUNTED] = 0.0
    mean = 1.0 - x[cc.DEFICIT] / np.exp(x[cc.LN_CAPACITY])
    for k in range(weights.shape[2]):
        z = k / (weights.shape[2] - 1.0)
        weights[:, :, k] = np.log(np.exp(-0.5 * ((z - mean) / sigma) ** 2) + 0.02)


@njit(cache=True)
def _choose_curve(scalars: FloatArray, memory: FloatArray) -> None:
    """Go on with the curve that explains the log best; give up those that clearly do not."""
    best = int(scalars[BEST])
    for k in range(memory.shape[0]):
        if memory[k, cc.GIVEN_UP] == 0.0 and memory[k, cc.LIKELIHOOD] > memory[best, cc.LIKELIHOOD] + BETTER_CURVE:
            best = k
    scalars[BEST] = best
    for k in range(memory.shape[0]):
        if memory[k, cc.LIKELIHOOD] < memory[best, cc.LIKELIHOOD] - WORSE_CURVE:
            memory[k, cc.GIVEN_UP] = 1.0


@njit(cache=True)
def _place(x: FloatArray, grid: FloatArray) -> int:
    """Index on the grid of z that is nearest to the central cell."""
    last = grid.shape[1] - 1
    return int(min(max((1.0 - x[cc.DEFICIT] / np.exp(x[cc.LN_CAPACITY])) * last, 0.0), last))


@njit(cache=True)
def watch_idle(
    x: FloatArray,
    p: FloatArray,
    memory: FloatArray,
    parameters: FloatArray,
    current: float,
    spread: float,
    elapsed: float,
    switch_open: float,
) -> bool:
    """Read the current's zero where nothing seems to be connected: steady, tiny, and not on float."""
    near_full = 1.0 - x[cc.DEFICIT] / np.exp(x[cc.LN_CAPACITY]) > 0.93
    small = abs(current) <= 3.0 * parameters[cc.P_OFFSET_SIGMA] and spread <= 20.0 * parameters[cc.P_RESOLUTION]
    idle = small and memory[cc.REST_SECOND] > 900.0 and not near_full
    if not (idle or switch_open > 0.99):
        memory[cc.IDLE_SECOND] = 0.0
        return False
    memory[cc.IDLE_SECOND] += elapsed
    if memory[cc.IDLE_SECOND] < 1800.0:
        return False
    memory[cc.IDLE_SECOND] = 0.0
    cc.correct_by_idle(x, p, current, parameters[cc.P_IDLE_SIGMA])
    return True


@njit(cache=True)
def note_information(information: FloatArray, variance: float, stamp: float) -> None:
    """Remember when a variance last fell by more than a hundredth: [reference variance, time]."""
    if variance < 0.99 * information[0]:
        information[0] = variance
        information[1] = stamp
    elif variance > information[0]:
        information[0] = variance


@njit(cache=True)
def write_cell(
    out: FloatArray,
    x: FloatArray,
    p: FloatArray,
    y: FloatArray,
    q: FloatArray,
    ocv: float,
    slope: float,
    float_sigma: float,
    gap_ah: float,
) -> None:
    """State of charge and capacity of one cell with the sigma that both filters leave."""
    capacity = np.exp(x[cc.LN_CAPACITY])
    own = capacity * np.exp(y[cd.LN_RATIO])
    deficit = x[cc.DEFICIT] + y[cd.DIFFERENCE] - gap_ah
    soc = 1.0 - deficit / own
    d, c = 1.0 / own, deficit / own
    variance = (
        d * d * p[cc.DEFICIT, cc.DEFICIT]
        + c * c * p[cc.LN_CAPACITY, cc.LN_CAPACITY]
        - 2.0 * d * c * p[cc.DEFICIT, cc.LN_CAPACITY]
        + d * d * q[cd.DIFFERENCE, cd.DIFFERENCE]
        + c * c * q[cd.LN_RATIO, cd.LN_RATIO]
        - 2.0 * d * c * q[cd.DIFFERENCE, cd.LN_RATIO]
        + (0.5 * gap_ah / own) ** 2
    )
    sigma = np.sqrt(max(variance, 0.0) + float_sigma**2)
    out[C_SOC] = min(max(soc, 0.0), 1.0)
    out[C_LOW] = max(min(soc - 1.96 * sigma, 1.0), 0.0)
    out[C_HIGH] = min(max(soc + 1.96 * sigma, 0.0), 1.0)
    out[C_OCV] = ocv
    out[C_SLOPE] = slope
    out[C_DIFFERENCE] = y[cd.DIFFERENCE]
    out[C_DIFFERENCE_SIGMA] = np.sqrt(q[cd.DIFFERENCE, cd.DIFFERENCE])
    out[C_CAPACITY] = own
    out[C_CAPACITY_SIGMA] = own * np.sqrt(p[cc.LN_CAPACITY, cc.LN_CAPACITY] + q[cd.LN_RATIO, cd.LN_RATIO])
    out[C_RATIO] = np.exp(y[cd.LN_RATIO])
    out[C_RATIO_SIGMA] = np.sqrt(q[cd.LN_RATIO, cd.LN_RATIO])
    out[C_LEAK] = y[cd.LEAK]
    out[C_LEAK_SIGMA] = np.sqrt(q[cd.LEAK, cd.LEAK])
    out[C_READING] = y[cd.READING_OFFSET]
    out[C_READING_SIGMA] = np.sqrt(q[cd.READING_OFFSET, cd.READING_OFFSET])


@njit(cache=True)
def advance_charge(
    scalars: FloatArray,
    weights: FloatArray,
    x: FloatArray,
    p: FloatArray,
    memory: FloatArray,
    y: FloatArray,
    q: FloatArray,
    memory_y: FloatArray,
    information: FloatArray,
    offset_information: FloatArray,
    parameters: FloatArray,
    discharge: FloatArray,
    charge: FloatArray,
    soc_factor: FloatArray,
    entropy: FloatArray,
    stamp: FloatArray,
    elapsed: FloatArray,
    count: FloatArray,
    gap: FloatArray,
    current: FloatArray,
    current_min: FloatArray,
    current_max: FloatArray,
    current_last: FloatArray,
    charge_ah: FloatArray,
    voltage: FloatArray,
    bleed: FloatArray,
    temperature: FloatArray,
    switch_open: FloatArray,
    out: FloatArray,
    out_cell: FloatArray,
) -> None:
    """Advance the whole cascade over minute rows, in place; `out` (outputs, M), `out_cell` (M, n_cells, outputs)."""
    cells = voltage.shape[1]
    curves = x.shape[0]
    for m in range(stamp.shape[0]):
        best = int(scalars[BEST])
        median = finite_median(voltage[m])
        bled = finite_median(bleed[m])
        warm = finite_median(temperature[m])
        i = current[m]
        spread = current_max[m] - current_min[m] if i == i else 0.0
        seen = count[m] > 0.0 and median == median
        gap_ah = 0.0
        if count[m] == 0.0:
            scalars[SILENT_SECOND] += 60.0
            last = current_last[m]
            gap_ah = last * scalars[SILENT_SECOND] / 3600.0 if last == last else 0.0
        else:
            scalars[SILENT_SECOND] = 0.0
            scalars[COUNTED] += charge_ah[m] - bled
            for k in range(curves):
                if memory[k, cc.GIVEN_UP] > 0.0:
                    continue
                cc.predict_central(x[k], p[k], memory[k], parameters, charge_ah[m], elapsed[m], bled, i, spread, gap[m])
            for j in range(cells):
                cd.predict_difference(y[j], q[j], elapsed[m], bleed[m, j] - bled, parameters[cc.P_CAPACITY])
        full = False
        if seen and i == i:
            for k in range(curves):
                full = watch_full(memory[k], parameters, median, i, elapsed[m])
        if scalars[ANCHORED] > 0.0:
            sigma = np.sqrt(p[best, cc.DEFICIT, cc.DEFICIT]) / parameters[cc.P_CAPACITY]
            if sigma > LOST_SIGMA:
                _lose_anchor(scalars, weights, x[best], sigma)
        scalars[WAITING_SECOND] += elapsed[m]
        rested = memory[best, cc.REST_SECOND] > RESTED_SECOND
        due = not rested or int(stamp[m]) % RESTED_INTERVAL_SECOND == 0
        if scalars[ANCHORED] == 0.0:
            if seen:
                _weigh(
                    scalars,
                    weights,
                    x,
                    memory,
                    parameters,
                    discharge,
                    charge,
                    median,
                    i,
                    charge_ah[m],
                    elapsed[m],
                    warm,
                )
                _try_handover(scalars, weights, x, p, memory, full)
        elif seen and i == i:
            for k in range(curves):
                if memory[k, cc.GIVEN_UP] > 0.0:
                    continue
                if watch_idle(x[k], p[k], memory[k], parameters, i, spread, elapsed[m], switch_open[m]):
                    offset_information[1] = stamp[m]
                if due:
                    added = cc.correct_by_voltage(
                        x[k],
                        p[k],
                        memory[k],
                        parameters,
                        discharge[k],
                        charge[k],
                        soc_factor,
                        median,
                        i,
                        spread,
                        charge_ah[m],
                        warm,
                        entropy[k, _place(x[k], entropy)],
                    )
                    memory[k, cc.LIKELIHOOD] += added * min(
                        abs(charge_ah[m]) / (0.001 * parameters[cc.P_CAPACITY]), 1.0
                    )
            _choose_curve(scalars, memory)
            best = int(scalars[BEST])
            if cells > 1 and due:
                _correct_cells(
                    x[best],
                    memory[best],
                    parameters,
                    discharge[best],
                    charge[best],
                    y,
                    q,
                    memory_y,
                    voltage[m],
                    median,
                    charge_ah[m],
                    scalars[WAITING_SECOND],
                )
                scalars[WAITING_SECOND] = 0.0
        best = int(scalars[BEST])
        note_information(offset_information, p[best, cc.OFFSET, cc.OFFSET], stamp[m])
        out[O_FULL_COUNT, m] = memory[best, cc.FULL_COUNT]
        out[O_REST, m] = memory[best, cc.REST_SECOND]
        out[O_OFFSET, m] = x[best, cc.OFFSET]
        out[O_OFFSET_SIGMA, m] = np.sqrt(p[best, cc.OFFSET, cc.OFFSET])
        out[O_OFFSET_INFORMED, m] = offset_information[1]
        out[O_CURVE, m] = best
        _write_polarisation(out[:, m], x[best], p[best], parameters)
        _write_row(
            out_cell[m],
            scalars,
            weights,
            x[best],
            p[best],
            memory[best],
            y,
            q,
            information,
            parameters,
            discharge[best],
            charge[best],
            gap_ah,
            stamp[m],
        )


@njit(cache=True)
def _write_polarisation(out: FloatArray, x: FloatArray, p: FloatArray, parameters: FloatArray) -> None:
    """Write the resistances of the central cell and the sigma of their sum's logarithm."""
    total = 0.0
    variance = 0.0
    for a in range(3):
        out[O_R0 + a] = np.exp(x[cc.LN_R0 + a])
        total += out[O_R0 + a]
    for a in range(3):
        for b in range(3):
            variance += out[O_R0 + a] * out[O_R0 + b] * p[cc.LN_R0 + a, cc.LN_R0 + b]
    out[O_R_SIGMA] = np.sqrt(max(variance, 0.0)) / total
    out[O_ACTIVATION] = parameters[cc.P_ACTIVATION] + 1000.0 * x[cc.ACTIVATION]


@njit(cache=True)
def _weigh(
    scalars: FloatArray,
    weights: FloatArray,
    x: FloatArray,
    memory: FloatArray,
    parameters: FloatArray,
    discharge: FloatArray,
    charge: FloatArray,
    median: float,
    current: float,
    charge_ah: float,
    elapsed: float,
    temperature: float,
) -> None:
    """Weigh the hypotheses of all curves by one minute, as far as it is a new reading."""
    share = abs(charge_ah) / (0.03 * parameters[cc.P_CAPACITY]) + elapsed / 21600.0
    if abs(current - scalars[LAST_CURRENT]) < 0.02 * parameters[cc.P_CAPACITY]:
        share += abs(median - scalars[LAST_MEDIAN]) / 0.01  # at a steady current a knee tells more by the minute
    scalars[LAST_MEDIAN] = median
    scalars[LAST_CURRENT] = current
    if scalars[STARTED] == 0.0:
        share = 1.0
        scalars[STARTED] = 1.0
    known = current == current
    if not known:  # without a current nothing says that the charge stayed: only the present voltage counts
        weights *= np.exp(-elapsed / UNKNOWN_CURRENT_SECOND)
        share = 1.0 - np.exp(-elapsed / UNKNOWN_CURRENT_SECOND) if elapsed > 0.0 else 1.0
    g = cc.resistance_factor(parameters[cc.P_ACTIVATION], temperature)
    for k in range(weights.shape[0]):
        polarisation = 0.0
        if known:
            polarisation = g * (
                np.exp(x[k, cc.LN_R0]) * current
                + np.exp(x[k, cc.LN_R1]) * memory[k, cc.FILTERED_1]
                + np.exp(x[k, cc.LN_R2]) * memory[k, cc.FILTERED_2]
            )
        weigh_starts(
            weights[k],
            scalars[COUNTED] - 0.5 * charge_ah,
            np.exp(x[k, cc.LN_CAPACITY]),
            discharge[k],
            charge[k],
            memory[k, cc.HYSTERESIS],
            1.0 - memory[k, cc.HYSTERESIS] ** 2,
            median,
            polarisation,
            0.0 if known else UNKNOWN_POLARISATION_VOLT,
            min(share, 1.0),
        )
    weights -= weights.max()


@njit(cache=True)
def _try_handover(
    scalars: FloatArray, weights: FloatArray, x: FloatArray, p: FloatArray, memory: FloatArray, full: bool
) -> None:
    """Hand over to the filters when the hypotheses agree or the pack is full."""
    mean, sigma, _, _ = summarise_starts(weights)
    if not full and (sigma > HANDOVER_SIGMA or memory[0, cc.CURRENT_SEEN] == 0.0):
        return
    for k in range(weights.shape[0]):
        now = mean + scalars[COUNTED] / np.exp(x[k, cc.LN_CAPACITY])
        if full:
            now, sigma = 0.985, 0.01
        start_central(x[k], p[k], memory[k], now, sigma)
        memory[k, cc.LIKELIHOOD] = np.log(np.exp(weights[k]).sum() + 1e-30)
    scalars[ANCHORED] = 1.0


@njit(cache=True)
def _correct_cells(
    x: FloatArray,
    memory: FloatArray,
    parameters: FloatArray,
    discharge: FloatArray,
    charge: FloatArray,
    y: FloatArray,
    q: FloatArray,
    memory_y: FloatArray,
    voltage: FloatArray,
    median: float,
    charge_ah: float,
    elapsed: float,
) -> None:
    """Take one minute's reading of every cell."""
    capacity = np.exp(x[cc.LN_CAPACITY])
    for j in range(voltage.shape[0]):
        if np.isfinite(voltage[j]):
            cd.correct_difference(
                y[j],
                q[j],
                memory_y[j],
                discharge,
                charge,
                memory[cc.HYSTERESIS],
                x[cc.DEFICIT] + 0.5 * charge_ah,
                capacity,
                memory[cc.POLARISATION],
                voltage[j] - median,
                elapsed,
                memory[cc.REST_SECOND],
            )


@njit(cache=True)
def _write_row(
    out: FloatArray,
    scalars: FloatArray,
    weights: FloatArray,
    x: FloatArray,
    p: FloatArray,
    memory: FloatArray,
    y: FloatArray,
    q: FloatArray,
    information: FloatArray,
    parameters: FloatArray,
    discharge: FloatArray,
    charge: FloatArray,
    gap_ah: float,
    stamp: float,
) -> None:
    """Write what is known of every cell after one row."""
    leak = np.median(y[:, cd.LEAK])
    reading = np.median(y[:, cd.READING_OFFSET])
    common = 1.25 * np.std(y[:, cd.READING_OFFSET]) / np.sqrt(y.shape[0])
    anchored = scalars[ANCHORED] > 0.0
    mean, low, high = 0.0, 0.0, 0.0
    capacity = np.exp(x[cc.LN_CAPACITY])
    if not anchored:
        mean, _, low, high = summarise_starts(weights)
        counted = (scalars[COUNTED] + gap_ah) / capacity
        mean, low, high = mean + counted, low + counted, high + counted
    for j in range(y.shape[0]):
        soc = 1.0 - (x[cc.DEFICIT] + y[j, cd.DIFFERENCE]) / (capacity * np.exp(y[j, cd.LN_RATIO]))
        ocv, slope = branch_voltage(discharge, charge, memory[cc.HYSTERESIS], soc if anchored else mean)
        write_cell(out[j], x, p, y[j], q[j], ocv, slope, parameters[cc.P_FLOAT_SIGMA], gap_ah)
        out[j, C_LEAK] -= leak
        out[j, C_READING] -= reading
        out[j, C_READING_SIGMA] = np.hypot(out[j, C_READING_SIGMA], common)
        if not anchored:
            out[j, C_SOC] = min(max(mean, 0.0), 1.0)
            out[j, C_LOW] = min(max(low - 0.03, 0.0), 1.0)
            out[j, C_HIGH] = min(max(high + 0.03, 0.0), 1.0)
        variance = p[cc.LN_CAPACITY, cc.LN_CAPACITY] + q[j, cd.LN_RATIO, cd.LN_RATIO]
        note_information(information[I_CAPACITY, j], variance, stamp)
        note_information(information[I_LEAK, j], q[j, cd.LEAK, cd.LEAK], stamp)
        note_information(information[I_READING, j], q[j, cd.READING_OFFSET, cd.READING_OFFSET], stamp)
        out[j, C_POLARISATION] = np.exp(y[j, cd.LN_POLARISATION])
        out[j, C_CAPACITY_INFORMED] = information[I_CAPACITY, j, 1]
        out[j, C_LEAK_INFORMED] = information[I_LEAK, j, 1]
        out[j, C_READING_INFORMED] = information[I_READING, j, 1]
