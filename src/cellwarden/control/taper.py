"""Polylines from a reading to a share of a limit, flat outside their points; what is not finite gives no share."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

__all__ = ["taper_fraction"]


def taper_fraction(value: float, points: Sequence[tuple[float, float]]) -> float:
    """Share of a limit at `value`.

    Parameters
    ----------
    value : the reading
    points : (reading, share) with readings rising

    Returns
    -------
    float
        0…1; 0 where the reading is not finite.
    """
    if not math.isfinite(value):
        return 0.0
    if value <= points[0][0]:
        return points[0][1]
    for (x0, y0), (x1, y1) in pairwise(points):
        if value <= x1:
            return y0 + (y1 - y0) * (value - x0) / (x1 - x0)
    return points[-1][1]
