"""Thermal resistance and time constant of the cells under each temperature sensor."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

import numpy as np

from cellwarden.core.board import Board
from cellwarden.core.minute_block import EdgeBlock, IntArray, MinuteBlock
from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation import thermal_kernel as kernel
from cellwarden.estimation.cell_heat import HeatTracks, follow_polarisation, group_heat, temperature_factor
from cellwarden.estimation.charge_tracks import CurrentOffsetTrack, SelfDischargeTrack, SocTrack, VoltageOffsetTrack
from cellwarden.estimation.plugin import EstimatorPlugin, PackContext
from cellwarden.estimation.polarisation_track import PolarisationTrack
from cellwarden.estimation.thermal_beside import follow_beside, over_the_middle, stands_beside
from cellwarden.estimation.thermal_filters import ThermalFilters, ThermalInputs, initial_filters, run_filters
from cellwarden.estimation.thermal_tracks import ThermalPathTrack

__all__ = ["ESTIMATOR", "ThermalPathState", "initial_thermal_path", "step_thermal_path"]

# priors, before a log was seen; the time constant grows as capacity over surface
TIME_CONSTANT_SECOND = 7000.0
TIME_CONSTANT_LOG_SIGMA = 0.7
CAPACITY_LOG_SIGMA = 0.12
CONDUCTION_SHARE = 1.5  # between two cells, over that of one to ambient
EXCHANGE_LOG_SIGMA = 0.5
BOUNDARY_SHARE = 0.6  # of the difference between two groups' means lies at the boundary cells
LOSS_SIGMA_SHARE = 0.3  # of the hysteresis' half-width
LOSS_SIGMA_VOLT = 0.001
POTENTIAL_SIGMA_VOLT = 0.02
POTENTIAL_COMMON_SIGMA_VOLT = 0.03
POTENTIAL_KNOTS = (0.0, 0.1, 0.25, 0.4, 0.55, 0.7, 0.8, 1.0)
# floors of what one node can tell, of resistance and of capacity
MODEL_LOG_SIGMA = 0.02
READING_SIGMA_KELVIN = 0.06  # noise of one minute's mean
OFFSET_WALK_KELVIN, PATH_WALK = 0.15, 0.08  # in the root of a day: of a sensor's offset, of ln of the time constant
NODE_WALK_KELVIN = 0.012  # in the root of a minute: what one node does not know
LEAST_JUMP_KELVIN = 0.6  # an innovation above it may be the sensor's
UNKNOWN_WATT_PER_AH = 0.0005  # heat of a cell while no current is measured
STUCK_SECOND = 7200.0


@dataclass(frozen=True, slots=True)
class ThermalPathState:
    """Filters against the ambient, an equivalent one where the log has none; `beside`: see `thermal_beside`.

    Slow polarisation (2,) [V]; constants: (8,), (S,) and (S, 2).
    """

    filters: ThermalFilters
    beside: ThermalFilters | None
    slow_volt: FloatArray
    parameters: FloatArray
    kappa: FloatArray
    neighbour: IntArray


def initial_thermal_path(context: PackContext) -> ThermalPathState:
    """State before the first minute."""
    sensors = len(context.sensors)
    prior_x, prior_p = _prior(context)
    neighbour, share = _neighbours(context)
    return ThermalPathState(
        filters=initial_filters(sensors, prior_x, prior_p),
        beside=initial_filters(sensors, prior_x, _with_free_path(prior_p)) if stands_beside(context) else None,
        slow_volt=np.zeros(2),
        parameters=_parameters(context),
        kappa=share / _prior_time_constant_second(context),
        neighbour=neighbour,
    )


def _prior(context: PackContext) -> tuple[FloatArray, FloatArray]:
    """Mean (n,) and covariance (n, n) of a group's states before its log was seen."""
    tolerance = context.pack.sensors.temperature_tolerance_kelvin
    loss_volt = _hysteresis_loss_volt(context)
    x = np.zeros(kernel.STATES)
    x[kernel.LOG_TAU] = np.log(_prior_time_constant_second(context))
    x[kernel.LOG_CAPACITY] = np.log(_prior_heat_capacity(context))
    x[kernel.LOSS_VOLT] = loss_volt
    loss_sigma = LOSS_SIGMA_VOLT + LOSS_SIGMA_SHARE * loss_volt
    potential = [POTENTIAL_SIGMA_VOLT] * kernel.POTENTIAL_KNOTS
    path_sigma = TIME_CONSTANT_LOG_SIGMA if context.has_ambient else 0.0
    sigma = np.array(
        [10.0, 1.5 * tolerance, path_sigma, EXCHANGE_LOG_SIGMA, CAPACITY_LOG_SIGMA, loss_sigma, *potential]
    )
    p = np.diag(sigma**2)
    p[kernel.POTENTIAL_VOLT :, kernel.POTENTIAL_VOLT :] += POTENTIAL_COMMON_SIGMA_VOLT**2
    return x, p


