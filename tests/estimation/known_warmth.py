"""A pack of known heat paths as minute rows: one node a group, day swing, a discharge and a charge every other day."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from cellwarden.core.board import Board
from cellwarden.core.minute_block import EdgeBlock, MinuteBlock
from cellwarden.core.pack_spec import PackSpec, SensorSpec
from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation import temperature_forecast, temperature_offset, thermal_path
from cellwarden.estimation.charge_tracks import (
    CurrentOffsetTrack,
    SelfDischargeTrack,
    SocTrack,
    VoltageOffsetTrack,
)
from cellwarden.estimation.plugin import PackContext
from cellwarden.estimation.polarisation_track import PolarisationTrack
from cellwarden.models.parameter_set import load_cell_model

CAPACITY_JOULE_PER_KELVIN = 2000.0
RESISTANCE_OHM = 1.3e-3
HYSTERESIS_VOLT = 0.008  # half-width: readings stand above the branch by the resistance alone
LOAD_AMPERE = 40.0
OPEN_VOLT = 3.3
START = 1_700_000_040.0
ESTIMATORS = (thermal_path.ESTIMATOR, temperature_offset.ESTIMATOR, temperature_forecast.ESTIMATOR)
PER_CELL = {
    "voltage_volt", "voltage_minimum_volt", "voltage_maximum_volt", "voltage_last_volt", "cell_energy_wh", "bleed_ah",
    "bleed_fraction", "impedance_ohm", "dip_count", "voltage_unchanged_second", "voltage_missing_second",
}  # fmt: skip
PER_SENSOR = {"temperature_celsius", "temperature_unchanged_second", "temperature_missing_second"}
WIDTH = {"thinned_charge_square_a2s2": 2, "thinned_peak_ampere": 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPack:
    """Truth of each sensor: path [K/W], offset [K]; what changes on `change_day` in the last sensor."""

    days: float = 6.0
    path: tuple[float, ...] = (3.0, 3.2, 3.4, 3.1)
    offset: tuple[float, ...] = (0.2, -0.3, 0.1, 0.0)
    change_day: float = 99.0
    path_factor: float = 1.0
    offset_jump: float = 0.0
    ambient_celsius: float = 22.0
    ambient: bool = True
    current: bool = True
    named: bool = True
    seed: int = 1


def context_of(pack: KnownPack) -> PackContext:
    """Four cells a sensor."""
    groups = len(pack.path)
    cells = {f"t{g + 1}": tuple(range(4 * g + 1, 4 * g + 5)) for g in range(groups)} if pack.named else {}
    spec = PackSpec(
        id="known",
        cells_in_series=4 * groups,
        nominal_capacity_ah=100.0,
        sensors=SensorSpec(temperature_cells=cells),
    )
    return PackContext(
        pack=spec,
        model=load_cell_model("lfp"),
        sensors=tuple(f"t{g + 1}" for g in range(groups)),
        sensor_cells=tuple(tuple(4 * g + k for k in range(4)) if pack.named else () for g in range(groups)),
        has_current=pack.current,
        has_ambient=pack.ambient,
        has_balancing=False,
    )


def load_of(rows: int) -> FloatArray:
    """(M,) current: two hours of discharge, an hour's rest, two hours of charge, every day [A]."""
    minute = np.arange(rows) % 1440
    return np.where((minute >= 600) & (minute < 720), -LOAD_AMPERE, 0.0) + np.where(
        (minute >= 780) & (minute < 900), LOAD_AMPERE, 0.0
    )


