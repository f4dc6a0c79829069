"""Heat of the cells under each temperature sensor, from current and overpotential.

Two ways to the overpotential are joined by their variances: reading minus open-circuit voltage, which is as good as
the state of charge on the slope of the curve, and current times the resistance under steady load. Current times
overpotential is not below 0 apart from errors.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from cellwarden.core.minute_block import IntArray, MinuteBlock
from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.bare_kernel import bare_kernel
from cellwarden.estimation.charge_tracks import CurrentOffsetTrack, SelfDischargeTrack, SocTrack, VoltageOffsetTrack
from cellwarden.estimation.plugin import PackContext
from cellwarden.estimation.polarisation_track import PolarisationTrack

__all__ = [
    "HEAT_TERMS",
    "HeatTracks",
    "assumed_overpotential",
    "follow_polarisation",
    "group_cells",
    "group_heat",
    "group_mean",
    "group_overpotential",
    "temperature_factor",
]

HEAT_TERMS = 5
_KELVIN = 273.15
_REFERENCE_KELVIN = 298.15
_OCV_SIGMA_VOLT = 0.008  # of a curve on the plateau, hysteresis in it
_ASSUMED_SIGMA_SHARE = 0.3
_ASSUMED_SIGMA_VOLT = 0.003
_LARGEST_RATIO = 4.0  # of the overpotential to that of steady load: beyond it the state of charge is wrong
_LARGEST_EXCESS_VOLT = 0.03
# errors of the heat last about twenty minutes: white noise of a minute that weighs as much is six times as large
_WHITENED = 6.0
_HEAT_ERROR_SHARE = 0.1
_DISAGREEMENT_SHARE = 0.5
_TOP_SOC = 0.99
_ONE_WAY_SHARE = 0.5  # of what flowed in and out, that must be left for a mean weighted by it


@dataclass(frozen=True, slots=True)
class HeatTracks:
    """What the charge cascade leaves that heat is made of, and (M, 2) the slow polarisation of the mean cell [V]."""

    soc: SocTrack
    leak: SelfDischargeTrack
    offset: VoltageOffsetTrack
    zero: CurrentOffsetTrack
    polarisation: PolarisationTrack
    slow_volt: FloatArray


def group_cells(context: PackContext) -> tuple[tuple[int, ...], ...]:
    """Cells (from 0) whose mean heat warms each sensor: those it touches, all of them where that is not said."""
    everything = tuple(range(context.cell_count))
    return tuple(cells or everything for cells in context.sensor_cells)


def group_mean(values: FloatArray, groups: tuple[tuple[int, ...], ...]) -> FloatArray:
    """(M, n_groups) mean over each group's finite cells, NaN where none is, of (M, n_cells)."""
    result, values = np.empty((values.shape[0], len(groups))), np.ascontiguousarray(values)
    for g, cells in enumerate(groups):
        _mean_of(values, np.array(cells, dtype=np.int64), result[:, g])
    return result


@bare_kernel
def _mean_of(values: FloatArray, cells: IntArray, out: FloatArray) -> None:
    """Write the mean over what is finite of these cells into `out` (M,), NaN where nothing is."""
    for m in range(values.shape[0]):
        total, count = 0.0, 0.0
        for cell in cells:
            value = values[m, cell]
            known = np.isfinite(value)
            total += value if known else 0.0
            count += 1.0 if known else 0.0
        out[m] = total / count if count > 0.0 else np.nan


def temperature_factor(celsius: FloatArray, polarisation: PolarisationTrack) -> FloatArray:
    """Arrhenius factor of the resistance by the temperature of the mean cell (M,), 1 at 25 °C."""
    kelvin = np.clip(np.nan_to_num(celsius, nan=25.0), -40.0, 90.0) + _KELVIN
    factor: FloatArray = np.exp(polarisation.activation_kelvin * (1.0 / kelvin - 1.0 / _REFERENCE_KELVIN))
    return factor


