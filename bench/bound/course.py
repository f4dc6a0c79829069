"""What a pack of known truth went through, in steps of some minutes: the trajectory that a bound is taken along."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from cellwarden.core.pack_spec import PackSpec
from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.central_cell import RELAXATION_SECOND
from cellwarden.models.cell_model import CellModel

__all__ = ["BoundCourse", "read_course"]

SPARSE_SECOND = 20
SAMPLING_SHARE = 0.2  # of a jump between two rows that the count may miss


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundCourse:
    """(S,) steps, (n,) cells.

    Attributes
    ----------
    unix_time_second : (S,) end of each step [s]
    step_hour : length of a step [h]
    soc_fraction : (S, n) true charge at the end of the steps
    moved_ah, missed_ah : (S,) charge moved by the string, and one sigma of what the rows' spacing leaves open [Ah]
    bled_ah : (S, n) charge bled by the balancer as logged [Ah]
    current_ampere : (S,) in the step's last minute
    filtered_ampere : (S, 2) low-passed by the two slow time constants of the parameter set
    hysteresis : (S,) −1 … 1, of first order
    temperature_celsius : (S,) mean of the cells
    relaxing_ampere : (S,) what is left of the largest current that flowed [A]
    """

    unix_time_second: FloatArray
    step_hour: float
    soc_fraction: FloatArray
    moved_ah: FloatArray
    missed_ah: FloatArray
    bled_ah: FloatArray
    current_ampere: FloatArray
    filtered_ampere: FloatArray
    hysteresis: FloatArray
    temperature_celsius: FloatArray
    relaxing_ampere: FloatArray


def read_course(folder: Path, spec: PackSpec, model: CellModel, step_minute: int) -> BoundCourse:
    """The course of a pack's truth files, with the bleeds of its log."""
    truth: dict[str, Any] = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    table = pq.read_table(folder / "truth.parquet")
    cells = len(truth["cells"])
    stamp = table["unix_time_second"].to_numpy().astype(np.float64)
    soc = _columns(table, "cell_soc_c{}_fraction", cells)
    capacity = np.array([cell["capacity_ah"] for cell in truth["cells"]])
    # A bleed or a leak touches single cells: the string's charge is what most cells have moved.
    moved = np.median(np.diff(soc, axis=0, prepend=soc[:1]) * capacity, axis=1)
    current = 60.0 * moved
    gap = float(truth["sample_second"])
    jump = np.abs(np.diff(current, prepend=current[0])) if gap > SPARSE_SECOND else np.zeros(len(stamp))
    steps = len(stamp) // step_minute
    last = np.arange(1, steps + 1) * step_minute - 1
    return BoundCourse(
        unix_time_second=stamp[last],
        step_hour=step_minute / 60.0,
        soc_fraction=soc[last],
        moved_ah=_summed(moved, steps, step_minute),
        missed_ah=np.sqrt(_summed((SAMPLING_SHARE * jump * gap / 3600.0) ** 2, steps, step_minute)),
        bled_ah=_bled(folder / "log.parquet", spec, stamp[0], steps, step_minute),
        current_ampere=current[last],
        filtered_ampere=np.stack([_low_passed(current, tau)[last] for tau in model.slow_time_constant_second], axis=1),
        hysteresis=_hysteresis(moved / float(np.median(capacity)), model.hysteresis_rate)[last],
        temperature_celsius=_columns(table, "cell_temperature_c{}_celsius", cells).mean(axis=1)[last],
        relaxing_ampere=_relaxing(np.abs(current))[last],
    )


def _columns(table: Any, name: str, cells: int) -> FloatArray:
    return np.stack([table[name.format(cell + 1)].to_numpy().astype(np.float64) for cell in range(cells)], axis=1)


def _summed(values: FloatArray, steps: int, width: int) -> FloatArray:
    return np.asarray(values[: steps * width].reshape(steps, width).sum(axis=1))


def _bled(log: Path, spec: PackSpec, start: float, steps: int, width: int) -> FloatArray:
    """(S, n) logged duty times the balancing current and the step's length [Ah]; 0 where it is not logged."""
    cells = spec.cells_in_series
    names = [f"balancing_c{cell + 1}_percent" for cell in range(cells)]
    if names[0] not in pq.ParquetFile(log).schema_arrow.names:
        return np.zeros((steps, cells))
    table = pq.read_table(log, columns=["unix_time_millisecond", *names])
    place = ((1e-3 * table["unix_time_millisecond"].to_numpy() - start) // (60.0 * width)).astype(np.int64)
    inside = (place >= 0) & (place < steps)
    count = np.maximum(np.bincount(place[inside], minlength=steps), 1)
    duty = [
        np.bincount(place[inside], table[name].fill_null(0).to_numpy()[inside], minlength=steps) / count
        for name in names
    ]
    return np.stack(duty, axis=1) / 100.0 * spec.balancing_current_ampere * width / 60.0


def _low_passed(current: FloatArray, time_constant_second: float) -> FloatArray:
    keep, level = float(np.exp(-60.0 / time_constant_second)), 0.0
    out = np.empty_like(current)
    for k, value in enumerate(current):
        level = keep * level + (1.0 - keep) * value
        out[k] = level
    return out


def _hysteresis(soc_step: FloatArray, rate: float) -> FloatArray:
    level, out = 0.0, np.empty_like(soc_step)
    for k, step in enumerate(soc_step):
        keep = float(np.exp(-rate * abs(step)))
        level = keep * level + (1.0 - keep) * np.sign(step)
        out[k] = level
    return out


def _relaxing(amount: FloatArray) -> FloatArray:
    """The largest of the amounts so far, each forgotten with the program's time of relaxation."""
    keep, level = float(np.exp(-60.0 / RELAXATION_SECOND)), 0.0
    out = np.empty_like(amount)
    for k, value in enumerate(amount):
        level = max(keep * level, value)
        out[k] = level
    return out
