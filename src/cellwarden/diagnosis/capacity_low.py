"""A cell that holds less charge than its neighbours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cellwarden.core.board import Board
from cellwarden.core.finding import Evidence, Severity
from cellwarden.core.minute_block import MinuteBlock
from cellwarden.diagnosis.deepest_discharge import DeepestDischarge, follow_discharge, initial_discharge
from cellwarden.diagnosis.deviation_watch import Deviation, WatchState, initial_watch, watch_deviation
from cellwarden.diagnosis.plugin import DetectorPlugin
from cellwarden.diagnosis.spread import robust_sigma
from cellwarden.estimation.charge_tracks import CapacityTrack
from cellwarden.estimation.middle_value import middle_value
from cellwarden.estimation.plugin import PackContext

__all__ = ["DETECTOR"]

KIND = "capacity_low"
LIMIT_FRACTION = 0.05
PRESSING_FRACTION = 0.30
SPREADS = 4.0
INFORMED_SIGMA_FRACTION = 0.015
# by which an unknown curve may misplace one cell's end against another's after a discharge so deep, and more before
CURVE_SIGMA_FRACTION, DEEP = 0.01, 0.6
HOURS_NEEDED = 12.0
INFORMING_DEPTH, PRESSING_DEPTH = 0.25, 0.5  # of the nominal capacity, that the pack must have delivered in one go
COUNTED_SHARE = 0.97  # of a counted charge, that was delivered for certain


@dataclass(frozen=True, slots=True)
class CapacityWatch:
    """Levels held, and what the pack has delivered."""

    watch: WatchState
    delivered: DeepestDischarge


def _initial(context: PackContext) -> CapacityWatch:
    return CapacityWatch(initial_watch(context.cell_count), initial_discharge())


def _step(
    state: CapacityWatch, minutes: MinuteBlock, board: Board, context: PackContext
) -> tuple[CapacityWatch, list[Evidence]]:
    if context.cell_count < 2 or not context.has_current:
        return state, []
    track = board.get(CapacityTrack)
    delivered, deepest_ah = follow_discharge(state.delivered, minutes.charge_ah, minutes.elapsed_second)
    nominal = context.pack.nominal_capacity_ah

    def of_row(row: int) -> Deviation:
        ratio, sigma = track.relative_fraction[row], track.relative_sigma_fraction[row]
        most = 1.0 - COUNTED_SHARE * deepest_ah[row] / middle_value(track.capacity_ah[row])
        missing = np.minimum(1.0 - ratio / middle_value(ratio), max(most, 0.0))
        depth = deepest_ah[row] / nominal
        curve_sigma = CURVE_SIGMA_FRACTION * max(DEEP / max(depth, INFORMING_DEPTH), 1.0)
        return Deviation(
            value=np.maximum(missing, 0.0),
            sigma=np.hypot(sigma, curve_sigma),
            limit=max(LIMIT_FRACTION, SPREADS * robust_sigma(ratio)),
            pressing=PRESSING_FRACTION if depth >= PRESSING_DEPTH else np.inf,
            hours_needed=HOURS_NEEDED,
            known=np.isfinite(track.informed_unix_time_second[row])
            & (sigma < INFORMED_SIGMA_FRACTION)
            & (depth >= INFORMING_DEPTH),
        )

    def say(row: int, cell: int, severity: Severity | None, since: float, chance: float) -> Evidence:
        return _evidence(track, minutes, row, cell, severity, since, chance)

    watch, found = watch_deviation(state.watch, minutes, of_row, say)
    return CapacityWatch(watch, delivered), found


def _evidence(
    track: CapacityTrack,
    minutes: MinuteBlock,
    row: int,
    cell: int,
    severity: Severity | None,
    since: float,
    chance: float,
) -> Evidence:
    middle = middle_value(track.capacity_ah[row])
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
