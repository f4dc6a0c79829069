"""Open-circuit voltage and slope on a uniform grid, in Numba, with straight continuation beyond its ends."""

from __future__ import annotations

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.bare_kernel import bare_kernel

__all__ = ["branch_voltage"]


@bare_kernel
def branch_voltage(discharge: FloatArray, charge: FloatArray, hysteresis: float, soc: float) -> tuple[float, float]:
    """Voltage and slope of the branch between the two major ones.

    Parameters
    ----------
    discharge, charge : (G,) branches on a uniform grid of z from 0 to 1 [V]
    hysteresis : −1 on the discharge branch … +1 on the charge branch
    soc : z; outside 0…1 the end slopes go on

    Returns
    -------
    voltage [V] and its derivative by z [V]
    """
    last = discharge.shape[0] - 1
    place = soc * last
    low = min(max(int(place), 0), last - 1)
    share = place - low
    weight = 0.5 * (1.0 + hysteresis)
    left = discharge[low] + weight * (charge[low] - discharge[low])
    right = discharge[low + 1] + weight * (charge[low + 1] - discharge[low + 1])
    return left + share * (right - left), (right - left) * last
