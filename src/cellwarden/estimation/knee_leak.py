"""Leak of cells that fall behind from one full charge to the next, by the shifts of `knee_shift` and the bleeds.

From one charge to the next a cell falls behind the others by what it loses above them and by what it is bled above
them. One span may be a reading that jumps, or wires that are exchanged: two in a row have to show a loss. A cell that
no longer reaches the knee is behind by its width at least, and leaks at least what it took to get there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cellwarden.core.board import Board
from cellwarden.core.minute_block import EdgeBlock, MinuteBlock
from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.cell_difference import BLEED_TOLERANCE
from cellwarden.estimation.knee_shift import KneeShift
from cellwarden.estimation.knee_stand import KneeStandTrack
from cellwarden.estimation.middle_value import known_middle_value, middle_value
from cellwarden.estimation.plugin import EstimatorPlugin, PackContext

__all__ = ["ESTIMATOR", "KneeLeakTrack", "ShiftLedger", "ToldLeaks", "told_leaks"]

SPANS = (1, 2, 4)  # in charges
KEPT = 2 * max(SPANS) + 1
EACH_SIGMAS = 1.64  # of each of two spans in a row, 5 % by chance; a jump of one reading raises one, lowers the other
ALIKE_SIGMAS = 2.0  # within which two spans show the same leak
PER_MEDIAN_DEVIATION = 1.4826  # sigma over the median deviation, of a Gaussian
RETURNED_SHARE = 0.5  # of a fall: who came back by as much may have changed its wires with who fell
MEMORY_SECOND = 72 * 3600.0  # two full charges missed of a pack that is charged daily


@dataclass(frozen=True, slots=True, kw_only=True)
class KneeLeakTrack:
    """Leak above the median that full charges show, with its sigmas downwards and upwards, (M, n_cells) [A].

    NaN where they show none, as the stamp of the last of these charges [s] is.
    """

    leak_ampere: FloatArray
    low_sigma_ampere: FloatArray
    high_sigma_ampere: FloatArray
    informed_unix_time_second: FloatArray


@dataclass(frozen=True, slots=True)
class ShiftLedger:
    """The last charges, oldest first: (K,) stamps [s]; (K, n) as in `KneeShift`."""

    stamp: FloatArray
    behind_ah: FloatArray
    sigma_ah: FloatArray
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


def _loss(ledger: ShiftLedger, begin: int, end: int) -> tuple[FloatArray, FloatArray]:
    """(n_cells,) loss above the median from one charge to another with its sigma [A]; NaN where not known.

    It is not surer than the cells are alike: what one of two charges tells worse, it tells worse of all.
    """
    hours = (ledger.stamp[end] - ledger.stamp[begin]) / 3600.0
    bled = ledger.bled_ah[end] - ledger.bled_ah[begin]
    beyond = np.isnan(ledger.behind_ah[end])
    after = np.where(beyond, ledger.least_ah[end], ledger.behind_ah[end])
    missing = after - ledger.behind_ah[begin] - bled
    last = np.where(beyond, known_middle_value(ledger.sigma_ah[end]), ledger.sigma_ah[end])
    doubt = BLEED_TOLERANCE * (bled - middle_value(bled))
    sigma = np.sqrt(last**2 + ledger.sigma_ah[begin] ** 2 + doubt**2)
    missing = missing - known_middle_value(missing)
    apart = PER_MEDIAN_DEVIATION * known_middle_value(np.abs(missing))
    return missing / hours, np.fmax(sigma, apart) / hours


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
    gone = _left_the_knee(ledger, last)
    far = np.isnan(leak) & np.isfinite(gone[0])
    leak, low, high = np.where(far, gone[0], leak), np.where(far, gone[1], low), np.where(far, gone[0], high)
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
    out = np.full((4, len(minutes), context.cell_count), np.nan)
    ledger, told, done = state.ledger, state.told, 0
    if _measurable(context):
        for end, shift in board.get(KneeStandTrack).charges:
            _write(out, told, ledger, minutes.unix_time_second, done, end)
            done, ledger = end, ledger.with_shift(shift)
            told = told_leaks(ledger, told)
        _write(out, told, ledger, minutes.unix_time_second, done, len(minutes))
    board.put(
        KneeLeakTrack(
            leak_ampere=out[0],
            low_sigma_ampere=out[1],
            high_sigma_ampere=out[2],
            informed_unix_time_second=out[3],
        )
    )
    return _State(ledger, told)


def _measurable(context: PackContext) -> bool:
    """Whether every bleed is logged."""
    logged = context.has_balancing or context.pack.balancer == "none"
    return context.has_current and logged and context.cell_count > 1


def _write(out: FloatArray, told: ToldLeaks, ledger: ShiftLedger, stamp: FloatArray, begin: int, end: int) -> None:
    """Write what is told into rows; it is forgotten where no charge bears it out."""
    if len(ledger) == 0 or begin == end:
        return
    recent = (stamp[begin:end] - ledger.stamp[-1] < MEMORY_SECOND)[:, None]
    for row, values in enumerate((told.leak_ampere, told.low_ampere, told.high_ampere)):
        out[row, begin:end] = np.where(recent, values, np.nan)
    out[3, begin:end] = np.where(recent & np.isfinite(told.leak_ampere), ledger.stamp[-1], np.nan)


def _initial(context: PackContext) -> _State:
    cells, unknown = np.zeros((0, context.cell_count)), np.full(context.cell_count, np.nan)
    return _State(ShiftLedger(np.zeros(0), cells, cells, cells, cells), ToldLeaks(unknown, unknown, unknown))


ESTIMATOR = EstimatorPlugin(
    name="knee_leak", needs=(KneeStandTrack,), gives=(KneeLeakTrack,), initial=_initial, step=_step
)
