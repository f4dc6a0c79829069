"""How far each cell is behind the others, by the shifts of `knee_shift` at every charge and the bleeds since.

Where the charge begins need not be known: it is counted back from the knee, so that a log's first charge tells as well
how the string stood before the balancer set to work. What moves the cells against each other afterwards is logged,
but for a leak, and for a balancer that keeps no log.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from cellwarden.core.board import Board
from cellwarden.core.minute_block import EdgeBlock, MinuteBlock
from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.cell_difference import BLEED_TOLERANCE
from cellwarden.estimation.charge_tracks import SocTrack
from cellwarden.estimation.knee_shift import ChargeRows, KneeShift, knee_shift
from cellwarden.estimation.middle_value import known_middle_value, known_middle_values, middle_values
from cellwarden.estimation.plugin import EstimatorPlugin, PackContext
from cellwarden.estimation.resistance_track import ResistanceTrack
from cellwarden.estimation.running_sum import running_sum

__all__ = ["ESTIMATOR", "UNLOGGED_SHARE", "KneeStandTrack"]

FLOWING_C_RATE = 0.02  # below it a pack counts as at rest
ENDED_SECOND = 1200.0  # without a current: the charge is over
TOP_SOC = 0.97  # of the highest voltage of a charge that climbs the knee
NEAR_TOP_SOC = 0.85  # by the estimate, there: a climb further down is a step of the graphite's
MOST_ROWS = 1200  # of one charge, 20 hours
MAKE_SHARE = 0.0025  # of the capacity, by which the knees of cells of one make lie apart
LEAK_PER_AH = 4e-6  # 0.4 mA at 100 Ah, by which sound cells drift apart
UNLOGGED_SHARE = 0.2  # of the balancing current, that may have flowed unseen all the time


@dataclass(frozen=True, slots=True, kw_only=True)
class KneeStandTrack:
    """Charge by which each cell is behind the median, with its sigma, (M, n_cells) [Ah]; NaN where no charge told it.

    `charges` are the charges that ended in the block: the row of the end, and the shifts.
    """

    behind_ah: FloatArray
    sigma_ah: FloatArray
    charges: tuple[tuple[int, KneeShift], ...]


@dataclass(frozen=True, slots=True)
class _State:
    """The charge in course, what was charged and bled so far [Ah], and the shifts of the last charge that told any."""

    rows: ChargeRows
    charged_ah: float
    bled_ah: FloatArray
    last: KneeShift | None


def _step(state: _State, minutes: MinuteBlock, edges: EdgeBlock, board: Board, context: PackContext) -> _State:
    del edges
    behind, sigma = np.full((2, len(minutes), context.cell_count), np.nan)
    charges: list[tuple[int, KneeShift]] = []
    if len(minutes) and context.has_current and context.cell_count > 1:
        state = _advance(state, minutes, board, context, charges, behind, sigma)
    board.put(KneeStandTrack(behind_ah=behind, sigma_ah=sigma, charges=tuple(charges)))
    return state


def _advance(
    state: _State,
    minutes: MinuteBlock,
    board: Board,
    context: PackContext,
    charges: list[tuple[int, KneeShift]],
    behind_ah: FloatArray,
    sigma_ah: FloatArray,
) -> _State:
    """Gather the rows of charges, compare the cells where one is over, and write how they stand."""
    soc, resistance = board.get(SocTrack), board.get(ResistanceTrack)
    flowing = FLOWING_C_RATE * context.pack.nominal_capacity_ah
    charged = running_sum(state.charged_ah, minutes.charge_ah)
    bled = running_sum(state.bled_ah, minutes.bleed_ah)
    median = known_middle_values(soc.soc_fraction)
    read = np.isfinite(minutes.voltage_volt).any(axis=1)
    climbing = np.flatnonzero((minutes.current_ampere > flowing) & read)
    ends = np.flatnonzero((minutes.current_ampere < -flowing) | (soc.rest_second > ENDED_SECOND))
    charge_of = np.searchsorted(ends, climbing)
    rows, last, done = state.rows, state.last, 0
    for k in np.unique(np.append(charge_of, 0) if len(rows.stamp) else charge_of).tolist():
        own = climbing[charge_of == k]
        rows = _joined(
            rows,
            ChargeRows(
                minutes.unix_time_second[own],
                charged[own],
                minutes.current_ampere[own],
                median[own],
                minutes.voltage_volt[own],
                bled[own],
            ),
        )
        if k == len(ends):
            break
        end = int(ends[k])
        shift = _shift_of(rows, resistance, end, context)
        if shift is not None:
            charges.append((end, shift))
            _write(last, minutes.unix_time_second, bled, slice(done, end), context, behind_ah, sigma_ah)
            last, done = shift, end
        rows = _no_rows(context)
    _write(last, minutes.unix_time_second, bled, slice(done, len(minutes)), context, behind_ah, sigma_ah)
    return _State(rows, float(charged[-1]), bled[-1], last)


def _shift_of(rows: ChargeRows, resistance: ResistanceTrack, end: int, context: PackContext) -> KneeShift | None:
    """How far the cells are behind in a charge that is over at row `end`."""
    capacity_ah = context.pack.nominal_capacity_ah
    counted = _counted_back(rows, capacity_ah)
    if counted is None:
        return None
    relative, sigma = resistance.relative_fraction[end], resistance.relative_sigma_fraction[end]
    return knee_shift(counted, capacity_ah, context.model.resistance_ohm_ah / capacity_ah, relative, sigma)


def _counted_back(rows: ChargeRows, capacity_ah: float) -> ChargeRows | None:
    """The rows with the charge counted from the highest voltage, the knee's; None if that is elsewhere."""
    highest = known_middle_values(rows.voltage_volt) if len(rows.stamp) else np.zeros(0)
    if not np.isfinite(highest).any():
        return None
    top = int(np.nanargmax(highest))
    if not np.nanmax(rows.soc_fraction[top:], initial=0.0) > NEAR_TOP_SOC:
        return None
    return replace(rows, soc_fraction=TOP_SOC + (rows.charge_ah - rows.charge_ah[top]) / capacity_ah)


