"""A cell that falls behind others that are bled: the loss that the balancer's ledger alone shows, whatever the knee.

At a rest near full a cell stands below the median by d. From one such rest to the next, D rises by what the cell loses
above the others and falls by what they are bled above it, so the loss is at least what they were bled beyond it, less
what d may have shrunk by. That is d in volt over the knee's slope, which may be flatter than thought by a factor, so a
cell that stood far away and came nearer shows nothing: it is a standing imbalance that is levelled out. One that stays
where it is, or falls further behind while the others are bled, leaks. Two spans in a row have to say so: a sensor that
jumps, or wires that are exchanged, look like it over one.

A cell that stands far below when it is first seen stands where a knee is so flat, of many makes, that days of bleeding
hardly move its voltage. Until it has once come up to the others it is taken to be levelled, and shows a loss only where
it falls; one whose own voltage, at a later rest near full, is well below that of the first is no longer taken for that.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cellwarden.core.board import Board
from cellwarden.core.minute_block import EdgeBlock, IntArray, MinuteBlock
from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.charge_tracks import SocTrack
from cellwarden.estimation.float_leak import FloatLeakTrack, on_knee_second
from cellwarden.estimation.middle_value import known_middle_values, middle_value
from cellwarden.estimation.plugin import EstimatorPlugin, PackContext
from cellwarden.estimation.running_sum import running_sum

__all__ = ["ESTIMATOR", "FallingBehindTrack", "Rests", "flattest", "least_loss"]

APART_SECOND = 20 * 3600.0
RESTED_SECOND = 2 * 3600.0
FRESH_SECOND = 2400.0  # since the distances were measured
STEEP_VOLT = 3.0  # by unit of charge, of the set's curve: where a distance in volt tells a charge
SPANS = (1, 2, 4, 8)  # in rests
KEPT = 2 * max(SPANS) + 1
FLATTER_LOG_SIGMA = 1.64  # of the slope's factor, to the flat side
SHAPE_LOG_SIGMA = 0.3  # of it from one part of the knee to another, for one factor is learnt for all
ALIKE_SHARE, ALIKE_VOLT = 0.15, 0.002  # by which distances at two rests may differ beside the charge
MEMORY_HOURS = 48.0
LEVEL_VOLT = 0.010  # below the others, within which a balancer holds a cell that leaks
FALLEN_VOLT = 0.015  # below its own first reading: more than a rest's relaxation or another float makes on the plateau


@dataclass(frozen=True, slots=True, kw_only=True)
class FallingBehindTrack:
    """Loss above the median's that every cell shows at least, (M, n_cells) [A]; 0 where none is shown.

    `rested_unix_time_second` (M,) is the rest that showed it last, NaN before the first. `levelling` (M, n_cells) tells
    the cells that stood far below when first seen and did not come up to the others yet, `fallen` (M, n_cells) those
    that have fallen further instead.
    """

    least_ampere: FloatArray
    rested_unix_time_second: FloatArray
    levelling: NDArray[np.bool_]
    fallen: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Rests:
    """The last rests near full, oldest first: (R,) stamps [s], (R, n) below the median [Ah], (R, n) bled so far [Ah].

    NaN is a cell that was not read: it shows nothing. `reading_ah` (R,) is what the voltage of `ALIKE_VOLT` is in
    charge there; `levelling` (R, n) tells the cells that were still being levelled.
    """

    stamp: FloatArray
    below_ah: FloatArray
    bled_ah: FloatArray
    reading_ah: FloatArray
    levelling: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.stamp)

    def with_rest(
        self,
        stamp: float,
        below_ah: FloatArray,
        bled_ah: FloatArray,
        reading_ah: float,
        levelling: NDArray[np.bool_],
    ) -> Rests:
        """One more, the oldest forgotten."""
        return Rests(
            np.append(self.stamp, stamp)[-KEPT:],
            np.vstack([self.below_ah, below_ah])[-KEPT:],
            np.vstack([self.bled_ah, bled_ah])[-KEPT:],
            np.append(self.reading_ah, reading_ah)[-KEPT:],
            np.vstack([self.levelling, levelling])[-KEPT:],
        )


@dataclass(frozen=True, slots=True)
class _Standing:
    """Which cells are being levelled, and which have fallen further; (n_cells,), or (M, n_cells) along rows."""

    levelling: NDArray[np.bool_]
    fallen: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _State:
    """Rests, what was bled so far, the loss shown; the voltage of cells when first seen, NaN before; their standing."""

    rests: Rests
    bled_ah: FloatArray
    least_ampere: FloatArray
    first_volt: FloatArray
    standing: _Standing


def least_loss(rests: Rests, flatter: float) -> FloatArray:
    """What every cell loses above the median at least, (n_cells,) [A]; 0 where two spans in a row do not show it.

    Parameters
    ----------
    flatter : factor by which the knee may be flatter than the parameter set's
    """
    least = np.zeros(rests.below_ah.shape[1])
    last = len(rests) - 1
    for span in SPANS:
        if 2 * span <= last:
            earlier = _shown(rests, last - 2 * span, last - span, flatter)
            least = np.fmax(least, np.minimum(earlier, _shown(rests, last - span, last, flatter)))
    return least


def _shown(rests: Rests, begin: int, end: int, flatter: float) -> FloatArray:
    """Loss over one span, (n_cells,) [A], negative where none is shown, NaN where a cell was not read."""
    hours = (rests.stamp[end] - rests.stamp[begin]) / 3600.0
    bled = rests.bled_ah[end] - rests.bled_ah[begin]
    before, after = rests.below_ah[begin], rests.below_ah[end]
    # a cell that stood above the median is taken to have stood as far below: what it lost on the way does not count
    nearer = np.abs(before) - after + ALIKE_SHARE * (np.abs(before) + np.abs(after))
    reading_ah = max(rests.reading_ah[begin], rests.reading_ah[end])
    doubt = flatter * (np.maximum(nearer, 0.0) + reading_ah)
    levelled = rests.levelling[begin] & (nearer + reading_ah > 0.0)
    return np.where(levelled, 0.0, (middle_value(bled) - bled - doubt) / hours)


def flattest(log_factor: float, log_sigma: float) -> float:
    """Factor by which the knee may be flatter than the parameter set's, by what was learnt of its slope."""
    return float(np.exp(FLATTER_LOG_SIGMA * np.hypot(log_sigma, SHAPE_LOG_SIGMA) - log_factor))


