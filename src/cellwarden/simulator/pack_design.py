"""What a simulated pack is made of: string, cooling, charger, balancer, BMS and sensors."""

from __future__ import annotations

from dataclasses import dataclass, field

from cellwarden.simulator.cell_design import SHARP_STAGING, CellDesign

__all__ = ["BalancerDesign", "BmsDesign", "ChargerDesign", "PackDesign", "SensorDesign"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargerDesign:
    """Constant current, then constant voltage until the current has tapered, then float or rest.

    Voltages are per cell [V], currents as C-rates of the nominal capacity [1/h].
    """

    current_c_rate: float = 0.25
    absorption_volt: float = 3.45
    cell_limit_volt: float = 3.60  # the highest cell is held there, as chargers do that listen to the BMS
    taper_c_rate: float = 0.05
    taper_hold_second: float = 0.0
    float_volt: float = 3.40
    floats: bool = True
    restart_below_fraction_out: float = 0.01  # of the nominal capacity drawn since full: then absorption again


@dataclass(frozen=True, slots=True, kw_only=True)
class BalancerDesign:
    """Passive bleed: a channel is on while its reading is above the threshold and above the lowest by the difference.

    `on_difference_volt` starts, half of it ends; decided each `period_second`. `logged` writes the duty to the log.
    """

    current_ampere: float = 0.06  # at 3.4 V
    threshold_volt: float = 3.40
    on_difference_volt: float = 0.004
    period_second: float = 60.0
    enabled: bool = True
    logged: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class BmsDesign:
    """Limits and cut-offs. Voltages are per cell [V]; `inverter_cutoff_volt` is of the mean cell."""

    voltage_max_volt: float = 3.65
    voltage_max_release_volt: float = 3.45
    voltage_min_volt: float = 2.50
    voltage_min_release_volt: float = 3.05
    inverter_cutoff_volt: float = 2.75
    charge_current_max_c_rate: float = 0.5
    discharge_current_max_c_rate: float = 1.0
    charge_temperature_celsius: tuple[float, float] = (0.0, 55.0)
    discharge_temperature_celsius: tuple[float, float] = (-20.0, 60.0)
    switches_logged: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorDesign:
    """Sensors: one sigma of offsets between sensors, of the noise of a sample, and the steps of the readings."""

    sample_second: int = 1
    cells_per_temperature_sensor: int = 4
    voltage_offset_volt: float = 0.001
    voltage_noise_volt: float = 0.001
    voltage_step_volt: float = 0.001
    pack_voltage_noise_volt: float = 0.01
    pack_voltage_step_volt: float = 0.01
    pack_voltage_logged: bool = True
    current_offset_ampere: float = 0.04
    current_gain_fraction: float = 0.005
    current_noise_ampere: float = 0.02
    current_step_ampere: float = 0.01
    temperature_offset_kelvin: float = 0.25
    temperature_noise_kelvin: float = 0.1
    temperature_step_kelvin: float = 0.1
    ambient_logged: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PackDesign:
    """One series string of cells.

    Attributes
    ----------
    ambient_resistance_kelvin_per_watt : mean path of one cell to ambient at 100 Ah; scales with the size to the −2/3
    neighbour_conductance_watt_per_kelvin : between cells that touch, at 100 Ah; scales with the size to the 2/3
    initial_soc_fraction : mean state of charge at the start
    """

    id: str
    cells_in_series: int = 16
    nominal_capacity_ah: float = 100.0
    cell: CellDesign = SHARP_STAGING
    ambient_resistance_kelvin_per_watt: float = 3.1
    neighbour_conductance_watt_per_kelvin: float = 0.8
    initial_soc_fraction: float = 0.6
    charger: ChargerDesign = field(default_factory=ChargerDesign)
    balancer: BalancerDesign = field(default_factory=BalancerDesign)
    bms: BmsDesign = field(default_factory=BmsDesign)
    sensors: SensorDesign = field(default_factory=SensorDesign)

    backup_load_c_rate: float = 0.4
    inverter_efficiency: float = 0.92

    @property
    def backup_load_watt(self) -> float:
        """Load that the pack is there for [W]: about `backup_load_c_rate` at the inverter's input."""
        return round(self.backup_load_c_rate * self.nominal_capacity_ah * 3.2 * self.cells_in_series * 0.92, -1)

    @property
    def temperature_cells(self) -> tuple[tuple[int, ...], ...]:
        """Cells, counted from 1, that each temperature sensor touches, in string order."""
        step = self.sensors.cells_per_temperature_sensor
        count = self.cells_in_series
        return tuple(tuple(range(k + 1, min(k + step, count) + 1)) for k in range(0, count, step))
