"""One current edge into the filters of the resistance: one for what the cells share, a bank for each cell.

The bank follows the cell's ratio to the pack's median on the same edge, where current gain, timing and the law's own
error cancel. Its state is (μ, α, τ, κ): r = (1 + μ)·ρ + exp(θ₀)·(α·g(T) + τ·a(i, T, z) + κ), with ρ the median's
resistance at the cell's temperature and charge, g and a the law's series part and charge transfer over what they are at
the reference: μ scales all of it (size of the cell), α is a film or lost electrolyte, which follows temperature, τ a
slower charge transfer, which follows temperature, current and charge, κ a joint, which follows nothing; a fifth state
is what a measured impedance of the cell is off by. Four hypotheses run side by side (Bar-Shalom, Li and Kirubarajan,
Estimation with Applications to Tracking and Navigation, 2001, ch. 11.6): healthy (all small), a cell that aged in
either way (α or τ free) and a joint (κ free). After a step of the best one's innovations (`resistance_change`) they
begin anew.
"""

from __future__ import annotations

import numpy as np

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.bare_kernel import bare_kernel, counted_kernel
from cellwarden.estimation.resistance_change import (
    CHANGING_PARTS,
    change_weight,
    follow_change,
    size_of_change,
)
from cellwarden.estimation.resistance_law import (
    LOG_SCALE,
    law_variance,
    log_resistance,
    log_resistance_gradient,
    series_factor,
    transfer_factor,
    write_gradient,
)
from cellwarden.estimation.scalar_update import scalar_update, update_by

__all__ = [
    "BANK_STATES",
    "HYPOTHESES",
    "PARTS",
    "aged_log_odds",
    "bank_covariance",
    "first_noise",
    "update_cells",
    "update_common",
]

SIZE, FILM, TRANSFER, JOINT, ODDITY = range(5)
BANK_STATES = 5
PARTS = 4  # of a cell's resistance, those before the oddity of its impedance
HEALTHY, AGED_FILM, AGED_TRANSFER, BAD_JOINT = range(4)  # from the second on, that of the k-th part that may change
HYPOTHESES = 4
SIZE_SIGMA, SMALL_SIGMA, FREE_SIGMA, ODDITY_SIGMA = 0.06, 0.015, 0.4, 0.08
GATE, LAW_GATE = 3.0, 2.0  # a step of the graphite repeats itself on edge after edge
UNLIKE = 0.1
FIRST_EDGES = 10.0  # what they show was there when the log began: no change
LIKELIHOOD_SHARE = 0.7  # of edges that are independent of each other: neighbours share temperature and charge
LOG_WEIGHT_SPAN = 10.0
OPEN_LOG_ODDS = 3.0  # of aged cell against joint: below it the question is open
# cell and joint alike, so that the steps decide
PRIOR_PROBABILITY = np.array([0.96, 0.01, 0.01, 0.02])
CHANGE_PROBABILITY = np.array([0.4, 0.15, 0.15, 0.3])
COMMON_WALK_PER_DAY = 0.002**2
CELL_WALK_PER_DAY = 0.0015**2
CELL_LAW_SIGMA = 0.012
EMPTY_SOC, EMPTY_SHARE = 0.08, 1.0  # near empty the law depends on what capacity the cell has lost, and how
FULL_SOC, FULL_SIGMA = 0.03, 0.6  # near full a cell's own charge and shape make steps unlike, as in `law_variance`
UNLIKE_SHARE = 0.5  # of a cell's difference in the law to the median's that may be wrong
TIMING_SHARE = 0.04  # change of the resistance by doubling the time after the step, over that doubling


def bank_covariance() -> FloatArray:
    """(HYPOTHESES, BANK_STATES, BANK_STATES) covariances before the first edge."""
    sigma = np.tile([SIZE_SIGMA, SMALL_SIGMA, SMALL_SIGMA, SMALL_SIGMA, ODDITY_SIGMA], (HYPOTHESES, 1))
    for part in range(CHANGING_PARTS):
        sigma[HEALTHY + 1 + part, FILM + part] = FREE_SIGMA
    return np.stack([np.diag(row**2) for row in sigma])


def first_noise(voltage_resolution_volt: float) -> float:
    """Standard deviation of a voltage difference before a log was seen [V]."""
    return float(np.hypot(0.001, voltage_resolution_volt))


