"""Minutes of one pack: sufficient statistics of the samples, on which everything slower than a second works.

A minute row that is stamped T holds the samples with T − 60 s < t ≤ T; the row of the first sample holds that
sample alone, the row of the last one the remainder. Gaps of up to an hour are bridged by rows without samples, longer
ones have no rows.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from cellwarden.core.sample_block import FloatArray

__all__ = ["EdgeBlock", "IntArray", "MinuteBlock"]

IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class MinuteBlock:
    """M ≥ 0 minute rows, sorted by time. A quantity without a sample in the row is NaN; sums are then 0.

    Attributes
    ----------
    unix_time_second : (M,) the row's stamp, end of its interval [s]
    elapsed_second : (M,) time since the previous row's last sample that the row's sums cover [s]
    sample_count : (M,) samples in the row
    longest_gap_second : (M,) longest interval between samples that ended in the row [s]
    current_ampere : (M,) mean [A]
    current_minimum_ampere, current_maximum_ampere, current_last_ampere : (M,) [A]
    charge_ah : (M,) integral of current by trapezoids, positive charges [Ah]; 0 over gaps longer than an hour
    charge_in_ah, charge_out_ah : (M,) its positive part and minus its negative part [Ah]
    energy_in_wh, energy_out_wh : (M,) pack energy charged and discharged, from the cells' sum [Wh]
    voltage_volt : (M, n_cells) mean [V]
    voltage_minimum_volt, voltage_maximum_volt, voltage_last_volt : (M, n_cells) [V]
    pack_voltage_volt : (M,) mean [V]
    cell_energy_wh : (M, n_cells) integral of current times cell voltage, signed [Wh]
    bleed_ah : (M, n_cells) charge taken out by the passive balancer (≥ 0), or put in by an active one (< 0) [Ah]
    bleed_fraction : (M, n_cells) mean duty of the bleed, NaN where the log has none
    temperature_celsius : (M, n_sensors) mean [°C]
    ambient_temperature_celsius : (M,) mean [°C]
    impedance_ohm : (M, n_cells) mean [ohm]
    dip_count : (M, n_cells) transient dips that no current explains
    voltage_unchanged_second : (M, n_cells) at the row's end: time for which the reading has been bit-identical although
        the current or the other cells moved [s]
    temperature_unchanged_second : (M, n_sensors) the same for temperatures, although others moved [s]
    voltage_missing_second : (M, n_cells) at the row's end: time since the last finite reading while rows came [s]
    temperature_missing_second : (M, n_sensors) [s]
    switch_open_fraction : (M,) share of samples with both switches reported open; NaN where not reported
    frozen_second : (M,) longest time, in the row, over which no cell's reading changed from sample to sample [s]
    repeat_count : (M,) samples of the row in which every cell's reading was that of the sample before
    current_square_a2s : (M,) integral of the squared current, to which heat is in proportion [A²s]
    thinned_charge_square_a2s2 : (M, 2) sum of squared charge errors that keeping only every second, every fourth
        sample makes by the trapezoid rule, where the current moved [A²s²]
    thinned_heat_square_a4s2 : (M, 2) the same of the integral of the squared current [A⁴s²]
    peak_count : (M, 2) rises of the current's amount; of these those that were gone by half at the next sample
    """

    unix_time_second: FloatArray
    elapsed_second: FloatArray
    sample_count: FloatArray
    longest_gap_second: FloatArray
    current_ampere: FloatArray
    current_minimum_ampere: FloatArray
    current_maximum_ampere: FloatArray
    current_last_ampere: FloatArray
    charge_ah: FloatArray
    charge_in_ah: FloatArray
    charge_out_ah: FloatArray
    energy_in_wh: FloatArray
    energy_out_wh: FloatArray
    voltage_volt: FloatArray
    voltage_minimum_volt: FloatArray
    voltage_maximum_volt: FloatArray
    voltage_last_volt: FloatArray
    pack_voltage_volt: FloatArray
    cell_energy_wh: FloatArray
    bleed_ah: FloatArray
    bleed_fraction: FloatArray
    temperature_celsius: FloatArray
    ambient_temperature_celsius: FloatArray
    impedance_ohm: FloatArray
    dip_count: FloatArray
    voltage_unchanged_second: FloatArray
    temperature_unchanged_second: FloatArray
    voltage_missing_second: FloatArray
    temperature_missing_second: FloatArray
    switch_open_fraction: FloatArray
    frozen_second: FloatArray
    repeat_count: FloatArray
    current_square_a2s: FloatArray
    thinned_charge_square_a2s2: FloatArray
    thinned_heat_square_a4s2: FloatArray
    peak_count: FloatArray

    def __len__(self) -> int:
        return int(self.unix_time_second.shape[0])

    def rows(self, begin: int, end: int) -> MinuteBlock:
        """Rows begin … end−1 as a block of views."""
        return replace(self, **{field.name: getattr(self, field.name)[begin:end] for field in fields(self)})


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeBlock:
    """E ≥ 0 current edges, sorted by the time at which they were complete.

    Attributes
    ----------
    unix_time_second : (E,) time of the sample that completed the edge, about 10 s after the step, in slow logs 1.5
        intervals [s]
    minute_row : (E,) index of the row in the accompanying `MinuteBlock` that holds that sample
    elapsed_second : (E,) time from the step to the second voltage reading; the middle of what is possible where the
        sampling interval is longer than the step [s]
    elapsed_tolerance_second : (E,) half of the range that the step's moment may have had [s]
    current_before_ampere, current_after_ampere : (E,) steady currents on both sides [A]
    voltage_before_volt, voltage_after_volt : (E, n_cells) readings on both sides [V]
    steady_second : (E,) for how long the current had been steady before the step [s]
    """

    unix_time_second: FloatArray
    minute_row: IntArray
    elapsed_second: FloatArray
    elapsed_tolerance_second: FloatArray
    current_before_ampere: FloatArray
    current_after_ampere: FloatArray
    voltage_before_volt: FloatArray
    voltage_after_volt: FloatArray
    steady_second: FloatArray

    def __len__(self) -> int:
        return int(self.unix_time_second.shape[0])