def _with_free_path(prior_p: FloatArray) -> FloatArray:
    """The prior (n, n) with the time constant as uncertain as it is where there is an ambient."""
    free = prior_p.copy()
    free[kernel.LOG_TAU, kernel.LOG_TAU] = TIME_CONSTANT_LOG_SIGMA**2
    return free


def _prior_time_constant_second(context: PackContext) -> float:
    return TIME_CONSTANT_SECOND * float(np.clip(context.pack.nominal_capacity_ah / 100.0, 1e-3, 100.0) ** (1 / 3))


def _prior_heat_capacity(context: PackContext) -> float:
    return context.model.heat_capacity_joule_per_kelvin_ah * context.pack.nominal_capacity_ah


def _hysteresis_loss_volt(context: PackContext) -> float:
    """Half the width of the hysteresis, mean over the plateau: overpotential against a branch leaves that out [V]."""
    curve = context.model.ocv_curves[0]
    plateau = (context.model.soc_fraction > 0.1) & (context.model.soc_fraction < 0.9)
    return 0.5 * float(np.mean((curve.charge_volt - curve.discharge_volt)[plateau]))


def _parameters(context: PackContext) -> FloatArray:
    """The kernel's parameters, in the order of its constants."""
    tolerance = context.pack.sensors.temperature_tolerance_kelvin
    unknown_watt = 0.0 if context.has_current else UNKNOWN_WATT_PER_AH * context.pack.nominal_capacity_ah
    return np.array(
        [
            1.0 if context.has_ambient else 0.0,
            READING_SIGMA_KELVIN,
            OFFSET_WALK_KELVIN,
            PATH_WALK,
            NODE_WALK_KELVIN,
            max(LEAST_JUMP_KELVIN, 0.5 * tolerance),
            unknown_watt,
            context.pack.nominal_capacity_ah,
        ]
    )


def _neighbours(context: PackContext) -> tuple[IntArray, FloatArray]:
    """(S, 2) sensors on the neighbouring cells, −1 for none; (S,) exchange with one of them over that with ambient.

    Only the cells at the boundary conduct: for the mean cell the exchange falls with the number of cells, and most of
    the difference between two groups lies inside them.
    """
    sensors = len(context.sensors)
    neighbour = np.full((sensors, 2), -1, dtype=np.int64)
    size = np.array([max(len(cells), 1) for cells in context.sensor_cells], dtype=np.float64)
    named = [g for g in range(sensors) if context.sensor_cells[g]]
    order = sorted(named, key=lambda g: float(np.mean(context.sensor_cells[g])))
    for left, right in itertools.pairwise(order):
        neighbour[left, 1] = right
        neighbour[right, 0] = left
    return neighbour, CONDUCTION_SHARE * np.where(size > 1.0, BOUNDARY_SHARE / size, 1.0)


