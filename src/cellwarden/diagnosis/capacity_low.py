"""A cell that holds less charge than its neighbours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cellwarden.core.board import Board
from cellwarden.core.finding import Evidence, Severity
from cellwarden.core.minute_block import IntArray, MinuteBlock
from cellwarden.core.sample_block import FloatArray
from cellwarden.diagnosis.deepest_discharge import DeepestDischarge, follow_discharge, initial_discharge
from cellwarden.diagnosis.deviation_watch import Deviation, WatchState, initial_watch, watch_deviation
from cellwarden.diagnosis.full_charge_check import FullChargeCheck, follow_rises, initial_check
from cellwarden.diagnosis.plugin import DetectorPlugin
from cellwarden.diagnosis.spread import robust_sigmas
from cellwarden.estimation.charge_tracks import CapacityTrack, CurrentOffsetTrack, SocTrack
from cellwarden.estimation.joint_sigma import joint_sigma
from cellwarden.estimation.middle_value import middle_value, middle_values
from cellwarden.estimation.plugin import PackContext
from cellwarden.estimation.polarisation_track import PolarisationTrack

__all__ = ["DETECTOR"]

KIND = "capacity_low"
LIMIT_FRACTION = 0.05
PRESSING_FRACTION = 0.30
SPREADS = 3.5  # of what the pack's cells are seen to lie apart, which holds what an unknown curve makes of them
INFORMED_SIGMA_FRACTION, INFORMED_SHARE = 0.015, 0.25  # or a share of what is missing, for slopes stretch that
# by which a curve misplaces one cell's end against another's: one that is known, and one that is learnt, after a
# discharge so deep; before, with the third power of it, for it may be another curve as well
KNOWN_CURVE_SIGMA, LEARNT_CURVE_SIGMA, DEEP = 0.004, 0.006, 0.8
HOURS_NEEDED = 12.0
INFORMING_DEPTH, PRESSING_DEPTH = 0.25, 0.5  # of the nominal capacity, that the pack must have delivered in one go
COUNTED_SHARE = 0.97  # of a counted charge, that was delivered for certain
_TWO_SIDED = 1.96


@dataclass(frozen=True, slots=True)
class CapacityWatch:
    """Levels held, what the pack has delivered, and how far losses were taken back between full charges."""

    watch: WatchState
    delivered: DeepestDischarge
    check: FullChargeCheck


def _initial(context: PackContext) -> CapacityWatch:
    cells = context.cell_count
    return CapacityWatch(initial_watch(cells), initial_discharge(), initial_check(cells))


def _step(
    state: CapacityWatch, minutes: MinuteBlock, board: Board, context: PackContext
) -> tuple[CapacityWatch, list[Evidence]]:
    if context.cell_count < 2 or not context.has_current:
        return state, []
    track = board.get(CapacityTrack)
    delivered, deepest_ah = follow_discharge(state.delivered, _certain_ah(minutes, board), minutes.elapsed_second)
    nominal = context.pack.nominal_capacity_ah
    share = track.relative_fraction / middle_values(track.relative_fraction)[:, None]
    curve_sigma = _curve_sigma(deepest_ah / nominal, board.get(PolarisationTrack).curve, context)
    check, factor = follow_rises(state.check, share, track.relative_sigma_fraction, board.get(SocTrack).full_count)
    doubt = factor * joint_sigma(track.relative_sigma_fraction, curve_sigma[:, None])

    def of_rows(rows: IntArray) -> Deviation:
        ratio, sigma = track.relative_fraction[rows], track.relative_sigma_fraction[rows]
        most = 1.0 - COUNTED_SHARE * deepest_ah[rows] / middle_values(track.capacity_ah[rows])
        missing = np.minimum(1.0 - ratio / middle_values(ratio)[:, None], np.maximum(most, 0.0)[:, None])
        depth = deepest_ah[rows, None] / nominal
        return Deviation(
            value=np.maximum(missing, 0.0),
            sigma=doubt[rows],
            limit=np.maximum(LIMIT_FRACTION, SPREADS * robust_sigmas(ratio)[:, None] - _TWO_SIDED * doubt[rows]),
            pressing=np.where(depth >= PRESSING_DEPTH, PRESSING_FRACTION, np.inf),
            hours_needed=HOURS_NEEDED,
            known=np.isfinite(track.informed_unix_time_second[rows])
            & (sigma < np.maximum(INFORMED_SIGMA_FRACTION, INFORMED_SHARE * missing))
            & (depth >= INFORMING_DEPTH),
        )

    def say(row: int, cell: int, severity: Severity | None, since: float, chance: float) -> Evidence:
        return _evidence(track, minutes, row, cell, severity, since, chance, float(doubt[row, cell]))

    watch, found = watch_deviation(state.watch, minutes, of_rows, say)
    return CapacityWatch(watch, delivered, check), found


def _certain_ah(minutes: MinuteBlock, board: Board) -> FloatArray:
    """(M,) charge of each row [Ah], no lower than by the lowest zero that the sensor may have: it adds up over days."""
    lowest = board.get(CurrentOffsetTrack).current_offset_low_ampere
    return np.asarray(minutes.charge_ah - np.nan_to_num(lowest) * minutes.elapsed_second / 3600.0)


def _curve_sigma(depth: FloatArray, curve: FloatArray, context: PackContext) -> FloatArray:
    """(R,) what the curve may make of one cell's capacity over another's, by the deepest discharge so far."""
    known = np.array([len(one.modes_volt) == 0 for one in context.model.ocv_curves])
    sigma = np.where(known[curve.astype(int)], KNOWN_CURVE_SIGMA, LEARNT_CURVE_SIGMA)
    return np.asarray(sigma * (DEEP / np.clip(depth, INFORMING_DEPTH, DEEP)) ** 3)


def _evidence(
    track: CapacityTrack,
    minutes: MinuteBlock,
    row: int,
    cell: int,
    severity: Severity | None,
    since: float,
    chance: float,
    sigma: float,
) -> Evidence:
    middle = middle_value(track.capacity_ah[row])
    missing = middle - float(track.capacity_ah[row, cell])
    spread = _TWO_SIDED * sigma * middle
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


DETECTOR = DetectorPlugin(
    kinds=(KIND,),
    needs=(CapacityTrack, CurrentOffsetTrack, PolarisationTrack, SocTrack),
    initial=_initial,
    step=_step,
)
