"""A cell that is fuller or emptier than its neighbours by more than balancing should leave.

On the top knee such a cell is seen to stand apart: what is only counted and not seen there is not told, nor what was
not there at the last full charge, for between full charges only leaks and bleeds move cells against each other. How far
it is apart rests on the curve that the cells are taken to have, but where that contradicts what the last charge showed
with the pack as its own yardstick. What the balancer has levelled in the last days while a cell was seen apart is known
from its log, whatever the knee, and counts as well: a string that is being levelled was that far apart. What a leak
explains of it is the leak's. A cell that stands far above its neighbours and is bled for hours while they are not is
fuller by what it is bled at least, whether the others have reached the knee or not: one that is only read too high
would be level, and far below, after a few tenths of a per cent of its charge. One that is full while the string is not
is known by `above_knee`, bled or not.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numba import njit
from numpy.typing import NDArray

from cellwarden.core.board import Board
from cellwarden.core.finding import Evidence, Severity
from cellwarden.core.minute_block import IntArray, MinuteBlock
from cellwarden.core.sample_block import FloatArray
from cellwarden.diagnosis.above_knee import Above, AboveState, follow_above, initial_above
from cellwarden.diagnosis.deviation_watch import Deviation, WatchState, initial_watch, watch_deviation
from cellwarden.diagnosis.full_charge_check import FullChargeCheck, held_since_full, initial_check
from cellwarden.diagnosis.plugin import DetectorPlugin
from cellwarden.diagnosis.seen_difference import SeenDifference, follow_difference, is_off_knee, middle_volt, unseen
from cellwarden.estimation.charge_tracks import SelfDischargeTrack, SocTrack, VoltageOffsetTrack
from cellwarden.estimation.float_leak import FloatLeakTrack
from cellwarden.estimation.joint_sigma import joint_sigma
from cellwarden.estimation.knee_stand import KneeStandTrack
from cellwarden.estimation.knee_voltage import knee_volt
from cellwarden.estimation.middle_value import middle_values
from cellwarden.estimation.plugin import PackContext
from cellwarden.estimation.running_sum import running_sum

__all__ = ["DETECTOR"]

KIND = "soc_imbalance"
LIMIT_FRACTION, LIMIT_AH = 0.015, 0.5
PRESSING_FRACTION = 0.30
HOURS_NEEDED = 6.0
FAR_VOLT = 0.04  # below the others, all that its reading may be low by taken off: it is on the plateau, they are not
FAR_SIGMAS = 3.0  # by which such a cell is beyond the limit, however little tells where on the plateau it stands
KNEE_SHARE = 0.2  # of a difference, that the width of an unknown knee may make of it
BELOW_KNEE_VOLT, CALM_C_RATE = 0.02, 0.1
SEEN_VOLT, SEEN_HOURS, MEMORY_HOURS = 0.008, 0.5, 2.0
ALONE_VOLT = 0.025  # above the others, its reading's offset taken out, of a cell that is bled because it is fuller
ALONE_SHARE = 0.5  # of the limit, above which what a cell was bled alone is worth looking at
ALONE_CELLS = 3  # of fewer, the median is no yardstick for one
LEVELLED_HOURS = 240.0  # for which the balancer's work is remembered
CONTRADICTED_SIGMAS = 2.0  # of what the last charge showed
BLEED_SHARE = 0.05  # by which the bleed current may be off
TWO_SIGMA = 1.96


@dataclass(frozen=True, slots=True)
class ImbalanceWatch:
    """Levels held, how far each cell stood apart on the top knee, and what was levelled.

    `bled_ah` (n_cells,) is the charge that the median cell was bled above each cell while that was seen apart in the
    last days, `alone_ah` (n_cells,) what each cell was bled above the median at little current while it stood far
    above, and `hours` (1,) their number, all fading. `stood` is how far apart each cell stood at little current,
    wherever the others were.
    """

    watch: WatchState
    seen: SeenDifference
    knee_volt: float
    bled_ah: FloatArray
    alone_ah: FloatArray
    lacking_ah: FloatArray
    total_ah: FloatArray
    hours: FloatArray
    check: FullChargeCheck
    stood: SeenDifference
    above: AboveState


@dataclass(frozen=True, slots=True)
class _Apart:
    """How far cells are behind the median, (M, n_cells) [Ah]: what is left, what was levelled, sigma of both together.

    `flatter` (M,) is the factor by which what is left may be larger: the knee's slope is known but for a factor.
    `unseen_ah` is what may be left of it beside, where nothing tells it, and `least_ah` what they are behind at least:
    the limit where they stand far below the others, however little tells how far that is.
    """

    left_ah: FloatArray
    levelled_ah: FloatArray
    sigma_ah: FloatArray
    flatter: FloatArray
    unseen_ah: FloatArray
    least_ah: FloatArray

    def sigma_for_limit(self, rows: IntArray) -> FloatArray:
        """(R, n_cells) sigma [Ah] against the limit: no wider than what is sure."""
        beyond = np.abs(self.left_ah[rows]) - self.least_ah[rows]
        sure = (self.least_ah[rows] > 0.0) & (beyond > 0.0)
        return np.where(sure, np.fmin(self.sigma_ah[rows], beyond / FAR_SIGMAS), self.sigma_ah[rows])

    def and_levelled_before(self, total_ah: FloatArray) -> _Apart:
        """With what fuller cells were bled above the median since the log began, `total_ah`: they may have had as much.

        What was bled long ago is not counted, nor where the cell stood little above; no loss of its own had it bled.
        """
        fuller = self.left_ah + self.levelled_ah < 0.0
        more = np.where(fuller, total_ah - np.abs(self.levelled_ah), 0.0)
        return replace(self, unseen_ah=np.fmax(self.unseen_ah, more))

    def and_above(self, above: Above, least_ah: float) -> _Apart:
        """With cells that are full while the string is not, by what it lacks."""
        gap, sigma = np.fmax(above.gap_ah, least_ah)[:, None], above.sigma_ah[:, None]
        return _Apart(
            np.where(above.now, -gap, self.left_ah),
            np.where(above.now, np.fmin(self.levelled_ah, 0.0), self.levelled_ah),
            np.where(above.now, sigma, self.sigma_ah),
            self.flatter,
            np.where(above.now, 0.0, self.unseen_ah),
            np.where(above.now, least_ah, self.least_ah),
        )

    def and_alone(
        self, alone_ah: FloatArray, lacking_ah: FloatArray, is_high: NDArray[np.bool_], told: NDArray[np.bool_]
    ) -> _Apart:
        """With what cells that stand far above were bled; what is left of those is known once the pack was full.

        Before, as much again may be, or what the others lacked to full while it was bled, `lacking_ah`.
        """
        left = np.where(told, np.fmin(self.left_ah, 0.0), 0.0)
        sigma = joint_sigma(np.where(told, self.sigma_ah, 0.0), BLEED_SHARE * alone_ah)
        return _Apart(
            np.where(is_high, left, self.left_ah),
            np.where(is_high, -alone_ah, self.levelled_ah),
            np.where(is_high, sigma, self.sigma_ah),
            self.flatter,
            np.where(is_high & ~told, np.fmax(alone_ah, lacking_ah), 0.0),
            self.least_ah,
        )


def _initial(context: PackContext) -> ImbalanceWatch:
    cells = context.cell_count
    knee = knee_volt(context.model) - BELOW_KNEE_VOLT
    return ImbalanceWatch(
        watch=initial_watch(cells),
        seen=unseen(cells),
        knee_volt=knee,
        bled_ah=np.zeros(cells),
        alone_ah=np.zeros(cells),
        lacking_ah=np.zeros(cells),
        total_ah=np.zeros(cells),
        hours=np.zeros(1),
        check=initial_check(cells),
        stood=unseen(cells),
        above=initial_above(cells),
    )


@njit(cache=True)
def fading_sum(start: FloatArray, change: FloatArray, elapsed_hours: FloatArray) -> FloatArray:
    """(M, n) sum of all changes so far, each fading since; `start` (n,), of the row before, is changed."""
    result = np.empty_like(change)
    for m in range(change.shape[0]):
        keep = np.exp(-elapsed_hours[m] / LEVELLED_HOURS)
        for j in range(start.shape[0]):
            start[j] = keep * start[j] + change[m, j]
        result[m] = start
    return result


@njit(cache=True)
def last_while(start: FloatArray, value: FloatArray, holds: NDArray[np.bool_]) -> FloatArray:
    """(M, n) value (M,) of the last row at which each cell's condition held; `start` (n,) of before, is changed."""
    result = np.empty(holds.shape)
    for m in range(holds.shape[0]):
        for j in range(start.shape[0]):
            if holds[m, j]:
                start[j] = value[m]
        result[m] = start
    return result