@bare_kernel
def follow_polarisation(
    state: FloatArray,
    elapsed: FloatArray,
    current: FloatArray,
    resistance: FloatArray,
    tau: FloatArray,
    out: FloatArray,
) -> None:
    """Slow polarisation v' = v e^(−dt/τ) + R i (1 − e^(−dt/τ)) of each element [V].

    Parameters
    ----------
    state : (2,) voltages, changed [V]
    elapsed, current : (M,) [s], mean current [A]
    resistance : (M, 2) at the present temperature [ohm]
    tau : (2,) [s]
    out : (M, 2) filled
    """
    for k in range(elapsed.shape[0]):
        for e in range(tau.shape[0]):
            decay = math.exp(-max(elapsed[k], 0.0) / tau[e])
            state[e] = state[e] * decay + resistance[k, e] * current[k] * (1.0 - decay)
            out[k, e] = state[e]


def assumed_overpotential(
    current: FloatArray, soc: FloatArray, factor: FloatArray, tracks: HeatTracks, context: PackContext
) -> FloatArray:
    """(M, S) overpotential of the mean cell by its resistance under that current (M,), state of charge (M, S) [V]."""
    shape = np.interp(soc, context.model.soc_fraction, context.model.resistance_soc_factor)
    prompt = current * factor * tracks.polarisation.prompt_ohm
    result: FloatArray = shape * (prompt + tracks.slow_volt.sum(axis=1))[:, None]
    return result


def group_overpotential(
    volt: FloatArray, current: FloatArray, factor: FloatArray, tracks: HeatTracks, context: PackContext
) -> tuple[FloatArray, FloatArray]:
    """Overpotential of the mean cell under each sensor, and by how much the two ways to it disagree (M, S) [V].

    Parameters
    ----------
    volt : (M, n_cells) readings [V]
    current, factor : (M,) current with them [A], temperature's factor of the resistance
    """
    groups = group_cells(context)
    soc = tracks.soc
    charge = np.nan_to_num(group_mean(soc.soc_fraction, groups), nan=0.5)
    assumed = assumed_overpotential(current, charge, factor, tracks, context)
    offset = tracks.offset.voltage_offset_volt
    measured = group_mean(volt - np.where(np.isnan(offset), 0.0, offset) - soc.ocv_volt, groups)
    doubt = group_mean(soc.ocv_slope_volt * (soc.soc_high_fraction - soc.soc_low_fraction) / 3.92, groups)
    along = np.where(current >= 0.0, 1.0, -1.0)[:, None]
    most = _LARGEST_RATIO * np.abs(assumed) + _LARGEST_EXCESS_VOLT
    bounded = along * np.clip(along * np.where(np.isfinite(measured), measured, assumed), -_LARGEST_EXCESS_VOLT, most)
    measured_variance = _OCV_SIGMA_VOLT**2 + np.where(np.isfinite(measured), np.nan_to_num(doubt) ** 2, 1e6)
    share = _ASSUMED_SIGMA_SHARE + np.clip(np.nan_to_num(tracks.polarisation.log_sigma, nan=0.5), 0.0, 0.5)[:, None]
    assumed_variance = (share * assumed) ** 2 + _ASSUMED_SIGMA_VOLT**2
    weight = assumed_variance / (assumed_variance + measured_variance)
    joined = assumed + weight * (bounded - assumed)
    apart = np.abs(np.where(np.isfinite(measured), measured, assumed) - joined)
    return joined, np.minimum(apart, most)


