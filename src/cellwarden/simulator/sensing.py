"""What the sensors and the logger make of a pack's true course: columns of a log in integer units."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cellwarden.core.sample_block import FloatArray
from cellwarden.simulator.course import DAY_SECOND, TrueCourse, random_streams
from cellwarden.simulator.fault import Fault, RowDisorder

__all__ = ["PackLog", "RowFault", "SensorTruth", "observe"]

IntColumn = NDArray[np.int64] | NDArray[np.int32] | NDArray[np.int16] | NDArray[np.int8]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class RowFault:
    """One stretch of rows that is missing, repeated or out of order, or a step of the clock, in true time."""

    kind: str
    from_unix_time_second: float
    until_unix_time_second: float
    step_second: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorTruth:
    """Errors of the sensors at the end of the log."""

    voltage_offset_volt: FloatArray  # (n_cells,) by channel
    current_offset_ampere: float
    current_gain_fraction: float
    temperature_offset_kelvin: FloatArray  # (n_sensors,)


@dataclass(frozen=True, slots=True, kw_only=True)
class PackLog:
    """Columns by name, each (R,), in the log's order of rows; `missing` marks values that were not measured."""

    columns: dict[str, IntColumn]
    missing: dict[str, BoolArray]
    row_faults: tuple[RowFault, ...]
    sensors: SensorTruth


@dataclass(slots=True)
class _Observer:
    """Reads one course row by row; `second` are the rows' true times from the start (R,)."""

    course: TrueCourse
    second: NDArray[np.int64]
    noise: np.random.Generator
    columns: dict[str, IntColumn]
    missing: dict[str, BoolArray]

    def onset_row(self, fault: Fault) -> int:
        return int(np.searchsorted(self.second, int(fault.onset_day * DAY_SECOND)))

    def of_kind(self, kind: str, cell: int | None = None, sensor: str | None = None) -> list[Fault]:
        return [
            fault
            for fault in self.course.scenario.faults
            if fault.kind == kind and fault.cell == cell and fault.sensor == sensor
        ]

    def read(self, true: FloatArray, noise: float, step: float, unit: float) -> IntColumn:
        """Noisy, quantised reading in whole multiples of `unit`; the step is a whole number of units."""
        steps = np.rint((true + noise * self.noise.standard_normal(true.shape[0])) / step)
        whole: NDArray[np.int32] = (steps * round(step / unit)).astype(np.int32)
        return whole

    def offset(self, healthy: float, kind: str, cell: int | None, sensor: str | None) -> FloatArray:
        """Offset at each row: the healthy one until a fault sets another."""
        offset = np.full(self.second.shape[0], healthy)
        for fault in self.of_kind(kind, cell, sensor):
            offset[self.onset_row(fault) :] = fault.size
        return offset

    def spoil(self, name: str, cell: int | None, sensor: str | None) -> None:
        """Freeze or lose a channel where a fault says so."""
        column = self.columns[name]
        for fault in self.of_kind("sensor_stuck", cell, sensor):
            first = self.onset_row(fault)
            column[first : first + self._rows(fault)] = column[first]
        for fault in self.of_kind("sensor_dropout", cell, sensor):
            first = self.onset_row(fault)
            gone = self.missing.setdefault(name, np.zeros(column.shape[0], dtype=np.bool_))
            gone[first : first + self._rows(fault)] = True

    def _rows(self, fault: Fault) -> int:
        return max(1, int(fault.size / self.course.settings.sample_second))


def _read_cells(observer: _Observer) -> FloatArray:
    """Cell voltage columns; returns the offsets at the end, (n_cells,) by channel."""
    course, recording, sensors = observer.course, observer.course.recording, observer.course.scenario.pack.sensors
    count = course.scenario.pack.cells_in_series
    wire = np.tile(np.arange(count), (2, 1))
    swapped_from = observer.second.shape[0]
    for fault in course.scenario.faults:
        if fault.kind == "sense_wires_swapped" and fault.cell is not None and fault.other is not None:
            pair = [fault.cell - 1, fault.other - 1]
            wire[1, pair] = wire[1, pair[::-1]]
            swapped_from = min(swapped_from, observer.onset_row(fault))
    final = np.empty(count)
    for channel in range(count):
        true = recording.volt[:, wire[0, channel]].astype(np.float64)
        true[swapped_from:] = recording.volt[swapped_from:, wire[1, channel]]
        healthy = float(course.healthy_voltage_offset_volt[channel])
        offset = observer.offset(healthy, "voltage_sensor_offset", channel + 1, None)
        final[channel] = offset[-1]
        name = f"cell_voltage_c{channel + 1}_millivolt"
        reading = observer.read(true + offset, sensors.voltage_noise_volt, sensors.voltage_step_volt, 1e-3)
        observer.columns[name] = reading.astype(np.int16)
        observer.spoil(name, channel + 1, None)
    return final


