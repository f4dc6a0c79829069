"""What the charge cascade learnt of the polarisation under steady load, for the forecast of an outage."""

from __future__ import annotations

from dataclasses import dataclass

from cellwarden.core.sample_block import FloatArray

__all__ = ["PolarisationTrack"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PolarisationTrack:
    """Resistance under steady current at 25 °C, with its parts.

    Attributes
    ----------
    prompt_ohm, first_ohm, second_ohm : (M,) of the central cell: at once, and after the two time constants
    log_sigma : (M,) one sigma of the logarithm of their sum
    activation_kelvin : (M,) Arrhenius temperature
    cell_factor : (M, n_cells) a cell's polarisation over the central one's
    curve : (M,) index of the open-circuit voltage that fits the log best
    curve_state : (M, 1 + modes) what the log taught of it: logarithm of its hysteresis' width, amplitudes of its modes
    """

    prompt_ohm: FloatArray
    first_ohm: FloatArray
    second_ohm: FloatArray
    log_sigma: FloatArray
    activation_kelvin: FloatArray
    cell_factor: FloatArray
    curve: FloatArray
    curve_state: FloatArray
