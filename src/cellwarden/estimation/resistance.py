"""Each cell's 10 s resistance at 25 °C and half charge, from the current edges of the log and measured impedances.

The median cell of an edge teaches the law that all cells share; each cell's ratio to it teaches the cell.
Edges without a current or a voltage tell nothing; what no edge told stays the parameter set's value with its wide
interval.
"""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np

from cellwarden.core.board import Board
from cellwarden.core.minute_block import EdgeBlock, MinuteBlock
from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation import resistance_kernel as kernel
from cellwarden.estimation.cell_temperature import CellTemperatureState, cell_temperatures, initial_cell_temperature
from cellwarden.estimation.charge_tracks import SocTrack
from cellwarden.estimation.plugin import EstimatorPlugin, PackContext
from cellwarden.estimation.resistance_change import no_change
from cellwarden.estimation.resistance_edge import edges_seen, step_scale, take_edge
from cellwarden.estimation.resistance_impedance import hourly_impedance, take_impedance
from cellwarden.estimation.resistance_law import common_prior
from cellwarden.estimation.resistance_rows import Snapshot, rows_of, snapshot
from cellwarden.estimation.resistance_state import ResistanceState, filters_of
from cellwarden.estimation.resistance_track import ResistanceTrack

__all__ = ["ESTIMATOR"]

_START = np.log(kernel.CHANGE_PROBABILITY)


def _initial(context: PackContext) -> ResistanceState:
    cells = context.cell_count
    law, law_covariance = common_prior(context.model)
    temperature = initial_cell_temperature(context)
    return ResistanceState(
        law=law,
        law_covariance=law_covariance,
        bank=np.zeros((cells, kernel.HYPOTHESES, kernel.BANK_STATES)),
        bank_covariance=np.repeat(kernel.bank_covariance()[None], cells, axis=0),
        log_weight=np.repeat(np.log(kernel.PRIOR_PROBABILITY)[None], cells, axis=0),
        taken_for_joint=np.zeros(cells),
        change=no_change(cells),
        noise_volt=np.array([kernel.first_noise(context.pack.sensors.voltage_resolution_volt), 0.0]),
        edge_count=np.zeros(cells),
        edges_since_change=np.full(cells, np.inf),
        informed_unix_time_second=np.full(cells, np.nan),
        changed_unix_time_second=np.full(cells, np.nan),
        coldest_celsius=np.full(cells, np.nan),
        warmest_celsius=np.full(cells, np.nan),
        coldest_ever_celsius=np.full(cells, np.nan),
        warmest_ever_celsius=np.full(cells, np.nan),
        last_edge_unix_time_second=np.full(1, np.nan),
        last_told_unix_time_second=np.full(1, np.nan),
        late_doublings=np.zeros(2),
        impedance_sum_ohm=np.zeros(cells),
        impedance_count=np.zeros(cells),
        sensor_deviation_kelvin=temperature.deviation_kelvin,
        sensor_rested_second=temperature.rested_second,
    )


def _step(
    state: ResistanceState, minutes: MinuteBlock, edges: EdgeBlock, board: Board, context: PackContext
) -> ResistanceState:
    soc = board.get(SocTrack)
    new = replace(state, **{field.name: getattr(state, field.name).copy() for field in fields(state)})
    sensors = CellTemperatureState(new.sensor_deviation_kelvin, new.sensor_rested_second)
    sensors, temperature_celsius = cell_temperatures(sensors, minutes, soc.rest_second, context)
    new = replace(new, sensor_deviation_kelvin=sensors.deviation_kelvin, sensor_rested_second=sensors.rested_second)
    track = _Rows(context)
    hours, impedance_ohm = hourly_impedance(new, minutes)
    steps = [(int(row), 0, k) for k, row in enumerate(edges.minute_row)]
    filters, seen, scale = filters_of(new), edges_seen(edges, soc, temperature_celsius), step_scale(context)
    events = sorted(steps + [(int(row), 1, k) for k, row in enumerate(hours)])
    for row, is_hour, k in events:
        if row > 0:
            track.hold(new, row)
        if is_hour:
            take_impedance(
                new, float(minutes.unix_time_second[row]), impedance_ohm[k], temperature_celsius[row], context
            )
        else:
            take_edge(filters, seen, k, scale, _START)
    track.hold(new, len(minutes))
    board.put(track.track(minutes.unix_time_second))
    return new


class _Rows:
    """The track under construction: states of the filters and, for each, up to which row they hold."""

    def __init__(self, context: PackContext) -> None:
        self._context = context
        self._snapshots: list[Snapshot] = []
        self._ends = [0]

    def hold(self, state: ResistanceState, end: int) -> None:
        """Rows up to end − 1 that are not held yet are of this state."""
        if end > self._ends[-1] or not self._snapshots:
            self._snapshots.append(snapshot(state))
            self._ends.append(end)

    def track(self, unix_time_second: FloatArray) -> ResistanceTrack:
        """The track at the stamps (M,) of all rows."""
        place = np.repeat(np.arange(len(self._snapshots)), np.diff(self._ends))
        return ResistanceTrack(**rows_of(self._snapshots, place, unix_time_second, self._context))


ESTIMATOR = EstimatorPlugin(
    name="resistance",
    needs=(SocTrack,),
    gives=(ResistanceTrack,),
    initial=_initial,
    step=_step,
)
