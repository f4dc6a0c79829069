"""Highest temperature within the next 20 minutes if the present load goes on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cellwarden.core.board import Board
from cellwarden.core.minute_block import EdgeBlock, MinuteBlock
from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation import temperature_forecast_kernel as kernel
from cellwarden.estimation.cell_heat import group_cells, group_mean, overpotential_without_soc
from cellwarden.estimation.charge_tracks import SocTrack, VoltageOffsetTrack
from cellwarden.estimation.plugin import EstimatorPlugin, PackContext
from cellwarden.estimation.thermal_path import POTENTIAL_KNOTS
from cellwarden.estimation.thermal_tracks import TemperatureForecastTrack, TemperatureOffsetTrack, ThermalPathTrack

__all__ = ["ESTIMATOR", "TemperatureForecastState"]

CHANGED_SHARE = 0.25  # last current and the minute's mean differ by more: the load has just changed
LARGEST_OVERPOTENTIAL_VOLT = 1.0
HEAT_ERROR = 0.2  # one sigma of the rise by heat
FLOOR_KELVIN = 0.15
LOAD_FRACTION_OF_C = 0.01


@dataclass(frozen=True, slots=True)
class TemperatureForecastState:
    """`polarisation` (2,) slow polarisation of the mean cell [V]."""

    polarisation: FloatArray


def _initial(context: PackContext) -> TemperatureForecastState:
    del context
    return TemperatureForecastState(np.zeros(2))


def _step(
    state: TemperatureForecastState, minutes: MinuteBlock, edges: EdgeBlock, board: Board, context: PackContext
) -> TemperatureForecastState:
    del edges
    path, offset, model = board.get(ThermalPathTrack), board.get(TemperatureOffsetTrack), context.model
    frame = np.nan_to_num(offset.frame_offset_kelvin)
    warmth = path.warmth_celsius - frame
    factor = model.resistance_temperature_factor(_middle(warmth))
    resistance = np.array(model.slow_resistance_ohm_ah) / context.pack.nominal_capacity_ah
    tau = np.array(model.slow_time_constant_second)
    polarisation = state.polarisation.copy()
    slow = np.empty((len(minutes), 2))
    mean = np.nan_to_num(minutes.current_ampere)
    kernel.follow_polarisation(polarisation, minutes.elapsed_second, mean, factor, resistance, tau, slow)
    current, group = _present(minutes, board, context)
    group[:, :, kernel.WARMTH] = warmth
    group[:, :, kernel.AMBIENT] = np.where(np.isfinite(path.ambient_celsius), path.ambient_celsius - frame, warmth)
    group[:, :, kernel.TAU] = path.model_time_constant_second
    group[:, :, kernel.CAPACITY] = path.heat_capacity_joule_per_kelvin
    limit = _limit(current, context)
    out = np.empty((*warmth.shape, 3))
    kernel.forecast_temperature(
        current,
        slow,
        factor,
        resistance,
        tau,
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
    sigma = np.sqrt(np.nan_to_num(own) ** 2 + (HEAT_ERROR * out[:, :, 2]) ** 2 + FLOOR_KELVIN**2)
    board.put(
        TemperatureForecastTrack(
            forecast_celsius=out[:, :, 0] + known,
            forecast_sigma_kelvin=sigma + known,
            temperature_celsius=warmth + known,
            excess_second=out[:, :, 1] + known,
            limit_celsius=limit,
        )
    )
    return TemperatureForecastState(polarisation)


def _middle(warmth: FloatArray) -> FloatArray:
    """(M,) mean temperature of the groups, 25 °C where there is none."""
    if warmth.shape[1] == 0:
        return np.full(warmth.shape[0], 25.0)
    mean: FloatArray = np.clip(np.nan_to_num(warmth.mean(axis=1), nan=25.0), -40.0, 90.0)
    return mean


def _present(minutes: MinuteBlock, board: Board, context: PackContext) -> tuple[FloatArray, FloatArray]:
    """(M,) the present load [A]; (M, S, 7) with overpotential, state of charge and its rate filled in."""
    soc, groups = board.get(SocTrack), group_cells(context)
    mean, last = np.nan_to_num(minutes.current_ampere), np.nan_to_num(minutes.current_last_ampere)
    changed = np.abs(last - mean) > CHANGED_SHARE * np.maximum(np.abs(last), np.abs(mean))
    current = np.where(changed, last, mean)
    offset = np.nan_to_num(board.get(VoltageOffsetTrack).voltage_offset_volt)
    reading = np.where(changed[:, None], minutes.voltage_last_volt, minutes.voltage_volt)
    measured = group_mean(reading - offset - soc.ocv_volt, groups)
    assumed = overpotential_without_soc(context, current)[:, None]
    volt = np.where(np.isfinite(measured), measured, assumed)
    group = np.empty((len(minutes), len(groups), kernel.INPUTS))
    group[:, :, kernel.OVERPOTENTIAL] = np.clip(volt, -LARGEST_OVERPOTENTIAL_VOLT, LARGEST_OVERPOTENTIAL_VOLT)
    group[:, :, kernel.SOC] = np.nan_to_num(group_mean(soc.soc_fraction, groups), nan=0.5)
    group[:, :, kernel.SOC_RATE] = current[:, None] / (3600.0 * context.pack.nominal_capacity_ah)
    return current, group


def _limit(current: FloatArray, context: PackContext) -> FloatArray:
    """(M,) the manufacturer's upper limit for what the pack does [°C]."""
    limits = context.pack.limits
    charges = current > LOAD_FRACTION_OF_C * context.pack.nominal_capacity_ah
    return np.where(charges, limits.charge_temperature_celsius[1], limits.discharge_temperature_celsius[1])


ESTIMATOR = EstimatorPlugin(
    name="temperature_forecast",
    needs=(SocTrack, VoltageOffsetTrack, ThermalPathTrack, TemperatureOffsetTrack),
    gives=(TemperatureForecastTrack,),
    initial=_initial,
    step=_step,
)