def group_heat(minutes: MinuteBlock, factor: FloatArray, tracks: HeatTracks, context: PackContext) -> FloatArray:
    """Heat, current and state of charge of each sensor's cells, mean of one cell.

    After Bernardi, Pawlikowski and Newman, J. Electrochem. Soc. 132 (1985) 5, eq. 18, without heat of mixing:
    Q = i (v − U) + i T dU/dT for positive charging current.

    Returns
    -------
    (M, n_sensors, 5): heat, with what a short burns [W]; current [A]; state of charge; error of the heat as white
    noise of a minute, one sigma [W]; what the terminals lose against a charge kept at the top, with what a short burns
    [W], NaN where a voltage is missing. Heat and current are 0 where nothing is known of the current, the state of
    charge is 0.5 where it is not known.
    """
    groups = group_cells(context)
    hours = np.maximum(minutes.elapsed_second, 1.0) / 3600.0
    charge_ah = np.nan_to_num(minutes.charge_ah)
    measured = charge_ah / hours
    current = np.where(measured == 0.0, 0.0, measured - np.nan_to_num(tracks.zero.current_offset_ampere))
    volt = _volt_under_current(minutes, charge_ah)
    overpotential, apart = group_overpotential(volt, current, factor, tracks, context)
    charge = np.nan_to_num(group_mean(tracks.soc.soc_fraction, groups), nan=0.5)
    entropy = np.interp(charge, context.model.soc_fraction, context.model.ocv_curves[0].entropy_volt_per_kelvin)
    kelvin = np.nan_to_num(minutes.temperature_celsius, nan=25.0) + _KELVIN
    heat = np.empty((len(minutes), len(groups), HEAT_TERMS))
    by_load = current[:, None] * overpotential
    heat[:, :, 0] = by_load + current[:, None] * kelvin * entropy
    leak = np.nan_to_num(group_mean(_leak_watt(tracks.leak, tracks.soc), groups))
    heat[:, :, 0] += leak
    heat[:, :, 1] = current[:, None]
    heat[:, :, 2] = charge
    error = _HEAT_ERROR_SHARE * np.abs(by_load) + _DISAGREEMENT_SHARE * np.abs(current[:, None]) * apart
    heat[:, :, 3] = _WHITENED * error
    heat[:, :, 4] = group_mean(_terminal_watt(minutes, measured - current, hours), groups) + leak
    heat[:, :, 4] -= current[:, None] * _top_volt(context)
    return heat


def _volt_under_current(minutes: MinuteBlock, charge_ah: FloatArray) -> FloatArray:
    """(M, n_cells) voltage as the current weighs it, its mean where the current goes to and fro; NaN where missing."""
    flowed = np.nan_to_num(minutes.charge_in_ah + minutes.charge_out_ah)
    alternating = (charge_ah == 0.0) | (np.abs(charge_ah) < _ONE_WAY_SHARE * flowed)
    safe_ah = np.where(alternating, 1.0, charge_ah)[:, None]
    volt: FloatArray = np.where(alternating[:, None], minutes.voltage_volt, minutes.cell_energy_wh / safe_ah)
    volt[np.isnan(minutes.voltage_volt)] = np.nan  # energy without a reading is 0
    return volt


def _terminal_watt(minutes: MinuteBlock, offset_ampere: FloatArray, hours: FloatArray) -> FloatArray:
    """(M, n_cells) power into the terminals, the current's offset taken out [W]; NaN where a voltage is missing."""
    power = minutes.cell_energy_wh / hours[:, None] - offset_ampere[:, None] * minutes.voltage_volt
    return np.where(np.isnan(minutes.voltage_volt), np.nan, power)


def _top_volt(context: PackContext) -> float:
    """Open-circuit voltage just below full [V]."""
    curve = context.model.ocv_curves[0]
    branches = 0.5 * (curve.charge_volt + curve.discharge_volt)
    return float(np.interp(_TOP_SOC, context.model.soc_fraction, branches))


def _leak_watt(leak: SelfDischargeTrack, soc: SocTrack) -> FloatArray:
    """(M, n_cells) heat of a leak that is there for certain [W]."""
    certain = leak.self_discharge_low_ampere > 0.0
    return np.where(certain, leak.self_discharge_ampere, 0.0) * soc.ocv_volt
