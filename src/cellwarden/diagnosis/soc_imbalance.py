"""A cell that is fuller or emptier than its neighbours by more than balancing should leave.

On the top knee such a cell is seen to stand apart: what is only counted and not seen there is not told.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cellwarden.core.board import Board
from cellwarden.core.finding import Evidence, Severity
from cellwarden.core.minute_block import IntArray, MinuteBlock
from cellwarden.diagnosis.deviation_watch import Deviation, WatchState, initial_watch, watch_deviation
from cellwarden.diagnosis.plugin import DetectorPlugin
from cellwarden.diagnosis.seen_difference import SeenDifference, follow_difference, middle_volt, unseen
from cellwarden.estimation.charge_tracks import SocTrack
from cellwarden.estimation.knee_voltage import knee_volt
from cellwarden.estimation.middle_value import middle_value, middle_values
from cellwarden.estimation.plugin import PackContext

__all__ = ["DETECTOR"]

KIND = "soc_imbalance"
LIMIT_FRACTION, LIMIT_AH = 0.015, 0.5
PRESSING_FRACTION = 0.30
HOURS_NEEDED = 6.0
KNEE_SHARE = 0.08  # of a difference, that the width of an unknown knee may make of it
BELOW_KNEE_VOLT, CALM_C_RATE = 0.02, 0.1
SEEN_VOLT, SEEN_HOURS, MEMORY_HOURS = 0.008, 0.5, 2.0


@dataclass(frozen=True, slots=True)
class ImbalanceWatch:
    """Levels held, and how far each cell stood apart on the top knee."""

    watch: WatchState
    seen: SeenDifference
    knee_volt: float


def _initial(context: PackContext) -> ImbalanceWatch:
    cells = context.cell_count
    return ImbalanceWatch(initial_watch(cells), unseen(cells), knee_volt(context.model) - BELOW_KNEE_VOLT)


def _step(
    state: ImbalanceWatch, minutes: MinuteBlock, board: Board, context: PackContext
) -> tuple[ImbalanceWatch, list[Evidence]]:
    if context.cell_count < 2 or not context.has_current:
        return state, []
    track = board.get(SocTrack)
    scale = context.pack.nominal_capacity_ah
    calm = np.abs(minutes.current_ampere) <= CALM_C_RATE * scale
    final, seen = follow_difference(state.seen, minutes, calm & (middle_volt(minutes) >= state.knee_volt), MEMORY_HOURS)

    def of_rows(rows: IntArray) -> Deviation:
        difference, volt = track.deficit_difference_ah[rows], seen.volt[rows]
        further = difference - middle_values(difference)[:, None]
        shown = (volt * further < 0.0) & (np.abs(volt) >= SEEN_VOLT)
        return Deviation(
            value=np.where(shown, further, 0.0),
            sigma=np.hypot(track.deficit_difference_sigma_ah[rows], KNEE_SHARE * further),
            limit=max(LIMIT_FRACTION * scale, LIMIT_AH),
            pressing=PRESSING_FRACTION * scale,
            hours_needed=HOURS_NEEDED,
            known=(track.full_count[rows, None] > 0) & (seen.hours[rows] >= SEEN_HOURS),
        )

    def say(row: int, cell: int, severity: Severity | None, since: float, chance: float) -> Evidence:
        return _evidence(track, minutes, row, cell, severity, since, chance)

    watch, found = watch_deviation(state.watch, minutes, of_rows, say)
    return ImbalanceWatch(watch, final, state.knee_volt), found


def _evidence(
    track: SocTrack,
    minutes: MinuteBlock,
    row: int,
    cell: int,
    severity: Severity | None,
    since: float,
    chance: float,
) -> Evidence:
    fuller = middle_value(track.deficit_difference_ah[row]) - float(track.deficit_difference_ah[row, cell])
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
