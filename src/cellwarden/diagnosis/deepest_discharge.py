"""How much the pack has really delivered in one go: no cell of it holds less."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from cellwarden.core.sample_block import FloatArray

__all__ = ["DeepestDischarge", "follow_discharge", "initial_discharge"]

FADING_HOURS = 90 * 24.0  # a cell may have lost capacity since


@dataclass(frozen=True, slots=True)
class DeepestDischarge:
    """Charge missing since the fullest moment and the most that ever was [Ah]."""

    missing_ah: float
    deepest_ah: float


def initial_discharge() -> DeepestDischarge:
    """Nothing delivered yet."""
    return DeepestDischarge(0.0, 0.0)


def follow_discharge(
    state: DeepestDischarge, charge_ah: FloatArray, elapsed_second: FloatArray
) -> tuple[DeepestDischarge, FloatArray]:
    """State after rows of charge (M,) [Ah], and the deepest so far along them (M,)."""
    out = np.empty(charge_ah.shape)
    missing, deepest = _follow(state.missing_ah, state.deepest_ah, charge_ah, elapsed_second / 3600.0, out)
    return DeepestDischarge(missing, deepest), out


@njit(cache=True)
def _follow(
    missing: float, deepest: float, charge_ah: FloatArray, hours: FloatArray, out: FloatArray
) -> tuple[float, float]:
    for m in range(charge_ah.shape[0]):
        if np.isfinite(charge_ah[m]):
            missing = max(missing - charge_ah[m], 0.0)
        deepest = max(deepest * np.exp(-hours[m] / FADING_HOURS), missing)
        out[m] = deepest
    return missing, deepest
