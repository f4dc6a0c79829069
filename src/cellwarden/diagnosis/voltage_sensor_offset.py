"""A cell whose voltage is read too high or too low: the sensor's error, not the cell's."""

from __future__ import annotations

import numpy as np

from cellwarden.core.board import Board
from cellwarden.core.finding import Evidence, Severity
from cellwarden.core.minute_block import MinuteBlock
from cellwarden.diagnosis.deviation_watch import Deviation, WatchState, initial_watch, watch_deviation
from cellwarden.diagnosis.plugin import DetectorPlugin
from cellwarden.diagnosis.spread import robust_sigma
from cellwarden.estimation.charge_tracks import VoltageOffsetTrack
from cellwarden.estimation.plugin import PackContext

__all__ = ["DETECTOR"]

KIND = "voltage_sensor_offset"
LIMIT_VOLT = 0.003
RESOLUTIONS = 2.0
SPREADS = 3.0
LEAST_SPREADS = 2.5  # readings that all lie apart are no single sensor's fault
TOLERANCE_SHARE = 0.8
PRESSING_VOLT = 0.1
HOURS_NEEDED = 6.0


def _initial(context: PackContext) -> WatchState:
    return initial_watch(context.cell_count)


def _step(
    state: WatchState, minutes: MinuteBlock, board: Board, context: PackContext
) -> tuple[WatchState, list[Evidence]]:
    if context.cell_count < 2 or not context.has_current:
        return state, []
    track = board.get(VoltageOffsetTrack)
    sensors = context.pack.sensors
    least = max(LIMIT_VOLT, RESOLUTIONS * sensors.voltage_resolution_volt)
    most = max(least, TOLERANCE_SHARE * sensors.voltage_offset_tolerance_volt)

    def of_row(row: int) -> Deviation:
        offset = track.voltage_offset_volt[row]
        spread = robust_sigma(offset)
        return Deviation(
            value=offset,
            sigma=(track.voltage_offset_high_volt[row] - offset) / 1.96,
            limit=max(min(max(least, SPREADS * spread), most), LEAST_SPREADS * spread),
            pressing=PRESSING_VOLT,
            hours_needed=HOURS_NEEDED,
            known=np.isfinite(track.informed_unix_time_second[row]),
        )

    def say(row: int, cell: int, severity: Severity | None, since: float, chance: float) -> Evidence:
        return _evidence(track, minutes, row, cell, severity, since, chance)

    return watch_deviation(state, minutes, of_row, say)


def _evidence(
    track: VoltageOffsetTrack,
    minutes: MinuteBlock,
    row: int,
    cell: int,
    severity: Severity | None,
    since: float,
    chance: float,
) -> Evidence:
    offset = float(track.voltage_offset_volt[row, cell])
    low, high = float(track.voltage_offset_low_volt[row, cell]), float(track.voltage_offset_high_volt[row, cell])
    word = "high" if offset > 0 else "low"
    return Evidence(
        at_unix_time_second=float(minutes.unix_time_second[row]),
        kind=KIND,
        cell=cell + 1,
        sensor=None,
        severity=severity,
        magnitude=offset,
        magnitude_low=low,
        magnitude_high=high,
        unit="volt",
        confidence=chance,
        first_seen_unix_time_second=since,
        explanation=(
            f"The voltage of cell {cell + 1} is read {1e3 * abs(offset):.1f} mV too {word} "
            f"({1e3 * low:+.1f} to {1e3 * high:+.1f} mV): the difference is the same "
            "wherever the pack stands, as an error of the reading is and a cell's own is not."
        ),
        advice=(
            f"Calibrate the voltage input of cell {cell + 1}, and look at its sense wire and connector. The balancer "
            "and the protection act on the wrong voltage until then; the estimates here are corrected. Should the "
            "difference grow from week to week, suspect the cell itself."
        ),
    )


DETECTOR = DetectorPlugin(kinds=(KIND,), needs=(VoltageOffsetTrack,), initial=_initial, step=_step)
