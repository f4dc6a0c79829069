"""How long the pack carries a constant load: every cell stepped to the first cut-off, with what is known of it.

A forecast in steps of half a minute, longer ones where a small load lasts for days: power fixes the current,
v_j = OCV(z_j − lead) − polarisation_j, charge goes out of every cell alike and its losses warm the pack. It ends when a
cell reaches its minimum or the string the inverter's cut-off.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from cellwarden.core.pack_spec import PackSpec
from cellwarden.core.results import Interval, Readiness
from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.central_cell import resistance_factor
from cellwarden.models.cell_model import CellModel

__all__ = ["PackSnapshot", "forecast_readiness", "forecast_runtime_hour"]

STEP_SECOND = 30.0
LONGEST_HOUR = 200.0
MOST_STEPS = 1200  # a forecast is made anew every minute: ten hours in the shortest steps, a thousandth of any longer
# r²/(15 D) of graphite particles of some 5.5 µm (Chen et al. 2020, J. Electrochem. Soc. 167 080534: 5.86)
DIFFUSION_HOUR = 0.10
# amid 30.3 and 42.8 kJ/mol of graphite (Ecker et al. 2015 and Marquis et al. 2019, J. Electrochem. Soc. 162 A1836,
# 166 A3693)
DIFFUSION_ACTIVATION_KELVIN = 4400.0
# of its logarithm: particles of 4 to 7 µm are usual, and it goes with their square
DIFFUSION_LOG_SIGMA = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class PackSnapshot:
    """What is known of a pack at the moment an outage starts; arrays (n_cells,), resistances at 25 °C [ohm].

    `discharge_volt` (G,) is the discharge branch of the open-circuit voltage on the parameter set's grid [V]. The
    temperature is the cells'; they follow `ambient_celsius` with the time constant, and one cell has the heat capacity:
    where one of these is NaN the temperature stays. `diffusion_hour` is what the surface of the particles runs ahead
    of their mean, per unit of the C-rate, at 25 °C.
    """

    soc_fraction: FloatArray
    soc_low_fraction: FloatArray
    soc_high_fraction: FloatArray
    capacity_ah: FloatArray
    capacity_low_ah: FloatArray
    capacity_high_ah: FloatArray
    cell_factor: FloatArray
    prompt_ohm: float
    first_ohm: float
    second_ohm: float
    resistance_log_sigma: float
    activation_kelvin: float
    discharge_volt: FloatArray
    temperature_celsius: float
    ambient_celsius: float = np.nan
    thermal_time_constant_second: float = np.nan
    heat_capacity_joule_per_kelvin: float = np.nan
    diffusion_hour: float = DIFFUSION_HOUR


def forecast_readiness(snapshot: PackSnapshot, pack: PackSpec, model: CellModel) -> Readiness | None:
    """Runtime at the description's backup load with its 95 % interval; None without `[backup]` or a known charge.

    The bounds come from one run each with all charges, all capacities, all resistances and the diffusion at their
    bounds, the differences added in squares: errors of one quantity are mostly common to the cells, those of different
    quantities are not.
    """
    if pack.backup is None or not np.isfinite(snapshot.soc_fraction).all():
        return None
    hours, cell = forecast_runtime_hour(snapshot, pack, model)
    factor, slower = np.exp(1.96 * snapshot.resistance_log_sigma), np.exp(1.96 * DIFFUSION_LOG_SIGMA)
    low, high = _bounds(
        hours,
        [
            (replace(snapshot, soc_fraction=snapshot.soc_low_fraction), False),
            (replace(snapshot, soc_fraction=snapshot.soc_high_fraction), True),
            (_with_capacity(snapshot, snapshot.capacity_low_ah), False),
            (_with_capacity(snapshot, snapshot.capacity_high_ah), True),
            (replace(snapshot, cell_factor=snapshot.cell_factor * factor), False),
            (replace(snapshot, cell_factor=snapshot.cell_factor / factor), True),
            (replace(snapshot, diffusion_hour=snapshot.diffusion_hour * slower), False),
            (replace(snapshot, diffusion_hour=snapshot.diffusion_hour / slower), True),
        ],
        pack,
        model,
    )
    return Readiness(
        load_watt=pack.backup.load_watt,
        runtime_hour=Interval(hours, low, high),
        limiting_cell=None if cell is None else cell + 1,
        reason=_reason(hours, cell, pack),
    )


def _with_capacity(snapshot: PackSnapshot, capacity_ah: FloatArray) -> PackSnapshot:
    """Another capacity at the same charge below full, which is what an anchor fixes."""
    deficit = (1.0 - snapshot.soc_fraction) * snapshot.capacity_ah
    return replace(snapshot, capacity_ah=capacity_ah, soc_fraction=np.clip(1.0 - deficit / capacity_ah, 0.0, 1.0))


def _bounds(
    hours: float, runs: list[tuple[PackSnapshot, bool]], pack: PackSpec, model: CellModel
) -> tuple[float, float]:
    below, above = 0.0, 0.0
    for snapshot, is_better in runs:
        change = forecast_runtime_hour(snapshot, pack, model)[0] - hours
        if is_better:
            above += max(change, 0.0) ** 2
        else:
            below += min(change, 0.0) ** 2
    return max(hours - np.sqrt(below), 0.0), hours + float(np.sqrt(above))


def forecast_runtime_hour(snapshot: PackSnapshot, pack: PackSpec, model: CellModel) -> tuple[float, int | None]:
    """Hours until the first cut-off and the index of the cell that reaches it (None: the string's or none did)."""
    if pack.backup is None:
        return 0.0, None
    curve, grid = snapshot.discharge_volt, model.soc_fraction
    celsius = snapshot.temperature_celsius
    power = pack.backup.load_watt / pack.backup.inverter_efficiency
    soc = snapshot.soc_fraction.copy()
    voltage = np.interp(soc, grid, curve)
    filtered = np.zeros(2)
    step_second = _step_second(float((voltage * soc * snapshot.capacity_ah).sum()) / power)
    keep = np.exp(-step_second / np.array(model.slow_time_constant_second))
    for step in range(int(LONGEST_HOUR * 3600.0 / step_second)):
        current = power / max(float(voltage.sum()), 1.0)
        filtered = keep * filtered + (1.0 - keep) * current
        drop = snapshot.prompt_ohm * current + snapshot.first_ohm * filtered[0] + snapshot.second_ohm * filtered[1]
        diffusion_hour = snapshot.diffusion_hour * resistance_factor(DIFFUSION_ACTIVATION_KELVIN, celsius)
        lead = diffusion_hour * filtered[1] / snapshot.capacity_ah
        ratio = snapshot.cell_factor * resistance_factor(snapshot.activation_kelvin, celsius)
        voltage = _extended(soc - lead, grid, curve) - ratio * drop
        if voltage.min() <= pack.limits.cell_voltage_min_volt:
            return step * step_second / 3600.0, int(voltage.argmin())
        if voltage.sum() <= pack.backup.inverter_cutoff_volt:
            return step * step_second / 3600.0, None
        celsius = _warmed(celsius, _heat_watt(current, soc, voltage, celsius, curve, model), snapshot, step_second)
        soc = soc - current * step_second / 3600.0 / snapshot.capacity_ah
    return LONGEST_HOUR, None


def _step_second(expected_hour: float) -> float:
    """Step for a runtime that is expected to last that long at the most."""
    return max(STEP_SECOND, min(expected_hour, LONGEST_HOUR) * 3600.0 / MOST_STEPS)


def _heat_watt(
    current: float, soc: FloatArray, voltage: FloatArray, celsius: float, curve: FloatArray, model: CellModel
) -> float:
    """Mean heat of a cell under a discharge of that current: losses and entropy (Bernardi et al. 1985, eq. 18)."""
    entropy = np.interp(soc, model.soc_fraction, model.ocv_curves[0].entropy_volt_per_kelvin)
    lost = np.interp(soc, model.soc_fraction, curve) - voltage - (celsius + 273.15) * entropy
    return current * float(lost.mean())


def _warmed(celsius: float, heat_watt: float, snapshot: PackSnapshot, step_second: float = STEP_SECOND) -> float:
    """The cells' temperature a step later."""
    thermal_resistance = snapshot.thermal_time_constant_second / snapshot.heat_capacity_joule_per_kelvin
    steady = snapshot.ambient_celsius + heat_watt * thermal_resistance
    warmed = steady + (celsius - steady) * np.exp(-step_second / snapshot.thermal_time_constant_second)
    return float(warmed) if np.isfinite(warmed) else celsius


def _extended(soc: FloatArray, grid: FloatArray, curve: FloatArray) -> FloatArray:
    """The curve, continued below empty with its end slope."""
    slope = (curve[1] - curve[0]) / (grid[1] - grid[0])
    result: FloatArray = np.interp(soc, grid, curve) + np.minimum(soc, 0.0) * slope
    return result


def _reason(hours: float, cell: int | None, pack: PackSpec) -> str:
    if pack.backup is None:
        return ""
    if hours >= LONGEST_HOUR:
        return f"No cut-off within {LONGEST_HOUR:.0f} hours at this load."
    if cell is not None:
        return f"Cell {cell + 1} reaches its minimum of {pack.limits.cell_voltage_min_volt:.2f} V first."
    return f"The string reaches the inverter's cut-off of {pack.backup.inverter_cutoff_volt:.1f} V first."
