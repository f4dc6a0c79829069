"""Full charges, as every method is told of them: the current has tapered and the voltage stands on the top knee."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bench.plain_counter import FULL_SOC, TAPER_C_RATE, TAPER_SECOND, TAPER_VOLT
from bench.published.peer_log import PeerLog
from cellwarden.core.pack_spec import PackSpec

__all__ = ["FULL_SOC", "full_steps"]


def full_steps(log: PeerLog, spec: PackSpec) -> NDArray[np.bool_]:
    """(S, n) whether a cell has tapered for ten minutes, its voltage above 3.39 V."""
    time = log.unix_time_second[:, None]
    tapered = np.abs(log.current_ampere) <= TAPER_C_RATE * spec.nominal_capacity_ah
    held = tapered[:, None] & (log.voltage_volt > TAPER_VOLT)
    last_other = np.maximum.accumulate(np.where(held, time[0], time), axis=0)
    return np.asarray(held & (time - last_other >= TAPER_SECOND))
