"""Made-up tracks of the charge cascade, hour by hour, and what a detector says of them."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cellwarden.core.board import Board
from cellwarden.core.finding import Evidence
from cellwarden.core.minute_block import MinuteBlock
from cellwarden.core.sample_block import FloatArray
from cellwarden.diagnosis.plugin import DetectorPlugin
from cellwarden.estimation.charge_tracks import (
    CapacityTrack,
    CurrentOffsetTrack,
    SelfDischargeTrack,
    SocTrack,
    VoltageOffsetTrack,
)
from cellwarden.estimation.float_leak import FloatLeakTrack
from cellwarden.estimation.knee_stand import KneeStandTrack
from cellwarden.estimation.plugin import PackContext
from cellwarden.estimation.polarisation_track import PolarisationTrack
from tests.estimation.known_string import START, KnownString, string_context
from tests.estimation.sample_logs import minutes_of, samples

__all__ = [
    "CELLS",
    "HOUR",
    "ODD",
    "Tracks",
    "found",
    "hour_of",
    "hourly",
    "low_context",
    "odd",
    "of_hours",
    "part_of",
    "swings",
]

CELLS = 8
ODD = 4  # cell 5
HOUR = 3600.0


def hourly(hours: int, volt: FloatArray | float = 3.4, cells: int = CELLS) -> MinuteBlock:
    """Rows of that many full hours and of the minutes between two of them, which nothing slow looks at."""
    time = START + HOUR * np.arange(1, hours + 1, dtype=float)
    time = np.sort(np.concatenate([time, time[:-1] + 60.0 * 7]))
    block = samples(time, np.zeros(len(time)), np.broadcast_to(volt, (len(time), cells)))
    rows, _ = minutes_of(block)
    kept = np.isin(rows.unix_time_second, time)
    names = [item.name for item in dataclasses.fields(MinuteBlock)]
    return MinuteBlock(**{name: getattr(rows, name)[kept] for name in names})


def of_hours(minutes: MinuteBlock, values: FloatArray) -> FloatArray:
    """(M, …) the value of the hour that a row is in, of (hours, …)."""
    hour = np.ceil((minutes.unix_time_second - START) / HOUR).astype(int) - 1
    return np.asarray(values[np.clip(hour, 0, len(values) - 1)])


def hour_of(time: float) -> int:
    """The hour that a time ends."""
    assert (time - START) % HOUR == 0.0
    return round((time - START) / HOUR)


@dataclass(frozen=True, kw_only=True)
class Tracks:
    """Truth of the made-up tracks; (hours, n_cells), (hours,) for the current and its offset."""

    hours: int = 30
    leak_ampere: FloatArray | float = 0.0
    leak_half_ampere: float = 1e-4  # of its interval
    capacity_ah: FloatArray | float = 100.0
    offset_volt: FloatArray | float = 0.0
    offset_half_volt: float = 1e-3  # of its interval
    jumped_volt: FloatArray | float = 0.0
    told_sigma_volt: FloatArray | float = 5e-4
    read: bool = True  # on the plateau, where an offset is told
    behind_sigma_ah: FloatArray | float = 0.1
    behind_ah: FloatArray | float = 0.0
    stand_ah: FloatArray | float = np.nan  # as the last charge showed
    current_offset_ampere: FloatArray | float = 0.0  # (hours,) where it moves
    unseen_ampere: float = 0.0  # bleed that may be part of it
    below_ampere: float = 0.01  # half of the interval, downwards
    current_ampere: FloatArray | float = 0.0
    voltage_volt: FloatArray | float = 3.4
    unchanged_second: FloatArray | float = 0.0  # for which a reading has stayed as it is
    delivered_ah: float = 0.0
    curve_is_known: bool = True
    soc_fraction: FloatArray | float = 0.99
    rest_hour: FloatArray | None = None  # (hours,) for which the pack has rested; all the time if not given
    slope_volt: float = 1.0
    informed: bool = True
    fulls: float = 1.0
    bled_ah: FloatArray | float = 0.0  # in an hour
    log_slope_sigma: float = 0.05
    context: PackContext = field(default_factory=lambda: string_context(KnownString(stages=(), cells=CELLS)))


def low_context(*, logged: bool) -> PackContext:
    """A pack of `CELLS` cells, with the balancer's log or without."""
    return string_context(KnownString(stages=(), cells=CELLS, balancing_logged=logged))


