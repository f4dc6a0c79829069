"""Jumps of one cell's reading against the others': the sensor's, for no charge moves a cell by millivolts at once.

While the pack rests, the difference of a cell to the median drifts and relaxes, but does not step. Straight lines are
laid through its means before and after a short stretch; where they miss each other by far more than they scatter, where
the readings beside them show no such step, and where no second cell stepped as well (as swapped wires do), the reading
has jumped. Under a load joints step too, and so does a cell that comes to a stage of its graphite: none is looked for.
A bleed that begins or ends steps a cell as well, down or up, by what its current drops in the sense leads: so small a
step is the bleed's where one is logged, or may flow unlogged.
"""

from __future__ import annotations

import numpy as np

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation import jump_cause as jc
from cellwarden.estimation.bare_kernel import bare_kernel
from cellwarden.estimation.middle_value import finite_middle

__all__ = [
    "JUMP_SLOTS",
    "PACK_ROWS",
    "follow_jumps",
    "forget_means",
    "jump_of",
    "jumped_volt",
    "leave_jump",
    "take_back",
    "take_jump",
    "whose_jump",
]

SIDE = jc.SIDE  # means before and after the one in which it may have happened
MEANS = 2 * SIDE + 1
SAMPLES = 10.0  # of a mean, at least
LONGEST_SECOND = 900.0  # without a reading: what happened meanwhile is not known
REST_C_RATE = 0.02  # at most, of any sample
LEAST_VOLT, FLOOR_VOLT, SIGMAS = 0.002, 0.0001, 6.0
STEP_SHARE = 0.4  # of the jump, that differences beside it may reach
OTHERS_SHARE = 0.4  # of the jump, that another cell's may reach
MORE_BLED = 1.5  # duties of bleeds vary from mean to mean
LINES_VARIANCE = 2.0 * (1.0 / SIDE + 9.0 / 10.0)  # of the distance of two lines at the middle, per mean's variance
LINE_SQUARES = 10.0  # sum of the squared distances of SIDE means from their middle
FREE = 2 * SIDE - 4  # of two lines' residuals

# a cell's slots: sum, number of readings and bleed of the open mean, the means, offset and curve's error when they
# closed, and bleeds
SUM, COUNT, BLED, FIRST = range(4)
FIRST_OFFSET, FIRST_BETA, FIRST_BLEED = FIRST + MEANS, FIRST + 2 * MEANS, FIRST + 3 * MEANS
JUMP_SLOTS = FIRST + 4 * MEANS

# the pack's row: samples of the open mean, means that are there, and by how much the median's move made all cells step
SAMPLED, CLOSED, COMMON = range(3)
EXCESS = COMMON + 1  # first of the slots of `jump_cause`, fewer than a cell has
# further rows, after the cells': the pack, then per cell the jump and its scatter, and the sum of all that were taken
PACK_ROWS = 4


@bare_kernel
def follow_jumps(
    jumps: FloatArray,
    voltage: FloatArray,
    median: float,
    pack_volt: float,
    bleed_ah: FloatArray,
    bleed_volt: float,
    unlogged_volt: float,
    most_ampere: float,
    sample_count: float,
    elapsed_second: float,
    capacity: float,
    offset: FloatArray,
    beta: FloatArray,
    work: FloatArray,
) -> int:
    """Take a minute's readings; the cell whose reading has jumped, or −1.

    Parameters
    ----------
    jumps : (n_cells + PACK_ROWS, ≥ n_cells and JUMP_SLOTS) memory, changed
    voltage : (n_cells,) [V], NaN where not read
    pack_volt : the pack's, of a sensor of its own [V], NaN where not read
    bleed_ah : (n_cells,) bled in the minute
    bleed_volt : step that a bleed makes at most where it begins or ends [V]
    unlogged_volt : the same of a bleed that may flow without being in `bleed_ah` [V]
    most_ampere : largest current of the minute's samples either way, NaN where not read
    capacity : [Ah]
    offset, beta : (n_cells,) what the filters hold of the offset and the curve's error [V], kept for `take_jump`
    work : (≥ n_cells,) scratch
    """
    cells = voltage.shape[0]
    pack = jumps[cells]
    if elapsed_second > LONGEST_SECOND or not most_ampere <= REST_C_RATE * capacity:
        _open(jumps, cells)
        jc.forget_excess(pack[EXCESS:])
        pack[CLOSED] = 0.0
        return -1
    pack[SAMPLED] += sample_count
    jc.add_excess(pack[EXCESS:], voltage, pack_volt)
    for j in range(cells):
        jumps[j, BLED] += bleed_ah[j]
        if np.isfinite(voltage[j]):
            jumps[j, SUM] += voltage[j] - median
            jumps[j, COUNT] += 1.0
    if pack[SAMPLED] < SAMPLES:
        return -1
    _close(jumps, cells, offset, beta)
    _open(jumps, cells)
    return _jumped(jumps, cells, bleed_volt, unlogged_volt, work) if pack[CLOSED] == MEANS else -1


