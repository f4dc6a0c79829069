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
from cellwarden.estimation.central_cell import TELLING_DEPTH
from cellwarden.estimation.ocv_lookup import branch_voltage
from cellwarden.estimation.read_place import STEP_SLOPE_VOLT
from cellwarden.estimation.scalar_update import update_by

__all__ = [
    "BALANCE_SOC_SIGMA",
    "BEHIND",
    "RATIO_SIGMA",
    "SITE_SLOTS",
    "SLOPE_DOUBT",
    "begin_ratio",
    "is_behind",
    "take_ratio",
    "tells_no_ratio",
    "weigh_change",
    "weigh_weakness",
]

# precision, and precision times mean, of the Gaussian that stands for both, 0 before any does; low-passed
# contradiction; 1 where the last full charge found the cell off the knee, no one knows how far behind; share by which
# the slopes may be off that told its capacity, at every pass alike
PRECISION, SHIFT, CONTRADICTION, BEHIND, SLOPE_DOUBT = range(5)
SITE_SLOTS = 5

# ln of a cell's capacity over the median one's, as judged of strings in use: new cells of a batch differ by a few
# thousandths, age apart under equal conditions (Baumhöfer et al., J. Power Sources 247 (2014) 332), and few are weak
RATIO_SIGMA = 0.02
# judged, for want of counts from the field: most strings of sixteen hold no weak cell
WEAK_SHARE = 0.01
# the same of a weak one, judged: from as good as sound to a quarter lost, two sigmas either way
WEAK_MEAN = -0.12
WEAK_SIGMA = 0.10
SOUND_OR_WEAK = np.array([[1.0 - WEAK_SHARE, 0.0, RATIO_SIGMA], [WEAK_SHARE, WEAK_MEAN, WEAK_SIGMA]])
FAR_VOLT = 0.03  # below the others on their knee: more than its foot is high
BEHIND_VOLT = 0.015  # the same of a cell on the plateau: more than the knee's shape is off by
# sigmas by which the readings of half an hour contradict what is known, beyond which a capacity may have changed
CONTRADICTED_SIGMAS = 2.0
# by so much; judged: damage is faster than any ageing, and a loss that is larger goes in steps of it, one
# by each half hour that goes on to contradict
CHANGED_SIGMA = 0.05
BALANCE_SOC_SIGMA = 0.005  # by which the steps of two cells of one make lie apart at every pass alike
LONG_REST_SECOND = 6 * 3600.0  # in which no charge moves: a cell that goes on to fall leaks, however much it holds
DEEP = 0.5  # of the discharge, below which a steep curve is the lower knee


@bare_kernel
def weigh_weakness(y: FloatArray, p: FloatArray, ratio: int, site: FloatArray) -> None:
    """Weigh anew whether a cell is sound or weak, by what its log says of state `ratio`, ln of its relative capacity.

    `site` is of `begin_ratio`. Before the log says anything one Gaussian of sound cells stands. All in place.
    """
    if 1.0 / p[ratio, ratio] - site[PRECISION] > LEAST_PRECISION:
        weigh_capacity_prior(y, p, ratio, SOUND_OR_WEAK, site)


@bare_kernel
def begin_ratio(y: FloatArray, p: FloatArray, ratio: int, site: FloatArray) -> None:
    """Let the Gaussian that a filter begins with stand for the prior, before the first reading of a cell goes in."""
    if site[PRECISION] == 0.0:
        start_site(site, y[ratio], np.sqrt(p[ratio, ratio]))


@bare_kernel
def weigh_change(y: FloatArray, p: FloatArray, ratio: int, site: FloatArray, sigmas: float, share: float) -> None:
    """Doubt what the log has said of a capacity when readings go on to be lower; none comes back. In place.

    `sigmas` is by how much the last did, `share` what it counts in the mean over half an hour.
    """
    site[CONTRADICTION] += share * (sigmas - site[CONTRADICTION])
    if site[CONTRADICTION] < -CONTRADICTED_SIGMAS:
        doubt_capacity(y, p, ratio, CHANGED_SIGMA**2, site)
        site[CONTRADICTION] = 0.0


@bare_kernel
def tells_no_ratio(p: FloatArray, ratio: int, depth: float, slope: float) -> bool:
    """Whether a reading leaves the capacity as it is: near full, and on steps that place it no better than it is."""
    placed = BALANCE_SOC_SIGMA / max(depth, TELLING_DEPTH)
    return bool(depth < TELLING_DEPTH or (slope < STEP_SLOPE_VOLT and p[ratio, ratio] < placed * placed))


@bare_kernel
def take_ratio(
    y: FloatArray,
    p: FloatArray,
    ratio: int,
    site: FloatArray,
    h: FloatArray,
    ph: FloatArray,
    innovation: float,
    variance: float,
    gate: float,
    slope_sigma: float,
    slope: float,
    depth: float,
    share: float,
    rest_second: float,
) -> None:
    """Update by a reading that tells of a capacity, and weigh what it told; arguments as of `update_by` and above.

    `slope_sigma` is what the curve's slope may be off by at the reading [V], `depth` the share that is discharged.
    """
    before = p[ratio, ratio]
    sigmas, _ = update_by(y, p, h, ph, innovation, variance, gate)
    told = 1.0 - p[ratio, ratio] / before  # of all that is known of the ratio now
    site[SLOPE_DOUBT] += told * (min(slope_sigma / slope, 1.0) - site[SLOPE_DOUBT])
    if site[BEHIND] == 0.0 and rest_second < LONG_REST_SECOND:  # else it may be low for what it lacked before, or lost
        weigh_weakness(y, p, ratio, site)
        weigh_change(y, p, ratio, site, sigmas, share if depth > DEEP and slope > STEP_SLOPE_VOLT else 0.0)


@bare_kernel
def is_behind(charge: FloatArray, volt: float, seen_volt: float) -> bool:
    """Whether a cell has not reached the knee that the others stand on: how far it is behind, nobody knows.

    What it lacks at the end of a discharge may be that. `volt` is what its reading stands for on the
    curve, `seen_volt` the same less the others', negative below them [V].
    """
    end, _ = branch_voltage(charge, charge, 1.0, PLATEAU_SOC)
    return bool(seen_volt < -FAR_VOLT or (seen_volt < -BEHIND_VOLT and volt < end))