def levelled(left_ah: FloatArray, bled_ah: FloatArray, lost_ah: FloatArray) -> FloatArray:
    """What the balancer has levelled of cells that are emptier, 0 for others, (M, n_cells) [Ah].

    That the others were bled is told by many channels; one cell that is bled alone may be read wrongly.

    Parameters
    ----------
    left_ah : charge by which each cell is further from full than the median
    bled_ah : charge that the median was bled above each cell
    lost_ah : charge that has surely leaked in the same time, which kept the balancer busy with the others
    """
    own = np.fmax(bled_ah - np.fmax(lost_ah, 0.0), 0.0)
    return np.where(left_ah > 0.0, own, 0.0)


def _limit_ah(context: PackContext) -> float:
    return max(LIMIT_FRACTION * context.pack.nominal_capacity_ah, LIMIT_AH)


def _left(counted_ah: FloatArray, counted_sigma_ah: FloatArray, stand: KneeStandTrack) -> tuple[FloatArray, FloatArray]:
    """What cells are behind now and its sigma, (M, n_cells) [Ah]: as counted, or as the last charge showed."""
    contradicted = np.abs(counted_ah - stand.behind_ah) > CONTRADICTED_SIGMAS * stand.sigma_ah
    by_knee = joint_sigma(counted_sigma_ah, KNEE_SHARE * counted_ah)
    return np.where(contradicted, stand.behind_ah, counted_ah), np.where(contradicted, stand.sigma_ah, by_knee)


