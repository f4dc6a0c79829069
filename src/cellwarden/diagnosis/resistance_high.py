"""A cell whose own resistance stands above its neighbours', at equal temperature and charge.

What a lower capacity explains (less area, so more resistance) is worth knowing only. What does not follow the cell's
laws is a joint's and another finding. Where the steps have not told the two apart, the likelier one is named after a
while (`joint_or_cell`) and the text says so.
"""

from __future__ import annotations

import numpy as np

from cellwarden.core.board import Board
from cellwarden.core.finding import Evidence, Severity
from cellwarden.core.minute_block import IntArray, MinuteBlock
from cellwarden.core.sample_block import FloatArray
from cellwarden.diagnosis.excess_levels import HELD, Excess, ExcessState, excess_evidence, initial_excess
from cellwarden.diagnosis.joint_or_cell import is_certain, is_decided, is_more_likely_joint, is_waiting
from cellwarden.diagnosis.normal_chance import normal_share
from cellwarden.diagnosis.plugin import DetectorPlugin
from cellwarden.estimation.charge_tracks import CapacityTrack
from cellwarden.estimation.plugin import PackContext
from cellwarden.estimation.resistance_track import ResistanceTrack

__all__ = ["DETECTOR"]

KIND = "resistance_high"
LIMIT_FRACTION, OWN_LIMIT_FRACTION, FAR_FRACTION = 0.10, 0.03, 1.0
RISE_FRACTION = 0.10  # above its own usual size, where it stands above its neighbours too
_TWO_SIDED = 1.96


def _initial(context: PackContext) -> ExcessState:
    return initial_excess(context.cell_count)


def _step(
    state: ExcessState, minutes: MinuteBlock, board: Board, context: PackContext
) -> tuple[ExcessState, list[Evidence]]:
    del context
    resistance, capacity = board.get(ResistanceTrack), board.get(CapacityTrack)
    above: dict[int, FloatArray] = {}  # by row: probabilities (n_cells,) of those that may be told

    def of_rows(rows: IntArray) -> Excess:
        above_probability = _above(resistance, rows)
        above.update(zip(rows.tolist(), above_probability, strict=True))
        excess = resistance.cell_excess_fraction[rows]
        own, own_sigma = _own(resistance, capacity, rows)
        pressing = excess >= FAR_FRACTION
        waiting = is_waiting(resistance, rows, minutes.unix_time_second[rows], pressing)
        waiting |= is_more_likely_joint(resistance, rows) & ~pressing
        return Excess(
            half_passed=excess > 0.5 * LIMIT_FRACTION,
            above_probability=above_probability,
            own_probability=np.minimum(
                normal_share((own - OWN_LIMIT_FRACTION) / own_sigma), np.where(waiting, HELD, 1.0)
            ),
            far_probability=normal_share((excess - FAR_FRACTION) / resistance.cell_excess_sigma_fraction[rows]),
            is_others=is_decided(resistance.joint_probability[rows], resistance.aged_probability[rows]),
            changed_unix_time_second=resistance.changed_unix_time_second[rows],
            edge_count=resistance.edge_count[rows],
        )

    def say(row: int, cell: int, severity: Severity, begin: float) -> Evidence:
        at = float(minutes.unix_time_second[row])
        return _evidence(resistance, capacity, row, cell, severity, at, begin, float(above[row][cell]))

    return excess_evidence(state, minutes, resistance.edge_count, of_rows, say, _gone)


def _above(track: ResistanceTrack, rows: IntArray) -> FloatArray:
    """(R, n_cells) probability that the excess, or the rise of a cell that stands above too, is above the limit."""
    excess, sigma = track.cell_excess_fraction[rows], track.cell_excess_sigma_fraction[rows]
    risen = normal_share((track.cell_rise_fraction[rows] - RISE_FRACTION) / track.cell_rise_sigma_fraction[rows])
    own = np.minimum(normal_share((excess - OWN_LIMIT_FRACTION) / sigma), risen)
    return np.asarray(np.maximum(normal_share((excess - LIMIT_FRACTION) / sigma), own))


