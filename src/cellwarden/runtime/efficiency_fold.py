"""Energy efficiency of a round trip, counted between two moments at which the charge in the pack was known.

Before the first full charge what the pack holds is a guess, however narrow: what was in it then would be all of an
error. So the count begins after it, at the first row that knows the charge, and ends at the last one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from cellwarden.core.board import Board
from cellwarden.core.minute_block import IntArray, MinuteBlock
from cellwarden.core.results import EfficiencySpan
from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.charge_tracks import CapacityTrack, CurrentOffsetTrack, SocTrack
from cellwarden.estimation.middle_value import known_middle_values

__all__ = ["EfficiencySums", "add_efficiency", "efficiency_span", "initial_efficiency"]

KNOWN_WIDTH = 0.05  # of the charge's 95 % interval
LEAST_CYCLES = 1.0
LARGEST_DOUBT = 0.1  # of energy that was lost or came out; beyond it what is told could be any efficiency
_WATT_HOUR = 1000.0

IN_WH, OUT_WH, MOVED_AH, DOUBT_WH = range(4)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """What the pack held at a row: its stamp, charge and half its interval, voltage of the string at rest [V]."""

    unix_time_second: float
    soc: float
    half_width: float
    ocv_volt: float


@dataclass(frozen=True, slots=True, kw_only=True)
class EfficiencySums:
    """The first and last row that knew the charge; `running` (4,) from the first on, `told` (4,) up to the last.

    Sums are energy in and out [Wh], charge moved either way [Ah], and the doubt of what the sensor's offset makes of
    energy [Wh]. `capacity_ah` is that of the median cell.
    """

    first: _Held | None = None
    last: _Held | None = None
    running: FloatArray
    told: FloatArray
    capacity_ah: float = np.nan


def initial_efficiency() -> EfficiencySums:
    """Before the first row."""
    return EfficiencySums(running=np.zeros(4), told=np.zeros(4))


def add_efficiency(
    sums: EfficiencySums, minutes: MinuteBlock, board: Board, energy_wh: tuple[FloatArray, FloatArray]
) -> EfficiencySums:
    """The sums with the rows of one block, of which `energy_wh` (M,) each flowed in and out."""
    rows = _known_rows(board)
    if sums.first is None and len(rows) == 0:
        return sums
    flows = np.stack([*energy_wh, minutes.charge_in_ah + minutes.charge_out_ah, _doubt(minutes, board)], axis=1)
    if sums.first is None:
        first = _held(minutes, board, int(rows[0]))
        flows[: rows[0] + 1] = 0.0
        sums = replace(sums, first=first, last=first)
    running = sums.running + flows.sum(axis=0)
    if len(rows) == 0:
        return replace(sums, running=running)
    last = int(rows[-1])
    return replace(
        sums,
        last=_held(minutes, board, last),
        told=sums.running + flows[: last + 1].sum(axis=0),
        running=running,
        capacity_ah=float(np.median(board.get(CapacityTrack).capacity_ah[last])),
    )


def _known_rows(board: Board) -> IntArray:
    """Indices of the rows after a full charge at which the middle cell's charge has a narrow interval."""
    track = board.get(SocTrack)
    width = known_middle_values(track.soc_high_fraction - track.soc_low_fraction)
    known = (track.full_count >= 1.0) & (width <= KNOWN_WIDTH)
    return np.asarray(np.flatnonzero(known & np.isfinite(known_middle_values(track.soc_fraction))), dtype=np.int64)


def _held(minutes: MinuteBlock, board: Board, row: int) -> _Held:
    track, at = board.get(SocTrack), slice(row, row + 1)
    width = known_middle_values(track.soc_high_fraction[at] - track.soc_low_fraction[at])
    return _Held(
        unix_time_second=float(minutes.unix_time_second[row]),
        soc=float(known_middle_values(track.soc_fraction[at])[0]),
        half_width=0.5 * float(width[0]),
        ocv_volt=float(np.median(track.ocv_volt[row])) * track.ocv_volt.shape[1],
    )


def _doubt(minutes: MinuteBlock, board: Board) -> FloatArray:
    """Energy (M,) that half the interval of the current's offset stands for [Wh]."""
    track = board.get(CurrentOffsetTrack)
    half = 0.5 * (track.current_offset_high_ampere - track.current_offset_low_ampere)
    volt = np.nan_to_num(known_middle_values(minutes.voltage_volt)) * minutes.voltage_volt.shape[1]
    return np.asarray(half * minutes.elapsed_second / 3600.0 * volt)


def efficiency_span(sums: EfficiencySums) -> EfficiencySpan | None:
    """The span and what flowed in it; None below one full cycle, or where too little of it is known."""
    if sums.first is None or sums.last is None or not sums.capacity_ah > 0.0:
        return None
    charged, discharged, moved_ah, doubt = sums.told.tolist()
    per_charge = sums.capacity_ah * 0.5 * (sums.first.ocv_volt + sums.last.ocv_volt)
    kept = (sums.last.soc - sums.first.soc) * per_charge
    doubt += float(np.hypot(sums.first.half_width, sums.last.half_width)) * per_charge
    spent = charged - kept
    enough = 0.5 * moved_ah >= LEAST_CYCLES * sums.capacity_ah and doubt <= LARGEST_DOUBT * spent
    if not (enough and 0.0 < discharged <= spent):
        return None
    return EfficiencySpan(
        from_unix_time_second=sums.first.unix_time_second,
        until_unix_time_second=sums.last.unix_time_second,
        energy_charged_kilowatt_hour=charged / _WATT_HOUR,
        energy_discharged_kilowatt_hour=discharged / _WATT_HOUR,
        energy_kept_kilowatt_hour=kept / _WATT_HOUR,
    )
