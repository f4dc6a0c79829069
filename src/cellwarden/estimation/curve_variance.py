"""What the difference of two cells' open-circuit voltages may be off by, whatever is known of the cells."""

from __future__ import annotations

from cellwarden.estimation.bare_kernel import bare_kernel
from cellwarden.estimation.cell_place import STEEP_VOLT

__all__ = ["FLOOR_VOLT", "curve_variance"]

FLOOR_VOLT = 0.0004  # what the open-circuit voltages of two cells of one make differ by where nothing else parts them
FAR_VOLT = 0.03  # a cell that far out stands on another part of the knee, whose shape is known less
SEEN_MARGIN_VOLT = 0.005  # a difference that is expected but not seen excuses nothing
CURVE_SHARE = 0.15  # of an open-circuit voltage difference that the slope may be off by
PASSING_SOC_SIGMA = 0.002  # by which a pass over the steps of two cells of one make misplaces them


@bare_kernel
def curve_variance(
    reading: float,
    expected: float,
    apart: float,
    slope_sigma: float,
    slope: float,
    polarisation: float,
    unsure: float,
) -> float:
    """What the difference of open-circuit voltages, `expected` of cells `apart` in z, may be off by here [V²]."""
    share = CURVE_SHARE * (1.0 + min(abs(reading) / FAR_VOLT, 1.0))
    variance = (
        FLOOR_VOLT**2
        + (share * min(abs(expected), abs(reading) + SEEN_MARGIN_VOLT)) ** 2
        + (slope_sigma * apart) ** 2
        + (0.0003 * slope) ** 2
        + (0.02 * polarisation) ** 2
        + (unsure * max(abs(reading), abs(expected))) ** 2
    )
    if slope < STEEP_VOLT:
        variance += (PASSING_SOC_SIGMA * slope) ** 2
    return float(variance)
