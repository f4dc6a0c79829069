"""A reading that jumped down at rest: its sensor's jump, or the cell that has lost capacity at once.

Where the curve is steep a cell that holds less than it did reads lower by what its charge has become of the smaller
whole. A sensor's jump goes along wherever the pack is taken; such a cell reads as it did once it is full again. Which
of the two it was, is weighed by what is read on the way (sequential test; Wald, Ann. Math. Statist. 16 (1945) 117),
against what was known of the cell before, which is carried along until then.

Slots: the jump [V], 0 where none is in doubt; what it moved the median by [V]; ln of the share of the capacity that is
left if it was a loss, and its sigma; ln of the odds that it was; hours since; the central z of the last reading; state
and covariance of before.
"""

from __future__ import annotations

import numpy as np

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation import cell_difference as cd
from cellwarden.estimation import weak_cell as wc
from cellwarden.estimation.bare_kernel import bare_kernel, counted_kernel
from cellwarden.estimation.capacity_prior import doubt_capacity
from cellwarden.estimation.cell_fall import MISS, MISS_BEFORE
from cellwarden.estimation.ocv_lookup import branch_voltage
from cellwarden.estimation.scalar_update import scalar_update

__all__ = ["begin_doubt", "carry_doubt", "is_loss", "lost_ratio", "take_loss", "weigh_doubt"]

# sensors step, capacities fade: this is the logarithm of how much more often it is the former, where it is small
SENSOR_ODDS = 5.0
USUAL_VOLT = 0.02  # that sensors step by, one sigma
LOSS_ODDS, KEPT_ODDS = 1.0, -10.0  # between which it is open
MOST_LOSS, LOSS_STEP = 0.31, 0.002  # of the capacity: as far below the sound as two sigmas of weak cells are
OPENED_SIGMA = 0.2  # of ln of the capacity that is no longer what it was
LEAST_SIGMA, PLACE_VOLT, PLACE_SHARE = 0.03, 0.004, 0.3  # of what a jump says of it; the latter of the jump
READING_VOLT, CURVE_SHARE, LOAD_SHARE = 0.003, 0.3, 0.3  # what either expectation may be off by
NEWS_SOC, MOST_SQUARES = 0.03, 25.0
LONGEST_HOURS = 240.0  # for which what was known before is better than what was learnt since


@bare_kernel
def lost_ratio(
    discharge: FloatArray, charge: FloatArray, hysteresis: float, missing: float, own: float, jump: float
) -> tuple[float, float]:
    """Logarithm of the share of its capacity that is left to a cell whose voltage fell so, and its sigma.

    Both are 0 where no loss that is believed says so. What is missing to full stays the same.

    Parameters
    ----------
    discharge, charge : (G,) branches [V]
    missing, own : charge to full, and capacity before [Ah]
    jump : what the voltage fell by, negative [V]
    """
    before, _ = branch_voltage(discharge, charge, hysteresis, 1.0 - missing / own)
    left = 1.0
    while left > 1.0 - MOST_LOSS:
        left -= LOSS_STEP
        place = missing / (own * left)
        there, slope = branch_voltage(discharge, charge, hysteresis, 1.0 - place)
        if there <= before + jump:
            return np.log(left), max((PLACE_VOLT - PLACE_SHARE * jump) / max(slope * place, 1e-6), LEAST_SIGMA)
    return 0.0, 0.0


@bare_kernel
def begin_doubt(
    y: FloatArray, p: FloatArray, memory: FloatArray, jump: float, common: float, ratio: float, sigma: float
) -> None:
    """Keep what was known of a cell when its reading jumped by so much [V]; `ratio` and `sigma` are of `lost_ratio`.

    `y` and `p` are its state and covariance before the jump, `common` what the jump moved the median by [V].
    """
    doubt = memory[cd.JUMP :]
    doubt[cd.J_VOLT], doubt[cd.J_COMMON], doubt[cd.J_RATIO] = jump, common, ratio
    doubt[cd.J_SIGMA] = sigma
    doubt[cd.J_ODDS] = 0.5 * (jump / USUAL_VOLT) ** 2 - SENSOR_ODDS
    doubt[cd.J_HOURS], doubt[cd.J_SOC] = 0.0, np.nan
    for a in range(cd.STATES):
        doubt[cd.J_STATE + a] = y[a]
        for b in range(cd.STATES):
            doubt[cd.J_COVARIANCE + cd.STATES * a + b] = p[a, b]


