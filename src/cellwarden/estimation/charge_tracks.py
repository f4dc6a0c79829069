"""Tracks of the charge cascade: one row a minute, the state after the samples up to the row's stamp."""

from __future__ import annotations

from dataclasses import dataclass

from cellwarden.core.sample_block import FloatArray

__all__ = [
    "CapacityTrack",
    "CountedLeakTrack",
    "CurrentOffsetTrack",
    "SelfDischargeTrack",
    "SocTrack",
    "VoltageOffsetTrack",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class SocTrack:
    """State of charge. All (M, n_cells) but `full_count` and `rest_second`; NaN where nothing tells it.

    `ocv_volt` is the open-circuit voltage of the present branch at the estimate, without sensor offset [V];
    `ocv_slope_volt` its derivative by z [V]; `deficit_difference_ah` the charge by which the cell is further from full
    than the pack's median [Ah]; `full_count` (M,) counts the full charges so far; `rest_second` (M,) time since a
    current above C/50 flowed [s].
    """

    soc_fraction: FloatArray
    soc_low_fraction: FloatArray
    soc_high_fraction: FloatArray
    ocv_volt: FloatArray
    ocv_slope_volt: FloatArray
    deficit_difference_ah: FloatArray
    deficit_difference_sigma_ah: FloatArray
    full_count: FloatArray
    rest_second: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityTrack:
    """Capacity with 95 % interval [Ah] and the time that last informed it (NaN: never). All (M, n_cells).

    `relative_fraction` is the capacity over the pack's median, `relative_sigma_fraction` its standard deviation.
    """

    capacity_ah: FloatArray
    capacity_low_ah: FloatArray
    capacity_high_ah: FloatArray
    informed_unix_time_second: FloatArray
    relative_fraction: FloatArray
    relative_sigma_fraction: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedLeakTrack:
    """Leak above the pack's median as the charge cascade counts it, with its sigma [A]. All (M, n_cells).

    `informed_unix_time_second` is NaN until anything but the prior speaks.
    """

    leak_ampere: FloatArray
    sigma_ampere: FloatArray
    informed_unix_time_second: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfDischargeTrack:
    """Current lost inside the cell above the pack's median, bleed taken out, 95 % interval [A]. All (M, n_cells).

    `down_sigma_ampere` is how much less it may be by what was measured alone, whatever a cell can lose.
    `informed_unix_time_second` is NaN until anything but the prior speaks.
    """

    self_discharge_ampere: FloatArray
    self_discharge_low_ampere: FloatArray
    self_discharge_high_ampere: FloatArray
    down_sigma_ampere: FloatArray
    informed_unix_time_second: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class VoltageOffsetTrack:
    """Offset of each cell's voltage reading, reading minus truth, 95 % interval [V]. (M, n_cells), the spread (M,).

    `told_sigma_volt` is what the log alone leaves unknown of it, `jumped_volt` by how much the reading has jumped while
    the pack rested, in all, and `spread_volt` how far sound sensors lie apart (one sigma).
    """

    voltage_offset_volt: FloatArray
    voltage_offset_low_volt: FloatArray
    voltage_offset_high_volt: FloatArray
    informed_unix_time_second: FloatArray
    told_sigma_volt: FloatArray
    jumped_volt: FloatArray
    spread_volt: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentOffsetTrack:
    """Offset of the current reading, reading minus truth, 95 % interval [A]. All (M,).

    `unseen_ampere` is the part of the interval downwards that a bleed may be of which there is no log, 0 where it is.
    """

    current_offset_ampere: FloatArray
    current_offset_low_ampere: FloatArray
    current_offset_high_ampere: FloatArray
    informed_unix_time_second: FloatArray
    unseen_ampere: FloatArray
