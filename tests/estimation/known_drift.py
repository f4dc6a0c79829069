"""Drifts on float as a test wants them."""

from __future__ import annotations

import numpy as np

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.float_leak import FloatLeakTrack


def drift_of(leak: float, away: FloatArray, rest_share: FloatArray) -> FloatLeakTrack:
    """A drift without doubt or bleed of cells that stand so far away from the others, (M, n_cells) [V]."""
    none, some = np.zeros_like(away), np.zeros(len(away))
    return FloatLeakTrack(
        leak_ampere=np.full_like(away, leak),
        low_sigma_ampere=none,
        high_sigma_ampere=none,
        bleed_rate_ampere=none,
        away_volt=away,
        informed_unix_time_second=some,
        log_slope_factor=some,
        log_slope_sigma=some,
        rest_share=rest_share,
    )
