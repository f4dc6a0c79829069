"""A cell that loses charge inside: more than its neighbours, the bleed's share taken out.

Without the balancer's log a cell that stands a few millivolts low on float may leak or be read low; that is said as
worth knowing, with both possibilities, until a discharge and recharge settles it: on the plateau a leak does not show,
and what a cell is read low by there, it is read low by on float.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cellwarden.core.board import Board
from cellwarden.core.finding import Evidence, Severity
from cellwarden.core.leak_told import PRESSING_PER_HOUR
from cellwarden.core.minute_block import IntArray, MinuteBlock
from cellwarden.core.sample_block import FloatArray
from cellwarden.diagnosis.deviation_watch import Deviation, WatchState, initial_watch, watch_deviation
from cellwarden.diagnosis.plugin import DetectorPlugin
from cellwarden.diagnosis.spread import robust_sigmas
from cellwarden.estimation.charge_tracks import CapacityTrack, SelfDischargeTrack, SocTrack, VoltageOffsetTrack
from cellwarden.estimation.middle_value import known_middle_values, middle_values
from cellwarden.estimation.plugin import PackContext

__all__ = ["DETECTOR"]

KIND = "self_discharge"
LIMIT_PER_AH = 1.5e-5  # 1.5 mA at 100 Ah: three times what healthy cells differ by at 25 °C
PRESSING_HOURS = 12.0
VISIBLE_FRACTION = 0.002  # of the capacity: what must have been lost before a leak is named
SPREADS = 5.0
RAISED_PROBABILITY = 0.998  # years of many cells, each day a new chance to be wrong
FLOAT_SOC = 0.96
FLOAT_REST_SECOND = 12 * 3600.0
LOW_VOLT, LOW_SPREADS, LOW_SIGMA_VOLT = 0.0025, 2.0, 0.0003  # balancers hold a leaking cell that little below
PLATEAU_SOC, PLATEAU_HOURS = (0.3, 0.8), 2.0  # where and for how long readings tell a sensor from a charge
TOLD_SIGMA_VOLT = 0.001  # an offset that is less sure settles nothing


@dataclass(frozen=True, slots=True)
class _State:
    """Leaks held, cells held that stand low, hours for which the pack was on the plateau."""

    leak: WatchState
    low: WatchState
    plateau_hours: float


def _initial(context: PackContext) -> _State:
    return _State(initial_watch(context.cell_count), initial_watch(context.cell_count), 0.0)


def _step(state: _State, minutes: MinuteBlock, board: Board, context: PackContext) -> tuple[_State, list[Evidence]]:
    if context.cell_count < 2 or not context.has_current:
        return state, []
    if not context.has_balancing and context.pack.balancer == "active":
        return state, []
    track, capacity = board.get(SelfDischargeTrack), board.get(CapacityTrack)
    scale = context.pack.nominal_capacity_ah

    def of_rows(rows: IntArray) -> Deviation:
        leak = track.self_discharge_ampere[rows]
        sigma = (leak - track.self_discharge_low_ampere[rows]) / 1.96
        return Deviation(
            value=np.maximum(leak, 0.0),
            sigma=sigma,
            limit=np.fmax(LIMIT_PER_AH * scale, SPREADS * _own_spread(leak, sigma))[:, None],
            pressing=PRESSING_PER_HOUR * scale,
            known=np.isfinite(track.informed_unix_time_second[rows]),
            pressing_hours=PRESSING_HOURS,
            hours_needed=VISIBLE_FRACTION * scale / np.maximum(leak, 1e-9),
            probability=RAISED_PROBABILITY,
        )

    def say(row: int, cell: int, severity: Severity | None, since: float, chance: float) -> Evidence:
        return _leak(track, capacity, minutes, row, cell, severity, since, chance)

    leak, held = watch_deviation(state.leak, minutes, of_rows, say)
    if context.has_balancing or context.pack.balancer == "none":
        return _State(leak, state.low, state.plateau_hours), held
    hours = state.plateau_hours + _plateau_hours(minutes, board.get(SocTrack))
    low, hints = _watch_low(state.low, minutes, board, leak, hours)
    return _State(leak, low, float(hours[-1]) if len(hours) else state.plateau_hours), held + hints


def _own_spread(leak: FloatArray, sigma: FloatArray) -> FloatArray:
    """(R,) how far the cells' leaks lie apart beyond what the estimates are uncertain by [A]."""
    return np.asarray(np.sqrt(np.maximum(robust_sigmas(leak) ** 2 - middle_values(sigma) ** 2, 0.0)))


