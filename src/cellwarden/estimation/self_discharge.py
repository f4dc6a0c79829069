"""Self-discharge of every cell: of three ways to know its leak, the one that is surer at the moment.

The charge cascade compares cells at full charges and trusts the parameter set's knee; the filters on float watch drifts
and learn the knee's slope; `knee_leak` takes the pack as its own yardstick from full charge to full charge, by which
the cascade's count is mended too. The first two compare what was bled with what the voltage says is missing, so both
are off by a factor of that difference, the leak plus the bleed above the central cell: nothing where the balancer holds
a cell at the others' level. A slope is off by a factor and never by its sign: a cell that falls behind others that are
bled leaks more than their bleed, whatever its knee. A difference that shrinks says less, for a knee that is flatter
than thought looks like a leak that eats the others' bleed; least it says of a cell far below the others, on a part of
the curve from which the knee learnt nothing. What the ledger of the bleeds alone shows of a cell that falls behind
holds whatever the knee: no leak is told as smaller.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numba import njit
from numpy.typing import NDArray

from cellwarden.core.board import Board
from cellwarden.core.minute_block import EdgeBlock, MinuteBlock
from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.charge_cascade import LEAK_SIGMA
from cellwarden.estimation.charge_tracks import CountedLeakTrack, SelfDischargeTrack, SocTrack
from cellwarden.estimation.falling_behind import FallingBehindTrack
from cellwarden.estimation.float_leak import FloatLeakTrack
from cellwarden.estimation.joint_sigma import joint_sigma
from cellwarden.estimation.knee_leak import KneeLeakTrack
from cellwarden.estimation.knee_stand import KneeStandTrack
from cellwarden.estimation.middle_loss import within_middle_loss
from cellwarden.estimation.middle_value import known_middle_value
from cellwarden.estimation.plugin import EstimatorPlugin, PackContext
from cellwarden.estimation.unseen_bleed import lasting_share, unseen_bleed

__all__ = ["ESTIMATOR", "counted_doubt", "factor_doubt", "fading_highest"]

FLOAT_GROWING, FLOAT_SHRINKING = 0.2, 0.35  # sigma of the logarithm of the factor
COUNTED_GROWING, COUNTED_SHRINKING = 0.25, 0.7
NEAR_VOLT, FAR_VOLT = 0.010, 0.020  # below the median: where the factor begins to be less known, and by how much
MOST_FAR = 1.0
KNOWN_LOG_SLOPE = 0.6
DOUBT_SECOND = 36 * 3600.0
# of the capacity: sigma of where the first full charges place a cell on a knee not yet known; at 3.40 V the curves of
# the five LFP cells at hand are 0.4 % apart
PLACE_SHARE = 0.005
PLACE_HOURS, LEVEL_HOURS = 240.0, 36.0  # for which it bends the count, and the drifts: on float a string levels out
UNLOGGED_SHARE = 2.0  # times that where the balancer may move charge unseen, then as much at every full charge
UNKNOWN_PER_AH = 0.9 * LEAK_SIGMA  # a count that is no surer in any cell has just begun
RESTING, CLEAR_SHARE = 0.05, 0.5  # where a pack rests daily, a leak that its drifts show clearly goes first
AGREE_SIGMAS = 2.0  # within which a count and the loss from charge to charge are of one leak
SOON_SECOND = 12 * 3600.0  # after a full charge, within which a rest shows what that charge did
LEAST_SHARE, LEAST_SIGMAS = 0.8, 3.0  # of what the ledger shows, for the bleed current; where it is kept
# of the bleed current: a cell that leaks less is brought up to the others, and stands far below them while it is
SHORT_SHARE = 0.5
TWO_SIGMA = 1.96


@dataclass(frozen=True, slots=True)
class _State:
    """Doubt of the counted leak downwards and upwards [A], (2, n_cells): fading slowly once its cause is gone.

    `levelled_ampere` (n_cells,) is what the others were bled above cells that are being levelled, fading likewise;
    `misplaced_ah` (n_cells,) is by how much the count was seen to place each cell wrongly;
    `bled_share` (1,) is the share of the time for which bleeds may be on that no log tells; `counted_hours` is how long
    the charge cascade has compared the cells, `rested_hours` how long ago they were first seen at rest.
    """

    doubt_ampere: FloatArray
    levelled_ampere: FloatArray
    misplaced_ah: FloatArray
    bled_share: FloatArray
    counted_hours: float
    rested_hours: float


def factor_doubt(missing: FloatArray, log_sigma: FloatArray) -> FloatArray:
    """How far a leak may be off because what is missing is known but for a factor, (2, M, n_cells) [A].

    Parameters
    ----------
    missing : (M, n_cells) leak plus bleed above the central cell [A]
    log_sigma : (M, n_cells) sigma of the logarithm of the factor

    Returns
    -------
    95 % bounds downwards and upwards over 1.96, as sigmas are
    """
    rise = np.expm1(TWO_SIGMA * log_sigma)
    more = np.abs(missing) * rise / TWO_SIGMA
    less = more / (1.0 + rise)
    growing = missing > 0.0
    return np.array([np.where(growing, less, more), np.where(growing, more, less)])


def far_below(drifted: FloatLeakTrack) -> FloatArray:
    """How far below the others each cell stands, where its voltage hardly moves: 0 near them to 1, (M, n_cells)."""
    return np.clip((-drifted.away_volt - NEAR_VOLT) / FAR_VOLT, 0.0, MOST_FAR)


def _doubt(
    leak: FloatArray, drifted: FloatLeakTrack, growing: float, shrinking: float, slope: FloatArray | float
) -> FloatArray:
    """Doubt of a leak, (2, M, n_cells) [A], by how far its knee's slope is known."""
    missing = leak + drifted.bleed_rate_ampere
    far = far_below(drifted)
    return factor_doubt(missing, slope + np.where(missing > 0.0, growing, shrinking + far))


