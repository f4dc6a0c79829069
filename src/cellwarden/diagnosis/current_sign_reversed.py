"""A log whose current has the wrong sign: the voltage falls where the current is said to charge more.

Positive current charges (the contract's first table), many devices count the other way. Every step of the current moves
the voltage of all cells by current times resistance, and no cell has a negative one: over a few steps the sign is
beyond doubt, whatever the cells are. A step counts where the median cell's voltage moved by a fair share of what the
parameter set's resistance makes of it: a sensor that stands still and a charger that holds the voltage say nothing.

A charge tells it before there is a step: above the voltage at which a nearly full pack rests, a pack that is discharged
steadily only falls. One that climbs there by hundredths of its capacity, discharged as the log says, is being charged.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from cellwarden.core.board import Board
from cellwarden.core.finding import Evidence, Severity
from cellwarden.core.minute_block import IntArray, MinuteBlock
from cellwarden.core.sample_block import FloatArray
from cellwarden.diagnosis.cadence import rows_to_tell
from cellwarden.diagnosis.plugin import DetectorPlugin
from cellwarden.estimation.middle_value import known_middle_values
from cellwarden.estimation.plugin import PackContext
from cellwarden.models.cell_model import CellModel

__all__ = ["DETECTOR", "StepSigns"]

KIND = "current_sign_reversed"
STEP_C_RATE = 0.05  # between two rows
LEAST_SHARE = 0.3  # of the step times the resistance, that the voltage must have moved: warm cells have half of it
LEAST_VOLT = 0.002  # two steps of a usual reading
LONGEST_SECOND = 300.0  # between two rows: in longer ones the charge moves the voltage as well
MEMORY_STEPS = 50.0  # over which counts fade: a sign that was put right is no finding 35 steps later (50 · ln 2)
CHANCE_OF_ONE = 0.1  # that a step looks reversed by another within the minute; 3 % on packs of the simulator
# so many more against than for it: odds of 9⁵ (Wald's sequential test), of one pack in 60 000; where every third step
# or so looks reversed, current and voltage are not of the same instant
MARGIN_STEPS, LEAST_SHARE_AGAINST = 4.5, 0.8
LEAST_CORRELATION = 0.7  # of rise and step, negative: many small steps that trail a load are outweighed by large ones
CLIMB_SOC = 0.95  # a pack above the voltage of that charge at rest, whatever its curve, is charged or falls
CLIMB_MARGIN_VOLT = 0.01  # between makes
CLIMB_FRACTION = 0.02  # of the capacity, "discharged" while the voltage climbs; right logs of the simulator show none
LEAST_CLIMB_ROWS = 3.0  # that it takes at least
LEAST_RISE_VOLT = 0.0005  # between two rows
LEAST_CLIMB_VOLT = 0.01  # in all, and twice what the current's change explains: noise falls as often as it climbs
LEAST_SLOPE_ROWS = 2.5  # three, whose counts have faded: fewer show no scatter, and tell of a slope only its sign
WARNING = 2  # place in `cadence.LEVELS`
_TWO_SIDED = 1.96

CURRENT, VOLT, STAMP, AGREE, AGAINST, CURRENT_SQUARE, PRODUCT, VOLT_SQUARE, SINCE, LEVEL = range(10)
CLIMB, CLIMB_SINCE, CLIMB_CURRENT, CLIMB_VOLT = range(10, 14)
CLIMB_ROWS, CLIMB_CURRENT_SQUARE, CLIMB_PRODUCT, CLIMB_VOLT_SQUARE = range(14, 18)
_SLOTS = 18


@dataclass(frozen=True, slots=True)
class StepSigns:
    """`sums` (18,): current, voltage and stamp of the last row that has both; then what its steps add up to.

    These are the counts for and against the sign, the moments of the steps, since when and at which level it is told.
    Counts and moments fade over `MEMORY_STEPS` steps. The last eight are of the present climb: charge that the log says
    was taken out in it, as a fraction of the capacity; stamp, current and voltage before it; its rows, and moments of
    current and overvoltage.
    """

    sums: FloatArray


def _initial(context: PackContext) -> StepSigns:
    del context
    sums = np.zeros(_SLOTS)
    sums[[CURRENT, VOLT, STAMP, SINCE, CLIMB_SINCE]] = np.nan
    return StepSigns(sums)


def _step(
    state: StepSigns, minutes: MinuteBlock, board: Board, context: PackContext
) -> tuple[StepSigns, list[Evidence]]:
    del board
    if len(minutes) == 0 or not context.has_current:
        return state, []
    capacity_ah, climb_volt = context.pack.nominal_capacity_ah, _climb_volt(context.model)
    sums, history = state.sums.copy(), np.empty((len(minutes), _SLOTS))
    _follow(
        sums,
        minutes.unix_time_second,
        minutes.current_ampere,
        known_middle_values(minutes.voltage_volt),
        STEP_C_RATE * capacity_ah,
        context.model.resistance_ohm_ah / capacity_ah,
        capacity_ah,
        climb_volt,
        history,
    )
    level: IntArray = history[:, LEVEL, None].astype(np.int64)
    before: IntArray = state.sums[LEVEL, None].astype(np.int64)
    told = rows_to_tell(minutes.unix_time_second, level, before)
    return StepSigns(sums), [
        _evidence(float(minutes.unix_time_second[row]), history[row], capacity_ah, climb_volt) for row, _ in told
    ]


@njit(cache=True)
def _follow(
    sums: FloatArray,
    stamp: FloatArray,
    current: FloatArray,
    voltage: FloatArray,
    least_ampere: float,
    usual_ohm: float,
    capacity_ah: float,
    climb_volt: float,
    history: FloatArray,
) -> None:
    """Take the step to each row; `sums` is moved on, `history` (M, 18) is what it was after each row."""
    for m in range(stamp.shape[0]):
        if np.isfinite(current[m]) and np.isfinite(voltage[m]):
            step, rise = current[m] - sums[CURRENT], voltage[m] - sums[VOLT]
            second = stamp[m] - sums[STAMP]
            sums[CURRENT], sums[VOLT], sums[STAMP] = current[m], voltage[m], stamp[m]
            if second <= LONGEST_SECOND:
                if abs(step) >= least_ampere and abs(rise) >= max(LEAST_VOLT, LEAST_SHARE * usual_ohm * abs(step)):
                    _count_step(sums, step, rise)
                if abs(current[m]) >= least_ampere and abs(rise) > LEAST_RISE_VOLT:
                    _count_climb(sums, step, rise, voltage[m] - climb_volt, second / 3600.0 / capacity_ah)
            steps_agree = sums[AGREE] - sums[AGAINST] >= MARGIN_STEPS
            if steps_agree or (sums[LEVEL] == 0.0 and voltage[m] <= climb_volt):
                sums[CLIMB] = 0.0
            raised = _steps_disagree(sums) or _has_climbed(sums, usual_ohm)
            held = sums[LEVEL] > 0.0 and (sums[AGAINST] > sums[AGREE] or sums[CLIMB] > 0.0)
            sums[LEVEL] = WARNING if raised or held else 0.0
        history[m] = sums


@njit(cache=True)
def _count_step(sums: FloatArray, step: float, rise: float) -> None:
    """Take a clear step of the last row's current into counts and moments."""
    against = step * rise < 0.0
    if against and sums[AGAINST] < 0.5:
        sums[SINCE] = sums[STAMP]
    sums[AGREE : VOLT_SQUARE + 1] *= 1.0 - 1.0 / MEMORY_STEPS
    sums[AGAINST if against else AGREE] += 1.0
    sums[CURRENT_SQUARE] += step * step
    sums[PRODUCT] += step * rise
    sums[VOLT_SQUARE] += rise * rise