@bare_kernel
def forget_means(jumps: FloatArray, cell: int) -> None:
    """Compare no later reading of a cell with what came before."""
    jumps[cell, FIRST : FIRST + MEANS] = np.nan


@bare_kernel
def _open(jumps: FloatArray, cells: int) -> None:
    """Begin a mean."""
    jumps[cells, SAMPLED] = 0.0
    jc.open_excess(jumps[cells, EXCESS:])
    for j in range(cells):
        jumps[j, SUM], jumps[j, COUNT], jumps[j, BLED] = 0.0, 0.0, 0.0


@bare_kernel
def _close(jumps: FloatArray, cells: int, offset: FloatArray, beta: FloatArray) -> None:
    """Put the open mean behind the others."""
    pack = jumps[cells]
    jc.close_excess(pack[EXCESS:], pack[CLOSED])
    pack[CLOSED] = min(pack[CLOSED] + 1.0, float(MEANS))
    for j in range(cells):
        row = jumps[j]
        for k in range(MEANS - 1):
            row[FIRST + k] = row[FIRST + k + 1]
            row[FIRST_OFFSET + k] = row[FIRST_OFFSET + k + 1]
            row[FIRST_BETA + k] = row[FIRST_BETA + k + 1]
            row[FIRST_BLEED + k] = row[FIRST_BLEED + k + 1]
        row[FIRST + MEANS - 1] = row[SUM] / row[COUNT] if row[COUNT] > 0.0 else np.nan
        row[FIRST_OFFSET + MEANS - 1], row[FIRST_BETA + MEANS - 1] = offset[j], beta[j]
        row[FIRST_BLEED + MEANS - 1] = row[BLED]


@bare_kernel
def _jumped(jumps: FloatArray, cells: int, bleed_volt: float, unlogged_volt: float, work: FloatArray) -> int:
    """The one cell whose reading jumped in the middle mean, or −1."""
    size, scatter = jumps[cells + 1], jumps[cells + 2]
    for j in range(cells):
        size[j], scatter[j] = _two_lines(jumps[j, FIRST : FIRST + MEANS])
    jumps[cells, COMMON] = common = finite_middle(size[:cells], work)
    usual = max(finite_middle(scatter[:cells], work), FLOOR_VOLT**2)
    widest, second, cell = 0.0, 0.0, -1
    for j in range(cells):
        distance = abs(size[j] - common)
        if distance > widest:  # false for NaN
            widest, second, cell = distance, widest, j
        elif distance > second:
            second = distance
    if cell < 0 or second > OTHERS_SHARE * widest:
        return -1
    scatter[cell] = LINES_VARIANCE * max(scatter[cell], usual)
    beside = _widest_beside(jumps[cell, FIRST : FIRST + MEANS])
    if widest < max(LEAST_VOLT, SIGMAS * np.sqrt(scatter[cell])) or not beside < STEP_SHARE * widest:
        return -1
    bleeds = jumps[cell, FIRST_BLEED : FIRST_BLEED + MEANS]
    is_bleed = widest <= unlogged_volt or (widest <= bleed_volt and _bleed_steps(bleeds, size[cell] - common))
    return -1 if is_bleed else cell


@bare_kernel
def _bleed_steps(bleeds: FloatArray, step: float) -> bool:
    """Whether a bleed that begins about the middle, or ends there, may have made a step down, or up."""
    near, far = 0.0, 0.0
    for k in range(MEANS):
        is_far = k < SIDE - 1 if step < 0.0 else k > SIDE + 1
        if is_far:
            far = max(far, bleeds[k])
        else:
            near = max(near, bleeds[k])
    return near > MORE_BLED * far