def counted_doubt(counted: CountedLeakTrack, drifted: FloatLeakTrack) -> FloatArray:
    """What the cascade's leak may be off by because its knee is not the cell's, down and up [A], (2, M, n_cells)."""
    known = np.maximum(1.0 - (drifted.log_slope_sigma / KNOWN_LOG_SLOPE) ** 2, 0.0)
    slope = (known * np.abs(drifted.log_slope_factor))[:, None]
    return _doubt(counted.leak_ampere, drifted, COUNTED_GROWING, COUNTED_SHRINKING, slope)


@njit(cache=True)
def fading_highest(start: FloatArray, values: FloatArray, elapsed_second: FloatArray) -> FloatArray:
    """(M, n) highest of all values so far, each fading since; `start` (n,), of the row before, is changed."""
    result = np.empty_like(values)
    for m in range(values.shape[0]):
        fade = np.exp(-elapsed_second[m] / DOUBT_SECOND)
        for j in range(start.shape[0]):
            start[j] = max(start[j] * fade, values[m, j])
        result[m] = start
    return result


@njit(cache=True)
def hours_since(begun_hours: float, unknown: NDArray[np.bool_], elapsed_second: FloatArray) -> FloatArray:
    """(M,) hours since a quantity was last unknown; `begun_hours` before the first row."""
    result = np.empty(elapsed_second.shape[0])
    hours = begun_hours
    for m in range(result.shape[0]):
        hours = 0.0 if unknown[m] else hours + elapsed_second[m] / 3600.0
        result[m] = hours
    return result


def levelled_rate(falling: FallingBehindTrack, drifted: FloatLeakTrack) -> FloatArray:
    """What the others are bled above cells that are being levelled, (M, n_cells) [A].

    No bleed is a leak's while a cell is on its way up from where it stood at first, on a part of the curve so flat that
    its voltage tells little of it.
    """
    return np.where(falling.levelling, np.fmax(-drifted.bleed_rate_ampere, 0.0), 0.0)


def levelled_sigma(leak: FloatArray, levelled_ampere: FloatArray, falling: FallingBehindTrack) -> FloatArray:
    """How much less cells may leak that are being levelled, or were, (M, n_cells) [A].

    While one stands where it stood at first, it may lose nothing. Then what the others were bled above it,
    `levelled_ampere`, may be what levelled it, unless it has fallen further.
    """
    most = np.fmax(leak, 0.0)
    since = np.where(falling.fallen, 0.0, np.fmin(levelled_ampere, most))
    return np.where(falling.levelling, most, since)