def _write(
    last: KneeShift | None,
    stamp: FloatArray,
    bled_ah: FloatArray,
    rows: slice,
    context: PackContext,
    behind_ah: FloatArray,
    sigma_ah: FloatArray,
) -> None:
    """Write how the cells stand in rows: as in the last charge, but for what was bled since."""
    if last is None or rows.start >= rows.stop:
        return
    hours = (stamp[rows] - last.stamp)[:, None] / 3600.0
    since = bled_ah[rows] - last.bled_ah
    since -= middle_values(since)[:, None]
    behind_ah[rows] = last.behind_ah - known_middle_value(last.behind_ah) + since
    unseen = 0.0 if context.knows_bleeds else UNLOGGED_SHARE * context.pack.balancing_current_ampere
    drift = (LEAK_PER_AH * context.pack.nominal_capacity_ah + unseen) * hours
    make = MAKE_SHARE * context.pack.nominal_capacity_ah
    sigma_ah[rows] = np.sqrt(last.sigma_ah**2 + make**2 + drift**2 + (BLEED_TOLERANCE * since) ** 2)


def _joined(rows: ChargeRows, more: ChargeRows) -> ChargeRows:
    """The rows of a charge with more of them; of a very long one the last."""
    names = [field.name for field in fields(ChargeRows)]
    return ChargeRows(*(np.concatenate([getattr(rows, name), getattr(more, name)])[-MOST_ROWS:] for name in names))


def _no_rows(context: PackContext) -> ChargeRows:
    none, cells = np.zeros(0), np.zeros((0, context.cell_count))
    return ChargeRows(none, none, none, none, cells, cells)


def _initial(context: PackContext) -> _State:
    return _State(_no_rows(context), 0.0, np.zeros(context.cell_count), None)


ESTIMATOR = EstimatorPlugin(
    name="knee_stand", needs=(SocTrack, ResistanceTrack), gives=(KneeStandTrack,), initial=_initial, step=_step
)
