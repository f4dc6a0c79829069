"""How faults come into a running pack: what each kind changes when it begins."""

from __future__ import annotations

import numpy as np

from cellwarden.core.errors import ConfigurationError
from cellwarden.simulator.cell_arrays import CellArrays
from cellwarden.simulator.cell_measurement import CellPoints, find_points
from cellwarden.simulator.course import DAY_SECOND, Change, TrueCourse
from cellwarden.simulator.duty import WARM_UP_SECOND
from cellwarden.simulator.fault import Fault

__all__ = ["fault_changes"]


def _lose_capacity(cells: CellArrays, fault: Fault, k: int, points: CellPoints) -> None:
    """Take that share of the cell's capacity away, with lithium or with both electrodes' area."""
    if fault.loss == "lithium":
        cells.total_lithium_ah[k] -= fault.size * points.capacity_ah[k]
        return
    keep = 1.0 - fault.size
    for amount in (cells.negative_capacity_ah, cells.positive_capacity_ah, cells.total_lithium_ah):
        amount[k] *= keep
    _resist(cells, k, 1.0 / keep)


def _resist(cells: CellArrays, k: int, factor: float) -> None:
    """Multiply what makes a cell's own resistance."""
    for resistance in (cells.ohmic_ohm, cells.electrolyte_ohm):
        resistance[k] *= factor
    for exchange in (cells.negative_exchange_ampere, cells.positive_exchange_ampere):
        exchange[k] /= factor


def _change_capacity(course: TrueCourse, fault: Fault, k: int, second: int) -> None:
    """Lose capacity; new full and empty points hold from there on.

    The charge missing to full stays as it was: lithium that graphite loses to side reactions leaves LFP as it is.
    """
    before, lithium_ah = course.points[-1], course.state.negative_lithium_ah
    missing_ah = before.full_ah[k] - lithium_ah[k]
    _lose_capacity(course.cells, fault, k, before)
    after = find_points(course.cells, course.curves, course.nominal_ah)
    lithium_ah[k] = max(after.full_ah[k] - missing_ah, after.empty_ah[k] + 0.02 * after.capacity_ah[k])
    if course.points_from_second[-1] == second:
        course.points[-1] = after
    else:
        course.points_from_second.append(second)
        course.points.append(after)


def _change_cell(course: TrueCourse, fault: Fault, k: int, second: int) -> None:
    """Change what belongs to one cell."""
    cells = course.cells
    match fault.kind:
        case "capacity_low":
            _change_capacity(course, fault, k, second)
        case "resistance_high":
            _resist(cells, k, 1.0 + fault.size)
        case "connection_resistance_high":
            cells.extra_joint_ohm[k] += fault.size
        case "self_discharge" if fault.short_ohm is not None:
            cells.short_siemens[k] += 1.0 / fault.short_ohm
        case "self_discharge":
            cells.leak_ampere[k] += fault.size
        case "thermal_path_degraded":
            cells.ambient_resistance_kelvin_per_watt[k] *= fault.size
        case "voltage_sensor_offset":
            course.pack.channel_offset_volt[k] = fault.size


def _places(course: TrueCourse, fault: Fault) -> list[int]:
    """Indices of the cells that a fault touches."""
    if fault.cell is not None:
        return [fault.cell - 1]
    if fault.sensor is not None:
        return [cell - 1 for cell in course.scenario.pack.temperature_cells[int(fault.sensor[1:]) - 1]]
    return []


def _beginning(course: TrueCourse, fault: Fault) -> Change:
    """The change with which a fault begins."""

    def begin(second: int) -> None:
        if fault.kind == "cold_charge":
            course.settings = course.settings._replace(coldest_charge_celsius=-90.0)
        elif fault.kind == "sense_wires_swapped":
            if fault.cell is None or fault.other is None:
                raise ConfigurationError("sense_wires_swapped needs `cell` and `other`")
            pair = [fault.cell - 1, fault.other - 1]
            course.pack.wire[pair] = course.pack.wire[pair[::-1]]
        for k in _places(course, fault):
            _change_cell(course, fault, k, second)

    return begin


def _conductance_change(course: TrueCourse, k: int, siemens: float) -> Change:
    def change(_second: int) -> None:
        present = course.cells.short_siemens[k] + siemens
        course.cells.short_siemens[k] = present if present > 1e-9 else 0.0

    return change


def _dips(course: TrueCourse, fault: Fault, rng: np.random.Generator) -> list[tuple[int, Change]]:
    """Micro shorts: each closes for some seconds, and pulls the cell down by 20 to 80 mV."""
    if fault.cell is None:
        raise ConfigurationError("micro_short needs `cell`")
    k = fault.cell - 1
    first, last = int(fault.onset_day * DAY_SECOND), int(course.timetable.end_second[-1])
    seconds = np.sort(rng.integers(first + 10, last - 60, size=int(fault.size))).tolist()
    ohm = float(course.cells.ohmic_ohm[k] + course.cells.electrolyte_ohm[k])
    changes: list[tuple[int, Change]] = []
    for second in seconds:
        siemens = float(rng.uniform(0.02, 0.08)) / ohm / 3.3
        changes.append((second, _conductance_change(course, k, siemens)))
        changes.append((second + int(rng.integers(2, 9)), _conductance_change(course, k, -siemens)))
    course.dip_second[fault.cell] = seconds
    return changes


def fault_changes(course: TrueCourse, rng: np.random.Generator) -> list[tuple[int, Change]]:
    """What changes the pack and when, in seconds from the start; faults from the start come before the warm-up.

    Raises
    ------
    ConfigurationError
        A fault that lacks its place.
    """
    changes: list[tuple[int, Change]] = []
    for fault in course.scenario.faults:
        if fault.kind == "micro_short":
            changes += _dips(course, fault, rng)
        else:
            second = int(fault.onset_day * DAY_SECOND) if fault.onset_day > 0.0 else -WARM_UP_SECOND
            changes.append((second, _beginning(course, fault)))
    return sorted(changes, key=lambda change: change[0])
