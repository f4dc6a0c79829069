"""A cell that is full while its string is not: it ends every charge, and no full charge tells how the cells stand.

Such a cell is read far above the others while those are still on the plateau, and level with them elsewhere: no sensor
is. By how much it is fuller is what the others lack to full, which is counted; of a string that was never full that
rests on where on its curve it is thought to stand.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cellwarden.core.minute_block import MinuteBlock
from cellwarden.core.sample_block import FloatArray
from cellwarden.diagnosis.seen_difference import SeenDifference, middle_volt
from cellwarden.estimation.bare_kernel import bare_kernel
from cellwarden.estimation.charge_rows import UNTIED_SIGMA
from cellwarden.estimation.charge_tracks import SocTrack
from cellwarden.estimation.joint_sigma import joint_sigma
from cellwarden.estimation.middle_value import known_middle_values

__all__ = ["Above", "AboveState", "follow_above", "initial_above"]

ABOVE_VOLT = 0.1  # beyond what its reading may be high by: no plateau is as high from end to end
LEVEL_VOLT = 0.02  # within which a sound reading is once the string is discharged
STOOD_HOURS = 0.5
STUCK_SECOND = 1200.0  # of a reading that stays as it is while the others move: the channel hangs
TWO_SIGMA = 1.96


@dataclass(frozen=True, slots=True)
class AboveState:
    """1 or 0 per cell (n_cells,): whether it was read level since the string was full, and whether last above."""

    level: FloatArray
    above: FloatArray


@dataclass(frozen=True, slots=True)
class Above:
    """Which cells stand above, which were when the string last stood near full, (M, n_cells); by how much (M,) [Ah]."""

    now: NDArray[np.bool_]
    before: NDArray[np.bool_]
    gap_ah: FloatArray
    sigma_ah: FloatArray


def initial_above(cells: int) -> AboveState:
    """Nothing seen yet."""
    return AboveState(np.zeros(cells), np.zeros(cells))


def follow_above(
    state: AboveState,
    minutes: MinuteBlock,
    calm: NDArray[np.bool_],
    stood: SeenDifference,
    high_volt: FloatArray,
    knee_volt: float,
    soc: SocTrack,
    nominal_ah: float,
) -> tuple[AboveState, Above]:
    """State after the block, and what it shows.

    Parameters
    ----------
    calm : (M,) rows at little current
    stood : (M, n_cells) how far each cell stood from the middle one in the last calm hours
    high_volt : (M, n_cells) by how much a reading may be too high [V]
    knee_volt : where the upper knee begins [V]
    """
    middle = middle_volt(minutes)
    off_knee = calm & (middle > 0.0) & (middle < knee_volt)
    away = minutes.voltage_volt - middle[:, None]
    reads_above = (stood.volt - np.fmax(high_volt, 0.0) >= ABOVE_VOLT) & (stood.hours >= STOOD_HOURS)
    moves = minutes.voltage_unchanged_second < STUCK_SECOND
    candidate = off_knee[:, None] & reads_above & moves & (away >= ABOVE_VOLT)
    is_level = calm[:, None] & (np.abs(away) <= LEVEL_VOLT)
    on_knee = calm & (middle >= knee_volt)
    level, above = state.level.copy(), state.above.copy()
    now, before = np.zeros(away.shape), np.zeros(away.shape)
    _follow(level, above, candidate.astype(float), is_level.astype(float), on_knee.astype(float), now, before)
    gap, sigma = _gap(soc, nominal_ah)
    return AboveState(level, above), Above(now > 0.0, before > 0.0, gap, sigma)


def _gap(soc: SocTrack, nominal_ah: float) -> tuple[FloatArray, FloatArray]:
    """What the middle cell lacks to full, (M,) [Ah], and its sigma."""
    low, high = known_middle_values(soc.soc_low_fraction), known_middle_values(soc.soc_high_fraction)
    sigma = joint_sigma((high - low) / (2.0 * TWO_SIGMA), np.full(low.shape, UNTIED_SIGMA))
    return (1.0 - known_middle_values(soc.soc_fraction)) * nominal_ah, sigma * nominal_ah


@bare_kernel
def _follow(
    level: FloatArray,
    above: FloatArray,
    candidate: FloatArray,
    is_level: FloatArray,
    on_knee: FloatArray,
    now: FloatArray,
    before: FloatArray,
) -> None:
    """Go through the rows; the state (n_cells,) is moved on, `now` and `before` (M, n_cells) are written."""
    for m in range(candidate.shape[0]):
        for j in range(level.shape[0]):
            if on_knee[m] > 0.0:
                level[j] = 0.0  # a full string shows anew how its cells stand: what a sensor read before says little
            elif is_level[m, j] > 0.0:
                level[j] = 1.0
            if level[j] > 0.0 and candidate[m, j] > 0.0:
                now[m, j] = above[j] = 1.0
            elif on_knee[m] > 0.0:
                above[j] = 0.0
            before[m, j] = above[j]
