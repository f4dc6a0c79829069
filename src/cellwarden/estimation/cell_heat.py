"""Heat of the cells under each temperature sensor, from current and overpotential."""

from __future__ import annotations

import numpy as np

from cellwarden.core.minute_block import MinuteBlock
from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.charge_tracks import SelfDischargeTrack, SocTrack, VoltageOffsetTrack
from cellwarden.estimation.plugin import PackContext

__all__ = ["HEAT_TERMS", "group_cells", "group_heat", "group_mean", "overpotential_without_soc"]

HEAT_TERMS = 3
_LARGEST_OVERPOTENTIAL_VOLT = 1.0
_KELVIN = 273.15
_SLOW_SHARE = 1.5  # of the 10 s resistance: what a minute or more of load adds to it


def group_cells(context: PackContext) -> tuple[tuple[int, ...], ...]:
    """Cells (from 0) whose mean heat warms each sensor: those it touches, all of them where that is not said."""
    everything = tuple(range(context.cell_count))
    return tuple(cells or everything for cells in context.sensor_cells)


def group_mean(values: FloatArray, groups: tuple[tuple[int, ...], ...]) -> FloatArray:
    """(M, n_groups) mean over each group's finite cells, NaN where none is, of (M, n_cells)."""
    result = np.empty((values.shape[0], len(groups)))
    for g, cells in enumerate(groups):
        part = values[:, list(cells)]
        known = np.isfinite(part)
        count = known.sum(axis=1)
        total = np.where(known, part, 0.0).sum(axis=1)
        result[:, g] = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return result


def overpotential_without_soc(context: PackContext, current_ampere: FloatArray) -> FloatArray:
    """Overpotential by the parameter set's resistance at 25 °C, for rows without a state of charge [V]."""
    resistance_ohm = _SLOW_SHARE * context.model.resistance_ohm_ah / context.pack.nominal_capacity_ah
    return current_ampere * resistance_ohm


def group_heat(
    minutes: MinuteBlock,
    soc: SocTrack,
    leak: SelfDischargeTrack,
    offset: VoltageOffsetTrack,
    context: PackContext,
) -> FloatArray:
    """Heat, current and state of charge of each sensor's cells, mean of one cell.

    After Bernardi, Pawlikowski and Newman, J. Electrochem. Soc. 132 (1985) 5, eq. 18, without heat of mixing:
    Q = i (v − U) + i T dU/dT for positive charging current.

    Returns
    -------
    (M, n_sensors, 3): heat, with what a short burns [W]; current [A]; state of charge. Heat and current are 0 where
    nothing is known of the current, the state of charge is 0.5 where it is not known.
    """
    groups = group_cells(context)
    hours = np.maximum(minutes.elapsed_second, 1.0)[:, None] / 3600.0
    current = np.nan_to_num(minutes.charge_ah[:, None] / hours)
    charge = group_mean(soc.soc_fraction, groups)
    grid = context.model.soc_fraction
    entropy = np.interp(np.nan_to_num(charge, nan=0.5), grid, context.model.ocv_curves[0].entropy_volt_per_kelvin)
    kelvin = np.nan_to_num(minutes.temperature_celsius, nan=25.0) + _KELVIN
    heat = np.empty((len(minutes), len(groups), HEAT_TERMS))
    heat[:, :, 0] = _overpotential_heat(minutes, soc, offset, context, hours, current)
    heat[:, :, 0] += np.nan_to_num(group_mean(_leak_watt(leak, soc), groups))
    heat[:, :, 0] += current * kelvin * np.where(np.isfinite(charge), entropy, 0.0)
    heat[:, :, 1] = current
    heat[:, :, 2] = np.nan_to_num(charge, nan=0.5)
    return heat


def _overpotential_heat(
    minutes: MinuteBlock,
    soc: SocTrack,
    offset: VoltageOffsetTrack,
    context: PackContext,
    hours: FloatArray,
    current: FloatArray,
) -> FloatArray:
    """(M, n_sensors) current times overpotential [W]."""
    groups = group_cells(context)
    open_volt = soc.ocv_volt + np.nan_to_num(offset.voltage_offset_volt)
    watt = (minutes.cell_energy_wh - minutes.charge_ah[:, None] * open_volt) / hours
    measured = group_mean(watt, groups)
    assumed = current * overpotential_without_soc(context, current)
    most = _LARGEST_OVERPOTENTIAL_VOLT * np.abs(current)
    result: FloatArray = np.clip(np.where(np.isfinite(measured), measured, assumed), -most, most)
    return result


def _leak_watt(leak: SelfDischargeTrack, soc: SocTrack) -> FloatArray:
    """(M, n_cells) heat of a leak that is there for certain [W]."""
    certain = leak.self_discharge_low_ampere > 0.0
    return np.where(certain, leak.self_discharge_ampere, 0.0) * soc.ocv_volt
