"""What is known of a cell's capacity beside its neighbours' before its log: it is as they are or, of a few cells, weak.

A Gaussian that fits sound cells holds a weak one back by as many sigmas as it is weak. Two of them do not: the filter
keeps one in place of both, renewed by what the log says, as `capacity_prior` does with new and aged packs.
"""

from __future__ import annotations

import numpy as np

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.bare_kernel import bare_kernel
from cellwarden.estimation.capacity_prior import LEAST_PRECISION, doubt_capacity, start_site, weigh_capacity_prior
from cellwarden.estimation.cell_place import PLATEAU_SOC
from cellwarden.estimation.ocv_lookup import branch_voltage

__all__ = ["RATIO_SIGMA", "SITE_SLOTS", "begin_ratio", "is_behind", "weigh_change", "weigh_weakness"]

# ln of a cell's capacity over the median one's, as judged of strings in use: new cells of a batch differ by a few
# thousandths, age apart under equal conditions (Baumhöfer et al., J. Power Sources 247 (2014) 332), and few are weak
RATIO_SIGMA = 0.02
WEAK_SHARE, WEAK_MEAN, WEAK_SIGMA = 0.01, -0.12, 0.10
SOUND_OR_WEAK = np.array([[1.0 - WEAK_SHARE, 0.0, RATIO_SIGMA], [WEAK_SHARE, WEAK_MEAN, WEAK_SIGMA]])
# below the others on their knee: more than its foot is high; more than its shape is off by, for a cell on the plateau
FAR_VOLT, BEHIND_VOLT = 0.03, 0.015
# sigmas by which the readings of half an hour contradict what is known, beyond which a capacity may have changed by so
# much: a cell that is damaged does so faster than any that ages
CONTRADICTED_SIGMAS, CHANGED_SIGMA = 2.0, 0.05
# precision, and precision times mean, of the Gaussian that stands for both, 0 before any does; low-passed contradiction
SITE_SLOTS = 3


@bare_kernel
def weigh_weakness(y: FloatArray, p: FloatArray, ratio: int, site: FloatArray) -> None:
    """Weigh anew whether a cell is sound or weak, by what its log says of state `ratio`, ln of its relative capacity.

    `site` is of `begin_ratio`. Before the log says anything one Gaussian of sound cells stands. All in place.
    """
    if 1.0 / p[ratio, ratio] - site[0] > LEAST_PRECISION:
        weigh_capacity_prior(y, p, ratio, SOUND_OR_WEAK, site)


@bare_kernel
def begin_ratio(y: FloatArray, p: FloatArray, ratio: int, site: FloatArray) -> None:
    """Let the Gaussian that a filter begins with stand for the prior, before the first reading of a cell goes in."""
    if site[0] == 0.0:
        start_site(site, y[ratio], np.sqrt(p[ratio, ratio]))


@bare_kernel
def weigh_change(y: FloatArray, p: FloatArray, ratio: int, site: FloatArray, sigmas: float, share: float) -> None:
    """Doubt what the log has said of a capacity when readings go on to be lower; none comes back. In place.

    `sigmas` is by how much the last did, `share` what it counts in the mean over half an hour.
    """
    site[2] += share * (sigmas - site[2])
    if site[2] < -CONTRADICTED_SIGMAS:
        doubt_capacity(y, p, ratio, CHANGED_SIGMA**2, site)
        site[2] = 0.0


@bare_kernel
def is_behind(charge: FloatArray, volt: float, seen_volt: float) -> bool:
    """Whether a cell has not reached the knee that the others stand on: how far it is behind, nobody knows.

    What it lacks at the end of a discharge may be that. `volt` is what its reading stands for on the
    curve, `seen_volt` the same less the others', negative below them [V].
    """
    end, _ = branch_voltage(charge, charge, 1.0, PLATEAU_SOC)
    return bool(seen_volt < -FAR_VOLT or (seen_volt < -BEHIND_VOLT and volt < end))
