"""Samples to minutes and current edges: the only stage that works at the sampling rate.

Everything slower than a second needs sums, means and extremes of a minute, and the voltage steps that current steps
cause; both are gathered here in one pass. The kernel carries all that it needs from one block to the next, so the
result does not depend on where samples are cut.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from cellwarden.core.minute_block import EdgeBlock, MinuteBlock
from cellwarden.core.sample_block import FloatArray, SampleBlock
from cellwarden.estimation import minute_slots as at
from cellwarden.estimation.dip_kernel import DIP_VOLT, FIRST_VARIANCE
from cellwarden.estimation.edge_kernel import flush_edges
from cellwarden.estimation.minute_kernel import reduce_samples
from cellwarden.estimation.minute_rows import close_row
from cellwarden.estimation.minute_slots import Carried, Output, Samples
from cellwarden.estimation.plugin import PackContext

__all__ = ["ReductionState", "finish_minutes", "initial_reduction", "reduce_to_minutes"]

BRIDGED_SECOND = 3600.0
EDGE_FRACTION_OF_C = 0.05
COARSE_STEPS = 3.0  # a dip is deeper than that many steps of the reading


@dataclass(frozen=True, slots=True)
class ReductionState:
    """Open minute and open edge: the pack's slots, those of groups of cells, readings (n_cells,), slots of sensors."""

    pack: FloatArray
    cell: FloatArray
    scanned: FloatArray
    sensor: FloatArray
    pending: FloatArray
    pending_before: FloatArray
    pending_after: FloatArray
    parameters: FloatArray


