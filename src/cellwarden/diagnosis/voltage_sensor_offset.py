"""A cell whose voltage is read too high or too low: the sensor's error, not the cell's.

The filter's estimate counts where the readings on the plateau, by themselves, show an offset that is the same at every
depth, current and direction, and leave next to nothing else: a cell that is weak, emptier, resistive or of another
hysteresis stands apart too, but not so. Cells whose curve has no plateau are judged by the filter alone. A reading that
jumps while the pack rests is the sensor's on plateau and float: no charge moves a cell so fast. One with which the
pack's own voltage jumps is none. Near empty, where little charge is many millivolts, it is told once the pack is
elsewhere, if it stays. Sensors fail one by one: where many readings of a pack stand apart, it is the model that does
not fit its cells, and none is told.

Before a pack was first full its charge is known badly, and with it what the plateau shows: only a large offset is told.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cellwarden.core.board import Board
from cellwarden.core.finding import Evidence, Severity
from cellwarden.core.minute_block import IntArray, MinuteBlock
from cellwarden.core.sample_block import FloatArray
from cellwarden.diagnosis.cadence import is_full_hour
from cellwarden.diagnosis.deviation_watch import Deviation, WatchState, initial_watch, watch_deviation
from cellwarden.diagnosis.plateau_offset import PlateauSums, follow_plateau, nothing_shown, shown_offset
from cellwarden.diagnosis.plugin import DetectorPlugin
from cellwarden.estimation.charge_tracks import SocTrack, VoltageOffsetTrack
from cellwarden.estimation.middle_value import known_middle_values, middle_values
from cellwarden.estimation.plugin import PackContext

__all__ = ["DETECTOR"]

KIND = "voltage_sensor_offset"
LIMIT_VOLT = 0.003  # two and a half sigmas of sound sensors that differ by some 1.2 mV
RESOLUTIONS = 2.0
SPREADS = 2.5  # of sound sensors: readings that all lie apart are no single sensor's fault
FEW_CELLS, FEW_SHARE = 3, 0.05  # that may be off at once, at least and of the pack
PRESSING_VOLT = 0.1
HOURS_NEEDED = 6.0
FLAT_VOLT, STEEP_VOLT = 0.2, 0.5  # slope per unit of charge of a plateau, and of what counts as its steps: 5 mV per %
MIDDLE_SOC = (0.2, 0.95)
SEEN_SHARE, SEEN_DEPTH, SEEN_SIGMAS = 0.6, 0.1, 2.0
JUMPED_VOLT = 0.004  # that a reading jumped by in all: what is below may be a bleed's or a connector's
LARGE_VOLT = 0.012  # of a pack that was never full: what its unsure charge makes of a curve of another make is less
# that may be left unexplained: what sound cells leave, and of an offset. Where a weak or an emptier cell comes to its
# steps before the others, it stands apart by as much here and by little there
LEFT_VOLT, LEFT_SHARE = 0.002, 0.15
_EVERYWHERE = (
    "the difference is the same wherever the pack stands, as an error of the reading is and a cell's own is not."
)
_JUMPED = "the reading jumped by most of that within minutes while the pack rested, as no cell's charge does."


@dataclass(frozen=True, slots=True)
class OffsetWatch:
    """Levels held, and whether the curve has a plateau.

    `plateau` is how each cell stood apart there since the pack was first full, `early` before.
    """

    watch: WatchState
    plateau: PlateauSums
    early: PlateauSums
    has_plateau: bool


def _initial(context: PackContext) -> OffsetWatch:
    model = context.model
    middle = (model.soc_fraction >= MIDDLE_SOC[0]) & (model.soc_fraction <= MIDDLE_SOC[1])
    slopes = [np.gradient(curve.discharge_volt, model.soc_fraction)[middle].min() for curve in model.ocv_curves]
    cells = context.cell_count
    return OffsetWatch(initial_watch(cells), nothing_shown(cells), nothing_shown(cells), bool(min(slopes) < FLAT_VOLT))


def _step(
    state: OffsetWatch, minutes: MinuteBlock, board: Board, context: PackContext
) -> tuple[OffsetWatch, list[Evidence]]:
    if context.cell_count < 2 or not context.has_current:
        return state, []
    track, soc = board.get(VoltageOffsetTrack), board.get(SocTrack)
    sensors = context.pack.sensors
    least = max(LIMIT_VOLT, RESOLUTIONS * sensors.voltage_resolution_volt)
    hours = np.flatnonzero(is_full_hour(minutes.unix_time_second))
    final, early, sums = _follow(state, minutes, soc, context.pack.nominal_capacity_ah, hours)

    def of_rows(rows: IntArray) -> Deviation:
        offset = track.voltage_offset_volt[rows]
        # what is small raises nothing; of what is held the chance is told, in whatever block
        far = bool(state.watch.level.any() or (np.abs(offset) > 0.5 * least).any())
        shown = _is_shown(offset, sums) if far and state.has_plateau else np.full(offset.shape, not state.has_plateau)
        jumped = _has_jumped(offset, track.jumped_volt[rows])
        doubtful = jumped & _is_steep(soc, rows)
        jumped &= ~doubtful
        limit = np.maximum(least, SPREADS * track.spread_volt[rows])[:, None]
        unsure = state.has_plateau & ~jumped & (soc.full_count[rows, None] == 0.0)
        limit = np.where(unsure, np.fmax(limit, LARGE_VOLT), limit)
        few = np.sum(np.abs(offset) > least, axis=1, keepdims=True) <= _few(context.cell_count)
        return Deviation(
            value=np.where(few & (shown | jumped), offset, 0.0),
            sigma=(track.voltage_offset_high_volt[rows] - offset) / 1.96,
            limit=limit,
            pressing=PRESSING_VOLT,
            hours_needed=HOURS_NEEDED,
            known=jumped
            | ~doubtful
            & np.isfinite(track.informed_unix_time_second[rows])
            & ((sums.depth_spread() >= SEEN_DEPTH) | (not state.has_plateau)),
        )

    def say(row: int, cell: int, severity: Severity | None, since: float, chance: float) -> Evidence:
        return _evidence(track, minutes, row, cell, severity, since, chance)

    watch, found = watch_deviation(state.watch, minutes, of_rows, say)
    return OffsetWatch(watch, final, early, state.has_plateau), found


def _follow(
    state: OffsetWatch, minutes: MinuteBlock, soc: SocTrack, capacity_ah: float, rows: IntArray
) -> tuple[PlateauSums, PlateauSums, PlateauSums]:
    """The plateau's sums after the block, since the pack was full and before, and at `rows` those that count.

    Rows count at which the charge is neither full nor empty.
    """
    middle = known_middle_values(soc.soc_fraction)  # a cell that was never read has no charge
    slope = middle_values(soc.ocv_slope_volt)
    use = (slope < STEEP_VOLT) & (middle > MIDDLE_SOC[0]) & (middle < MIDDLE_SOC[1])
    full = soc.full_count > 0.0
    final, sums = follow_plateau(state.plateau, minutes, capacity_ah, middle, slope, use & full, rows)
    if full.all():
        return final, state.early, sums
    early, before = follow_plateau(state.early, minutes, capacity_ah, middle, slope, use & ~full, rows)
    return final, early, PlateauSums(np.where(full[rows, None, None], sums.cells, before.cells), sums.pack)


def _few(cells: int) -> float:
    """How many readings may be off at once and still be told: beyond half, the middle one is in as much doubt."""
    return max(min(FEW_CELLS, cells // 2), FEW_SHARE * cells)


def _has_jumped(offset: FloatArray | float, jumped: FloatArray) -> NDArray[np.bool_]:
    """(R, n_cells) whether an offset came at once, or nearly so, while the pack rested."""
    alike = np.abs(offset - jumped) <= (1.0 - SEEN_SHARE) * np.abs(offset)
    return np.asarray(alike & (np.abs(jumped) >= JUMPED_VOLT))


def _is_steep(soc: SocTrack, rows: IntArray) -> NDArray[np.bool_]:
    """(R, n_cells) whether a cell is near empty, on the curve's steep end."""
    return np.asarray((soc.soc_fraction[rows] < MIDDLE_SOC[0]) & (soc.ocv_slope_volt[rows] > STEEP_VOLT))


