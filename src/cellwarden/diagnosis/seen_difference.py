"""What the readings themselves show of a cell, before any filter: its difference to the middle cell where it counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cellwarden.core.minute_block import MinuteBlock
from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.bare_kernel import bare_kernel
from cellwarden.estimation.knee_voltage import plateau_volt
from cellwarden.estimation.middle_value import finite_middle, known_middle_values
from cellwarden.models.cell_model import CellModel

__all__ = ["SeenDifference", "follow_difference", "is_off_knee", "middle_volt", "unseen"]


@dataclass(frozen=True, slots=True)
class SeenDifference:
    """Mean difference to the median cell [V] and hours behind it, (n_cells,), or (M, n_cells) along a block."""

    volt: FloatArray
    hours: FloatArray


def unseen(cells: int) -> SeenDifference:
    """Before anything was read."""
    return SeenDifference(np.zeros(cells), np.zeros(cells))


def middle_volt(minutes: MinuteBlock) -> FloatArray:
    """(M,) median reading [V], 0 where no cell was read."""
    return np.nan_to_num(known_middle_values(minutes.voltage_volt), nan=0.0)


def is_off_knee(minutes: MinuteBlock, away_volt: FloatArray, model: CellModel) -> NDArray[np.bool_]:
    """(M, n_cells) whether cells so far from the middle one [V] stand below the upper knee, on the plateau."""
    return middle_volt(minutes)[:, None] + away_volt < plateau_volt(model)


def follow_difference(
    state: SeenDifference, minutes: MinuteBlock, use: NDArray[np.bool_], memory_hours: float
) -> tuple[SeenDifference, SeenDifference]:
    """State after the block, and (M, n_cells) along it; `use` (M,) tells the rows that count.

    The mean fades over `memory_hours` of rows that count.
    """
    volt = np.empty(minutes.voltage_volt.shape)
    hours = np.empty(minutes.voltage_volt.shape)
    mean, weight = state.volt.copy(), state.hours.copy()
    _follow(
        mean,
        weight,
        minutes.voltage_volt,
        minutes.elapsed_second / 3600.0,
        use,
        memory_hours,
        volt,
        hours,
        np.empty_like(mean),
    )
    return SeenDifference(mean, weight), SeenDifference(volt, hours)


@bare_kernel
def _follow(
    mean: FloatArray,
    weight: FloatArray,
    voltage: FloatArray,
    elapsed_hours: FloatArray,
    use: NDArray[np.bool_],
    memory_hours: float,
    out_volt: FloatArray,
    out_hours: FloatArray,
    kept: FloatArray,
) -> None:
    """Go through the rows, in place; `kept` (n_cells,) is scratch."""
    for m in range(voltage.shape[0]):
        if use[m] and elapsed_hours[m] > 0.0:
            middle = finite_middle(voltage[m], kept)
            keep = np.exp(-elapsed_hours[m] / memory_hours)
            for j in range(voltage.shape[1]):
                if np.isfinite(voltage[m, j]):
                    weight[j] = keep * weight[j] + elapsed_hours[m]
                    mean[j] += elapsed_hours[m] / weight[j] * (voltage[m, j] - middle - mean[j])
        for j in range(voltage.shape[1]):
            out_volt[m, j], out_hours[m, j] = mean[j], weight[j]
