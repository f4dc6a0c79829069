"""A joint or lead with too much resistance: an excess over the neighbours that does not follow the cell's temperature.

A cell's resistance rises several times between 45 and −10 °C, that of a loose or corroded joint hardly changes.
"""

from __future__ import annotations

import numpy as np

from cellwarden.core.board import Board
from cellwarden.core.finding import Evidence, Severity
from cellwarden.core.minute_block import IntArray, MinuteBlock
from cellwarden.diagnosis.excess_levels import HELD, Excess, ExcessState, excess_evidence, initial_excess
from cellwarden.diagnosis.joint_or_cell import is_certain, is_decided, is_waiting
from cellwarden.diagnosis.normal_chance import normal_share
from cellwarden.diagnosis.plugin import DetectorPlugin
from cellwarden.estimation.plugin import PackContext
from cellwarden.estimation.resistance_track import ResistanceTrack

__all__ = ["DETECTOR"]

KIND = "connection_resistance_high"
LIMIT_OHM_AH = 0.006  # 60 µΩ on 100 Ah: a sound joint of a large cell has 10 to 30 µΩ
FAR_WATT = 50.0  # heat in one joint at the largest discharge current: beyond this plastics soften
_TWO_SIDED = 1.96


def _initial(context: PackContext) -> ExcessState:
    return initial_excess(context.cell_count)


def _step(
    state: ExcessState, minutes: MinuteBlock, board: Board, context: PackContext
) -> tuple[ExcessState, list[Evidence]]:
    track = board.get(ResistanceTrack)
    middle_ohm = track.middle_ohm[:, None]
    joint_ohm = track.joint_excess_fraction * middle_ohm
    sigma_ohm = track.joint_excess_sigma_fraction * middle_ohm
    largest_ampere = context.pack.limits.discharge_current_max_ampere
    far_ohm = FAR_WATT / largest_ampere**2
    limit_ohm = LIMIT_OHM_AH / context.pack.nominal_capacity_ah

    def of_rows(rows: IntArray) -> Excess:
        changed = np.minimum(track.aged_probability[rows] + track.joint_probability[rows], 1.0)
        above = changed * normal_share((joint_ohm[rows] - limit_ohm) / sigma_ohm[rows])
        waiting = is_waiting(track, rows, minutes.unix_time_second[rows], joint_ohm[rows] >= far_ohm)
        return Excess(
            half_passed=above > 0.5,
            above_probability=above,
            own_probability=np.where(waiting, HELD, 1.0),
            far_probability=normal_share((joint_ohm[rows] - far_ohm) / sigma_ohm[rows]),
            is_others=is_decided(track.aged_probability[rows], track.joint_probability[rows]),
            changed_unix_time_second=track.changed_unix_time_second[rows],
            edge_count=track.edge_count[rows],
        )

    def say(row: int, cell: int, severity: Severity, begin: float) -> Evidence:
        return Evidence(
            at_unix_time_second=float(minutes.unix_time_second[row]),
            kind=KIND,
            cell=cell + 1,
            sensor=None,
            severity=severity,
            magnitude=float(joint_ohm[row, cell]),
            magnitude_low=float(joint_ohm[row, cell] - _TWO_SIDED * sigma_ohm[row, cell]),
            magnitude_high=float(joint_ohm[row, cell] + _TWO_SIDED * sigma_ohm[row, cell]),
            unit="ohm",
            confidence=float(normal_share((joint_ohm[row, cell] - limit_ohm) / sigma_ohm[row, cell])),
            first_seen_unix_time_second=begin,
            explanation=_explanation(track, row, cell, float(joint_ohm[row, cell]), largest_ampere),
            advice=(
                f"Switch the pack off, then clean and tighten both joints of cell {cell + 1} to the maker's torque and "
                "look for discolouration; measure the drop across them under load afterwards."
            ),
        )

    return excess_evidence(state, minutes, track.edge_count, of_rows, say, _gone)


def _gone(at: float, cell: int, is_others: bool) -> Evidence:  # noqa: FBT001
    return Evidence(at_unix_time_second=at, kind=KIND, cell=cell + 1, sensor=None, severity=None, is_another=is_others)


def _explanation(track: ResistanceTrack, row: int, cell: int, joint_ohm: float, largest_ampere: float) -> str:
    span = float(track.temperature_span_kelvin[row, cell])
    text = (
        f"A joint or lead of cell {cell + 1} has {1e3 * joint_ohm:.2f} mΩ more than its neighbours': it drops "
        f"{1e3 * joint_ohm * largest_ampere:.0f} mV and makes {joint_ohm * largest_ampere**2:.1f} W at "
        f"{largest_ampere:.0f} A."
    )
    if not is_certain(track, row, cell):
        return text + (
            f" Whether a joint or the cell itself is at fault is undecided: the steps of current since span {span:.0f} "
            "K of temperature. The joint is the likelier one."
        )
    return text + f" It stays the same over {span:.0f} K, while a cell's own resistance would follow its temperature."


DETECTOR = DetectorPlugin(kinds=(KIND,), needs=(ResistanceTrack,), initial=_initial, step=_step)
