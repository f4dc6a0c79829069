"""A cell's parameter set as arrays: what the loader makes of a data file and every estimator takes.

Imports numpy only. State of charge z: 1 at the set's full voltage held until C/50 at 25 °C, 0 at its empty voltage at
C/20; all curves stand on one uniform grid of z.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cellwarden.core.sample_block import FloatArray

__all__ = ["CellModel", "OcvCurve"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OcvCurve:
    """One member of a family of open-circuit voltages at 25 °C. Arrays (G,) on the model's grid.

    Attributes
    ----------
    discharge_volt, charge_volt : (G,) major branches of the hysteresis, each rising with z [V]
    entropy_volt_per_kelvin : (G,) dU/dT [V/K]
    prior_weight : plausibility of this member before a log was seen; a family's sum to 1
    sigma_volt : what the curve is uncertain by on the plateau, one sigma [V]
    half_width_log_sigma : one sigma of the logarithm of the hysteresis' half width
    modes_volt : (K, G) what a log may learn of the curve: modes with amplitudes of mean 0 and sigma 1 [V]; K may be 0
    remainder_volt : (G,) one sigma of what the modes leave [V]
    """

    name: str
    discharge_volt: FloatArray
    charge_volt: FloatArray
    entropy_volt_per_kelvin: FloatArray
    prior_weight: float
    sigma_volt: float
    half_width_log_sigma: float
    modes_volt: FloatArray
    remainder_volt: FloatArray
    citation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CellModel:
    """One parameter set.

    Attributes
    ----------
    soc_fraction : (G,) uniform grid from 0 to 1
    ocv_curves : family of open-circuit voltages, the most plausible first
    full_voltage_volt, empty_voltage_volt : what z = 1 and z = 0 mean
    float_soc_tolerance_fraction : one sigma of z read from a voltage on the top knee
    capacity_bias_fraction : by how much a new cell's capacity exceeds its nominal one, on average
    capacity_sigma_fraction : one sigma of a new cell's capacity about that
    aged_share_fraction : of the packs, whose cells are aged before the log begins
    aged_capacity_bias_fraction, aged_capacity_sigma_fraction : the same of theirs
    resistance_ohm_ah : 10 s direct-current resistance at 25 °C, z = 0.5, times capacity [ohm·Ah]
    resistance_log_sigma : one sigma of its natural logarithm over cells of this kind
    resistance_soc_factor : (G,) dependence on z, 1 at 0.5
    activation_kelvin, activation_sigma_kelvin : Arrhenius temperature Ea/Rg of that resistance and its sigma [K]
    slow_resistance_ohm_ah : further polarisation that has come after `slow_time_constant_second` [ohm·Ah]
    slow_time_constant_second : time constants of that polarisation (fast, slow) [s]
    heat_capacity_joule_per_kelvin_ah : of one cell, per Ah of nominal capacity [J/(K·Ah)]
    self_discharge_fraction_per_month : of a healthy cell, at 25 °C, full
    hysteresis_rate : γ of the first-order hysteresis, per unit of z (Plett 2004)
    valid_temperature_celsius, valid_soc_fraction : range of the data behind the set
    citation : source of every number, by key
    """

    name: str
    chemistry: str
    soc_fraction: FloatArray
    ocv_curves: tuple[OcvCurve, ...]
    full_voltage_volt: float
    empty_voltage_volt: float
    float_soc_tolerance_fraction: float
    capacity_bias_fraction: float
    capacity_sigma_fraction: float
    aged_share_fraction: float
    aged_capacity_bias_fraction: float
    aged_capacity_sigma_fraction: float
    resistance_ohm_ah: float
    resistance_log_sigma: float
    resistance_soc_factor: FloatArray
    activation_kelvin: float
    activation_sigma_kelvin: float
    slow_resistance_ohm_ah: tuple[float, float]
    slow_time_constant_second: tuple[float, float]
    heat_capacity_joule_per_kelvin_ah: float
    self_discharge_fraction_per_month: float
    hysteresis_rate: float
    valid_temperature_celsius: tuple[float, float]
    valid_soc_fraction: tuple[float, float]
    citation: dict[str, str]

    def resistance_temperature_factor(self, temperature_celsius: FloatArray) -> FloatArray:
        """Arrhenius factor of the resistance, 1 at 25 °C; same shape as the argument [°C]."""
        return np.exp(self.activation_kelvin * (1.0 / (temperature_celsius + 273.15) - 1.0 / 298.15))
