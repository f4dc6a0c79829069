"""The voltage at which a tapered charge counts as full, and whether a curve ends in a knee at all."""

from __future__ import annotations

import numpy as np

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.cell_place import PLATEAU_SOC
from cellwarden.estimation.knee_shape import (
    FULL_VOLT,
    LN_WIDTH_PRIOR,
    LN_WIDTH_SIGMA,
    MOST_VOLT,
    REFERENCE_VOLT,
)
from cellwarden.models.cell_model import CellModel

__all__ = ["has_knee", "knee_volt", "plateau_volt"]

KNEE_SOC = 0.986  # above it a tapered charge is a full one
STEP_VOLT = 0.008  # over which the width of a knee is read from a curve on a grid of charge
FAR_SIGMAS = 3.0  # of the prior of a knee's width


def knee_volt(model: CellModel) -> float:
    """Mean of the family's charge branches on the upper knee, by how plausible each is [V]."""
    return _mean_volt(model, KNEE_SOC)


def plateau_volt(model: CellModel) -> float:
    """The same where they have come down from it to the plateau [V]."""
    return _mean_volt(model, PLATEAU_SOC)


def _mean_volt(model: CellModel, soc: float) -> float:
    volts = [float(np.interp(soc, model.soc_fraction, curve.charge_volt)) for curve in model.ocv_curves]
    return float(np.average(volts, weights=[curve.prior_weight for curve in model.ocv_curves]))


def has_knee(model: CellModel) -> bool:
    """Whether the curves end in a knee of the form of `knee_shape`: what a cell lacks to full follows from its shape.

    By the weights of the family's curves; a curve that is not full by the voltage where the form ends has none.
    """
    weights = [curve.prior_weight for curve in model.ocv_curves]
    ends = [_ends_in_knee(model.soc_fraction, curve.charge_volt) for curve in model.ocv_curves]
    return bool(np.average(ends, weights=weights) > 0.5)


def _ends_in_knee(soc_fraction: FloatArray, charge_volt: FloatArray) -> bool:
    """Whether a branch (G,) has the form's width at its reference voltage and steepens from there to its end."""
    if not REFERENCE_VOLT < charge_volt[-1] < FULL_VOLT:
        return False
    at = np.array([REFERENCE_VOLT, min(MOST_VOLT, charge_volt[-1] - STEP_VOLT)])
    below, above = (np.interp(at + 0.5 * sign * STEP_VOLT, charge_volt, soc_fraction) for sign in (-1.0, 1.0))
    width = (above - below) / STEP_VOLT
    if width[0] <= 0.0:
        return False
    alike = abs(np.log(width[0]) - LN_WIDTH_PRIOR) < FAR_SIGMAS * LN_WIDTH_SIGMA
    return bool(alike and width[1] < width[0])