@bare_kernel
def _two_lines(means: FloatArray) -> tuple[float, float]:
    """How far the lines before and after miss each other in the middle [V], and the variance of a mean about them."""
    half = 0.5 * (SIDE - 1)
    early, late, early_slope, late_slope = 0.0, 0.0, 0.0, 0.0
    for k in range(SIDE):  # both lines at a time: neither waits for the other's sums
        before, after = means[k], means[SIDE + 1 + k]
        early += before / SIDE
        late += after / SIDE
        early_slope += (k - half) / LINE_SQUARES * before
        late_slope += (k - half) / LINE_SQUARES * after
    squares = 0.0
    for k in range(SIDE):
        squares += (means[k] - early - early_slope * (k - half)) ** 2
        squares += (means[SIDE + 1 + k] - late - late_slope * (k - half)) ** 2
    return late - early - (late_slope + early_slope) * (half + 1.0), squares / FREE


@bare_kernel
def _widest_beside(means: FloatArray) -> float:
    """Widest difference of means two apart, on either side of the middle [V]."""
    widest = 0.0
    for first in (0, SIDE + 1):
        for k in range(SIDE - 2):
            widest = max(widest, abs(means[first + k + 2] - means[first + k]))
    return widest


@bare_kernel
def whose_jump(jumps: FloatArray, cells: int, cell: int) -> int:
    """Whose it was, as `jump_cause.whose`; `jumps` as `follow_jumps` left it."""
    variance = 0.0
    for j in range(cells):
        scatter = jumps[cells + 2, j] / (LINES_VARIANCE if j == cell else 1.0)
        variance += scatter if np.isfinite(scatter) else 0.0
    return jc.whose(jumps[cells, EXCESS:], jumps[cells + 1, cell] - jumps[cells, COMMON], variance)


@bare_kernel
def leave_jump(jumps: FloatArray, cells: int, cell: int) -> float:
    """Begin anew after a jump of the cell itself, whose size against the others is returned [V]."""
    jumps[cells, CLOSED] = 0.0
    return float(jumps[cells + 1, cell] - jumps[cells, COMMON])


@bare_kernel
def take_jump(jumps: FloatArray, cell: int, y: FloatArray, q: FloatArray, at: int, error: int) -> None:
    """Give the filters of all cells the jump of one: its offset is what it was before, and the jump.

    Parameters
    ----------
    jumps : as `follow_jumps` left it, begun anew
    y, q : (n_cells, S) and (n_cells, S, S) state and covariance
    at, error : places of the offset and of the curve's error in the state
    """
    cells = y.shape[0]
    jumps[cells, CLOSED] = 0.0
    jc.forget_excess(jumps[cells, EXCESS:])
    for j in range(cells):
        if j == cell:
            y[j, at] = jumps[j, FIRST_OFFSET + SIDE - 1] + jumps[cells + 1, j]
            y[j, error] = jumps[j, FIRST_BETA + SIDE - 1]
            q[j, at, at] += jumps[cells + 2, j]
            jumps[cells + 3, j] += jumps[cells + 1, j] - jumps[cells, COMMON]
        else:
            y[j, at] += jumps[cells, COMMON]  # the median moves where the cell is one of the middle ones


@bare_kernel
def jump_of(jumps: FloatArray, cells: int, cell: int) -> tuple[float, float, float, float]:
    """Offset and curve's error before a jump that was just found, the jump, and what it moved the median by [V]."""
    before, size = FIRST_OFFSET + SIDE - 1, jumps[cells + 1, cell]
    return jumps[cell, before], jumps[cell, before + MEANS], size, jumps[cells, COMMON]


@bare_kernel
def take_back(jumps: FloatArray, cell: int, y: FloatArray, at: int, jump: float, common: float) -> None:
    """Undo in the other cells' filters, and in the sum, a jump that was none of the reading; as of `jump_of`."""
    cells = y.shape[0]
    jumps[cells + 3, cell] -= jump - common
    for j in range(cells):
        if j != cell:
            y[j, at] -= common


@bare_kernel
def jumped_volt(jumps: FloatArray, cells: int, cell: int) -> float:
    """By how much the reading of a cell (from 0) has jumped against the others in all [V]."""
    return float(jumps[cells + 3, cell])
