"""State of a first-order voltage hysteresis, h from −1 (discharge branch) to 1 (charge branch).

Plett, J. Power Sources 134 (2004) 262: h' = e·h + (1 − e)·sign(Δz), e = exp(−γ·|Δz|). Imports numpy and core only.
"""

from __future__ import annotations

import numpy as np

from cellwarden.core.sample_block import FloatArray

__all__ = ["step_hysteresis"]


def step_hysteresis(hysteresis: FloatArray, soc_step_fraction: FloatArray, rate: float) -> FloatArray:
    """Hysteresis state after a step of z.

    Parameters
    ----------
    hysteresis : state before, −1 … 1, any shape
    soc_step_fraction : change of z, positive when charged, same shape; NaN counts as no step
    rate : γ per unit of z

    Returns
    -------
    State after the step, same shape, within −1 … 1. Exact for any size of step of one sign.
    """
    step = np.nan_to_num(soc_step_fraction, nan=0.0)
    kept = np.exp(-rate * np.abs(step))
    return kept * hysteresis + (1.0 - kept) * np.sign(step)
