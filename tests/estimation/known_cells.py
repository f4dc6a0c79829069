"""A pack of known resistances as samples: steps of current at constant charge, an instant response, no diffusion."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from cellwarden.core.board import Board
from cellwarden.core.minute_block import EdgeBlock, MinuteBlock
from cellwarden.core.pack_spec import PackSpec, SensorSpec
from cellwarden.core.sample_block import FloatArray, SampleBlock
from cellwarden.estimation.charge_tracks import SocTrack
from cellwarden.estimation.minute_reduction import initial_reduction, reduce_to_minutes
from cellwarden.estimation.plugin import PackContext
from cellwarden.estimation.resistance import ESTIMATOR
from cellwarden.estimation.resistance_state import ResistanceState
from cellwarden.estimation.resistance_track import ResistanceTrack
from cellwarden.models.parameter_set import load_cell_model

REFERENCE_OHM = 1.15e-3
SERIES_KELVIN, TRANSFER_KELVIN, TRANSFER_SCALE = 2600.0, 4700.0, 0.6
STEP_SECOND = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPack:
    """Resistance of each cell over the usual one, and what is added from the middle of the log on [ohm]."""

    size: FloatArray
    film_ohm: FloatArray
    joint_ohm: FloatArray
    temperature_celsius: tuple[float, float] = (22.0, 28.0)
    steps: int = 60
    seed: int = 1


def context_of(cells: int) -> PackContext:
    """One 100 Ah string with one sensor on all of its cells."""
    touched = tuple(range(1, cells + 1))
    pack = PackSpec(
        id="known",
        cells_in_series=cells,
        nominal_capacity_ah=100.0,
        sensors=SensorSpec(temperature_cells={"t1": touched} if cells else {}),
    )
    return PackContext(
        pack=pack,
        model=load_cell_model("lfp"),
        sensors=("t1",),
        sensor_cells=(tuple(range(cells)),),
        has_current=True,
        has_ambient=False,
        has_balancing=False,
    )


def usual_drop_volt(current_c: FloatArray, inverse: FloatArray) -> FloatArray:
    """Half series, half charge transfer; the reference step drops REFERENCE_OHM."""
    scale = TRANSFER_SCALE * np.exp(-TRANSFER_KELVIN * inverse)
    transfer = np.arcsinh(current_c / scale) * 0.5 / np.arcsinh(0.5 / TRANSFER_SCALE)
    series = current_c * np.exp(SERIES_KELVIN * inverse)
    return np.asarray(100.0 * REFERENCE_OHM * 0.5 * (series + transfer))


def samples_of(known: KnownPack) -> SampleBlock:
    """One sample a second."""
    rng = np.random.default_rng(known.seed)
    levels = np.where(np.arange(known.steps) % 3 == 0, 0.0, -rng.uniform(0.15, 0.6, known.steps))
    current = np.repeat(levels, STEP_SECOND) * 100.0
    rows, cells = current.shape[0], known.size.shape[0]
    temperature = np.linspace(*known.temperature_celsius, rows)
    inverse = 1.0 / (temperature + 273.15) - 1.0 / 298.15
    late = (np.arange(rows) >= rows // 2)[:, None]
    own = known.film_ohm * np.exp(3500.0 * inverse)[:, None] + known.joint_ohm
    volt = 3.30 + usual_drop_volt(current / 100.0, inverse)[:, None] * known.size + late * own * current[:, None]
    volt = np.round(volt + rng.normal(0.0, 0.001, (rows, cells)), 3)
    nan = np.full(rows, np.nan)
    return SampleBlock(
        unix_time_second=1.7e9 + np.arange(rows, dtype=float),
        current_ampere=current,
        pack_voltage_volt=nan,
        cell_voltage_volt=np.ascontiguousarray(volt),
        temperature_celsius=np.ascontiguousarray(temperature[:, None]),
        ambient_temperature_celsius=nan,
    )


def reduced(samples: SampleBlock, context: PackContext) -> tuple[MinuteBlock, EdgeBlock]:
    """Minutes and edges of all samples."""
    _, minutes, edges = reduce_to_minutes(initial_reduction(context), samples)
    return minutes, edges


def middle_soc(rows: int, cells: int) -> SocTrack:
    """Half charge throughout, on a flat curve."""
    half, zero = np.full((rows, cells), 0.5), np.zeros((rows, cells))
    return SocTrack(
        soc_fraction=half,
        soc_low_fraction=half,
        soc_high_fraction=half,
        ocv_volt=half + 2.8,
        ocv_slope_volt=zero,
        deficit_difference_ah=zero,
        deficit_difference_sigma_ah=zero,
        full_count=np.zeros(rows),
        rest_second=np.zeros(rows),
    )


def alike_resistances(rows: int, cells: int, relative: FloatArray | None = None) -> ResistanceTrack:
    """All cells' alike, or as told over the median's, (n_cells,), and known to 2 %; nothing else known."""
    wide = {field.name: np.zeros((rows, cells)) for field in dataclasses.fields(ResistanceTrack)}
    own, sigma = np.ones((rows, cells)), np.full((rows, cells), 0.02)
    if relative is not None:
        own *= relative
    return ResistanceTrack(**(wide | {"relative_fraction": own, "relative_sigma_fraction": sigma}))


def edges_between(edges: EdgeBlock, begin: int, end: int) -> EdgeBlock:
    """Edges of minute rows begin … end−1, counted from there."""
    inside = (edges.minute_row >= begin) & (edges.minute_row < end)
    return EdgeBlock(
        unix_time_second=edges.unix_time_second[inside],
        minute_row=edges.minute_row[inside] - begin,
        elapsed_second=edges.elapsed_second[inside],
        elapsed_tolerance_second=edges.elapsed_tolerance_second[inside],
        current_before_ampere=edges.current_before_ampere[inside],
        current_after_ampere=edges.current_after_ampere[inside],
        voltage_before_volt=edges.voltage_before_volt[inside],
        voltage_after_volt=edges.voltage_after_volt[inside],
        steady_second=edges.steady_second[inside],
    )


def run_rows(
    state: ResistanceState, minutes: MinuteBlock, edges: EdgeBlock, context: PackContext
) -> tuple[ResistanceState, ResistanceTrack]:
    """One call of the estimator."""
    board = Board()
    board.put(middle_soc(len(minutes), context.cell_count))
    new = ESTIMATOR.step(state, minutes, edges, board, context)
    return new, board.get(ResistanceTrack)


def track_of(known: KnownPack) -> tuple[MinuteBlock, ResistanceTrack, PackContext]:
    """The whole log in one block."""
    context = context_of(known.size.shape[0])
    minutes, edges = reduced(samples_of(known), context)
    _, track = run_rows(ESTIMATOR.initial(context), minutes, edges, context)
    return minutes, track, context
