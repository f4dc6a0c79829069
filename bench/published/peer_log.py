"""A log as the published methods take it: the reader's rows gathered into steps of 10 s under load, a minute else.

The counted charge keeps every row; voltage and current of a step are those of its last row. A method that reads each
second's voltage anew would take one error of its curve for ten independent ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cellwarden.core.pack_spec import PackSpec
from cellwarden.core.sample_block import FloatArray, SampleBlock
from cellwarden.logs import open_log

__all__ = ["CellSteps", "PeerLog", "gathered", "read_peer_log"]

LOAD_SECOND, REST_SECOND = 10.0, 60.0
LOAD_SHARE = 0.02  # of the capacity in ampere; below that a pack rests or floats
USUAL_CELSIUS = 25.0


class CellSteps(NamedTuple):
    """(S,) steps of one cell, its bleed taken off the currents: length [s], mean and last current, voltage, °C."""

    second: FloatArray
    mean_ampere: FloatArray
    ampere: FloatArray
    volt: FloatArray
    celsius: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerLog:
    """(S,) steps, (n,) cells; positive current charges.

    Attributes
    ----------
    unix_time_second : (S,) end of each step [s]
    step_second : (S,) its length, 0 for the first
    mean_ampere : (S,) mean current over the step, by trapezia [A]
    bled_ampere : (S, n) mean current that the balancer drew from the cell, as logged [A]
    current_ampere : (S,) at the step's end [A]
    voltage_volt : (S, n) there, NaN where it was not read [V]
    temperature_celsius : (S, n) there, of the sensor at the cell [°C]
    """

    unix_time_second: FloatArray
    step_second: FloatArray
    mean_ampere: FloatArray
    bled_ampere: FloatArray
    current_ampere: FloatArray
    voltage_volt: FloatArray
    temperature_celsius: FloatArray

    def at(self, stamps: FloatArray) -> NDArray[np.int64]:
        """(M,) the last step that had ended by each stamp; −1 where none had."""
        return np.asarray(np.searchsorted(self.unix_time_second, stamps, side="right") - 1)

    def of_cell(self, cell: int) -> CellSteps:
        """What one cell went through."""
        bled = self.bled_ampere[:, cell]
        return CellSteps(
            second=self.step_second,
            mean_ampere=self.mean_ampere - bled,
            ampere=self.current_ampere - bled,
            volt=np.ascontiguousarray(self.voltage_volt[:, cell]),
            celsius=np.ascontiguousarray(self.temperature_celsius[:, cell]),
        )

    def mean_cell(self) -> PeerLog:
        """The log of one cell that is the mean of all that were read."""
        known = np.isfinite(self.voltage_volt)
        count = np.maximum(known.sum(axis=1), 1)
        mean = np.where(known.any(axis=1), np.where(known, self.voltage_volt, 0.0).sum(axis=1) / count, np.nan)
        return PeerLog(
            unix_time_second=self.unix_time_second,
            step_second=self.step_second,
            mean_ampere=self.mean_ampere,
            bled_ampere=self.bled_ampere.mean(axis=1, keepdims=True),
            current_ampere=self.current_ampere,
            voltage_volt=mean[:, None],
            temperature_celsius=self.temperature_celsius.mean(axis=1, keepdims=True),
        )


def read_peer_log(log: Path, spec: PackSpec) -> PeerLog:
    """Read a log with the project's reader; rows without a current are left out."""
    blocks = [_with_current(block) for block in open_log([log], spec).blocks()]

    def whole(name: str) -> FloatArray:
        return np.concatenate([getattr(block, name) for block in blocks])

    logged = blocks[0].balancing_fraction is not None
    rows = SampleBlock(
        unix_time_second=whole("unix_time_second"),
        current_ampere=whole("current_ampere"),
        pack_voltage_volt=whole("pack_voltage_volt"),
        cell_voltage_volt=whole("cell_voltage_volt"),
        temperature_celsius=whole("temperature_celsius"),
        ambient_temperature_celsius=whole("ambient_temperature_celsius"),
        balancing_fraction=whole("balancing_fraction") if logged else None,
    )
    return gathered(rows, spec)


def _with_current(block: SampleBlock) -> SampleBlock:
    known = np.isfinite(block.current_ampere)
    return SampleBlock(
        unix_time_second=block.unix_time_second[known],
        current_ampere=block.current_ampere[known],
        pack_voltage_volt=block.pack_voltage_volt[known],
        cell_voltage_volt=block.cell_voltage_volt[known],
        temperature_celsius=block.temperature_celsius[known],
        ambient_temperature_celsius=block.ambient_temperature_celsius[known],
        balancing_fraction=None if block.balancing_fraction is None else block.balancing_fraction[known],
    )


def gathered(rows: SampleBlock, spec: PackSpec) -> PeerLog:
    """Steps of rows whose currents are all known; the first row begins the first step and is none."""
    time, current = rows.unix_time_second, rows.current_ampere
    gap = np.diff(time, prepend=time[0])
    moved = np.cumsum(gap * 0.5 * (current + np.roll(current, 1)))
    last = _step_ends(time, np.abs(current) > LOAD_SHARE * spec.nominal_capacity_ah)
    first = np.concatenate([[0], last[:-1]])
    length = np.maximum(time[last] - time[first], 1e-9)
    duty = rows.balancing_fraction
    drawn = np.zeros_like(rows.cell_voltage_volt) if duty is None else np.nan_to_num(duty) * gap[:, None]
    bled = np.cumsum(drawn, axis=0) * spec.balancing_current_ampere
    return PeerLog(
        unix_time_second=time[last],
        step_second=time[last] - time[first],
        mean_ampere=np.where(time[last] > time[first], (moved[last] - moved[first]) / length, current[last]),
        bled_ampere=(bled[last] - bled[first]) / length[:, None],
        current_ampere=current[last],
        voltage_volt=np.ascontiguousarray(rows.cell_voltage_volt[last]),
        temperature_celsius=_cell_temperature(rows, spec)[last],
    )


def _step_ends(time: FloatArray, loaded: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Rows at which a step ends: full tens of seconds under load and where load begins or ends, else full minutes."""
    width = np.where(loaded, LOAD_SECOND, REST_SECOND)
    slot = np.floor(time / width)
    turn = (slot[1:] != slot[:-1]) | (loaded[1:] != loaded[:-1])
    ends = np.flatnonzero(turn)
    return np.append(ends[ends > 0], len(time) - 1)


def _cell_temperature(rows: SampleBlock, spec: PackSpec) -> FloatArray:
    """(T, n) reading of the sensor at each cell, the mean of all where none is; the last one where it is missing."""
    known = np.isfinite(rows.temperature_celsius)
    mean = np.where(known, rows.temperature_celsius, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    mean = np.where(known.any(axis=1), mean, USUAL_CELSIUS)
    out = np.repeat(mean[:, None], rows.cell_count, axis=1)
    for place, cells in enumerate(spec.sensors.temperature_cells.values()):
        reading = np.where(known[:, place], rows.temperature_celsius[:, place], mean)
        for cell in cells:
            out[:, cell - 1] = reading
    return out
