"""Polarisation of resistor-capacitor pairs, exact for a current that is constant over the step.

Imports numpy and core only. Positive current charges and raises the voltage.
"""

from __future__ import annotations

import numpy as np

from cellwarden.core.sample_block import FloatArray

__all__ = ["step_polarisation", "terminal_voltage"]


def step_polarisation(
    polarisation_volt: FloatArray,
    current_ampere: FloatArray,
    resistance_ohm: FloatArray,
    time_constant_second: FloatArray,
    step_second: float,
) -> FloatArray:
    """Voltage over each pair after the step: v' = a·v + R·(1 − a)·i, a = exp(−Δt/τ).

    Parameters
    ----------
    polarisation_volt : (..., n_pairs) before the step [V]
    current_ampere : (...) over the step, positive charges [A]
    resistance_ohm, time_constant_second : broadcast against polarisation_volt [ohm], [s]
    step_second : ≥ 0 [s]

    Returns
    -------
    (..., n_pairs) after the step [V]
    """
    kept = np.exp(-step_second / time_constant_second)
    return kept * polarisation_volt + resistance_ohm * (1.0 - kept) * np.asarray(current_ampere)[..., np.newaxis]


def terminal_voltage(
    ocv_volt: FloatArray, polarisation_volt: FloatArray, current_ampere: FloatArray, resistance_ohm: FloatArray
) -> FloatArray:
    """Terminal voltage OCV + Σ v_k + R0·i [V]; the pairs are the last axis of `polarisation_volt`."""
    polarised_volt: FloatArray = np.sum(polarisation_volt, axis=-1)
    return ocv_volt + polarised_volt + resistance_ohm * current_ampere