def step_thermal_path(
    state: ThermalPathState, minutes: MinuteBlock, edges: EdgeBlock, board: Board, context: PackContext
) -> ThermalPathState:
    """Advance over minute rows and leave a `ThermalPathTrack`."""
    del edges
    slow_state, filters = state.slow_volt.copy(), state.filters.copy()
    polarisation = board.get(PolarisationTrack)
    factor = temperature_factor(_mean_celsius(minutes), polarisation)
    slow_volt = _slow_polarisation(slow_state, minutes, factor, polarisation, context)
    tracks = HeatTracks(
        board.get(SocTrack),
        board.get(SelfDischargeTrack),
        board.get(VoltageOffsetTrack),
        board.get(CurrentOffsetTrack),
        polarisation,
        slow_volt,
    )
    heat = group_heat(minutes, factor, tracks, context)
    frozen = minutes.temperature_unchanged_second > STUCK_SECOND
    given = ThermalInputs(
        state.parameters,
        *_prior(context),
        np.array(POTENTIAL_KNOTS),
        state.kappa,
        state.neighbour,
        minutes,
        np.where(frozen, np.nan, minutes.temperature_celsius),
        heat,
        _offset_sigma(tracks.zero),
    )
    out = run_filters(filters, given, minutes.ambient_temperature_celsius)
    track = _track(out, heat, slow_volt, factor, context)
    beside = state.beside
    if beside is not None:
        beside = beside.copy()
        free = follow_beside(beside, given, _with_free_path(given.prior_p), out, context)
        track = _told_beside(track, free, context)
    board.put(track)
    return replace(state, filters=filters, beside=beside, slow_volt=slow_state)


def _told_beside(track: ThermalPathTrack, out: FloatArray, context: PackContext) -> ThermalPathTrack:
    """The track with the paths over the middle one, and the offsets, that the second filters tell."""
    told = np.ascontiguousarray(np.moveaxis(out, 2, 0))
    log_tau, tau_variance = _with_pooled_exchange(told)
    named = np.where([bool(cells) for cells in context.sensor_cells], 0.0, np.nan)
    return replace(
        track,
        path_log=over_the_middle(log_tau, named) + named,
        path_log_sigma=np.sqrt(tau_variance + MODEL_LOG_SIGMA**2) + named,
        path_informed_second=told[kernel.OUT_PATH_SECOND],
        offset_difference_kelvin=told[kernel.OUT_OFFSET],
        offset_difference_sigma_kelvin=np.sqrt(told[kernel.OUT_OFFSET_VARIANCE]),
    )


def _offset_sigma(zero: CurrentOffsetTrack) -> FloatArray:
    """(M,) standard deviation of what is left of the current's offset [A]."""
    return np.nan_to_num(zero.current_offset_high_ampere - zero.current_offset_low_ampere) / 3.92


def _mean_celsius(minutes: MinuteBlock) -> FloatArray:
    """(M,) mean of the readings, of the ambient where there is none [°C]."""
    known = np.isfinite(minutes.temperature_celsius)
    count = known.sum(axis=1)
    total = np.where(known, minutes.temperature_celsius, 0.0).sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), minutes.ambient_temperature_celsius)


def _slow_polarisation(
    state: FloatArray,
    minutes: MinuteBlock,
    factor: FloatArray,
    polarisation: PolarisationTrack,
    context: PackContext,
) -> FloatArray:
    """(M, 2) slow polarisation of the mean cell [V]; advances the state."""
    out = np.empty((len(minutes), 2))
    resistance = np.stack([polarisation.first_ohm * factor, polarisation.second_ohm * factor], axis=1)
    tau = np.array(context.model.slow_time_constant_second)
    follow_polarisation(state, minutes.elapsed_second, np.nan_to_num(minutes.current_ampere), resistance, tau, out)
    return out