def _read_temperatures(observer: _Observer, random: np.random.Generator) -> FloatArray:
    """Temperature columns; returns the offsets at the end, (n_sensors,)."""
    course, pack = observer.course, observer.course.scenario.pack
    sensors = pack.sensors
    healthy = sensors.temperature_offset_kelvin * random.standard_normal(len(pack.temperature_cells))
    final = np.empty(len(pack.temperature_cells))
    for index, cells in enumerate(pack.temperature_cells):
        name, place = f"temperature_t{index + 1}_decicelsius", f"t{index + 1}"
        touched = course.recording.temperature_celsius[:, cells[0] - 1 : cells[-1]]
        offset = observer.offset(float(healthy[index]), "temperature_sensor_offset", None, place)
        final[index] = offset[-1]
        true = touched.mean(axis=1, dtype=np.float64) + offset
        reading = observer.read(true, sensors.temperature_noise_kelvin, sensors.temperature_step_kelvin, 0.1)
        observer.columns[name] = reading.astype(np.int16)
        observer.spoil(name, None, place)
    if sensors.ambient_logged:
        true = course.recording.ambient_celsius.astype(np.float64)
        reading = observer.read(true, sensors.temperature_noise_kelvin, sensors.temperature_step_kelvin, 0.1)
        observer.columns["ambient_temperature_decicelsius"] = reading.astype(np.int16)
    return final


def _read_current(observer: _Observer, random: np.random.Generator) -> tuple[float, float]:
    """Current column; returns offset at the end [A] and gain error."""
    sensors = observer.course.scenario.pack.sensors
    gain = sensors.current_gain_fraction * float(random.standard_normal())
    healthy = sensors.current_offset_ampere * float(random.standard_normal())
    offset = observer.offset(healthy, "current_sensor_offset", None, None)
    true = observer.course.recording.ampere * (1.0 + gain) + offset
    step = sensors.current_step_ampere
    observer.columns["current_milliampere"] = observer.read(true, sensors.current_noise_ampere, step, 1e-3)
    return float(offset[-1]), gain


def _read_rest(observer: _Observer) -> None:
    """Pack voltage, bleeds and switches."""
    course, pack = observer.course, observer.course.scenario.pack
    if pack.sensors.pack_voltage_logged:
        true = course.recording.volt.sum(axis=1, dtype=np.float64)
        noise, step = pack.sensors.pack_voltage_noise_volt, pack.sensors.pack_voltage_step_volt
        observer.columns["voltage_millivolt"] = observer.read(true, noise, step, 1e-3)
    if pack.balancer.enabled and pack.balancer.logged:
        for channel in range(pack.cells_in_series):
            observer.columns[f"balancing_c{channel + 1}_percent"] = course.recording.bleed_percent[:, channel].copy()
    if pack.bms.switches_logged:
        switches = course.recording.switches
        observer.columns["charge_switch_fraction"] = (switches & 1).astype(np.int8)
        observer.columns["discharge_switch_fraction"] = (switches >> 1).astype(np.int8)


def _disorder_rows(
    disorder: RowDisorder, second: NDArray[np.int64], start: int, random: np.random.Generator
) -> tuple[NDArray[np.int64], list[RowFault]]:
    """Order of rows, with dropouts, repeats and swaps, and what was done."""
    faults: list[RowFault] = []
    count, keep = second.shape[0], np.ones(second.shape[0], dtype=np.int64)
    order = np.arange(count)

    def note(kind: str, first: int, last: int) -> None:
        faults.append(RowFault(kind, float(start + second[first]), float(start + second[last])))

    for kind, number, bounds in (
        ("dropout", disorder.dropouts, disorder.dropout_second),
        ("duplicate", disorder.duplicates, disorder.duplicate_second),
    ):
        for _ in range(number):
            length = int(random.integers(*bounds, endpoint=True))
            first = int(random.integers(1, count - 2))
            last = min(int(np.searchsorted(second, second[first] + length)), count - 2)
            keep[first : last + 1] = 0 if kind == "dropout" else 2 * np.minimum(keep[first : last + 1], 1)
            note(kind, first, last)
    for _ in range(disorder.swaps):
        row = int(random.integers(1, count - 3))
        order[[row, row + 1]] = order[[row + 1, row]]
        note("out_of_order", row, row + 1)
    return np.repeat(order, keep[order]), faults


def observe(course: TrueCourse) -> PackLog:
    """Read a course with the pack's sensors and write it down with the logger's disorder.

    The healthy sensors' offsets, the noise and the rows' disorder each have their own random stream, so that a fault
    of one does not change another.
    """
    random = random_streams(course.seed)
    random["sensors"].standard_normal(course.scenario.pack.cells_in_series)  # the voltage offsets, drawn before
    rows, sample = course.recording.ampere.shape[0], course.settings.sample_second
    start = course.scenario.start_unix_time_second
    observer = _Observer(course, np.arange(rows, dtype=np.int64) * sample, random["noise"], {}, {})
    disorder = course.scenario.disorder
    order, row_faults = _disorder_rows(disorder, observer.second, start, random["rows"])
    milliseconds = (observer.second + start) * 1000
    if disorder.clock_step_second:
        first = int(np.searchsorted(observer.second, int(disorder.clock_step_day * DAY_SECOND)))
        milliseconds[first:] += int(disorder.clock_step_second * 1000)
        before, after = float(start + observer.second[first - 1]), float(start + observer.second[first])
        row_faults.append(RowFault("clock_step", before, after, disorder.clock_step_second))
    observer.columns["unix_time_millisecond"] = milliseconds
    offset, gain = _read_current(observer, random["sensors"])
    _read_rest(observer)
    volts = _read_cells(observer)
    kelvins = _read_temperatures(observer, random["sensors"])
    return PackLog(
        columns={name: column[order] for name, column in observer.columns.items()},
        missing={name: gone[order] for name, gone in observer.missing.items()},
        row_faults=tuple(row_faults),
        sensors=SensorTruth(
            voltage_offset_volt=volts,
            current_offset_ampere=offset,
            current_gain_fraction=gain,
            temperature_offset_kelvin=kelvins,
        ),
    )
