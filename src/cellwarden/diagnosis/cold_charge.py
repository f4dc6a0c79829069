"""Charging below the manufacturer's lowest temperature: lithium may plate, for good."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from cellwarden.core.board import Board
from cellwarden.core.finding import Evidence
from cellwarden.core.minute_block import IntArray, MinuteBlock
from cellwarden.core.sample_block import FloatArray
from cellwarden.diagnosis.cadence import LEVELS, rows_to_tell
from cellwarden.diagnosis.plugin import DetectorPlugin
from cellwarden.estimation.charge_tracks import CurrentOffsetTrack
from cellwarden.estimation.plugin import PackContext
from cellwarden.estimation.thermal_tracks import TemperatureOffsetTrack

__all__ = ["DETECTOR", "ColdChargeState"]

KIND = "cold_charge"
CURRENT_FRACTION_OF_C = 0.01
WARN_FRACTION = 0.001
END_SECOND = 86400.0  # an exposure ends when nothing was charged in the cold for so long

# slots of the exposure: Ah below the limit for certain, in all likelihood, perhaps; begin; time since; coldest; level
CERTAIN, LIKELY, POSSIBLE, SINCE, QUIET_SECOND, COLDEST, LEVEL = range(7)
SLOTS = 7


@dataclass(frozen=True, slots=True)
class ColdChargeState:
    """`exposure` (7,) of the present exposure: see the slots."""

    exposure: FloatArray


def _initial(context: PackContext) -> ColdChargeState:
    del context
    return ColdChargeState(np.zeros(SLOTS))


def _step(
    state: ColdChargeState, minutes: MinuteBlock, board: Board, context: PackContext
) -> tuple[ColdChargeState, list[Evidence]]:
    rows = len(minutes)
    if rows == 0 or not context.sensors or not context.has_current:
        return state, []
    charged = _charged_ah(minutes, board, context)
    celsius = _coldest(minutes, board.get(TemperatureOffsetTrack), context)
    limit = context.pack.limits.charge_temperature_celsius[0]
    if not state.exposure.any() and not np.any((charged > 0.0) & (celsius[:, 0] < limit)):
        return state, []
    exposure = state.exposure.copy()
    before = np.array([int(exposure[LEVEL])])
    level = np.zeros((rows, 1), dtype=np.int64)
    detail = np.zeros((rows, SLOTS))
    warn_ah = WARN_FRACTION * context.pack.nominal_capacity_ah
    follow_cold_charge(
        exposure, minutes.unix_time_second, minutes.elapsed_second, charged, celsius, limit, warn_ah, level, detail
    )
    found = [
        _evidence(float(minutes.unix_time_second[row]), int(level[row, 0]), detail[row], limit, warn_ah)
        for row, _ in rows_to_tell(minutes.unix_time_second, level, before)
    ]
    return ColdChargeState(exposure), found


def _charged_ah(minutes: MinuteBlock, board: Board, context: PackContext) -> FloatArray:
    """(M,) charge put in by more than noise and offset, without the sensor's zero error [Ah]."""
    offset = board.get(CurrentOffsetTrack)
    hours = minutes.elapsed_second / 3600.0
    zero = np.nan_to_num(offset.current_offset_ampere)
    doubt = np.nan_to_num(0.5 * (offset.current_offset_high_ampere - offset.current_offset_low_ampere))
    charge = np.nan_to_num(minutes.charge_ah) - zero * hours
    least = np.maximum(CURRENT_FRACTION_OF_C * context.pack.nominal_capacity_ah, doubt) * hours
    return np.where(charge > least, charge, 0.0)


def _coldest(minutes: MinuteBlock, offset: TemperatureOffsetTrack, context: PackContext) -> FloatArray:
    """(M, 3) lowest temperature of any cell that a sensor touches: least, likely and greatest value [°C]."""
    named = [g for g, cells in enumerate(context.sensor_cells) if cells] or list(range(len(context.sensors)))
    reading = minutes.temperature_celsius[:, named]
    tolerance = context.pack.sensors.temperature_tolerance_kelvin
    bounds = (
        (offset.offset_high_kelvin, tolerance),
        (offset.offset_kelvin, 0.0),
        (offset.offset_low_kelvin, -tolerance),
    )
    values = [reading - np.where(np.isfinite(of[:, named]), of[:, named], other) for of, other in bounds]
    lowest = np.stack([np.where(np.isfinite(value), value, np.inf).min(axis=1) for value in values], axis=1)
    return np.where(np.isfinite(lowest), lowest, np.nan)


@njit(cache=True)
def follow_cold_charge(
    exposure: FloatArray,
    stamp: FloatArray,
    elapsed: FloatArray,
    charged: FloatArray,
    celsius: FloatArray,
    limit: float,
    warn_ah: float,
    level: IntArray,
    detail: FloatArray,
) -> None:
    """Sum up the charge of the exposure, row by row; columns of `celsius` as in `_coldest`."""
    for k in range(stamp.shape[0]):
        if charged[k] > 0.0 and celsius[k, 0] < limit:
            if exposure[POSSIBLE] == 0.0:
                exposure[SINCE] = stamp[k]
                exposure[COLDEST] = celsius[k, 1]
            exposure[POSSIBLE] += charged[k]
            exposure[LIKELY] += charged[k] if celsius[k, 1] < limit else 0.0
            exposure[CERTAIN] += charged[k] if celsius[k, 2] < limit else 0.0
            exposure[COLDEST] = min(exposure[COLDEST], celsius[k, 1])
            exposure[QUIET_SECOND] = 0.0
        elif exposure[POSSIBLE] > 0.0:
            exposure[QUIET_SECOND] += elapsed[k]
            if exposure[QUIET_SECOND] > END_SECOND:
                exposure[:] = 0.0
        if exposure[CERTAIN] > warn_ah:
            exposure[LEVEL] = 2.0
        level[k, 0] = int(exposure[LEVEL])
        detail[k] = exposure


def _evidence(stamp: float, level: int, detail: FloatArray, limit: float, warn_ah: float) -> Evidence:
    """What is held of the string at one row."""
    severity = LEVELS[level]
    if severity is None:
        return Evidence(at_unix_time_second=stamp, kind=KIND, cell=None, sensor=None, severity=None)
    certain, likely, possible = float(detail[CERTAIN]), float(detail[LIKELY]), float(detail[POSSIBLE])
    return Evidence(
        at_unix_time_second=stamp,
        kind=KIND,
        cell=None,
        sensor=None,
        severity=severity,
        magnitude=likely,
        magnitude_low=certain,
        magnitude_high=possible,
        unit="ampere_hour",
        confidence=1.0 - 0.05 * min(1.0, warn_ah / max(certain, 1e-12)),
        first_seen_unix_time_second=float(detail[SINCE]),
        explanation=(
            f"{likely:.1f} Ah were charged while the coldest cells stood below {limit:.0f} °C, down to "
            f"{float(detail[COLDEST]):.1f} °C; {certain:.1f} Ah of it beyond all doubt about the sensors."
        ),
        advice=(
            f"Block charging below {limit:.0f} °C or heat the pack before it charges; lithium that has plated lowers "
            "capacity for good, so repeat a capacity test."
        ),
    )


DETECTOR = DetectorPlugin(
    kinds=(KIND,), needs=(CurrentOffsetTrack, TemperatureOffsetTrack), initial=_initial, step=_step
)
