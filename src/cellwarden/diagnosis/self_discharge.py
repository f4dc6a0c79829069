"""A cell that loses charge inside: more than its neighbours, the bleed's share taken out.

Without the balancer's log a cell that stands a few millivolts low on float may leak or be read low, and one far below
the others has left the knee by a leak that its log did not see; that is said as worth knowing, with what it may be
(`low_on_float`), where no leak is told.
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
from cellwarden.diagnosis.low_on_float import LowOnFloat, initial_low, watch_low
from cellwarden.diagnosis.plugin import DetectorPlugin
from cellwarden.diagnosis.spread import robust_sigmas
from cellwarden.estimation.charge_tracks import CapacityTrack, SelfDischargeTrack, SocTrack, VoltageOffsetTrack
from cellwarden.estimation.middle_value import middle_values
from cellwarden.estimation.plugin import PackContext

__all__ = ["DETECTOR"]

KIND = "self_discharge"
LIMIT_PER_AH = 1.5e-5  # 1.5 mA at 100 Ah: three times what healthy cells differ by at 25 °C
PRESSING_HOURS = 12.0
VISIBLE_FRACTION = 0.002  # of the capacity: what must have been lost before a leak is named
SPREADS = 5.0
RAISED_PROBABILITY = 0.998  # years of many cells, each day a new chance to be wrong
BLEEDS_COUNTED = "what the balancer took out is accounted for."
NO_BLEEDS = "the pack has no balancer that could have taken it out."
BLEEDS_UNKNOWN = "the balancer keeps no log: what it took from the others may come on top."


@dataclass(frozen=True, slots=True)
class _State:
    """Leaks held, cells held that stand low, and (n_cells,) those whose leak was told once."""

    leak: WatchState
    low: LowOnFloat
    told: NDArray[np.bool_]


def _initial(context: PackContext) -> _State:
    cells = context.cell_count
    return _State(initial_watch(cells), initial_low(cells), np.zeros(cells, dtype=np.bool_))


def _step(state: _State, minutes: MinuteBlock, board: Board, context: PackContext) -> tuple[_State, list[Evidence]]:
    if context.cell_count < 2 or not context.has_current:
        return state, []
    if not context.has_balancing and context.pack.balancer == "active":
        return state, []
    track, capacity = board.get(SelfDischargeTrack), board.get(CapacityTrack)
    scale = context.pack.nominal_capacity_ah
    pressing_ampere = PRESSING_PER_HOUR * scale

    logged = context.knows_bleeds
    bleeds = _bleed_words(context)

    def of_rows(rows: IntArray) -> Deviation:
        leak = track.self_discharge_ampere[rows]
        sigma = track.down_sigma_ampere[rows]
        return Deviation(
            value=np.maximum(leak, 0.0),
            sigma=sigma,
            limit=np.fmax(LIMIT_PER_AH * scale, SPREADS * _own_spread(leak, sigma))[:, None],
            pressing=pressing_ampere,
            known=np.isfinite(track.informed_unix_time_second[rows]),
            pressing_hours=PRESSING_HOURS,
            hours_needed=VISIBLE_FRACTION * scale / np.maximum(leak, 1e-9),
            probability=RAISED_PROBABILITY,
        )

    def say(row: int, cell: int, severity: Severity | None, since: float, chance: float) -> Evidence:
        return _leak(track, capacity, minutes, row, cell, severity, since, chance, bleeds, pressing_ampere)

    leak, held = watch_deviation(state.leak, minutes, of_rows, say)
    told = _told_since(state.told, held, minutes.unix_time_second)
    low, hints = watch_low(state.low, minutes, board, KIND, context.model, told if logged else None)
    return _State(leak, low, told[-1] if len(told) else state.told), _joined(held, hints)


def _told_since(before: NDArray[np.bool_], held: list[Evidence], unix_time_second: FloatArray) -> NDArray[np.bool_]:
    """(M, n_cells) whose leak was held."""
    told = np.zeros((len(unix_time_second), before.size), dtype=np.bool_)
    for item in held:
        if item.severity is not None and item.cell is not None:
            told[np.searchsorted(unix_time_second, item.at_unix_time_second), item.cell - 1] = True
    return np.asarray(np.logical_or.accumulate(np.concatenate([before[None], told]))[1:])


def _joined(leaks: list[Evidence], hints: list[Evidence]) -> list[Evidence]:
    """One piece of evidence for a cell and an hour: a leak that is told needs no hint, what is over yields to one."""
    by_place = {(item.at_unix_time_second, item.cell): item for item in hints}
    for item in leaks:
        place = item.at_unix_time_second, item.cell
        if item.severity is not None or place not in by_place or by_place[place].severity is None:
            by_place[place] = item
    return list(by_place.values())


def _own_spread(leak: FloatArray, sigma: FloatArray) -> FloatArray:
    """(R,) how far the cells' leaks lie apart beyond what the estimates are uncertain by [A]."""
    return np.asarray(np.sqrt(np.maximum(robust_sigmas(leak) ** 2 - middle_values(sigma) ** 2, 0.0)))


def _bleed_words(context: PackContext) -> str:
    """What is known of what the balancer took."""
    if context.pack.balancer == "none":
        return NO_BLEEDS
    return BLEEDS_COUNTED if context.has_balancing else BLEEDS_UNKNOWN


def _short_words(*, is_pressing: bool) -> str:
    if is_pressing:
        return " A loss of this size is an internal short."
    return (
        " It was told larger before, as of a short; a cell that has left the top of its curve tells less of its loss."
    )


def _leak(
    track: SelfDischargeTrack,
    capacity: CapacityTrack,
    minutes: MinuteBlock,
    row: int,
    cell: int,
    severity: Severity | None,
    since: float,
    chance: float,
    bleeds: str,
    pressing_ampere: float,
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
            + bleeds
            + (_short_words(is_pressing=leak >= pressing_ampere) if short else "")
        ),
        advice=(
            f"Take the pack out of service and replace cell {cell + 1}: an internal short can grow without warning."
            if short
            else f"Plan to replace cell {cell + 1}; until then see that the pack is fully charged at least once a "
            "month, and look whether its loss grows."
        ),
    )


DETECTOR = DetectorPlugin(
    kinds=(KIND,), needs=(SelfDischargeTrack, CapacityTrack, SocTrack, VoltageOffsetTrack), initial=_initial, step=_step
)
