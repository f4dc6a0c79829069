"""How well each curve explains a log, which one to go on with, and what all of them make of the charge."""

from __future__ import annotations

import numpy as np

from cellwarden.core.minute_block import IntArray
from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation import central_cell as cc
from cellwarden.estimation.bare_kernel import bare_kernel
from cellwarden.estimation.capacity_prior import capacity_bend, capacity_density
from cellwarden.estimation.charge_anchor import BEST
from cellwarden.estimation.charge_arrays import ChargeArrays
from cellwarden.estimation.charge_top import LEARNT_TOP_SIGMA

SWEEP_NEWS = 33.0  # readings of the curve until it repeats itself
MODE_BEND = 0.5
WORSE_CURVE = 30.0  # a curve whose log-likelihood is that much lower is given up
BETTER_CURVE = 2.0
CREDIT_DIVISOR = 3.0
RESEMBLING_SIGMA, RESEMBLING_DEPTH = 0.007, 0.2  # of the capacity, reached at that depth
# what the variances are worth to the charge, from the coverage pooled over packs known and unknown to the set: of a
# curve that is the set's own, and of one that is learnt
KNOWN_VARIANCE_SHARE, LEARNT_VARIANCE_SHARE, PROVING_NEWS = 0.15, 0.6, 10.0
LEVEL_SHARE = 0.5  # of the variance of what a full pack lacks, by the knee's shape and over all makes
MIXED = 7  # what `mix_curves` writes


@bare_kernel
def proven(memory: FloatArray) -> float:
    """How far a log has tested a curve, 0 to 1."""
    return float(min(memory[cc.NEWS] / PROVING_NEWS, 1.0))


@bare_kernel
def _told(memory: FloatArray) -> float:
    """What a log told of a curve in one sweep or less, whose errors repeat thereafter; a logarithm."""
    return float((memory[cc.LIKELIHOOD] - memory[cc.PRIOR_LIKELIHOOD]) / max(memory[cc.NEWS] / SWEEP_NEWS, 1.0))


@bare_kernel
def resembling(memory: FloatArray, k: int) -> float:
    """How surely another curve explains the log better than curve k, 0 to 1.

    The cells of a known curve that is beaten only resemble those that the set was fitted to.
    """
    told = _told(memory[k])
    most = told
    for other in range(memory.shape[0]):
        if memory[other, cc.GIVEN_UP] == 0.0:
            most = max(most, _told(memory[other]))
    return float((1.0 - np.exp(told - most)) * proven(memory[k]))


@bare_kernel
def of_the_make(memory: FloatArray, k: int) -> float:
    """How likely the cells are those of curve k rather than of the best other one, by the log alone, 0 to 1."""
    told, most = _told(memory[k]), -np.inf
    for other in range(memory.shape[0]):
        if other != k and memory[other, cc.GIVEN_UP] == 0.0:
            most = max(most, _told(memory[other]))
    return float(1.0 / (1.0 + np.exp(most - told)))


@bare_kernel
def known_top(memory: FloatArray, k: int, known_sigma: float) -> tuple[float, float]:
    """By how much a known curve's full pack is fuller than the curve says, and that level's variance; both of z.

    Cells of another make have another top: anywhere among those of all makes, which the knee's shape narrows.
    """
    surely = of_the_make(memory, k)
    other, moved = max(LEARNT_TOP_SIGMA, known_sigma) ** 2, 0.0
    sigma = memory[k, cc.TOP_SIGMA]
    if sigma > 0.0:
        gain = other / (other + sigma * sigma)
        other, moved = gain * sigma * sigma, gain * memory[k, cc.TOP_APART]
    variance = surely * known_sigma**2 + (1.0 - surely) * (other + surely * moved * moved)
    return (1.0 - surely) * moved, variance


@bare_kernel
def unsure_steps(memory: FloatArray, k: int, modes: int) -> float:
    """How unsure it is over how little charge curve k rises in a step, 0 to 1: modes move steps, they sharpen none."""
    return 1.0 if modes > 0 else float(1.0 - proven(memory[k]) * (1.0 - resembling(memory, k)))


@bare_kernel
def variance_share(memory: FloatArray, modes: int) -> float:
    """What the variance of a curve's filter is worth to the charge; `modes` is 0 for the set's own curve."""
    share = KNOWN_VARIANCE_SHARE if modes == 0 else LEARNT_VARIANCE_SHARE
    return float(1.0 - (1.0 - share) * proven(memory))


