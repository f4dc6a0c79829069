"""An LFP cell in PyBaMM: its voltage and charge along a current, and its own capacity and resistance.

Single-particle model with electrolyte, parameters of Prada et al., J. Electrochem. Soc. 160 (2013) A616 as PyBaMM gives
them ("Prada2013"), scaled to about 101 Ah by its area, with a first-order hysteresis of LFP, which the set lacks; the
graphite's curve may be that of another set.

V. Sulzer, S. G. Marquis, R. Timms, M. Robinson, S. J. Chapman, "Python Battery Mathematical Modelling (PyBaMM)", J.
Open Res. Softw. 9 (2021) 14, doi:10.5334/jors.309.
"""

from __future__ import annotations

import functools
import os
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from cellwarden.core.sample_block import FloatArray

os.environ.setdefault("PYBAMM_DISABLE_TELEMETRY", "true")  # before the import: it would report its use
import pybamm

__all__ = [
    "FULL_VOLT",
    "OWN_GRAPHITE",
    "PyBammCell",
    "PyBammCourse",
    "along",
    "charged_and_cycled",
    "parameters",
    "spm_course",
]

SHEETS = 45.2  # of the set's cell of 2.3 Ah, so that a healthy one has about 101 Ah
FULL_VOLT, EMPTY_VOLT = 3.65, 2.5
FULL_AMPERE, EMPTY_AMPERE, PULSE_AMPERE = 2.0, 5.0, 50.0
JOINT_OHM = 0.0003
OWN_GRAPHITE = "Prada2013"
LFP = "Positive electrode"
HALF_WIDTH_VOLT, HYSTERESIS_RATE = 0.009, 40.0  # which the set does not give; of usual size for LFP
EDGE_AMPERE = 0.5
FAR_LOW_VOLT, FAR_HIGH_VOLT = 1.5, 4.5  # the string's charger sees to the voltage, not the model


@dataclass(frozen=True, slots=True, kw_only=True)
class PyBammCell:
    """One cell of a string.

    Attributes
    ----------
    area : electrode area over that of a cell of about 101 Ah; capacity goes with it and resistance against it
    extra_ohm : resistance added to the joint [ohm]
    behind_ah : charge that it misses at the start, beyond the others [Ah]
    leak_ampere, leak_from_second : current lost inside from that time on
    graphite : PyBaMM's set whose graphite potential it has
    """

    area: float = 1.0
    extra_ohm: float = 0.0
    behind_ah: float = 0.0
    leak_ampere: float = 0.0
    leak_from_second: float = 0.0
    graphite: str = OWN_GRAPHITE


@dataclass(frozen=True, slots=True, kw_only=True)
class PyBammCourse:
    """What became of one cell: (R,) voltage [V] and state of charge, and its measured capacity and resistance."""

    volt: FloatArray
    soc_fraction: FloatArray
    capacity_ah: float
    resistance_ohm: float


def parameters(cell: PyBammCell) -> Any:
    """PyBaMM's parameter values of the cell, isothermal at 25 °C."""
    values = pybamm.ParameterValues("Prada2013")
    if cell.graphite != OWN_GRAPHITE:
        potential = "Negative electrode OCP [V]"
        values[potential] = pybamm.ParameterValues(cell.graphite)[potential]
    middle = values[f"{LFP} OCP [V]"]
    values.update(
        {
            f"{LFP} lithiation OCP [V]": lambda y: middle(y) - HALF_WIDTH_VOLT,
            f"{LFP} delithiation OCP [V]": lambda y: middle(y) + HALF_WIDTH_VOLT,
            "Positive particle lithiation hysteresis decay rate": HYSTERESIS_RATE,
            "Positive particle delithiation hysteresis decay rate": HYSTERESIS_RATE,
            "Initial hysteresis state in positive electrode": 0.0,
        },
        check_already_exists=False,
    )
    values.update(
        {
            "Number of electrodes connected in parallel to make a cell": SHEETS * cell.area,
            "Nominal cell capacity [A.h]": 100.0,
            "Contact resistance [Ohm]": JOINT_OHM + cell.extra_ohm,
            "Lower voltage cut-off [V]": EMPTY_VOLT,
            "Upper voltage cut-off [V]": FULL_VOLT,
            "Open-circuit voltage at 0% SOC [V]": EMPTY_VOLT,
            "Open-circuit voltage at 100% SOC [V]": FULL_VOLT,
            "Ambient temperature [K]": 298.15,
            "Initial temperature [K]": 298.15,
        }
    )
    return values


def charged_and_cycled(cell: PyBammCell, steps: list[str], start_soc: float, sample_second: int) -> FloatArray:
    """(R,) current [A], positive charges, of PyBaMM's charger and load on that cell, at even spacing."""
    solution = _experiment(cell, steps, _as_in_pybamm(cell, start_soc), sample_second)
    second = np.arange(0.0, float(solution.t[-1]), sample_second)
    return -np.asarray(np.interp(second, solution.t, solution["Current [A]"].entries))