def place_doubt(hours: FloatArray, charge_ah: float, memory_hours: float) -> FloatArray:
    """Doubt of every leak because the first charge differences were off by a charge, (M,) [A].

    The charge at which a cell is first placed is wrong by a share of the capacity while the knee is not known. As later
    full charges mend it, or the string levels out, the difference seems to grow: a leak of that charge over the time
    since, in the end forgotten.
    """
    return charge_ah / np.maximum(hours, 1.0) * np.exp(-hours / memory_hours)


def highest_misplaced(misplaced_ah: FloatArray, board: Board) -> FloatArray:
    """By how much the count has placed each cell wrongly so far, (M, n_cells) [Ah], as full charges showed.

    A charge that ends shows how cells stand with the pack as its own yardstick. What the count is off by then, both
    errors taken out, it will mend, and take for a leak. `misplaced_ah` (n_cells,), of the row before, is changed.
    """
    soc, stand = board.get(SocTrack), board.get(KneeStandTrack)
    result = np.zeros(soc.deficit_difference_ah.shape)
    for end, _ in stand.charges:
        counted = soc.deficit_difference_ah[end] - known_middle_value(soc.deficit_difference_ah[end])
        variance = stand.sigma_ah[end] ** 2 + soc.deficit_difference_sigma_ah[end] ** 2
        result[end] = np.sqrt(np.fmax((counted - stand.behind_ah[end]) ** 2 - variance, 0.0))
    result = np.maximum.accumulate(np.maximum(np.nan_to_num(result), misplaced_ah))
    if len(result):
        misplaced_ah[:] = result[-1]
    return result


