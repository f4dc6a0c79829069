"""One current edge: corrected for the charge that moved, into the filters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cellwarden.core.minute_block import EdgeBlock
from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation import resistance_kernel as kernel
from cellwarden.estimation.charge_tracks import SocTrack
from cellwarden.estimation.middle_value import middle_value
from cellwarden.estimation.plugin import PackContext
from cellwarden.estimation.resistance_rows import name_joints
from cellwarden.estimation.resistance_state import ResistanceState
from cellwarden.estimation.resistance_time import let_time_pass

__all__ = ["EdgeView", "take_edge"]

USUAL_CELSIUS, USUAL_SOC = 25.0, 0.6
UNKNOWN_CELSIUS_NOISE, UNKNOWN_SOC_NOISE = 0.35, 0.15  # relative, of ρ, where temperature or charge is not known
SLOPE_SHARE = 0.3  # of the open-circuit voltage's slope that may be wrong
SLOPE_FLOOR_VOLT = 0.05  # and what it may be off by on the plateau [V per unit of z]
FEWEST_LIVE_CELLS = 3
PLATEAU_SOC, KNEE_VOLT = 0.9, 0.12  # a cell charged to so far above its voltage at this z is in the knee: no edge
MIDDLE_SOC, OUTSIDE_NOISE = (0.06, 0.95), 0.25  # beyond these the surface runs full or empty; relative, of ρ
ALIKE_SECOND, ALIKE_NOISE = 300.0, 3.0  # edges soon after one another share the law's error
NOISE_MEMORY_EDGES = 40.0


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeView:
    """One edge with the charge and temperature of its minute; per cell (n_cells,)."""

    unix_time_second: float
    elapsed_second: float
    tolerance_second: float
    before_ampere: float
    after_ampere: float
    steady_second: float
    step_volt: FloatArray
    highest_volt: FloatArray
    soc_fraction: FloatArray
    ocv_slope_volt: FloatArray
    temperature_celsius: FloatArray

    @classmethod
    def of(cls, edges: EdgeBlock, e: int, soc: SocTrack, temperature_celsius: FloatArray, row: int) -> EdgeView:
        """Edge e, which was complete in that minute row."""
        return cls(
            unix_time_second=float(edges.unix_time_second[e]),
            elapsed_second=float(edges.elapsed_second[e]),
            tolerance_second=float(edges.elapsed_tolerance_second[e]),
            before_ampere=float(edges.current_before_ampere[e]),
            after_ampere=float(edges.current_after_ampere[e]),
            steady_second=float(edges.steady_second[e]),
            step_volt=edges.voltage_after_volt[e] - edges.voltage_before_volt[e],
            highest_volt=np.maximum(edges.voltage_after_volt[e], edges.voltage_before_volt[e]),
            soc_fraction=soc.soc_fraction[row],
            ocv_slope_volt=soc.ocv_slope_volt[row],
            temperature_celsius=temperature_celsius[row],
        )


def take_edge(state: ResistanceState, edge: EdgeView, context: PackContext) -> None:
    """Update the state's arrays in place by one edge."""
    measured = _measured(state, edge, context)
    if measured is None:
        return
    ratio, noise, live = measured
    rate = context.pack.nominal_capacity_ah
    before, after = edge.before_ampere / rate, edge.after_ampere / rate
    celsius = np.where(np.isfinite(edge.temperature_celsius), edge.temperature_celsius, USUAL_CELSIUS)
    soc = np.clip(np.where(np.isfinite(edge.soc_fraction), edge.soc_fraction, USUAL_SOC), 0.0, 1.0)
    since_second = _since_last_edge(state, edge.unix_time_second)
    let_time_pass(state, edge.unix_time_second)
    middle = (middle_value(celsius[live]), middle_value(soc[live]))
    middle_ratio = middle_value(ratio[live])
    timing = edge.tolerance_second / max(edge.elapsed_second, 1.0)
    alike = 1.0 + (ALIKE_NOISE - 1.0) * float(np.exp(-since_second / ALIKE_SECOND))
    middle_noise = middle_value(noise[live]) * float(np.sqrt(1.57 / live.sum())) + _unknown(edge) * middle_ratio
    told = kernel.update_common(
        state.law, state.law_covariance, before, after, *middle, middle_ratio, middle_noise, timing, alike
    )
    if np.isnan(told):
        return
    innovation, changed = np.empty(live.shape[0]), np.empty(live.shape[0])
    kernel.update_cells(
        state.bank,
        state.bank_covariance,
        state.log_weight,
        state.change,
        np.log(kernel.CHANGE_PROBABILITY),
        state.law,
        state.law_covariance,
        before,
        after,
        np.array(middle),
        np.column_stack([celsius, soc]),
        middle_ratio,
        np.where(live, ratio, np.nan),
        noise,
        alike,
        innovation,
        changed,
    )
    name_joints(state)
    _count(state, live, changed > 0.0, edge)
    _learn_noise(state, innovation * _volt_per_unit(edge, context))


