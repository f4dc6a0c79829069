"""How long the pack carries a constant load: every cell stepped to the first cut-off, with what is known of it.

A forecast in steps of half a minute: power fixes the current, v_j = OCV(z_j − lead) − polarisation_j, charge goes out
of every cell alike. It ends when a cell reaches its minimum or the string the inverter's cut-off.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from cellwarden.core.pack_spec import PackSpec
from cellwarden.core.results import Interval, Readiness
from cellwarden.core.sample_block import FloatArray
from cellwarden.models.cell_model import CellModel

__all__ = ["PackSnapshot", "forecast_readiness", "forecast_runtime_hour"]

STEP_SECOND = 30.0
LONGEST_HOUR = 200.0
# r²/(15 D) of graphite particles of some 5.5 µm (Chen et al. 2020, J. Electrochem. Soc. 167 080534: 5.86)
DIFFUSION_HOUR = 0.10


@dataclass(frozen=True, slots=True, kw_only=True)
class PackSnapshot:
    """What is known of a pack at the moment an outage starts; arrays (n_cells,), resistances at 25 °C [ohm].

    `discharge_volt` (G,) is the discharge branch of the open-circuit voltage on the parameter set's grid [V].
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


def forecast_readiness(snapshot: PackSnapshot, pack: PackSpec, model: CellModel) -> Readiness | None:
    """Runtime at the description's backup load with its 95 % interval; None without `[backup]` or a known charge.

    The bounds come from one run with all charges, one with all capacities and one with all resistances at their bounds,
    the differences added in squares: errors of one quantity are mostly common to the cells, those of different
    quantities are not.
    """
    if pack.backup is None or not np.isfinite(snapshot.soc_fraction).all():
        return None
    hours, cell = forecast_runtime_hour(snapshot, pack, model)
    factor = np.exp(1.96 * snapshot.resistance_log_sigma)
    low, high = _bounds(
        hours,
        [
            (replace(snapshot, soc_fraction=snapshot.soc_low_fraction), False),
            (replace(snapshot, soc_fraction=snapshot.soc_high_fraction), True),
            (_with_capacity(snapshot, snapshot.capacity_low_ah), False),
            (_with_capacity(snapshot, snapshot.capacity_high_ah), True),
            (replace(snapshot, cell_factor=snapshot.cell_factor * factor), False),
            (replace(snapshot, cell_factor=snapshot.cell_factor / factor), True),
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
    curve = snapshot.discharge_volt
    warm = snapshot.temperature_celsius
    factor = 1.0 if np.isnan(warm) else np.exp(snapshot.activation_kelvin * (1 / (warm + 273.15) - 1 / 298.15))
    ratio = snapshot.cell_factor * factor
    tau = model.slow_time_constant_second
    power = pack.backup.load_watt / pack.backup.inverter_efficiency
    soc = snapshot.soc_fraction.copy()
    voltage = np.interp(soc, model.soc_fraction, curve)
    filtered = np.zeros(2)
    keep = np.exp(-STEP_SECOND / np.array(tau))
    for step in range(int(LONGEST_HOUR * 3600.0 / STEP_SECOND)):
        current = power / max(float(voltage.sum()), 1.0)
        filtered = keep * filtered + (1.0 - keep) * current
        lead = DIFFUSION_HOUR * factor * filtered[1] / snapshot.capacity_ah
        drop = snapshot.prompt_ohm * current + snapshot.first_ohm * filtered[0] + snapshot.second_ohm * filtered[1]
        voltage = _extended(soc - lead, model.soc_fraction, curve) - ratio * drop
        if voltage.min() <= pack.limits.cell_voltage_min_volt:
            return step * STEP_SECOND / 3600.0, int(voltage.argmin())
        if voltage.sum() <= pack.backup.inverter_cutoff_volt:
            return step * STEP_SECOND / 3600.0, None
        soc = soc - current * STEP_SECOND / 3600.0 / snapshot.capacity_ah
    return LONGEST_HOUR, None


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