def _track(
    out: FloatArray, heat: FloatArray, slow_volt: FloatArray, factor: FloatArray, context: PackContext
) -> ThermalPathTrack:
    """The track from the kernel's outputs.

    Cells of one pack have one heat capacity and one way of conducting to each other, so all sensors tell them.
    """
    told = np.ascontiguousarray(np.moveaxis(out, 2, 0))  # each number's rows side by side
    log_tau, tau_variance = _with_pooled_exchange(told)
    own, own_variance = told[kernel.OUT_CAPACITY], told[kernel.OUT_CAPACITY_VARIANCE]
    covariance = told[kernel.OUT_COVARIANCE]
    capacity, capacity_variance = _pooled(own, own_variance, np.log(_prior_heat_capacity(context)), CAPACITY_LOG_SIGMA)
    capacity_variance = capacity_variance + MODEL_LOG_SIGMA**2
    gain = covariance / own_variance
    tau = log_tau + gain * (capacity - own)
    variance = tau_variance - gain * covariance + (gain - 1.0) ** 2 * capacity_variance + MODEL_LOG_SIGMA**2
    resistance = np.exp(tau - capacity)
    width = np.exp(1.96 * np.sqrt(np.maximum(variance, 0.0)))
    path = (
        np.array([bool(cells) for cells in context.sensor_cells], dtype=bool)
        & context.has_ambient
        & context.has_current
    )
    hidden = np.where(path, 0.0, np.nan)
    no_frame = 0.0 if context.has_ambient else np.nan
    return ThermalPathTrack(
        thermal_resistance_kelvin_per_watt=resistance + hidden,
        thermal_resistance_low_kelvin_per_watt=resistance / width + hidden,
        thermal_resistance_high_kelvin_per_watt=resistance * width + hidden,
        thermal_time_constant_second=np.exp(tau) + hidden,
        informed_unix_time_second=told[kernel.OUT_INFORMED] + hidden,
        path_log=log_tau - np.log(_prior_time_constant_second(context)) + hidden,
        path_log_sigma=np.sqrt(tau_variance + MODEL_LOG_SIGMA**2) + hidden,
        path_informed_second=told[kernel.OUT_PATH_SECOND],
        warmth_celsius=told[kernel.OUT_WARMTH],
        offset_difference_kelvin=told[kernel.OUT_OFFSET] + no_frame,
        offset_difference_sigma_kelvin=np.sqrt(told[kernel.OUT_OFFSET_VARIANCE]) + no_frame,
        ambient_celsius=told[kernel.OUT_AMBIENT],
        heat_watt=heat[:, :, 0] + told[kernel.OUT_BIAS_WATT],
        model_time_constant_second=np.exp(log_tau),
        heat_capacity_joule_per_kelvin=np.exp(own),
        heat_correction_volt=out[:, :, kernel.OUT_LOSS :],
        slow_polarisation_volt=slow_volt,
        resistance_factor=factor,
    )


def _with_pooled_exchange(told: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(M, S) logarithm of the time constant and its variance, the exchange with neighbours taken from all sensors.

    `told` (OUTPUTS, M, S) are the kernel's outputs.
    """
    own, variance = told[kernel.OUT_EXCHANGE], told[kernel.OUT_EXCHANGE_VARIANCE]
    covariance = told[kernel.OUT_EXCHANGE_COVARIANCE]
    mean, mean_variance = _pooled(own, variance, 0.0, EXCHANGE_LOG_SIGMA)
    gain = covariance / variance
    log_tau = told[kernel.OUT_TAU] + gain * (mean - own)
    return log_tau, told[kernel.OUT_TAU_VARIANCE] - gain * covariance + gain**2 * mean_variance


def _pooled(own: FloatArray, variance: FloatArray, prior: float, prior_sigma: float) -> tuple[FloatArray, FloatArray]:
    """(M, 1) mean and variance of what all sensors tell of one number, their common prior once."""
    prior_weight = 1.0 / prior_sigma**2
    weight = np.maximum(1.0 / variance - prior_weight, 0.0)
    evidence = own / variance - prior * prior_weight
    total = weight.sum(axis=1, keepdims=True)
    mean = (evidence.sum(axis=1, keepdims=True) + prior * prior_weight) / (total + prior_weight)
    return mean, 1.0 / (total + prior_weight)


ESTIMATOR = EstimatorPlugin(
    name="thermal_path",
    needs=(SocTrack, SelfDischargeTrack, VoltageOffsetTrack, CurrentOffsetTrack, PolarisationTrack),
    gives=(ThermalPathTrack,),
    initial=initial_thermal_path,
    step=step_thermal_path,
)