def _own(resistance: ResistanceTrack, capacity: CapacityTrack, rows: IntArray | int) -> tuple[FloatArray, FloatArray]:
    """Excess that the cell's capacity does not explain, (1 + e)·Q/Q_median − 1, and its sigma, (…, n_cells)."""
    excess, sigma = resistance.cell_excess_fraction[rows], resistance.cell_excess_sigma_fraction[rows]
    known = np.isfinite(capacity.relative_fraction[rows])
    size = np.where(known, np.minimum(capacity.relative_fraction[rows], 1.0), 1.0)
    size_sigma = np.where(known, capacity.relative_sigma_fraction[rows], 0.0)
    return (1.0 + excess) * size - 1.0, np.hypot(size * sigma, (1.0 + excess) * size_sigma)


def _gone(at: float, cell: int, is_others: bool) -> Evidence:  # noqa: FBT001
    return Evidence(at_unix_time_second=at, kind=KIND, cell=cell + 1, sensor=None, severity=None, is_another=is_others)


def _evidence(
    track: ResistanceTrack,
    capacity: CapacityTrack,
    row: int,
    cell: int,
    severity: Severity,
    at: float,
    begin: float,
    confidence: float,
) -> Evidence:
    excess = float(track.cell_excess_fraction[row, cell])
    sigma = float(track.cell_excess_sigma_fraction[row, cell])
    middle_ohm = float(track.middle_ohm[row])
    explained = severity is Severity.INFO and bool(_own(track, capacity, row)[0][cell] < 0.5 * excess)
    return Evidence(
        at_unix_time_second=at,
        kind=KIND,
        cell=cell + 1,
        sensor=None,
        severity=severity,
        magnitude=excess * middle_ohm,
        magnitude_low=(excess - _TWO_SIDED * sigma) * middle_ohm,
        magnitude_high=(excess + _TWO_SIDED * sigma) * middle_ohm,
        unit="ohm",
        confidence=confidence,
        first_seen_unix_time_second=begin,
        explanation=_explanation(track, row, cell, excess, middle_ohm, explained=explained),
        advice=_advice(cell, severity, explained=explained),
    )


def _explanation(
    track: ResistanceTrack, row: int, cell: int, excess: float, middle_ohm: float, *, explained: bool
) -> str:
    text = (
        f"Cell {cell + 1} drops {1e3 * (1.0 + excess) * middle_ohm:.2f} mΩ times the current within 10 s at 25 °C and "
        f"half charge; the pack's median cell {1e3 * middle_ohm:.2f} mΩ. That is {100.0 * excess:.0f} % more, seen in "
        f"{track.edge_count[row, cell]:.0f} steps of the current."
    )
    if explained:
        return text + " Its lower capacity explains this: less active area has more resistance."
    span = float(track.temperature_span_kelvin[row, cell])
    if not is_certain(track, row, cell):
        return text + (
            f" Whether the cell itself or a joint on it is at fault is undecided: these steps span {span:.0f} K of "
            "temperature. The cell is the likelier one."
        )
    return text + f" It follows the cell's temperature over {span:.0f} K, so it is in the cell, not in a joint."


def _advice(cell: int, severity: Severity, *, explained: bool) -> str:
    if explained:
        return f"Treat this as part of the low capacity of cell {cell + 1}; nothing else needs to be done."
    if severity is Severity.CRITICAL:
        return f"Take the pack out of service and replace cell {cell + 1}: it heats and cuts the discharge off early."
    return (
        f"Check the torque and the surface of the joints of cell {cell + 1} at the next visit; if they are sound, plan "
        "to replace the cell: it reaches its limits first under load and in the cold."
    )


DETECTOR = DetectorPlugin(kinds=(KIND,), needs=(ResistanceTrack, CapacityTrack), initial=_initial, step=_step)
