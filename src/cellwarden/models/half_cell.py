"""Open-circuit voltage of a cell from the potentials of its two electrodes.

Imports numpy and core only. An electrode's potential is a sum of named functional forms, so that a data file holds
coefficients and no code.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cellwarden.core.sample_block import FloatArray

__all__ = ["CellBalance", "ElectrodePotential", "cell_ocv", "electrode_potential"]

Term = tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class ElectrodePotential:
    """Equilibrium potential of one electrode against lithium, as coefficients over the stoichiometry x.

    Attributes
    ----------
    polynomial : c in Σ c[n] xⁿ [V]
    exponentials : (a, b, c) of a·exp(b·(x − c)) each; a [V]
    hyperbolic_tangents : (a, b, c) of a·tanh(b·(x − c)) each; a [V]
    """

    polynomial: tuple[float, ...] = ()
    exponentials: tuple[Term, ...] = ()
    hyperbolic_tangents: tuple[Term, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CellBalance:
    """Stoichiometries of the two electrodes at z = 0 and z = 1, and a constant shift of the cell's voltage [V]."""

    negative_empty: float
    negative_full: float
    positive_empty: float
    positive_full: float
    shift_volt: float = 0.0


def electrode_potential(electrode: ElectrodePotential, stoichiometry: FloatArray) -> FloatArray:
    """Potential against lithium [V]; same shape as the stoichiometry."""
    potential_volt = np.zeros_like(stoichiometry)
    for coefficient in reversed(electrode.polynomial):
        potential_volt = potential_volt * stoichiometry + coefficient
    for amplitude_volt, rate, centre in electrode.exponentials:
        potential_volt = potential_volt + amplitude_volt * np.exp(rate * (stoichiometry - centre))
    for amplitude_volt, rate, centre in electrode.hyperbolic_tangents:
        potential_volt = potential_volt + amplitude_volt * np.tanh(rate * (stoichiometry - centre))
    return potential_volt


def cell_ocv(
    positive: ElectrodePotential, negative: ElectrodePotential, balance: CellBalance, soc_fraction: FloatArray
) -> FloatArray:
    """U(z) = U_pos(y(z)) − U_neg(x(z)) + shift, with y and x straight lines in z [V]; same shape as z."""
    x = balance.negative_empty + (balance.negative_full - balance.negative_empty) * soc_fraction
    y = balance.positive_empty + (balance.positive_full - balance.positive_empty) * soc_fraction
    return electrode_potential(positive, y) - electrode_potential(negative, x) + balance.shift_volt