@njit(cache=True)
def _count_climb(sums: FloatArray, step: float, rise: float, over_volt: float, hour_per_ah: float) -> None:
    """Take the last row, after that step, into a climb, if its voltage is over that of a nearly full pack at rest.

    A fall while the log says charge tells nothing: so does a right one where a charger lets go.
    """
    current = sums[CURRENT]
    if over_volt <= 0.0 or (current > 0.0 and rise < 0.0):
        return
    share = min(abs(current) * hour_per_ah, CLIMB_FRACTION / LEAST_CLIMB_ROWS)
    for_it = current < 0.0 and rise > 0.0
    if sums[CLIMB] == 0.0:
        sums[CLIMB_SINCE], sums[CLIMB_CURRENT], sums[CLIMB_VOLT] = sums[STAMP], current - step, sums[VOLT] - rise
        sums[CLIMB_ROWS : CLIMB_VOLT_SQUARE + 1] = 0.0
    sums[CLIMB] = min(max(sums[CLIMB] + (share if for_it else -share), 0.0), CLIMB_FRACTION)
    if for_it:
        sums[CLIMB_ROWS] += 1.0
        sums[CLIMB_CURRENT_SQUARE] += current * current
        sums[CLIMB_PRODUCT] += current * over_volt
        sums[CLIMB_VOLT_SQUARE] += over_volt * over_volt


