"""A curve through given points that rises and falls only where they do: piecewise cubic Hermite polynomials.

Slopes after F. N. Fritsch and J. Butland, SIAM J. Sci. Stat. Comput. 5 (1984) 300, doi:10.1137/0905021, in the weighted
form for uneven steps; at the ends the three-point formula of C. Moler, Numerical Computing with MATLAB (2004), 3.6.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from cellwarden.core.sample_block import FloatArray

__all__ = ["monotone_cubic"]


def monotone_cubic(knot: ArrayLike, value: ArrayLike, at: FloatArray) -> FloatArray:
    """The curve through the points, at other places.

    Parameters
    ----------
    knot : (K,) rising, K ≥ 2
    value : (K,)
    at : (N,) places; outside the knots the outermost cubics go on

    Returns
    -------
    FloatArray
        (N,)
    """
    x, y = np.asarray(knot, dtype=np.float64), np.asarray(value, dtype=np.float64)
    step = np.diff(x)
    chord = np.diff(y) / step
    slope = _slopes(step, chord)
    piece = np.clip(np.searchsorted(x, at, side="right") - 1, 0, len(step) - 1)
    bend = (slope[:-1] + slope[1:] - 2.0 * chord) / step
    past = at - x[piece]
    cubic = (bend / step)[piece]
    square = ((chord - slope[:-1]) / step - bend)[piece]
    result: FloatArray = y[piece] + past * (slope[piece] + past * (square + past * cubic))
    return result


def _slopes(step: FloatArray, chord: FloatArray) -> FloatArray:
    """(K,) slope at each knot: the weighted harmonic mean of the chords beside it, 0 where these differ in sign."""
    if len(step) == 1:
        return np.repeat(chord, 2)
    before, after = chord[:-1], chord[1:]
    weight_before, weight_after = 2.0 * step[1:] + step[:-1], step[1:] + 2.0 * step[:-1]
    is_monotone = before * after > 0.0
    inverse = weight_before / np.where(is_monotone, before, 1.0) + weight_after / np.where(is_monotone, after, 1.0)
    slope = np.zeros(len(step) + 1)
    slope[1:-1] = np.where(is_monotone, (weight_before + weight_after) / inverse, 0.0)
    slope[0] = _end_slope(step[0], step[1], chord[0], chord[1])
    slope[-1] = _end_slope(step[-1], step[-2], chord[-1], chord[-2])
    return slope


def _end_slope(step: float, next_step: float, chord: float, next_chord: float) -> float:
    """Slope at an end, one-sided, held so that the first piece stays monotone."""
    slope = ((2.0 * step + next_step) * chord - step * next_chord) / (step + next_step)
    if slope * chord <= 0.0:
        return 0.0
    if chord * next_chord <= 0.0 and abs(slope) > 3.0 * abs(chord):
        return 3.0 * chord
    return slope