@bare_kernel
def _credit(x: FloatArray, memory: FloatArray, components: FloatArray, usual_density: float) -> float:
    """How well a curve explains the log, less what it bends the capacity and itself to do so; a logarithm.

    A curve's errors repeat from cycle to cycle: what a long log tells is the mean over a sweep or so. The odds of a
    known curve hold once a sweep was seen, and for as long as it does not need another capacity than is usual: moved
    steps and another capacity look alike. A level at full that the knee's shape contradicts counts against it.
    """
    unusual = capacity_bend(x[cc.LN_CAPACITY], components, usual_density)
    bend = unusual
    for a in range(cc.STATES, x.shape[0]):
        bend += MODE_BEND * x[a] * x[a]
    odds = memory[cc.PRIOR_LIKELIHOOD] * proven(memory) * np.exp(-unusual)
    return float(odds + _told(memory) - bend - 0.5 * memory[cc.TOP_MISS])


@bare_kernel
def _take_credits(state: ChargeArrays, worth: FloatArray) -> None:
    """Write every curve's credit into `worth` (K,), minus infinity where it was given up."""
    components = state.parameters[cc.P_CAPACITY_PRIOR :].reshape((2, 3))
    usual_density = capacity_density(components[0, 1], components)
    for k in range(worth.shape[0]):
        given_up = state.memory[k, cc.GIVEN_UP] > 0.0
        worth[k] = -np.inf if given_up else _credit(state.x[k], state.memory[k], components, usual_density)


@bare_kernel
def choose_curve(state: ChargeArrays, work: FloatArray) -> int:
    """Go on with the curve that explains the log best, give up those that clearly do not; the best one's index.

    `work` (≥ K,) is scratch.
    """
    best, memory = int(state.scalars[BEST]), state.memory
    worth = work[: memory.shape[0]]
    _take_credits(state, worth)
    for k in range(memory.shape[0]):
        if worth[k] > BETTER_CURVE + worth[best]:
            best = k
    state.scalars[BEST] = best
    for k in range(memory.shape[0]):
        if worth[k] < worth[best] - WORSE_CURVE:
            memory[k, cc.GIVEN_UP] = 1.0
    return best


@bare_kernel
def mix_curves(state: ChargeArrays, learns: IntArray, mixed: FloatArray, work: FloatArray) -> float:
    """Charge and capacity over all curves, each by its credit: mean and covariance of the mixture.

    `learns` (K,) counts the modes of each; `mixed` (MIXED,) becomes [D, ln Q, P_DD, P_DQ, P_QQ, P_QQ, learnt], the
    second P_QQ as the filters hold it, the last by what weight the curves are learnt. Returned is the variance of the
    charge of a full pack: of a known curve the set states it, one that is learnt stands or falls by its top knee, whose
    error no log shows. The credit is taken at a fraction, for readings of one log share the errors that no curve
    explains. `work` (≥ K,) is scratch.
    """
    worth = work[: state.x.shape[0]]
    _take_credits(state, worth)
    most = worth[int(state.scalars[BEST])]
    total, top_variance = 0.0, 0.0
    mixed[:] = 0.0
    for k in range(state.x.shape[0]):
        if state.memory[k, cc.GIVEN_UP] > 0.0:
            continue
        weight = np.exp((worth[k] - most) / CREDIT_DIVISOR)
        d, q = state.x[k, cc.DEFICIT], state.x[k, cc.LN_CAPACITY]
        share = variance_share(state.memory[k], learns[k])
        other = 0.0  # error of a curve that only resembles the cells', which grows on the way down from full
        if learns[k] == 0:
            depth = min(max(d / state.parameters[cc.P_CAPACITY], 0.0) / RESEMBLING_DEPTH, 1.0)
            other = resembling(state.memory, k) * (RESEMBLING_SIGMA * state.parameters[cc.P_CAPACITY] * depth) ** 2
        total += weight
        top = LEVEL_SHARE * LEARNT_TOP_SIGMA**2
        own = share * state.p[k, cc.DEFICIT, cc.DEFICIT]
        if learns[k] == 0:
            fuller, top = known_top(state.memory, k, state.parameters[cc.P_FLOAT_SIGMA])
            d -= fuller * np.exp(q)
        elif state.memory[k, cc.TOP_SIGMA] > 0.0:  # the level that the knee told is in the filter's own
            own = max(own, LEVEL_SHARE * (state.memory[k, cc.TOP_SIGMA] * state.parameters[cc.P_CAPACITY]) ** 2)
            top = 0.0
        top_variance += weight * top
        mixed[6] += weight if learns[k] > 0 else 0.0
        mixed[0] += weight * d
        mixed[1] += weight * q
        mixed[2] += weight * (own + other + d * d)
        mixed[3] += weight * (share * state.p[k, cc.DEFICIT, cc.LN_CAPACITY] + d * q)
        mixed[4] += weight * (share * state.p[k, cc.LN_CAPACITY, cc.LN_CAPACITY] + q * q)
        mixed[5] += weight * (state.p[k, cc.LN_CAPACITY, cc.LN_CAPACITY] + q * q)
    mixed /= total
    mixed[2] -= mixed[0] * mixed[0]
    mixed[3] -= mixed[0] * mixed[1]
    mixed[4] -= mixed[1] * mixed[1]
    mixed[5] -= mixed[1] * mixed[1]
    return top_variance / total
