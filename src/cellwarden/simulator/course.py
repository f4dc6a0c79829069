"""What a simulated pack went through, before any sensor read it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from cellwarden.core.sample_block import FloatArray
from cellwarden.simulator.cell_arrays import CellArrays, CellState, Curves
from cellwarden.simulator.cell_measurement import CellPoints
from cellwarden.simulator.pack_arrays import FIRST_FULL_SECOND, PackSettings, PackState, Recording, Timetable
from cellwarden.simulator.scenario import Scenario

__all__ = ["DAY_SECOND", "Change", "TrueCourse", "random_streams"]

DAY_SECOND = 86400
Change = Callable[[int], None]


@dataclass(slots=True, kw_only=True)
class TrueCourse:
    """What happened in the pack. (M,) are minutes from the start of the log, (R,) its samples, (n,) cells.

    Attributes
    ----------
    now_second : how far the course has come, in seconds from the start of the log
    pending : changes to come, by second
    points_from_second, points : full and empty points of the cells and the second from which each set holds
    healthy_voltage_offset_volt : of the voltage channels, before any fault
    start_* : measured before the first second, before any fault; the charge gap (Ah missing to full) with faults
    leak_ah_at : charge lost by leak and short since the start, by the second of the snapshot
    dip_second : when a cell's micro shorts closed, by cell
    """

    scenario: Scenario
    seed: int
    cells: CellArrays
    curves: Curves
    settings: PackSettings
    timetable: Timetable
    state: CellState
    pack: PackState
    recording: Recording
    now_second: int
    points_from_second: list[int]
    points: list[CellPoints]
    healthy_voltage_offset_volt: FloatArray
    start_resistance_ohm: FloatArray
    start_thermal_kelvin_per_watt: FloatArray
    start_charge_gap_ah: FloatArray
    pending: list[tuple[int, Change]] = field(default_factory=list)
    leak_ah_at: dict[int, FloatArray] = field(default_factory=dict)
    dip_second: dict[int, list[int]] = field(default_factory=dict)

    @property
    def nominal_ah(self) -> float:
        """Nominal capacity [Ah]."""
        return self.scenario.pack.nominal_capacity_ah

    @property
    def first_full_second(self) -> int | None:
        """Seconds from the start of the log to the first tapered full charge; None if there was none."""
        second = int(self.pack.number[FIRST_FULL_SECOND])
        return second if second >= 0 else None

    def soc_fraction(self) -> FloatArray:
        """True state of charge each minute, (M, n)."""
        lithium = self.recording.lithium_ah
        soc = np.empty_like(lithium)
        for begin, points in zip(self.points_from_second, self.points, strict=True):
            first = begin // 60 + 1  # a minute's own row was written before the change
            soc[first:] = (lithium[first:] - points.empty_ah) / points.capacity_ah
        return soc


def random_streams(seed: int) -> dict[str, np.random.Generator]:
    """Independent random streams of one seed, so that a fault does not change the cells, nor a sensor the duty."""
    names = ("cells", "duty", "kernel", "sensors", "noise", "faults", "rows")
    children = np.random.SeedSequence(seed).spawn(len(names))
    return {name: np.random.default_rng(child) for name, child in zip(names, children, strict=True)}