def no_smaller(
    leak: FloatArray, low: FloatArray, high: FloatArray, least: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """A leak and its sigmas to both sides (M, n_cells) [A], given what it is at least; where that is 0, as it was.

    The bound holds but for the error of the bleed current: it is kept at `LEAST_SIGMAS`.
    """
    shown = least > 0.0
    value = np.where(shown, np.fmax(leak, least), leak)
    within = np.fmax(value - LEAST_SHARE * least, 0.0) / LEAST_SIGMAS
    reach = np.fmax(high - (value - leak) / TWO_SIGMA, within)
    return value, np.where(shown, np.fmin(low, within), low), np.where(shown, reach, high)


def _by_knee(
    leak: FloatArray, low: FloatArray, high: FloatArray, knee: KneeLeakTrack
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """A leak and its sigmas to both sides (M, n_cells) [A], or what full charges tell where that is surer.

    Of a cell that left the knee, or of a balancer without a log, charges tell what a cell leaks at least: no leak is
    told as smaller.
    """
    least = knee.leak_ampere - TWO_SIGMA * knee.low_sigma_ampere
    more = (least > leak - TWO_SIGMA * low) & (least > 0.0)  # by less than nothing no cell leaks at least
    low = np.where(more, (leak - least) / TWO_SIGMA, low)
    surer = knee.low_sigma_ampere + knee.high_sigma_ampere < low + high
    surer |= more & (knee.leak_ampere > leak)
    return (
        np.where(surer, knee.leak_ampere, leak),
        np.where(surer, knee.low_sigma_ampere, low),
        np.where(surer, knee.high_sigma_ampere, high),
    )


def with_charges(
    leak: FloatArray, sigmas: FloatArray, knee: KneeLeakTrack, far: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """A count (M, n_cells) [A] and its sigmas down and up (2, M, n_cells), or the loss from charge to charge.

    The one errs by where cells were first placed, the other by how each charge was read: the surer one stands, and the
    latter where they contradict each other. Of a cell that is `far` below the others the former does.
    """
    quiet, own = knee.quiet_ampere, knee.quiet_sigma_ampere
    counted = sigmas.mean(axis=0)
    differ = np.abs(leak - quiet) > AGREE_SIGMAS * joint_sigma(counted, own)
    by_charges = (differ | (own < counted)) & ((far == 0.0) | (leak < quiet))
    return np.where(by_charges, quiet, leak), np.where(by_charges, own, sigmas)


def off_the_yardstick(knee: KneeLeakTrack, counted: CountedLeakTrack, far: FloatArray) -> KneeLeakTrack:
    """What full charges tell, unsure upwards by what is counted above it of cells `far` below the others (M, n)."""
    above = far * np.fmax(counted.leak_ampere - knee.leak_ampere, 0.0)
    return replace(knee, high_sigma_ampere=joint_sigma(knee.high_sigma_ampere, above))


def unseen_sigma(leak: FloatArray, drifted: FloatLeakTrack) -> FloatArray:
    """How much more a cell may leak that has left the knee, (M, n_cells) [A].

    There its voltage stands still whatever it leaks. A pack that rests all day has seen it leave.
    """
    return far_below(drifted) * np.fmax(leak, 0.0) * (1.0 - drifted.rest_share)[:, None]


def missed_sigma(counted: CountedLeakTrack, drifted: FloatLeakTrack) -> FloatArray:
    """How much more than its drift shows a cell may leak that has left the knee, (M, n_cells) [A].

    Full charges count on where the voltage stands still: what they count above the drift, the drift may have missed.
    """
    return far_below(drifted) * np.fmax(counted.leak_ampere - drifted.leak_ampere, 0.0)


def least_shown(falling: FallingBehindTrack, knee: KneeLeakTrack, far: FloatArray) -> FloatArray:
    """What the ledger shows of each cell at least, (M, n_cells) [A]; 0 where charges show that it lost less.

    A cell that is levelled out falls no further behind from charge to charge, whatever the others are bled. What a rest
    shows that came long after the last charge may have begun in between.
    """
    most = knee.quiet_ampere + AGREE_SIGMAS * knee.quiet_sigma_ampere
    soon = falling.rested_unix_time_second - knee.quiet_unix_time_second < SOON_SECOND
    spoken_against = soon[:, None] & (far == 0.0) & (falling.least_ampere > most)
    return np.where(spoken_against, 0.0, falling.least_ampere)


def _uncounted(counted: CountedLeakTrack, capacity_ah: float) -> NDArray[np.bool_]:
    """(M,) whether the count knows no cell's leak better than before the log."""
    return np.asarray(counted.sigma_ampere.min(axis=1) >= UNKNOWN_PER_AH * capacity_ah)


def _drift_doubt(
    drifted: FloatLeakTrack, counted: CountedLeakTrack, hours: FloatArray, capacity_ah: float
) -> FloatArray:
    """Doubt of the leaks that drifts show, down and up (2, M, n_cells) [A], seen at rest for `hours` (M,)."""
    levelling = place_doubt(hours, PLACE_SHARE * capacity_ah, LEVEL_HOURS)[:, None]
    own = joint_sigma(np.array([drifted.low_sigma_ampere, drifted.high_sigma_ampere]), levelling)
    own[1] = joint_sigma(own[1], missed_sigma(counted, drifted))
    return joint_sigma(own, _doubt(drifted.leak_ampere, drifted, FLOAT_GROWING, FLOAT_SHRINKING, 0.0))


def _misplaced(context: PackContext) -> tuple[float, float]:
    """Charge by which cells may be placed wrongly [Ah], and hours after which that is forgotten."""
    charge_ah = PLACE_SHARE * context.pack.nominal_capacity_ah
    return (UNLOGGED_SHARE * charge_ah, math.inf) if context.has_unseen_bleeds else (charge_ah, PLACE_HOURS)


def _step(state: _State, minutes: MinuteBlock, edges: EdgeBlock, board: Board, context: PackContext) -> _State:
    del edges
    drifted, knee = board.get(FloatLeakTrack), board.get(KneeLeakTrack)
    counted = board.get(CountedLeakTrack)
    shorted = counted.leak_ampere > SHORT_SHARE * context.pack.balancing_current_ampere
    far = np.where(shorted, far_below(drifted), 0.0)
    knee = off_the_yardstick(knee, counted, far)
    doubt = state.doubt_ampere.copy()
    lasting = np.array(
        [
            fading_highest(start, now, minutes.elapsed_second)
            for start, now in zip(doubt, counted_doubt(counted, drifted), strict=True)
        ]
    )
    levelled = state.levelled_ampere.copy()
    falling = board.get(FallingBehindTrack)
    levelled_doubt = fading_highest(levelled, levelled_rate(falling, drifted), minutes.elapsed_second)
    counting = hours_since(
        state.counted_hours, _uncounted(counted, context.pack.nominal_capacity_ah), minutes.elapsed_second
    )
    resting = hours_since(state.rested_hours, np.isnan(drifted.informed_unix_time_second), minutes.elapsed_second)
    charge_ah, memory_hours = _misplaced(context)
    misplaced = state.misplaced_ah.copy()
    by_count = joint_sigma(
        joint_sigma(counted.sigma_ampere, place_doubt(counting, charge_ah, memory_hours)[:, None]), lasting
    )
    by_charges, by_count = with_charges(counted.leak_ampere, by_count, knee, far)
    by_drift = _drift_doubt(drifted, counted, resting, context.pack.nominal_capacity_ah)
    clear = (drifted.rest_share > RESTING)[:, None] & (
        by_drift.sum(axis=0) < 2.0 * CLEAR_SHARE * np.abs(drifted.leak_ampere)
    )
    drift = clear | (by_drift.sum(axis=0) < by_count.sum(axis=0))
    # off the knee a voltage that stands still shows no leak, whatever is counted
    drift = np.where(falling.levelling, np.abs(drifted.leak_ampere) < by_charges, drift)
    leak, (low, high) = np.where(drift, drifted.leak_ampere, by_charges), np.where(drift, by_drift, by_count)
    low = joint_sigma(low, levelled_sigma(leak, levelled_doubt, falling))
    high = np.where(falling.levelling, np.fmax(high, by_count[1] + (by_charges - leak) / TWO_SIGMA), high)
    leak, low, high = _by_knee(leak, low, high, knee)
    by_place = highest_misplaced(misplaced, board) / np.maximum(counting, 1.0)[:, None]
    by_place = np.where(leak == counted.leak_ampere, by_place, 0.0)
    low, high = joint_sigma(low, by_place), joint_sigma(high, by_place)
    leak, low, high = no_smaller(leak, low, high, least_shown(falling, knee, far))
    high = joint_sigma(high, unseen_sigma(leak, drifted))
    bled_share = state.bled_share.copy()
    less, more = _unseen_bleed(bled_share, drifted, minutes.elapsed_second, context)
    by_voltage = np.fmax(counted.informed_unix_time_second, drifted.informed_unix_time_second[:, None])
    lowest, highest = leak - TWO_SIGMA * low - less, leak + TWO_SIGMA * high + more
    board.put(
        SelfDischargeTrack(
            self_discharge_ampere=leak,
            self_discharge_low_ampere=within_middle_loss(leak, lowest, highest, context.pack.nominal_capacity_ah),
            self_discharge_high_ampere=highest,
            down_sigma_ampere=(leak - lowest) / TWO_SIGMA,
            informed_unix_time_second=np.fmax(by_voltage, knee.informed_unix_time_second),
        )
    )
    last = len(minutes) - 1
    if last < 0:
        return state
    return _State(doubt, levelled, misplaced, bled_share, float(counting[last]), float(resting[last]))


def _unseen_bleed(
    bled_share: FloatArray, drifted: FloatLeakTrack, elapsed_second: FloatArray, context: PackContext
) -> tuple[FloatArray | float, FloatArray | float]:
    """How much less and more cells may leak because no bleed is logged [A]; `bled_share` is changed."""
    if not context.has_unseen_bleeds:
        return 0.0, 0.0
    share = lasting_share(bled_share, drifted.rest_share, elapsed_second)
    return unseen_bleed(context.pack.balancing_current_ampere, share, drifted, far_below(drifted))


def _initial(context: PackContext) -> _State:
    cells = context.cell_count
    return _State(np.zeros((2, cells)), np.zeros(cells), np.zeros(cells), np.zeros(1), 0.0, 0.0)


ESTIMATOR = EstimatorPlugin(
    name="self_discharge",
    needs=(CountedLeakTrack, FloatLeakTrack, FallingBehindTrack, KneeLeakTrack, KneeStandTrack, SocTrack),
    gives=(SelfDischargeTrack,),
    initial=_initial,
    step=_step,
)
