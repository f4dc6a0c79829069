"""Self-discharge of every cell: of two ways to know its leak, the one that is surer at the moment.

The charge cascade compares cells at full charges and trusts the parameter set's knee; the filters on float watch
drifts and learn the knee's slope. Both compare what was bled with what the voltage says is missing, so both are off by
a share of the difference, the leak plus the bleed above the central cell: nothing where the balancer holds a cell at
the others' level. A difference that shrinks says less, for a knee that is flatter than thought looks like a leak that
eats the others' bleed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from cellwarden.core.board import Board
from cellwarden.core.minute_block import EdgeBlock, MinuteBlock
from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.charge_tracks import CountedLeakTrack, SelfDischargeTrack
from cellwarden.estimation.float_leak import FloatLeakTrack
from cellwarden.estimation.plugin import EstimatorPlugin, PackContext

__all__ = ["ESTIMATOR", "counted_doubt", "fading_highest"]

FLOAT_SHARE_GROWING, FLOAT_SHARE_SHRINKING = 0.2, 0.5
COUNTED_SHARE_GROWING, COUNTED_SHARE_SHRINKING = 0.25, 1.5
KNOWN_LOG_SLOPE = 0.6
DOUBT_SECOND = 36 * 3600.0
RESTING, CLEAR_SHARE = 0.05, 0.5  # where a pack rests daily, a leak that its drifts show clearly goes first
TWO_SIGMA = 1.96


@dataclass(frozen=True, slots=True)
class _State:
    """Doubt of the counted leak [A], (n_cells,): fading slowly once its cause is gone."""

    doubt_ampere: FloatArray


def counted_doubt(counted: CountedLeakTrack, drifted: FloatLeakTrack) -> FloatArray:
    """What the cascade's leak may be off by because its knee is not the cell's [A], (M, n_cells)."""
    missing = counted.leak_ampere + drifted.bleed_rate_ampere
    known = np.maximum(1.0 - (drifted.log_slope_sigma / KNOWN_LOG_SLOPE) ** 2, 0.0)
    steeper = (known * np.abs(np.expm1(-drifted.log_slope_factor)))[:, None]
    share = steeper + np.where(missing > 0.0, COUNTED_SHARE_GROWING, COUNTED_SHARE_SHRINKING)
    return np.asarray(np.abs(missing) * share)


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


def _step(state: _State, minutes: MinuteBlock, edges: EdgeBlock, board: Board, context: PackContext) -> _State:
    del edges, context
    counted, drifted = board.get(CountedLeakTrack), board.get(FloatLeakTrack)
    doubt = state.doubt_ampere.copy()
    lasting = fading_highest(doubt, counted_doubt(counted, drifted), minutes.elapsed_second)
    by_count = np.hypot(counted.sigma_ampere, lasting)
    missing = drifted.leak_ampere + drifted.bleed_rate_ampere
    share = np.where(missing > 0.0, FLOAT_SHARE_GROWING, FLOAT_SHARE_SHRINKING)
    by_drift = np.hypot(drifted.sigma_ampere, share * missing)
    clear = (drifted.rest_share > RESTING)[:, None] & (by_drift < CLEAR_SHARE * np.abs(drifted.leak_ampere))
    drift = clear | (by_drift < by_count)
    leak, sigma = np.where(drift, drifted.leak_ampere, counted.leak_ampere), np.where(drift, by_drift, by_count)
    board.put(
        SelfDischargeTrack(
            self_discharge_ampere=leak,
            self_discharge_low_ampere=leak - TWO_SIGMA * sigma,
            self_discharge_high_ampere=leak + TWO_SIGMA * sigma,
            informed_unix_time_second=np.fmax(
                counted.informed_unix_time_second, drifted.informed_unix_time_second[:, None]
            ),
        )
    )
    return _State(doubt)


def _initial(context: PackContext) -> _State:
    return _State(np.zeros(context.cell_count))


ESTIMATOR = EstimatorPlugin(
    name="self_discharge",
    needs=(CountedLeakTrack, FloatLeakTrack),
    gives=(SelfDischargeTrack,),
    initial=_initial,
    step=_step,
)
