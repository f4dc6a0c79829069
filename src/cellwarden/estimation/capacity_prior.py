"""What is known of a pack's capacity before its log: that of new cells or, for some packs, that of aged ones.

A prior of two Gaussians in a filter that holds one: the prior is a site of expectation propagation (Minka, Uncertainty
in Artificial Intelligence 17, 2001, p. 362). What the log alone says of ln Q, the filter's Gaussian without its site,
weighs the two; the moments of that mixture become the filter's, and the site is what leads there. A log that speaks
for aged cells is no longer held back by what new ones are like.
"""

from __future__ import annotations

import numpy as np

from cellwarden.core.minute_block import IntArray
from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation import central_cell as cc
from cellwarden.estimation.bare_kernel import bare_kernel
from cellwarden.estimation.charge_arrays import ChargeArrays

__all__ = [
    "capacity_bend",
    "capacity_density",
    "doubt_capacity",
    "start_site",
    "weigh_capacities",
    "weigh_capacity_prior",
]

# A log that tells no more than to 8 % (one sigma) does not move the mean away from what is usual; the width holds both.
LEAST_PRECISION = 1.0 / 0.08**2
LEAST_DENSITY = 1e-300


@bare_kernel
def start_site(site: FloatArray, usual: float, sigma: float) -> None:
    """Let one Gaussian stand for the prior, as in a filter that has read nothing; `site` as below."""
    site[0] = 1.0 / sigma**2
    site[1] = usual * site[0]


@bare_kernel
def weigh_capacities(state: ChargeArrays, mode_count: IntArray) -> None:
    """Weigh in every filter that learns its curve whether the cells are new or aged; those of aged cells know."""
    components = state.parameters[cc.P_CAPACITY_PRIOR :].reshape((2, 3))
    for k in range(state.x.shape[0]):
        memory = state.memory[k]
        if mode_count[k] > 0 and memory[cc.GIVEN_UP] == 0.0 and memory[cc.IS_AGED] == 0.0:
            x = state.x[k, : cc.STATES + mode_count[k]]
            weigh_capacity_prior(x, state.p[k], cc.LN_CAPACITY, components, memory[cc.SITE :])


@bare_kernel
def weigh_capacity_prior(x: FloatArray, p: FloatArray, state: int, components: FloatArray, site: FloatArray) -> None:
    """Put the prior of one state in place of the Gaussian that stands for it in the filter; all in place.

    Parameters
    ----------
    x, p : (n,), (n, n) state and covariance
    state : index of the logarithm of the capacity
    components : (2, 3) share, mean and sigma of new and of aged packs; the shares sum to 1 and the first is above 0
    site : (2,) precision, and precision times mean, of what stands in the filter for the prior
    """
    q, variance = x[state], p[state, state]
    precision = max(1.0 / variance - site[0], 0.0)
    shift = q / variance - site[1] if precision > 0.0 else 0.0
    mean, wanted = _joined_moments(components, precision, shift)
    _move_to(x, p, state, mean, wanted)
    site[0] += 1.0 / wanted - 1.0 / variance
    site[1] += mean / wanted - q / variance


@bare_kernel
def doubt_capacity(x: FloatArray, p: FloatArray, state: int, variance: float, site: FloatArray) -> None:
    """Let what the log says of a capacity be off by `variance` more; what is known beforehand stays. All in place.

    `x`, `p`, `state` and `site` as in `weigh_capacity_prior`.
    """
    precision = 1.0 / p[state, state] - site[0]
    if precision <= 0.0:
        return
    keep = 1.0 / (1.0 + variance * precision)
    total = keep * precision + site[0]
    if total > 0.0:
        _move_to(x, p, state, (keep * (x[state] / p[state, state] - site[1]) + site[1]) / total, 1.0 / total)


@bare_kernel
def _joined_moments(components: FloatArray, precision: float, shift: float) -> tuple[float, float]:
    """Mean and variance of the prior times what the log says, a Gaussian by its precision and that times its mean."""
    total, first, second, new, heaviest = 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(components.shape[0]):
        share, usual, sigma = components[i]
        own = 1.0 / (precision + 1.0 / sigma**2)
        middle = own * (shift + usual / sigma**2)
        log_weight = np.log(share / sigma) + 0.5 * (np.log(own) + middle**2 / own - (usual / sigma) ** 2)
        if i == 0:
            new, heaviest = middle, log_weight
        weight = np.exp(min(log_weight - heaviest, 600.0))
        total += weight
        first += weight * (middle - new)
        second += weight * (own + (middle - new) ** 2)
    apart, spread = first / total, second / total
    if precision < LEAST_PRECISION:
        return new, spread
    return new + apart, spread - apart * apart


@bare_kernel
def _move_to(x: FloatArray, p: FloatArray, state: int, mean: float, wanted: float) -> None:
    """Give one state another mean and variance, and the others what follows from it."""
    miss, variance = mean - x[state], p[state, state]
    kept = wanted / variance
    n = x.shape[0]
    for a in range(n):
        if a == state:
            continue
        x[a] += p[a, state] / variance * miss
        for b in range(n):
            if b != state:
                p[a, b] -= (1.0 - kept) * p[a, state] * p[b, state] / variance
    for a in range(n):
        if a != state:
            p[a, state] *= kept
            p[state, a] *= kept
    x[state], p[state, state] = mean, wanted


@bare_kernel
def capacity_density(q: float, components: FloatArray) -> float:
    """The prior's density at `q`, up to a factor."""
    density = 0.0
    for i in range(components.shape[0]):
        share, usual, sigma = components[i]
        density += share / sigma * np.exp(-0.5 * ((q - usual) / sigma) ** 2)
    return float(density)


@bare_kernel
def capacity_bend(q: float, components: FloatArray, usual_density: float) -> float:
    """Minus twice the logarithm of the prior's density at `q` over that at the new cells' mean, which is given."""
    return float(2.0 * np.log(usual_density / max(capacity_density(q, components), LEAST_DENSITY)))
