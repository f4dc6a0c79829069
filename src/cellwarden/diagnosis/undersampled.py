"""What of the load a log misses between its samples, and which interval would do.

Charge and heat: the trapezoid integral over every second sample differs from that over all, and over every fourth from
that over every second. The squared differences grow with the interval by a power p that tells the load's kind (2 for
steps, 1 for a load that is another one at every sample), so the error at the present interval is the sum of all finer
differences, E² = D²/(2^p − 1) (Richardson's extrapolation with independent differences). Errors of cycles are
independent, so E² is in proportion to the charge moved.

Peaks: of loads that last for a random time of mean τ (exponential law) a share q = exp(−h/τ) of those seen lasts to the
next sample; the share 1 − (τ/h)(1 − q) falls between two samples and is never seen.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from cellwarden.core.board import Board
from cellwarden.core.finding import Evidence
from cellwarden.core.minute_block import MinuteBlock
from cellwarden.core.sample_block import FloatArray
from cellwarden.diagnosis.cadence import is_full_hour
from cellwarden.diagnosis.plugin import DetectorPlugin
from cellwarden.diagnosis.sampling_loss import SamplingLoss, judged, sampling_loss
from cellwarden.diagnosis.wording import duration_text
from cellwarden.estimation.edge_kernel import LATE_ROWS
from cellwarden.estimation.plugin import PackContext

__all__ = ["DETECTOR", "UndersampledState"]

KIND = "undersampled"
FORGET_SECOND = 60.0 * 86400.0

_FIELDS = 11
LOADED_FRACTION = 0.02  # of the capacity in ampere: a log may be thin where nothing flows


@dataclass(frozen=True, slots=True)
class UndersampledState:
    """`sums` : (11,) that fade over two months, as `sampling_loss` takes them.

    `first_unix_time_second` : the log's first stamp, NaN before it [s]; `spoke` : whether a finding stands.
    """

    sums: FloatArray
    first_unix_time_second: float
    spoke: bool


def _initial(context: PackContext) -> UndersampledState:
    del context
    return UndersampledState(np.zeros(_FIELDS), math.nan, spoke=False)


def _step(
    state: UndersampledState, minutes: MinuteBlock, board: Board, context: PackContext
) -> tuple[UndersampledState, list[Evidence]]:
    del board
    if len(minutes) == 0 or not context.has_current:
        return state, []
    stamp = minutes.unix_time_second
    first = float(stamp[0]) if math.isnan(state.first_unix_time_second) else state.first_unix_time_second
    sums = state.sums.copy()
    hours = is_full_hour(stamp)
    history = np.zeros((int(hours.sum()), _FIELDS))
    _add_up(sums, _rows(minutes, context.pack.nominal_capacity_ah), minutes.elapsed_second, hours, history)
    spoke, found = state.spoke, []
    for at, row in zip(stamp[hours], history, strict=True):
        loss = sampling_loss(row, context.pack.nominal_capacity_ah)
        severity, confidence = judged(loss)
        if severity is not None and loss is not None:
            found.append(
                Evidence(
                    at_unix_time_second=float(at),
                    kind=KIND,
                    cell=None,
                    sensor=None,
                    severity=severity,
                    magnitude=loss.needed_second,
                    magnitude_low=0.5 * loss.needed_second,
                    magnitude_high=min(2.0 * loss.needed_second, loss.interval_second),
                    unit="second",
                    confidence=confidence,
                    first_seen_unix_time_second=first,
                    explanation=_explanation(loss),
                    advice=_advice(loss),
                )
            )
        elif spoke and loss is not None:
            found.append(Evidence(at_unix_time_second=float(at), kind=KIND, cell=None, sensor=None, severity=None))
        spoke = severity is not None or (spoke and loss is None)
    return UndersampledState(sums, first, spoke), found


def _rows(minutes: MinuteBlock, capacity_ah: float) -> FloatArray:
    """(M, 11) what each row adds to the sums; only rows under load and without a gap inside tell the interval."""
    highest = np.fmax(np.abs(minutes.current_minimum_ampere), np.abs(minutes.current_maximum_ampere))
    even = (highest > LOADED_FRACTION * capacity_ah) & (
        minutes.longest_gap_second * np.maximum(minutes.sample_count, 1.0) <= 2.0 * minutes.elapsed_second
    )
    rows: FloatArray = np.column_stack(
        [
            np.where(even, minutes.elapsed_second, 0.0),
            np.where(even, minutes.sample_count, 0.0),
            0.5 * (minutes.charge_in_ah + minutes.charge_out_ah),
            minutes.thinned_charge_square_a2s2,
            minutes.thinned_heat_square_a4s2,
            minutes.current_square_a2s,
            minutes.peak_count,
            minutes.elapsed_second,
        ]
    )
    return rows


@njit(cache=True)
def _add_up(
    sums: FloatArray, rows: FloatArray, elapsed: FloatArray, hours: NDArray[np.bool_], history: FloatArray
) -> None:
    """Add the rows one by one; keep the sums as they are at full hours."""
    k = 0
    for row in range(rows.shape[0]):
        sums *= np.exp(-elapsed[row] / FORGET_SECOND)
        sums += rows[row]
        if hours[row]:
            history[k] = sums
            k += 1


def _explanation(loss: SamplingLoss) -> str:
    text = (
        f"Under load the log has a row every {duration_text(loss.interval_second)}. What happens between two rows is "
        f"not seen: over a full cycle the count may be off by {100.0 * loss.charge_fraction:.2g} % of the charge and "
        f"{100.0 * loss.heat_fraction:.2g} % of the heat, and {100.0 * loss.peak_fraction:.2g} % of the load's peaks "
        "are missed"
    )
    if loss.steps_lost:
        return text + "; no step of the current can be followed, so resistances stay unknown."
    if loss.steps_late:
        return (
            f"{text}; what follows a step of the current is read {duration_text(LATE_ROWS * loss.interval_second)} "
            "after it, so resistances are less sure, and a bad joint is harder to tell from an aged cell."
        )
    return text + "."


def _advice(loss: SamplingLoss) -> str:
    if loss.needed_second < loss.interval_second:
        return f"Log a row every {duration_text(loss.needed_second)}, at least while the pack is under load."
    return "Nothing needs to change: this is enough. Rows at shorter intervals under load would tell a little more."


DETECTOR = DetectorPlugin(kinds=(KIND,), needs=(), initial=_initial, step=_step)
