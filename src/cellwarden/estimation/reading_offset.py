"""Offsets of the voltage readings from what the filters hold: against what the sensors have in common, and shrunk.

The filters start from the tolerance that the description promises, sound sensors are usually far better. How far they
really lie apart is learnt from all cells of the pack: an estimate that is hardly surer than that is drawn towards none
(James and Stein, Proc. 4th Berkeley Symp. 1 (1961) 361; Efron and Morris, J. Am. Stat. Assoc. 70 (1975) 311), one far
outside it is a fault and stays as it is.
"""

from __future__ import annotations

import numpy as np

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.bare_kernel import bare_kernel, counted_kernel
from cellwarden.estimation.middle_value import finite_middle

__all__ = ["common_offset", "middle_offset", "offset_of_reading", "spread_about", "spread_of_offsets"]

SIGMA_PER_DEVIATION = 1.4826  # of a normal distribution (Hampel 1974, J. Am. Stat. Assoc. 69, 383)
CENTRE_SIGMAS, SPREAD_SIGMAS = 2.0, 3.0  # beyond which a cell counts no more
FAR_SIGMAS, FARTHER_SIGMAS = 3.0, 4.0  # between which an estimate is less and less drawn towards none
LEAST_SHARE = 0.2


@counted_kernel
def common_offset(offset: FloatArray) -> float:
    """`middle_offset` with scratch of its own."""
    return middle_offset(offset, np.empty((2, offset.shape[0])))


@counted_kernel
def spread_of_offsets(offset: FloatArray, centre: float) -> float:
    """`spread_about` with scratch of its own."""
    return spread_about(offset, centre, np.empty((2, offset.shape[0])))


@bare_kernel
def middle_offset(offset: FloatArray, work: FloatArray) -> float:
    """Middle of the filters' offsets (n_cells,) [V]: their mean, with what lies far out drawn in.

    Sound sensors err by nothing on the mean, and the mean of a few tells that better than their median.
    `work` (2, ≥ n_cells) is scratch.
    """
    middle = finite_middle(offset, work[1])
    reach = CENTRE_SIGMAS * SIGMA_PER_DEVIATION * _middle_distance(offset, middle, work)
    total = 0.0
    for value in offset:
        total += min(max(value - middle, -reach), reach)
    return float(middle + total / offset.shape[0])


@bare_kernel
def spread_about(offset: FloatArray, centre: float, work: FloatArray) -> float:
    """One sigma of the filters' offsets (n_cells,) about their middle, whatever a few odd ones do [V].

    `work` (2, ≥ n_cells) is scratch.
    """
    reach = SPREAD_SIGMAS * SIGMA_PER_DEVIATION * _middle_distance(offset, centre, work)
    total = 0.0
    for value in offset:
        total += min(abs(value - centre), reach) ** 2
    return float(np.sqrt(total / offset.shape[0]))


@bare_kernel
def _middle_distance(offset: FloatArray, centre: float, work: FloatArray) -> float:
    """Median of the distances from a centre."""
    for j in range(offset.shape[0]):
        work[0, j] = abs(offset[j] - centre)
    return finite_middle(work[0, : offset.shape[0]], work[1])


@bare_kernel
def offset_of_reading(deviation: float, variance: float, spread: float) -> float:
    """Best guess of a sensor's offset from the filter's deviation from the middle [V] and its variance [V²]."""
    if spread <= 0.0:
        return deviation
    share = min(max(1.0 - variance / spread**2, LEAST_SHARE), 1.0)
    far = (abs(deviation) / spread - FAR_SIGMAS) / (FARTHER_SIGMAS - FAR_SIGMAS)
    return float((share + (1.0 - share) * min(max(far, 0.0), 1.0)) * deviation)
