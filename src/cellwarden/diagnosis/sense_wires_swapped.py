"""Two neighbouring sense wires exchanged: each of two cells is shown under the other's number.

Voltages alone do not show it, but four things tie a reading to its cell. Two neighbours that exchange their levels from
one minute to the next, sum and all other cells unmoved, were exchanged by hand. A passive balancer bleeds the higher of
two neighbours; one that bleeds the lower one for hours sees them the other way round. On float the bleed of a cell
pulls down that cell: where two readings each follow the other's bleed and not their own, the wires are crossed. And two
cells that change places near full charge, from one stay there to another, were exchanged in between. A log that
exchanges readings and balancing alike, from its first row on, shows nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cellwarden.core.board import Board
from cellwarden.core.finding import Evidence, Severity
from cellwarden.core.minute_block import MinuteBlock
from cellwarden.core.sample_block import FloatArray
from cellwarden.diagnosis.cadence import is_full_hour
from cellwarden.diagnosis.exchanged_levels import (
    CALM_ROWS,
    CALM_VOLT,
    JUMP,
    JUMP_SLOTS,
    SIDE,
    SURE,
    WINDOW_ROWS,
    exchanged_pairs,
    follow_calm,
)
from cellwarden.diagnosis.knee_print import Prints, exchanged_by_print, follow_prints, no_prints, prints_since
from cellwarden.diagnosis.plugin import DetectorPlugin
from cellwarden.diagnosis.seen_difference import middle_volt
from cellwarden.diagnosis.wire_exchange import (
    AGREED,
    BLEED_SLOTS,
    DECISION_SLOTS,
    HOUR_SLOTS,
    HOURS,
    SUSPICION,
    bleed_scores,
    watch_bleed,
    watch_decisions,
)
from cellwarden.estimation.bare_kernel import bare_kernel
from cellwarden.estimation.knee_voltage import knee_volt
from cellwarden.estimation.plugin import PackContext

__all__ = ["DETECTOR", "SwapState"]

KIND = "sense_wires_swapped"
CALM_FRACTION_OF_C = 0.02
FLOAT_FRACTION_OF_C = 0.01
FEWEST_HOURS, CROSSED_SCORE, OWN_SCORE, PACK_SCORE = 12.0, -3.0, -1.0, -3.0

CROSSED_SUSPICION, FEWEST_AGREED = 2.0, 3.0  # hours
LEAST_STEPS = 3.0  # of the reading, between two that count as different
HELD_VOLT = 0.010  # a balancer that has begun goes on: it may hold on to a cell that is lower by less

BY_EXCHANGE, BY_BLEED, BY_CHOICE, BY_PRINT = 1.0, 2.0, 3.0, 4.0
SURE_BY_BLEED, SURE_BY_CHOICE, SURE_BY_PRINT = 0.9, 0.95, 0.95
BELOW_KNEE_VOLT, KNEE_C_RATE = 0.02, 0.1


@dataclass(frozen=True, slots=True)
class SwapState:
    """Pairs (k, k + 1) of neighbours.

    `voltage`, `duty`, `current` : rings of the last minutes with `count` minutes written so far; `calm` : see
    `follow_calm`; `hour`, `bleed`, `decision` : see `wire_exchange`; `crossed` : (4, pairs) by what the pair is held to
    be crossed (0: it is not), since when [s], the jump [V] or the score that showed it, and how sure it is; `prints` :
    see `knee_print`, of stays on the knee from `prints_from` [s] on, for those before a known exchange tell nothing
    new; `knee_volt` where the knee begins.
    """

    voltage: FloatArray
    duty: FloatArray
    current: FloatArray
    calm: FloatArray
    count: int
    hour: FloatArray
    bleed: FloatArray
    decision: FloatArray
    crossed: FloatArray
    prints: Prints
    prints_from: float
    knee_volt: float


def _initial(context: PackContext) -> SwapState:
    cells, pairs = context.cell_count, max(context.cell_count - 1, 0)
    hour = np.full((HOUR_SLOTS, cells), np.nan)
    hour[:3] = 0.0
    ring = np.full((WINDOW_ROWS, cells), np.nan)
    current = np.full(WINDOW_ROWS, np.nan)
    return SwapState(
        ring,
        ring,
        current,
        np.zeros(3),
        0,
        hour,
        np.zeros((BLEED_SLOTS, cells)),
        np.zeros((DECISION_SLOTS, pairs)),
        np.zeros((4, pairs)),
        no_prints(cells),
        -np.inf,
        knee_volt(context.model) - BELOW_KNEE_VOLT,
    )


def _step(
    state: SwapState, minutes: MinuteBlock, board: Board, context: PackContext
) -> tuple[SwapState, list[Evidence]]:
    del board
    if len(minutes) == 0 or context.cell_count < 2:
        return state, []
    pack = context.pack
    hours = is_full_hour(minutes.unix_time_second)
    rings = state.voltage.copy(), state.duty.copy(), state.current.copy(), state.calm.copy()
    hour, bleed, decision, crossed = (x.copy() for x in (state.hour, state.bleed, state.decision, state.crossed))
    jumps = np.zeros((len(minutes), JUMP_SLOTS, crossed.shape[1]))
    sums = np.zeros((int(hours.sum()), BLEED_SLOTS, bleed.shape[1]))
    choices = np.zeros((int(hours.sum()), DECISION_SLOTS, crossed.shape[1]))
    _follow(
        *rings,
        state.count,
        hour,
        bleed,
        decision,
        minutes.voltage_volt,
        _duties(minutes, state.knee_volt, context),
        minutes.current_ampere,
        *_levels(minutes, CALM_FRACTION_OF_C * pack.nominal_capacity_ah),
        minutes.bleed_ah,
        hours,
        _scale(context),
        np.empty((2, context.cell_count)),
        jumps,
        sums,
        choices,
    )
    prints, stays = _follow_knee(state, minutes, pack.nominal_capacity_ah)
    prints_from = state.prints_from
    found: list[Evidence] = []
    hour_number = np.cumsum(hours) - 1
    told = np.asarray(jumps[:, JUMP].any(axis=1), dtype=np.bool_)
    told[list(stays)] = True
    if context.has_balancing:
        told[hours] |= _may_tell(sums, choices)
    for row in map(int, np.flatnonzero(hours | told)):
        if not (told[row] or crossed[0].any()):
            continue
        at = float(minutes.unix_time_second[row])
        changed = _note_jumps(crossed, jumps[row], at)
        if row in stays:
            changed = changed | _note_print(crossed, prints_since(stays[row], prints_from))
        if hours[row] and context.has_balancing:
            changed = changed | _note_choices(crossed, choices[hour_number[row]], at)
            changed = changed | _note_bleed(crossed, sums[hour_number[row]], at)
        if changed.any():
            prints_from = float(stays[row].begin[-1]) if row in stays else at
        pairs = np.flatnonzero(changed | ((crossed[0] > 0.0) & hours[row]))
        found.extend(_evidence(at, int(pair), crossed[:, pair]) for pair in pairs)
    count = state.count + len(minutes)
    return SwapState(*rings, count, hour, bleed, decision, crossed, prints, prints_from, state.knee_volt), found


def _duties(minutes: MinuteBlock, knee_volt: float, context: PackContext) -> FloatArray:
    """(M, n_cells) share of each minute that a bleed was on; NaN where one may have been and there is no log of it."""
    if not context.has_unseen_bleeds:
        return np.nan_to_num(minutes.bleed_fraction)
    return np.where(minutes.voltage_volt >= knee_volt, np.nan, 0.0)


def _follow_knee(state: SwapState, minutes: MinuteBlock, nominal_ah: float) -> tuple[Prints, dict[int, Prints]]:
    """Prints after the block, and by row wherever a stay on the knee ended."""
    calm = np.abs(minutes.current_ampere) <= KNEE_C_RATE * nominal_ah
    on_knee = np.asarray(calm & (middle_volt(minutes) >= state.knee_volt), dtype=np.bool_)
    prints, closed = follow_prints(
        state.prints, minutes.unix_time_second, minutes.elapsed_second / 3600.0, minutes.voltage_volt, on_knee
    )
    return prints, dict(closed)


def _note_print(crossed: FloatArray, prints: Prints) -> NDArray[np.bool_]:
    """Enter the pair that changed places on the knee; one that was crossed is put right."""
    apart = exchanged_by_print(prints)
    new = np.asarray(apart != 0.0, dtype=np.bool_)
    if new.any():
        crossed[0, new] = np.where(crossed[0, new] > 0.0, 0.0, BY_PRINT)
        crossed[1, new], crossed[2, new], crossed[3, new] = prints.begin[-1], apart[new], SURE_BY_PRINT
    return new


def _levels(minutes: MinuteBlock, calm_ampere: float) -> tuple[FloatArray, FloatArray]:
    """(M,) lowest and highest level of the rows: the current, or where it is not measured the mean reading [A or V].

    A row with more than a calm current is without bound: a constant load is no rest, for cells pass their knees.
    """
    low, high = minutes.current_minimum_ampere, minutes.current_maximum_ampere
    high = np.where(np.maximum(np.abs(low), np.abs(high)) > calm_ampere, np.inf, high)
    unknown = np.isnan(low)
    if not unknown.any():
        return low, high
    read = np.isfinite(minutes.voltage_volt)
    total = np.where(read, minutes.voltage_volt, 0.0).sum(axis=1)
    mean = np.divide(total, read.sum(axis=1), out=np.full(len(total), np.nan), where=read.any(axis=1))
    return np.where(unknown, mean, low), np.where(unknown, mean, high)


def _scale(context: PackContext) -> FloatArray:
    """Calm and float band [A], band of a level in its own unit, resolution [V], one sigma of a channel's offset [V]."""
    sensors, nominal_ah = context.pack.sensors, context.pack.nominal_capacity_ah
    calm = CALM_FRACTION_OF_C * nominal_ah
    band = calm if context.has_current else CALM_VOLT
    step = sensors.voltage_resolution_volt
    offset = 0.5 * max(sensors.voltage_offset_tolerance_volt, step)  # that none is off may be stated, not read
    return np.array([calm, FLOAT_FRACTION_OF_C * nominal_ah, band, step, offset])