def _initial(context: PackContext) -> _State:
    cells = context.cell_count
    none, no = np.zeros((0, cells)), np.zeros(cells, dtype=np.bool_)
    rests = Rests(np.zeros(0), none, none, np.zeros(0), none.astype(np.bool_))
    return _State(rests, np.zeros(cells), np.zeros(cells), np.full(cells, np.nan), _Standing(no, no))


def _step(state: _State, minutes: MinuteBlock, edges: EdgeBlock, board: Board, context: PackContext) -> _State:
    del edges
    drifted, soc = board.get(FloatLeakTrack), board.get(SocTrack)
    bled = running_sum(state.bled_ah, minutes.bleed_ah)
    median = known_middle_values(minutes.voltage_volt)
    slope = _slopes(median, context)
    rests, least = state.rests, state.least_ampere
    shown, rested = np.empty_like(bled), np.full(len(bled), rests.stamp[-1] if len(rests) else np.nan)
    done = 0
    candidates = _candidates(minutes, soc, drifted, slope)
    standing, first_volt = _standing(state, candidates, median, drifted.away_volt)
    while (row := _next_apart(candidates, minutes.unix_time_second, rests)) is not None:
        shown[done:row] = _held(least, rests, minutes.unix_time_second[done:row])
        done = row
        hours = (minutes.unix_time_second[row] - rests.stamp[-1]) / 3600.0 if len(rests) else 0.0
        per_ah = slope[row] / context.pack.nominal_capacity_ah
        away = np.where(np.isfinite(minutes.voltage_volt[row]), np.nan_to_num(drifted.away_volt[row]), np.nan)
        below = _below_ah(float(median[row]), away, context)
        stamp = float(minutes.unix_time_second[row])
        rests = rests.with_rest(stamp, below, bled[row], float(ALIKE_VOLT / per_ah), standing.levelling[row])
        flatter = flattest(float(drifted.log_slope_factor[row]), float(drifted.log_slope_sigma[row]))
        least = np.fmax(least_loss(rests, flatter), least * np.exp(-hours / MEMORY_HOURS))
        rested[row:] = stamp
    shown[done:] = _held(least, rests, minutes.unix_time_second[done:])
    board.put(
        FallingBehindTrack(
            least_ampere=shown,
            rested_unix_time_second=rested,
            levelling=standing.levelling,
            fallen=standing.fallen,
        )
    )
    if not len(bled):
        return state
    return _State(rests, bled[-1], least, first_volt, _Standing(standing.levelling[-1], standing.fallen[-1]))