@counted_kernel
def update_common(
    x: FloatArray,
    p: FloatArray,
    before: float,
    after: float,
    temperature_celsius: float,
    soc: float,
    ratio: float,
    noise: float,
    timing: float,
    alike: float,
) -> float:
    """Take the median cell's ρ into the common filter, in place.

    Parameters
    ----------
    x, p : state and covariance of the law
    before, after : currents of the step [C]
    temperature_celsius, soc : of the median cell
    ratio : measured ρ
    noise : its standard deviation without the law's error
    timing : relative uncertainty of the time after the step
    alike : factor on the law's error, above 1 for an edge soon after another

    Returns
    -------
    innovation over its sigma
    """
    predicted = log_resistance(x, before, after, temperature_celsius, soc)
    if not ratio > 0.1 * np.exp(predicted):
        return np.nan
    gradient = log_resistance_gradient(x, before, after, temperature_celsius, soc)
    variance = (noise / ratio) ** 2 + alike**2 * law_variance(soc) + (TIMING_SHARE * timing) ** 2
    normalised, _ = scalar_update(x, p, gradient, np.log(ratio) - predicted, variance, LAW_GATE)
    return normalised


@bare_kernel
def _best(log_weight: FloatArray) -> int:
    best = 0
    for k in range(1, log_weight.shape[0]):
        if log_weight[k] > log_weight[best]:
            best = k
    return best


@bare_kernel
def aged_log_odds(log_weight: FloatArray) -> float:
    """Logarithm of the odds of an aged cell, in whatever way, against a joint; of (HYPOTHESES,)."""
    film, transfer = log_weight[AGED_FILM], log_weight[AGED_TRANSFER]
    highest = max(film, transfer)
    aged = highest + np.log(np.exp(film - highest) + np.exp(transfer - highest))
    return float(aged - log_weight[BAD_JOINT])


@counted_kernel
def _reopen(x: FloatArray, p: FloatArray, log_weight: FloatArray, start: FloatArray, side: FloatArray) -> None:
    """A change was seen: of the cell or of the joint, or none after all.

    The hypotheses begin anew from the best one. While it is still open whether an earlier change was the cell's or the
    joint's, each goes on from where it is.
    """
    best = _best(log_weight)
    is_open = best != HEALTHY and abs(aged_log_odds(log_weight)) < OPEN_LOG_ODDS
    if not is_open:
        base_x, base_p = x[best].copy(), p[best].copy()
        for k in range(HYPOTHESES):
            x[k] = base_x
            p[k] = base_p
            log_weight[k] = start[k]
    for part in range(CHANGING_PARTS):
        hypothesis, changed = HEALTHY + 1 + part, FILM + part
        size, variance = size_of_change(side, part)
        x[hypothesis, changed] += size
        p[hypothesis, changed, changed] += variance


@counted_kernel
def update_cell(
    x: FloatArray,
    p: FloatArray,
    log_weight: FloatArray,
    sides: FloatArray,
    start: FloatArray,
    h: FloatArray,
    ratio: float,
    variance: float,
    weight: float,
) -> tuple[float, bool]:
    """`take_ratio` with scratch of its own."""
    return take_ratio(x, p, log_weight, sides, start, h, np.empty(BANK_STATES), ratio, variance, weight)


@bare_kernel
def take_ratio(
    x: FloatArray,
    p: FloatArray,
    log_weight: FloatArray,
    sides: FloatArray,
    start: FloatArray,
    h: FloatArray,
    ph: FloatArray,
    ratio: float,
    variance: float,
    weight: float,
) -> tuple[float, bool]:
    """Take one cell's measured ρ into its bank, in place.

    Parameters
    ----------
    x, p, log_weight : (HYPOTHESES, BANK_STATES), its covariance and (HYPOTHESES,) logarithms of the weights
    sides : (CHANGE_SIDES, CHANGE_SLOTS) of the search for a change
    start : (HYPOTHESES,) logarithms of the weights after a change was seen
    ph : (BANK_STATES,) scratch
    h : (BANK_STATES,) gradient; h[SIZE] is ρ of the median cell at this cell's temperature and charge
    ratio, variance : measured ρ and the variance of its difference to h[SIZE]
    weight : by which the edge counts in that search

    Returns
    -------
    innovation of the best hypothesis in units of ρ, and whether the bank was opened again
    """
    reference = h[SIZE]
    best = _best(log_weight)
    told, seen = 0.0, 0.0
    highest = -np.inf
    for k in range(HYPOTHESES):
        innovation = ratio - reference
        for a in range(BANK_STATES):
            innovation -= h[a] * x[k, a]
        normalised, likelihood = update_by(x[k], p[k], h, ph, innovation, variance, GATE)
        if k == best:
            told, seen = innovation, normalised
        log_weight[k] += LIKELIHOOD_SHARE * likelihood
        highest = max(highest, log_weight[k])
    for k in range(HYPOTHESES):
        log_weight[k] = max(log_weight[k] - highest, -LOG_WEIGHT_SPAN)
    side = follow_change(sides, seen, weight, h, FILM, told, variance)
    if side >= 0:
        _reopen(x, p, log_weight, start, sides[side])
        sides[:] = 0.0
    return told, side >= 0


