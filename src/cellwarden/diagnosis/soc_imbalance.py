"""A cell that is fuller or emptier than its neighbours by more than balancing should leave."""

from __future__ import annotations

import numpy as np

from cellwarden.core.board import Board
from cellwarden.core.finding import Evidence, Severity
from cellwarden.core.minute_block import MinuteBlock
from cellwarden.diagnosis.deviation_watch import Deviation, WatchState, initial_watch, watch_deviation
from cellwarden.diagnosis.plugin import DetectorPlugin
from cellwarden.estimation.charge_tracks import SocTrack
from cellwarden.estimation.plugin import PackContext

__all__ = ["DETECTOR"]

KIND = "soc_imbalance"
LIMIT_FRACTION = 0.02
PRESSING_FRACTION = 0.30
HOURS_NEEDED = 6.0


def _initial(context: PackContext) -> WatchState:
    return initial_watch(context.cell_count)


def _step(
    state: WatchState, minutes: MinuteBlock, board: Board, context: PackContext
) -> tuple[WatchState, list[Evidence]]:
    if context.cell_count < 2 or not context.has_current:
        return state, []
    track = board.get(SocTrack)
    scale = context.pack.nominal_capacity_ah

    def of_row(row: int) -> Deviation:
        further = track.deficit_difference_ah[row]
        return Deviation(
            value=further - np.median(further),
            sigma=track.deficit_difference_sigma_ah[row],
            limit=LIMIT_FRACTION * scale,
            pressing=PRESSING_FRACTION * scale,
            hours_needed=HOURS_NEEDED,
            known=np.full(further.shape, track.full_count[row] > 0),
        )

    def say(row: int, cell: int, severity: Severity | None, since: float, chance: float) -> Evidence:
        return _evidence(track, minutes, row, cell, severity, since, chance)

    return watch_deviation(state, minutes, of_row, say)


def _evidence(
    track: SocTrack,
    minutes: MinuteBlock,
    row: int,
    cell: int,
    severity: Severity | None,
    since: float,
    chance: float,
) -> Evidence:
    fuller = float(np.median(track.deficit_difference_ah[row]) - track.deficit_difference_ah[row, cell])
    spread = 1.96 * float(track.deficit_difference_sigma_ah[row, cell])
    word = "fuller" if fuller > 0 else "emptier"
    return Evidence(
        at_unix_time_second=float(minutes.unix_time_second[row]),
        kind=KIND,
        cell=cell + 1,
        sensor=None,
        severity=severity,
        magnitude=fuller,
        magnitude_low=fuller - spread,
        magnitude_high=fuller + spread,
        unit="ampere_hour",
        confidence=chance,
        first_seen_unix_time_second=since,
        explanation=(
            f"Cell {cell + 1} is {abs(fuller):.1f} Ah {word} than the pack's median cell "
            f"({abs(fuller) - spread:.1f} to {abs(fuller) + spread:.1f} Ah)."
        ),
        advice=(
            "Keep the pack at its full charge voltage until the balancer has evened it out; if the difference comes "
            "back, the cell or the balancer is at fault."
        ),
    )


DETECTOR = DetectorPlugin(kinds=(KIND,), needs=(SocTrack,), initial=_initial, step=_step)