@njit(cache=True)
def _steps_disagree(sums: FloatArray) -> bool:
    """Whether steps alone put the sign beyond doubt."""
    clear = sums[AGAINST] >= LEAST_SHARE_AGAINST * (sums[AGREE] + sums[AGAINST])
    clear &= sums[PRODUCT] <= -LEAST_CORRELATION * np.sqrt(sums[CURRENT_SQUARE] * sums[VOLT_SQUARE])
    return bool(clear and sums[AGAINST] - sums[AGREE] >= MARGIN_STEPS)


@njit(cache=True)
def _has_climbed(sums: FloatArray, usual_ohm: float) -> bool:
    """Whether a climb alone does, worth as much as the margin: no surplus of clear steps may agree with the sign."""
    explained = 2.0 * usual_ohm * abs(sums[CURRENT] - sums[CLIMB_CURRENT])
    enough = sums[CLIMB] >= CLIMB_FRACTION and sums[AGREE] <= sums[AGAINST]
    return bool(enough and sums[VOLT] - sums[CLIMB_VOLT] >= LEAST_CLIMB_VOLT + explained)


def _climb_volt(model: CellModel) -> float:
    """What no curve of the set shows at rest below `CLIMB_SOC`, nor one of another make's near it [V]."""
    at_rest = [float(np.interp(CLIMB_SOC, model.soc_fraction, curve.charge_volt)) for curve in model.ocv_curves]
    return max(at_rest) + CLIMB_MARGIN_VOLT


def _evidence(at: float, sums: FloatArray, capacity_ah: float, climb_volt: float) -> Evidence:
    if sums[LEVEL] == 0.0:
        return Evidence(at_unix_time_second=at, kind=KIND, cell=None, sensor=None, severity=None)
    against, by_climb = bool(sums[AGAINST] > sums[AGREE]), bool(sums[CLIMB] > 0.0)
    climb_tells = by_climb and bool(sums[CLIMB_ROWS] >= LEAST_CLIMB_ROWS)
    by_steps = against and (_steps_disagree(sums) or not climb_tells)
    steps = float(sums[AGREE] + sums[AGAINST])
    ohm, spread = (
        _slope(steps, *sums[CURRENT_SQUARE : VOLT_SQUARE + 1])
        if by_steps
        else _slope(float(sums[CLIMB_ROWS]), *sums[CLIMB_CURRENT_SQUARE : CLIMB_VOLT_SQUARE + 1])
    )
    surplus = float(sums[AGAINST] - sums[AGREE]) + (MARGIN_STEPS if by_climb else 0.0)
    begins = [float(sums[SINCE])] * against + [float(sums[CLIMB_SINCE])] * by_climb
    seen = (
        f"The cells' voltage falls where the log says that they are charged more, in {sums[AGAINST]:.0f} of the "
        f"last {steps:.0f} clear steps"
        if by_steps
        else f"The cells' voltage climbs above {climb_volt:.2f} V, where only a charge takes it, while the log says "
        f"that they are discharged, by {sums[CLIMB] * capacity_ah:.1f} Ah and more"
    )
    if not by_steps and sums[AGREE] > sums[AGAINST]:
        seen += f", though {sums[AGREE]:.0f} of the last {steps:.0f} clear steps agree with the log"
    return Evidence(
        at_unix_time_second=at,
        kind=KIND,
        cell=None,
        sensor=None,
        severity=Severity.WARNING,
        magnitude=ohm,
        magnitude_low=ohm - spread,
        magnitude_high=ohm + spread,
        unit="ohm",
        confidence=1.0 / (1.0 + (1.0 / CHANCE_OF_ONE - 1.0) ** -surplus),
        first_seen_unix_time_second=min(begins),
        explanation=f"{seen}: the sign of the current is reversed. Positive current must charge the pack.",
        advice=(
            'Turn the sign of the current where the log is written, or say positive = "discharge" in its column map, '
            "and analyse it again: charge, capacity and resistance of this analysis mean nothing."
        ),
    )


def _slope(rows: float, current_square: float, product: float, volt_square: float) -> tuple[float, float]:
    """Voltage over current by least squares, and half its 95 % interval [ohm]; of few rows its sign alone is known."""
    ohm = float(product / current_square)
    scatter = max(float(volt_square - ohm * product), 0.0)
    spread = _TWO_SIDED * float(np.sqrt(scatter / max(rows - 1.0, 1.0) / current_square))
    return ohm, max(spread, abs(ohm)) if rows < LEAST_SLOPE_ROWS else spread


DETECTOR = DetectorPlugin(kinds=(KIND,), needs=(), initial=_initial, step=_step)