@bare_kernel
def move_to_cell(
    law: FloatArray,
    law_covariance: FloatArray,
    before: float,
    after: float,
    middle: FloatArray,
    cell: FloatArray,
    at_middle: float,
    middle_gradient: FloatArray,
    gradient: FloatArray,
) -> tuple[float, float]:
    """The law at a cell's temperature and charge against the median's.

    Parameters
    ----------
    law, law_covariance : of the common filter
    before, after : currents of the step [C]
    middle, cell : (2,) temperature [°C] and z of the median and of the cell
    at_middle, middle_gradient : the law's ln ρ there and its gradient, the same for all cells
    gradient : (COMMON_STATES,) scratch

    Returns
    -------
    difference of ln ρ and its variance
    """
    if abs(cell[0] - middle[0]) < 1e-9 and abs(cell[1] - middle[1]) < 1e-9:
        return 0.0, 0.0
    move = log_resistance(law, before, after, cell[0], cell[1])
    move -= at_middle
    write_gradient(law, before, after, cell[0], cell[1], gradient)
    for a in range(gradient.shape[0]):
        gradient[a] -= middle_gradient[a]
    rise = np.exp(-cell[1] / EMPTY_SOC) - np.exp(-middle[1] / EMPTY_SOC)
    variance = (UNLIKE_SHARE * move) ** 2 + (EMPTY_SHARE * rise) ** 2
    for a in range(gradient.shape[0]):
        for b in range(gradient.shape[0]):
            variance += gradient[a] * law_covariance[a, b] * gradient[b]
    return move, variance


@counted_kernel
def update_cells(
    x: FloatArray,
    p: FloatArray,
    log_weight: FloatArray,
    sides: FloatArray,
    start: FloatArray,
    law: FloatArray,
    law_covariance: FloatArray,
    before: float,
    after: float,
    middle: FloatArray,
    cells: FloatArray,
    middle_ratio: float,
    ratio: FloatArray,
    noise: FloatArray,
    alike: float,
    late: float,
    edge_count: FloatArray,
    innovation: FloatArray,
    changed: FloatArray,
) -> None:
    """Take one edge into every cell's bank, in place; `innovation` (n_cells,) in units of ρ and `changed` are results.

    `cells` (n_cells, 2) holds temperature [°C] and z, `edge_count` (n_cells,) the edges before this one; a cell whose
    `ratio` is NaN is left alone. `late` is what the ratios were divided by because they were read late: a joint has no
    slow part.
    """
    _update_each(
        x,
        p,
        log_weight,
        sides,
        start,
        law,
        law_covariance,
        before,
        after,
        middle,
        cells,
        middle_ratio,
        ratio,
        noise,
        alike,
        late,
        edge_count,
        innovation,
        changed,
        log_resistance_gradient(law, before, after, middle[0], middle[1]),
        np.empty(law.shape[0]),
        np.zeros((2, BANK_STATES)),
    )


@bare_kernel
def _update_each(
    x: FloatArray,
    p: FloatArray,
    log_weight: FloatArray,
    sides: FloatArray,
    start: FloatArray,
    law: FloatArray,
    law_covariance: FloatArray,
    before: float,
    after: float,
    middle: FloatArray,
    cells: FloatArray,
    middle_ratio: float,
    ratio: FloatArray,
    noise: FloatArray,
    alike: float,
    late: float,
    edge_count: FloatArray,
    innovation: FloatArray,
    changed: FloatArray,
    middle_gradient: FloatArray,
    gradient: FloatArray,
    work: FloatArray,
) -> None:
    """As `update_cells`, with the law's gradient at the median and scratch: a gradient and two states of a bank."""
    scale = np.exp(law[LOG_SCALE])
    at_middle = log_resistance(law, before, after, middle[0], middle[1])
    h, ph = work[0], work[1]
    for j in range(ratio.shape[0]):
        innovation[j] = np.nan
        changed[j] = 0.0
        if not ratio[j] > 0.0:
            continue
        move, move_variance = move_to_cell(
            law, law_covariance, before, after, middle, cells[j], at_middle, middle_gradient, gradient
        )
        h[SIZE] = middle_ratio * np.exp(move)
        h[FILM] = scale * series_factor(law, cells[j, 0])
        h[TRANSFER] = scale * transfer_factor(law, before, after, cells[j, 0], cells[j, 1])
        h[JOINT] = scale / late
        full = FULL_SIGMA * np.exp((cells[j, 1] - 1.0) / FULL_SOC)
        variance = noise[j] ** 2 + h[SIZE] ** 2 * ((alike * CELL_LAW_SIGMA) ** 2 + full**2 + move_variance)
        # what is wrong with a cell that is far from the median is wrong for many edges on end: no sign of a change
        weight = change_weight(np.sqrt(variance) / h[SIZE]) / (1.0 + (move / UNLIKE) ** 2)
        if edge_count[j] < FIRST_EDGES:
            weight = 0.0
        told, opened = take_ratio(x[j], p[j], log_weight[j], sides[j], start, h, ph, ratio[j], variance, weight)
        innovation[j] = told
        changed[j] = 1.0 if opened else 0.0
