"""Open-circuit voltage, its slope and its inverse on the uniform grid of a parameter set.

Imports numpy, numba and core only. The array kernels have plain NumPy references (`_reference`).
A branch is told by the hysteresis state h: −1 discharge, 1 charge, in between a mixture
((1 − h)·discharge + (1 + h)·charge)/2.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from cellwarden.core.sample_block import FloatArray

__all__ = [
    "branch_ocv",
    "branch_volt",
    "invert_ocv",
    "invert_ocv_reference",
    "ocv_and_slope",
    "ocv_and_slope_reference",
    "soc_from_voltage",
]


@njit(cache=True)
def branch_ocv(
    soc_fraction: float, hysteresis: float, discharge_volt: FloatArray, charge_volt: FloatArray
) -> tuple[float, float]:
    """OCV [V] and its derivative by z [V] of one point, linear between grid points, z held within 0 … 1.

    For use inside other kernels. NaN in gives NaN out.
    """
    if np.isnan(soc_fraction) or np.isnan(hysteresis):
        return np.nan, np.nan
    last = discharge_volt.shape[0] - 1
    place = min(max(soc_fraction, 0.0), 1.0) * last
    left = min(int(place), last - 1)
    share = place - left
    to_charge = 0.5 * (1.0 + hysteresis)
    low = discharge_volt[left] + to_charge * (charge_volt[left] - discharge_volt[left])
    high = discharge_volt[left + 1] + to_charge * (charge_volt[left + 1] - discharge_volt[left + 1])
    return low + share * (high - low), (high - low) * last


@njit(cache=True)
def soc_from_voltage(ocv_volt: float, hysteresis: float, discharge_volt: FloatArray, charge_volt: FloatArray) -> float:
    """Inverse of `branch_ocv`: z of one voltage by bisection on the grid; 0 and 1 outside the branch, NaN for NaN."""
    if np.isnan(ocv_volt) or np.isnan(hysteresis):
        return np.nan
    to_charge = 0.5 * (1.0 + hysteresis)
    left = 0
    right = discharge_volt.shape[0] - 1
    last = float(right)
    low = discharge_volt[left] + to_charge * (charge_volt[left] - discharge_volt[left])
    high = discharge_volt[right] + to_charge * (charge_volt[right] - discharge_volt[right])
    if ocv_volt <= low:
        return 0.0
    if ocv_volt >= high:
        return 1.0
    while right - left > 1:
        middle = (left + right) // 2
        value = discharge_volt[middle] + to_charge * (charge_volt[middle] - discharge_volt[middle])
        if value <= ocv_volt:
            left, low = middle, value
        else:
            right, high = middle, value
    return float((left + (ocv_volt - low) / (high - low)) / last)


@njit(cache=True)
def ocv_and_slope(
    soc_fraction: FloatArray, hysteresis: FloatArray, discharge_volt: FloatArray, charge_volt: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """`branch_ocv` of N points: `soc_fraction`, `hysteresis` (N,), branches (G,); returns OCV and slope (N,) [V]."""
    ocv_volt = np.empty_like(soc_fraction)
    slope_volt = np.empty_like(soc_fraction)
    for n in range(soc_fraction.shape[0]):
        ocv_volt[n], slope_volt[n] = branch_ocv(soc_fraction[n], hysteresis[n], discharge_volt, charge_volt)
    return ocv_volt, slope_volt


@njit(cache=True)
def invert_ocv(
    ocv_volt: FloatArray, hysteresis: FloatArray, discharge_volt: FloatArray, charge_volt: FloatArray
) -> FloatArray:
    """`soc_from_voltage` of N points: `ocv_volt`, `hysteresis` (N,), branches (G,) rising; returns z (N,)."""
    soc_fraction = np.empty_like(ocv_volt)
    for n in range(ocv_volt.shape[0]):
        soc_fraction[n] = soc_from_voltage(ocv_volt[n], hysteresis[n], discharge_volt, charge_volt)
    return soc_fraction


def branch_volt(hysteresis: float, discharge_volt: FloatArray, charge_volt: FloatArray) -> FloatArray:
    """Branch of one hysteresis state over the whole grid, (G,) [V]."""
    return 0.5 * ((1.0 - hysteresis) * discharge_volt + (1.0 + hysteresis) * charge_volt)


def ocv_and_slope_reference(
    soc_fraction: FloatArray, hysteresis: FloatArray, discharge_volt: FloatArray, charge_volt: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """As `ocv_and_slope`, in plain NumPy."""
    grid = np.linspace(0.0, 1.0, discharge_volt.shape[0])
    z = np.clip(soc_fraction, 0.0, 1.0)
    share = 0.5 * (1.0 + hysteresis)
    ocv_volt = (1.0 - share) * np.interp(z, grid, discharge_volt) + share * np.interp(z, grid, charge_volt)
    known = ~np.isnan(z + hysteresis)
    left = np.zeros(z.shape, dtype=np.int64)
    left[known] = np.minimum((z[known] * (grid.size - 1)).astype(np.int64), grid.size - 2)
    slope_volt = (1.0 - share) * np.diff(discharge_volt)[left] + share * np.diff(charge_volt)[left]
    return ocv_volt, np.where(known, slope_volt * (grid.size - 1), np.nan)


def invert_ocv_reference(
    ocv_volt: FloatArray, hysteresis: FloatArray, discharge_volt: FloatArray, charge_volt: FloatArray
) -> FloatArray:
    """As `invert_ocv`, in plain NumPy."""
    grid = np.linspace(0.0, 1.0, discharge_volt.shape[0])
    pairs = zip(ocv_volt, hysteresis, strict=True)
    found = [np.interp(v, branch_volt(h, discharge_volt, charge_volt), grid) for v, h in pairs]
    return np.where(np.isnan(ocv_volt + hysteresis), np.nan, np.array(found))