@bare_kernel
def _follow(
    ring_voltage: FloatArray,
    ring_duty: FloatArray,
    ring_current: FloatArray,
    calm: FloatArray,
    count: int,
    hour: FloatArray,
    bleed: FloatArray,
    decision: FloatArray,
    voltage: FloatArray,
    duty: FloatArray,
    current: FloatArray,
    low: FloatArray,
    high: FloatArray,
    bled: FloatArray,
    hours: NDArray[np.bool_],
    scale: FloatArray,
    near: FloatArray,
    jumps: FloatArray,
    sums: FloatArray,
    choices: FloatArray,
) -> None:
    """Go through the minutes; `jumps` gets exchanges, `sums` and `choices` what the bleeds tell at full hours.

    `near` (2, n_cells) is scratch.
    """
    told = 0
    calm_ampere, float_ampere, band, step_volt, offset_volt = scale
    for row in range(voltage.shape[0]):
        at = (count + row) % WINDOW_ROWS
        _put(ring_voltage[at], voltage[row])
        _put(ring_duty[at], duty[row])
        ring_current[at] = current[row]
        follow_calm(calm, low[row], high[row], band)
        calm_rows = calm[CALM_ROWS]
        exchanged_pairs(
            ring_voltage, ring_duty, ring_current, at, calm_rows, calm_ampere, step_volt, offset_volt, near, jumps[row]
        )
        floats = max(abs(low[row]), abs(high[row])) <= float_ampere
        ends = 1 if hours[row] else 0
        watch_decisions(decision, voltage[row], duty[row], ends, max(LEAST_STEPS * step_volt, HELD_VOLT))
        watch_bleed(hour, bleed, voltage[row], bled[row], ends, 1 if floats else 0)
        if hours[row]:
            for slot in range(bleed.shape[0]):
                _put(sums[told, slot], bleed[slot])
            for slot in range(decision.shape[0]):
                _put(choices[told, slot], decision[slot])
            told += 1


