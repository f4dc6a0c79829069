"""Our simulator's cell with the numbers of a PyBaMM cell: particles, kinetics, joint and open-circuit curve."""

from __future__ import annotations

from typing import Any

import numpy as np
import pybamm

from bench.electrochemical.cell import JOINT_OHM, PyBammCell, parameters
from cellwarden.core.sample_block import FloatArray
from cellwarden.simulator.cell_arrays import CellArrays, CellState, Curves, make_curves, new_cell_state
from cellwarden.simulator.cell_design import SHARP_STAGING
from cellwarden.simulator.cell_kernel import SCRATCH_COLUMNS, advance_cell, cell_voltage, prepare_cells
from cellwarden.simulator.electrode import GRID_POINTS

__all__ = ["twin_voltage"]

FARADAY_AMPERE_HOUR = 96485.33212 / 3600.0
PLATEAU_VOLT = 3.4
CELSIUS, KELVIN = 25.0, 298.15


def twin_voltage(current_ampere: FloatArray, sample_second: int, x_start: float, y_start: float) -> FloatArray:
    """(R,) voltage [V] of our cell along that current, from those stoichiometries of graphite and LFP on."""
    values = parameters(PyBammCell())
    cells = _cells(values, x_start, y_start)
    curves = _curves(values, cells)
    state = new_cell_state(cells, curves, x_start * cells.negative_capacity_ah, CELSIUS)
    return _driven(cells, curves, state, current_ampere, sample_second)


def _driven(
    cells: CellArrays, curves: Curves, state: CellState, current_ampere: FloatArray, sample_second: int
) -> FloatArray:
    """Step by step of a second; a sample's current reaches it in a straight line, as in PyBaMM's interpolation."""
    scratch = np.zeros((1, SCRATCH_COLUMNS))
    volt = np.empty_like(current_ampere)
    before = current_ampere[0]
    for k, after in enumerate(current_ampere):
        for part in range(sample_second):
            ampere = before + (after - before) * (part + 1.0) / sample_second
            prepare_cells(cells, curves, state, 0, 1, 1.0, scratch)
            volt[k] = cell_voltage(curves.graphite_volt, curves.lfp, scratch, 0, ampere)[0]
            if k:
                advance_cell(cells, curves, state, 0, 1.0, ampere)
        before = after
    return volt


def _electrode(values: Any, side: str) -> tuple[float, float, float]:
    """Capacity [Ah], R²/D [s] and exchange current at half filling [A] of the "Negative" or "Positive" electrode."""
    volume = values["Electrode height [m]"] * values["Electrode width [m]"] * values[f"{side} electrode thickness [m]"]
    volume *= values["Number of electrodes connected in parallel to make a cell"]
    volume *= values[f"{side} electrode active material volume fraction"]
    radius = values[f"{side} particle radius [m]"]
    most = values[f"Maximum concentration in {side.lower()} electrode [mol.m-3]"]
    salt = values["Initial concentration in electrolyte [mol.m-3]"]
    symbols = (pybamm.Scalar(number) for number in (salt, 0.5 * most, most, KELVIN))
    density = float(values.evaluate(values[f"{side} electrode exchange-current density [A.m-2]"](*symbols)))
    capacity = volume * most * FARADAY_AMPERE_HOUR
    return capacity, radius**2 / values[f"{side} particle diffusivity [m2.s-1]"], density * 3.0 / radius * volume


def _potential(values: Any, side: str, stoichiometry: FloatArray) -> FloatArray:
    return np.ravel(values[f"{side} electrode OCP [V]"](pybamm.Vector(stoichiometry)).evaluate())


def _cells(values: Any, x_start: float, y_start: float) -> CellArrays:
    negative, negative_second, negative_ampere = _electrode(values, "Negative")
    positive, positive_second, positive_ampere = _electrode(values, "Positive")
    numbers = dict.fromkeys(CellArrays._fields, 0.0) | {
        "negative_capacity_ah": negative,
        "positive_capacity_ah": positive,
        "total_lithium_ah": x_start * negative + y_start * positive,
        "negative_diffusion_second": negative_second,
        "positive_diffusion_second": positive_second,
        "negative_exchange_ampere": negative_ampere,
        "positive_exchange_ampere": positive_ampere,
        "ohmic_ohm": JOINT_OHM,
        "heat_capacity_joule_per_kelvin": 1.0,
        "ambient_resistance_kelvin_per_watt": 1.0,
    }
    return CellArrays(**{name: np.array([value]) for name, value in numbers.items()})


def _curves(values: Any, cells: CellArrays) -> Curves:
    """Curves whose table holds the whole cell's voltage: our LFP is a formula and could not take PyBaMM's."""
    x = np.linspace(0.0, 1.0, GRID_POINTS)
    y = np.clip((cells.total_lithium_ah - x * cells.negative_capacity_ah) / cells.positive_capacity_ah, 1e-4, 0.9999)
    table = PLATEAU_VOLT - (_potential(values, "Positive", y) - _potential(values, "Negative", x))
    return make_curves(SHARP_STAGING)._replace(
        graphite_volt=table,
        entropy_volt_per_kelvin=np.zeros(GRID_POINTS),
        lfp=np.array([PLATEAU_VOLT, 0.0, 0.0, 1.0, 0.0, 1.0]),
    )