def odd(value: float, others: float = 0.0) -> FloatArray:
    """(CELLS,) one value of the odd cell, another of the others."""
    return np.where(np.arange(CELLS) == ODD, value, others)


def swings(hours: int = 100) -> tuple[FloatArray, FloatArray]:
    """Charge (hours, CELLS) and current (hours,) [A] of a pack that goes from 90 to 30 % and back, again and again."""
    phase = np.arange(hours) % 12
    soc = 0.9 - 0.1 * np.minimum(phase, 12 - phase)
    return np.repeat(soc[:, None], CELLS, axis=1), np.where(phase < 6, -10.0, 10.0)


def _minutes(tracks: Tracks) -> MinuteBlock:
    """Rows with the voltages, charges and bleeds of the tracks."""
    minutes = hourly(tracks.hours, cells=tracks.context.cell_count)
    volt, unchanged = (_wide(tracks, minutes, value) for value in (tracks.voltage_volt, tracks.unchanged_second))
    minutes = dataclasses.replace(minutes, voltage_volt=volt, voltage_unchanged_second=unchanged)
    counted_ah = _hourly(minutes, tracks.current_offset_ampere) * minutes.elapsed_second / 3600.0
    charge_ah = np.where(np.arange(len(minutes)) == 0, -tracks.delivered_ah, counted_ah)
    current = _hourly(minutes, tracks.current_ampere)
    charge_ah = charge_ah + current * minutes.elapsed_second / 3600.0
    bled_ah = np.broadcast_to(tracks.bled_ah, minutes.bleed_ah.shape) * minutes.elapsed_second[:, None] / 3600.0
    return dataclasses.replace(minutes, current_ampere=current, charge_ah=charge_ah, bleed_ah=bled_ah)


def _hourly(minutes: MinuteBlock, value: FloatArray | float) -> FloatArray:
    """(M,) a value, or the hour's of (hours,)."""
    values = np.asarray(value, dtype=float)
    return of_hours(minutes, values) if values.ndim else np.full(len(minutes), float(values))


def _wide(tracks: Tracks, minutes: MinuteBlock, value: FloatArray | float) -> FloatArray:
    """(M, n_cells) of one value, of one a cell, or of (hours, n_cells)."""
    value = np.asarray(value, dtype=float)
    if value.ndim == 2:
        return of_hours(minutes, value)
    return np.broadcast_to(value, (len(minutes), tracks.context.cell_count)).copy()


def _informed(tracks: Tracks, minutes: MinuteBlock) -> FloatArray:
    return _wide(tracks, minutes, START if tracks.informed else np.nan)


def _leak(tracks: Tracks, minutes: MinuteBlock) -> SelfDischargeTrack:
    leak = _wide(tracks, minutes, tracks.leak_ampere)
    return SelfDischargeTrack(
        self_discharge_ampere=leak,
        self_discharge_low_ampere=leak - tracks.leak_half_ampere,
        self_discharge_high_ampere=leak + tracks.leak_half_ampere,
        down_sigma_ampere=np.full_like(leak, tracks.leak_half_ampere / 1.96),
        informed_unix_time_second=_informed(tracks, minutes),
    )


def _reading(tracks: Tracks, minutes: MinuteBlock) -> VoltageOffsetTrack:
    offset = _wide(tracks, minutes, tracks.offset_volt)
    return VoltageOffsetTrack(
        voltage_offset_volt=offset,
        voltage_offset_low_volt=offset - tracks.offset_half_volt,
        voltage_offset_high_volt=offset + tracks.offset_half_volt,
        informed_unix_time_second=_informed(tracks, minutes) if tracks.read else _wide(tracks, minutes, np.nan),
        told_sigma_volt=_wide(tracks, minutes, tracks.told_sigma_volt),
        jumped_volt=_wide(tracks, minutes, tracks.jumped_volt),
        spread_volt=np.full(len(minutes), 1e-3),
    )


