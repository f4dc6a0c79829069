"""Leak on float as a plug-in: the filters of `float_leak_kernel` over minute rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cellwarden.core.board import Board
from cellwarden.core.minute_block import EdgeBlock, MinuteBlock
from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation import float_leak_kernel as kernel
from cellwarden.estimation.charge_tracks import SocTrack
from cellwarden.estimation.float_leak_filter import RATES, VARIANCE_LEAK
from cellwarden.estimation.float_leak_kernel import FloatLeakArrays, SlopeLadder, advance_float_leak
from cellwarden.estimation.middle_value import known_middle_values
from cellwarden.estimation.plugin import EstimatorPlugin, PackContext

__all__ = ["ESTIMATOR", "LOG_SLOPE_SIGMA", "FloatLeakTrack", "initial_float_leak", "on_knee_second", "slope_ladder"]

FACTORS = np.exp(np.linspace(np.log(0.08), np.log(2.4), 9))
LOG_SLOPE_SIGMA = 0.9  # of the factor: how far knees of real cells are from a parameter set's
STEP_VOLT = 0.001


@dataclass(frozen=True, slots=True, kw_only=True)
class FloatLeakTrack:
    """Leak above the median from drifts at rest, (M, n_cells) [A], with its sigmas for the ladder's slopes.

    Downwards the sigma is another than upwards: a flatter knee makes a growing difference a larger leak.
    `bleed_rate_ampere` (M, n_cells) is the bleed above the central cell over the time that the leak is averaged [A];
    `away_volt` (M, n_cells) how far the cell stood from the median at the last rest [V];
    `informed_unix_time_second` (M,) the last slot at rest, NaN before the first;
    `log_slope_factor` (M,) the logarithm of the knee's slope over the parameter set's, with its sigma;
    `rest_share` (M,) the share of the last days that was at rest on a steep curve.
    """

    leak_ampere: FloatArray
    low_sigma_ampere: FloatArray
    high_sigma_ampere: FloatArray
    bleed_rate_ampere: FloatArray
    away_volt: FloatArray
    informed_unix_time_second: FloatArray
    log_slope_factor: FloatArray
    log_slope_sigma: FloatArray
    rest_share: FloatArray


@dataclass(frozen=True, slots=True)
class _State:
    arrays: FloatLeakArrays
    ladder: SlopeLadder


def slope_ladder(context: PackContext) -> SlopeLadder:
    """Slopes by voltage of the parameter set's charge branch, and the factors that a real cell may have on them."""
    soc, volt = context.model.soc_fraction, context.model.ocv_curves[0].charge_volt
    grid = np.arange(volt[0], volt[-1], STEP_VOLT)
    slope = np.interp(grid, volt, np.gradient(volt, soc)) / context.pack.nominal_capacity_ah
    return SlopeLadder(FACTORS, slope, float(volt[0]), STEP_VOLT)


def on_knee_second(soc: SocTrack) -> FloatArray:
    """(M,) seconds at rest where a distance in volt tells a charge, 0 elsewhere.

    Whether a voltage is on the knee differs from make to make; how far the string is from full tells it too, once a
    full charge has shown where that is.
    """
    slope = known_middle_values(soc.ocv_slope_volt)
    return np.where((soc.full_count > 0) & (slope < kernel.STEEP_VOLT), 0.0, soc.rest_second)


def initial_float_leak(context: PackContext) -> FloatLeakArrays:
    """State before the first slot."""
    slopes, cells, capacity = FACTORS.shape[0], context.cell_count, context.pack.nominal_capacity_ah
    p = np.zeros((slopes, cells, RATES, 3))
    p[:, :, :, VARIANCE_LEAK] = (kernel.PRIOR_LEAK * capacity) ** 2
    number = np.zeros(kernel.NUMBERS)
    number[kernel.CAPACITY] = capacity
    number[kernel.INFORMED] = np.nan
    number[kernel.SLOW_MEDIAN] = np.nan
    prior = -0.5 * (np.log(FACTORS) / LOG_SLOPE_SIGMA) ** 2
    return FloatLeakArrays(
        x=np.zeros((slopes, cells, RATES, 2)),
        p=p,
        mode=np.full((slopes, cells, RATES), 1.0 / RATES),
        opened=np.ones(cells),
        weight=prior - prior.max(),
        prior=prior - prior.max(),
        cell=np.zeros((kernel.CELL_NUMBERS, cells)),
        number=number,
        sums=np.zeros((kernel.SUMS, cells)),
        level=np.full(1, np.nan),
    )


def _initial(context: PackContext) -> _State:
    return _State(initial_float_leak(context), slope_ladder(context))


def _step(state: _State, minutes: MinuteBlock, edges: EdgeBlock, board: Board, context: PackContext) -> _State:
    del edges
    new = FloatLeakArrays(*(array.copy() for array in state.arrays))
    out = np.empty((kernel.OUTPUTS, len(minutes), context.cell_count))
    pack = np.empty((kernel.PACK_OUTPUTS, len(minutes)))
    advance_float_leak(
        new,
        state.ladder,
        minutes.unix_time_second,
        minutes.elapsed_second,
        minutes.voltage_volt,
        minutes.bleed_ah,
        on_knee_second(board.get(SocTrack)),
        out,
        pack,
    )
    board.put(
        FloatLeakTrack(
            leak_ampere=out[kernel.O_LEAK],
            low_sigma_ampere=out[kernel.O_LOW_SIGMA],
            high_sigma_ampere=out[kernel.O_HIGH_SIGMA],
            bleed_rate_ampere=out[kernel.O_BLEED_RATE],
            away_volt=out[kernel.O_AWAY],
            informed_unix_time_second=pack[kernel.P_INFORMED],
            log_slope_factor=pack[kernel.P_SLOPE],
            log_slope_sigma=pack[kernel.P_SLOPE_SIGMA],
            rest_share=pack[kernel.P_REST_SHARE],
        )
    )
    return _State(new, state.ladder)


ESTIMATOR = EstimatorPlugin(name="float_leak", needs=(SocTrack,), gives=(FloatLeakTrack,), initial=_initial, step=_step)
