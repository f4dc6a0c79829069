"""Faults that a simulated pack may have, and what they change when they begin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Fault", "FaultKind", "RowDisorder"]

FaultKind = Literal[
    "self_discharge",
    "capacity_low",
    "resistance_high",
    "connection_resistance_high",
    "soc_imbalance",
    "voltage_sensor_offset",
    "current_sensor_offset",
    "temperature_sensor_offset",
    "thermal_path_degraded",
    "micro_short",
    "cold_charge",
    "sensor_stuck",
    "sensor_dropout",
    "sense_wires_swapped",
    "undersampled",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One injected fault.

    Attributes
    ----------
    kind : as in the results' kinds
    cell, sensor : place; cells count from 1, sensors are "t1" …; both None is the pack
    onset_day : beginning, in days from the start of the log
    magnitude : what is asked for: A of leak, fraction of capacity or resistance, ohm of a joint, Ah above the median
        of the pack (imbalance), V, A or K of an offset (the sensor's whole offset from then on), ratio of a thermal
        resistance, number of dips, s of a stuck or missing channel, s between samples that would be needed
    short_ohm : a self-discharge by a short of that resistance in place of a leak
    loss : capacity lost with the lithium (graphite's steps move) or with electrode area (resistance grows)
    other : the second cell of a swapped pair
    """

    kind: FaultKind
    cell: int | None = None
    sensor: str | None = None
    onset_day: float = 0.0
    magnitude: float | None = None
    short_ohm: float | None = None
    loss: Literal["lithium", "area"] = "lithium"
    other: int | None = None

    @property
    def size(self) -> float:
        """The magnitude.

        Raises
        ------
        ValueError
            The fault has none.
        """
        if self.magnitude is None:
            raise ValueError(f"a fault of kind {self.kind} needs a magnitude")
        return self.magnitude

    def request(self) -> dict[str, float | str | int]:
        """What was asked for, as it stands in the truth file."""
        asked: dict[str, float | str | int] = {"onset_day": self.onset_day}
        if self.magnitude is not None:
            asked["magnitude"] = self.magnitude
        if self.short_ohm is not None:
            asked["short_ohm"] = self.short_ohm
        if self.other is not None:
            asked["other"] = self.other
        if self.kind == "capacity_low":
            asked["loss"] = self.loss
        return asked


@dataclass(frozen=True, slots=True, kw_only=True)
class RowDisorder:
    """What goes wrong with the rows of a log as such: how many of each, and a step of the logger's clock."""

    dropouts: int = 0
    dropout_second: tuple[int, int] = (60, 180)
    duplicates: int = 0
    duplicate_second: tuple[int, int] = (5, 30)
    swaps: int = 0
    clock_step_second: float = 0.0
    clock_step_day: float = 0.0
