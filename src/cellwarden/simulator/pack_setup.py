"""Charger, balancer and BMS of a design as the arrays of the pack kernel, before the first second."""

from __future__ import annotations

from typing import TypeVar

import numpy as np

from cellwarden.core.sample_block import FloatArray
from cellwarden.simulator.cell_arrays import CellArrays, CellState
from cellwarden.simulator.pack_arrays import FIRST_FULL_SECOND, PackSettings, PackState
from cellwarden.simulator.pack_design import PackDesign

__all__ = ["copied", "make_settings", "new_pack_state"]

_ArraysT = TypeVar("_ArraysT", CellArrays, CellState, PackState)
_INITIAL_CELL_VOLT = 3.27


def make_settings(pack: PackDesign, load_jitter_fraction: float) -> PackSettings:
    """Numbers of charger, balancer, BMS and stepping; the load's noise comes from the duty."""
    count, nominal = pack.cells_in_series, pack.nominal_capacity_ah
    charger, balancer, bms, sensors = pack.charger, pack.balancer, pack.bms, pack.sensors
    coarse = max(step for step in (1, 2, 5, 10, 20, 30) if step <= sensors.sample_second)
    return PackSettings(
        nominal_ah=nominal,
        absorption_volt=charger.absorption_volt * count,
        float_volt=charger.float_volt * count,
        charge_cell_volt=charger.cell_limit_volt,
        floats=charger.floats,
        taper_ampere=charger.taper_c_rate * nominal,
        taper_hold_second=charger.taper_hold_second,
        restart_ah=charger.restart_below_fraction_out * nominal,
        cell_maximum_volt=bms.voltage_max_volt,
        cell_maximum_release_volt=bms.voltage_max_release_volt,
        cell_minimum_volt=bms.voltage_min_volt,
        cell_minimum_release_volt=bms.voltage_min_release_volt,
        cutoff_volt=bms.inverter_cutoff_volt * count,
        discharge_maximum_ampere=bms.discharge_current_max_c_rate * nominal,
        coldest_charge_celsius=bms.charge_temperature_celsius[0],
        bleed_ohm=3.4 / balancer.current_ampere,
        bleed_cell_threshold_volt=balancer.threshold_volt if balancer.enabled else 99.0,
        bleed_difference_volt=balancer.on_difference_volt,
        bleed_period_second=int(balancer.period_second),
        bleed_noise_volt=0.3 * sensors.voltage_noise_volt,
        neighbour_watt_per_kelvin=pack.neighbour_conductance_watt_per_kelvin * (nominal / 100.0) ** (2 / 3),
        load_jitter_fraction=load_jitter_fraction,
        fine_step_second=1,
        coarse_step_second=coarse,
        sample_second=sensors.sample_second,
        start_second=0,
    )


def new_pack_state(count: int, offset_volt: FloatArray, rng: np.random.Generator) -> PackState:
    """A pack that has done nothing yet; `offset_volt` (n,) is reading minus truth of the voltage channels."""
    number = np.zeros(9)
    number[FIRST_FULL_SECOND] = -1.0
    return PackState(
        volt=np.full(count, _INITIAL_CELL_VOLT),
        bleed_on=np.zeros(count, dtype=np.bool_),
        bleed_second=np.zeros(count),
        wire=np.arange(count, dtype=np.int64),
        channel_offset_volt=offset_volt.copy(),
        heat_watt=np.zeros(count),
        leak_ah=np.zeros(count),
        bleed_ah=np.zeros(count),
        cold_charge_ah=np.zeros(count),
        ampere=np.zeros(1),
        number=number,
        random=rng.integers(1, 2**62, size=1, dtype=np.uint64),
    )


def copied(arrays: _ArraysT) -> _ArraysT:
    """The same named tuple with copies of its arrays, so that a kernel may write into them."""
    return type(arrays)._make(value.copy() if isinstance(value, np.ndarray) else value for value in arrays)
