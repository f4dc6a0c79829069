"""The tangent of the curve where a cell is read to be, for one that is thought on the plateau and read on a knee.

A filter takes the curve for a straight line where it thinks the cell is. On the plateau that line hardly slopes: a cell
that has reached a knee before the others would move by far too much or, gated, by next to nothing. Where the reading
can only be a knee's the line is laid there, as an iterated filter would find it (Bell and Cathey, IEEE Trans. Autom.
Control 38 (1993) 294).
"""

from __future__ import annotations

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.bare_kernel import bare_kernel
from cellwarden.estimation.cell_place import STEEP_VOLT
from cellwarden.estimation.central_cell import MINIMUM_SLOPE_VOLT
from cellwarden.estimation.ocv_lookup import branch_voltage

__all__ = ["ocv_around", "read_tangent"]

FAR_VOLT = 0.06  # of a reading from what is expected: no sensor that is still read is off by that
LOWEST_SOC, HIGHEST_SOC, HALVINGS = -0.02, 1.02, 14


@bare_kernel
def read_tangent(
    discharge: FloatArray, charge: FloatArray, hysteresis: float, soc: float, ocv: float, slope: float, read_volt: float
) -> tuple[float, float]:
    """Voltage at z = `soc` and slope [V] of the line to go by: `ocv` and `slope` of the curve there, or a knee's.

    `read_volt` is the open-circuit voltage that the reading stands for.
    """
    if abs(read_volt - ocv) < FAR_VOLT or slope >= STEEP_VOLT:
        return ocv, slope
    low, high = (soc, HIGHEST_SOC) if read_volt > ocv else (LOWEST_SOC, soc)
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        volt, _ = branch_voltage(discharge, charge, hysteresis, middle)
        if volt < read_volt:
            low = middle
        else:
            high = middle
    place = 0.5 * (low + high)
    volt, steep = branch_voltage(discharge, charge, hysteresis, place)
    if steep < STEEP_VOLT:
        return ocv, slope
    return volt + steep * (soc - place), steep


@bare_kernel
def ocv_around(
    discharge: FloatArray, charge: FloatArray, hysteresis: float, soc: float, around: float
) -> tuple[float, float, float]:
    """Mean voltage and slope of the branch one sigma either way of z [V]; by what share the slope varies, 1 at most."""
    if around == 0.0:
        ocv, slope = branch_voltage(discharge, charge, hysteresis, soc)
        return ocv, slope, 0.0
    below, first = branch_voltage(discharge, charge, hysteresis, soc - around)
    above, last = branch_voltage(discharge, charge, hysteresis, soc + around)
    slope = max(0.5 * (above - below) / around, MINIMUM_SLOPE_VOLT)
    return 0.5 * (above + below), slope, min(max(abs(first - slope), abs(last - slope)) / slope, 1.0)