def _volt_per_unit(edge: EdgeView, context: PackContext) -> float:
    """Voltage that ρ = 1 drops in this step [V]."""
    resistance_ohm = context.model.resistance_ohm_ah / context.pack.nominal_capacity_ah
    return abs(edge.after_ampere - edge.before_ampere) * resistance_ohm


def _measured(
    state: ResistanceState, edge: EdgeView, context: PackContext
) -> tuple[FloatArray, FloatArray, NDArray[np.bool_]] | None:
    """ρ of every cell, its noise, and which cells have one; None where no cell has."""
    step_ampere = edge.after_ampere - edge.before_ampere
    unit_volt = _volt_per_unit(edge, context)
    if not unit_volt > 0.0:
        return None
    # charge moves the open-circuit voltage after the step, and before it while the reading was averaged
    lag_second = min(2.0 * edge.tolerance_second * 1.5, 0.5 * edge.steady_second)
    moved_ah = (edge.after_ampere * edge.elapsed_second + edge.before_ampere * lag_second) / 3600.0
    moved_soc = moved_ah / context.pack.nominal_capacity_ah
    slope = np.where(np.isfinite(edge.ocv_slope_volt), edge.ocv_slope_volt, 0.0)
    drift_volt = slope * moved_soc
    ratio = (edge.step_volt - drift_volt) * np.sign(step_ampere) / unit_volt
    drift_noise = SLOPE_SHARE * np.abs(drift_volt) + SLOPE_FLOOR_VOLT * abs(moved_soc)
    outside = (edge.soc_fraction < MIDDLE_SOC[0]) | (edge.soc_fraction > MIDDLE_SOC[1])
    noise = np.hypot(
        np.hypot(state.noise_volt[0], drift_noise) / unit_volt, np.where(outside, OUTSIDE_NOISE * ratio, 0.0)
    )
    knee_volt = np.interp(PLATEAU_SOC, context.model.soc_fraction, context.model.ocv_curves[0].charge_volt) + KNEE_VOLT
    live = np.isfinite(ratio) & (ratio > 0.0) & (edge.highest_volt < knee_volt)
    if not live.any():
        return None
    return ratio, noise, live


def _unknown(edge: EdgeView) -> float:
    """Relative noise of ρ for what is not known of the edge."""
    no_temperature = not np.isfinite(edge.temperature_celsius).any()
    no_soc = not np.isfinite(edge.soc_fraction).any()
    return UNKNOWN_CELSIUS_NOISE * no_temperature + UNKNOWN_SOC_NOISE * no_soc


def _since_last_edge(state: ResistanceState, unix_time_second: float) -> float:
    """Time since the edge before [s], infinite for the first."""
    last = float(state.last_edge_unix_time_second[0])
    state.last_edge_unix_time_second[0] = unix_time_second
    return unix_time_second - last if np.isfinite(last) else float("inf")


def _count(state: ResistanceState, live: NDArray[np.bool_], changed: NDArray[np.bool_], edge: EdgeView) -> None:
    """Edges, times and the range of temperature of the cells that the edge told of."""
    celsius = edge.temperature_celsius
    state.edge_count[live] += 1.0
    state.edges_since_change[live] += 1.0
    state.edges_since_change[changed] = 0.0
    state.informed_unix_time_second[live] = edge.unix_time_second
    state.changed_unix_time_second[changed] = edge.unix_time_second
    state.coldest_celsius[changed] = celsius[changed]
    state.warmest_celsius[changed] = celsius[changed]
    state.coldest_celsius[live] = np.fmin(state.coldest_celsius, celsius)[live]
    state.warmest_celsius[live] = np.fmax(state.warmest_celsius, celsius)[live]
    state.coldest_ever_celsius[live] = np.fmin(state.coldest_ever_celsius, celsius)[live]
    state.warmest_ever_celsius[live] = np.fmax(state.warmest_ever_celsius, celsius)[live]


def _learn_noise(state: ResistanceState, innovation_volt: FloatArray) -> None:
    """Follow the noise of a voltage difference by the middle of the cells' innovations."""
    seen = np.abs(innovation_volt[np.isfinite(innovation_volt)])
    if seen.shape[0] < FEWEST_LIVE_CELLS:
        return
    state.noise_volt[1] = min(state.noise_volt[1] + 1.0, NOISE_MEMORY_EDGES)
    share = 1.0 / (state.noise_volt[1] + 5.0)
    variance = state.noise_volt[0] ** 2
    state.noise_volt[0] = np.sqrt(variance + share * ((middle_value(seen) / 0.6745) ** 2 - variance))
