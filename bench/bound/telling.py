"""How far a fault must stand out for any program to tell it, at so few false warnings as are asked for.

A program that tells a fault within t of its onset has to judge at least every t, each time of every cell, by what was
read since: in `PACK_YEARS` that is n · `PACK_YEARS` / t looks whose errors are independent, for spans that only touch.
Each look at a healthy cell warns falsely with the chance Q(z) that a normal error exceeds z sigma. That all of them
make one false warning asks for Q(z) = t / (n · `PACK_YEARS`). A program that judges more often needs more, and one that
watches for other faults too has to share the one false warning: z is the least. A leak of z sigma is told by half of
the packs that have it, one of z + 1.3 by nine in ten (Neyman and Pearson, Phil. Trans. R. Soc. A 231 (1933) 289,
doi:10.1098/rsta.1933.0009).
"""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np

from cellwarden.core.sample_block import FloatArray

__all__ = ["FALSE_WARNINGS", "PACK_YEARS", "YEAR_HOURS", "first_hours", "sigmas_needed"]

FALSE_WARNINGS, PACK_YEARS = 1.0, 30.0
YEAR_HOURS = 365.25 * 24.0


def sigmas_needed(cells: int, hours: float) -> float:
    """Sigmas of its least error by which a fault must stand out to be told that long after its onset."""
    looks = max(cells * PACK_YEARS * YEAR_HOURS / hours, 2.0 * FALSE_WARNINGS)
    return NormalDist().inv_cdf(1.0 - FALSE_WARNINGS / looks)


def first_hours(size: float, cells: int, hours: FloatArray, sigma: FloatArray) -> float:
    """First of the hours (S,) since the onset at which a fault stands out from its error (S,); NaN where it never does.

    Hours before the onset are passed over.
    """
    needed = np.array([sigmas_needed(cells, hour) if hour > 0.0 else 0.0 for hour in hours])
    clear = (hours > 0.0) & (size >= needed * sigma)
    return float(hours[np.argmax(clear)]) if clear.any() else math.nan
