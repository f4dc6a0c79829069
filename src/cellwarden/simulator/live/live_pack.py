"""What a live pack is and what is asked of it: the frozen description that `begin` and `advance` take."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from cellwarden.core.errors import ConfigurationError
from cellwarden.simulator.fault import Fault
from cellwarden.simulator.live.live_duty import LiveAmbient, LiveDuty
from cellwarden.simulator.pack_design import PackDesign

__all__ = ["LIVE_FAULT_KINDS", "LivePack"]

LIVE_FAULT_KINDS = frozenset(
    {
        "self_discharge",
        "capacity_low",
        "resistance_high",
        "connection_resistance_high",
        "soc_imbalance",
        "voltage_sensor_offset",
        "current_sensor_offset",
        "temperature_sensor_offset",
        "thermal_path_degraded",
        "sensor_stuck",
        "sensor_dropout",
    }
)
_MOST_CELLS = 400
_WITHOUT_PLACE = frozenset({"current_sensor_offset"})
_WITH_SENSOR = frozenset({"temperature_sensor_offset", "thermal_path_degraded", "sensor_stuck", "sensor_dropout"})


@dataclass(frozen=True, slots=True, kw_only=True)
class LivePack:
    """A pack with its duty, weather and faults.

    Attributes
    ----------
    design : string, cooling, charger, balancer, BMS and sensors
    faults : what goes wrong; `onset_day` counts from the pack's start. A stuck or missing sensor comes back after
        `magnitude` seconds, or never where there is none
    start_unix_time_second : UTC of the pack's first moment [s]
    seed : of the cells' spread, the sensors' offsets and their noise

    Raises
    ------
    ConfigurationError
        More cells than a string may have, or a fault that a live pack cannot have or that lacks its place.
    """

    design: PackDesign
    duty: LiveDuty = field(default_factory=LiveDuty)
    ambient: LiveAmbient = field(default_factory=LiveAmbient)
    faults: tuple[Fault, ...] = ()
    start_unix_time_second: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        count = self.design.cells_in_series
        if not 1 <= count <= _MOST_CELLS:
            raise ConfigurationError(f"a live pack has 1 to {_MOST_CELLS} cells, not {count}")
        for fault in self.faults:
            _check(fault, count, len(self.design.temperature_cells))

    def cells_of(self, fault: Fault) -> tuple[int, ...]:
        """Indices, from 0, of the cells that a fault touches."""
        if fault.cell is not None:
            return (fault.cell - 1,)
        if fault.sensor is not None:
            return tuple(cell - 1 for cell in self.design.temperature_cells[sensor_index(fault.sensor)])
        return ()


def sensor_index(sensor: str) -> int:
    """Index, from 0, of the temperature sensor of that name ("t1" …)."""
    return int(sensor[1:]) - 1


def _check(fault: Fault, cell_count: int, sensor_count: int) -> None:
    if fault.kind not in LIVE_FAULT_KINDS:
        raise ConfigurationError(
            f"a live pack has no fault '{fault.kind}'; it has: {', '.join(sorted(LIVE_FAULT_KINDS))}"
        )
    if not math.isfinite(fault.onset_day):
        raise ConfigurationError(f"the fault {fault.kind} begins at {fault.onset_day}; it needs a number of days")
    if fault.cell is not None and not 1 <= fault.cell <= cell_count:
        raise ConfigurationError(f"the fault {fault.kind} names cell {fault.cell}; there are 1 to {cell_count}")
    names = [f"t{number + 1}" for number in range(sensor_count)]
    if fault.sensor is not None and (fault.kind not in _WITH_SENSOR or fault.sensor not in names):
        raise ConfigurationError(
            f"the fault {fault.kind} names sensor '{fault.sensor}'; "
            + (f"there are {', '.join(names)}" if fault.kind in _WITH_SENSOR else "it needs a cell")
        )
    if fault.cell is None and fault.sensor is None and fault.kind not in _WITHOUT_PLACE:
        raise ConfigurationError(f"the fault {fault.kind} needs a place: a cell or a sensor")
    if fault.kind == "temperature_sensor_offset" and fault.sensor is None:
        raise ConfigurationError("the fault temperature_sensor_offset needs a sensor, not a cell")
    may_lack_size = fault.kind in {"sensor_stuck", "sensor_dropout"} or fault.short_ohm is not None
    if fault.magnitude is None and not may_lack_size:
        raise ConfigurationError(f"the fault {fault.kind} needs a magnitude")
