"""A string of cells with known charge, capacity, leak and sensors, stepped in plain NumPy: what the cascade must find.

Cells follow the parameter set's first curve with first-order hysteresis, one resistance and one slow branch; a passive
balancer bleeds what stands high. Nothing of the estimators is used.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from cellwarden.core.pack_spec import PackSpec
from cellwarden.core.sample_block import FloatArray, SampleBlock
from cellwarden.estimation.plugin import PackContext
from cellwarden.models.cell_model import CellModel
from cellwarden.models.parameter_set import load_cell_model

START = 1_700_002_800.0  # a full hour
FLOAT_VOLT = 3.45
BLEED_AMPERE = 0.06
BLEED_FROM_VOLT, BLEED_ABOVE_VOLT = 3.40, 0.005
SLOW_SECOND = 300.0


class Stage(NamedTuple):
    """Hours at a current [A], cut short where a charge reaches the float voltage: it is then held."""

    hours: float
    current_ampere: float


CHARGE = Stage(8.0, 20.0)
DEEP = Stage(3.0, -26.0)
REST = Stage(3.0, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownString:
    """Truth of a string; arrays are (n_cells,). Cells start alike far from full, less `ahead_ah`."""

    stages: tuple[Stage, ...]
    cells: int = 16
    soc_fraction: float = 0.6
    capacity_ah: FloatArray | float = 102.0
    leak_ampere: FloatArray | float = 0.0
    ahead_ah: FloatArray | float = 0.0
    voltage_offset_volt: FloatArray | float = 0.0
    current_offset_ampere: float = 0.0
    temperature_celsius: float = 25.0
    interval_second: float = 30.0
    balancing_logged: bool = True
    seed: int = 1
    model: CellModel = field(default_factory=lambda: load_cell_model("lfp"))


class Course(NamedTuple):
    """What is logged, and the truth beside it: (T, n_cells) state of charge."""

    samples: SampleBlock
    soc_fraction: FloatArray


def course_of(known: KnownString) -> Course:
    """Step the string through its stages."""
    cell = _Cells(known)
    rows: list[tuple[float, FloatArray, FloatArray, FloatArray]] = []
    for stage in known.stages:
        count = round(stage.hours * 3600.0 / known.interval_second)
        rows += [cell.step(stage.current_ampere) for _ in range(count)]
    return _logged(known, rows)


class _Cells:
    """The string at one moment."""

    def __init__(self, known: KnownString) -> None:
        curve, model = known.model.ocv_curves[0], known.model
        self._curve, self._grid, self._rate = curve, model.soc_fraction, model.hysteresis_rate
        self._step_hour = known.interval_second / 3600.0
        self._keep = float(np.exp(-known.interval_second / SLOW_SECOND))
        self._capacity = np.broadcast_to(np.asarray(known.capacity_ah, dtype=float), known.cells)
        self._leak = np.broadcast_to(np.asarray(known.leak_ampere, dtype=float), known.cells)
        factor = float(model.resistance_temperature_factor(np.array([known.temperature_celsius]))[0])
        self._resistance = 0.9 * factor * model.resistance_ohm_ah / 100.0
        self._slow = factor * model.slow_resistance_ohm_ah[0] / 100.0
        below_full_ah = (1.0 - known.soc_fraction) * 100.0 - np.asarray(known.ahead_ah, dtype=float)
        self.soc = 1.0 - below_full_ah / self._capacity
        self._hysteresis, self._filtered = 0.0, 0.0
        self._voltage = np.zeros(known.cells)

    def step(self, wanted: float) -> tuple[float, FloatArray, FloatArray, FloatArray]:
        """Current, voltages, bleed and charges one interval later."""
        ocv = self._ocv()
        current = wanted
        if wanted > 0.0:  # the charger holds the mean at the float voltage
            room = FLOAT_VOLT - float(ocv.mean()) - self._slow * self._filtered
            current = min(wanted, room / self._resistance)
        high = (self._voltage > BLEED_FROM_VOLT) & (self._voltage > self._voltage.min() + BLEED_ABOVE_VOLT)
        bleed = np.where(high, 1.0, 0.0)
        self.soc = self.soc + (current - self._leak - BLEED_AMPERE * bleed) * self._step_hour / self._capacity
        moved = abs(current) * self._step_hour / 100.0
        keep = np.exp(-self._rate * moved)
        self._hysteresis = float(keep * self._hysteresis + (1.0 - keep) * np.sign(current))
        self._filtered = self._keep * self._filtered + (1.0 - self._keep) * current
        self._voltage = self._ocv() + self._resistance * current + self._slow * self._filtered
        return current, self._voltage, bleed, self.soc

    def _ocv(self) -> FloatArray:
        low = np.interp(self.soc, self._grid, self._curve.discharge_volt)
        high = np.interp(self.soc, self._grid, self._curve.charge_volt)
        beyond = 10.0 * np.maximum(self.soc - 1.0, 0.0)
        ocv: FloatArray = 0.5 * (low + high) + 0.5 * self._hysteresis * (high - low) + beyond
        return ocv


def _logged(known: KnownString, rows: list[tuple[float, FloatArray, FloatArray, FloatArray]]) -> Course:
    """What sensors with their errors make of it."""
    random = np.random.default_rng(known.seed)
    current = np.array([row[0] for row in rows]) + known.current_offset_ampere
    voltage = np.stack([row[1] for row in rows]) + known.voltage_offset_volt
    count = len(rows)
    samples = SampleBlock(
        unix_time_second=START + known.interval_second * np.arange(count, dtype=np.float64),
        current_ampere=np.round(current + 0.01 * random.standard_normal(count), 2),
        pack_voltage_volt=np.round(voltage.sum(axis=1), 2),
        cell_voltage_volt=np.ascontiguousarray(np.round(voltage + 0.0005 * random.standard_normal(voltage.shape), 3)),
        temperature_celsius=np.full((count, 1), known.temperature_celsius),
        ambient_temperature_celsius=np.full(count, known.temperature_celsius - 2.0),
        balancing_fraction=np.ascontiguousarray([row[2] for row in rows]) if known.balancing_logged else None,
    )
    return Course(samples, np.stack([row[3] for row in rows]))


def string_context(known: KnownString) -> PackContext:
    """What the description of that pack says."""
    return PackContext(
        pack=PackSpec(id="known-string", cells_in_series=known.cells, nominal_capacity_ah=100.0),
        model=known.model,
        sensors=("t1",),
        sensor_cells=(tuple(range(known.cells)),),
        has_current=True,
        has_ambient=True,
        has_balancing=known.balancing_logged,
    )
