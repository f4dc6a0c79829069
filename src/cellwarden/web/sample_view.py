"""The newest sample as the page shows it: what is not measured is null, never the last value."""

from __future__ import annotations

import math

import numpy as np
from pydantic import BaseModel

from cellwarden.core.sample_block import FloatArray, SampleBlock

__all__ = ["SampleView", "number_or_none", "numbers_or_none", "sample_view"]


class SampleView(BaseModel):
    """One sample: positive current charges; cells in string order from the negative end."""

    unix_time_second: float
    current_ampere: float | None
    voltage_volt: float | None
    cell_voltage_volt: list[float | None]
    temperature_celsius: list[float | None]
    ambient_temperature_celsius: float | None
    balancing_fraction: list[float | None] | None


def number_or_none(value: float) -> float | None:
    """The number, None where it is none."""
    return float(value) if math.isfinite(value) else None


def numbers_or_none(values: FloatArray) -> list[float | None]:
    """Numbers with None in the place of each that is none."""
    return [number_or_none(value) for value in values.tolist()]


def sample_view(block: SampleBlock) -> SampleView:
    """The last row of a block; without a measured pack voltage it is the sum of the cells."""
    cells = block.cell_voltage_volt[-1]
    pack = float(block.pack_voltage_volt[-1])
    balancing = block.balancing_fraction
    return SampleView(
        unix_time_second=float(block.unix_time_second[-1]),
        current_ampere=number_or_none(float(block.current_ampere[-1])),
        voltage_volt=number_or_none(pack if math.isfinite(pack) else float(np.sum(cells))),
        cell_voltage_volt=numbers_or_none(cells),
        temperature_celsius=numbers_or_none(block.temperature_celsius[-1]),
        ambient_temperature_celsius=number_or_none(float(block.ambient_temperature_celsius[-1])),
        balancing_fraction=None if balancing is None else numbers_or_none(balancing[-1]),
    )
