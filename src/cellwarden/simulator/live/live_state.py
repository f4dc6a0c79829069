"""State of a live pack between two steps, and the pack before its first one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from cellwarden.core.sample_block import FloatArray
from cellwarden.simulator.cell_arrays import CellArrays, CellState, Curves, make_cells, make_curves, new_cell_state
from cellwarden.simulator.cell_design import CellDesign
from cellwarden.simulator.live.equilibrium_points import equilibrium_points
from cellwarden.simulator.live.live_pack import LivePack
from cellwarden.simulator.pack_arrays import PackSettings, PackState
from cellwarden.simulator.pack_setup import make_settings, new_pack_state

__all__ = ["LiveState", "curves_of", "new_live_state"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LiveState:
    """A live pack at one moment; a step makes a new one and leaves this as it is.

    Attributes
    ----------
    second : since the pack's start [s]
    cells : parameters of the cells with the faults that have begun
    settings : charger, balancer and BMS
    cell : polarisation, charge and temperature of the cells
    pack : what the string carries on beside the cells
    full_ah, empty_ah : (n_cells,) lithium in graphite of the full and the empty cell [Ah]
    drawn_ah : charge drawn from the string since the start [Ah]
    begun : indices of the faults that have begun
    held : reading at which a stuck sensor stands, by the fault's index
    """

    second: float
    cells: CellArrays
    settings: PackSettings
    cell: CellState
    pack: PackState
    full_ah: FloatArray
    empty_ah: FloatArray
    drawn_ah: float = 0.0
    begun: frozenset[int] = frozenset()
    held: Mapping[int, float] = field(default_factory=dict)

    @property
    def current_ampere(self) -> float:
        """Current of the string [A], positive charges."""
        return float(self.pack.ampere[0])

    @property
    def cell_voltage_volt(self) -> FloatArray:
        """Between the terminals of each cell, joint included, (n_cells,) [V]."""
        return self.pack.volt

    @property
    def cell_temperature_celsius(self) -> FloatArray:
        """Of each cell, (n_cells,) [°C]."""
        return self.cell.temperature_celsius

    @property
    def soc_fraction(self) -> FloatArray:
        """Of each cell, 0 empty and 1 full, (n_cells,)."""
        soc: FloatArray = (self.cell.negative_lithium_ah - self.empty_ah) / (self.full_ah - self.empty_ah)
        return soc


@lru_cache(maxsize=8)
def curves_of(design: CellDesign) -> Curves:
    """Curves of a design; the same for all packs of it."""
    return make_curves(design)


def new_live_state(pack: LivePack) -> LiveState:
    """The pack at rest at its initial charge, before any fault."""
    design, nominal = pack.design, pack.design.nominal_capacity_ah
    count, curves = design.cells_in_series, curves_of(design.cell)
    cell_random, sensor_random, kernel_random = (np.random.default_rng((pack.seed, stream)) for stream in range(3))
    path = design.ambient_resistance_kelvin_per_watt * (nominal / 100.0) ** (-2 / 3)
    cells = make_cells(design.cell, count, nominal, path, cell_random)
    full_ah, empty_ah = equilibrium_points(cells, curves)
    spread = design.cell.spread.initial_soc * cell_random.standard_normal(count)
    soc = np.clip(design.initial_soc_fraction + spread, 0.02, 0.999)
    offset_volt = design.sensors.voltage_offset_volt * sensor_random.standard_normal(count)
    return LiveState(
        second=0.0,
        cells=cells,
        settings=make_settings(design, 0.0),
        cell=new_cell_state(cells, curves, empty_ah + soc * (full_ah - empty_ah), pack.ambient.celsius(0.0)),
        pack=new_pack_state(count, offset_volt, kernel_random),
        full_ah=full_ah,
        empty_ah=empty_ah,
    )