def _apart(
    left: FloatArray, sigma: FloatArray, least_ah: FloatArray, bled_ah: FloatArray, hours: FloatArray, board: Board
) -> _Apart:
    """How far cells are apart along a block, what was levelled included."""
    done = levelled(left, bled_ah, board.get(SelfDischargeTrack).self_discharge_low_ampere * hours)
    flatter = np.exp(TWO_SIGMA * board.get(FloatLeakTrack).log_slope_sigma)
    return _Apart(left, done, joint_sigma(sigma, BLEED_SHARE * done), flatter, np.zeros_like(left), least_ah)


def _step(
    state: ImbalanceWatch, minutes: MinuteBlock, board: Board, context: PackContext
) -> tuple[ImbalanceWatch, list[Evidence]]:
    if context.cell_count < 2 or not context.has_current:
        return state, []
    full_count, scale = board.get(SocTrack).full_count, context.pack.nominal_capacity_ah
    calm = np.abs(minutes.current_ampere) <= CALM_C_RATE * scale
    final, seen = follow_difference(state.seen, minutes, calm & (middle_volt(minutes) >= state.knee_volt), MEMORY_HOURS)
    stands, stood = follow_difference(state.stood, minutes, calm, MEMORY_HOURS)
    highest = board.get(VoltageOffsetTrack).voltage_offset_high_volt
    knee = state.knee_volt + BELOW_KNEE_VOLT
    ended, above_knee = follow_above(state.above, minutes, calm, stood, highest, knee, board.get(SocTrack), scale)
    elapsed, bled, hours = minutes.elapsed_second / 3600.0, state.bled_ah.copy(), state.hours.copy()
    above = middle_values(minutes.bleed_ah)[:, None] - minutes.bleed_ah
    high = stood.volt - np.fmax(highest, 0.0) >= ALONE_VOLT
    high &= context.cell_count >= ALONE_CELLS
    alone = state.alone_ah.copy()
    total = running_sum(state.total_ah, -above)
    own_bleed = np.where(high & calm[:, None], np.fmax(-above, 0.0), 0.0)
    alone_ah = fading_sum(alone, own_bleed, elapsed)
    lacking, most_ah = state.lacking_ah.copy(), above_knee.gap_ah + TWO_SIGMA * above_knee.sigma_ah
    lacking_ah = last_while(lacking, most_ah, own_bleed > 0.0)
    above = np.where(np.abs(seen.volt) >= SEEN_VOLT, above, 0.0)
    behind = board.get(SocTrack).deficit_difference_ah
    check, left_ah = held_since_full(state.check, behind - middle_values(behind)[:, None], full_count, elapsed)
    total_hours = fading_sum(hours, elapsed[:, None], elapsed)
    stand = board.get(KneeStandTrack)
    told = (full_count[:, None] > 0) | np.isfinite(stand.behind_ah)
    left_ah, sigma_ah = _left(left_ah, board.get(SocTrack).deficit_difference_sigma_ah, stand)
    bled_alone = alone_ah >= ALONE_SHARE * _limit_ah(context)
    is_high = high & bled_alone
    read_low = np.fmin(board.get(VoltageOffsetTrack).voltage_offset_low_volt, 0.0)
    below = seen.volt - read_low
    is_far = (below <= -FAR_VOLT) & is_off_knee(minutes, below, context.model)
    least_ah = np.where(is_far, _limit_ah(context), 0.0)
    apart = _apart(left_ah, sigma_ah, least_ah, fading_sum(bled, above, elapsed), total_hours, board)
    apart = apart.and_alone(alone_ah, lacking_ah, is_high, told).and_above(above_knee, _limit_ah(context))
    apart = apart.and_levelled_before(total)

    def of_rows(rows: IntArray) -> Deviation:
        left, volt = apart.left_ah[rows], seen.volt[rows]
        shown = (told[rows] & (volt * left < 0.0) & (np.abs(volt) >= SEEN_VOLT)) | is_high[rows]
        shown |= above_knee.now[rows]
        unchanged = above_knee.before[rows] & ~above_knee.now[rows]  # until the string is near full again
        return Deviation(
            value=np.where(shown, left + apart.levelled_ah[rows], 0.0),
            sigma=apart.sigma_for_limit(rows),
            limit=_limit_ah(context),
            pressing=PRESSING_FRACTION * scale,
            hours_needed=HOURS_NEEDED,
            known=(((told[rows] & (seen.hours[rows] >= SEEN_HOURS)) | bled_alone[rows]) & ~unchanged)
            | above_knee.now[rows],
        )

    def say(row: int, cell: int, severity: Severity | None, since: float, chance: float) -> Evidence:
        at, balanced = float(minutes.unix_time_second[row]), context.pack.balancer != "none"
        return _evidence(apart, at, row, cell, severity, since, chance, is_balanced=balanced)

    watch, found = watch_deviation(state.watch, minutes, of_rows, say)
    total_ah = total[-1] if len(total) else state.total_ah
    return ImbalanceWatch(
        watch, final, state.knee_volt, bled, alone, lacking, total_ah, hours, check, stands, ended
    ), found


