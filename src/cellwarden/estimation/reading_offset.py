"""Offsets of the voltage readings from what the filters hold: against what sound sensors have in common, and shrunk.

The filters start from the tolerance that the description promises, which is a limit: sound sensors lie far inside it.
How far, is learnt from all cells of the pack, from a guess that counts as much as some cells. Sensors that stand far
outside are no sound ones: they move neither the middle nor the spread, and stay as they are (a redescending estimate,
Hampel 1974, J. Am. Stat. Assoc. 69, 383). What is less sure than the spread is drawn towards none (James and Stein,
Proc. 4th Berkeley Symp. 1 (1961) 361; Efron and Morris, J. Am. Stat. Assoc. 70 (1975) 311).
"""

from __future__ import annotations

import numpy as np

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.bare_kernel import bare_kernel, counted_kernel
from cellwarden.estimation.middle_value import finite_middle

__all__ = ["USUAL_SHARE", "offset_of_reading", "offset_variance", "sound_offsets", "sound_sensors"]

USUAL_SHARE = 0.2  # one sigma of sound sensors over the tolerance: what all of a kind keep is five sigma
GUESS_CELLS = 8.0  # that the guess counts as, so that the few sensors of a small pack are not all called alike
FAR_SIGMAS, FARTHER_SIGMAS = 2.5, 3.5  # between which a sensor counts less and less as a sound one
LEAST_SHARE = 0.2  # of the guess, that sensors may lie apart at least
MANY_CELLS = 8  # of which the middle half shows by itself that the sensors of a pack lie wide
SIGMA_PER_DEVIATION = 1.4826  # of a normal distribution
ROUNDS = 4


@counted_kernel
def sound_sensors(offset: FloatArray, variance: FloatArray, usual: float) -> tuple[float, float, float]:
    """`sound_offsets` with scratch of its own."""
    work = np.empty((3, offset.shape[0]))
    work[0] = variance
    return sound_offsets(offset, work, usual)


@bare_kernel
def sound_offsets(offset: FloatArray, work: FloatArray, usual: float) -> tuple[float, float, float]:
    """Middle of sound sensors [V], their spread (one sigma) [V] and the middle's variance [V²].

    Parameters
    ----------
    offset : (n_cells,) of the filters [V]
    work : (3, ≥ n_cells) first the offsets' variances [V²], then scratch
    usual : spread to expect [V]
    """
    cells = offset.shape[0]
    centre = finite_middle(offset, work[1])
    guess = usual * usual
    spread2, total = guess, 0.0
    if cells >= MANY_CELLS:
        for j in range(cells):
            work[2, j] = abs(offset[j] - centre)
        spread2 = max(guess, (SIGMA_PER_DEVIATION * finite_middle(work[2, :cells], work[1])) ** 2)
    for _ in range(ROUNDS):
        total, mean = 0.0, 0.0
        for j in range(cells):
            weight = 1.0 / (spread2 + work[0, j])
            weight *= _soundness((offset[j] - centre) ** 2 * weight)
            total += weight
            mean += weight * (offset[j] - centre)
        if total == 0.0:
            break
        centre += mean / total
        squares, count = GUESS_CELLS * guess, GUESS_CELLS
        for j in range(cells):
            share = 1.0 / (spread2 + work[0, j])
            sound = _soundness((offset[j] - centre) ** 2 * share) * (share * spread2) ** 2
            squares += sound * ((offset[j] - centre) ** 2 - work[0, j])
            count += sound
        spread2 = max(squares / count, LEAST_SHARE**2 * guess)
    return centre, float(np.sqrt(spread2)), 1.0 / total if total > 0.0 else guess


@bare_kernel
def _soundness(squared: float) -> float:
    """Between 1 and 0, how much a sensor counts as a sound one; `squared` is its distance in sigmas, squared."""
    between = FARTHER_SIGMAS**2 - FAR_SIGMAS**2
    return float(min(max((FARTHER_SIGMAS**2 - squared) / between, 0.0), 1.0))


@bare_kernel
def offset_of_reading(deviation: float, variance: float, spread: float) -> float:
    """Best guess of a sensor's offset from the filter's deviation from the middle [V] and its variance [V²]."""
    return _kept(deviation, variance, spread) * deviation


@bare_kernel
def offset_variance(deviation: float, variance: float, spread: float, middle_variance: float) -> float:
    """Variance [V²] of that guess: of the filter's, of the middle's, and of whether the sensor is a sound one."""
    share = spread * spread / (spread * spread + variance)
    kept = _kept(deviation, variance, spread)
    doubt = (1.0 - kept) * (kept - share) * deviation**2
    return float(kept * variance + kept * kept * middle_variance + doubt)


@bare_kernel
def _kept(deviation: float, variance: float, spread: float) -> float:
    """Share of the deviation that is the sensor's: all of one that is no sound sensor's."""
    total = spread * spread + variance
    if total == 0.0:
        return 1.0
    share = spread * spread / total
    return share + (1.0 - share) * (1.0 - _soundness(deviation**2 / total))