def _capacity(tracks: Tracks, minutes: MinuteBlock) -> CapacityTrack:
    capacity = _wide(tracks, minutes, tracks.capacity_ah)
    return CapacityTrack(
        capacity_ah=capacity,
        capacity_low_ah=capacity - 1.0,
        capacity_high_ah=capacity + 1.0,
        informed_unix_time_second=_informed(tracks, minutes),
        relative_fraction=capacity / np.median(capacity, axis=1)[:, None],
        relative_sigma_fraction=_wide(tracks, minutes, 0.004),
    )


def _current_offset(tracks: Tracks, minutes: MinuteBlock) -> CurrentOffsetTrack:
    current = _hourly(minutes, tracks.current_offset_ampere)
    return CurrentOffsetTrack(
        current_offset_ampere=current,
        current_offset_low_ampere=current - tracks.below_ampere - tracks.unseen_ampere,
        current_offset_high_ampere=current + 0.01,
        unseen_ampere=np.full(len(minutes), tracks.unseen_ampere),
        informed_unix_time_second=_informed(tracks, minutes)[:, 0],
    )


def _soc(tracks: Tracks, minutes: MinuteBlock) -> SocTrack:
    return SocTrack(
        soc_fraction=_wide(tracks, minutes, tracks.soc_fraction),
        soc_low_fraction=_wide(tracks, minutes, 0.98),
        soc_high_fraction=_wide(tracks, minutes, 1.0),
        ocv_volt=_wide(tracks, minutes, 3.4),
        ocv_slope_volt=_wide(tracks, minutes, tracks.slope_volt),
        deficit_difference_ah=_wide(tracks, minutes, tracks.behind_ah),
        deficit_difference_sigma_ah=_wide(tracks, minutes, tracks.behind_sigma_ah),
        full_count=np.full(len(minutes), tracks.fulls),
        rest_second=minutes.unix_time_second - START
        if tracks.rest_hour is None
        else HOUR * of_hours(minutes, tracks.rest_hour),
    )


def _drifts(tracks: Tracks, minutes: MinuteBlock) -> FloatLeakTrack:
    some, none = np.zeros(len(minutes)), _wide(tracks, minutes, 0.0)
    return FloatLeakTrack(
        leak_ampere=none,
        low_sigma_ampere=none,
        high_sigma_ampere=none,
        bleed_rate_ampere=none,
        away_volt=none,
        informed_unix_time_second=some,
        log_slope_factor=some,
        log_slope_sigma=some + tracks.log_slope_sigma,
        rest_share=some,
    )


def _stand(tracks: Tracks, minutes: MinuteBlock) -> KneeStandTrack:
    behind = _wide(tracks, minutes, tracks.stand_ah)
    return KneeStandTrack(behind_ah=behind, sigma_ah=np.where(np.isfinite(behind), 0.5, np.nan), charges=())


def _circuit(tracks: Tracks, minutes: MinuteBlock) -> PolarisationTrack:
    """The circuit's track, by the member of the family that is known or by one that is learnt."""
    known = [len(curve.modes_volt) == 0 for curve in tracks.context.model.ocv_curves]
    some = np.zeros(len(minutes))
    return PolarisationTrack(
        prompt_ohm=some,
        first_ohm=some,
        second_ohm=some,
        log_sigma=some,
        activation_kelvin=some,
        cell_factor=_wide(tracks, minutes, 1.0),
        curve=some + known.index(tracks.curve_is_known),
        curve_state=np.zeros((len(minutes), 1)),
    )


def found(detector: DetectorPlugin, tracks: Tracks, block_rows: int | None = None) -> list[Evidence]:
    """What a detector says of the tracks, read at once or in blocks of so many rows."""
    minutes = _minutes(tracks)
    whole = [
        track_of(tracks, minutes)
        for track_of in (_leak, _reading, _capacity, _current_offset, _soc, _drifts, _stand, _circuit)
    ]
    state, told, rows = detector.initial(tracks.context), list[Evidence](), block_rows or len(minutes)
    for first in range(0, len(minutes), rows):
        board = Board()
        for track in whole:
            board.put(part_of(track, first, first + rows))
        state, more = detector.step(state, part_of(minutes, first, first + rows), board, tracks.context)
        told += more
    return told


def part_of(arrays: Any, first: int, last: int) -> Any:
    """The rows from `first` to before `last` of a dataclass of arrays."""
    return type(arrays)(**{item.name: getattr(arrays, item.name)[first:last] for item in dataclasses.fields(arrays)})
