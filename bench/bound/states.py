"""What nobody knows of a pack before its log, with its prior, and how each reading depends on it.

Common to all cells: count (Ah), offset and gain of the current, ln of the mean capacity, ln of the hysteresis' half
width, amplitudes of the curve's modes, the curve's remainder at knots of z, ln of the prompt and the two slow
resistances, their Arrhenius temperature (1000 K), and the circuit's error at knots of z. Of each cell: charge below the
count (Ah), leak (A), ln of its capacity over the mean, offset of its reading (V), ln of its polarisation, ln of the
share of the graphite that it fills when full, ln of its hysteresis' half width over the mean, an error of its reading
that passes (V), and what its curve differs by beyond that at knots of z (V). Priors and noises are those that the
program itself takes, of offsets the spread that it expects of sound sensors; how far cells fill their graphite unlike
is the simulator's spread.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bench.bound.course import BoundCourse
from bench.bound.curve import BoundCurve
from cellwarden.core.pack_spec import PackSpec
from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation import cell_difference as cd
from cellwarden.estimation import central_cell as cc
from cellwarden.estimation import charge_cascade as cascade
from cellwarden.estimation.curve_variance import FLOOR_VOLT
from cellwarden.estimation.reading_offset import USUAL_SHARE
from cellwarden.estimation.weak_cell import RATIO_SIGMA
from cellwarden.models.cell_model import CellModel
from cellwarden.simulator.cell_design import CellSpread

__all__ = ["COUNT", "GAIN", "LN_CAPACITY", "OFFSET", "BoundStates", "knot_weights"]

COUNT, OFFSET, GAIN, LN_CAPACITY, LN_WIDTH, LN_R0, LN_R1, LN_R2, ACTIVATION = range(9)
FIXED = 9
CURVE_KNOTS = np.array([0, 0.01, 0.02, 0.04, 0.07, 0.1, *np.arange(0.15, 0.91, 0.05), 0.93, 0.96, 0.98, 0.99, 1.0])
CIRCUIT_KNOTS = np.linspace(0.0, 1.0, 11)
CELL_KNOTS = np.linspace(0.0, 1.0, 11)
START_SOC_SIGMA = 0.3
SHORTAGE, LEAK, LN_RATIO, READING, LN_POLARISATION, LN_STRETCH, LN_OWN_WIDTH, PASSING = range(8)
OWN = 8
KNEE_SOC = 0.97
SOC_ERROR = 0.0003  # of charge, by which a cell's reading is off where the curve is steep
PASSING_SOC, PASSING_HOURS = 0.05, 48.0  # over which the error that passes is forgotten, as in `cell_difference`
WIDTH_SIGMA = 0.1  # by which half widths of the hysteresis differ between cells of one make


def knot_weights(knots: FloatArray, at: FloatArray) -> FloatArray:
    """(K,) or (n, K): weights of straight-line interpolation between knots; at the ends the end's value."""
    place = np.clip(np.asarray(at, dtype=np.float64), knots[0], knots[-1])
    return np.asarray(np.stack([np.interp(place, knots, one) for one in np.eye(len(knots))], axis=-1))


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundStates:
    """The layout for one pack; `true_capacity_ah` and `true_resistance_ohm` (n,) are where slopes are taken.

    `renewed`: what a cell's reading is off by beyond the sensor's noise stays while charge and time pass little, and is
    another at the next full charge, as the program takes it; else every reading has an error of its own.
    """

    spec: PackSpec
    model: CellModel
    curve: BoundCurve
    true_capacity_ah: FloatArray
    true_resistance_ohm: FloatArray
    renewed: bool = False

    @property
    def cells(self) -> int:
        """Number of cells."""
        return len(self.true_capacity_ah)

    @property
    def common(self) -> int:
        """States that all cells share."""
        return FIXED + len(self.curve.modes_volt) + len(CURVE_KNOTS) + len(CIRCUIT_KNOTS)

    def own(self, state: int) -> FloatArray:
        """(n,) places of one state of every cell."""
        return np.asarray(self.common + np.arange(self.cells) * (OWN + len(CELL_KNOTS)) + state)

    def prior(self) -> FloatArray:
        """(N,) one sigma before the log."""
        nominal, sensors, model = self.spec.nominal_capacity_ah, self.spec.sensors, self.model
        fixed = np.zeros(FIXED)
        fixed[COUNT] = START_SOC_SIGMA * nominal
        fixed[OFFSET] = 0.5 * sensors.current_offset_tolerance_ampere
        fixed[GAIN] = 0.5 * sensors.current_gain_tolerance_fraction
        fixed[LN_CAPACITY] = model.capacity_sigma_fraction
        fixed[LN_WIDTH] = self.curve.half_width_log_sigma
        fixed[LN_R0 : LN_R2 + 1] = model.resistance_log_sigma
        fixed[ACTIVATION] = 1e-3 * model.activation_sigma_kelvin
        remainder = self.curve.at(self.curve.remainder_volt, CURVE_KNOTS)
        circuit = cc.EPSILON_SIGMA + cc.EPSILON_LOW * np.exp(-CIRCUIT_KNOTS / cc.EPSILON_LOW_SOC)
        own = np.array(
            [
                cascade.DIFFERENCE_SIGMA * nominal,
                cascade.LEAK_SIGMA * nominal,
                RATIO_SIGMA,
                USUAL_SHARE * sensors.voltage_offset_tolerance_volt,
                cascade.POLARISATION_SIGMA,
                float(np.hypot(CellSpread().lithium, CellSpread().electrode)),
                WIDTH_SIGMA,
                0.0,
                *np.full(len(CELL_KNOTS), FLOOR_VOLT),
            ]
        )
        modes = np.ones(len(self.curve.modes_volt))
        return np.concatenate([fixed, modes, remainder, circuit, np.tile(own, self.cells)])

    def counting(self, course: BoundCourse, step: int) -> tuple[FloatArray, FloatArray, FloatArray]:
        """What `advance_bound` takes for a step: moves, the states that move, and the variance that each gains."""
        hours, nominal = course.step_hour, self.spec.nominal_capacity_ah
        rows = np.concatenate([[COUNT], self.own(SHORTAGE)])
        size = self.common + self.cells * (OWN + len(CELL_KNOTS))
        moves = np.zeros((len(rows), size))
        moves[0, OFFSET], moves[0, GAIN] = hours, course.moved_ah[step]
        moves[np.arange(1, len(rows)), self.own(LEAK)] = hours
        noise = np.zeros(size)
        noise[COUNT] = course.missed_ah[step] ** 2
        noise[OFFSET] = (cc.OFFSET_WALK_PER_DAY * 0.5 * self.spec.sensors.current_offset_tolerance_ampere) ** 2
        noise[OFFSET] *= hours / 24.0
        noise[self.own(SHORTAGE)] = (cd.BLEED_TOLERANCE * course.bled_ah[step]) ** 2 + (1e-6 * nominal) ** 2 * hours
        if not course.bled_ah.any() and course.soc_fraction[step].mean() > KNEE_SOC:
            noise[self.own(SHORTAGE)] += (0.5 * self.spec.balancing_current_ampere) ** 2 * hours
        noise[self.own(LEAK)] = (cd.LEAK_WALK_PER_DAY * nominal) ** 2 * hours / 24.0
        return moves, rows, noise

    def passing(self, course: BoundCourse, step: int) -> tuple[FloatArray, FloatArray]:
        """(n,) each: share kept of the error that passes, after a step, and its variance [V²]."""
        z, before = course.soc_fraction[step], course.soc_fraction[step - 1] if step else np.inf
        keep = np.exp(-np.abs(z - before) / PASSING_SOC - course.step_hour / PASSING_HOURS)
        if not self.renewed:
            return keep, np.zeros(self.cells)
        prompt, slow, _ = self._polarisation(course, step)
        slope = self.curve.at(self.curve.slope_volt, z)
        return keep, FLOOR_VOLT**2 + (SOC_ERROR * slope) ** 2 + (0.02 * (prompt + slow.sum())) ** 2

    def charge_slopes(self, soc_fraction: FloatArray) -> FloatArray:
        """(n, N) of every cell's z by the states."""
        slopes = np.zeros((self.cells, self.common + self.cells * (OWN + len(CELL_KNOTS))))
        cell = np.arange(self.cells)
        slopes[:, COUNT] = slopes[cell, self.own(SHORTAGE)] = -1.0 / self.true_capacity_ah
        slopes[:, LN_CAPACITY] = slopes[cell, self.own(LN_RATIO)] = 1.0 - soc_fraction
        return slopes

    def voltage_slopes(self, course: BoundCourse, step: int) -> tuple[FloatArray, FloatArray]:
        """(n, N) of every cell's reading by the states, and the readings' covariance (n, n)."""
        curve, cell, z = self.curve, np.arange(self.cells), course.soc_fraction[step]
        slope, half = curve.at(curve.slope_volt, z), curve.at(curve.half_width_volt, z)
        out = self.charge_slopes(z) * slope[:, None]
        prompt, slow, lean = self._polarisation(course, step)
        whole = prompt + slow.sum()
        out[:, LN_WIDTH] = course.hysteresis[step] * half
        out[:, LN_R0], out[:, LN_R1], out[:, LN_R2] = prompt, slow[0], slow[1]
        out[:, ACTIVATION] = whole * lean
        first = FIXED + len(curve.modes_volt)
        if len(curve.modes_volt):
            out[:, FIXED:first] = np.stack([curve.at(mode, z) for mode in curve.modes_volt], axis=1)
        out[:, first : first + len(CURVE_KNOTS)] = knot_weights(CURVE_KNOTS, z)
        out[:, first + len(CURVE_KNOTS) : self.common] = knot_weights(CIRCUIT_KNOTS, z) * whole[:, None]
        out[cell, self.own(READING)] = out[cell, self.own(PASSING)] = 1.0
        out[cell, self.own(LN_POLARISATION)] = whole
        out[cell, self.own(LN_STRETCH)] = curve.at(curve.stretch_volt, z)
        out[cell, self.own(LN_OWN_WIDTH)] = course.hysteresis[step] * half
        out[cell[:, None], self.own(OWN)[:, None] + np.arange(len(CELL_KNOTS))] = knot_weights(CELL_KNOTS, z)
        return out, self._noise(course, step, whole, slope, half)

    def _polarisation(self, course: BoundCourse, step: int) -> tuple[FloatArray, FloatArray, float]:
        """Prompt (n,) and slow (2,) overpotentials [V], and the slope of their logarithm by the activation."""
        model, kelvin = self.model, float(course.temperature_celsius[step]) + 273.15
        cold = 1.0 / kelvin - 1.0 / 298.15
        factor = float(np.exp(model.activation_kelvin * cold))
        shape = self.curve.at(model.resistance_soc_factor, course.soc_fraction[step])
        prompt = cascade.PROMPT_SHARE * self.true_resistance_ohm * shape * factor * course.current_ampere[step]
        slow_ohm = np.array(model.slow_resistance_ohm_ah) / self.spec.nominal_capacity_ah
        return prompt, factor * slow_ohm * course.filtered_ampere[step], 1000.0 * cold

    def _noise(
        self, course: BoundCourse, step: int, polarisation: FloatArray, slope: FloatArray, half: FloatArray
    ) -> FloatArray:
        """(n, n) what the program takes as the error of a reading: a part that all cells share, and its own."""
        nominal = self.spec.nominal_capacity_ah
        rests = abs(course.current_ampere[step]) < nominal / 50.0
        relaxing = course.relaxing_ampere[step] * self.model.resistance_ohm_ah / nominal if rests else 0.0
        common = (
            cc.READING_SIGMA_VOLT**2
            + (0.03 * np.mean(polarisation)) ** 2
            + (cc.RELAXING_SHARE * relaxing) ** 2
            + (0.6 * (1.0 - course.hysteresis[step] ** 2) * np.mean(half)) ** 2
            + (self.model.float_soc_tolerance_fraction * np.mean(slope)) ** 2
        )
        repeats = cc.RESTING_REPEATS if rests else cc.LOADED_REPEATS
        own = cd.READING_SIGMA_VOLT**2 + (0.05 * polarisation) ** 2
        own += 0.0 if self.renewed else (SOC_ERROR * slope) ** 2
        independent = 60.0 * course.step_hour
        return np.asarray(
            (repeats / independent) * common * np.ones((self.cells, self.cells)) + np.diag(4.0 / independent * own)
        )