def _interval(apart: _Apart, row: int, cell: int) -> tuple[float, float]:
    """By how much less and more a cell may be apart than is thought, both ≥ 0 [Ah]."""
    spread = TWO_SIGMA * float(apart.sigma_ah[row, cell])
    flatter = (float(apart.flatter[row]) - 1.0) * abs(float(apart.left_ah[row, cell]))
    if apart.least_ah[row, cell] > 0.0:
        return min(spread, max(abs(float(apart.left_ah[row, cell])) - float(apart.least_ah[row, cell]), 0.0)), spread
    return spread, float(np.hypot(max(spread, flatter), apart.unseen_ah[row, cell]))


def _evidence(
    apart: _Apart,
    time: float,
    row: int,
    cell: int,
    severity: Severity | None,
    since: float,
    chance: float,
    *,
    is_balanced: bool,
) -> Evidence:
    done = abs(float(apart.levelled_ah[row, cell]))
    fuller = -float(apart.left_ah[row, cell] + apart.levelled_ah[row, cell])
    less, more = _interval(apart, row, cell)
    low, high = (fuller - less, fuller + more) if fuller > 0 else (fuller - more, fuller + less)
    word, size = "fuller" if fuller > 0 else "emptier", abs(fuller)
    return Evidence(
        at_unix_time_second=time,
        kind=KIND,
        cell=cell + 1,
        sensor=None,
        severity=severity,
        magnitude=fuller,
        magnitude_low=low,
        magnitude_high=high,
        unit="ampere_hour",
        confidence=chance,
        first_seen_unix_time_second=since,
        explanation=(
            f"Cell {cell + 1} is {size:.1f} Ah {word} than the pack's median cell "
            f"({size - less:.1f} to {size + more:.1f} Ah)"
            + (f", counting {done:.1f} Ah that the balancer has levelled in the last days." if done > 0.05 else ".")
        ),
        advice=_advice(
            cell, fuller, is_balanced=is_balanced, is_far=bool(apart.least_ah[row, cell] > 0.0 and fuller < 0.0)
        ),
    )


def _advice(cell: int, fuller: float, *, is_balanced: bool, is_far: bool) -> str:
    """What to do about it, with the balancer that the pack has or without one; `is_far`: it has left the knee."""
    if is_far:
        return (
            "First see whether its voltage falls further from one day to the next. If it does, it has a short inside: "
            "isolate the pack and have the cell replaced. "
            + (
                "If not, keep the pack at its full charge voltage until the balancer has evened it out."
                if is_balanced
                else f"If not, charge cell {cell + 1} alone to its neighbours' voltage, no further: how much it misses "
                "is not known well."
            )
        )
    if is_balanced:
        return (
            "Keep the pack at its full charge voltage until the balancer has evened it out; if the difference grows or "
            "comes back, the cell leaks or the balancer is at fault."
        )
    by_hand = "Discharge" if fuller > 0 else "Charge"
    return (
        f"The pack has no balancer: nothing evens this out by itself. {by_hand} cell {cell + 1} alone by "
        f"{abs(fuller):.1f} Ah; if the difference comes back, the cell is at fault."
    )


DETECTOR = DetectorPlugin(
    kinds=(KIND,),
    needs=(SocTrack, SelfDischargeTrack, VoltageOffsetTrack, FloatLeakTrack, KneeStandTrack),
    initial=_initial,
    step=_step,
)
