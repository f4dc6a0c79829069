"""Rows of the resistance track from states of the filters."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cellwarden.core.minute_block import IntArray
from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation import resistance_kernel as kernel
from cellwarden.estimation.middle_value import middle_values
from cellwarden.estimation.plugin import PackContext
from cellwarden.estimation.resistance_law import LOG_SCALE, TRANSFER_ACTIVATION
from cellwarden.estimation.resistance_state import ResistanceState
from cellwarden.estimation.resistance_time import LATE_SIGMA

__all__ = ["DECIDED_SHARE", "DECIDING_SPAN_KELVIN", "Snapshot", "fill_rows", "rows_of", "snapshot"]

DECIDING_SPAN_KELVIN = 10.0
DECIDED_SHARE = 0.9  # of joint against joint or aged cell, to be sure of either
SETTLED_FRACTION = 4.0 * kernel.SMALL_SIGMA  # of a part, beyond what a sound cell may have
LAW_FLOOR_SIGMA = 0.012  # what the law itself may be off by at the reference, however many edges there were
TEMPERATURE_SIGMA_KELVIN = 0.3  # of a cell against the sensor that touches it
LEAST_RELATIVE = 0.05  # no cell has less of its neighbours' resistance: a channel that stands still answers no step
_TWO_SIDED = 1.96
_AGED, _RISE = [kernel.AGED_FILM, kernel.AGED_TRANSFER], [kernel.FILM, kernel.TRANSFER]


# what the track is made of: of the law, then (n_cells, …) of the cells
_LAW = ("law", "law_covariance", "last_told_unix_time_second", "late_doublings")
_CELLS = (
    "bank",
    "bank_covariance",
    "log_weight",
    "taken_for_joint",
    "informed_unix_time_second",
    "changed_unix_time_second",
    "coldest_celsius",
    "warmest_celsius",
    "coldest_ever_celsius",
    "warmest_ever_celsius",
    "edge_count",
    "edges_since_change",
)
Snapshot = tuple[FloatArray, ...]


def snapshot(state: ResistanceState) -> Snapshot:
    """What of a state the track is made of, copied: filters go on in place."""
    return tuple(getattr(state, name).copy() for name in (*_LAW, *_CELLS))


def fill_rows(state: ResistanceState, unix_time_second: FloatArray, context: PackContext) -> dict[str, FloatArray]:
    """Values of the track at the given stamps (R,) from one state: arrays (R, n_cells), `middle_ohm` (R,)."""
    return rows_of([snapshot(state)], np.zeros(len(unix_time_second), dtype=np.int64), unix_time_second, context)


def rows_of(
    snapshots: Sequence[Snapshot], place: IntArray, unix_time_second: FloatArray, context: PackContext
) -> dict[str, FloatArray]:
    """Values of the track at stamps (R,) [s], of which `place` (R,) tells the snapshot: (R, n_cells)."""
    seen = dict(zip((*_LAW, *_CELLS), map(np.stack, zip(*snapshots, strict=True)), strict=True))
    law, law_covariance, last, late = (seen[name] for name in _LAW)
    cells = _of_cells({name: seen[name].reshape(-1, *seen[name].shape[2:]) for name in _CELLS}, len(snapshots))
    total, total_variance = cells.pop("total"), cells.pop("total_variance")
    centre = middle_values(total)[:, None]
    relative = np.maximum((1.0 + total) / (1.0 + centre), LEAST_RELATIVE)
    floor = ((law[:, TRANSFER_ACTIVATION] * TEMPERATURE_SIGMA_KELVIN / 298.15**2) ** 2)[:, None]
    unit_ohm = context.model.resistance_ohm_ah / context.pack.nominal_capacity_ah
    middle_ohm = unit_ohm * np.exp(law[:, LOG_SCALE, None]) * (1.0 + centre)
    gain = 0.5 * context.pack.sensors.current_gain_tolerance_fraction
    days = np.nan_to_num(np.maximum(unix_time_second[:, None] - last[place], 0.0) / 86400.0)
    common = (law_covariance[:, LOG_SCALE, LOG_SCALE, None] + LAW_FLOOR_SIGMA**2 + gain**2)[place]
    common = common + kernel.COMMON_WALK_PER_DAY * days + ((LATE_SIGMA * late[:, :1]) ** 2)[place]
    variance = (total_variance + floor)[place] + kernel.PARTS * kernel.CELL_WALK_PER_DAY * days
    spread = np.exp(_TWO_SIDED * np.sqrt(common + variance / relative[place] ** 2))
    resistance_ohm = (middle_ohm * relative)[place]
    held = {
        "relative_fraction": relative,
        "cell_excess_fraction": (cells.pop("own") - centre) / (1.0 + centre),
        "cell_excess_sigma_fraction": np.sqrt(cells.pop("own_variance") + floor),
        "cell_rise_fraction": cells.pop("rise") / (1.0 + centre),
        "cell_rise_sigma_fraction": np.sqrt(cells.pop("rise_variance") + floor),
        "joint_excess_fraction": cells.pop("joint") / (1.0 + centre),
        "joint_excess_sigma_fraction": np.sqrt(cells.pop("joint_variance")),
        "middle_ohm": middle_ohm[:, 0],
        **cells,
    }
    return {
        "resistance_ohm": resistance_ohm,
        "resistance_low_ohm": resistance_ohm / spread,
        "resistance_high_ohm": resistance_ohm * spread,
        "relative_sigma_fraction": np.sqrt(variance),
        **{name: values[place] for name, values in held.items()},
    }


def _of_cells(seen: dict[str, FloatArray], states: int) -> dict[str, FloatArray]:
    """What each cell says for itself, (states, n_cells), from arrays (states · n_cells, …)."""
    weight, bank, covariance = _weights(seen["log_weight"]), seen["bank"], seen["bank_covariance"]
    total, total_variance = _total(bank, covariance, weight)
    parts = _parts(bank, covariance, weight, seen["taken_for_joint"])
    values = {
        "total": total,
        "total_variance": total_variance,
        **dict(zip(("own", "own_variance", "joint", "joint_variance", "rise", "rise_variance"), parts, strict=True)),
        "aged_probability": _probability(bank, weight, _AGED, _RISE),
        "joint_probability": _probability(bank, weight, [kernel.BAD_JOINT], [kernel.JOINT]),
        "temperature_span_kelvin": np.nan_to_num(seen["warmest_celsius"] - seen["coldest_celsius"]),
        "usual_span_kelvin": np.nan_to_num(seen["warmest_ever_celsius"] - seen["coldest_ever_celsius"]),
        **{name: seen[name] for name in ("informed_unix_time_second", "changed_unix_time_second")},
        **{name: seen[name] for name in ("edge_count", "edges_since_change")},
    }
    return {name: value.reshape(states, -1) for name, value in values.items()}


def _weights(log_weight: FloatArray) -> FloatArray:
    """(n_cells, HYPOTHESES) probabilities."""
    weight = np.exp(log_weight - log_weight.max(axis=1, keepdims=True))
    return np.asarray(weight / weight.sum(axis=1, keepdims=True))


def _probability(bank: FloatArray, weight: FloatArray, hypotheses: list[int], parts: list[int]) -> FloatArray:
    """(n_cells,) that one of these parts has changed, now or in what was settled before."""
    settled = bank[:, kernel.HEALTHY, parts].sum(axis=1) > SETTLED_FRACTION
    return np.asarray(weight[:, hypotheses].sum(axis=1) + np.where(settled, weight[:, kernel.HEALTHY], 0.0))


def _total(bank: FloatArray, covariance: FloatArray, weight: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mean and variance over the hypotheses of μ + α + τ + κ, (n_cells,)."""
    mean = bank[:, :, : kernel.PARTS].sum(axis=2)
    variance = covariance[:, :, : kernel.PARTS, : kernel.PARTS].sum(axis=(2, 3))
    centre = (weight * mean).sum(axis=1)
    return centre, (weight * (variance + (mean - centre[:, None]) ** 2)).sum(axis=1)


def _parts(
    bank: FloatArray, covariance: FloatArray, weight: FloatArray, taken_for_joint: FloatArray
) -> tuple[FloatArray, ...]:
    """Cell part μ + α + τ, joint κ, rise α + τ, each with its variance, by the hypothesis that counts, (n_cells,).

    Something changed or nothing did; if it did, it is taken for the cell's unless it was named a joint's.
    """
    cells = np.arange(weight.shape[0])
    aged = np.where(weight[:, kernel.AGED_FILM] > weight[:, kernel.AGED_TRANSFER], *_AGED)
    changed = np.where(taken_for_joint > 0.0, kernel.BAD_JOINT, aged)
    chosen = np.where(weight[:, kernel.HEALTHY] > 0.5, kernel.HEALTHY, changed)
    x, p = bank[cells, chosen], covariance[cells, chosen]
    return tuple(
        values
        for parts in ([kernel.SIZE, *_RISE], [kernel.JOINT], _RISE)
        for values in (x[:, parts].sum(axis=1), p[:, parts][:, :, parts].sum(axis=(1, 2)))
    )
