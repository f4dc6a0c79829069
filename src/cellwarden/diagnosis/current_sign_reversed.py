"""A log whose current has the wrong sign: the voltage falls where the current is said to charge more.

Positive current charges (the contract's first table), many devices count the other way. Every step of the current moves
the voltage of all cells by current times resistance, and no cell has a negative one: over a few steps the sign is
beyond doubt, whatever the cells are. A step counts where the median cell's voltage moved by a fair share of what the
parameter set's resistance makes of it: a sensor that stands still and a charger that holds the voltage say nothing.
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
WARNING = 2  # place in `cadence.LEVELS`
_TWO_SIDED = 1.96

CURRENT, VOLT, STAMP, AGREE, AGAINST, CURRENT_SQUARE, PRODUCT, VOLT_SQUARE, SINCE, LEVEL = range(10)
_SLOTS = 10


@dataclass(frozen=True, slots=True)
class StepSigns:
    """`sums` (10,): current, voltage and stamp of the last row that has both; then what its steps add up to.

    These are the counts for and against the sign, the moments of the steps, since when and at which level it is told.
    Counts and moments fade over `MEMORY_STEPS` steps.
    """

    sums: FloatArray


def _initial(context: PackContext) -> StepSigns:
    del context
    sums = np.zeros(_SLOTS)
    sums[[CURRENT, VOLT, STAMP, SINCE]] = np.nan
    return StepSigns(sums)


def _step(
    state: StepSigns, minutes: MinuteBlock, board: Board, context: PackContext
) -> tuple[StepSigns, list[Evidence]]:
    del board
    if len(minutes) == 0 or not context.has_current:
        return state, []
    capacity_ah = context.pack.nominal_capacity_ah
    sums, history = state.sums.copy(), np.empty((len(minutes), _SLOTS))
    _follow(
        sums,
        minutes.unix_time_second,
        minutes.current_ampere,
        known_middle_values(minutes.voltage_volt),
        STEP_C_RATE * capacity_ah,
        LEAST_SHARE * context.model.resistance_ohm_ah / capacity_ah,
        history,
    )
    level: IntArray = history[:, LEVEL, None].astype(np.int64)
    before: IntArray = state.sums[LEVEL, None].astype(np.int64)
    told = rows_to_tell(minutes.unix_time_second, level, before)
    return StepSigns(sums), [_evidence(float(minutes.unix_time_second[row]), history[row]) for row, _ in told]


@njit(cache=True)
def _follow(
    sums: FloatArray,
    stamp: FloatArray,
    current: FloatArray,
    voltage: FloatArray,
    least_step_ampere: float,
    least_ohm: float,
    history: FloatArray,
) -> None:
    """Take the step to each row; `sums` is moved on, `history` (M, 10) is what it was after each row."""
    for m in range(stamp.shape[0]):
        if np.isfinite(current[m]) and np.isfinite(voltage[m]):
            step, rise = current[m] - sums[CURRENT], voltage[m] - sums[VOLT]
            soon = stamp[m] - sums[STAMP] <= LONGEST_SECOND
            sums[CURRENT], sums[VOLT], sums[STAMP] = current[m], voltage[m], stamp[m]
            moved = abs(rise) >= max(LEAST_VOLT, least_ohm * abs(step))
            if abs(step) >= least_step_ampere and soon and moved:
                against = step * rise < 0.0
                if against and sums[AGAINST] < 0.5:
                    sums[SINCE] = stamp[m]
                sums[AGREE : VOLT_SQUARE + 1] *= 1.0 - 1.0 / MEMORY_STEPS
                sums[AGAINST if against else AGREE] += 1.0
                sums[CURRENT_SQUARE] += step * step
                sums[PRODUCT] += step * rise
                sums[VOLT_SQUARE] += rise * rise
                clear = sums[AGAINST] >= LEAST_SHARE_AGAINST * (sums[AGREE] + sums[AGAINST])
                clear &= sums[PRODUCT] <= -LEAST_CORRELATION * np.sqrt(sums[CURRENT_SQUARE] * sums[VOLT_SQUARE])
                raised = clear and sums[AGAINST] - sums[AGREE] >= MARGIN_STEPS
                held = sums[LEVEL] > 0.0 and sums[AGAINST] > sums[AGREE]
                sums[LEVEL] = WARNING if raised or held else 0.0
        history[m] = sums


def _evidence(at: float, sums: FloatArray) -> Evidence:
    if sums[LEVEL] == 0.0:
        return Evidence(at_unix_time_second=at, kind=KIND, cell=None, sensor=None, severity=None)
    steps = float(sums[AGREE] + sums[AGAINST])
    ohm = float(sums[PRODUCT] / sums[CURRENT_SQUARE])
    scatter = max(float(sums[VOLT_SQUARE] - ohm * sums[PRODUCT]), 0.0)
    spread = _TWO_SIDED * float(np.sqrt(scatter / max(steps - 1.0, 1.0) / sums[CURRENT_SQUARE]))
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
        confidence=1.0 / (1.0 + (1.0 / CHANCE_OF_ONE - 1.0) ** float(sums[AGREE] - sums[AGAINST])),
        first_seen_unix_time_second=float(sums[SINCE]),
        explanation=(
            f"The cells' voltage falls where the log says that they are charged more, in {sums[AGAINST]:.0f} of the "
            f"last {steps:.0f} clear steps of the current: its sign is reversed. Positive current must charge the pack."
        ),
        advice=(
            'Turn the sign of the current where the log is written, or say positive = "discharge" in its column map, '
            "and analyse it again: charge, capacity and resistance of this analysis mean nothing."
        ),
    )


DETECTOR = DetectorPlugin(kinds=(KIND,), needs=(), initial=_initial, step=_step)
