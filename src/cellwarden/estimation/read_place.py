"""The tangent of the curve where a cell is read to be, for one that is thought on the plateau and read on a knee.

A filter takes the curve for a straight line where it thinks the cell is. On the plateau that line hardly slopes: a cell
that has reached a knee before the others would move by far too much or, gated, by next to nothing. Where the reading
can only be a knee's the line is laid there, as an iterated filter would find it (Bell and Cathey, IEEE Trans. Autom.
Control 38 (1993) 294). At a step of the graphite the line may be steeper than it was learnt to be.
"""

from __future__ import annotations

import numpy as np

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.bare_kernel import bare_kernel
from cellwarden.estimation.cell_place import STEEP_VOLT
from cellwarden.estimation.central_cell import MINIMUM_SLOPE_VOLT
from cellwarden.estimation.ocv_lookup import branch_voltage

__all__ = ["STEP_SLOPE_VOLT", "ocv_around", "read_line", "read_tangent", "step_variance"]

FAR_VOLT = 0.06  # of a reading from what is expected: no sensor that is still read is off by that
LOWEST_SOC, HIGHEST_SOC = -0.02, 1.02  # between which a knee is looked for
HALVINGS = 14  # of that span: to 1e-4
# where a curve rises in a step of the graphite, the log cannot tell over how little charge; as much may lie between two
# cells on either side of it, until both have passed
STEP_SOC_SPAN = 0.01
STEP_REPEATS = 50.0  # readings that count as one, at most
FLAT_VOLT, STEP_SLOPE_VOLT = 0.06, 0.5  # slopes between which a curve is at a step: above the plateau, below the knees


@bare_kernel
def read_line(
    discharge: FloatArray, charge: FloatArray, hysteresis: float, soc: float, around: float, read_volt: float
) -> tuple[float, float, float, float, float]:
    """Of the curve as of `ocv_around`, then voltage and slope [V] of the line to go by at z = `soc`.

    The line is `read_tangent`'s, or the curve's own where the central z is known so little that `around` is not 0.
    """
    ocv, slope, unsure = ocv_around(discharge, charge, hysteresis, soc, around)
    if around != 0.0:
        return ocv, slope, unsure, ocv, slope
    line, steep = read_tangent(discharge, charge, hysteresis, soc, ocv, slope, read_volt)
    return ocv, slope, unsure, line, steep


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


@bare_kernel
def step_variance(
    apart: float, missing_variance: float, own: float, slope: float, step_volt: float, travelled: float
) -> float:
    """Variance of a reading on a step that may be steeper than it was learnt to be [V²].

    For cells that are `apart` in z, as far as that is known, the curve expects e = slope above the plateau's · |apart|.
    On a step of height H that is all at one place they stand H apart for a share e/H of the way and level for the
    rest: mean e, variance e·(H − e). So a sharp difference of some minutes says no more than its mean over the whole
    step. Readings that lie closer together than `STEP_SOC_SPAN` count as one.

    Parameters
    ----------
    apart, travelled : z between the cell and the central one, and between this reading and the one before
    missing_variance : of what the cell lacks to full, for that relates to its capacity `own` [Ah²]
    slope, step_volt : of the curve, and how high its step may be, 0 where it is known [V]
    """
    if slope > STEP_SLOPE_VOLT or slope < FLAT_VOLT:
        return 0.0
    expected = (slope - FLAT_VOLT) * np.sqrt(apart * apart + max(missing_variance, 0.0) / (own * own))
    repeats = min(max(STEP_SOC_SPAN / (travelled + 1e-6), 1.0), STEP_REPEATS)
    return float(expected * max(step_volt - expected, 0.0) * repeats)
