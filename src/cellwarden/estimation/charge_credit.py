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
AGE_CURVE = 4.0  # between new and aged cells of one: what bends a curve to a capacity passes for the log's word
CREDIT_DIVISOR = 3.0
RESEMBLING_SIGMA, RESEMBLING_DEPTH = 0.007, 0.2  # of the capacity, reached at that depth
# what the variances are worth to the charge, from the coverage pooled over packs known and unknown to the set: of a
# curve that is the set's own, and of one that is learnt
KNOWN_VARIANCE_SHARE, LEARNT_VARIANCE_SHARE, PROVING_NEWS = 0.15, 0.6, 10.0
LEVEL_SHARE = 0.5  # of the variance of what a full pack lacks, by the knee's shape and over all makes
# what `mix_curves` writes: mean charge and capacity, their second moments, the last of them twice, how far the curves
# are learnt, and charge and capacity again over the filters whose cells are as old as the best one's
M_DEFICIT, M_CAPACITY, M_DD, M_DQ, M_QQ, M_QQ_HELD, M_LEARNT, M_LIKELY_DEFICIT, M_LIKELY_CAPACITY = range(9)
MIXED = 9


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
def _unusual(
    x: FloatArray, memory: FloatArray, components: FloatArray, usual_density: float, prior: FloatArray
) -> float:
    """How unusual a filter's capacity is, as twice a negative logarithm: among aged cells for a filter of those."""
    if memory[cc.IS_AGED] == 0.0:
        return capacity_bend(x[cc.LN_CAPACITY], components, usual_density)
    return float(((x[cc.LN_CAPACITY] - prior[0, cc.LN_CAPACITY]) / prior[1, cc.LN_CAPACITY]) ** 2)


@bare_kernel
def _credit(x: FloatArray, memory: FloatArray, unusual: float) -> float:
    """How well a curve explains the log, less what it bends the capacity and itself to do so; a logarithm.

    A curve's errors repeat from cycle to cycle: what a long log tells is the mean over a sweep or so. The odds of a
    known curve hold once a sweep was seen, and for as long as it does not need another capacity than is usual: moved
    steps and another capacity look alike. A level at full that the knee's shape contradicts counts against it.
    """
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
        x, memory = state.x[k], state.memory[k]
        worth[k] = -np.inf
        if memory[cc.GIVEN_UP] == 0.0:
            worth[k] = _credit(x, memory, _unusual(x, memory, components, usual_density, state.prior[k]))


@bare_kernel
def choose_curve(state: ChargeArrays, work: FloatArray) -> int:
    """Go on with the curve that explains the log best, give up those that clearly do not; the best one's index.

    `work` (≥ K,) is scratch.
    """
    best, memory = int(state.scalars[BEST]), state.memory
    worth = work[: memory.shape[0]]
    _take_credits(state, worth)
    for k in range(memory.shape[0]):
        odds = memory[k, cc.LOG_SHARE] - memory[best, cc.LOG_SHARE]
        if worth[k] + odds > worth[best] + (AGE_CURVE if memory[k, cc.SIBLING] == best else BETTER_CURVE):
            best = k
    state.scalars[BEST] = best
    for k in range(memory.shape[0]):
        if worth[k] < worth[best] - WORSE_CURVE:
            memory[k, cc.GIVEN_UP] = 1.0
    return best


@bare_kernel
def _weight(memory: FloatArray, worth: FloatArray, k: int, most: float) -> float:
    """Weight of filter k in the mixture; `most` is the best one's credit.

    Between curves the credit counts at a fraction, for readings of one log share the errors that no curve explains.
    Two filters of one curve have that error in common: between those it counts in full.
    """
    sibling = int(memory[k, cc.SIBLING])
    if sibling < 0 or memory[sibling, cc.GIVEN_UP] > 0.0:
        return float(np.exp((worth[k] - most) / CREDIT_DIVISOR))
    own, other = worth[k] + memory[k, cc.LOG_SHARE], worth[sibling] + memory[sibling, cc.LOG_SHARE]
    pair = max(worth[k], worth[sibling])
    return float(np.exp((pair - most) / CREDIT_DIVISOR) / (1.0 + np.exp(other - own)))


@bare_kernel
def mix_curves(state: ChargeArrays, learns: IntArray, mixed: FloatArray, work: FloatArray) -> float:
    """Charge and capacity over all curves, each by its credit: mean and covariance of the mixture.

    `learns` (K,) counts the modes of each; `mixed` (MIXED,) becomes what its slots say, the second variance of ln Q as
    the filters hold it. Returned is the variance of the charge of a full pack: of a known curve the set states it, one
    that is learnt stands or falls by its top knee, whose error no log shows. `work` (≥ K,) is scratch.
    """
    worth = work[: state.x.shape[0]]
    _take_credits(state, worth)
    most = worth[int(state.scalars[BEST])]
    total, top_variance, likely = 0.0, 0.0, 0.0
    aged = state.memory[int(state.scalars[BEST]), cc.IS_AGED]
    mixed[:] = 0.0
    for k in range(state.x.shape[0]):
        if state.memory[k, cc.GIVEN_UP] > 0.0:
            continue
        weight = _weight(state.memory, worth, k, most)
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
        _add_filter(mixed, weight, d, q, state.p[k], share, own + other)
        mixed[M_LEARNT] += weight if learns[k] > 0 else 0.0
        if state.memory[k, cc.IS_AGED] == aged:
            likely += weight
            mixed[M_LIKELY_DEFICIT] += weight * d
            mixed[M_LIKELY_CAPACITY] += weight * q
    for a in range(MIXED):
        mixed[a] /= total if a < M_LIKELY_DEFICIT else likely
    mixed[M_DD] -= mixed[M_DEFICIT] * mixed[M_DEFICIT]
    mixed[M_DQ] -= mixed[M_DEFICIT] * mixed[M_CAPACITY]
    mixed[M_QQ] -= mixed[M_CAPACITY] * mixed[M_CAPACITY]
    mixed[M_QQ_HELD] -= mixed[M_CAPACITY] * mixed[M_CAPACITY]
    return top_variance / total


@bare_kernel
def _add_filter(
    mixed: FloatArray, weight: float, d: float, q: float, p: FloatArray, share: float, variance: float
) -> None:
    """Add one filter's first and second moments; `share` of its variances counts, `variance` is that of its charge."""
    mixed[M_DEFICIT] += weight * d
    mixed[M_CAPACITY] += weight * q
    mixed[M_DD] += weight * (variance + d * d)
    mixed[M_DQ] += weight * (share * p[cc.DEFICIT, cc.LN_CAPACITY] + d * q)
    mixed[M_QQ] += weight * (share * p[cc.LN_CAPACITY, cc.LN_CAPACITY] + q * q)
    mixed[M_QQ_HELD] += weight * (p[cc.LN_CAPACITY, cc.LN_CAPACITY] + q * q)
