"""A cell whose voltage has fallen through the foot of its curve: empty, and how long since it does not tell.

Below the foot a cell falls to nought within hours, whatever little it loses meanwhile, so that its fall is no measure
of a leak. A sense wire that comes loose reads alike: for minutes that is no news of the cell, and one that was taken
for empty and reads as a cell again is found anew.

Slots: for how long it has read as dead [s], and its difference before [Ah].
"""

from __future__ import annotations

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.bare_kernel import bare_kernel

__all__ = ["DEAD_SLOTS", "is_dead", "take_alive", "take_dead"]

SECOND, BEFORE = range(2)
DEAD_SLOTS = 2
DEAD_VOLT = 0.3  # below the foot, 2.2 V of an LFP cell: judged, for no load that a pack allows takes a cell there
LEAST_SECOND = 3600.0  # for which wires are loose at times
EMPTY_SOC_SIGMA = 0.01  # of the charge of a dead cell
REVIVED_SOC_SIGMA = 0.3  # of one that reads as a cell again: it may be anywhere


@bare_kernel
def is_dead(discharge: FloatArray, volt: float) -> bool:
    """Whether a cell reads so far below the foot of its curve that no charge in it does."""
    return bool(volt < discharge[0] - DEAD_VOLT)


@bare_kernel
def take_dead(
    y: FloatArray, p: FloatArray, dead: FloatArray, at: int, empty_ah: float, capacity: float, elapsed_second: float
) -> bool:
    """Take a cell for empty once it has read as dead for long; whether it has. In place.

    Parameters
    ----------
    dead : the slots
    at : state of the difference of charge, which of an empty cell is `empty_ah`
    """
    if dead[SECOND] == 0.0:
        dead[BEFORE] = y[at]
    dead[SECOND] += elapsed_second
    if dead[SECOND] < LEAST_SECOND:
        return False
    _place(y, p, at, empty_ah, EMPTY_SOC_SIGMA * capacity)
    return True


@bare_kernel
def take_alive(y: FloatArray, p: FloatArray, dead: FloatArray, at: int, capacity: float) -> bool:
    """Put a cell that was taken for empty back to where it was, if anywhere; whether it was. Arguments as above."""
    revived = dead[SECOND] >= LEAST_SECOND
    if revived:
        _place(y, p, at, dead[BEFORE], REVIVED_SOC_SIGMA * capacity)
    dead[SECOND] = 0.0
    return bool(revived)


@bare_kernel
def _place(y: FloatArray, p: FloatArray, at: int, value: float, sigma: float) -> None:
    """Give a state a value of its own, as sure as that."""
    y[at] = value
    for a in range(y.shape[0]):
        p[at, a], p[a, at] = 0.0, 0.0
    p[at, at] = sigma * sigma
