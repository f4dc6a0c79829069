"""What the pack went through: charge, energy, deep discharges, hours in the heat and in the cold.

Of charge and energy the current sensor's offset is taken out, as far as it was known when they flowed: what it reads of
a pack that floats for weeks would else be most of both.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from cellwarden.core.board import Board
from cellwarden.core.minute_block import MinuteBlock
from cellwarden.core.results import EfficiencySpan, Usage
from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.charge_tracks import CapacityTrack, CurrentOffsetTrack, SocTrack
from cellwarden.estimation.middle_value import known_middle_values
from cellwarden.estimation.plugin import PackContext
from cellwarden.runtime.efficiency_fold import EfficiencySums, add_efficiency, efficiency_span, initial_efficiency

__all__ = ["UsageFold", "UsageSums", "add_usage", "initial_usage", "usage_of", "without_offset"]

HOT_CELSIUS = 45.0
COLD_CELSIUS = 0.0
DEEP_SOC = 0.2
RECOVERED_SOC = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageSums:
    """Sums over minute rows: charge [Ah], energy [Wh] and time [s], and what the efficiency is counted from."""

    charge_in_ah: float = 0.0
    charge_out_ah: float = 0.0
    energy_in_wh: float = 0.0
    energy_out_wh: float = 0.0
    hot_second: float = 0.0
    cold_second: float = 0.0
    deep_discharges: int = 0
    was_deep: bool = True
    capacity_ah: float = np.nan
    efficiency: EfficiencySums = field(default_factory=initial_efficiency)


def initial_usage(context: PackContext) -> UsageSums:
    """Sums before the first row."""
    return UsageSums(capacity_ah=context.pack.nominal_capacity_ah)


def add_usage(sums: UsageSums, minutes: MinuteBlock, board: Board) -> UsageSums:
    """The sums with the rows of one block and the tracks over them."""
    if len(minutes) == 0:
        return sums
    temperature, elapsed = minutes.temperature_celsius, minutes.elapsed_second
    soc = known_middle_values(board.get(SocTrack).soc_fraction)  # a cell that was never read has no charge
    deep, was_deep = _deep_discharges(sums, soc[np.isfinite(soc)])
    misread_ah = np.nan_to_num(board.get(CurrentOffsetTrack).current_offset_ampere) * elapsed / 3600.0
    volt = np.nan_to_num(known_middle_values(minutes.voltage_volt)) * minutes.voltage_volt.shape[1]
    charge_in, charge_out = without_offset(minutes.charge_in_ah, minutes.charge_out_ah, misread_ah)
    energy_in, energy_out = without_offset(minutes.energy_in_wh, minutes.energy_out_wh, misread_ah * volt)
    return replace(
        sums,
        charge_in_ah=sums.charge_in_ah + float(charge_in.sum()),
        charge_out_ah=sums.charge_out_ah + float(charge_out.sum()),
        energy_in_wh=sums.energy_in_wh + float(energy_in.sum()),
        energy_out_wh=sums.energy_out_wh + float(energy_out.sum()),
        hot_second=sums.hot_second + float(elapsed[(temperature > HOT_CELSIUS).any(axis=1)].sum()),
        cold_second=sums.cold_second + float(elapsed[(temperature < COLD_CELSIUS).any(axis=1)].sum()),
        deep_discharges=deep,
        was_deep=was_deep,
        capacity_ah=float(np.median(board.get(CapacityTrack).capacity_ah[-1])),
        efficiency=add_efficiency(sums.efficiency, minutes, board, (energy_in, energy_out)),
    )


def without_offset(inward: FloatArray, outward: FloatArray, misread: FloatArray) -> tuple[FloatArray, FloatArray]:
    """What really flowed in and out in rows (M,) of which `misread` was read too much inward.

    A row that holds both is taken to hold them for times in the ratio of what flowed; what is more than was read of one
    flowed the other way.
    """
    both = inward + outward
    share = np.divide(inward, both, out=np.full_like(both, 0.5), where=both > 0.0)
    less, more = inward - share * misread, outward + (1.0 - share) * misread
    return np.fmax(less, 0.0) + np.fmax(-more, 0.0), np.fmax(more, 0.0) + np.fmax(-less, 0.0)


def _deep_discharges(sums: UsageSums, soc: FloatArray) -> tuple[int, bool]:
    count, was_deep = sums.deep_discharges, sums.was_deep
    for value in soc.tolist():
        if value < DEEP_SOC and not was_deep:
            count += 1
            was_deep = True
        elif value > RECOVERED_SOC:
            was_deep = False
    return count, was_deep


def usage_of(sums: UsageSums, context: PackContext) -> Usage:
    """What was summed; None where the log has no current or no temperature."""
    flowed = context.has_current
    span = efficiency_span(sums.efficiency) if flowed else None
    felt = len(context.sensors) > 0
    return Usage(
        equivalent_full_cycles=_cycles(sums) if flowed else None,
        charge_throughput_ah=sums.charge_in_ah + sums.charge_out_ah if flowed else None,
        energy_charged_kilowatt_hour=sums.energy_in_wh / 1000.0 if flowed else None,
        energy_discharged_kilowatt_hour=sums.energy_out_wh / 1000.0 if flowed else None,
        round_trip_efficiency_fraction=None if span is None else span.efficiency_fraction,
        deep_discharges=sums.deep_discharges,
        hours_above_45_celsius=sums.hot_second / 3600.0 if felt else None,
        hours_below_0_celsius=sums.cold_second / 3600.0 if felt else None,
    )


def _cycles(sums: UsageSums) -> float:
    return 0.5 * (sums.charge_in_ah + sums.charge_out_ah) / sums.capacity_ah


class UsageFold:
    """The sums of one log."""

    def __init__(self, context: PackContext) -> None:
        self._context = context
        self._sums = initial_usage(context)

    def add(self, minutes: MinuteBlock, board: Board) -> None:
        """Add the rows of one block with the tracks over them."""
        self._sums = add_usage(self._sums, minutes, board)

    def usage(self) -> Usage:
        """What was summed; None where the log has no current or no temperature."""
        return usage_of(self._sums, self._context)

    def efficiency_span(self) -> EfficiencySpan | None:
        """What the efficiency is counted from; None where the log has no current or tells none."""
        return efficiency_span(self._sums.efficiency) if self._context.has_current else None
