"""The pack around the cells as arrays for its kernel: settings, timetable, state, and the rows that it fills."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cellwarden.core.sample_block import FloatArray

__all__ = [
    "CHARGE_OPEN",
    "DISCHARGE_OPEN",
    "DRAWN_AH",
    "FIRST_FULL_SECOND",
    "FULL",
    "HOLDING",
    "JITTER",
    "SETTLED_SECOND",
    "TAPER_SECOND",
    "PackSettings",
    "PackState",
    "Recording",
    "Timetable",
]


class PackSettings(NamedTuple):
    """Numbers of charger, balancer, BMS and stepping; voltages are the string's but where `cell` is in the name."""

    nominal_ah: float
    absorption_volt: float
    float_volt: float
    charge_cell_volt: float
    floats: bool
    taper_ampere: float
    taper_hold_second: float
    restart_ah: float
    cell_maximum_volt: float
    cell_maximum_release_volt: float
    cell_minimum_volt: float
    cell_minimum_release_volt: float
    cutoff_volt: float
    discharge_maximum_ampere: float
    coldest_charge_celsius: float
    bleed_ohm: float
    bleed_cell_threshold_volt: float
    bleed_difference_volt: float
    bleed_period_second: int
    bleed_noise_volt: float
    neighbour_watt_per_kelvin: float
    load_jitter_fraction: float
    fine_step_second: int
    coarse_step_second: int
    sample_second: int
    start_second: int  # of the first row; time before it is not recorded


class Timetable(NamedTuple):
    """Piecewise-constant duty, S segments, and ambient temperature each minute from `settings.start_second` on."""

    end_second: NDArray[np.int64]  # (S,)
    load_watt: FloatArray  # (S,) drawn from the pack
    charge_limit_ampere: FloatArray  # (S,) what the charger could give; 0: no supply
    ambient_celsius: FloatArray  # (A,)


class PackState(NamedTuple):
    """What the pack carries on beside the cells."""

    volt: FloatArray  # (n,) at the cells' terminals, joint included
    bleed_on: NDArray[np.bool_]  # (n,) by channel
    bleed_second: FloatArray  # (n,) on-time since the last row, by channel
    wire: NDArray[np.int64]  # (n,) cell that a channel's wires reach
    channel_offset_volt: FloatArray  # (n,) reading minus truth, by channel
    heat_watt: FloatArray  # (n,)
    leak_ah: FloatArray  # (n,) charge lost by leak and short since the start
    bleed_ah: FloatArray  # (n,) charge bled since the start
    cold_charge_ah: FloatArray  # (n,) charged below the limit's temperature
    ampere: FloatArray  # (1,) string current
    number: FloatArray  # (9,) see the constants below
    random: NDArray[np.uint64]  # (1,)


class Recording(NamedTuple):
    """Rows at each sample, and truth at each minute."""

    ampere: FloatArray  # (R,)
    volt: NDArray[np.float32]  # (R, n) at the terminals, by cell
    temperature_celsius: NDArray[np.float32]  # (R, n)
    ambient_celsius: NDArray[np.float32]  # (R,)
    bleed_percent: NDArray[np.int8]  # (R, n) by channel
    switches: NDArray[np.int8]  # (R,) 1: charge closed, 2: discharge closed
    lithium_ah: FloatArray  # (M, n)
    minute_temperature_celsius: NDArray[np.float32]  # (M, n)


# PackState.number
FULL, TAPER_SECOND, DRAWN_AH, CHARGE_OPEN, DISCHARGE_OPEN, FIRST_FULL_SECOND, JITTER, SETTLED_SECOND, HOLDING = range(9)