@bare_kernel
def _put(place: FloatArray, values: FloatArray) -> None:
    """Write values (N,) into their place (N,)."""
    for j in range(values.shape[0]):
        place[j] = values[j]


def _note_jumps(crossed: FloatArray, jump: FloatArray, at: float) -> NDArray[np.bool_]:
    """Enter exchanges: the first crosses a pair, the next one puts it right; the same one may be seen twice."""
    since = at - 60.0 * jump[SIDE]
    again = (crossed[2] * jump[JUMP] > 0.0) & (since - crossed[1] < 60.0 * WINDOW_ROWS)
    new = (jump[JUMP] != 0.0) & ~again
    crossed[0, new] = np.where(crossed[0, new] > 0.0, 0.0, BY_EXCHANGE)
    crossed[1, new], crossed[2, new], crossed[3, new] = since[new], jump[JUMP, new], jump[SURE, new]
    return np.asarray(new, dtype=np.bool_)


def _may_tell(sums: FloatArray, choices: FloatArray) -> NDArray[np.bool_]:
    """Whether the balancing of full hours (H, slots, …) may cross a pair, where none is crossed yet, (H,)."""
    own, first, second = bleed_scores(sums)
    follows = (sums[:, HOURS].max(axis=1) >= FEWEST_HOURS) & ~(np.median(own, axis=1) > PACK_SCORE)
    by_other = (np.maximum(first, second) < CROSSED_SCORE) & (np.minimum(own[:, :-1], own[:, 1:]) > OWN_SCORE)
    by_choice = choices[:, SUSPICION] >= CROSSED_SUSPICION
    return np.asarray((follows & by_other.any(axis=1)) | by_choice.any(axis=1), dtype=np.bool_)