def initial_reduction(context: PackContext) -> ReductionState:
    """State before the first sample."""
    pack = context.pack
    capacity_ah = pack.nominal_capacity_ah
    resolution = pack.sensors.current_resolution_ampere
    parameters = np.array(
        [
            max(EDGE_FRACTION_OF_C * capacity_ah, 10.0 * resolution),
            max(0.005 * capacity_ah, 4.0 * resolution),
            pack.balancing_current_ampere if pack.balancer == "passive" else 0.0,
            BRIDGED_SECOND,
            max(DIP_VOLT, COARSE_STEPS * pack.sensors.voltage_resolution_volt),
        ]
    )
    state = np.zeros(at.PACK_SLOTS)
    state[at.LAST_TIME] = np.nan
    state[at.LAST_CURRENT] = np.nan
    state[at.EARLIER_CURRENT] = np.nan
    groups = -(-context.cell_count // at.LANES)
    cell = np.zeros((groups, at.CELL_SLOTS, at.LANES))
    cell[:, at.DIP_VARIANCE] = FIRST_VARIANCE
    cell[:, [at.V_LAST, at.STEADY_V]] = np.nan
    cell[:, at.V_MIN], cell[:, at.V_MAX] = np.inf, -np.inf
    sensor = np.zeros((at.SENSOR_SLOTS, len(context.sensors)))
    sensor[at.T_LAST] = np.nan
    waiting = at.PENDING_EDGES
    return ReductionState(
        pack=state,
        cell=cell.reshape(groups, -1),
        scanned=np.full(context.cell_count, np.nan),
        sensor=sensor,
        pending=np.zeros((waiting, at.EDGE_SLOTS)),
        pending_before=np.zeros((waiting, context.cell_count)),
        pending_after=np.zeros((waiting, context.cell_count)),
        parameters=parameters,
    )


def reduce_to_minutes(state: ReductionState, block: SampleBlock) -> tuple[ReductionState, MinuteBlock, EdgeBlock]:
    """Advance over a block of samples.

    Parameters
    ----------
    state : left by the block before
    block : T ≥ 1 samples

    Returns
    -------
    the new state, the minute rows that were closed by these samples and the edges that were completed by them
    """
    new = _copy(state)
    rows = _row_bound(block.unix_time_second, state.pack)
    out = _Buffers.of(rows, len(block), block.cell_count, block.temperature_sensor_count)
    plan, bits = np.empty((at.PLAN_ROWS, at.PLAN_SLOTS)), np.empty(at.PLAN_ROWS, dtype=np.int64)
    count, edges = reduce_samples(_carried(new), _samples(block), out.output(), plan, bits)
    return new, out.minutes(count), out.edges(edges)


def finish_minutes(state: ReductionState) -> tuple[MinuteBlock, EdgeBlock]:
    """The row of the last sample, what the open minute holds, and its edges (none where it holds nothing)."""
    out = _Buffers.of(1, 2 * at.PENDING_EDGES, state.scanned.shape[0], state.sensor.shape[1])
    if state.pack[at.SAMPLES] == 0:
        return out.minutes(0), out.edges(0)
    new = _carried(_copy(state))
    close_row(new, out.output(), float(state.pack[at.LAST_TIME]), 0)
    edges = flush_edges(new, out.output(), 0, 0)
    return out.minutes(1), out.edges(edges)


def _carried(state: ReductionState) -> Carried:
    return Carried(
        state.pack,
        state.cell,
        state.scanned,
        state.sensor,
        state.pending,
        state.pending_before,
        state.pending_after,
        state.parameters,
    )


def _samples(block: SampleBlock) -> Samples:
    return Samples(
        time=block.unix_time_second,
        current=block.current_ampere,
        level=_level(block),
        pack_voltage=block.pack_voltage_volt,
        voltage=block.cell_voltage_volt,
        temperature=block.temperature_celsius,
        ambient=block.ambient_temperature_celsius,
        duty=_or_empty(block.balancing_fraction),
        active=_or_empty(block.balancing_current_ampere),
        impedance=_or_empty(block.impedance_ohm),
        switch=_switch_open(block),
    )


def _copy(state: ReductionState) -> ReductionState:
    return replace(state, **{field.name: getattr(state, field.name).copy() for field in fields(state)})


def _row_bound(unix_time_second: FloatArray, pack: FloatArray) -> int:
    """Most rows that these samples can close: one a minute, gaps bridged for an hour at most."""
    last = pack[at.LAST_TIME]
    first = float(unix_time_second[0]) if np.isnan(last) else float(last)
    whole = np.ceil(unix_time_second[-1] / 60.0) - np.ceil(first / 60.0)
    if whole <= len(unix_time_second):  # no bridge is that long
        return int(whole) + 2
    steps = np.diff(np.ceil(np.concatenate([[first], unix_time_second]) / 60.0))
    return int(np.minimum(steps, 62.0).sum()) + 2


def _level(block: SampleBlock) -> FloatArray:
    """(T,) the current; the median cell voltage where there is none but a cell gave a reading."""
    current, voltage = block.current_ampere, block.cell_voltage_volt
    unknown = np.isnan(current)
    if not unknown.any():
        return current
    unknown &= np.isfinite(voltage).any(axis=1)
    level = current.copy()
    level[unknown] = np.nanmedian(voltage[unknown], axis=1)
    return level


def _or_empty(values: FloatArray | None) -> FloatArray:
    return np.empty((0, 0)) if values is None else values


def _switch_open(block: SampleBlock) -> FloatArray:
    """(T,) 1 where both switches are reported open, NaN where not reported; empty without such columns."""
    charge, discharge = block.charge_switch_fraction, block.discharge_switch_fraction
    if charge is None or discharge is None:
        return np.empty(0)
    result: FloatArray = np.where(np.isnan(charge) | np.isnan(discharge), np.nan, (charge == 0.0) & (discharge == 0.0))
    return result


@dataclass(frozen=True, slots=True)
class _Buffers:
    """What the kernel writes into."""

    row: FloatArray
    row_cell: NDArray[np.float64]
    row_sensor: NDArray[np.float64]
    edge: FloatArray
    edge_before: FloatArray
    edge_after: FloatArray

    @classmethod
    def of(cls, rows: int, samples: int, cells: int, sensors: int) -> _Buffers:
        edges = samples // 2 + at.PENDING_EDGES + 2
        return cls(
            np.empty((at.ROW_SLOTS, rows)),
            np.empty((at.ROW_CELL_SLOTS, rows, cells)),
            np.empty((at.ROW_SENSOR_SLOTS, rows, sensors)),
            np.empty((at.EDGE_SLOTS, edges)),
            np.empty((edges, cells)),
            np.empty((edges, cells)),
        )

    def output(self) -> Output:
        return Output(self.row, self.row_cell, self.row_sensor, self.edge, self.edge_before, self.edge_after)

    def minutes(self, count: int) -> MinuteBlock:
        pack_names = [
            "unix_time_second",
            "elapsed_second",
            "sample_count",
            "longest_gap_second",
            "current_ampere",
            "current_minimum_ampere",
            "current_maximum_ampere",
            "current_last_ampere",
            "charge_ah",
            "charge_in_ah",
            "charge_out_ah",
            "energy_in_wh",
            "energy_out_wh",
            "pack_voltage_volt",
            "ambient_temperature_celsius",
            "switch_open_fraction",
            "frozen_second",
            "repeat_count",
            "current_square_a2s",
        ]
        cell_names = [
            "voltage_volt",
            "voltage_minimum_volt",
            "voltage_maximum_volt",
            "voltage_last_volt",
            "cell_energy_wh",
            "bleed_ah",
            "bleed_fraction",
            "impedance_ohm",
            "dip_count",
            "voltage_unchanged_second",
            "voltage_missing_second",
        ]
        sensor_names = ["temperature_celsius", "temperature_unchanged_second", "temperature_missing_second"]
        values = {name: self.row[k, :count] for k, name in enumerate(pack_names)}
        values["thinned_charge_square_a2s2"] = self.row[19:21, :count].T
        values["thinned_heat_square_a4s2"] = self.row[21:23, :count].T
        values["peak_count"] = self.row[23:25, :count].T
        values |= {name: self.row_cell[k, :count] for k, name in enumerate(cell_names)}
        values |= {name: self.row_sensor[k, :count] for k, name in enumerate(sensor_names)}
        return MinuteBlock(**values)

    def edges(self, count: int) -> EdgeBlock:
        edge = self.edge[:, :count]
        return EdgeBlock(
            unix_time_second=edge[at.E_TIME],
            minute_row=edge[at.E_ROW].astype(np.int64),
            elapsed_second=edge[at.E_ELAPSED],
            elapsed_tolerance_second=edge[at.E_TOLERANCE],
            current_before_ampere=edge[at.E_BEFORE],
            current_after_ampere=edge[at.E_AFTER],
            voltage_before_volt=self.edge_before[:count],
            voltage_after_volt=self.edge_after[:count],
            steady_second=edge[at.E_STEADY],
        )
