"""One current edge: corrected for the charge that moved, into the filters, in Numba."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from cellwarden.core.minute_block import EdgeBlock
from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation import resistance_kernel as kernel
from cellwarden.estimation.bare_kernel import bare_kernel, counted_kernel
from cellwarden.estimation.charge_tracks import SocTrack
from cellwarden.estimation.middle_value import finite_middle
from cellwarden.estimation.plugin import PackContext
from cellwarden.estimation.resistance_joint import name_joints
from cellwarden.estimation.resistance_state import Filters
from cellwarden.estimation.resistance_time import late_factor, let_time_pass, remember_delay

__all__ = ["Edges", "StepScale", "edges_seen", "step_scale", "take_edge"]

USUAL_CELSIUS, USUAL_SOC = 25.0, 0.6
UNKNOWN_CELSIUS_NOISE, UNKNOWN_SOC_NOISE = 0.35, 0.15  # relative, of ρ, where temperature or charge is not known
SLOPE_SHARE = 0.3  # of the open-circuit voltage's slope that may be wrong
SLOPE_FLOOR_VOLT = 0.05  # and what it may be off by on the plateau [V per unit of z]
FEWEST_LIVE_CELLS = 3
PLATEAU_SOC, KNEE_VOLT = 0.9, 0.12  # a cell charged to so far above its voltage at this z is in the knee: no edge
EMPTY_SOC, FULL_SOC, OUTSIDE_NOISE = 0.06, 0.95, 0.25  # beyond these the surface runs full or empty; relative, of ρ
GUESSED_SOC = 0.2  # width of an interval of a charge that is no more than a guess
# judged: EMPTY_SOC and 0.02 for where a curve's low knee lies
EMPTY_READ_SOC = 0.08  # a cell that reads as if emptier is taken for it: of a weak one more is counted than it holds
LATE_SECOND = 25.0  # after which a step at the ends of the curve tells where a cell stands, not what it resists
ALIKE_SECOND, ALIKE_NOISE = 300.0, 3.0  # edges soon after one another share the law's error
NOISE_MEMORY_EDGES = 40.0
MEDIAN_VARIANCE = 1.57  # of the median of normal values over that of their mean
READING_SHARE = 0.5  # of an innovation's variance that is the readings', to learn their noise from it
SIGMA_DEVIATION = 0.6745  # median deviation of normal values over their sigma
RATIO, NOISE, INNOVATION, CHANGED, CHOSEN, SORTED = range(6)  # rows of scratch, (n_cells,) each
SCRATCH_ROWS = 6


class Edges(NamedTuple):
    """Edges with the charge and temperature of their minutes: (E,) as in `EdgeBlock`, then (E, n_cells)."""

    unix_time_second: FloatArray
    elapsed_second: FloatArray
    tolerance_second: FloatArray
    before_ampere: FloatArray
    after_ampere: FloatArray
    steady_second: FloatArray
    before_volt: FloatArray
    after_volt: FloatArray
    soc_fraction: FloatArray
    ocv_slope_volt: FloatArray
    celsius: FloatArray


class StepScale(NamedTuple):
    """Of a pack: its capacity [Ah] and the resistance that ρ = 1 stands for [ohm].

    `knee_volt` is where the upper knee begins, `empty_volt` below which a cell without current is nearly empty,
    whatever has been counted [V].
    """

    nominal_ah: float
    unit_ohm: float
    knee_volt: float
    empty_volt: float


def edges_seen(edges: EdgeBlock, soc: SocTrack, temperature_celsius: FloatArray) -> Edges:
    """The edges of a block; `temperature_celsius` (M, n_cells) of its minutes.

    Where the charge is no more than a guess and may be a full one, it is taken for that: such a cell tells little.
    """
    row = edges.minute_row
    guessed = soc.soc_high_fraction - soc.soc_low_fraction > GUESSED_SOC
    may_be_full = guessed & (soc.soc_high_fraction > FULL_SOC)
    arrays = (
        edges.unix_time_second,
        edges.elapsed_second,
        edges.elapsed_tolerance_second,
        edges.current_before_ampere,
        edges.current_after_ampere,
        edges.steady_second,
        edges.voltage_before_volt,
        edges.voltage_after_volt,
        np.where(may_be_full, soc.soc_high_fraction, soc.soc_fraction)[row],
        soc.ocv_slope_volt[row],
        temperature_celsius[row],
    )
    return Edges(*map(np.ascontiguousarray, arrays))


def step_scale(context: PackContext) -> StepScale:
    """The pack's own scales."""
    model, nominal_ah = context.model, context.pack.nominal_capacity_ah
    plateau_volt = float(np.interp(PLATEAU_SOC, model.soc_fraction, model.ocv_curves[0].charge_volt))
    empty = [np.interp(EMPTY_READ_SOC, model.soc_fraction, curve.discharge_volt) for curve in model.ocv_curves]
    return StepScale(nominal_ah, model.resistance_ohm_ah / nominal_ah, plateau_volt + KNEE_VOLT, float(max(empty)))