def _note_choices(crossed: FloatArray, decision: FloatArray, at: float) -> NDArray[np.bool_]:
    """Enter pairs of which the balancer keeps bleeding the lower reading; of overlapping pairs the clearest."""
    suspicion = np.where(crossed[0] == 0.0, decision[SUSPICION], 0.0)
    beside = np.concatenate([[0.0], suspicion, [0.0]])
    taken = np.concatenate([[False], crossed[0] > 0.0, [False]])
    clearest = (suspicion > beside[:-2]) & (suspicion >= beside[2:]) & ~taken[:-2] & ~taken[2:]
    agreed = decision[AGREED].sum() - decision[AGREED] >= FEWEST_AGREED
    new = (suspicion >= CROSSED_SUSPICION) & clearest & agreed
    gone = (crossed[0] == BY_CHOICE) & (decision[SUSPICION] == 0.0)
    crossed[0, new], crossed[1, new], crossed[2, new] = BY_CHOICE, at - 3600.0 * CROSSED_SUSPICION, suspicion[new]
    crossed[3, new] = SURE_BY_CHOICE
    crossed[0, gone] = 0.0
    return np.asarray(new | gone, dtype=np.bool_)


def _note_bleed(crossed: FloatArray, bleed: FloatArray, at: float) -> NDArray[np.bool_]:
    """Enter pairs whose readings follow the neighbour's bleed while the pack's others follow their own."""
    own, first, second = bleed_scores(bleed)
    if bleed[HOURS].max() < FEWEST_HOURS or np.median(own) > PACK_SCORE:
        return np.zeros(crossed.shape[1], dtype=np.bool_)
    by_other = np.maximum(first, second)
    by_own = np.minimum(own[:-1], own[1:])
    new = (by_other < CROSSED_SCORE) & (by_own > OWN_SCORE) & (crossed[0] == 0.0)
    gone = (crossed[0] == BY_BLEED) & (by_own < by_other)
    crossed[0, new], crossed[1, new], crossed[2, new], crossed[3, new] = BY_BLEED, at, by_other[new], SURE_BY_BLEED
    crossed[0, gone] = 0.0
    return np.asarray(new | gone, dtype=np.bool_)


def _evidence(at: float, pair: int, crossed: FloatArray) -> Evidence:
    mark, since, shown, sure = (float(value) for value in crossed)
    cell, other = pair + 1, pair + 2
    if mark == 0.0:
        return Evidence(at_unix_time_second=at, kind=KIND, cell=cell, sensor=None, severity=None)
    if mark == BY_EXCHANGE:
        seen = f"jumped to each other's level: their difference by {1e3 * abs(shown):.1f} mV, their sum not at all"
    elif mark == BY_PRINT:
        seen = f"have changed places near full charge, where they stood {1e3 * abs(shown):.1f} mV apart"
    elif mark == BY_CHOICE:
        seen = "do not fit their balancing: the lower of the two has been bled for hours"
    else:
        seen = "follow each other's balancing on float instead of their own"
    return Evidence(
        at_unix_time_second=at,
        kind=KIND,
        cell=cell,
        sensor=None,
        severity=Severity.WARNING,
        magnitude=float(other),
        magnitude_low=float(other),
        magnitude_high=float(other),
        unit="cell number",
        confidence=sure,
        first_seen_unix_time_second=since,
        explanation=f"The readings of cells {cell} and {other} {seen}: their sense wires are exchanged.",
        advice=f"Check the sense wires at cells {cell} and {other}: balancing now drains the wrong cell.",
    )


DETECTOR = DetectorPlugin(kinds=(KIND,), needs=(), initial=_initial, step=_step)
