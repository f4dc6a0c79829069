"""What the pack went through: charge, energy, deep discharges, hours in the heat and in the cold."""

from __future__ import annotations

import numpy as np

from cellwarden.core.board import Board
from cellwarden.core.minute_block import MinuteBlock
from cellwarden.core.results import Usage
from cellwarden.estimation.charge_tracks import CapacityTrack, SocTrack
from cellwarden.estimation.plugin import PackContext

__all__ = ["UsageFold"]

HOT_CELSIUS = 45.0
COLD_CELSIUS = 0.0
DEEP_SOC = 0.2
RECOVERED_SOC = 0.5
LEAST_CYCLES_FOR_EFFICIENCY = 1.0


class UsageFold:
    """Sums over minute rows."""

    def __init__(self, context: PackContext) -> None:
        self._context = context
        self._charge_in_ah = 0.0
        self._charge_out_ah = 0.0
        self._energy_in_wh = 0.0
        self._energy_out_wh = 0.0
        self._hot_second = 0.0
        self._cold_second = 0.0
        self._deep = 0
        self._was_deep = True
        self._first_soc = np.nan
        self._last_soc = np.nan
        self._last_ocv = np.nan
        self._capacity_ah = context.pack.nominal_capacity_ah

    def add(self, minutes: MinuteBlock, board: Board) -> None:
        """Add the rows of one block with the tracks over them."""
        if len(minutes) == 0:
            return
        self._charge_in_ah += float(minutes.charge_in_ah.sum())
        self._charge_out_ah += float(minutes.charge_out_ah.sum())
        self._energy_in_wh += float(minutes.energy_in_wh.sum())
        self._energy_out_wh += float(minutes.energy_out_wh.sum())
        temperature = minutes.temperature_celsius
        self._hot_second += float(minutes.elapsed_second[(temperature > HOT_CELSIUS).any(axis=1)].sum())
        self._cold_second += float(minutes.elapsed_second[(temperature < COLD_CELSIUS).any(axis=1)].sum())
        self._follow_charge(board)

    def _follow_charge(self, board: Board) -> None:
        soc = np.median(board.get(SocTrack).soc_fraction, axis=1)
        for value in soc[np.isfinite(soc)]:
            if value < DEEP_SOC and not self._was_deep:
                self._deep += 1
                self._was_deep = True
            elif value > RECOVERED_SOC:
                self._was_deep = False
        if np.isnan(self._first_soc):
            self._first_soc = float(soc[0])
        self._last_soc = float(soc[-1])
        self._last_ocv = float(np.median(board.get(SocTrack).ocv_volt[-1]))
        self._capacity_ah = float(np.median(board.get(CapacityTrack).capacity_ah[-1]))

    def usage(self) -> Usage:
        """What was summed; None where the log has no current or no temperature."""
        flowed = self._context.has_current
        felt = len(self._context.sensors) > 0
        return Usage(
            equivalent_full_cycles=self._cycles() if flowed else None,
            charge_throughput_ah=self._charge_in_ah + self._charge_out_ah if flowed else None,
            energy_charged_kilowatt_hour=self._energy_in_wh / 1000.0 if flowed else None,
            energy_discharged_kilowatt_hour=self._energy_out_wh / 1000.0 if flowed else None,
            round_trip_efficiency_fraction=self._efficiency() if flowed else None,
            deep_discharges=self._deep,
            hours_above_45_celsius=self._hot_second / 3600.0 if felt else None,
            hours_below_0_celsius=self._cold_second / 3600.0 if felt else None,
        )

    def _cycles(self) -> float:
        return 0.5 * (self._charge_in_ah + self._charge_out_ah) / self._capacity_ah

    def _efficiency(self) -> float | None:
        """Energy out over energy in, the change of what is stored taken out; None below one full cycle."""
        cells = self._context.cell_count
        stored = (self._last_soc - self._first_soc) * self._capacity_ah * self._last_ocv * cells
        spent = self._energy_in_wh - stored
        if self._cycles() < LEAST_CYCLES_FOR_EFFICIENCY or not np.isfinite(stored) or spent <= 0.0:
            return None
        share = self._energy_out_wh / spent
        return float(share) if 0.0 < share <= 1.0 else None
