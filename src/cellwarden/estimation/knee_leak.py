"""Leak of cells that fall behind from one full charge to the next, by the shifts of `knee_shift` and the bleeds.

From one charge to the next a cell falls behind the others by what it loses above them and by what it is bled above
them. One span may be a reading that jumps, or wires that are exchanged: two in a row have to show a loss. A cell that
no longer reaches the knee is behind by its width at least, and leaks at least what it took to get there. A balancer
without a log bleeds no cell that is read below the others: what such a cell falls further behind it leaks at least.

The charges also tell of cells that do not leak how little they can have lost: that is kept apart, for it says nothing
of what began after the last of them.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from cellwarden.core.board import Board
from cellwarden.core.minute_block import EdgeBlock, MinuteBlock
from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.cell_difference import BLEED_TOLERANCE
from cellwarden.estimation.joint_sigma import joint_sigma
from cellwarden.estimation.knee_shift import KneeShift
from cellwarden.estimation.knee_stand import UNLOGGED_SHARE, KneeStandTrack
from cellwarden.estimation.middle_value import known_middle_value, middle_value
from cellwarden.estimation.plugin import EstimatorPlugin, PackContext

__all__ = ["ESTIMATOR", "KneeLeakTrack", "ShiftLedger", "ToldLeaks", "told_leaks"]

SPANS = (1, 2, 4)  # in charges
KEPT = 2 * max(SPANS) + 1
EACH_SIGMAS = 1.64  # of each of two spans in a row, 5 % by chance; a jump of one reading raises one, lowers the other
SHARED = 0.9  # correlation of what scales of two charges' sigmas
ALIKE_SIGMAS = 2.0  # within which two spans show the same leak
PER_MEDIAN_DEVIATION = 1.4826  # sigma over the median deviation, of a Gaussian
PRIOR_FREEDOM = 2.0  # how many of a span's cells the set's variance is worth
MEDIAN_EFFICIENCY = 0.37  # of the median deviation, of Gaussian errors
LEAST_CELLS = 4  # of which one may leak
MOST_FACTOR = 9.0  # of the variance, that a single span may speak for
GONE_SHARE = 3.0  # of what a cell beyond the knee leaks at least, one sigma upwards
RETURNED_SHARE = 0.5  # of a fall: who came back by as much may have changed its wires with who fell
READ_HIGH_VOLT = 0.002  # above the median
FRESH_DAYS, MEMORY_DAYS = 3.0, 10.0  # of a pack that is cycled many a charge ends below the knee
AGED_SHARE = 0.1  # of a leak and a day beyond, by which it may have changed


@dataclass(frozen=True, slots=True, kw_only=True)
class KneeLeakTrack:
    """Leak above the median that full charges show, with its sigmas downwards and upwards, (M, n_cells) [A].

    NaN where they show none, as the stamp of the last of these charges [s] is. `quiet_ampere` with its sigma (M,
    n_cells) is the mean loss up to the last charge, at `quiet_unix_time_second` (M,), whether it shows a leak or not;
    NaN where that is not known.
    """

    leak_ampere: FloatArray
    low_sigma_ampere: FloatArray
    high_sigma_ampere: FloatArray
    informed_unix_time_second: FloatArray
    quiet_ampere: FloatArray
    quiet_sigma_ampere: FloatArray
    quiet_unix_time_second: FloatArray


@dataclass(frozen=True, slots=True)
class ShiftLedger:
    """The last charges, oldest first: (K,) stamps [s]; (K, n) as in `KneeShift`."""

    stamp: FloatArray
    behind_ah: FloatArray
    sigma_ah: FloatArray
    scale_ah: FloatArray
    current_ah: FloatArray
    least_ah: FloatArray
    bled_ah: FloatArray

    def __len__(self) -> int:
        return len(self.stamp)

    def with_shift(self, shift: KneeShift) -> ShiftLedger:
        """One more, the oldest forgotten."""
        return ShiftLedger(
            np.append(self.stamp, shift.stamp)[-KEPT:],
            np.vstack([self.behind_ah, shift.behind_ah])[-KEPT:],
            np.vstack([self.sigma_ah, shift.sigma_ah])[-KEPT:],
            np.vstack([self.scale_ah, shift.scale_ah])[-KEPT:],
            np.vstack([self.current_ah, shift.current_ah])[-KEPT:],
            np.vstack([self.least_ah, shift.least_ah])[-KEPT:],
            np.vstack([self.bled_ah, shift.bled_ah])[-KEPT:],
        )


@dataclass(frozen=True, slots=True)
class ToldLeaks:
    """(n_cells,) leaks with sigmas downwards and upwards [A], NaN where none is told."""

    leak_ampere: FloatArray
    low_ampere: FloatArray
    high_ampere: FloatArray


@dataclass(frozen=True, slots=True)
class _State:
    """The ledger, and what it tells."""

    ledger: ShiftLedger
    told: ToldLeaks


def _missing(ledger: ShiftLedger, begin: int, end: int, shared: float = SHARED) -> tuple[FloatArray, FloatArray]:
    """(n_cells,) charge lost above the median from one charge to another with its sigma [Ah]; NaN where not known.

    Parameters
    ----------
    shared : correlation of what scales of the two charges' sigmas
    """
    bled = ledger.bled_ah[end] - ledger.bled_ah[begin]
    beyond = np.isnan(ledger.behind_ah[end])
    after = np.where(beyond, ledger.least_ah[end], ledger.behind_ah[end])
    missing = after - ledger.behind_ah[begin] - bled
    last, last_scale = ledger.sigma_ah[end], ledger.scale_ah[end]
    last = np.where(beyond, known_middle_value(last), last)
    first, first_scale = ledger.sigma_ah[begin], ledger.scale_ah[begin]
    last_scale = np.where(beyond, 0.0, last_scale)
    alone = (1.0 - shared**2) * (last_scale**2 + first_scale**2) + shared**2 * (last_scale - first_scale) ** 2
    doubt = BLEED_TOLERANCE * (bled - middle_value(bled))
    sigma = np.sqrt(last**2 - last_scale**2 + first**2 - first_scale**2 + alone + doubt**2)
    return missing - known_middle_value(missing), sigma


def _loss(ledger: ShiftLedger, begin: int, end: int, shared: float = SHARED) -> tuple[FloatArray, FloatArray]:
    """(n_cells,) loss above the median from one charge to another with its sigma [A]; NaN where not known.

    It is not surer than the cells are alike: what one of two charges tells worse, it tells worse of all.
    """
    hours = (ledger.stamp[end] - ledger.stamp[begin]) / 3600.0
    missing, sigma = _missing(ledger, begin, end, shared)
    apart = PER_MEDIAN_DEVIATION * known_middle_value(np.abs(missing))
    return missing / hours, np.fmax(sigma, apart) / hours


def as_alike_as_seen(ledger: ShiftLedger) -> ShiftLedger:
    """The ledger with its sigmas as large as the cells of this pack are seen to repeat themselves.

    The variance of what a charge tells is that of the set times a factor whose prior is an inverse chi-square of mean 1
    (Gelman et al., Bayesian Data Analysis, 2013, 2.6); every span tells it by the median deviation of the cells, which
    a leak of one does not move.
    """
    weight, total = PRIOR_FREEDOM, PRIOR_FREEDOM
    kept = ledger.scale_ah**2 + ledger.current_ah**2
    own = ledger.sigma_ah**2 - kept
    for end in range(1, len(ledger)):
        missing, sigma = _missing(ledger, end - 1, end)
        apart = PER_MEDIAN_DEVIATION * known_middle_value(np.abs(missing / sigma))
        known = int(np.isfinite(missing / sigma).sum())
        if known >= LEAST_CELLS:
            # what is not of the factor is taken as it is stated; the more there is of it, the less a span tells
            share = min(known_middle_value((own[end - 1] + own[end]) / sigma**2), 1.0)
            freedom = MEDIAN_EFFICIENCY * (known - 1) * share**2
            weight += freedom
            total += freedom * min(max(apart**2 - (1.0 - share), 0.0) / share, MOST_FACTOR)
    return replace(ledger, sigma_ah=np.sqrt(kept + total / weight * own))


def told_leaks(ledger: ShiftLedger, before: ToldLeaks) -> ToldLeaks:
    """What the ledger tells after its last charge.

    Parameters
    ----------
    before : what it told after the charge before; it stays where the last charge does not speak against it
    """
    leak, low, high = (np.full(ledger.behind_ah.shape[1], np.nan) for _ in range(3))
    last = len(ledger) - 1
    for span in SPANS:
        if 2 * span > last:
            break
        value, sigma = _shown(ledger, last, span)
        new = np.isfinite(value) & (np.isnan(leak) | (np.abs(value - leak) < ALIKE_SIGMAS * low))
        leak, low, high = np.where(new, value, leak), np.where(new, sigma, low), np.where(new, sigma, high)
    high = np.where(np.isnan(ledger.behind_ah[last]), GONE_SHARE * leak, high)
    gone = _left_the_knee(ledger, last)
    far = np.isnan(leak) & np.isfinite(gone[0])
    leak, low, high = (
        np.where(far, gone[0], leak),
        np.where(far, gone[1], low),
        np.where(far, GONE_SHARE * gone[0], high),
    )
    stays = np.isnan(leak) & ~_spoken_against(ledger, last, before)
    return ToldLeaks(
        np.where(stays, before.leak_ampere, leak),
        np.where(stays, before.low_ampere, low),
        np.where(stays, before.high_ampere, high),
    )


def _shown(ledger: ShiftLedger, last: int, span: int) -> tuple[FloatArray, FloatArray]:
    """(n_cells,) leak and sigma [A] that two spans in a row show; NaN where they do not."""
    earlier, earlier_sigma = _loss(ledger, last - 2 * span, last - span)
    later, later_sigma = _loss(ledger, last - span, last)
    whole, whole_sigma = _loss(ledger, last - 2 * span, last)
    both = (earlier > EACH_SIGMAS * earlier_sigma) & (later > EACH_SIGMAS * later_sigma)
    alike = np.abs(later - earlier) < ALIKE_SIGMAS * np.hypot(later_sigma, earlier_sigma)
    value, sigma = np.where(alike, whole, later), np.where(alike, whole_sigma, later_sigma)
    return np.where(both, value, np.nan), np.where(both, sigma, np.nan)


def quiet_losses(ledger: ShiftLedger) -> tuple[FloatArray, FloatArray]:
    """(n_cells,) mean loss with its sigma over the longest time whose halves agree [A]; NaN where none do.

    That a cell that is far behind is told as far in every charge is not counted upon.
    """
    loss, sigma = np.full((2, ledger.behind_ah.shape[1]), np.nan)
    last = len(ledger) - 1
    for span in reversed(SPANS):
        if 2 * span > last:
            continue
        earlier, earlier_sigma = _loss(ledger, last - 2 * span, last - span, 0.0)
        later, later_sigma = _loss(ledger, last - span, last, 0.0)
        whole, whole_sigma = _loss(ledger, last - 2 * span, last, 0.0)
        alike = np.abs(later - earlier) < ALIKE_SIGMAS * np.hypot(later_sigma, earlier_sigma)
        new = np.isnan(loss) & alike
        loss, sigma = np.where(new, whole, loss), np.where(new, whole_sigma, sigma)
    return loss, sigma


def _left_the_knee(ledger: ShiftLedger, last: int) -> tuple[FloatArray, FloatArray]:
    """(n_cells,) leak and sigma [A] of cells that left the knee two charges ago and did not come back, else NaN."""
    if last < 2:
        none = np.full(ledger.behind_ah.shape[1], np.nan)
        return none, none
    fell, sigma = _loss(ledger, last - 2, last - 1)
    stayed = np.isnan(ledger.behind_ah[last - 1]) & np.isnan(ledger.behind_ah[last]) & (ledger.least_ah[last] > 0.0)
    came_back = np.isnan(ledger.behind_ah[last - 2]) & np.isfinite(ledger.behind_ah[last - 1])
    returned = np.where(came_back.any(), np.inf, -np.nanmin(fell) if np.isfinite(fell).any() else 0.0)
    shown = stayed & (fell > EACH_SIGMAS * sigma) & (returned < RETURNED_SHARE * fell)
    return np.where(shown, fell, np.nan), np.where(shown, sigma, np.nan)


def _spoken_against(ledger: ShiftLedger, last: int, before: ToldLeaks) -> NDArray[np.bool_]:
    """(n_cells,) whether a cell has clearly lost less than half of what was told, over the last two spans."""
    if last < 1:
        return np.zeros(ledger.behind_ah.shape[1], dtype=np.bool_)
    loss, sigma = _loss(ledger, max(last - 2, 0), last)
    return np.asarray(loss + ALIKE_SIGMAS * sigma < 0.5 * before.leak_ampere)


def _step(state: _State, minutes: MinuteBlock, edges: EdgeBlock, board: Board, context: PackContext) -> _State:
    del edges
    out, last = np.full((6, len(minutes), context.cell_count), np.nan), np.full(len(minutes), np.nan)
    ledger, told, done = state.ledger, state.told, 0
    for end, shift in board.get(KneeStandTrack).charges if _measurable(context) else ():
        _write(out, last, told, ledger, minutes.unix_time_second, slice(done, end), context)
        done, ledger = end, ledger.with_shift(shift if context.knows_bleeds else _not_ahead(shift))
        told = told_leaks(as_alike_as_seen(ledger) if context.knows_bleeds else ledger, told)
        told = told if context.knows_bleeds else _of_spared(told, shift)
    _write(out, last, told, ledger, minutes.unix_time_second, slice(done, len(minutes)), context)
    board.put(
        KneeLeakTrack(
            leak_ampere=out[0],
            low_sigma_ampere=out[1],
            high_sigma_ampere=out[2],
            informed_unix_time_second=out[3],
            quiet_ampere=out[4],
            quiet_sigma_ampere=out[5],
            quiet_unix_time_second=last,
        )
    )
    return _State(ledger, told)


def _measurable(context: PackContext) -> bool:
    """Whether every bleed is logged, or none falls on a cell that is behind."""
    known = context.knows_bleeds or context.pack.balancer == "passive"
    return context.has_current and known and context.cell_count > 1


def _not_ahead(shift: KneeShift) -> KneeShift:
    """Cells that are ahead as if they were level: an unlogged balancer may bring them there."""
    return replace(shift, behind_ah=np.maximum(shift.behind_ah - known_middle_value(shift.behind_ah), 0.0))


def _of_spared(told: ToldLeaks, shift: KneeShift) -> ToldLeaks:
    """What is told of cells that are read below the median: no balancer bleeds them, whether it keeps a log or not."""
    spared = shift.away_volt < READ_HIGH_VOLT
    return ToldLeaks(*(np.where(spared, getattr(told, field.name), np.nan) for field in fields(ToldLeaks)))


def _write(
    out: FloatArray,
    last: FloatArray,
    told: ToldLeaks,
    ledger: ShiftLedger,
    stamp: FloatArray,
    rows: slice,
    context: PackContext,
) -> None:
    """Write what is told into rows; it is forgotten where no charge bears it out."""
    if len(ledger) == 0 or rows.start >= rows.stop:
        return
    unseen = 0.0 if context.knows_bleeds else UNLOGGED_SHARE * context.pack.balancing_current_ampere
    days = (stamp[rows] - ledger.stamp[-1])[:, None] / 86400.0
    known = np.isfinite(told.leak_ampere)
    if known.any():
        recent, aged = days < MEMORY_DAYS, AGED_SHARE * np.maximum(days - FRESH_DAYS, 0.0)
        low, high = (joint_sigma(sigma, aged * told.leak_ampere) for sigma in (told.low_ampere, told.high_ampere))
        for k, values in enumerate((told.leak_ampere, low, np.hypot(high, unseen) if unseen > 0.0 else high)):
            out[k, rows] = np.where(recent, values, np.nan)
        out[3, rows] = np.where(recent & known, ledger.stamp[-1], np.nan)
    last[rows] = ledger.stamp[-1]
    if context.knows_bleeds:
        fresh = days < FRESH_DAYS
        out[4, rows], out[5, rows] = (
            np.where(fresh, values, np.nan) for values in quiet_losses(as_alike_as_seen(ledger))
        )


def _initial(context: PackContext) -> _State:
    cells, unknown = np.zeros((0, context.cell_count)), np.full(context.cell_count, np.nan)
    return _State(
        ShiftLedger(np.zeros(0), cells, cells, cells, cells, cells, cells), ToldLeaks(unknown, unknown, unknown)
    )


ESTIMATOR = EstimatorPlugin(
    name="knee_leak", needs=(KneeStandTrack,), gives=(KneeLeakTrack,), initial=_initial, step=_step
)
