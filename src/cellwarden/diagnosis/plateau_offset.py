"""What the readings on the plateau show of a cell's sensor, without any filter.

A cell's difference to the median cell is taken for the sum of what can make one there: the sensor's offset, the same
everywhere; another resistance, which goes with the current; another hysteresis, which turns with the direction of
charge; another capacity, which grows with depth; and another charge, which goes with the curve's slope. Only the first
is the sensor's. Least squares with priors (ridge regression; Hoerl and Kennard, Technometrics 12 (1970) 55), of
readings that fade over the hours in which the pack moved.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cellwarden.core.minute_block import IntArray, MinuteBlock
from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.bare_kernel import bare_kernel
from cellwarden.estimation.middle_value import finite_middle

__all__ = ["PlateauSums", "ShownOffset", "follow_plateau", "nothing_shown", "shown_offset"]

# offset [V], resistance [V per C of current], hysteresis [V], capacity [V at full depth], charge [of the capacity]
PRIOR_SIGMA = np.array([0.02, 0.05, 0.003, 0.02, 0.03])
PARTS = 5
DEPTH, DEPTH_SQUARE, SQUARES, HOURS, SUMS = 3, 18, 30, 31, 32  # places in a cell's sums
READING_VOLT, READING_HOURS = 0.001, 0.5  # what one reading of its own is off by, and how long one takes
MEMORY_HOURS = 6.0
REST_HOURS = 1.0  # over which a rest still tells something new
TURNING_SHARE = 0.02  # of the capacity, over which hysteresis changes sides (Plett 2004)
LONGEST_ROW_HOURS = 0.1
MOVING_C_RATE = 0.02


@dataclass(frozen=True, slots=True)
class PlateauSums:
    """Weighted sums over the rows that counted, and where the pack is between its branches.

    `cells` (n_cells, 32), or (R, n_cells, 32): products of the parts, those of parts and difference, the squared
    difference [V²], weight [h]. `pack` (2,): branch from −1 (discharge) to 1, hours at rest.
    """

    cells: FloatArray
    pack: FloatArray

    def depth_spread(self) -> FloatArray:
        """(…, n_cells) standard deviation of the depths at which the cells were read, as a fraction of the capacity."""
        hours = np.maximum(self.cells[..., HOURS], 1e-12)
        mean = self.cells[..., DEPTH] / hours
        return np.sqrt(np.maximum(self.cells[..., DEPTH_SQUARE] / hours - mean**2, 0.0))


@dataclass(frozen=True, slots=True)
class ShownOffset:
    """Offset against the pack's middle sensor, its sigma, and what no part explains (RMS) [V], all (R, n_cells)."""

    volt: FloatArray
    sigma_volt: FloatArray
    left_volt: FloatArray


def nothing_shown(cells: int) -> PlateauSums:
    """Before anything was read."""
    return PlateauSums(np.zeros((cells, SUMS)), np.zeros(2))


def follow_plateau(
    state: PlateauSums,
    minutes: MinuteBlock,
    capacity_ah: float,
    soc_fraction: FloatArray,
    slope_volt: FloatArray,
    use: NDArray[np.bool_],
    rows: IntArray,
) -> tuple[PlateauSums, PlateauSums]:
    """State after the block, and with the cells as they were after each of `rows` (R,).

    `soc_fraction` and `slope_volt` (M,) are those of the middle cell; `use` (M,) tells the rows on the plateau.
    """
    cells, pack = state.cells.copy(), state.pack.copy()
    kept = np.empty((len(rows), *cells.shape))
    _follow(
        cells,
        pack,
        minutes.voltage_volt,
        minutes.elapsed_second / 3600.0,
        np.nan_to_num(minutes.current_ampere / capacity_ah),
        minutes.charge_ah / capacity_ah,
        1.0 - soc_fraction,
        slope_volt,
        use & np.isfinite(minutes.current_ampere) & np.isfinite(soc_fraction) & np.isfinite(slope_volt),
        rows,
        kept,
        np.empty(minutes.voltage_volt.shape[1]),
        np.empty(PARTS),
    )
    return PlateauSums(cells, pack), PlateauSums(kept, pack)


@bare_kernel
def _follow(
    cells: FloatArray,
    pack: FloatArray,
    voltage: FloatArray,
    elapsed_hours: FloatArray,
    current: FloatArray,
    moved: FloatArray,
    depth: FloatArray,
    slope: FloatArray,
    use: NDArray[np.bool_],
    rows: IntArray,
    kept: FloatArray,
    work: FloatArray,
    parts: FloatArray,
) -> None:
    """Go through the rows, in place; `work` (n_cells,) and `parts` (5,) are scratch."""
    row = 0
    for m in range(voltage.shape[0]):
        share = np.exp(-abs(moved[m]) / TURNING_SHARE)
        pack[0] = share * pack[0] + (1.0 - share) * np.sign(moved[m])
        pack[1] = 0.0 if abs(current[m]) > MOVING_C_RATE else pack[1] + elapsed_hours[m]
        weight = min(elapsed_hours[m], LONGEST_ROW_HOURS) * np.exp(-pack[1] / REST_HOURS)
        if use[m] and weight > 0.0:
            parts[0], parts[1], parts[2], parts[3], parts[4] = 1.0, current[m], pack[0], depth[m], slope[m]
            middle = finite_middle(voltage[m], work)
            for j in range(voltage.shape[1]):
                if np.isfinite(voltage[m, j]):
                    _add(cells[j], parts, voltage[m, j] - middle, weight)
        while row < rows.shape[0] and rows[row] == m:
            for j in range(cells.shape[0]):
                for k in range(SUMS):
                    kept[row, j, k] = cells[j, k]
            row += 1


@bare_kernel
def _add(sums: FloatArray, parts: FloatArray, difference: float, weight: float) -> None:
    """Add a reading to a cell's sums (32,), whose earlier ones fade."""
    keep, k = np.exp(-weight / MEMORY_HOURS), 0
    for a in range(PARTS):
        for b in range(PARTS):
            sums[k] = keep * sums[k] + weight * parts[a] * parts[b]
            k += 1
    for a in range(PARTS):
        sums[k] = keep * sums[k] + weight * parts[a] * difference
        k += 1
    sums[SQUARES] = keep * sums[SQUARES] + weight * difference * difference
    sums[HOURS] = keep * sums[HOURS] + weight


def shown_offset(sums: PlateauSums) -> ShownOffset:
    """The offsets that sums (…, n_cells) show. What the parts leave unexplained widens the sigma."""
    scale = 1.0 / (READING_VOLT**2 * READING_HOURS)
    products = sums.cells[..., : PARTS * PARTS].reshape((*sums.cells.shape[:-1], PARTS, PARTS))
    readings = sums.cells[..., PARTS * PARTS : SQUARES]
    wanted = np.diag(PRIOR_SIGMA**-2.0) + scale * products
    parts = np.linalg.solve(wanted, scale * readings[..., None])[..., 0]
    explained = np.einsum("...a,...a", parts, 2.0 * readings - np.einsum("...ab,...b", products, parts))
    left = np.maximum(sums.cells[..., SQUARES] - explained, 0.0) / np.maximum(sums.cells[..., HOURS], READING_HOURS)
    variance = np.linalg.inv(wanted)[..., 0, 0] * np.maximum(left / READING_VOLT**2, 1.0)
    offset = parts[..., 0]
    return ShownOffset(offset - np.median(offset, axis=-1, keepdims=True), np.sqrt(variance), np.sqrt(left))
