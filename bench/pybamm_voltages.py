"""Our simulator's cell against PyBaMM's single-particle model with the same numbers: `python -m bench.pybamm_voltages`.

Discharges, rests and charges at C/10 to 1C between 8 and 96 % of charge, 25 °C. The two share no code: spherical
diffusion is solved by PyBaMM on a mesh and by us in five modes.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from bench.electrochemical.cell import PyBammCell, spm_course
from bench.electrochemical.twin import twin_voltage
from cellwarden.core.sample_block import FloatArray

__all__ = ["STEPS", "current_of", "main", "voltages"]

SAMPLE_SECOND, START_SOC = 10, 0.95
# ampere (positive charges), hours
STEPS = (
    (0.0, 0.5),
    (-10.0, 2.0),
    (0.0, 3.0),
    (-50.0, 0.6),
    (0.0, 3.0),
    (-100.0, 0.25),
    (0.0, 4.0),
    (25.0, 2.4),
    (0.0, 3.0),
)


def current_of(steps: tuple[tuple[float, float], ...]) -> FloatArray:
    """(R,) current of the steps, one after the other [A]."""
    return np.concatenate([np.full(round(hours * 3600 / SAMPLE_SECOND), ampere) for ampere, hours in steps])


def voltages(current_ampere: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(R,) each: PyBaMM's voltage and ours along the same current [V]."""
    theirs, x_start, y_start = spm_course(PyBammCell(), current_ampere, SAMPLE_SECOND, START_SOC)
    return theirs, twin_voltage(current_ampere, SAMPLE_SECOND, x_start, y_start)


def main() -> None:
    """Print what the voltages differ by, step by step."""
    theirs, ours = voltages(current_of(STEPS))
    apart = 1000.0 * (ours - theirs)
    ends = np.cumsum([0, *(round(hours * 3600 / SAMPLE_SECOND) for _, hours in STEPS)])
    print("our cell minus PyBaMM's, mV    current     RMSE   largest")
    for (ampere, hours), (begin, end) in zip(STEPS, pairwise(ends), strict=True):
        part = apart[begin:end]
        print(f"{hours:20.2f} h {ampere:14.0f} A {np.sqrt(np.mean(part**2)):8.2f} {np.abs(part).max():9.2f}")
    print(f"all {np.sqrt(np.mean(apart**2)):41.2f} {np.abs(apart).max():9.2f}")


if __name__ == "__main__":
    main()