@counted_kernel
def take_edge(state: Filters, edges: Edges, e: int, scale: StepScale, start: FloatArray) -> None:
    """Update the state's arrays in place by edge e.

    `start` (HYPOTHESES,) holds the logarithms of the weights after a change was seen.
    """
    cells = edges.celsius.shape[1]
    _take(state, edges, e, scale, start, np.empty((SCRATCH_ROWS, cells)), np.empty((cells, 2)), np.empty(2))


@bare_kernel
def _take(
    state: Filters,
    edges: Edges,
    e: int,
    scale: StepScale,
    start: FloatArray,
    work: FloatArray,
    cells: FloatArray,
    middle: FloatArray,
) -> None:
    """As `take_edge`, with scratch: SCRATCH_ROWS rows, (n_cells, 2) temperature and z of the cells, of the median."""
    ratio, noise = work[RATIO], work[NOISE]
    late = late_factor(edges.elapsed_second[e])
    live = _measure(state.noise_volt[0], edges, e, late * scale.unit_ohm, scale, ratio, noise)
    if live == 0:
        return
    no_celsius, no_soc = _place_cells(edges.celsius[e], edges.soc_fraction[e], cells)
    last, stamp = state.last_edge_unix_time_second[0], edges.unix_time_second[e]
    state.last_edge_unix_time_second[0] = stamp
    let_time_pass(state.law_covariance, state.bank_covariance, state.last_told_unix_time_second, stamp)
    for k in range(2):
        middle[k] = _middle_of(cells[:, k], ratio, work)
    middle_ratio = _middle_of(ratio, ratio, work)
    alike = 1.0 + ((ALIKE_NOISE - 1.0) * np.exp(-(stamp - last) / ALIKE_SECOND) if np.isfinite(last) else 0.0)
    unknown = UNKNOWN_CELSIUS_NOISE * no_celsius + UNKNOWN_SOC_NOISE * no_soc
    middle_noise = _middle_of(noise, ratio, work) * np.sqrt(MEDIAN_VARIANCE / live) + unknown * middle_ratio
    before, after = edges.before_ampere[e] / scale.nominal_ah, edges.after_ampere[e] / scale.nominal_ah
    timing = edges.tolerance_second[e] / max(edges.elapsed_second[e], 1.0)
    told = kernel.update_common(
        state.law,
        state.law_covariance,
        before,
        after,
        middle[0],
        middle[1],
        middle_ratio,
        middle_noise,
        timing,
        alike,
    )
    if np.isnan(told):
        return
    remember_delay(state.late_doublings, edges.elapsed_second[e])
    kernel.update_cells(
        state.bank,
        state.bank_covariance,
        state.log_weight,
        state.change,
        start,
        state.law,
        state.law_covariance,
        before,
        after,
        middle,
        cells,
        middle_ratio,
        ratio,
        noise,
        alike,
        late,
        state.edge_count,
        work[INNOVATION],
        work[CHANGED],
    )
    _count(state, ratio, work[CHANGED], stamp, edges.celsius[e])
    name_joints(state.log_weight, state.edge_count, state.edges_since_change, state.taken_for_joint)
    step_volt = abs(edges.after_ampere[e] - edges.before_ampere[e]) * scale.unit_ohm
    _learn_noise(state.noise_volt, work, step_volt, alike * kernel.CELL_LAW_SIGMA * middle_ratio)


