"""Rows of the resistance track from one state of the filters."""

from __future__ import annotations

import numpy as np

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation import resistance_kernel as kernel
from cellwarden.estimation.middle_value import middle_value
from cellwarden.estimation.plugin import PackContext
from cellwarden.estimation.resistance_law import LOG_SCALE, TRANSFER_ACTIVATION
from cellwarden.estimation.resistance_state import ResistanceState

__all__ = ["DECIDED_SHARE", "DECIDING_SPAN_KELVIN", "fill_rows", "name_joints"]

DECIDING_SPAN_KELVIN = 10.0
# of joint against joint or aged cell: to name it, for as long as it stays the likelier one, and to be sure of either
LIKELY_SHARE, HOLDING_SHARE, DECIDED_SHARE = 0.7, 0.5, 0.9
SETTLED_FRACTION = 4.0 * kernel.SMALL_SIGMA  # of a part, beyond what a sound cell may have
LAW_FLOOR_SIGMA = 0.012  # what the law itself may be off by at the reference, however many edges there were
TEMPERATURE_SIGMA_KELVIN = 0.3  # of a cell against the sensor that touches it
_TWO_SIDED = 1.96


def fill_rows(state: ResistanceState, unix_time_second: FloatArray, context: PackContext) -> dict[str, FloatArray]:
    """Values of the track at the given stamps (R,): arrays (R, n_cells), or (n_cells,) where they do not change."""
    last = state.last_told_unix_time_second[0]
    days = np.maximum(unix_time_second - last, 0.0) / 86400.0 if np.isfinite(last) else np.zeros(len(unix_time_second))
    weight = _weights(state.log_weight)
    total, total_variance = _total(state, weight)
    centre = middle_value(total)
    relative = (1.0 + total) / (1.0 + centre)
    floor = (state.law[TRANSFER_ACTIVATION] * TEMPERATURE_SIGMA_KELVIN / 298.15**2) ** 2
    variance = total_variance + floor + kernel.PARTS * kernel.CELL_WALK_PER_DAY * days[:, None]
    unit_ohm = context.model.resistance_ohm_ah / context.pack.nominal_capacity_ah
    middle_ohm = unit_ohm * np.exp(state.law[LOG_SCALE]) * (1.0 + centre)
    gain = 0.5 * context.pack.sensors.current_gain_tolerance_fraction
    common = (
        state.law_covariance[LOG_SCALE, LOG_SCALE]
        + LAW_FLOOR_SIGMA**2
        + gain**2
        + kernel.COMMON_WALK_PER_DAY * days[:, None]
    )
    spread = np.exp(_TWO_SIDED * np.sqrt(common + variance / relative**2))
    parts = _parts(state, weight)
    return {
        "resistance_ohm": middle_ohm * relative,
        "resistance_low_ohm": middle_ohm * relative / spread,
        "resistance_high_ohm": middle_ohm * relative * spread,
        "informed_unix_time_second": state.informed_unix_time_second,
        "middle_ohm": np.array(middle_ohm),
        "relative_fraction": relative,
        "relative_sigma_fraction": np.sqrt(variance),
        "cell_excess_fraction": (parts[0] - centre) / (1.0 + centre),
        "cell_excess_sigma_fraction": np.sqrt(parts[1] + floor),
        "cell_rise_fraction": parts[4] / (1.0 + centre),
        "cell_rise_sigma_fraction": np.sqrt(parts[5] + floor),
        "joint_excess_fraction": parts[2] / (1.0 + centre),
        "joint_excess_sigma_fraction": np.sqrt(parts[3]),
        "aged_probability": _probability(state, weight, kernel.AGED_CELL, kernel.FILM),
        "joint_probability": _probability(state, weight, kernel.BAD_JOINT, kernel.JOINT),
        "temperature_span_kelvin": np.nan_to_num(state.warmest_celsius - state.coldest_celsius),
        "usual_span_kelvin": np.nan_to_num(state.warmest_ever_celsius - state.coldest_ever_celsius),
        "changed_unix_time_second": state.changed_unix_time_second,
        "edge_count": state.edge_count,
        "edges_since_change": state.edges_since_change,
    }


def name_joints(state: ResistanceState) -> None:
    """Take for a joint's what is clearly likelier one, until the cell is: chances near a bound would flap."""
    weight = _weights(state.log_weight)
    share = weight[:, kernel.BAD_JOINT] / (weight[:, kernel.BAD_JOINT] + weight[:, kernel.AGED_CELL])
    held = (state.taken_for_joint > 0.0) & (share > HOLDING_SHARE)
    state.taken_for_joint[:] = held | (share > LIKELY_SHARE)


def _weights(log_weight: FloatArray) -> FloatArray:
    """(n_cells, HYPOTHESES) probabilities."""
    weight = np.exp(log_weight - log_weight.max(axis=1, keepdims=True))
    return np.asarray(weight / weight.sum(axis=1, keepdims=True))


def _probability(state: ResistanceState, weight: FloatArray, hypothesis: int, part: int) -> FloatArray:
    """(n_cells,) that this part has changed, now or in what was settled before."""
    settled = state.bank[:, kernel.HEALTHY, part] > SETTLED_FRACTION
    return weight[:, hypothesis] + np.where(settled, weight[:, kernel.HEALTHY], 0.0)


def _total(state: ResistanceState, weight: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mean and variance over the hypotheses of μ + α + κ, (n_cells,)."""
    mean = state.bank[:, :, : kernel.PARTS].sum(axis=2)
    variance = state.bank_covariance[:, :, : kernel.PARTS, : kernel.PARTS].sum(axis=(2, 3))
    centre = (weight * mean).sum(axis=1)
    return centre, (weight * (variance + (mean - centre[:, None]) ** 2)).sum(axis=1)


def _parts(state: ResistanceState, weight: FloatArray) -> tuple[FloatArray, ...]:
    """Cell part μ + α, joint κ and film α, each with its variance, under the hypothesis that counts, (n_cells,).

    Something changed or nothing did; if it did, it is taken for the cell's unless it was named a joint's.
    """
    cells = np.arange(weight.shape[0])
    changed = np.where(state.taken_for_joint > 0.0, kernel.BAD_JOINT, kernel.AGED_CELL)
    chosen = np.where(weight[:, kernel.HEALTHY] > 0.5, kernel.HEALTHY, changed)
    x, p = state.bank[cells, chosen], state.bank_covariance[cells, chosen]
    own = [kernel.SIZE, kernel.FILM]
    cell_variance = p[:, own][:, :, own].sum(axis=(1, 2))
    joint_variance, film_variance = p[:, kernel.JOINT, kernel.JOINT], p[:, kernel.FILM, kernel.FILM]
    return x[:, own].sum(axis=1), cell_variance, x[:, kernel.JOINT], joint_variance, x[:, kernel.FILM], film_variance
