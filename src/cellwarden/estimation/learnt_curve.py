"""The open-circuit voltage of a parameter set with what a log taught of it, for whoever works outside the kernels."""

from __future__ import annotations

import numpy as np

from cellwarden.core.sample_block import FloatArray
from cellwarden.models.cell_model import OcvCurve

__all__ = ["learnt_discharge_volt"]


def learnt_discharge_volt(curve: OcvCurve, state: FloatArray) -> FloatArray:
    """Discharge branch on the set's grid, rising (G,) [V].

    Parameters
    ----------
    curve : member of the family
    state : (1 + K,) logarithm of the half width over the set's, then amplitudes of the curve's modes; more are ignored
    """
    modes = curve.modes_volt
    middle = 0.5 * (curve.discharge_volt + curve.charge_volt) + state[1 : 1 + len(modes)] @ modes
    half = 0.5 * (curve.charge_volt - curve.discharge_volt) * np.exp(state[0])
    risen: FloatArray = np.maximum.accumulate(middle - half)
    return risen
