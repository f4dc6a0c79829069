"""Impedances that a sensor measures, into the filters of the resistance: hourly means at equal temperature and charge.

One frequency sees a part of the resistance that differs from cell to cell and from the 10 s step's, so a single reading
says little; what it changes by says more. The common filter learns the ratio of resistance to impedance from the steps
of the current, each cell's bank what its own impedance is off by for good. While there are no steps, as on float, the
impedance then carries both on. It cannot tell a joint from a cell: it moves both alike.
"""

from __future__ import annotations

import numpy as np

from cellwarden.core.minute_block import IntArray, MinuteBlock
from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation import resistance_kernel as kernel
from cellwarden.estimation.middle_value import middle_value
from cellwarden.estimation.plugin import PackContext
from cellwarden.estimation.resistance_change import change_weight
from cellwarden.estimation.resistance_joint import name_joints
from cellwarden.estimation.resistance_law import COMMON_STATES, LOG_IMPEDANCE_RATIO, LOG_SCALE
from cellwarden.estimation.resistance_state import ResistanceState
from cellwarden.estimation.resistance_time import let_time_pass
from cellwarden.estimation.running_sum import running_sum
from cellwarden.estimation.scalar_update import scalar_update

__all__ = ["hourly_impedance", "take_impedance"]

HOUR_SECOND = 3600.0
SERIES_KELVIN = 1800.0  # Arrhenius temperature of what alternating current sees: electrolyte and leads
SERIES_SIGMA_KELVIN = 700.0
COMMON_SIGMA, CELL_SIGMA = 0.03, 0.02  # relative, of an hour's mean: dependence on charge, and the reading's own
SHARE_SIGMA = 0.3  # of a change of the impedance that need not be one of the resistance
RATIO_WALK_PER_DAY, ODDITY_WALK_PER_DAY = 0.0007**2, 0.0007**2
GATE = 3.0
REFERENCE_KELVIN, KELVIN = 298.15, 273.15


def hourly_impedance(state: ResistanceState, minutes: MinuteBlock) -> tuple[IntArray, FloatArray]:
    """Rows that end an hour, and the means of the impedances since the one before; changes the state's sums.

    Returns
    -------
    (H,) rows and (H, n_cells) [ohm], NaN where nothing was measured; no rows where the log has no impedance
    """
    known = np.isfinite(minutes.impedance_ohm)
    ends = np.flatnonzero(minutes.unix_time_second % HOUR_SECOND == 0.0)
    if not known.any() and not state.impedance_count.any():
        return ends[:0], np.empty((0, known.shape[1]))
    means = np.empty((len(ends), known.shape[1]))
    begin = 0
    for k, end in enumerate([*ends.tolist(), len(minutes) - 1]):
        for total, rows in (
            (state.impedance_sum_ohm, np.where(known, minutes.impedance_ohm, 0.0)[begin : end + 1]),
            (state.impedance_count, known[begin : end + 1].astype(np.float64)),
        ):
            if len(rows):
                total[:] = running_sum(total, rows)[-1]
        begin = end + 1
        if k < len(ends):
            seen = state.impedance_count > 0.0
            means[k] = np.where(seen, state.impedance_sum_ohm / np.maximum(state.impedance_count, 1.0), np.nan)
            state.impedance_sum_ohm[:] = 0.0
            state.impedance_count[:] = 0.0
    return ends, means


def take_impedance(
    state: ResistanceState, unix_time_second: float, ohm: FloatArray, celsius: FloatArray, context: PackContext
) -> None:
    """Update the state's arrays in place by one hour's means.

    Parameters
    ----------
    unix_time_second : end of the hour [s]
    ohm : (n_cells,) [ohm], NaN where none was measured
    celsius : (n_cells,) temperature [°C]
    """
    live = np.isfinite(ohm) & (ohm > 0.0)
    if not live.any():
        return
    days = let_time_pass(
        state.law_covariance, state.bank_covariance, state.last_told_unix_time_second, unix_time_second
    )
    inverse = 1.0 / (np.where(np.isfinite(celsius), celsius, 25.0) + KELVIN) - 1.0 / REFERENCE_KELVIN
    at_reference = np.log(np.where(live, ohm, 1.0)) - SERIES_KELVIN * inverse
    middle = middle_value(at_reference[live])
    middle_inverse = middle_value(inverse[live])
    _take_middle(state, middle, middle_inverse, days, context)
    state.bank_covariance[:, :, kernel.ODDITY, kernel.ODDITY] += ODDITY_WALK_PER_DAY * days
    far = SERIES_SIGMA_KELVIN * (inverse - middle_inverse)
    state.edges_since_change[live] += 1.0
    for cell in np.flatnonzero(live):
        variance = CELL_SIGMA**2 + float(far[cell]) ** 2
        if _take_cell(state, int(cell), float(np.exp(at_reference[cell] - middle)), variance):
            state.changed_unix_time_second[cell] = unix_time_second
            state.edges_since_change[cell] = 0.0
            state.coldest_celsius[cell] = state.warmest_celsius[cell] = celsius[cell]
    name_joints(state.log_weight, state.edge_count, state.edges_since_change, state.taken_for_joint)
    state.informed_unix_time_second[live & (state.edge_count > 0.0)] = unix_time_second


def _take_middle(state: ResistanceState, log_ohm: float, inverse: float, days: float, context: PackContext) -> None:
    """The median impedance at 25 °C tells the scale as far as the ratio of the two is known."""
    state.law_covariance[LOG_IMPEDANCE_RATIO, LOG_IMPEDANCE_RATIO] += RATIO_WALK_PER_DAY * days
    unit_ohm = context.model.resistance_ohm_ah / context.pack.nominal_capacity_ah
    gradient = np.zeros(COMMON_STATES)
    gradient[LOG_SCALE], gradient[LOG_IMPEDANCE_RATIO] = 1.0, -1.0
    innovation = log_ohm - np.log(unit_ohm) - float(gradient @ state.law)
    variance = COMMON_SIGMA**2 + (SERIES_SIGMA_KELVIN * inverse) ** 2
    if abs(innovation) > GATE * np.sqrt(variance + float(gradient @ state.law_covariance @ gradient)):
        # a step of all impedances: the resistances may have made it, and the ratio a share of it
        state.law_covariance[LOG_SCALE, LOG_SCALE] += innovation**2
        state.law_covariance[LOG_IMPEDANCE_RATIO, LOG_IMPEDANCE_RATIO] += (SHARE_SIGMA * innovation) ** 2
    scalar_update(state.law, state.law_covariance, gradient, innovation, variance, GATE)


def _take_cell(state: ResistanceState, cell: int, ratio: float, variance: float) -> bool:
    """A cell's impedance over the median's: all of its parts move it, and its own oddity; whether it changed."""
    h = np.ones(kernel.BANK_STATES)
    best = int(np.argmax(state.log_weight[cell]))
    innovation = ratio - 1.0 - float(state.bank[cell, best].sum())
    spread = np.sqrt(variance + float(state.bank_covariance[cell, best].sum()))
    _, changed = kernel.update_cell(
        state.bank[cell],
        state.bank_covariance[cell],
        state.log_weight[cell],
        state.change[cell],
        np.log(kernel.CHANGE_PROBABILITY),
        h,
        ratio,
        variance,
        change_weight(spread),
    )
    if changed:  # what the impedance changed by need not all be the resistance's
        state.bank_covariance[cell, :, kernel.ODDITY, kernel.ODDITY] += (SHARE_SIGMA * innovation) ** 2
    return bool(changed)
