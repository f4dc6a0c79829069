"""The voltage at which a tapered charge counts as full."""

from __future__ import annotations

import numpy as np

from cellwarden.models.cell_model import CellModel

__all__ = ["knee_volt"]

KNEE_SOC = 0.986  # above it a tapered charge is a full one


def knee_volt(model: CellModel) -> float:
    """Mean of the family's charge branches there, by how plausible each is [V]."""
    knees = [float(np.interp(KNEE_SOC, model.soc_fraction, curve.charge_volt)) for curve in model.ocv_curves]
    return float(np.average(knees, weights=[curve.prior_weight for curve in model.ocv_curves]))
