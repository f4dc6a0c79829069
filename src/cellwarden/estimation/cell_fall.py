"""What a cell lost that falls away from the others in a rest, by where the curve stands at what is read of it.

At one place of a curve its error stays as it was, and at rest nothing but a leak moves one cell alone: so the fall is
charge. No straight line reaches down from the knee or off the plateau, so it is found by search.
"""

from __future__ import annotations

import numpy as np

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.bare_kernel import bare_kernel
from cellwarden.estimation.ocv_lookup import branch_voltage

# slots of a rest: the low-passed miss of the reading [V]; the same and the open-circuit difference [V] once it had
# settled; the curve's error [V] when it began, and how long it lasted then [s]
MISS, MISS_BEFORE, AWAY_BEFORE, BETA_BEFORE, REST_BEFORE = range(5)
REST_SLOTS = 5

STARTED_SECOND, SETTLED_SECOND = 1800.0, 2 * 3600.0
# by which a reading drifts in a rest without a leak: relaxation that is left, as a voltage and as a share of the
# capacity, and share of the drift that is expected, for a knee may be half as steep again; no curve's error grows
# beyond that at one place
LEFT_VOLT, LEFT_SHARE, KNEE_SHARE, FALLING_SIGMAS = 0.003, 0.0003, 0.5, 4.0
KNEE_DEPTH = 0.05  # of the capacity, as far down as a knee reaches
FALLEN_STEP = 0.0002  # of the capacity, by which the charge is looked for
# where the plateau ends; it falls by less than that from end to end; and may lie that much off where it was not seen
PLATEAU_SOC, FALLEN_VOLT, PLATEAU_DOUBT_VOLT = 0.3, 0.06, 0.03
LEAST_SLOPE_VOLT, LEAST_SOC_SIGMA = 0.06, 0.02


@bare_kernel
def settling(rest: FloatArray, rest_second: float) -> bool:
    """Whether a rest, or another curve that is gone on with in it, has just begun."""
    return bool(rest_second - max(rest[REST_BEFORE] - STARTED_SECOND, 0.0) < SETTLED_SECOND)


@bare_kernel
def remember_rest(rest: FloatArray, beta: float, away: float, rest_second: float) -> None:
    """Keep what a rest began with: a leak shows while the pack rests; what a load leaves is the curve's error."""
    if rest_second < STARTED_SECOND:
        rest[BETA_BEFORE], rest[REST_BEFORE] = beta, rest_second
    if settling(rest, rest_second):
        rest[MISS_BEFORE], rest[AWAY_BEFORE] = rest[MISS], away
        if rest[REST_BEFORE] > STARTED_SECOND:
            rest[BETA_BEFORE] = beta


@bare_kernel
def rest_hours(rest: FloatArray, rest_second: float) -> float:
    """How long the cell has had to lose what it lost in this rest."""
    return float(max(rest_second - rest[REST_BEFORE], STARTED_SECOND) / 3600.0)


@bare_kernel
def falls_away(rest: FloatArray, slope: float, away: float, variance: float) -> bool:
    """Whether a cell falls away below the others in a rest by more than anything but a leak lets it fall."""
    drifting = LEFT_VOLT**2 + (LEFT_SHARE * slope) ** 2 + (KNEE_SHARE * (away - rest[AWAY_BEFORE])) ** 2
    return bool(rest[MISS] - rest[MISS_BEFORE] < -FALLING_SIGMAS * np.sqrt(variance + drifting))


@bare_kernel
def lost_on_knee(
    discharge: FloatArray, charge: FloatArray, hysteresis: float, soc: float, volt: float, steep_volt: float
) -> float:
    """Share of the capacity between z and the open-circuit voltage that is read, as far as the curve is steep."""
    lost = 0.0
    while lost < KNEE_DEPTH:
        there, slope = branch_voltage(discharge, charge, hysteresis, soc - lost)
        if there <= volt or slope < steep_volt:
            break
        lost += FALLEN_STEP
    return lost


@bare_kernel
def left_plateau(rest: FloatArray, discharge: FloatArray, charge: FloatArray, volt: float) -> bool:
    """Whether a cell has fallen in this rest to an open-circuit voltage below the plateau."""
    end, _ = branch_voltage(discharge, charge, 0.0, PLATEAU_SOC)
    return bool(rest[MISS] - rest[MISS_BEFORE] < -FALLEN_VOLT and volt < end)


@bare_kernel
def lost_off_plateau(
    discharge: FloatArray, charge: FloatArray, hysteresis: float, soc: float, volt: float
) -> tuple[float, float]:
    """Share of the capacity between z and that voltage below the plateau, and its sigma."""
    lost = 0.0
    there, slope = branch_voltage(discharge, charge, hysteresis, soc)
    while there > volt and lost < soc:
        lost += FALLEN_STEP
        there, slope = branch_voltage(discharge, charge, hysteresis, soc - lost)
    return lost, max(PLATEAU_DOUBT_VOLT / max(slope, LEAST_SLOPE_VOLT), LEAST_SOC_SIGMA)