def _standing(
    state: _State, candidates: IntArray, median_volt: FloatArray, away_volt: FloatArray
) -> tuple[_Standing, FloatArray]:
    """How the cells stand along the rows, and what each read when first seen, (n_cells,) [V].

    Levelled is a cell that was far below whenever it was seen: once it has come up to the others it is level for good.
    """
    read = np.zeros(away_volt.shape, dtype=np.bool_)
    read[candidates] = np.isfinite(away_volt[candidates])
    own = median_volt[:, None] + away_volt
    first = (
        np.where(read.any(axis=0), own[read.argmax(axis=0), np.arange(own.shape[1])], np.nan) if len(own) else np.nan
    )
    first_volt = np.where(np.isfinite(state.first_volt), state.first_volt, first)
    seen_before = np.isfinite(state.first_volt)
    near = np.logical_or.accumulate(read & ~(away_volt < -LEVEL_VOLT), axis=0)
    seen = np.logical_or.accumulate(read, axis=0)
    far = np.where(seen_before, state.standing.levelling | state.standing.fallen, seen) & ~near
    fell = np.logical_or.accumulate(read & (own < first_volt - FALLEN_VOLT), axis=0)
    fallen = far & (state.standing.fallen | fell)
    return _Standing(far & ~fallen, fallen), first_volt


def _held(least: FloatArray, rests: Rests, stamp: FloatArray) -> FloatArray:
    """What is still shown at these stamps, (M, n_cells) [A]: it fades where no further rest bears it out."""
    if not len(rests):
        return np.zeros((len(stamp), len(least)))
    age_hours = (stamp - rests.stamp[-1]) / 3600.0
    fade: FloatArray = np.exp(-np.maximum(age_hours - MEMORY_HOURS, 0.0) / MEMORY_HOURS)
    return fade[:, None] * least


def _below_ah(median_volt: float, away_volt: FloatArray, context: PackContext) -> FloatArray:
    """Charge below the median by the set's charge branch, (n_cells,) [Ah]."""
    grid, curve = context.model.soc_fraction, context.model.ocv_curves[0].charge_volt
    soc = np.interp(np.append(median_volt, median_volt + away_volt), curve, grid)
    below: FloatArray = (soc[0] - soc[1:]) * context.pack.nominal_capacity_ah
    return below


def _candidates(minutes: MinuteBlock, soc: SocTrack, drifted: FloatLeakTrack, slope: FloatArray) -> IntArray:
    """Rows at which the pack has rested on the steep knee for long enough, the distances being those of this rest."""
    rested = (on_knee_second(soc) > RESTED_SECOND) & (slope >= STEEP_VOLT)
    seen = minutes.unix_time_second - drifted.informed_unix_time_second <= FRESH_SECOND
    return np.flatnonzero(rested & seen & np.isfinite(minutes.current_ampere))


def _next_apart(candidates: IntArray, unix_time_second: FloatArray, rests: Rests) -> int | None:
    """The first candidate that lies far enough behind the last rest."""
    first = 0
    if len(rests):
        first = int(np.searchsorted(unix_time_second[candidates] - rests.stamp[-1], APART_SECOND))
    return int(candidates[first]) if first < len(candidates) else None


def _slopes(volt: FloatArray, context: PackContext) -> FloatArray:
    """(M,) slope of the set's charge branch at these voltages [V per unit of charge], 0 where not known."""
    grid, curve = context.model.soc_fraction, context.model.ocv_curves[0].charge_volt
    slope = np.interp(volt, curve, np.gradient(curve, grid), left=0.0)
    return np.nan_to_num(np.where(volt > np.median(curve), slope, 0.0))


ESTIMATOR = EstimatorPlugin(
    name="falling_behind",
    needs=(FloatLeakTrack, SocTrack),
    gives=(FallingBehindTrack,),
    initial=_initial,
    step=_step,
)
