"""Half-cell potentials of graphite and LFP, and the entropy of the full cell.

Graphite is a multi-species multi-reaction (MSMR) electrode: the stoichiometry is a sum of logistic steps in the
potential, one per staging reaction. LFP is a two-phase plateau with a solid-solution end on either side.

References
----------
M. Verbrugge, D. Baker, B. Koch, X. Xiao, W. Gu, "Thermodynamic model for substitutional materials: application to
lithiated graphite, spinel manganese oxide, iron phosphate, and layered nickel-manganese-cobalt oxide",
J. Electrochem. Soc. 164 (2017) E3243, doi:10.1149/2.0341708jes (the form; the values here are the product's own).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cellwarden.core.sample_block import FloatArray

__all__ = ["GRID_POINTS", "EntropyCurve", "GraphiteCurve", "LfpCurve", "StagingReaction"]

GRID_POINTS = 8193
_FARADAY_OVER_GAS_25C = 96485.33212 / (8.314462618 * 298.15)


@dataclass(frozen=True, slots=True)
class StagingReaction:
    """One staging reaction: centre [V against lithium], share of the sites, width (1 is an ideal solution)."""

    centre_volt: float
    share: float
    width: float


@dataclass(frozen=True, slots=True)
class GraphiteCurve:
    """Staging reactions of one graphite, from the lowest potential to the highest. Shares are scaled to a sum of 1."""

    reactions: tuple[StagingReaction, ...]

    def stoichiometry(self, potential_volt: FloatArray) -> FloatArray:
        """x(U) = Σ X_j / (1 + exp(F (U − U_j) / (R T ω_j))) at 25 °C; same shape as the argument [V]."""
        total = sum(reaction.share for reaction in self.reactions)
        x = np.zeros_like(potential_volt)
        for reaction in self.reactions:
            exponent = _FARADAY_OVER_GAS_25C * (potential_volt - reaction.centre_volt) / reaction.width
            x += reaction.share / total / (1.0 + np.exp(np.clip(exponent, -500.0, 500.0)))
        return x

    def potential_table_volt(self) -> FloatArray:
        """U on a uniform grid of x from 0 to 1, (GRID_POINTS,) [V]."""
        potential = np.linspace(-0.25, 1.6, 200_001)
        return np.interp(np.linspace(0.0, 1.0, GRID_POINTS), self.stoichiometry(potential)[::-1], potential[::-1])


@dataclass(frozen=True, slots=True)
class LfpCurve:
    """Potential of Li_y FePO4 against lithium, middle of the hysteresis, 25 °C.

    U(y) = plateau − tilt·(y − ½) + a·ln(1 + y_a/y) − b·ln(1 + y_b/(1 − y))

    with (a, y_a) `charged_end_volt`, `charged_end_fraction` and (b, y_b) `lithiated_end_volt`,
    `lithiated_end_fraction`.
    """

    plateau_volt: float
    tilt_volt: float
    charged_end_volt: float
    charged_end_fraction: float
    lithiated_end_volt: float
    lithiated_end_fraction: float


@dataclass(frozen=True, slots=True)
class EntropyCurve:
    """dU/dT of the full cell against graphite's stoichiometry x: low end, middle step and level [V/K].

    dU/dT = level + low·exp(−x / reach) + step·tanh((x − place) / width)
    """

    level_volt_per_kelvin: float = 0.5e-4
    low_volt_per_kelvin: float = -4.0e-4
    low_reach: float = 0.09
    step_volt_per_kelvin: float = 0.9e-4
    step_place: float = 0.36
    step_width: float = 0.07

    def table_volt_per_kelvin(self) -> FloatArray:
        """dU/dT on a uniform grid of x from 0 to 1, (GRID_POINTS,) [V/K]."""
        x = np.linspace(0.0, 1.0, GRID_POINTS)
        return (
            self.level_volt_per_kelvin
            + self.low_volt_per_kelvin * np.exp(-x / self.low_reach)
            + self.step_volt_per_kelvin * np.tanh((x - self.step_place) / self.step_width)
        )
