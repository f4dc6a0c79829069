"""A cell that holds less charge than its neighbours."""

from __future__ import annotations

import numpy as np

from cellwarden.core.board import Board
from cellwarden.core.finding import Evidence, Severity
from cellwarden.core.minute_block import MinuteBlock
from cellwarden.diagnosis.deviation_watch import Deviation, WatchState, initial_watch, watch_deviation
from cellwarden.diagnosis.plugin import DetectorPlugin
from cellwarden.diagnosis.spread import robust_sigma
from cellwarden.estimation.charge_tracks import CapacityTrack
from cellwarden.estimation.plugin import PackContext

__all__ = ["DETECTOR"]

KIND = "capacity_low"
LIMIT_FRACTION = 0.05
PRESSING_FRACTION = 0.30
SPREADS = 4.0
INFORMED_SIGMA_FRACTION = 0.015
HOURS_NEEDED = 12.0


def _initial(context: PackContext) -> WatchState:
    return initial_watch(context.cell_count)


def _step(
    state: WatchState, minutes: MinuteBlock, board: Board, context: PackContext
) -> tuple[WatchState, list[Evidence]]:
    if context.cell_count < 2 or not context.has_current:
        return state, []
    track = board.get(CapacityTrack)

    def of_row(row: int) -> Deviation:
        ratio, sigma = track.relative_fraction[row], track.relative_sigma_fraction[row]
        missing = 1.0 - ratio / np.median(ratio)
        return Deviation(
            value=np.maximum(missing, 0.0),
            sigma=sigma,
            limit=max(LIMIT_FRACTION, SPREADS * robust_sigma(ratio)),
            pressing=PRESSING_FRACTION,
            hours_needed=HOURS_NEEDED,
            known=np.isfinite(track.informed_unix_time_second[row]) & (sigma < INFORMED_SIGMA_FRACTION),
        )

    def say(row: int, cell: int, severity: Severity | None, since: float, chance: float) -> Evidence:
        return _evidence(track, minutes, row, cell, severity, since, chance)

    return watch_deviation(state, minutes, of_row, say)


def _evidence(
    track: CapacityTrack,
    minutes: MinuteBlock,
    row: int,
    cell: int,
    severity: Severity | None,
    since: float,
    chance: float,
) -> Evidence:
    middle = float(np.median(track.capacity_ah[row]))
    missing = middle - float(track.capacity_ah[row, cell])
    spread = 1.96 * float(track.relative_sigma_fraction[row, cell]) * middle
    share = 100.0 * missing / middle
    return Evidence(
        at_unix_time_second=float(minutes.unix_time_second[row]),
        kind=KIND,
        cell=cell + 1,
        sensor=None,
        severity=severity,
        magnitude=missing,
        magnitude_low=missing - spread,
        magnitude_high=missing + spread,
        unit="ampere_hour",
        confidence=chance,
        first_seen_unix_time_second=since,
        explanation=(
            f"Cell {cell + 1} holds {middle - missing:.1f} Ah; the pack's median cell holds {middle:.1f} Ah: "
            f"{share:.0f} % less ({missing - spread:.1f} to {missing + spread:.1f} Ah missing)."
        ),
        advice=(
            f"The pack's runtime is cell {cell + 1}'s: it is empty first. Replace it to win back about {share:.0f} % "
            "of the runtime, or plan the backup time with what it holds."
        ),
    )


DETECTOR = DetectorPlugin(kinds=(KIND,), needs=(CapacityTrack,), initial=_initial, step=_step)
