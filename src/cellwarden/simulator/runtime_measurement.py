"""How long a simulated pack would carry its backup load from the end of its course."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import numpy as np

from cellwarden.simulator.course import TrueCourse
from cellwarden.simulator.pack_arrays import DISCHARGE_OPEN, SETTLED_SECOND, Recording, Timetable
from cellwarden.simulator.pack_kernel import run_pack

__all__ = ["TrueRuntime", "measure_runtime"]

_LONGEST_SECOND = 200 * 3600
_CHUNK_SECOND = 10


@dataclass(frozen=True, slots=True)
class TrueRuntime:
    """Time at a load; `limiting_cell` counts from 1 and is the lowest at the end."""

    load_watt: float
    runtime_hour: float
    limiting_cell: int


def _nothing(count: int) -> Recording:
    """A recording without rows."""
    narrow, wide = np.zeros((0, count), dtype=np.float32), np.zeros((0, count))
    flags = np.zeros((0, count), dtype=np.int8)
    return Recording(
        np.zeros(0), narrow, narrow, np.zeros(0, dtype=np.float32), flags, np.zeros(0, dtype=np.int8), wide, narrow
    )


def measure_runtime(course: TrueCourse) -> TrueRuntime:
    """Run a copy of the pack at its backup load until it cuts off; the course is left as it is."""
    design = course.scenario.pack
    ambient = np.full(_LONGEST_SECOND // 60 + 3, course.timetable.ambient_celsius[-3])
    end = np.array([_LONGEST_SECOND], dtype=np.int64)
    watt = design.backup_load_watt / design.inverter_efficiency
    timetable = Timetable(end, np.array([watt]), np.zeros(1), ambient)
    state, pack = copy.deepcopy(course.state), copy.deepcopy(course.pack)
    pack.bleed_on[:] = False
    pack.number[[DISCHARGE_OPEN, SETTLED_SECOND]] = 0.0
    settings = course.settings._replace(load_jitter_fraction=0.0)
    second = 0
    while pack.number[DISCHARGE_OPEN] == 0.0 and second < _LONGEST_SECOND:
        run_pack(
            course.cells,
            course.curves,
            settings,
            timetable,
            state,
            pack,
            _nothing(design.cells_in_series),
            second,
            second + _CHUNK_SECOND,
        )
        second += _CHUNK_SECOND
    lowest = int(np.argmin(pack.volt))
    return TrueRuntime(design.backup_load_watt, second / 3600.0, lowest + 1)
