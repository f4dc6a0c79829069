"""What one would write today: an extended Kalman filter per cell with filterpy, on the same samples.

Four states (state of charge, two polarisation voltages, hysteresis), one measurement, first-order hysteresis after
Plett, J. Power Sources 134 (2004) 277. The parameter set is cellwarden's own, so that both read the same curves.

The rule for a fair peer: one predict and one update of `filterpy.kalman.ExtendedKalmanFilter` at every sample of a
cell, from the same current, voltage and interval, with the class used as it comes; tables are looked up, not
interpolated, and only what depends on the interval is computed anew, so that the time is the filter's. Files, other
cells, capacity, resistance, leak and findings, which our time includes, are left out of its time.
"""

from __future__ import annotations

import math

import numpy as np
from filterpy.kalman import ExtendedKalmanFilter
from numpy.typing import NDArray

from cellwarden.models.cell_model import CellModel

__all__ = ["CellFilter"]

HYSTERESIS_RATE = 50.0  # 1/e of the way from one branch to the other in 2 % of the charge
VOLTAGE_SIGMA_VOLT = 0.005
FAST_SHARE = 0.5


class CellFilter:
    """The filter of one cell.

    Parameters
    ----------
    model : open-circuit voltages and resistances
    capacity_ah : of the cell
    soc_fraction : where to start
    """

    def __init__(self, model: CellModel, capacity_ah: float, soc_fraction: float) -> None:
        curve = model.ocv_curves[0]
        self._middle = 0.5 * (curve.charge_volt + curve.discharge_volt)
        self._half_width = 0.5 * (curve.charge_volt - curve.discharge_volt)
        self._slope = np.gradient(self._middle, model.soc_fraction)
        self._last = len(self._middle) - 1
        self._capacity_second = 3600.0 * capacity_ah
        self._ohmic = FAST_SHARE * model.resistance_ohm_ah / capacity_ah
        self._resistances = [slow / capacity_ah for slow in model.slow_resistance_ohm_ah]
        self._time_constants = model.slow_time_constant_second
        self._ekf = ExtendedKalmanFilter(dim_x=4, dim_z=1, dim_u=1)
        self._ekf.x = np.array([[soc_fraction], [0.0], [0.0], [0.0]])
        self._ekf.P = np.diag([0.1, 1e-4, 1e-4, 1.0])
        self._ekf.Q = np.diag([1e-12, 1e-9, 1e-9, 1e-6])
        self._ekf.R = np.array([[VOLTAGE_SIGMA_VOLT**2]])
        self._current = 0.0

    def _place(self, soc_fraction: float) -> int:
        return min(max(int(soc_fraction * self._last), 0), self._last)

    def _jacobian(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        place = self._place(x[0, 0])
        return np.array([[self._slope[place], 1.0, 1.0, self._half_width[place]]])

    def _voltage(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        place = self._place(x[0, 0])
        volt = self._middle[place] + self._half_width[place] * x[3, 0] + x[1, 0] + x[2, 0]
        return np.array([[volt + self._ohmic * self._current]])

    def step(self, current_ampere: float, voltage_volt: float, elapsed_second: float) -> float:
        """One sample; the state of charge after it."""
        ekf = self._ekf
        decay = [math.exp(-elapsed_second / constant) for constant in self._time_constants]
        moved = current_ampere * elapsed_second / self._capacity_second
        kept = math.exp(-HYSTERESIS_RATE * abs(moved))
        ekf.F = np.diag([1.0, decay[0], decay[1], kept])
        rise = [resistance * (1.0 - share) for resistance, share in zip(self._resistances, decay, strict=True)]
        ekf.B = np.array([[elapsed_second / self._capacity_second], [rise[0]], [rise[1]], [0.0]])
        ekf.predict(np.array([[current_ampere]]))
        ekf.x[3, 0] += (1.0 - kept) * math.copysign(1.0, current_ampere)
        self._current = current_ampere
        ekf.update(np.array([[voltage_volt]]), self._jacobian, self._voltage)
        return float(ekf.x[0, 0])