def truth_of(pack: KnownPack, current: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(M, S) temperature of the cells, (M,) of the ambient [°C]; Euler steps of a second and a row of nodes."""
    rows, rng = current.shape[0], np.random.default_rng(pack.seed)
    hour = np.arange(rows) / 60.0
    weather = np.cumsum(rng.normal(0.0, 0.03, rows)) * 0.3
    ambient = pack.ambient_celsius + 4.0 * np.sin(2.0 * np.pi * hour / 24.0) + weather
    watt = current**2 * RESISTANCE_OHM + np.abs(current) * HYSTERESIS_VOLT
    groups = len(pack.path)
    warmth = np.empty((rows, groups))
    here = np.full(groups, ambient[0])
    for k in range(rows):
        path = np.array(pack.path)
        if k >= pack.change_day * 1440:
            path[-1] *= pack.path_factor
        flow = np.zeros(groups)
        flow[:-1] += np.diff(here) * 0.04
        flow[1:] -= np.diff(here) * 0.04
        for _ in range(6):
            here = here + 10.0 * (watt[k] - (here - ambient[k]) / path + flow) / CAPACITY_JOULE_PER_KELVIN
        warmth[k] = here
    return warmth, ambient


def rows_of(pack: KnownPack) -> tuple[MinuteBlock, Board, FloatArray]:
    """Minute rows, a board with the charge cascade's tracks, and the true temperatures."""
    rows = int(pack.days * 1440)
    current = load_of(rows)
    warmth, ambient = truth_of(pack, current)
    rng = np.random.default_rng(pack.seed + 100)
    reading = warmth + np.array(pack.offset) + rng.normal(0.0, 0.03, warmth.shape)
    reading[int(min(pack.change_day * 1440, rows)) :, -1] += pack.offset_jump
    cells = 4 * len(pack.path)
    volt = np.repeat((OPEN_VOLT + current * RESISTANCE_OHM)[:, None], cells, axis=1)
    seen = current if pack.current else np.full(rows, np.nan)
    charge = np.nan_to_num(seen) / 60.0
    values = {
        "unix_time_second": START + 60.0 * np.arange(rows),
        "elapsed_second": np.full(rows, 60.0),
        "sample_count": np.full(rows, 60.0),
        "current_ampere": seen,
        "current_last_ampere": seen,
        "charge_ah": charge,
        "voltage_volt": volt,
        "voltage_last_volt": volt,
        "cell_energy_wh": charge[:, None] * volt,
        "temperature_celsius": reading,
        "ambient_temperature_celsius": ambient + rng.normal(0.0, 0.03, rows) if pack.ambient else np.full(rows, np.nan),
    }
    minutes = block_of(values, rows, cells, len(pack.path))
    return minutes, board_of(rows, cells), warmth


def block_of(values: dict[str, FloatArray], rows: int, cells: int, sensors: int) -> MinuteBlock:
    """A minute block with those values and zeros for the rest."""

    def blank(name: str) -> FloatArray:
        if name in PER_CELL:
            return np.zeros((rows, cells))
        if name in PER_SENSOR:
            return np.zeros((rows, sensors))
        return np.zeros((rows, WIDTH[name])) if name in WIDTH else np.zeros(rows)

    return MinuteBlock(**{f.name: values.get(f.name, blank(f.name)) for f in fields(MinuteBlock)})


def board_of(rows: int, cells: int) -> Board:
    """What the charge cascade would say: half full, no leak, no offsets, the true resistance."""
    many, one = np.zeros((rows, cells)), np.zeros(rows)
    board = Board()
    board.put(
        SocTrack(
            soc_fraction=many + 0.5, soc_low_fraction=many + 0.48, soc_high_fraction=many + 0.52,
            ocv_volt=many + OPEN_VOLT, ocv_slope_volt=many + 0.1, deficit_difference_ah=many,
            deficit_difference_sigma_ah=many, full_count=one, rest_second=one,
        )
    )  # fmt: skip
    nothing = {"informed_unix_time_second": many}
    board.put(
        SelfDischargeTrack(
            self_discharge_ampere=many,
            self_discharge_low_ampere=many - 0.01,
            self_discharge_high_ampere=many + 0.01,
            down_sigma_ampere=many + 0.005,
            **nothing,
        )
    )
    board.put(
        VoltageOffsetTrack(
            voltage_offset_volt=many,
            voltage_offset_low_volt=many,
            voltage_offset_high_volt=many,
            told_sigma_volt=many,
            jumped_volt=many,
            spread_volt=one,
            **nothing,
        )
    )
    board.put(
        CurrentOffsetTrack(
            current_offset_ampere=one,
            current_offset_low_ampere=one - 0.05,
            current_offset_high_ampere=one + 0.05,
            informed_unix_time_second=one,
            unseen_ampere=one,
        )
    )
    board.put(
        PolarisationTrack(
            prompt_ohm=one + RESISTANCE_OHM, first_ohm=one, second_ohm=one, log_sigma=one + 0.1,
            activation_kelvin=one, cell_factor=many + 1.0, curve=one, curve_state=np.zeros((len(one), 1)),
        )
    )  # fmt: skip
    return board


def run(minutes: MinuteBlock, board: Board, context: PackContext) -> Board:
    """All temperature estimators over the rows in one go."""
    edges = no_edges(context.cell_count)
    for plugin in ESTIMATORS:
        plugin.step(plugin.initial(context), minutes, edges, board, context)
    return board


def no_edges(cells: int) -> EdgeBlock:
    """An edge block without edges."""
    return EdgeBlock(
        minute_row=np.zeros(0, dtype=np.int64),
        voltage_before_volt=np.zeros((0, cells)),
        voltage_after_volt=np.zeros((0, cells)),
        **{
            name: np.zeros(0)
            for name in (
                "unix_time_second",
                "elapsed_second",
                "elapsed_tolerance_second",
                "current_before_ampere",
                "current_after_ampere",
                "steady_second",
            )
        },
    )


def cut_track(track: object, begin: int, end: int) -> object:
    """Rows begin … end−1 of a track."""
    return type(track)(**{f.name: getattr(track, f.name)[begin:end] for f in fields(track)})  # type: ignore[arg-type]