def _is_shown(offset: FloatArray, sums: PlateauSums) -> NDArray[np.bool_]:
    """(R, n_cells) whether the readings by themselves show an offset of that sign and not far from that size."""
    shown = shown_offset(sums)
    enough = np.sign(offset) * shown.volt >= np.maximum(SEEN_SHARE * np.abs(offset), SEEN_SIGMAS * shown.sigma_volt)
    return np.asarray(enough & (shown.left_volt <= LEFT_VOLT + LEFT_SHARE * np.abs(offset)))


def _evidence(
    track: VoltageOffsetTrack,
    minutes: MinuteBlock,
    row: int,
    cell: int,
    severity: Severity | None,
    since: float,
    chance: float,
) -> Evidence:
    offset = float(track.voltage_offset_volt[row, cell])
    low, high = float(track.voltage_offset_low_volt[row, cell]), float(track.voltage_offset_high_volt[row, cell])
    word = "high" if offset > 0 else "low"
    jumped = bool(_has_jumped(offset, track.jumped_volt[row, cell]))
    return Evidence(
        at_unix_time_second=float(minutes.unix_time_second[row]),
        kind=KIND,
        cell=cell + 1,
        sensor=None,
        severity=severity,
        magnitude=offset,
        magnitude_low=low,
        magnitude_high=high,
        unit="volt",
        confidence=chance,
        first_seen_unix_time_second=since,
        explanation=(
            f"The voltage of cell {cell + 1} is read {1e3 * abs(offset):.1f} mV too {word} "
            f"({1e3 * low:+.1f} to {1e3 * high:+.1f} mV): " + (_JUMPED if jumped else _EVERYWHERE)
        ),
        advice=(
            f"Calibrate the voltage input of cell {cell + 1}, and look at its sense wire and connector. The balancer "
            "and the protection act on the wrong voltage until then; the estimates here are corrected. Should the "
            "difference grow from week to week, suspect the cell itself."
        ),
    )


DETECTOR = DetectorPlugin(kinds=(KIND,), needs=(VoltageOffsetTrack, SocTrack), initial=_initial, step=_step)