@bare_kernel
def _measure(
    noise_volt: float, edges: Edges, e: int, unit_ohm: float, scale: StepScale, ratio: FloatArray, noise: FloatArray
) -> int:
    """Write ρ of every cell (NaN where it has none) and its noise; how many cells have one.

    `unit_ohm` is what ρ = 1 stands for so long after the step.
    """
    before, after = edges.before_ampere[e], edges.after_ampere[e]
    unit_volt = abs(after - before) * unit_ohm
    if not unit_volt > 0.0:
        return 0
    # charge moves the open-circuit voltage after the step, and before it while the reading was averaged
    lag_second = min(2.0 * edges.tolerance_second[e] * 1.5, 0.5 * edges.steady_second[e])
    moved_soc = (after * edges.elapsed_second[e] + before * lag_second) / 3600.0 / scale.nominal_ah
    is_late = edges.elapsed_second[e] > LATE_SECOND
    live = 0
    for j in range(ratio.shape[0]):
        low, high = edges.before_volt[e, j], edges.after_volt[e, j]
        slope, soc = edges.ocv_slope_volt[e, j], edges.soc_fraction[e, j]
        drift_volt = slope * moved_soc if np.isfinite(slope) else 0.0
        told = (high - low - drift_volt) * np.sign(after - before) / unit_volt
        drift_noise = SLOPE_SHARE * abs(drift_volt) + SLOPE_FLOOR_VOLT * abs(moved_soc)
        at_rest, little = (low, before) if abs(before) < abs(after) else (high, after)
        is_empty = at_rest - little * told * unit_ohm < scale.empty_volt
        is_outside = soc < EMPTY_SOC or soc > FULL_SOC or is_empty
        outside = OUTSIDE_NOISE * told if is_outside else 0.0
        noise[j] = np.sqrt((noise_volt**2 + drift_noise**2) / unit_volt**2 + outside**2)
        is_live = np.isfinite(told) and told > 0.0 and max(low, high) < scale.knee_volt
        is_live = is_live and not (is_late and is_outside)
        ratio[j] = told if is_live else np.nan
        live += 1 if is_live else 0
    return live


@bare_kernel
def _place_cells(celsius: FloatArray, soc: FloatArray, cells: FloatArray) -> tuple[float, float]:
    """Write the cells' temperature and z, usual ones where unknown; 1 where no temperature, no charge is known."""
    no_celsius, no_soc = 1.0, 1.0
    for j in range(celsius.shape[0]):
        cells[j, 0], cells[j, 1] = USUAL_CELSIUS, USUAL_SOC
        if np.isfinite(celsius[j]):
            cells[j, 0], no_celsius = celsius[j], 0.0
        if np.isfinite(soc[j]):
            cells[j, 1], no_soc = min(max(soc[j], 0.0), 1.0), 0.0
    return no_celsius, no_soc


@bare_kernel
def _middle_of(values: FloatArray, ratio: FloatArray, work: FloatArray) -> float:
    """Median of the values of cells that have a ρ."""
    for j in range(values.shape[0]):
        work[CHOSEN, j] = values[j] if ratio[j] == ratio[j] else np.nan
    return finite_middle(work[CHOSEN], work[SORTED])


@bare_kernel
def _count(state: Filters, ratio: FloatArray, changed: FloatArray, stamp: float, celsius: FloatArray) -> None:
    """Edges, times and the range of temperature of the cells that the edge told of."""
    for j in range(ratio.shape[0]):
        if ratio[j] != ratio[j]:
            continue
        state.edge_count[j] += 1.0
        state.edges_since_change[j] += 1.0
        state.informed_unix_time_second[j] = stamp
        if changed[j] > 0.0:
            state.edges_since_change[j] = 0.0
            state.changed_unix_time_second[j] = stamp
            state.coldest_celsius[j] = state.warmest_celsius[j] = celsius[j]
        if celsius[j] == celsius[j]:
            state.coldest_celsius[j] = _lower(state.coldest_celsius[j], celsius[j])
            state.coldest_ever_celsius[j] = _lower(state.coldest_ever_celsius[j], celsius[j])
            state.warmest_celsius[j] = -_lower(-state.warmest_celsius[j], -celsius[j])
            state.warmest_ever_celsius[j] = -_lower(-state.warmest_ever_celsius[j], -celsius[j])


@bare_kernel
def _lower(known: float, value: float) -> float:
    """The lower one; the value where nothing is known."""
    return min(known, value) if known == known else value


@bare_kernel
def _learn_noise(noise_volt: FloatArray, work: FloatArray, unit_volt: float, law_noise: float) -> None:
    """Follow the noise of a voltage difference by the middle of the cells' innovations, the law's own error taken out.

    Cells whose innovation has other causes, as near empty, say nothing of the readings.
    """
    seen = 0
    for j in range(work.shape[1]):
        of_readings = noise_volt[0] > np.sqrt(READING_SHARE) * work[NOISE, j] * unit_volt
        work[CHOSEN, j] = abs(work[INNOVATION, j] * unit_volt) if of_readings else np.nan
        seen += 1 if np.isfinite(work[CHOSEN, j]) else 0
    if seen < FEWEST_LIVE_CELLS:
        return
    noise_volt[1] = min(noise_volt[1] + 1.0, NOISE_MEMORY_EDGES)
    share = 1.0 / (noise_volt[1] + 5.0)
    variance = noise_volt[0] ** 2
    seen_variance = (finite_middle(work[CHOSEN], work[SORTED]) / SIGMA_DEVIATION) ** 2
    own = max(seen_variance - (law_noise * unit_volt) ** 2, 0.0)
    noise_volt[0] = np.sqrt(variance + share * (own - variance))