@bare_kernel
def carry_doubt(memory: FloatArray, hours: float, bled_ah: float) -> None:
    """Advance what was known by a row; `bled_ah` as of `predict_difference`."""
    doubt = memory[cd.JUMP :]
    if doubt[cd.J_VOLT] != 0.0:
        doubt[cd.J_HOURS] += hours
        doubt[cd.J_STATE + cd.DIFFERENCE] += doubt[cd.J_STATE + cd.LEAK] * hours + bled_ah
        if doubt[cd.J_HOURS] > LONGEST_HOURS:
            doubt[cd.J_VOLT] = 0.0


@bare_kernel
def is_loss(memory: FloatArray) -> bool:
    """Whether it is the cell's loss by what was read until now."""
    return bool(memory[cd.JUMP + cd.J_VOLT] != 0.0 and memory[cd.JUMP + cd.J_ODDS] > LOSS_ODDS)


@bare_kernel
def weigh_doubt(
    memory: FloatArray,
    discharge: FloatArray,
    charge: FloatArray,
    hysteresis: float,
    deficit: float,
    beside: float,
    capacity: float,
    polarisation: float,
    reading: float,
) -> None:
    """Weigh a reading against the median [V] by what either leads one to expect; arguments as `correct_difference`."""
    doubt = memory[cd.JUMP :]
    if doubt[cd.J_VOLT] == 0.0:
        return
    known = doubt[cd.J_STATE : cd.J_STATE + cd.STATES]
    own, central = capacity * np.exp(known[cd.LN_RATIO]), 1.0 - deficit / capacity - beside
    missing = deficit + known[cd.DIFFERENCE]
    reference, _ = branch_voltage(discharge, charge, hysteresis, central)
    sound, _ = branch_voltage(discharge, charge, hysteresis, 1.0 - missing / own - beside)
    less, _ = branch_voltage(discharge, charge, hysteresis, 1.0 - missing / (own * np.exp(doubt[cd.J_RATIO])) - beside)
    polarised = (np.exp(known[cd.LN_POLARISATION]) - 1.0) * polarisation
    seen = reading - polarised - known[cd.READING_OFFSET] + reference
    variance = READING_VOLT**2 + (LOAD_SHARE * polarisation) ** 2 + (CURVE_SHARE * (less - sound)) ** 2
    travelled = abs(central - doubt[cd.J_SOC])
    news = min(travelled / NEWS_SOC, 1.0) if travelled == travelled else 0.0  # at one place both expect the same
    doubt[cd.J_SOC] = central
    as_sensor = min((seen - sound - doubt[cd.J_VOLT]) ** 2 / variance, MOST_SQUARES)
    doubt[cd.J_ODDS] += 0.5 * news * (as_sensor - min((seen - less) ** 2 / variance, MOST_SQUARES))
    if doubt[cd.J_ODDS] < KEPT_ODDS:
        doubt[cd.J_VOLT] = 0.0


@counted_kernel
def take_loss(y: FloatArray, p: FloatArray, memory: FloatArray) -> None:
    """Go on from what was known before the jump, with the capacity that the jump tells; in place."""
    doubt = memory[cd.JUMP :]
    hours, site = doubt[cd.J_HOURS], memory[cd.SITE :]
    y[:] = doubt[cd.J_STATE : cd.J_STATE + cd.STATES]
    p[:] = doubt[cd.J_COVARIANCE : cd.J_COVARIANCE + cd.STATES**2].reshape((cd.STATES, cd.STATES))
    for a in range(cd.STATES):
        p[cd.DIFFERENCE, a] += hours * p[cd.LEAK, a]
    for a in range(cd.STATES):
        p[a, cd.DIFFERENCE] += hours * p[a, cd.LEAK]
    doubt_capacity(y, p, cd.LN_RATIO, OPENED_SIGMA**2, site)
    h = np.zeros(cd.STATES)
    h[cd.LN_RATIO] = 1.0
    ratio = doubt[cd.J_STATE + cd.LN_RATIO] + doubt[cd.J_RATIO]
    scalar_update(y, p, h, ratio - y[cd.LN_RATIO], doubt[cd.J_SIGMA] ** 2, np.inf)
    wc.weigh_weakness(y, p, cd.LN_RATIO, site)
    memory[cd.SURPRISE], memory[cd.SURPRISE_BEFORE], memory[cd.LEAK_THEN + 1] = 0.0, 0.0, 0.0
    memory[cd.REST + MISS], memory[cd.REST + MISS_BEFORE] = 0.0, 0.0
    doubt[cd.J_VOLT] = 0.0
