"""Offset of each temperature sensor, reading minus truth.

With an ambient sensor the thermal filter tells each offset against it; without one, three sensors and more stand for
it; of fewer, the readings of quiet hours are compared with one another. What all sensors share is told from the
ambient's own error by their number alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cellwarden.core.board import Board
from cellwarden.core.minute_block import EdgeBlock, MinuteBlock
from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation import temperature_consensus as consensus
from cellwarden.estimation.plugin import EstimatorPlugin, PackContext
from cellwarden.estimation.thermal_beside import stands_beside
from cellwarden.estimation.thermal_tracks import TemperatureOffsetTrack, ThermalPathTrack

__all__ = ["ESTIMATOR", "TemperatureOffsetState"]

AMBIENT_SHARE = 0.5  # scale of the ambient sensor's offset over that of the others: it stands free and is checked
UNNAMED_SHARE = 2.0  # scale of a sensor at a place not told, which may differ in earnest
MODEL_SIGMA_KELVIN = 0.08  # cells of one group differ, the day's lag is not quite of first order
QUIET_SIGMA_KELVIN = 0.15
FIRST_INFORMED_SECOND = 7200.0


@dataclass(frozen=True, slots=True)
class TemperatureOffsetState:
    """`quiet` (S, 7) see the kernel; `informed`, `seen_second` (S,) last reading and time with readings [s]."""

    quiet: FloatArray
    informed: FloatArray
    seen_second: FloatArray


def _initial(context: PackContext) -> TemperatureOffsetState:
    sensors = len(context.sensors)
    quiet = np.zeros((sensors, consensus.QUIET_SLOTS))
    return TemperatureOffsetState(quiet, np.full(sensors, np.nan), np.zeros(sensors))


def _step(
    state: TemperatureOffsetState, minutes: MinuteBlock, edges: EdgeBlock, board: Board, context: PackContext
) -> TemperatureOffsetState:
    del edges
    path = board.get(ThermalPathTrack)
    quiet = state.quiet.copy()
    scale = _own_sigma(context)
    if context.has_ambient:
        difference, sigma = path.offset_difference_kelvin, path.offset_difference_sigma_kelvin
        frame_sigma = AMBIENT_SHARE * 0.5 * context.pack.sensors.temperature_tolerance_kelvin
    elif stands_beside(context):
        difference, sigma = path.offset_difference_kelvin, path.offset_difference_sigma_kelvin
        frame_sigma = np.inf
    else:
        difference, sigma = _quiet_differences(quiet, minutes, path, scale)
        frame_sigma = np.inf
    common = np.empty((len(minutes), 2))
    consensus.common_offsets(difference, scale, frame_sigma, common)
    offset = difference + common[:, :1]
    half = 1.96 * np.sqrt(sigma**2 + common[:, 1:] ** 2 + MODEL_SIGMA_KELVIN**2)
    seen, last = _informed(state, minutes)
    frame = np.broadcast_to(common[:, :1], offset.shape) if context.has_ambient else offset
    board.put(
        TemperatureOffsetTrack(
            offset_kelvin=offset,
            offset_low_kelvin=offset - half,
            offset_high_kelvin=offset + half,
            informed_unix_time_second=np.where(seen > FIRST_INFORMED_SECOND, last, np.nan),
            frame_offset_kelvin=frame,
        )
    )
    if len(minutes) == 0:
        return state
    return TemperatureOffsetState(quiet, last[-1].copy(), seen[-1].copy())


def _own_sigma(context: PackContext) -> FloatArray:
    """(S,) scale of the sensors' own offsets: the tolerance is two sigma [K]."""
    sigma = 0.5 * context.pack.sensors.temperature_tolerance_kelvin
    return np.array([sigma if cells else UNNAMED_SHARE * sigma for cells in context.sensor_cells])


def _quiet_differences(
    quiet: FloatArray, minutes: MinuteBlock, path: ThermalPathTrack, scale: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """(M, S) differences between the readings in quiet hours, and their sigma [K]; changes `quiet`."""
    out = np.empty((*minutes.temperature_celsius.shape, 2))
    warming = path.heat_watt / path.heat_capacity_joule_per_kelvin
    with_other = np.isfinite(minutes.temperature_celsius).sum(axis=1, keepdims=True) > 1
    reading = np.where(with_other, minutes.temperature_celsius, np.nan)
    consensus.follow_quiet_differences(quiet, minutes.elapsed_second, warming, reading, out, np.empty(len(quiet)))
    weight = out[:, :, 1] / 7200.0
    return out[:, :, 0], 1.0 / np.sqrt(1.0 / scale**2 + weight / QUIET_SIGMA_KELVIN**2)


def _informed(state: TemperatureOffsetState, minutes: MinuteBlock) -> tuple[FloatArray, FloatArray]:
    """(M, S) time with readings so far, and the last of them [s]."""
    known = np.isfinite(minutes.temperature_celsius)
    seen = state.seen_second + np.cumsum(np.where(known, minutes.elapsed_second[:, None], 0.0), axis=0)
    stamp = np.where(known, minutes.unix_time_second[:, None], -np.inf)
    start = np.nan_to_num(state.informed, nan=-np.inf)
    last = np.maximum(np.maximum.accumulate(stamp, axis=0), start)
    return seen, np.where(np.isfinite(last), last, np.nan)


ESTIMATOR = EstimatorPlugin(
    name="temperature_offset",
    needs=(ThermalPathTrack,),
    gives=(TemperatureOffsetTrack,),
    initial=_initial,
    step=_step,
)
