"""Made-up logs of samples and the minutes made of them."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence

import numpy as np

from cellwarden.core.minute_block import EdgeBlock, MinuteBlock
from cellwarden.core.pack_spec import PackSpec
from cellwarden.core.sample_block import FloatArray, SampleBlock
from cellwarden.estimation.minute_reduction import finish_minutes, initial_reduction, reduce_to_minutes
from cellwarden.estimation.plugin import PackContext
from cellwarden.models.parameter_set import load_cell_model

START = 1_700_002_800.0  # a full hour


def samples(time: FloatArray, current: FloatArray, voltage: FloatArray, **other: FloatArray) -> SampleBlock:
    """A block of these; what is not given was not measured."""
    nothing = np.full(time.shape[0], np.nan)
    arrays: dict[str, FloatArray] = {
        "pack_voltage_volt": nothing,
        "temperature_celsius": np.empty((time.shape[0], 0)),
        "ambient_temperature_celsius": nothing,
    }
    arrays |= other
    arrays |= {"unix_time_second": time, "current_ampere": current, "cell_voltage_volt": voltage}
    # as logs come; a kernel is compiled anew for arrays with gaps
    return SampleBlock(**{name: np.ascontiguousarray(array) for name, array in arrays.items()})


def context_of(block: SampleBlock, **pack: object) -> PackContext:
    """The context of a block of a 100 Ah pack."""
    spec = PackSpec(id="made-up", cells_in_series=block.cell_count, nominal_capacity_ah=100.0)
    sensors = block.temperature_sensor_count
    return PackContext(
        pack=dataclasses.replace(spec, **pack),  # type: ignore[arg-type]
        model=load_cell_model("lfp"),
        sensors=tuple(f"t{number + 1}" for number in range(sensors)),
        sensor_cells=((),) * sensors,
        has_current=bool(np.isfinite(block.current_ampere).any()),
        has_ambient=False,
        has_balancing=block.balancing_fraction is not None,
    )


def minutes_of(
    block: SampleBlock, context: PackContext | None = None, cuts: Sequence[int] = ()
) -> tuple[MinuteBlock, EdgeBlock]:
    """All minutes and edges of a log that comes cut into blocks; `minute_row` counts within each block's rows."""
    state = initial_reduction(context or context_of(block))
    minutes: list[MinuteBlock] = []
    edges: list[EdgeBlock] = []
    bounds = sorted({0, *cuts, len(block)})
    for begin, end in itertools.pairwise(bounds):
        state, some, found = reduce_to_minutes(state, block.rows(begin, end))
        minutes.append(some)
        edges.append(found)
    some, found = finish_minutes(state)
    return joined_minutes([*minutes, some]), joined_edges([*edges, found])


def joined_minutes(parts: Sequence[MinuteBlock]) -> MinuteBlock:
    """One block of many."""
    names = [field.name for field in dataclasses.fields(MinuteBlock)]
    return MinuteBlock(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


def joined_edges(parts: Sequence[EdgeBlock]) -> EdgeBlock:
    """One block of many."""
    names = [field.name for field in dataclasses.fields(EdgeBlock)]
    return EdgeBlock(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


def noisy_pack(
    hours: float, interval: float = 1.0, cells: int = 8, noise_volt: float = 0.001, seed: int = 0
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Time, current of a load in steps of some minutes, voltages with 1 mV resolution."""
    random = np.random.default_rng(seed)
    count = int(hours * 3600.0 / interval)
    time: FloatArray = START + interval * np.arange(count, dtype=np.float64)
    steps = np.cumsum(random.random(count) < interval / 300.0)
    current = random.choice([0.0, -5.0, -20.0, 15.0, 30.0], size=int(steps[-1]) + 1)[steps]
    resistance = 1.2e-3 * np.exp(0.05 * random.standard_normal(cells))
    voltage = 3.3 + 0.002 * random.standard_normal(cells) + current[:, None] * resistance
    voltage = np.round(voltage + noise_volt * random.standard_normal(voltage.shape), 3)
    return time, np.round(current + 0.02 * random.standard_normal(count), 2), voltage