def along(cell: PyBammCell, current_ampere: FloatArray, sample_second: int, start_soc: float) -> PyBammCourse:
    """The cell along that current (R,), which starts when a healthy cell stands at `start_soc`."""
    capacity, full, empty, resistance = _measured(cell)
    healthy = _measured(PyBammCell(graphite=cell.graphite))[0]
    start = _as_in_pybamm(cell, 1.0 - ((1.0 - start_soc) * healthy + cell.behind_ah) / capacity)
    second = np.arange(len(current_ampere), dtype=np.float64) * sample_second
    own = current_ampere - np.where(second >= cell.leak_from_second, cell.leak_ampere, 0.0)
    solution = _driven(_model(), cell, own, second, start)
    x = np.interp(second, solution.t, solution["Average negative particle stoichiometry"].entries)
    return PyBammCourse(
        # The leak flows inside: its drop over the joint is not seen, microvolts that are left in.
        volt=np.asarray(np.interp(second, solution.t, solution["Voltage [V]"].entries)),
        soc_fraction=np.asarray((x - empty) / (full - empty)),
        capacity_ah=capacity,
        resistance_ohm=resistance,
    )


def spm_course(
    cell: PyBammCell, current_ampere: FloatArray, sample_second: int, start_soc: float
) -> tuple[FloatArray, float, float]:
    """(R,) voltage of the single-particle model without electrolyte, and the stoichiometries at its start."""
    second = np.arange(len(current_ampere), dtype=np.float64) * sample_second
    model = pybamm.lithium_ion.SPM({"contact resistance": "true"})
    solution = _driven(model, cell, current_ampere, second, start_soc)
    volt = np.asarray(np.interp(second, solution.t, solution["Voltage [V]"].entries))
    x, y = (solution[f"Average {side} particle stoichiometry"].entries[0] for side in ("negative", "positive"))
    return volt, float(x), float(y)


def _as_in_pybamm(cell: PyBammCell, soc_fraction: float) -> float:
    """A state of charge by the contract's full and empty as PyBaMM counts it, between open-circuit voltages."""
    _, full, empty, _ = _measured(cell)
    low, high, *_ = pybamm.lithium_ion.ElectrodeSOHSolver(parameters(cell)).get_min_max_stoichiometries()
    return float((empty + soc_fraction * (full - empty) - low) / (high - low))


def _driven(model: Any, cell: PyBammCell, current_ampere: FloatArray, second: FloatArray, start_soc: float) -> Any:
    values = parameters(cell)
    values["Current function [A]"] = pybamm.Interpolant(second, -current_ampere, pybamm.t, interpolator="linear")
    values["Lower voltage cut-off [V]"], values["Upper voltage cut-off [V]"] = FAR_LOW_VOLT, FAR_HIGH_VOLT
    simulation = pybamm.Simulation(model, parameter_values=values, solver=_solver())
    solution = simulation.solve(t_eval=_stops(second, current_ampere), t_interp=second, initial_soc=start_soc)
    if solution.t[-1] < second[-1]:
        raise RuntimeError(f"PyBaMM stopped after {solution.t[-1]:.0f} s: {solution.termination}")
    return solution


def _stops(second: FloatArray, current_ampere: FloatArray) -> FloatArray:
    """Times at which the solver stops, so that it steps over no edge of the current [s]."""
    edge = np.flatnonzero(np.abs(np.diff(current_ampere)) > EDGE_AMPERE)
    often = np.arange(0, len(second), 60)
    return np.asarray(second[np.unique(np.concatenate([often, edge, edge + 1, [len(second) - 1]]))])


def _model() -> Any:
    turning = ("single", "one-state hysteresis")  # graphite, LFP
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that the rate's meaning changed before the versions allowed here
        return pybamm.lithium_ion.SPMe({"contact resistance": "true", "open-circuit potential": turning})


def _solver() -> Any:
    return pybamm.IDAKLUSolver(rtol=1e-6, atol=1e-8)  # with its defaults a week's charge is off by 0.01 Ah


def _experiment(cell: PyBammCell, steps: list[str], start_soc: float, period_second: int) -> Any:
    experiment = pybamm.Experiment([tuple(steps)], period=f"{period_second} seconds")
    simulation = pybamm.Simulation(_model(), experiment=experiment, parameter_values=parameters(cell), solver=_solver())
    return simulation.solve(initial_soc=start_soc)


@functools.cache
def _measured(cell: PyBammCell) -> tuple[float, float, float, float]:
    """Capacity [Ah], graphite's stoichiometry when full and when empty, and the ten-second resistance [ohm].

    By the contract's definition: 3.65 V held to C/50, then C/20 to 2.50 V; 10 s of C/2 with half of it drawn at C/5 and
    2 h of rest. The resistance holds the healthy joint and what was added to it.
    """
    fill = [f"Charge at 25 A until {FULL_VOLT} V", f"Hold at {FULL_VOLT} V until {FULL_AMPERE} A"]
    emptied = _experiment(cell, [*fill, f"Discharge at {EMPTY_AMPERE} A until {EMPTY_VOLT} V"], 0.9, 60)
    drawn, x = (
        emptied[name].entries for name in ("Discharge capacity [A.h]", "Average negative particle stoichiometry")
    )
    top = int(np.argmin(drawn))
    capacity = float(drawn[-1] - drawn[top])
    half = f"Discharge at 20 A for {0.5 * capacity / 20.0 * 3600.0:.0f} seconds"
    pulse = f"Discharge at {PULSE_AMPERE} A for 10 seconds"
    pulsed = _experiment(cell, [*fill, half, "Rest for 2 hours", pulse], 0.9, 10)
    volt, current = pulsed["Voltage [V]"].entries, pulsed["Current [A]"].entries
    rested = int(np.flatnonzero(np.abs(current) < 1.0)[-1])
    resistance = float(volt[rested] - volt[-1]) / PULSE_AMPERE
    return capacity, float(x[top]), float(x[-1]), resistance
