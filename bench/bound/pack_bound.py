"""The bound of one pack of known truth: what the best program could know of charge, capacity and offsets, by its log.

A reading joins every step; what a fault sets free is set free at its true onset.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from bench.bound.course import BoundCourse, read_course
from bench.bound.curve import curve_of_design, curve_of_set
from bench.bound.recursion import advance_bound, read_bound, renew_bound
from bench.bound.states import (
    KNEE_SOC,
    LEAK,
    LN_CAPACITY,
    LN_RATIO,
    LN_STRETCH,
    OFFSET,
    PASSING,
    READING,
    BoundStates,
)
from cellwarden.app.pack_toml import read_pack_toml
from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation import cell_difference as cd
from cellwarden.models.parameter_set import load_cell_model

__all__ = ["FaultPriors", "Opened", "PackBound", "bound_along", "bound_of"]

LONG_DAYS = 90.0
STEP_MINUTE, LONG_STEP_MINUTE = 10, 60
IDLE_SHARE = 1e-4  # of the capacity in ampere; less than that flows only while nothing is connected


@dataclass(frozen=True, slots=True, kw_only=True)
class PackBound:
    """Least one-sigma errors. (S,) steps, (n,) cells; those of the end of the log where no time is named.

    Attributes
    ----------
    unix_time_second : (S,)
    soc_sigma : (S, n) of the charge by what was logged until then
    capacity_sigma, prior_capacity_sigma : (n,) of the capacity, relative
    ratio_sigma : (n,) of the capacity against the pack's mean, relative
    voltage_offset_sigma : (n,) [V]
    apart_sigma : (S, n) of an offset against the mean of the other cells' [V]
    current_offset_sigma : [A]
    leak_sigma : (S, n) of a leak above the mean of the other cells [A]
    """

    unix_time_second: FloatArray
    soc_sigma: FloatArray
    capacity_sigma: FloatArray
    prior_capacity_sigma: FloatArray
    ratio_sigma: FloatArray
    voltage_offset_sigma: FloatArray
    apart_sigma: FloatArray
    current_offset_sigma: float
    leak_sigma: FloatArray


class Opened(NamedTuple):
    """What a fault sets free: from `onset` on [s] this state of a cell may differ anew by so much, one sigma."""

    onset: float
    state: int
    cell: int
    sigma: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultPriors:
    """One sigma of what a faulty cell may differ by, which its log tells and no prior; 0: as every cell.

    Attributes
    ----------
    leak_ampere : of a leak, where that is more than the program takes once one has begun [A]
    reading_volt : of a voltage sensor's offset [V]
    capacity_log : of ln of the capacity of a cell that has lost some, and of ln of the share of the graphite that it
        fills, which the loss moves
    """

    leak_ampere: float = 0.0
    reading_volt: float = 0.0
    capacity_log: float = 0.0

    def opened(self, faults: Sequence[dict[str, Any]], nominal_capacity_ah: float) -> list[Opened]:
        """What the faults of a truth file set free."""
        leak = max(cd.LEAK_REOPENED * nominal_capacity_ah, self.leak_ampere)
        kinds = {
            "self_discharge": (leak, (LEAK,)),
            "voltage_sensor_offset": (self.reading_volt, (READING,)),
            "capacity_low": (self.capacity_log, (LN_RATIO, LN_STRETCH)),
        }
        return [
            Opened(float(fault["onset_unix_time_second"]), state, int(fault["cell"]) - 1, sigma)
            for fault in faults
            for sigma, states in [kinds.get(fault["kind"], (0.0, ()))]
            for state in states
            if sigma > 0.0
        ]


AS_EVERY_CELL = FaultPriors()


def bound_of(
    folder: Path, step_minute: int | None = None, priors: FaultPriors = AS_EVERY_CELL, *, renewed: bool = False
) -> PackBound:
    """The bound of the pack in that folder; a reading every `step_minute`, `None`: by the length of the log.

    `renewed` : as in `BoundStates`.
    """
    spec = read_pack_toml(folder / "pack.toml")
    model = load_cell_model(spec.cell_model)
    truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    days = (truth["until_unix_time_second"] - truth["from_unix_time_second"]) / 86400.0
    design = truth.get("cell_design")
    states = BoundStates(
        spec=spec,
        model=model,
        curve=curve_of_set(model) if design is None else curve_of_design(design, model),
        true_capacity_ah=np.array([cell["capacity_ah"] for cell in truth["cells"]]),
        true_resistance_ohm=np.array([cell["resistance_ohm"] for cell in truth["cells"]]),
        renewed=renewed,
    )
    usual = LONG_STEP_MINUTE if days > LONG_DAYS else STEP_MINUTE
    course = read_course(folder, spec, model, usual if step_minute is None else step_minute)
    return bound_along(states, course, priors.opened(truth["faults"], spec.nominal_capacity_ah))


def bound_along(states: BoundStates, course: BoundCourse, opened: Sequence[Opened] = ()) -> PackBound:
    """Run the recursion along a course, on which faults set some states free."""
    p = np.diag(states.prior() ** 2)
    capacity = _shared(states, LN_RATIO)
    prior_capacity = np.sqrt(np.einsum("ij,jk,ik->i", capacity, p, capacity))
    leak, reading = _against_others(states, LEAK), _against_others(states, READING)
    soc_sigma, leak_sigma, apart_sigma = np.empty((3, *course.soc_fraction.shape))
    waiting = sorted(opened)
    for step, stamp in enumerate(course.unix_time_second):
        while waiting and waiting[0].onset <= stamp:
            _, state, cell, sigma = waiting.pop(0)
            place = states.own(state)[cell]
            p[place, place] += sigma**2
        advance_bound(p, *states.counting(course, step))
        renew_bound(p, states.own(PASSING), *states.passing(course, step))
        read_bound(p, *states.voltage_slopes(course, step))
        _read_idle(p, states, course, step)
        slopes = states.charge_slopes(course.soc_fraction[step])
        soc_sigma[step] = _sigma(p, slopes)
        leak_sigma[step], apart_sigma[step] = _sigma(p, leak), _sigma(p, reading)
    return PackBound(
        unix_time_second=course.unix_time_second,
        soc_sigma=soc_sigma,
        capacity_sigma=_sigma(p, capacity),
        prior_capacity_sigma=prior_capacity,
        ratio_sigma=_sigma(p, _against_mean(states, LN_RATIO)),
        voltage_offset_sigma=np.sqrt(p[states.own(READING), states.own(READING)]),
        apart_sigma=apart_sigma,
        current_offset_sigma=float(np.sqrt(p[OFFSET, OFFSET])),
        leak_sigma=leak_sigma,
    )


def _read_idle(p: FloatArray, states: BoundStates, course: BoundCourse, step: int) -> None:
    """Take a current that flows while nothing is connected as a reading of the sensor's offset."""
    nominal = states.spec.nominal_capacity_ah
    idle = abs(course.current_ampere[step]) < IDLE_SHARE * nominal and course.soc_fraction[step].mean() < KNEE_SOC
    if idle:
        slopes = np.zeros((1, len(p)))
        slopes[0, OFFSET] = 1.0
        sigma = max(5e-5 * nominal, 0.3 * states.spec.sensors.current_resolution_ampere)
        read_bound(p, slopes, np.array([[sigma**2]]))


def _shared(states: BoundStates, own: int) -> FloatArray:
    """(n, N): ln of each cell's whole capacity."""
    slopes = _places(states, own)
    slopes[:, LN_CAPACITY] = 1.0
    return slopes


def _places(states: BoundStates, own: int) -> FloatArray:
    slopes = np.zeros((states.cells, len(states.prior())))
    slopes[np.arange(states.cells), states.own(own)] = 1.0
    return slopes


def _against_mean(states: BoundStates, own: int) -> FloatArray:
    slopes = _places(states, own)
    slopes[:, states.own(own)] -= 1.0 / states.cells
    return slopes


def _against_others(states: BoundStates, own: int) -> FloatArray:
    """(n, N): one cell's state over the mean of the others, among which the faulty one would hide by 1/n; n ≥ 2."""
    return _against_mean(states, own) * states.cells / (states.cells - 1.0)


def _sigma(p: FloatArray, slopes: FloatArray) -> FloatArray:
    """(k,) one sigma of sums of states, `slopes` (k, N)."""
    return np.asarray(np.sqrt(np.maximum(np.einsum("ij,ij->i", slopes @ p, slopes), 0.0)))
