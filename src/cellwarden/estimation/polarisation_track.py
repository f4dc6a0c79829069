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
    discharge_volt : (G,) discharge branch of the open-circuit voltage after the last row, as the log taught it [V]
    """

    prompt_ohm: FloatArray
    first_ohm: FloatArray
    second_ohm: FloatArray
    log_sigma: FloatArray
    activation_kelvin: FloatArray
    cell_factor: FloatArray
    discharge_volt: FloatArray
