"""Small packs that the simulator's tests share."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cellwarden.simulator.cell_design import SHARP_STAGING, CellDesign
from cellwarden.simulator.duty import Ambient, DutyCycle, DutyKind
from cellwarden.simulator.electrode import EntropyCurve
from cellwarden.simulator.fault import Fault, RowDisorder
from cellwarden.simulator.pack_design import BalancerDesign, PackDesign, SensorDesign
from cellwarden.simulator.scenario import Scenario

SMALL_PACK = PackDesign(id="small", cells_in_series=4)
CALM = Ambient(mean_celsius=25.0, day_swing_kelvin=0.0, noise_kelvin=0.0)


def small_scenario(
    *faults: Fault,
    kind: DutyKind = "cycle",
    days: float = 1.2,
    sample_second: int = 10,
    cell: CellDesign = SHARP_STAGING,
    ambient: Ambient = CALM,
    disorder: RowDisorder | None = None,
    pack: PackDesign = SMALL_PACK,
) -> Scenario:
    """Four cells of 100 Ah."""
    sensors = SensorDesign(sample_second=sample_second, cells_per_temperature_sensor=2)
    design = replace(pack, sensors=sensors, cell=cell)
    duty = DutyCycle(kind=kind, days=days, ambient=ambient)
    return Scenario(pack=design, duty=duty, faults=faults, disorder=disorder or RowDisorder())


def quiet(cell: CellDesign) -> CellDesign:
    """The design without leak and without entropic heat."""
    return replace(cell, leak_ampere_per_ah=0.0, entropy=EntropyCurve(0.0, 0.0, 0.1, 0.0, 0.4, 0.1))


NO_BALANCER = BalancerDesign(enabled=False)


def reading(columns: dict[str, np.ndarray], name: str) -> np.ndarray:
    """A column as floats."""
    return columns[name].astype(np.float64)
