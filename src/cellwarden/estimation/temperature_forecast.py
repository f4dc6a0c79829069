"""Highest temperature within the next 20 minutes if the present load goes on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cellwarden.core.board import Board
from cellwarden.core.minute_block import EdgeBlock, MinuteBlock
from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation import temperature_forecast_kernel as kernel
from cellwarden.estimation.cell_heat import HeatTracks, group_cells, group_mean, group_overpotential
from cellwarden.estimation.charge_tracks import CurrentOffsetTrack, SelfDischargeTrack, SocTrack, VoltageOffsetTrack
from cellwarden.estimation.plugin import EstimatorPlugin, PackContext
from cellwarden.estimation.polarisation_track import PolarisationTrack
from cellwarden.estimation.thermal_path import POTENTIAL_KNOTS
from cellwarden.estimation.thermal_tracks import TemperatureForecastTrack, TemperatureOffsetTrack, ThermalPathTrack

__all__ = ["ESTIMATOR", "TemperatureForecastState", "disagreement_sigma"]

CHANGED_SHARE = 0.25  # last current and the minute's mean differ by more: the load has just changed
HEAT_ERROR = 0.2  # one sigma of the rise by heat
DISAGREEMENT_SHARE = 0.5  # of what the two ways to the overpotential disagree by: one sigma of it, as for the heat
FLOOR_KELVIN = 0.15
LOAD_FRACTION_OF_C = 0.01


@dataclass(frozen=True, slots=True)
class TemperatureForecastState:
    """The forecast holds nothing of its own: the thermal path's state is all."""


def _initial(context: PackContext) -> TemperatureForecastState:
    del context
    return TemperatureForecastState()


def _step(
    state: TemperatureForecastState, minutes: MinuteBlock, edges: EdgeBlock, board: Board, context: PackContext
) -> TemperatureForecastState:
    del edges
    path, offset, model = board.get(ThermalPathTrack), board.get(TemperatureOffsetTrack), context.model
    polarisation = board.get(PolarisationTrack)
    frame = np.nan_to_num(offset.frame_offset_kelvin)
    warmth = path.warmth_celsius - frame
    current, group, apart = _present(minutes, board, context)
    group[:, :, kernel.WARMTH] = warmth
    group[:, :, kernel.AMBIENT] = np.where(np.isfinite(path.ambient_celsius), path.ambient_celsius - frame, warmth)
    group[:, :, kernel.TAU] = path.model_time_constant_second
    group[:, :, kernel.CAPACITY] = path.heat_capacity_joule_per_kelvin
    limit = _limit(current, context)
    steady = np.stack([polarisation.first_ohm, polarisation.second_ohm], axis=1) * path.resistance_factor[:, None]
    missing = steady * current[:, None] - path.slow_polarisation_volt
    out = np.empty((*warmth.shape, 3))
    kernel.forecast_temperature(
        current,
        missing,
        kernel.built_up(np.array(model.slow_time_constant_second)),
        group,
        path.heat_correction_volt,
        np.array(POTENTIAL_KNOTS),
        model.ocv_curves[0].entropy_volt_per_kelvin,
        limit,
        out,
    )
    known = np.where(
        np.isfinite(offset.informed_unix_time_second) | np.isfinite(minutes.temperature_celsius), 0.0, np.nan
    )
    own = (offset.offset_high_kelvin - offset.offset_low_kelvin) / 3.92
    doubt = np.nan_to_num(disagreement_sigma(current, apart, group[:, :, kernel.TAU], group[:, :, kernel.CAPACITY]))
    sigma = np.sqrt(np.nan_to_num(own) ** 2 + (HEAT_ERROR * out[:, :, 2]) ** 2 + doubt**2 + FLOOR_KELVIN**2)
    board.put(
        TemperatureForecastTrack(
            forecast_celsius=out[:, :, 0] + known,
            forecast_sigma_kelvin=sigma + known,
            temperature_celsius=warmth + known,
            excess_second=out[:, :, 1] + known,
            limit_celsius=limit,
        )
    )
    return state


def disagreement_sigma(
    current: FloatArray, apart_volt: FloatArray, tau_second: FloatArray, capacity: FloatArray
) -> FloatArray:
    """Error of the rise within the forecast by what is not agreed of the overpotential, one sigma (M, S) [K].

    Parameters
    ----------
    current : (M,) the present load [A]
    apart_volt : (M, S) by how much the two ways to the overpotential disagree [V]
    tau_second, capacity : (M, S) time constant [s] and heat capacity [J/K] of a cell
    """
    kelvin_per_watt = tau_second / capacity * -np.expm1(-kernel.HORIZON_SECOND / tau_second)
    result: FloatArray = DISAGREEMENT_SHARE * np.abs(current)[:, None] * apart_volt * kelvin_per_watt
    return result


def _present(minutes: MinuteBlock, board: Board, context: PackContext) -> tuple[FloatArray, FloatArray, FloatArray]:
    """(M,) the present load [A]; (M, S, 7) with overpotential, charge and its rate; (M, S) doubt of the first [V]."""
    soc, groups = board.get(SocTrack), group_cells(context)
    zero = np.nan_to_num(board.get(CurrentOffsetTrack).current_offset_ampere)
    mean, last = (np.nan_to_num(x - zero) for x in (minutes.current_ampere, minutes.current_last_ampere))
    changed = np.abs(last - mean) > CHANGED_SHARE * np.maximum(np.abs(last), np.abs(mean))
    current = np.where(changed, last, mean)
    path = board.get(ThermalPathTrack)
    tracks = HeatTracks(
        soc,
        board.get(SelfDischargeTrack),
        board.get(VoltageOffsetTrack),
        board.get(CurrentOffsetTrack),
        board.get(PolarisationTrack),
        path.slow_polarisation_volt,
    )
    reading = np.where(changed[:, None], minutes.voltage_last_volt, minutes.voltage_volt)
    overpotential, apart = group_overpotential(reading, current, path.resistance_factor, tracks, context)
    group = np.empty((len(minutes), len(groups), kernel.INPUTS))
    group[:, :, kernel.OVERPOTENTIAL] = overpotential
    group[:, :, kernel.SOC] = np.nan_to_num(group_mean(soc.soc_fraction, groups), nan=0.5)
    group[:, :, kernel.SOC_RATE] = current[:, None] / (3600.0 * context.pack.nominal_capacity_ah)
    return current, group, apart


def _limit(current: FloatArray, context: PackContext) -> FloatArray:
    """(M,) the manufacturer's upper limit for what the pack does [°C]."""
    limits = context.pack.limits
    charges = current > LOAD_FRACTION_OF_C * context.pack.nominal_capacity_ah
    return np.where(charges, limits.charge_temperature_celsius[1], limits.discharge_temperature_celsius[1])


ESTIMATOR = EstimatorPlugin(
    name="temperature_forecast",
    needs=(
        SocTrack,
        SelfDischargeTrack,
        VoltageOffsetTrack,
        CurrentOffsetTrack,
        PolarisationTrack,
        ThermalPathTrack,
        TemperatureOffsetTrack,
    ),
    gives=(TemperatureForecastTrack,),
    initial=_initial,
    step=_step,
)