def _leak(
    track: SelfDischargeTrack,
    capacity: CapacityTrack,
    minutes: MinuteBlock,
    row: int,
    cell: int,
    severity: Severity | None,
    since: float,
    chance: float,
) -> Evidence:
    leak = float(track.self_discharge_ampere[row, cell])
    low, high = float(track.self_discharge_low_ampere[row, cell]), float(track.self_discharge_high_ampere[row, cell])
    monthly = 100.0 * leak * 730.0 / float(capacity.capacity_ah[row, cell])
    short = severity is Severity.CRITICAL
    return Evidence(
        at_unix_time_second=float(minutes.unix_time_second[row]),
        kind=KIND,
        cell=cell + 1,
        sensor=None,
        severity=severity,
        magnitude=leak,
        magnitude_low=low,
        magnitude_high=high,
        unit="ampere",
        confidence=chance,
        first_seen_unix_time_second=since,
        explanation=(
            f"Cell {cell + 1} loses {1e3 * leak:.1f} mA more than the pack's median cell "
            f"({1e3 * low:.1f} to {1e3 * high:.1f} mA), {monthly:.0f} % of its charge a month; "
            "what the balancer took out is accounted for."
            + (" A loss of this size is an internal short." if short else "")
        ),
        advice=(
            f"Take the pack out of service and replace cell {cell + 1}: an internal short can grow without warning."
            if short
            else f"Plan to replace cell {cell + 1}; until then see that the pack is fully charged at least once a "
            "month, and look whether its loss grows."
        ),
    )


def _plateau_hours(minutes: MinuteBlock, soc: SocTrack) -> FloatArray:
    """Hours on the plateau since the block began, (M,)."""
    median = known_middle_values(soc.soc_fraction)  # a cell that was never read has no charge
    there = (median > PLATEAU_SOC[0]) & (median < PLATEAU_SOC[1])
    return np.asarray(np.cumsum(there * minutes.elapsed_second) / 3600.0)


def _read_low_volt(board: Board, plateau_hours: FloatArray) -> tuple[FloatArray, NDArray[np.bool_]]:
    """How much lower than the others each cell is read [V], 0 before it is told, and whether; (M, n_cells)."""
    track = board.get(VoltageOffsetTrack)
    told = (plateau_hours[:, None] >= PLATEAU_HOURS) & (track.told_sigma_volt < TOLD_SIGMA_VOLT)
    offset = track.voltage_offset_volt
    return np.where(told, np.maximum(middle_values(offset)[:, None] - offset, 0.0), 0.0), told


def _watch_low(
    state: WatchState, minutes: MinuteBlock, board: Board, leak: WatchState, plateau_hours: FloatArray
) -> tuple[WatchState, list[Evidence]]:
    """Cells that stand low on float while the bleed is not known, but for what their readings are low by."""
    soc = board.get(SocTrack)
    read_low, told = _read_low_volt(board, plateau_hours)

    def of_rows(rows: IntArray) -> Deviation:
        voltage = minutes.voltage_volt[rows]
        below = np.maximum(known_middle_values(voltage)[:, None] - voltage - read_low[rows], 0.0)
        floating = (known_middle_values(soc.soc_fraction[rows]) > FLOAT_SOC) & (
            soc.rest_second[rows] > FLOAT_REST_SECOND
        )
        return Deviation(
            value=below,
            sigma=np.full_like(below, LOW_SIGMA_VOLT),
            limit=np.maximum(LOW_VOLT, LOW_SPREADS * robust_sigmas(voltage))[:, None],
            pressing=np.inf,
            known=np.isfinite(voltage) & floating[:, None] & (leak.level == 0.0),
            mild=np.ones(below.shape, dtype=np.bool_),
        )

    def say(row: int, cell: int, severity: Severity | None, since: float, chance: float) -> Evidence:
        below = float(np.nanmedian(minutes.voltage_volt[row]) - minutes.voltage_volt[row, cell] - read_low[row, cell])
        settled = bool(told[row, cell])
        explanation, advice = _low_words(cell + 1, 1e3 * below, settled=settled) if severity else _over_words(cell + 1)
        return Evidence(
            at_unix_time_second=float(minutes.unix_time_second[row]),
            kind=KIND,
            cell=cell + 1,
            sensor=None,
            severity=severity,
            unit="ampere",
            confidence=0.5 * chance,
            first_seen_unix_time_second=since,
            explanation=explanation,
            advice=advice,
        )

    return watch_deviation(state, minutes, of_rows, say)


def _low_words(cell: int, below_millivolt: float, *, settled: bool) -> tuple[str, str]:
    """What is said of a cell that stands low, and what to do."""
    stands = f"Cell {cell} stands {below_millivolt:.0f} mV below its neighbours on float. "
    if settled:
        return (
            stands + "A discharge has shown that it is not its reading: it leaks, or it has not been levelled yet.",
            "Log the on-time of the balancer per cell: it tells how much the cell leaks.",
        )
    return (
        stands + "Either it leaks, or its voltage is read low: without the balancer's log both look the same.",
        "Log the balancer's on-time per cell, or discharge the pack below half and recharge it: either tells which.",
    )


def _over_words(cell: int) -> tuple[str, str]:
    """What is said of a cell that stands low no more."""
    return (
        f"Cell {cell} stands with its neighbours on float, what its voltage is read low by taken out.",
        "Nothing needs to be done.",
    )


DETECTOR = DetectorPlugin(
    kinds=(KIND,), needs=(SelfDischargeTrack, CapacityTrack, SocTrack, VoltageOffsetTrack), initial=_initial, step=_step
)
