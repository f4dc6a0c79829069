"""The twin's cells as arrays for the kernels: parameters of every cell, curves of the batch, and the cells' state."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from cellwarden.core.sample_block import FloatArray
from cellwarden.simulator.cell_design import CellDesign

__all__ = ["MODES", "CellArrays", "CellState", "Curves", "make_cells", "make_curves", "new_cell_state"]

MODES = 5
_EIGENVALUES = (4.493409457909064, 7.725251836937707, 10.904121659428899, 14.066193912831473)
# the fifth mode stands for all faster ones: it has the rest of the gain 1/5, and their mean time constant
_TAIL_EIGENVALUE = 20.6


class CellArrays(NamedTuple):
    """Parameters, each (n_cells,), at 25 °C. Capacities in Ah, resistances in ohm, exchange currents in A."""

    negative_capacity_ah: FloatArray
    positive_capacity_ah: FloatArray
    total_lithium_ah: FloatArray
    negative_diffusion_second: FloatArray
    positive_diffusion_second: FloatArray
    slow_gain_second: FloatArray
    negative_exchange_ampere: FloatArray
    positive_exchange_ampere: FloatArray
    ohmic_ohm: FloatArray
    electrolyte_ohm: FloatArray
    joint_ohm: FloatArray
    extra_joint_ohm: FloatArray
    leak_ampere: FloatArray
    short_siemens: FloatArray
    hysteresis_volt: FloatArray
    heat_capacity_joule_per_kelvin: FloatArray
    ambient_resistance_kelvin_per_watt: FloatArray


class Curves(NamedTuple):
    """What the cells of a batch share: half-cell curves, diffusion modes, hysteresis and Arrhenius temperatures."""

    graphite_volt: FloatArray  # (GRID_POINTS,)
    entropy_volt_per_kelvin: FloatArray  # (GRID_POINTS,)
    lfp: FloatArray  # (6,) the fields of LfpCurve in their order
    mode_gain: FloatArray  # (MODES,) surface over mean stoichiometry per (R²/D)·dx/dt, of sum 1/15
    mode_rate: FloatArray  # (MODES,) 1/τ over D/R²
    slow_time_second: float
    electrolyte_second: float
    hysteresis_reach: FloatArray  # (3,)
    hysteresis_weight: FloatArray  # (3,)
    hysteresis_relaxation_second: float
    diffusion_activation_kelvin: float
    kinetics_activation_kelvin: float
    electrolyte_activation_kelvin: float
    leak_activation_kelvin: float


class CellState(NamedTuple):
    """State of every cell, and beside it the factors that hold for one temperature and step (`cached_*`, `decay_*`)."""

    negative_lithium_ah: FloatArray  # (n,)
    negative_mode: FloatArray  # (n, MODES + 1), the last is the slow equalisation
    positive_mode: FloatArray  # (n, MODES)
    electrolyte_ampere: FloatArray  # (n,) lagged current
    hysteresis_centre: FloatArray  # (n, 3) centres of the play operators, in −y
    temperature_celsius: FloatArray  # (n,)
    cached_temperature_celsius: FloatArray  # (n,) NaN: nothing cached
    cached_step_second: FloatArray  # (n,)
    negative_decay: FloatArray  # (n, MODES + 1)
    positive_decay: FloatArray  # (n, MODES)
    factor: FloatArray  # (n, 8) columns as named in `cell_kernel`


def make_curves(design: CellDesign) -> Curves:
    """Curves of a design as arrays."""
    squared = np.array([value * value for value in _EIGENVALUES])
    gain = 2.0 / (3.0 * squared)
    lfp = design.lfp
    return Curves(
        design.graphite.potential_table_volt(),
        design.entropy.table_volt_per_kelvin(),
        np.array(
            [
                lfp.plateau_volt,
                lfp.tilt_volt,
                lfp.charged_end_volt,
                lfp.charged_end_fraction,
                lfp.lithiated_end_volt,
                lfp.lithiated_end_fraction,
            ]
        ),
        np.append(gain, 1.0 / 15.0 - gain.sum()),
        np.append(squared, _TAIL_EIGENVALUE**2),
        design.slow_time_second,
        design.electrolyte_second,
        np.array(design.hysteresis_reach),
        np.array(design.hysteresis_weight),
        design.hysteresis_relaxation_second,
        design.diffusion_activation_kelvin,
        design.kinetics_activation_kelvin,
        design.electrolyte_activation_kelvin,
        design.leak_activation_kelvin,
    )


def make_cells(
    design: CellDesign, count: int, nominal_ah: float, ambient_resistance: float, rng: np.random.Generator
) -> CellArrays:
    """Cells of one batch with the design's spread.

    Parameters
    ----------
    count : cells in series
    nominal_ah : nominal capacity [Ah]
    ambient_resistance : mean thermal resistance of a cell to ambient [K/W]
    rng : source of the spread
    """
    spread = design.spread

    def vary(mean: float, sigma: float) -> FloatArray:
        drawn: FloatArray = mean * np.exp(sigma * np.clip(rng.standard_normal(count), -2.5, 2.5))
        return drawn

    usable_ah = vary(design.capacity_over_nominal * nominal_ah, spread.lithium)
    mean_ah = design.capacity_over_nominal * nominal_ah
    resistance = vary(1.0, spread.resistance)
    return CellArrays(
        negative_capacity_ah=vary(mean_ah / (design.negative_full_fraction - 0.003), spread.electrode),
        positive_capacity_ah=vary(mean_ah / design.positive_empty_fraction, spread.electrode),
        total_lithium_ah=usable_ah + 0.003 * mean_ah,
        negative_diffusion_second=vary(design.negative_diffusion_second, spread.diffusion),
        positive_diffusion_second=vary(design.positive_diffusion_second, spread.diffusion),
        slow_gain_second=vary(design.slow_gain_second, spread.diffusion),
        negative_exchange_ampere=vary(design.negative_exchange_c_rate * mean_ah, spread.kinetics),
        positive_exchange_ampere=vary(design.positive_exchange_c_rate * mean_ah, spread.kinetics),
        ohmic_ohm=design.ohmic_ohm_ah / nominal_ah * resistance,
        electrolyte_ohm=design.electrolyte_ohm_ah / nominal_ah * resistance,
        joint_ohm=vary(design.joint_ohm_ah / nominal_ah, spread.joint),
        extra_joint_ohm=np.zeros(count),
        leak_ampere=vary(design.leak_ampere_per_ah * nominal_ah, spread.leak_log),
        short_siemens=np.zeros(count),
        hysteresis_volt=vary(design.hysteresis_volt, spread.hysteresis),
        heat_capacity_joule_per_kelvin=vary(design.heat_capacity_joule_per_kelvin_ah * nominal_ah, 0.01),
        ambient_resistance_kelvin_per_watt=vary(ambient_resistance, spread.heat_path),
    )


def new_cell_state(cells: CellArrays, curves: Curves, lithium_ah: FloatArray, temperature_celsius: float) -> CellState:
    """Cells at rest with that lithium in graphite (n,) [Ah], on the charge branch of the hysteresis."""
    count = lithium_ah.shape[0]
    position = -(cells.total_lithium_ah - lithium_ah) / cells.positive_capacity_ah
    return CellState(
        negative_lithium_ah=lithium_ah.copy(),
        negative_mode=np.zeros((count, MODES + 1)),
        positive_mode=np.zeros((count, MODES)),
        electrolyte_ampere=np.zeros(count),
        hysteresis_centre=position[:, None] - curves.hysteresis_reach[None, :],
        temperature_celsius=np.full(count, temperature_celsius),
        cached_temperature_celsius=np.full(count, np.nan),
        cached_step_second=np.full(count, np.nan),
        negative_decay=np.zeros((count, MODES + 1)),
        positive_decay=np.zeros((count, MODES)),
        factor=np.zeros((count, 8)),
    )
