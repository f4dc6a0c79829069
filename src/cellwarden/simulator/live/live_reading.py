"""What the sensors of a live pack read at one moment, before any protocol rounds it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from cellwarden.core.sample_block import FloatArray
from cellwarden.simulator.fault import Fault
from cellwarden.simulator.live.live_pack import LivePack, sensor_index
from cellwarden.simulator.live.live_state import LiveState
from cellwarden.simulator.pack_arrays import CHARGE_OPEN, DISCHARGE_OPEN

__all__ = ["PackReading", "read_pack"]

_MOS_OHM = 0.0012  # both switches of the BMS and its shunt
_MOS_KELVIN_PER_WATT = 2.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PackReading:
    """One moment of a pack as a BMS sees it. A sensor that gives nothing is NaN.

    Attributes
    ----------
    unix_time_second : UTC of the moment [s]
    uptime_second : since the pack's start [s]
    cell_voltage_volt : (n_cells,) [V]
    temperature_celsius : (n_sensors,) [°C] of sensors at cells
    temperature_cells : cells, counted from 1, that each sensor touches
    current_ampere : [A], positive charges
    pack_voltage_volt : [V] at the pack's terminals
    mos_temperature_celsius, ambient_temperature_celsius : [°C] of the BMS's switches; of the air
    balancing : (n_cells,) whether the cell's bleed is on
    soc_fraction, soh_fraction : what the BMS counts
    remaining_ah, full_ah, nominal_ah : [Ah] of the smallest cell; as sold
    cycle_count : full cycles since the start
    charge_closed, discharge_closed : the BMS's switches
    charge_voltage_limit_volt, charge_current_limit_ampere, discharge_current_limit_ampere : what the BMS allows
    """

    unix_time_second: float
    uptime_second: float
    cell_voltage_volt: FloatArray
    temperature_celsius: FloatArray
    temperature_cells: tuple[tuple[int, ...], ...]
    current_ampere: float
    pack_voltage_volt: float
    mos_temperature_celsius: float
    ambient_temperature_celsius: float
    balancing: NDArray[np.bool_]
    soc_fraction: float
    soh_fraction: float
    remaining_ah: float
    full_ah: float
    nominal_ah: float
    cycle_count: int
    charge_closed: bool
    discharge_closed: bool
    charge_voltage_limit_volt: float
    charge_current_limit_ampere: float
    discharge_current_limit_ampere: float

    @property
    def cell_count(self) -> int:
        """Cells in series."""
        return int(self.cell_voltage_volt.size)


def read_pack(pack: LivePack, state: LiveState) -> PackReading:
    """Read a state with its sensors; the same state gives the same reading, noise included."""
    design, sensors = pack.design, pack.design.sensors
    noise = np.random.default_rng((pack.seed, 9, round(1000.0 * state.second)))
    true_volt, ampere = state.pack.volt, state.current_ampere
    volt = (
        true_volt + state.pack.channel_offset_volt + sensors.voltage_noise_volt * noise.standard_normal(true_volt.size)
    )
    celsius = _temperatures(pack, state, noise)
    current = ampere * (1.0 + _fixed(pack.seed, 1, 1)[0] * sensors.current_gain_fraction) + _current_offset(pack, state)
    current += sensors.current_noise_ampere * float(noise.standard_normal())
    ambient = pack.ambient.celsius(state.second)
    capacity = state.full_ah - state.empty_ah
    remaining = max(0.0, float((state.cell.negative_lithium_ah - state.empty_ah).min()))
    full = float(capacity.min())
    _lose_sensors(pack, state, volt, celsius)
    bms, nominal, number = design.bms, design.nominal_capacity_ah, state.pack.number
    return PackReading(
        unix_time_second=pack.start_unix_time_second + state.second,
        uptime_second=state.second,
        cell_voltage_volt=volt,
        temperature_celsius=celsius,
        temperature_cells=design.temperature_cells,
        current_ampere=current,
        pack_voltage_volt=float(true_volt.sum()) + sensors.pack_voltage_noise_volt * float(noise.standard_normal()),
        mos_temperature_celsius=ambient + 2.0 + _MOS_KELVIN_PER_WATT * _MOS_OHM * ampere * ampere,
        ambient_temperature_celsius=ambient,
        balancing=state.pack.bleed_on.copy(),
        soc_fraction=min(1.0, remaining / full),
        soh_fraction=min(1.0, full / nominal),
        remaining_ah=remaining,
        full_ah=full,
        nominal_ah=nominal,
        cycle_count=int(state.drawn_ah / nominal),
        charge_closed=bool(number[CHARGE_OPEN] == 0.0),
        discharge_closed=bool(number[DISCHARGE_OPEN] == 0.0),
        charge_voltage_limit_volt=design.charger.absorption_volt * true_volt.size,
        charge_current_limit_ampere=bms.charge_current_max_c_rate * nominal,
        discharge_current_limit_ampere=bms.discharge_current_max_c_rate * nominal,
    )


@lru_cache(maxsize=1024)
def _fixed(seed: int, stream: int, count: int) -> tuple[float, ...]:
    """Numbers of unit variance that belong to a pack's sensors for good."""
    return tuple(np.random.default_rng((seed, 10, stream)).standard_normal(count).tolist())


def _active(pack: LivePack, state: LiveState, kind: str) -> list[tuple[int, Fault]]:
    """Faults of that kind that have begun and, where they last for `magnitude` seconds, not ended."""
    lasting = kind in {"sensor_stuck", "sensor_dropout"}
    return [
        (index, fault)
        for index, fault in enumerate(pack.faults)
        if fault.kind == kind
        and index in state.begun
        and not (
            lasting and fault.magnitude is not None and state.second >= fault.onset_day * 86400.0 + fault.magnitude
        )
    ]


def _current_offset(pack: LivePack, state: LiveState) -> float:
    offset = _fixed(pack.seed, 2, 1)[0] * pack.design.sensors.current_offset_ampere
    for _index, fault in _active(pack, state, "current_sensor_offset"):
        offset = fault.size
    return offset


def _temperatures(pack: LivePack, state: LiveState, noise: np.random.Generator) -> FloatArray:
    """Mean of the cells that each sensor touches, with the sensor's offset and noise (n_sensors,)."""
    touched, sensors = pack.design.temperature_cells, pack.design.sensors
    offset = sensors.temperature_offset_kelvin * np.array(_fixed(pack.seed, 3, len(touched)))
    for _index, fault in _active(pack, state, "temperature_sensor_offset"):
        offset[sensor_index(fault.sensor or "")] = fault.size
    cells = state.cell.temperature_celsius
    mean = np.array([cells[[cell - 1 for cell in group]].mean() for group in touched])
    read: FloatArray = mean + offset + sensors.temperature_noise_kelvin * noise.standard_normal(len(touched))
    return read


def _lose_sensors(pack: LivePack, state: LiveState, volt: FloatArray, celsius: FloatArray) -> None:
    """Put held values and NaN where sensors stand or are gone."""
    for kind in ("sensor_stuck", "sensor_dropout"):
        for index, fault in _active(pack, state, kind):
            value = state.held[index] if kind == "sensor_stuck" else np.nan
            if fault.sensor is not None:
                celsius[sensor_index(fault.sensor)] = value
            else:
                volt[list(pack.cells_of(fault))] = value
